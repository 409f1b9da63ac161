"""How things are measured: rounds, their median and spread, a program's CPU time, and the rows that come of it.

Rates are lines a second of CPU time (user and system) of one core, to which the measured programs are pinned: what else the machine
does at the same time moves them less than it moves a clock on the wall, and on an idle machine the two are the same.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "LONG",
    "PYTHON",
    "QUICK",
    "Ran",
    "Row",
    "Size",
    "Spread",
    "cpu_seconds",
    "interleaved",
    "one_core",
    "ran",
    "rss_mib",
]

PYTHON = sys.executable
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Size:
    """How much is measured; `QUICK` only shows that all of it works."""

    name: str
    rounds: int
    lines: int  # of a backlog
    format_lines: int
    flat_lines: int  # that memory must be flat over
    seconds: float  # of what is watched while it runs
    samples: tuple[int, ...]  # of a scrape
    series: int  # label sets of a save
    formats: int  # how many of them


LONG = Size("long", 3, 1_000_000, 100_000, 10_000_000, 60.0, (1_000, 10_000, 50_000), 10_000, 1000)
QUICK = Size("quick", 1, 2_000, 200, 4_000, 2.0, (1_000, 2_000), 100, 2)


@dataclass(frozen=True)
class Spread:
    """The figures of some rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def over(self, per: float) -> Spread:
        """`per` divided by each: rates, of times."""
        return Spread(tuple(per / value for value in self.values))

    def times(self, factor: float) -> Spread:
        """Each times `factor`: another unit."""
        return Spread(tuple(factor * value for value in self.values))

    def show(self, unit: str = "", digits: int = 0) -> str:
        """Median and spread: `97,000 (95,100 to 98,000)`."""
        low, high = min(self.values), max(self.values)
        text = f"{self.median:,.{digits}f}{unit}"
        return text if low == high else f"{text} ({low:,.{digits}f} to {high:,.{digits}f})"


@dataclass(frozen=True)
class Row:
    """A row of the table. `ok`: whether it reaches what it must; None: nothing is asked, or the peer is absent."""

    what: str
    measured: str
    beside: str = ""  # the peer's or the floor's figure
    ratio: str = ""
    must: str = ""
    ok: bool | None = None


@dataclass(frozen=True)
class Ran:
    """A program that ran to its end."""

    cpu_s: float
    wall_s: float
    out: bytes


def one_core(pid: int) -> None:
    """Keep a process that has just been started, and what it starts, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})


def ran(command: Sequence[str | Path], more_env: Mapping[str, str] | None = None) -> Ran:
    """Run `command` on one core; it must end with status 0."""
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        child = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict(more_env or {}),
        )
        one_core(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"bench: {' '.join(map(str, command))} ended with {child.returncode}")
        out.seek(0)
        return Ran(usage.ru_utime + usage.ru_stime, wall, out.read())


def interleaved(rounds: int, *works: Callable[[], float]) -> tuple[Spread, ...]:
    """The figures of `works`, each done once in every round: what the machine does meanwhile meets all of them."""
    values: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, mine in zip(works, values, strict=True):
            mine.append(work())
    return tuple(Spread(tuple(mine)) for mine in values)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, to a hundredth of a second."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS


def rss_mib(pid: int) -> float:
    """What of a process is in memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
