"""Real Prometheus servers: what was spent long ago is never a rate of now, after a first start, a long pause, or a lost state."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.processes import wait_for
from tests.scale import scaled
from tests.servers import scrape
from tests.torture.inside import call_line

pytestmark = [pytest.mark.torture, pytest.mark.waits]

DAY = 86_400
HOLD = scaled(6, 75)  # seconds; the rate's window is the same
INTERVAL = scaled("1s", "15s")
BILLION = 10**9  # tokens: $2,500 of gpt-4o's input


def spent(age: float, billions: int, model: str = "gpt-4o") -> str:
    return call_line(time.time() - age, billions * BILLION, model)


class Watched:
    """A log, its exporter's state, and a Prometheus that keeps scraping whatever listens at one address."""

    def __init__(self, servers, generation: str, folder: Path) -> None:
        self.servers, self.folder = servers, folder
        self.log, self.state = folder / "usage.log", folder / "state"
        self.config = {"sources": [{"paths": [str(folder / "usage.log*")]}], "new_series_hold": f"{HOLD}s"}
        self.log.touch()
        self.began = time.time()
        self.exporter = servers.exporter(config=self.config, state=self.state, wait=False)
        self.address = self.exporter.address
        self.prometheus = servers.prometheus(generation, [scrape(self.address, interval=INTERVAL)])

    def start(self) -> None:
        self.exporter = self.servers.exporter(config=self.config, state=self.state, address=self.address, wait=False)
        self.exporter.wait_ready(60 + HOLD)

    def shows(self, usd: float) -> None:
        """Prometheus has that many dollars in all."""
        self.is_seen(lambda value: value == pytest.approx(usd), f"${usd:,}")

    def is_seen(self, right, what: str) -> None:
        def there() -> bool:
            value = self.prometheus.value("sum(llm_cost_usd_total)")
            return value is not None and right(value)

        wait_for(there, 60 + 4 * HOLD, what)

    def worst_minute(self) -> float:
        """The highest dollars a minute that a rate over the hold's window showed, at any moment so far."""
        wait_for(lambda: self.prometheus.value("sum(llm_cost_usd_total)") is not None, 60)
        # The exposition goes on for a whole window: what a burst would be, is in it by then.
        end = time.time() + HOLD + 2
        wait_for(lambda: time.time() > end, HOLD + 10)
        rates = self.prometheus.query_range(
            f"60 * sum(rate(llm_cost_usd_total[{HOLD}s]))", self.began, time.time(), "1s"
        )  # fmt: skip
        return max((value for series in rates for _, value in series.values), default=0.0)


@pytest.fixture(params=scaled(["new"], ["old", "new"]))
def generation(request) -> str:
    return str(request.param)


@pytest.fixture
def watched(servers, generation, tmp_path) -> Watched:
    return Watched(servers, generation, tmp_path)


def test_a_fresh_exporter_on_a_log_of_last_week(watched):
    """$50,000 of last week are in the total at once, and in no rate."""
    watched.exporter.kill()
    watched.log.write_text("".join(spent(7 * DAY - n, 1) for n in range(20)))
    watched.start()
    watched.shows(50_000)
    assert watched.worst_minute() == 0


def test_a_restart_after_an_hour_down(watched):
    """What was spent meanwhile is a base: in the total at once, in no rate."""
    watched.exporter.wait_ready()
    with watched.log.open("a") as log:
        log.write(spent(7 * DAY, 4))
    watched.is_seen(lambda value: value == 10_000, "what was there before")
    watched.exporter.kill()
    # Not a single sample is left in a rate's window: a rate would end with the last but one.
    gone = f"sum(count_over_time(llm_cost_usd_total[{HOLD}s]))"
    wait_for(lambda: watched.prometheus.value(gone) is None, 60 + 2 * HOLD)
    with watched.log.open("a") as log:
        log.write("".join(spent(3600 - n, 1) for n in range(20)))
    watched.began = time.time()
    watched.start()
    watched.shows(60_000)
    assert watched.worst_minute() == 0


@pytest.mark.parametrize("left", scaled(["a part of the log"], ["all of the log", "a part of the log"]))
def test_a_lost_state(watched, left):
    """Read anew at once after the kill: the same total, or a smaller one that looks like a reset, and no rate of it."""
    watched.exporter.kill()
    (watched.folder / "usage.log.1").write_text("".join(spent(8 * DAY - n, 1) for n in range(8)))
    watched.log.write_text("".join(spent(7 * DAY - n, 1) for n in range(12)))
    watched.start()
    watched.shows(50_000)
    watched.exporter.kill()
    for file in watched.state.glob("state.db*"):
        file.unlink()
    if left == "a part of the log":
        (watched.folder / "usage.log.1").unlink()
    watched.start()
    watched.shows(50_000 if left == "all of the log" else 30_000)
    assert watched.worst_minute() == 0
