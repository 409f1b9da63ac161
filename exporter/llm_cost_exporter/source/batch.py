"""What the source hands on: runs of complete lines, and the offset of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from llm_cost_exporter.source.file import FollowedFile

__all__ = ["Batch", "Line", "Piece", "Text", "TooLong", "beginnings"]


@dataclass(frozen=True, slots=True)
class TooLong:
    """Stands where a line over the limit was. `length` is the bytes it took in the file, newline included."""

    length: int


Line = bytes | TooLong

_and_newline = (1).__add__


class Text(Sequence[bytes]):
    r"""Lines that stand one after the other in `text`, each ended by its `\n`; there is one at least. What follows the last `\n` is none.

    They are cut when somebody asks for them, as it suits him: with their newlines that takes half the time. As a sequence they
    are without.
    """

    __slots__ = ("_cut", "_with_newlines", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._cut: list[bytes] | None = None
        self._with_newlines: list[bytes] | None = None

    def cut(self) -> list[bytes]:
        """The lines."""
        if self._cut is None:
            self._cut = self.text.split(b"\n")
            self._cut.pop()
        return self._cut

    def with_newlines(self) -> list[bytes]:
        """The lines, each with its newline."""
        if self._with_newlines is None:
            lines = self._with_newlines = BytesIO(self.text).readlines()
            if lines[-1][-1:] != b"\n":
                lines.pop()
        return self._with_newlines

    def size(self, start: int, end: int) -> int:
        """Bytes of the lines from `start` up to `end`, newlines included."""
        if self._with_newlines is None:
            return sum(map(len, self.cut()[start:end])) + end - start
        return sum(map(len, self._with_newlines[start:end]))

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.cut() if self._with_newlines is None else self._with_newlines)

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        if self._cut is None and self._with_newlines is not None and isinstance(at, int):
            return self._with_newlines[at][:-1]
        return self.cut()[at]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.cut())


def beginnings(lines: Iterable[bytes], start: int) -> Iterator[int]:
    """The offset of each of `lines` (as they stand in the file, without the newline), and the one after the last.

    All in C: this runs for every line.
    """
    return accumulate(map(_and_newline, map(len, lines)), initial=start)


class _Lines:
    r"""Lines without their newline, `\r`, leading NULs and byte order mark, and where they stood.

    `start` is the offset of the first line, `end` the one after the last.
    """

    __slots__ = ("_asked", "_begins", "end", "last_of_file", "lines", "mtime", "start")

    def __init__(
        self, lines: Sequence[Line], start: int, end: int, *, mtime: float, last_of_file: bool = False,
        begins: list[int] | None = None,
    ) -> None:  # fmt: skip
        self.lines = lines
        self.start = start
        self.end = end
        self.mtime = mtime  # epoch seconds, of the file, when the lines were read
        self.last_of_file = last_of_file
        self._asked = 0, start  # the line whose offset was asked for last, and its offset
        self._begins = begins  # offset of each line; None: each line is here as it stood, one right after the other

    @property
    def size(self) -> int:
        """Bytes of the file that these lines took."""
        return self.end - self.start

    def items(self) -> Iterator[tuple[int, Line]]:
        """(offset of the line's first byte, line), in order."""
        if self._begins is not None:
            return zip(self._begins, self.lines, strict=True)
        return zip(beginnings(self.lines, self.start), self.lines, strict=False)  # type: ignore[arg-type]  # no TooLong here

    def offset_of(self, at: int) -> int:
        """The offset of the first byte of the line with index `at`. Quick where it is asked for in ascending order."""
        if self._begins is not None:
            return self._begins[at]
        last, offset = self._asked
        if at < last:
            last, offset = 0, self.start
        lines = self.lines
        if type(lines) is Text:
            offset += lines.size(last, at)
        else:
            offset += sum(map(len, lines[last:at])) + at - last  # type: ignore[arg-type]  # no TooLong here
        self._asked = at, offset
        return offset

    def go_on_with(self, lines: list[bytes], begins: list[int]) -> None:
        """Leave out all but these lines, which begin at `begins` in the text that the lines were (a Text's)."""
        self.lines, self._begins = lines, [self.start + begin for begin in begins]

    def offsets(self) -> list[int]:
        """The offset of each line's first byte."""
        return [offset for offset, _ in self.items()]


class Batch(_Lines):
    """Lines of a followed file. `lines` may be empty: at a file's end, or while an overlong line is being skipped."""

    __slots__ = ("file", "tail")

    def __init__(
        self, file: FollowedFile, lines: Sequence[Line], start: int, end: int, *, tail: str | None, last_of_file: bool = False,
        begins: list[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(lines, start, end, mtime=file.mtime_ns / 1e9, last_of_file=last_of_file, begins=begins)
        self.file = file
        self.tail = tail  # fingerprint of the bytes before `end`; None where it isn't known


class Piece(_Lines):
    """Lines of a file that is read once and whole (read_all). `taken` is how many bytes of the file on disk are read so far.

    `damaged`: no more of it can be read.
    """

    __slots__ = ("damaged", "path", "taken")

    def __init__(
        self, path: str, lines: Sequence[Line], start: int, end: int, *, mtime: float, taken: int, last_of_file: bool = False,
        begins: list[int] | None = None, damaged: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(lines, start, end, mtime=mtime, last_of_file=last_of_file, begins=begins)
        self.path = path
        self.taken = taken
        self.damaged = damaged
