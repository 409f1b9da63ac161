"""Scrape: the exposition of some samples, beside prometheus_client's own exposition of the very same ones.

prometheus_client gets the samples as it parses them from ours, ready in its own objects: what it takes to collect them is not counted
against it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from llm_cost_exporter.metrics import Exposition
from measure import Row, Size, Spread, interleaved
from state import State

__all__ = ["SAMPLES_PER_SET", "rows"]

SAMPLES_PER_SET = 57  # of a label set: dollars and tokens of four kinds, calls, three histograms, day and month
MUST_MS = 100.0
MUST_AT = 10_000
LINEAR = 1.25
_FORMATS = (
    ("text format", "text/plain; version=0.0.4", parse_text, generate_latest),
    ("OpenMetrics", "application/openmetrics-text; version=1.0.0", parse_openmetrics, generate_openmetrics),
)


class _Given(Collector):
    """Families that are there already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def rows(size: Size, folder: Path) -> list[Row]:
    """A row for each size and format, and whether it is linear."""
    found, times = [], []
    for samples in size.samples:
        state = State(folder / f"scrape-{samples}", max(1, round(samples / SAMPLES_PER_SET)))
        exposition = state.exposition()
        for name, accept, parse, generate in _FORMATS:
            body = _whole(exposition, accept)
            count = sum(1 for line in body.splitlines() if not line.startswith(b"#"))
            registry = CollectorRegistry()
            registry.register(_Given(list(parse(body.decode()))))
            mine, theirs = interleaved(
                2 * size.rounds,
                _timed(partial(_whole, exposition, accept)),
                _timed(partial(generate, registry)),
            )
            if name == "text format":
                times.append((count, mine.median))
            found.append(_row(samples, count, name, mine, theirs))
        state.close()
    return [*found, _linear(times)]


def _whole(exposition: Exposition, accept: str) -> bytes:
    parts: list[bytes] = []
    exposition.render(accept, parts.append)
    return b"".join(parts)


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        work()
        return 1000 * (time.process_time() - started)

    return measure


def _row(samples: int, count: int, name: str, mine: Spread, theirs: Spread) -> Row:
    ratio = theirs.median / mine.median
    limit = samples == MUST_AT
    ok = ratio >= 1 and (mine.median <= MUST_MS or not limit)
    return Row(
        f"scrape: {count:,} samples, {name}, ms of CPU",
        mine.show(digits=1),
        f"prometheus_client {theirs.show(digits=1)}",
        f"{ratio:.1f} x as fast",
        "no slower than prometheus_client" + (f", at most {MUST_MS:g} ms" if limit else ""),
        ok,
    )


def _linear(times: list[tuple[int, float]]) -> Row:
    each = [1e3 * ms / count for count, ms in times]
    ratio = each[-1] / each[-2]
    return Row(
        "scrape: µs a sample at " + ", ".join(f"{count:,}" for count, _ in times),
        ", ".join(f"{one:.2f}" for one in each),
        ratio=f"{ratio:.2f}",
        must=f"linear: the last at most {LINEAR:g} x the one before",
        ok=ratio <= LINEAR,
    )
