"""Memory: resident after a backlog with 1,000 label sets and the window of ids full, and how it grows over ten times as many lines."""

from __future__ import annotations

from pathlib import Path

import logs
from measure import Row, Size
from ours import Running
from start import modules_of_run, rss_of_imports

__all__ = ["rows"]

MUST_MIB = 85
AIM_MIB = 70
FLAT = 0.02


def rows(size: Size, folder: Path) -> list[Row]:
    """RSS after the backlog, and the most of what came after it."""
    first, piece = size.lines, max(500, size.flat_lines // 10)
    log = logs.write(folder / "usage.jsonl", logs.labelled, first)
    home = folder / "memory"
    home.mkdir()
    later = []
    with Running(home, log) as exporter:
        exporter.until_ready()
        exporter.value("llm_requests_total")  # in service: scraped once
        after = exporter.rss()
        done = first
        while done < first + size.flat_lines:
            logs.write(log, logs.labelled, piece, done)
            done += piece
            exporter.until(lambda done=done: exporter.value("llm_cost_exporter_lines_read_total") >= done, 0.3)  # type: ignore[misc]
            later.append(exporter.rss())
        sets = exporter.value("llm_cost_exporter_label_sets")
    log.unlink()
    most = max(later)
    growth = most / after - 1
    imports = rss_of_imports(modules_of_run(folder))
    settled = later[-1] / later[0] - 1
    return [
        Row("memory: resident after its imports alone, MiB", f"{imports:.1f}"),
        Row(
            f"memory: resident after {first:,} lines, {sets:,.0f} label sets, ids' window full, MiB", f"{after:.1f}", f"imports {imports:.1f}",
            must=f"at most {MUST_MIB} (aim {AIM_MIB})", ok=after <= MUST_MIB,
        ),
        Row(
            f"memory: most over {size.flat_lines:,} lines more, MiB", f"{most:.1f}", f"first to last piece {settled:+.1%}", f"{growth:+.1%}",
            f"within {FLAT:.0%}", growth <= FLAT,
        ),
    ]  # fmt: skip
