"""The one place that asks the machine for the time."""

from __future__ import annotations

import time

__all__ = ["SystemClock"]


class SystemClock:
    """The machine's clocks, as types.Clock."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def cpu(self) -> float:
        return time.thread_time()
