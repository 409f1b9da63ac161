"""Reading lines from a file that grows, without remembering any of its text.

Bytes after the last newline are not handed on: they are read again once the file has grown. Each read is checked after the fact:
the bytes before it must still be those that were read there, or what was read belongs to another content (the file was
truncated and has grown past the offset) and is dropped. The check comes after the read, so that a truncation between the two can
only lead to dropping what was good, which is then read from the copy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.batch import Batch, Line, TooLong
from llm_cost_exporter.source.file import FollowedFile
from llm_cost_exporter.source.gz import is_gz
from llm_cost_exporter.source.identity import HEAD_BYTES, TAIL_BYTES, before, fingerprint
from llm_cost_exporter.source.lines import cut, last_line, most_held, only_open_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PlainReader", "is_intact"]

_CHUNK: Final = 256 << 10  # a larger one is slower: what malloc gives back to the system it must fetch again
_MOST_SKIPPED: Final = 64 << 20  # bytes looked through before control is given back


class PlainReader:
    """Reads the next lines of plain files."""

    def __init__(self, line_bytes: int) -> None:
        self.line_bytes = line_bytes

    @staticmethod
    def begins_compressed(fd: int) -> bool:
        """The open file is a gzip file."""
        return is_gz(os.pread(fd, 2, 0))

    def read(self, file: FollowedFile, fd: int, max_bytes: int) -> Batch | None:
        """The next lines; None at the end (or when the content is another: file.suspect). Raises OSError.

        A batch without lines means: looked through much of an overlong line, ask again.
        """
        want = chunk = max(4096, min(max_bytes, _CHUNK))
        budget = _MOST_SKIPPED
        while budget > 0:
            at = file.scanned if file.skipping else file.content
            data = os.pread(fd, want, at)
            came_before = _check(file, fd, data[:HEAD_BYTES] if at == 0 else b"")
            if came_before is None:
                file.suspect = True
                return None
            if not data:
                file.scanned = max(file.scanned, at)
                return self._end(file, fd, came_before)
            budget -= len(data)
            batch = self._skip(file, fd, data, at) if file.skipping else self._lines(file, fd, data, at, came_before)
            if batch is not None:
                return batch
            if len(data) < want and not file.skipping and file.content == at:
                return self._end(file, fd, came_before)
            want = chunk if file.skipping or file.content != at else max(chunk, most_held(self.line_bytes) + 1)
        return Batch(file, [], file.offset, file.offset, tail=file.tail)

    def _lines(self, file: FollowedFile, fd: int, data: bytes, at: int, came_before: bytes) -> Batch | None:
        start = file.offset
        lines, begins, left = cut(data, self.line_bytes, start, at=at)
        if not lines:
            self._unfinished(file, fd, data, at)
            return None
        end = at + len(data) - left
        tail = _tail(fd, data, at, came_before, start, end)  # may fail: nothing of `file` is changed before it
        if tail is None:
            file.suspect = True
            return None
        file.scanned = at + len(data)
        done_until = file.position.done_until
        if start < done_until:
            lines, begins = only_open_parts(file.position, lines, begins, start)
        return self._batch(file, lines, end, tail, begins)

    def _unfinished(self, file: FollowedFile, fd: int, data: bytes, at: int) -> None:
        """No newline in `data`: drop NULs at the line's beginning, or find that it is too long."""
        zeros = len(data) - len(data.lstrip(b"\0")) if data[0] == 0 else 0
        if zeros:
            file.content = at + zeros if zeros < len(data) else _after_hole(fd, at + zeros)
        elif len(data) > most_held(self.line_bytes):
            file.skipping = True
        file.scanned = max(at + len(data), file.content)

    def _skip(self, file: FollowedFile, fd: int, data: bytes, at: int) -> Batch | None:
        """Look for the end of an overlong line."""
        newline = data.find(b"\n") + 1
        if not newline:
            whole_chunk_is_zeros = data[0] == 0 and not data.strip(b"\0")
            file.scanned = _after_hole(fd, at + len(data)) if whole_chunk_is_zeros else at + len(data)
            return None
        end = at + newline
        tail = _still_before(fd, end, data[:newline])  # may fail: nothing of `file` is changed before it
        if tail is None:
            file.suspect = True
            return None
        lines: list[Line] = [TooLong(end - file.offset)]
        if file.offset < file.position.done_until and file.offset not in file.position.parts:
            lines = []
        file.scanned = end
        return self._batch(file, lines, end, tail, [file.offset] if lines else None)

    def _batch(
        self, file: FollowedFile, lines: Sequence[Line], end: int, tail: bytes, begins: list[int] | None, *, last: bool = False
    ) -> Batch:  # fmt: skip
        start = file.offset
        file.tail = fingerprint(tail)
        file.offset = file.content = end
        file.scanned = max(file.scanned, end)
        file.size = max(file.size, file.scanned)
        file.skipping = False
        return Batch(file, lines, start, end, tail=file.tail, last_of_file=last, begins=begins)

    def _end(self, file: FollowedFile, fd: int, came_before: bytes) -> Batch | None:
        """At the end: hand on the unfinished line if nothing can follow."""
        if not file.final or file.ended:
            return None
        start, end = file.offset, max(file.scanned, file.offset)
        data = b"" if file.skipping else os.pread(fd, end - file.content, file.content)
        tail = _still_before(fd, end, data) if end > start else came_before
        if tail is None:
            file.suspect = True
            return None
        lines: list[Line] = (
            [TooLong(end - start)] if file.skipping else last_line(data, self.line_bytes, at_start=file.content == 0)
        )
        if start < file.position.done_until and start not in file.position.parts:
            lines = []
        file.ended = True
        return self._batch(file, lines, end, tail, [start] if lines else None, last=True)


def is_intact(file: FollowedFile, fd: int) -> bool:
    """The content that was read is still there; of one that was not read yet, it is not shorter than it was. Raises OSError."""
    position, least = file.position, file.offset or file.position.seen[0] or file.size
    known, intact = (position.head_length, position.head_hash, position.seen), False
    try:
        intact = os.fstat(fd).st_size >= least and _check(file, fd) is not None and os.fstat(fd).st_size >= least
    finally:
        if not intact:  # or can't be told: what was learned may be of another content
            position.head_length, position.head_hash, position.seen = known
    return intact


def _check(file: FollowedFile, fd: int, beginning: bytes = b"") -> bytes | None:
    """The up to 4 KiB before the offset, if the content is still the one that was read, which begins with `beginning`; else None."""
    came_before = before(fd, file.offset)
    if not _has_what_was_seen(file, fd):
        return None
    if file.offset:
        if file.tail is None:
            if len(came_before) < min(TAIL_BYTES, file.offset):
                return None
            file.tail = fingerprint(came_before)
        elif fingerprint(came_before) != file.tail:
            return None
    # Also where all of it is known: of two contents the bytes before the offset may be alike (the end of two long texts).
    position, head = file.position, os.pread(fd, HEAD_BYTES, 0)
    if not head.startswith(beginning):  # what was just read is of the content before
        return None
    if position.head_length and fingerprint(head[: position.head_length]) != position.head_hash:
        return None
    if len(head) > position.head_length:
        position.head_length, position.head_hash = len(head), fingerprint(head)
    if not file.offset:
        size = os.fstat(fd).st_size
        tail = before(fd, size)
        if not _has_what_was_seen(file, fd):  # asked again: what was just read may be of the next content already
            return None
        if size and len(tail) == min(TAIL_BYTES, size):  # else it was cut off just now
            position.seen = size, fingerprint(tail)
    return came_before


def _has_what_was_seen(file: FollowedFile, fd: int) -> bool:
    """While nothing is read of it: contents may begin alike, with a banner or a hole of NULs."""
    size, known = file.position.seen
    return file.offset > 0 or not size or fingerprint(before(fd, size)) == known


def _tail(fd: int, data: bytes, at: int, came_before: bytes, start: int, end: int) -> bytes | None:
    """The up to 4 KiB before `end`; None where they are no more."""
    read = end - at
    if read >= TAIL_BYTES:
        return data[read - TAIL_BYTES : read]
    if at == start:
        return (came_before + data[:read])[-TAIL_BYTES:]
    return _still_before(fd, end, data[:read])


def _still_before(fd: int, end: int, read: bytes) -> bytes | None:
    """The up to 4 KiB before `end`; None where they don't end with what was `read` there: the content is another by now."""
    found = before(fd, end)
    return found if len(found) == min(TAIL_BYTES, end) and found.endswith(read[-TAIL_BYTES:]) else None


def _after_hole(fd: int, offset: int) -> int:
    """Where the next data are, from `offset` on: a hole of terabytes takes one call."""
    try:
        return max(offset, os.lseek(fd, offset, os.SEEK_DATA))
    except OSError:  # no data from here to the end, or a file system that can't tell
        size = os.fstat(fd).st_size
        return size if size > offset and _is_hole_to_end(fd, offset) else offset


def _is_hole_to_end(fd: int, offset: int) -> bool:
    try:
        return os.lseek(fd, offset, os.SEEK_HOLE) == offset
    except OSError:
        return False
