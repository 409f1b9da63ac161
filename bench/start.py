"""Start: from the process's start to the first good scrape, without a backlog, beside the time of its imports alone.

The imports are all modules that `run` has loaded by then, asked of the interpreter itself, imported in the same order and nothing else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

from measure import PYTHON, Row, Size, interleaved, one_core, ran
from ours import Running

__all__ = ["modules_of_run", "rows", "rss_of_imports"]

MUST = 1.5
_IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)
_IMPORTS = (
    "import sys\nfor name in sys.argv[1:]:\n    try:\n        __import__(name)\n    except ImportError:\n        pass\n"
)
_RSS = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmRSS')][0])\n"


def rows(size: Size, folder: Path) -> list[Row]:
    """The one row."""
    rounds = 3 * size.rounds
    modules = modules_of_run(folder)
    scrape, imports = interleaved(rounds, partial(_to_scrape, folder), lambda: _wall(modules))
    ratio = scrape.median / imports.median
    return [
        Row(
            "start: process start to first good scrape, no backlog, ms",
            scrape.times(1000).show(),
            f"its {len(modules)} imports alone {imports.times(1000).show()}",
            f"{ratio:.2f}",
            f"at most {MUST:g} x imports",
            ratio <= MUST,
        )
    ]


def modules_of_run(folder: Path) -> list[str]:
    """What `run` has imported when it has answered its first full scrape, in order."""
    home, said = folder / "imports", folder / "imports.stderr"
    home.mkdir()
    log = home / "usage.jsonl"
    log.touch()
    with Running(home, log, python_options=("-X", "importtime"), stderr=said) as exporter:
        exporter.until(lambda: _full(exporter))
    shutil.rmtree(home)
    names = _IMPORTED.findall(said.read_text())
    said.unlink()
    return list(dict.fromkeys(names))


def rss_of_imports(modules: list[str]) -> float:
    """MiB resident once all of `modules` are imported."""
    return int(ran([PYTHON, "-c", _IMPORTS + _RSS, *modules]).out) / 1024


def _wall(modules: list[str]) -> float:
    started = time.perf_counter()
    with subprocess.Popen([PYTHON, "-c", _IMPORTS, *modules]) as child:
        one_core(child.pid)
    if child.returncode != 0:
        raise SystemExit(f"bench: the imports ended with {child.returncode}")
    return time.perf_counter() - started


def _to_scrape(folder: Path) -> float:
    home = folder / "start"
    home.mkdir()
    log = home / "usage.jsonl"
    log.touch()
    with Running(home, log) as exporter:
        seconds = exporter.until(lambda: _full(exporter), every=0.002)
    shutil.rmtree(home)
    return seconds


def _full(exporter: Running) -> bool:
    status, body = exporter.get("/metrics")
    return status == 200 and b"llm_cost_day_start_timestamp_seconds{" in body
