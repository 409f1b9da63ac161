"""What cells that stay bound from batch to batch must not do: each way is the slow path's, to the last row."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.exporter import Exporter
from tests.kit import LOG, NOON, FakeClock, scrape


class Life:
    """An exporter with two logs; the second one's source says what app it is."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.number = FakeClock(), 0
        self.logs = [folder / "app.jsonl", folder / "gateway.jsonl"]
        sources = [{"paths": [str(self.logs[0])]}, {"paths": [str(self.logs[1])], "labels": {"app": "gateway"}}]
        config = {
            "state_dir": folder / "state",
            "sources": sources,
            "limits": {"series": 3},
            "new_series_hold": "0s",
        }
        self.exporter = Exporter(Config.model_validate(config), self.clock, LOG)
        self.exporter.prepare()
        self.pass_(4)

    def pass_(self, seconds: float, step: float = 1.0) -> None:
        for _ in range(round(seconds / step)):
            self.clock.pass_(step)
            while self.exporter.tick():
                pass

    def write(self, log: int, calls: list[tuple[int, str]], when: float | None = None) -> None:
        with self.logs[log].open("a") as file:
            for number, model in calls:
                body = {
                    "id": f"chatcmpl-{number:030x}",
                    "object": "chat.completion",
                    "created": int(self.clock.now if when is None else when),
                    "model": model,
                    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                }
                file.write(json.dumps(body) + "\n")

    def end(self) -> list[str]:
        rows = sorted(row for row in scrape(self.exporter.metrics, "").splitlines() if row.startswith("llm_cost"))
        self.exporter.stop()
        self.exporter.run()
        return [row for row in rows if "save_duration" not in row and "ledger" not in row]


def both_ways(switch, live):
    """What is exposed in the end, the quick way, which is the slow one's; and how many lines went the quick way."""
    ends = []
    for on in (False, True):
        posted = switch(on=on)
        with TemporaryDirectory() as folder:
            life = Life(Path(folder))
            live(life)
            ends.append(life.end())
    assert ends[1] == ends[0]
    return ends[1], posted[0]


def test_repeats_open_no_label_set(switch):
    """Calls that another log told already would be of another app: no label set is opened for them, which others need."""

    def live(life):
        calls = [(number, "gpt-4o") for number in range(8)]
        for log in (0, 1):
            life.write(log, calls)
            life.pass_(3)
        life.write(0, [(100, "gpt-4o-mini"), (101, "gpt-5-mini")])
        life.pass_(3)

    rows, posted = both_ways(switch, live)
    assert posted > 4
    assert "llm_cost_exporter_label_sets 3.0" in rows


@pytest.mark.parametrize("days", [0.5, 1.5, 3])
def test_the_clock_steps_back(switch, days):
    """The lines keep their times, which are too far ahead from now on: the file's time is taken, as for any such line."""

    def live(life):
        for second in range(60):
            if second == 20:
                life.clock.now -= days * 86_400
            life.write(0, [(100 * second + number, "gpt-4o") for number in range(5)], NOON + second)
            life.pass_(1)

    rows, posted = both_ways(switch, live)
    assert posted > 50
    assert f"llm_cost_exporter_time_fallbacks_total {200.0 if days > 1 else 0.0}" in rows
