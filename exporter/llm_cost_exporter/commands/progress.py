"""Progress on a terminal, for an input that takes a while."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["Progress"]

_WORTH_SHOWING: Final = 16 << 20  # bytes; below it the work is done before anybody looks


class Progress(AbstractContextManager["Progress"]):
    """Bytes done of `total_bytes`, on stderr, if that is a terminal and the input is large."""

    def __init__(self, total_bytes: int) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._total = total_bytes

    def __enter__(self) -> Self:
        if self._total >= _WORTH_SHOWING and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                "reading",
                BarColumn(),
                DownloadColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("reading", total=self._total)
        return self

    def advance(self, done_bytes: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, done_bytes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
