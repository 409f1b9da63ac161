"""Lines that say nothing of usage, by the run: text without a brace, and records in which no format could find anything.

What the slow path would make of them is known without asking: a line without a brace holds no record, and a record is inert where no format
has its keys, nor those of any object in it, and its message is no JSON. They are only counted. The last line of a run still goes the slow way, since
a line without a time of its own has that of the line before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter.decode import strict
from llm_cost_exporter.envelope import trim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_cost_exporter.shape import Shapes
    from llm_cost_exporter.source.batch import Line

__all__ = ["Noise"]

_DEEPEST: Final = 4
_LONGEST: Final = 4096  # what is longer may be a prompt, and is worth no second decode
_NO_LINE_OF_A_LOG: Final = frozenset(b" \t\r\n\x00\x1e\xef[")  # trimmed off, or the beginning of an array


class Noise:
    """The noise among the lines of one batch."""

    __slots__ = ("_lines", "_number", "_shapes", "_special")

    def __init__(self, lines: Sequence[Line], shapes: Shapes) -> None:
        self._lines = lines
        self._shapes = shapes
        self._number = 0  # of the special line that is next
        # Lines that are more than text: a record perhaps, or of CRI (stdout, stderr), where parts of lines are joined.
        try:
            joined = b" std" in b"\n".join(lines)  # type: ignore[arg-type]
            self._special = [at for at, line in enumerate(lines) if b"{" in line or (joined and b" std" in line)]  # type: ignore[operator]
        except TypeError:  # one is too long
            self._special = list(range(len(lines)))

    def end(self, start: int, *, records: bool) -> int:
        """The index of the first line from `start` on that is not plainly noise; `records`: whether it is worth decoding those.

        To be asked in ascending order.
        """
        lines, special, number = self._lines, self._special, self._number
        while number < len(special):
            at = special[number]
            if at >= start and not (records and self._is_inert(lines[at])):
                self._number = number
                return at
            number += 1
        self._number = number
        return len(lines)

    def last_of(self, start: int, end: int) -> int | None:
        """The last line of a run that is not empty; None where all are."""
        return next((at for at in range(end - 1, start - 1, -1) if trim(self._lines[at])), None)  # type: ignore[arg-type]

    def _is_inert(self, line: Line) -> bool:
        if type(line) is not bytes or not line or len(line) > _LONGEST or line[0] in _NO_LINE_OF_A_LOG:
            return False
        at = line.find(b"{")
        if at < 0 or line[at + 1 : at + 2] != b'"' or (at and b" std" in line[:at]):
            return False
        try:
            record = strict(line[at:] if at else line)
        except ValueError:
            return False
        shape = self._shapes.of(record)
        if shape.readers or shape.fallbacks or shape.docker or shape.pages:
            return False
        for key in shape.texts:
            text = record[key]
            if type(text) is str and "{" in text:
                return False
        return self._holds_nothing(record, _DEEPEST)

    def _holds_nothing(self, record: dict[str, Any], deepest: int) -> bool:
        for value in record.values():
            if type(value) is dict and value:
                shape = self._shapes.of(value)
                if shape.readers or shape.fallbacks or not deepest or not self._holds_nothing(value, deepest - 1):
                    return False
        return True
