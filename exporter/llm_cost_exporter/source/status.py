"""What is told of the files: each watched path, and each rotated piece that is still being read."""

# ruff: noqa: PTH116  (paths are text here)

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.file import FileState, FileStatus, FollowedFile, Name

if TYPE_CHECKING:
    from llm_cost_exporter.source.position import Position
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["Statuses"]

_MANY: Final = 1000
_SECONDS: Final = 5.0  # with many files the list is made at most so often


class Statuses:
    """Makes the list of FileStatus."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._made: list[FileStatus] = []
        self._made_at = float("-inf")

    def all(self) -> list[FileStatus]:
        tracker, now = self._tracker, self._tracker.clock.monotonic()
        if len(tracker.names) > _MANY and self._made and now - self._made_at < _SECONDS:
            return self._made
        found = [self._of_name(name) for name in tracker.names.values()]
        for file in tracker.pieces.values():
            gone = " (deleted)" if tracker.handles.is_kept(file) else ""
            found.append(_of_file(file, file.where + gone))
        found += [FileStatus(pattern.text, pattern.entry.name, "missing") for pattern in tracker.discovery.empty]
        self._made, self._made_at = found, now
        return found

    @staticmethod
    def _of_name(name: Name) -> FileStatus:
        entry = name.pattern.entry.name
        if name.file is not None:
            status = _of_file(name.file, name.path)
            return status if name.trouble is None else dataclasses.replace(status, state="unreadable")
        if name.waiting is not None:
            return FileStatus(name.path, entry, "finished" if name.waiting.verified else "waiting")
        if name.trouble is not None:
            return FileStatus(name.path, entry, "missing" if name.trouble == "no such file" else "unreadable")
        return FileStatus(name.path, entry, "missing" if name.missing_since is not None else "waiting")

    @staticmethod
    def is_there(position: Position) -> bool:
        """The file of the position is where it was."""
        try:
            st = os.stat(position.path)
        except OSError:
            return False
        return (st.st_dev, st.st_ino) == (position.device, position.inode)


def _of_file(file: FollowedFile, path: str) -> FileStatus:
    state: FileState = "following"
    if file.trouble is not None:
        state = "unreadable"
    elif file.ended:
        state = "finished"
    elif file.gz is not None and file.gz.stalled:
        state = "waiting"
    return FileStatus(path, file.entry.name, state, file.unread, file.offset, file.position.previous_time)
