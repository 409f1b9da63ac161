"""Memory: resident after a backlog with 1,000 label sets and the window of ids full, and how it grows over ten times as many lines."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import logs
from measure import Row, Size, Spread
from ours import Running
from start import modules_of_run, rss_of_imports

__all__ = ["rows"]

MUST_MIB = 85
AIM_MIB = 70
FLAT = 0.02


def rows(size: Size, folder: Path) -> list[Row]:
    """RSS after the backlog, and the most of what came after it; each of several processes."""
    grown = [_round(size, folder / f"round-{number}") for number in range(size.rounds)]
    after, most, growth = (
        Spread(values)
        for values in zip(*((one.after, one.most, one.most / one.after - 1) for one in grown), strict=True)
    )
    settled = Spread(tuple(one.settled for one in grown)).times(100)
    imports = rss_of_imports(modules_of_run(folder))
    return [
        Row("memory: resident after its imports alone, MiB", f"{imports:.1f}"),
        Row(
            f"memory: resident after {size.lines:,} lines, {grown[0].sets:,.0f} label sets, ids' window full, MiB", after.show(digits=1),
            f"imports {imports:.1f}", must=f"at most {MUST_MIB} (aim {AIM_MIB})", ok=after.median <= MUST_MIB,
        ),
        Row(
            f"memory: most over {size.flat_lines:,} lines more, MiB", most.show(digits=1), f"first to last piece {settled.show('%', 1)}",
            f"+{growth.times(100).show('%', 1)}", f"within {FLAT:.0%}", growth.median <= FLAT,
        ),
    ]  # fmt: skip


class _Grown(NamedTuple):
    """MiB of one process, and how many label sets it had. `settled`: the share by which the last piece is above the first."""

    after: float
    most: float
    settled: float
    sets: float


def _round(size: Size, folder: Path) -> _Grown:
    folder.mkdir()
    piece = max(500, size.flat_lines // 10)
    log = logs.write(folder / "usage.jsonl", logs.labelled, size.lines)
    with Running(folder, log) as exporter:
        exporter.until_ready()
        exporter.value("llm_requests_total")  # in service: scraped once
        after = exporter.rss()
        later = []
        for done in range(size.lines, size.lines + size.flat_lines, piece):
            logs.write(log, logs.labelled, piece, done)
            exporter.until(lambda read=done + piece: exporter.value("llm_cost_exporter_lines_read_total") >= read, 0.3)  # type: ignore[misc]
            later.append(exporter.rss())
        sets = exporter.value("llm_cost_exporter_label_sets")
    shutil.rmtree(folder)
    return _Grown(after, max(later), later[-1] / later[0] - 1, sets)
