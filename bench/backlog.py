"""Backlog: lines a second of `report` and of `run` until it is ready, beside mtail's and the decode-only floor; and noise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import floor
import logs
import peer
from measure import Row, Size, Spread, interleaved
from ours import Running, report_cpu

__all__ = ["rows"]

SHAPES = (  # name, line, mtail's program, times mtail that must be reached, aim
    ("tutorial, 234 bytes", logs.tutorial, "tutorial", 2.0, 5),
    ("OpenAI body, 367 bytes", logs.nested, "nested", 3.5, 10),
)
NOISE = (
    ("the others are text", logs.text_noise),
    ("a quarter of the others are records of an application", logs.noise),
)
NOISE_MUST = 8.0
NOISE_TIMES = (
    10  # so many times the lines of a backlog: a line takes so little that the start would be half of the figure
)


def rows(size: Size, folder: Path) -> list[Row]:
    """The rows of both shapes, then of both kinds of noise."""
    found = []
    for name, make, program, must, aim in SHAPES:
        log = logs.write(folder / program, make, size.lines)
        works: list[Callable[[], float]] = [
            partial(report_cpu, log, size.lines, size.lines),
            partial(_to_ready, log, folder, size.lines),
            partial(floor.cpu_seconds, log),
        ]
        report, run, decode, *mtail = _rates(size, works, program, log, size.lines)
        log.unlink()
        for what, ours in (("report", report), ("run to ready", run)):
            row = _beside_peer(f"backlog, {name}: {what}, lines/s", ours, mtail, must, f"{must:g} x mtail (aim {aim})")
            share = ours.median / decode.median
            found.append(
                Row(
                    row.what,
                    row.measured,
                    f"{row.beside}; decoding alone (orjson) {decode.show()}: {share:.0%} of it",
                    row.ratio,
                    row.must,
                    row.ok,
                )
            )
    return [*found, *(_noise(*kind, size, folder) for kind in NOISE)]


def _noise(what: str, make: Callable[[int], str], size: Size, folder: Path) -> Row:
    lines = NOISE_TIMES * size.lines
    log = logs.write(folder / "noise", make, lines)
    calls = -(-lines // (logs.NOISE_PER_CALL + 1))
    ours, *mtail = _rates(size, [partial(report_cpu, log, lines, calls)], "tutorial", log, calls, lines)
    log.unlink()
    return _beside_peer(
        f"noise, 1 line in 50 is usage, {what}: report, lines/s", ours, mtail, NOISE_MUST, f"{NOISE_MUST:g} x mtail"
    )


def _rates(
    size: Size, works: list[Callable[[], float]], program: str, log: Path, calls: int, lines: int | None = None
) -> list[Spread]:
    """Lines a second of `works` (which give seconds), and of mtail where it is there, in the same rounds."""
    if peer.find() is not None:
        works.append(partial(peer.cpu_seconds, program, log, calls))
    return [spread.over(size.lines if lines is None else lines) for spread in interleaved(size.rounds, *works)]


def _to_ready(log: Path, folder: Path, lines: int) -> float:
    """CPU seconds of `run` until the backlog is read and shown."""
    home = folder / "run"
    home.mkdir()
    with Running(home, log) as exporter:
        exporter.until_ready()
        spent = exporter.cpu()
        if exporter.value("llm_requests_total") != lines:
            raise SystemExit(f"bench: run shows {exporter.value('llm_requests_total'):g} calls of {lines}")
    shutil.rmtree(home)
    return spent


def _beside_peer(what: str, ours: Spread, mtail: list[Spread], must: float, said: str) -> Row:
    if not mtail:
        return Row(what, ours.show(), peer.ABSENT, must=said)
    ratio = ours.median / mtail[0].median
    return Row(what, ours.show(), f"mtail {mtail[0].show()}", f"{ratio:.1f}", said, ratio >= must)
