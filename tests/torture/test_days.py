"""Days and months are the log's own, in three time zones: over clock steps, midnights, month ends, days of 23 and 25 hours, losses."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.kit import FakeClock
from tests.scale import scaled
from tests.torture.inside import Inside, call_line

pytestmark = pytest.mark.torture

# A zone, and noon before a night in which something happens there.
NIGHTS = [
    ("Europe/Berlin", "2026-03-28T12:00"),  # the day of 23 hours
    ("Europe/Berlin", "2026-10-24T12:00"),  # of 25
    ("America/New_York", "2026-03-07T12:00"),
    ("America/New_York", "2026-10-31T12:00"),  # 25 hours, and a month's end
    ("Asia/Bangkok", "2026-02-28T12:00"),  # a month's end
    ("Asia/Bangkok", "2026-12-31T12:00"),  # a year's
]
MICRO_USD = 0.15  # a token of gpt-4o-mini's input


class Nights:
    """A log that is written and read over two nights, with what was spent on each day by Python's own calendar."""

    def __init__(self, folder: Path, zone: str, noon: str, seed: int) -> None:
        self.folder, self.zone, self.choose = folder, ZoneInfo(zone), random.Random(seed)
        self.clock = FakeClock(datetime.fromisoformat(noon).replace(tzinfo=self.zone).timestamp())
        self.true = self.clock.now  # the time that the writer lives in
        self.log = folder / "usage.log"
        self.log.touch()
        self.config = {"timezone": zone}
        self.tokens: Counter[str] = Counter()
        self.exporter = self.new("state")

    def new(self, state: str) -> Inside:
        clock = FakeClock(self.true, 0.0) if state != "state" else self.clock
        return Inside(self.log, self.folder / state, clock, **self.config).until_ready()

    def write(self) -> None:
        when = self.true - self.choose.choice([0, 0, 1, 600, 5 * 3600, 20 * 3600])  # some lines are hours late
        tokens = self.choose.randrange(1, 10_000)
        self.tokens[datetime.fromtimestamp(when, self.zone).date().isoformat()] += tokens
        with self.log.open("a") as file:
            file.write(call_line(round(when, 3), tokens))

    def pass_(self, seconds: float) -> None:
        self.true += seconds
        self.clock.now += seconds
        self.clock.mono += seconds

    def shown(self, exporter: Inside) -> dict[str, float]:
        """Dollars by day, as the gauges show them, in tokens."""
        return {
            dict(labels)["date"]: round(value * 1e6 / MICRO_USD)
            for (name, labels), value in exporter.series().items()
            if name == "llm_cost_day_usd"
        }

    def days(self) -> dict[str, int]:
        """Today and yesterday, as they are."""
        today = datetime.fromtimestamp(self.true, self.zone).date()
        wanted = [(today - timedelta(days=back)).isoformat() for back in (1, 0)]
        return {date: self.tokens[date] for date in wanted if self.tokens[date]}

    def month(self, exporter: Inside) -> int:
        name = datetime.fromtimestamp(self.true, self.zone).strftime("%Y-%m")
        return round(exporter.value("llm_cost_month_usd", month=name) * 1e6 / MICRO_USD)

    def agree(self, exporter: Inside) -> None:
        shown = self.shown(exporter)
        assert {date: tokens for date, tokens in shown.items() if tokens} == self.days()
        name = datetime.fromtimestamp(self.true, self.zone).strftime("%Y-%m")
        assert self.month(exporter) == sum(tokens for date, tokens in self.tokens.items() if date.startswith(name))


@pytest.mark.parametrize("seed", range(scaled(1, 40)))
@pytest.mark.parametrize(("zone", "noon"), NIGHTS)
def test_two_nights(tmp_path, zone, noon, seed):
    """Lines hours late, kills, a clock that steps and is set right again, a backlog over midnight: each day is what the log says."""
    nights = Nights(tmp_path, zone, noon, seed)
    for _ in range(90):
        for _ in range(nights.choose.randrange(4)):
            nights.write()
        what = nights.choose.random()
        if what < 0.15:
            nights.exporter.kill()
            nights.pass_(nights.choose.choice([60, 3 * 3600]))  # a backlog, perhaps over midnight
            nights.write()
            nights.exporter.start()
            nights.exporter.until_ready()
        elif what < 0.25:
            step = nights.choose.choice([-5, -2, -1, 1, 2, 5]) * 3600
            nights.clock.now += step
            nights.exporter.go_on(3)
            nights.clock.now -= step
            nights.true += 3
        else:
            nights.pass_(1800)
        nights.clock.now = nights.true
        before = nights.clock.mono
        nights.exporter.go_on(3)
        nights.true += nights.clock.mono - before
        nights.clock.now = nights.true
        nights.agree(nights.exporter)
    nights.exporter.kill()
    anew = nights.new("lost")  # as after a lost state: the log read again, all of it late
    nights.agree(anew)
    anew.kill()
