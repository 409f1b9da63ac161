"""What it was measured on, when, and with which versions."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import peer

__all__ = ["machine"]

_PACKAGES = ("llm-cost-exporter", "msgspec", "orjson", "genai-prices", "prometheus-client")


def machine() -> list[str]:
    """Lines of a list."""
    return [
        f"- {datetime.now(UTC):%Y-%m-%d}, {_cpu()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()} {platform.release()}",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(f'{name} {version(name)}' for name in _PACKAGES)}",
        f"- peer: {peer.version()}",
    ]


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
