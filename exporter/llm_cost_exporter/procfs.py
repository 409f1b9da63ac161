"""What the kernel says of this process, under the names that every Prometheus client uses (`process_*`)."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Process"]

Figure = tuple[str, str, str, float]
"""Kind, name (without `_total`), help, value."""

_HELP: Final = {
    "virtual_memory_bytes": "Virtual memory size in bytes.",
    "resident_memory_bytes": "Resident memory size in bytes.",
    "start_time_seconds": "Start time of the process since unix epoch in seconds.",
    "open_fds": "Number of open file descriptors.",
    "max_fds": "Maximum number of open file descriptors.",
}


class Process:
    """Reads /proc; where there is none (or none of Linux) it tells nothing."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._boot = self._boot_time()

    def _boot_time(self) -> float | None:
        try:
            lines = (self._proc / "stat").read_text().splitlines()
            return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), None)
        except OSError:
            return None

    def figures(self) -> Iterator[Figure]:
        """All that is known now."""
        if self._boot is None:
            return
        try:
            # The program's name, in brackets, may have spaces and brackets itself.
            stat = (self._proc / "self" / "stat").read_text().rpartition(")")[2].split()
            open_fds = len(os.listdir(self._proc / "self" / "fd"))  # noqa: PTH208 - no objects for what is only counted
        except OSError:
            return
        user, system, start, size, pages = (int(stat[index]) for index in (11, 12, 19, 20, 21))
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        values = {
            "virtual_memory_bytes": float(size),
            "resident_memory_bytes": float(pages * resource.getpagesize()),
            "start_time_seconds": self._boot + start / self._ticks,
            "open_fds": float(open_fds),
            "max_fds": float("inf") if limit == resource.RLIM_INFINITY else float(limit),
        }
        yield "counter", "process_cpu_seconds", "Total user and system CPU time spent in seconds.", (user + system) / self._ticks  # fmt: skip
        for name, value in values.items():
            yield "gauge", f"process_{name}", _HELP[name], value
