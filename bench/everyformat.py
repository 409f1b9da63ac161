"""Every built-in format by itself: lines a second of `report`, start taken off."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import logs
from measure import Row, Size, Spread, interleaved
from ours import report_cpu

__all__ = ["MUST", "rows"]

MUST = 100_000

REASONS = {
    "litellm_payload": "5 KB a line",
    "litellm_spendlogs": "4 KB a line, with JSON as text in it that is decoded too",
}


def rows(size: Size, folder: Path) -> list[Row]:
    """One row a format, in the table's order."""
    lines = size.format_lines
    single = logs.write(folder / "single", logs.tutorial, 1)
    (start,) = interleaved(size.rounds, partial(report_cpu, single, 1, 1))
    return [_row(name, lines, size.rounds, start.median, folder) for name in list(logs.formats())[: size.formats]]


def _row(name: str, lines: int, rounds: int, start: float, folder: Path) -> Row:
    log = logs.write(folder / name, logs.format_lines(name), lines)
    bytes_a_line = log.stat().st_size / lines
    (taken,) = interleaved(rounds, partial(report_cpu, log, lines, None))
    log.unlink()
    # Never below a tick of what was measured: a quick run is all start.
    rates = Spread(tuple(max(seconds - start, 0.001) for seconds in taken.values)).over(lines)
    ok = rates.median >= MUST
    return Row(name, rates.show(), f"{bytes_a_line:,.0f} bytes a line", "", "" if ok else REASONS.get(name, ""), ok)
