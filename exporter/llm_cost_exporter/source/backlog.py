"""When is the backlog read that was there at start?

Targets are the sizes of the files when the source first looked. Once they are reached, what came meanwhile may be much: then it is
made the next target, as long as each is at most half of the one before. After that, for ever, the backlog is read: a log that
grows faster than it is read must not keep the exporter from serving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_cost_exporter.source.file import FollowedFile

__all__ = ["Backlog"]

_FEW_BYTES: Final = 8 << 20


class Backlog:
    """Files that are behind their target, by position key."""

    def __init__(self) -> None:
        self.read = False
        self._pending: dict[str, tuple[FollowedFile, int]] = {}
        self._started = False
        self._last = float("inf")

    def begin(self, files: Iterable[FollowedFile]) -> None:
        """These are there at start."""
        if not self._started:
            self._started = True
            self._aim(files)

    def _aim(self, files: Iterable[FollowedFile]) -> int:
        self._pending = {file.position.key: (file, file.size) for file in files if not _reached(file, file.size)}
        return sum(target - file.scanned for file, target in self._pending.values() if not file.position.gz)

    def was_read(self, file: FollowedFile) -> None:
        """Some of the file was read."""
        pending = self._pending.get(file.position.key)
        if pending is not None and _reached(*pending):
            del self._pending[file.position.key]

    def look(self) -> None:
        """Drop what can't be read any more: it must not hold up the rest."""
        self._pending = {key: pending for key, pending in self._pending.items() if not _reached(*pending)}

    def check(self, behind: Iterable[FollowedFile], *, stdin_caught_up: bool) -> bool:
        """Whether the backlog is read; `behind` are the files with anything unread."""
        if self.read or not self._started:
            return self.read
        if len(self._pending) <= 1000:
            self.look()
        if self._pending or not stdin_caught_up:
            return False
        left = self._aim(behind)
        if left > _FEW_BYTES and left <= self._last / 2:
            self._last = left
            return False
        self._pending = {}
        self.read = True
        return True


def _reached(file: FollowedFile, target: int) -> bool:
    if file.ended or file.trouble is not None or not file.attached:
        return True
    if file.position.gz:
        return file.gz is not None and file.gz.stalled
    return file.scanned >= target
