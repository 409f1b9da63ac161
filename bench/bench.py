"""How fast `report` reads a log, against the least that any reader must do: decode each line.

    make bench        prints the table and writes it to bench/RESULTS.md

200,000 lines of the sample (sample/README.md), once as bare JSON lines and once behind the logging prefix. `report` is timed
as users run it, a process from start to end, the best of three; the floor is orjson.loads over the same lines in memory.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import orjson

import sample_log

LINES = 200_000
ROUNDS = 3
RESULTS = Path(__file__).with_name("RESULTS.md")
START = datetime.fromisoformat("2026-01-05T00:00:00+00:00").timestamp()


@dataclass(frozen=True)
class Measured:
    """One shape of the log: seconds of a report on all lines, and on a single one (start-up)."""

    shape: str
    log: Path
    report_s: float
    start_up_s: float

    def row(self) -> str:
        """A row of the table; the floor is measured here."""
        lines = self.log.read_bytes().splitlines()
        floor_s = best(lambda: decode(lines))
        reading_s = self.report_s - self.start_up_s
        return (
            f"| {self.shape} | {self.log.stat().st_size / LINES:.0f} | {self.report_s:.2f} | {self.start_up_s:.2f}"
            f" | {LINES / reading_s:,.0f} | {1e6 * reading_s / LINES:.2f} | {LINES / floor_s:,.0f} | {reading_s / floor_s:.1f} |"
        )


HEAD = (
    "# Results of `make bench`",
    "",
    f"`report` over {LINES:,} lines of the sample, best of {ROUNDS}. The floor is decoding the same lines with orjson and nothing else.",
    "",
    "| lines | bytes a line | report, s | of it start-up, s | lines/s after start-up | µs a line | floor, lines/s | report / floor |",
    "|---|---:|---:|---:|---:|---:|---:|---:|",
)


def main() -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as directory:
        shapes = {"bare JSON": sample_log.bare_line, "behind a logging prefix": sample_log.line}
        measured = [
            measure(name, make, Path(directory) / f"{number}") for number, (name, make) in enumerate(shapes.items())
        ]
        # The kernel counts what this process holds as a child's, so this is asked for before the floor holds the lines.
        peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rows = [one.row() for one in measured]
    text = "\n".join([*HEAD, *rows, "", f"Peak memory of a report: {peak_mib:.0f} MiB.", "", *machine()])
    RESULTS.write_text(text + "\n")
    print(text)


def measure(shape: str, make: Callable[[float, sample_log.Row], str], stem: Path) -> Measured:
    """Time `report` on one shape; the log stays there."""
    log, single = stem.with_suffix(".log"), stem.with_suffix(".single")
    for path, count in ((log, LINES), (single, 1)):
        with path.open("w") as out:
            out.writelines(make(when, row) + "\n" for when, row in islice(sample_log.calls(START), count))
    return Measured(shape, log, best(lambda: report(log, LINES)), best(lambda: report(single, 1)))


def report(log: Path, lines: int) -> None:
    """Run `report`, and see that it read what is there."""
    command = [sys.executable, "-m", "llm_cost_exporter", "report", str(log), "--format", "json"]
    said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if said["lines"] != lines or said["requests"] != lines:
        raise SystemExit(f"report read {said['lines']} lines with {said['requests']} calls; there are {lines}")


def decode(lines: list[bytes]) -> None:
    """Decode every line from its first brace on."""
    for line in lines:
        orjson.loads(line[line.index(b"{") :])


def best(work: Callable[[], None]) -> float:
    """Seconds of the quickest of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def machine() -> list[str]:
    """What it was measured on, and when."""
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    packages = ", ".join(f"{name} {version(name)}" for name in ("llm-cost-exporter", "orjson", "genai-prices"))
    return [
        f"- {cpu}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        f"- Python {platform.python_version()}, {packages}",
        f"- {datetime.now(UTC):%Y-%m-%d}",
    ]


if __name__ == "__main__":
    main()
