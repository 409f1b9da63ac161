r"""Bytes into lines, with a limit, in bounded memory.

A line ends at `\n`. Not part of it are: a `\r` before the newline; NUL bytes before its first other byte (a writer without
O_APPEND leaves a hole of them at the front of a file that was truncated under it); a UTF-8 byte order mark at the very start
of a file. None of these counts against the limit. A line over the limit becomes TooLong and is never held whole.

On the common path nothing is cut here (see Text). What is rare (`\r`, NUL, too long) is looked for in the chunk as a whole first, so
that nothing of it costs anything per line.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from llm_cost_exporter.source.batch import Line, Text, TooLong, beginnings
from llm_cost_exporter.source.identity import TAIL_BYTES
from llm_cost_exporter.source.position import Position

__all__ = ["BOM", "Cut", "Cutter", "cut", "last_line", "most_held", "only_open_parts"]

BOM = b"\xef\xbb\xbf"


class Cut(NamedTuple):
    """Lines, their offsets (None: they are as they stood, one after the other), and the bytes left after the last newline."""

    lines: Sequence[Line]
    begins: list[int] | None
    left: int


def most_held(limit: int) -> int:
    """More bytes than this without a newline are an overlong line, whatever follows."""
    return limit + len(BOM) + 1


def cut(data: bytes, limit: int, start: int, *, at: int | None = None) -> Cut:
    """The complete lines of `data`, which is at the offset `at` and whose first line begins at `start` (before it: NULs)."""
    at = start if at is None else at
    if at == start and len(data) <= limit and b"\r" not in data and b"\0" not in data and (at or data[:3] != BOM):
        end = data.rfind(b"\n") + 1
        return Cut(Text(data) if end else [], None, len(data) - end)
    plain = data.split(b"\n")
    left = len(plain.pop())
    if not plain:
        return Cut([], None, left)
    split = plain
    if at == 0 and plain[0].startswith(BOM):
        split = [plain[0][len(BOM) :], *plain[1:]]
    if b"\r" in data:
        split = [line[:-1] if line[-1:] == b"\r" else line for line in split]
    if b"\0" in data:
        split = [line.lstrip(b"\0") if line[:1] == b"\0" else line for line in split]
    lines: list[Line] = split  # type: ignore[assignment]  # a list of bytes, before any TooLong gets into it
    if len(data) > limit and max(map(len, split)) > limit:
        lines = [TooLong(len(raw) + 1) if len(line) > limit else line for raw, line in zip(plain, split, strict=True)]
        if isinstance(lines[0], TooLong):
            lines[0] = TooLong(lines[0].length + at - start)
    if lines is plain and at == start:
        return Cut(lines, None, left)
    begins = list(islice(beginnings(plain, at), len(plain)))
    begins[0] = start
    return Cut(lines, begins, left)


def last_line(data: bytes, limit: int, *, at_start: bool) -> list[Line]:
    """The line that a file ends with though no newline follows: none where only NULs are left."""
    line = (data.removeprefix(BOM) if at_start else data).lstrip(b"\0")
    line = line.removesuffix(b"\r")
    if not line:
        return []
    return [TooLong(len(data)) if len(line) > limit else line]


def only_open_parts(
    position: Position, lines: Sequence[Line], begins: list[int] | None, start: int
) -> tuple[list[Line], list[int]]:
    """After a restart: of lines that were counted before, only those that are open parts of a split line; and their offsets."""
    begins = list(beginnings(lines, start))[:-1] if begins is None else begins  # type: ignore[arg-type]  # no TooLong then
    parts = set(position.parts)
    kept = [pair for pair in zip(begins, lines, strict=True) if pair[0] >= position.done_until or pair[0] in parts]
    return [line for _, line in kept], [begin for begin, _ in kept]


class Cutter:
    """Cuts a stream that can't be read twice (gz, a pipe) into lines; holds at most one line's limit of it.

    After each `feed` and `finish`: `start` and `end` are the offsets of the lines it gave, `begins` the offset of each (None: one
    after the other), `before` the up to 4 KiB before `end`.
    """

    def __init__(self, limit: int, start: int = 0) -> None:
        self._limit = limit
        self._held = b""  # the unfinished line, less its leading NULs
        self._over = False  # the unfinished line is over the limit: only its end is looked for
        self._last = b""  # of the unfinished line's bytes that aren't held: the last ones, for `before`
        self._taken = start  # offset after the bytes fed so far
        self.start = self.end = start
        self.begins: list[int] | None = None
        self.before = b""

    @property
    def unfinished(self) -> int:
        """Bytes that wait for their newline."""
        return self._taken - self.end

    def feed(self, chunk: bytes) -> Sequence[Line]:
        """The lines that `chunk` completes."""
        self._taken += len(chunk)
        self.start, self.begins = self.end, None
        overlong: list[Line] = []
        if self._over:
            newline = chunk.find(b"\n") + 1
            if not newline:
                self._last = (self._last + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
                return []
            self._ended(self._taken - len(chunk) + newline, chunk[:newline])
            overlong = [TooLong(self.end - self.start)]
            self._over, chunk = False, chunk[newline:]
        data = self._held + chunk if self._held else chunk
        lines, self.begins, left = cut(data, self._limit, self.end, at=self._taken - len(data))
        if overlong:
            begins = self.begins if self.begins is not None else list(beginnings(lines, self.end))[:-1]  # type: ignore[arg-type]
            self.begins = [self.start, *begins]
        if lines:
            end = len(data) - left
            self._ended(self._taken - left, data[max(0, end - TAIL_BYTES) : end])
        self._hold(data[len(data) - left :] if left else b"")
        return [*overlong, *lines] if overlong else lines

    def _ended(self, end: int, data: bytes) -> None:
        """The bytes up to `end` are handed on; `data` are the last of them."""
        old = self.before + self._last if len(data) < TAIL_BYTES else b""
        self.before = (old + data[-TAIL_BYTES:])[-TAIL_BYTES:]
        self.end, self._last = end, b""

    def _hold(self, rest: bytes) -> None:
        line = rest.lstrip(b"\0") if rest[:1] == b"\0" else rest
        if len(line) < len(rest):
            self._last = (self._last + rest[: len(rest) - len(line)])[-TAIL_BYTES:]
        if len(line) > most_held(self._limit):
            self._over = True
            self._last = (self._last + line[-TAIL_BYTES:])[-TAIL_BYTES:]
            line = b""
        self._held = line

    def finish(self) -> list[Line]:
        """The last line, which no newline ends."""
        self.start = self.end
        lines = last_line(self._held, self._limit, at_start=self.end == 0 and self._taken == len(self._held))
        if self._over or (lines and isinstance(lines[0], TooLong)):
            lines = [TooLong(self.unfinished)]
        self._ended(self._taken, self._held)
        self._held, self._over = b"", False
        self.begins = [self.start] if lines else None
        return lines
