"""A whole exporter inside the test: real logs and a real state, time that is turned by hand, a kill that saves nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from llm_cost_exporter.config import Config
from llm_cost_exporter.exporter import Exporter
from tests.kit import FakeClock, scrape

__all__ = ["USD_A_TOKEN", "Inside", "Series", "call_line", "clean_read"]

LOG = logging.getLogger("llm_cost_exporter.torture")
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]
USD_A_TOKEN = 0.15e-6  # gpt-4o-mini's input


def call_line(when: float, tokens: int, model: str = "gpt-4o-mini", **more: Any) -> str:
    """A call of so many input tokens, with its newline."""
    record = {
        "timestamp": when,
        "model": model,
        "prompt_tokens": tokens,
        "completion_tokens": 0,
        "total_tokens": tokens,
    }
    return json.dumps(record | more) + "\n"


class Inside:
    """An exporter of one log (or glob). `start` may raise what `run` would say."""

    def __init__(self, log: Path | str, state: Path, clock: FakeClock | None = None, **config: Any) -> None:
        self.config = Config.model_validate(
            {"sources": [{"paths": [str(log)]}], "state_dir": str(state), "new_series_hold": "0s", **config}
        )
        self.clock = clock or FakeClock()
        self.start()

    def start(self) -> None:
        self.exporter = Exporter(self.config, self.clock, LOG)
        self.exporter.prepare()

    def go_on(self, seconds: float = 3.0) -> None:
        """Let so much time pass, in steps of a look."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            while self.exporter.tick():
                pass
            self.clock.pass_(0.5)

    def until_ready(self) -> Inside:
        for _ in range(1000):
            if self.exporter.ready():
                self.go_on()
                return self
            self.go_on(0.5)
        raise AssertionError("the exporter did not become ready")

    def kill(self) -> None:
        """Nothing but the last save is left."""
        self.exporter._source.close()
        self.exporter._saver.store.close()
        self.exporter._state.release()

    def series(self, prefix: str = "llm_") -> Series:
        """Every sample of /metrics whose name begins so."""
        text = scrape(self.exporter.metrics, "")
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith(prefix)
        }

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that carry `labels`."""
        wanted = labels.items()
        return sum(value for (one, has), value in self.series().items() if one == name and wanted <= dict(has).items())

    def counted(self) -> Series:
        """What the log has: all that is not about the exporter itself, without whose ledger it is."""
        return without_ledger(self.series())


def without_ledger(series: Series) -> Series:
    return {
        (name, tuple(pair for pair in labels if pair[0] != "ledger")): value
        for (name, labels), value in series.items()
        if not name.startswith("llm_cost_exporter_")
    }


def clean_read(log: Path | str, state: Path, clock: FakeClock, **config: Any) -> Series:
    """What one clean read of the log gives, by a new exporter at the same time of the clock."""
    other = Inside(log, state, FakeClock(clock.now, clock.mono), **config).until_ready()
    counted = other.counted()
    other.kill()
    return counted
