"""One file that is being followed, and one path that is watched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from llm_cost_exporter.config import SourceConfig
    from llm_cost_exporter.source.discovery import Pattern
    from llm_cost_exporter.source.gz import GzReading
    from llm_cost_exporter.source.position import Position

__all__ = ["NOWHERE", "FileState", "FileStatus", "FollowedFile", "Name", "Waiting"]

FileState = Literal["following", "finished", "missing", "unreadable", "waiting"]

NOWHERE: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file as the page and the metrics show it. Bytes; `last_event` is epoch seconds."""

    path: str
    entry: str
    state: FileState
    unread: int = 0
    offset: int = 0
    last_event: float | None = None


class FollowedFile:
    """One content of one file: when the file is truncated, another FollowedFile begins.

    `position` is what is saved and says what is counted; the rest is where reading is, which may be ahead of it.
    """

    __slots__ = (
        "after", "attached", "beside", "content", "damaged", "ended", "entry", "final", "grown_at", "gz", "mtime_ns", "name", "newcomer_of",
        "offset", "persists", "position", "queued", "rotated_at", "scanned", "size", "skipping", "suspect", "tail",
        "trouble", "where",
    )  # fmt: skip

    def __init__(self, entry: SourceConfig, position: Position, where: str) -> None:
        self.entry = entry
        self.position = position
        self.where = where  # the path to open it by
        self.name: Name | None = None  # the watched path that it is at
        self.attached = False  # its content can be read: by an open descriptor, or where it is
        self.size = 0
        self.mtime_ns = position.mtime_ns
        self.offset = position.offset  # lines before it are handed on
        self.content = (
            self.offset
        )  # the unfinished line's first byte that is no NUL; nothing before it need be read again
        self.scanned = self.offset  # no newline between offset and here
        self.skipping = False  # the unfinished line is over the limit
        self.tail: str | None = position.tail_hash or None if position.offset == position.done_until else None
        self.suspect = False  # the bytes before `offset` are not those that were read
        self.rotated_at: float | None = None  # monotonic; since when it is known that no writer should append to it
        self.grown_at = NOWHERE  # monotonic
        self.final = False  # nothing will be appended: its last line needs no newline
        self.ended = position.finished  # its last batch was handed on
        self.after: FollowedFile | None = None  # read that one to its end first; see wait_for
        self.beside: tuple[int, int] | None = None  # its folder's time stamp, once it is deleted; see lost.folder_stamp
        self.queued = False
        self.trouble: str | None = None
        self.damaged = False  # compressed data that can't be read: not tried again unless the file changes
        self.persists = True
        self.gz: GzReading | None = None
        self.newcomer_of = -1  # the look at which its pattern's first start found it: what is alike then is no copy

    def wait_for(self, first: FollowedFile) -> None:
        """Read `first` to its end before this one, unless that one waits for this one already."""
        waits: FollowedFile | None = first
        while waits is not None and waits is not self:
            waits = waits.after
        if waits is None:
            self.after = first

    @property
    def path(self) -> str:
        """The path under which it was first followed; stays when the file is renamed."""
        return self.position.followed_as

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return (self.position.device, self.position.inode)

    @property
    def unread(self) -> int:
        """Bytes on disk that are not handed on, those of an unfinished line included."""
        if self.gz is not None or self.position.gz:
            return 0 if self.ended else self.size - (self.gz.taken if self.gz is not None else 0)
        return max(0, self.size - self.offset)

    @property
    def drained(self) -> bool:
        """All that is there now is handed on, but for an unfinished line."""
        if self.position.gz:
            return self.ended or (self.gz is not None and self.gz.stalled)
        return self.scanned >= self.size

    def rewind(self) -> None:
        """Read on from `offset` anew, forgetting what is known of the unfinished line."""
        self.content = self.scanned = self.offset
        self.skipping = False

    def saw(self, st: os.stat_result) -> None:
        """Remember size and time."""
        self.size, self.mtime_ns = st.st_size, st.st_mtime_ns


@dataclass(slots=True)
class Waiting:
    """Why the file at a path is not read: it is a copy of one that is (`on`), or will turn out to be one."""

    on: FollowedFile
    device: int
    inode: int
    size: int
    mtime_ns: int
    verified: bool  # its bytes were compared and agree
    drained: bool  # `on` was read to its end when that was tried
    compressed: bool  # `size` says nothing of how much it has

    def unchanged(self, st: os.stat_result) -> bool:
        return (self.device, self.inode, self.size, self.mtime_ns) == (st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns)


class Name:
    """A path that is watched: one that is given literally, or that a glob matches."""

    __slots__ = ("changed_at", "file", "had_file", "missing_since", "path", "pattern", "trouble", "waiting")

    def __init__(self, path: str, pattern: Pattern) -> None:
        self.path = path
        self.pattern = pattern
        self.file: FollowedFile | None = None
        self.waiting: Waiting | None = None
        self.trouble: str | None = None
        self.missing_since: float | None = None  # monotonic
        self.had_file = False
        self.changed_at = NOWHERE  # monotonic
