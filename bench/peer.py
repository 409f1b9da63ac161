"""The peer: mtail, with a program (mtail/*.mtail) that does of the exporter's work what mtail can.

Fetched into .tools by `scripts/fetch_servers.py peer`, or found on the PATH; where there is none its figures are left out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from measure import ran

__all__ = ["ABSENT", "cpu_seconds", "find", "version"]

ABSENT = "mtail is not here"
_HERE = Path(__file__).resolve().parent
_FETCHED = _HERE.parent / ".tools" / "peer" / "bin" / "mtail"
_REQUESTS = re.compile(rb"^llm_requests_total\{.*\} ([0-9.e+]+)$", re.MULTILINE)


@cache
def find() -> str | None:
    """Where mtail is."""
    if "BENCH_WITHOUT_PEER" in os.environ:
        return None
    return str(_FETCHED) if _FETCHED.exists() else shutil.which("mtail")


def version() -> str:
    """What it says it is."""
    program = find()
    if program is None:
        return ABSENT
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    return " ".join((said.stdout or said.stderr).split()[:3])


def cpu_seconds(program: str, log: Path, calls: int) -> float:
    """CPU seconds of mtail's program `program` on all of `log`, start included; it must find `calls` calls."""
    mtail = find()
    if mtail is None:
        raise AssertionError(ABSENT)
    options = [
        "-one_shot",
        "-one_shot_format",
        "prometheus",
        "-address",
        "127.0.0.1",
        "-port",
        "0",
        "-logtostderr",
        "-stderrthreshold",
        "3",
    ]
    done = ran([mtail, *options, "-progs", _HERE / "mtail" / f"{program}.mtail", "-logs", log], {"GOMAXPROCS": "1"})
    found = sum(float(count) for count in _REQUESTS.findall(done.out))
    if found != calls:
        raise SystemExit(f"bench: mtail found {found:g} calls in {log}; there are {calls}")
    return done.cpu_s
