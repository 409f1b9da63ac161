"""The exporter in this process, on a clock that is set: what Prometheus would have scraped through the days of the scene."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path

from llm_cost_exporter.commands.files import for_files
from llm_cost_exporter.exporter import Exporter
from tests.grafana import scene
from tests.kit import FakeClock, scrape

__all__ = ["INSTANCE", "JOB", "Sidecar"]

JOB, INSTANCE = "llm-cost-exporter", "10.1.0.7:9478"


class Sidecar:
    """An exporter that follows the scene's log. The log and the state are kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "usage.log"
        self._log.touch()
        self._clock = FakeClock(now=scene.BEGINS)
        self._lines = scene.lines()
        self._next = next(self._lines, None)
        config = for_files((str(self._log),), listen=None, state_dir=str(folder / "state"))
        quiet = logging.getLogger("tests.grafana.scene")
        quiet.setLevel(logging.CRITICAL)  # the scene's torn lines are no news
        self._exporter = Exporter(config, self._clock, quiet)
        self._exporter.prepare()

    def scrape(self, when: float) -> Iterator[tuple[str, float]]:
        """What it shows at `when` (epoch seconds; later than the time before): each sample's name with labels, and value."""
        self._clock.pass_(when - self._clock.now)
        with self._log.open("a") as out:
            while self._next is not None and self._next[0] <= when - 2:
                out.write(f"{self._next[1]}\n")
                self._next = next(self._lines, None)
        while self._exporter.tick():  # reads all, saves it, and shows what was saved
            pass
        buckets = when >= scene.BUCKETS_FROM
        for line in scrape(self._exporter.metrics, "text/plain").splitlines():
            if line[0] != "#" and not line.startswith(_OF_THE_MACHINE) and (buckets or "_bucket{" not in line):
                name, _, value = line.rpartition(" ")
                yield name, float(value)
        yield from _steady(when)

    def stop(self) -> None:
        """End it; it may not be asked again."""
        self._exporter.stop()
        self._exporter.run()


_OF_THE_MACHINE = ("process_", "llm_cost_exporter_save_duration", "llm_cost_exporter_price_catalogue")


def _steady(now: float) -> Iterator[tuple[str, float]]:
    """In place of what differs from machine to machine: so that pictures don't."""
    wave = math.sin((now - scene.BEGINS) / 5000)
    yield "process_resident_memory_bytes", 62e6 + 2e6 * wave
    yield "process_virtual_memory_bytes", 310e6
    yield "process_cpu_seconds_total", (now - scene.BEGINS) * 0.004
    yield "process_open_fds", 14.0
    yield "process_max_fds", 1_048_576.0
    yield "process_start_time_seconds", scene.BEGINS
    yield "llm_cost_exporter_save_duration_seconds", 0.004 + 0.001 * wave
    yield "llm_cost_exporter_price_catalogue_timestamp_seconds", scene.BEGINS - 9 * 86_400
