"""Text with a record here and there: the lines with a brace, found without a look at the others.

A line without a brace holds no record (see noise.py), and at most gives its time to a line after it that has none. One search for the next brace
through the text costs a fraction of asking each line for one.
"""

from __future__ import annotations

from itertools import repeat
from operator import contains, getitem
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.envelope import trim
from llm_cost_exporter.quick.noise import CRI, WHERE_CRI

if TYPE_CHECKING:
    from llm_cost_exporter.source.batch import Text

__all__ = ["Sparse"]

# Bytes of text for each line with a brace: with more of those it is quicker to look at each line.
_LEAST_BETWEEN: Final = 512


class Sparse:
    """The lines of a text that have a brace. `is_worth_it`: they are few, and none may be of CRI, whose lines can be parts of others without a brace."""

    __slots__ = ("_end", "_text", "begins", "is_worth_it", "lines")

    def __init__(self, text: Text) -> None:
        self._text, self._end = text.text, text.text.rfind(b"\n") + 1
        self.lines: list[bytes] = []
        self.begins: list[int] = []
        """Where they begin in the text."""
        self.is_worth_it = self._find()

    def _find(self) -> bool:
        text, lines, begins, find, rfind = self._text, self.lines, self.begins, self._text.find, self._text.rfind
        done = 0  # the lines before this offset are passed
        brace = find(b"{", 0, self._end)
        for _ in range(1 + self._end // _LEAST_BETWEEN):
            if brace < 0:
                return not any(map(contains, map(getitem, lines, repeat(WHERE_CRI)), repeat(CRI)))
            end, begin = find(b"\n", brace), rfind(b"\n", done, brace) + 1 or done
            lines.append(text[begin:end])
            begins.append(begin)
            done = end + 1
            brace = find(b"{", done, self._end)
        return False

    def last_before(self, at: int) -> bytes | None:
        """The last line that is not blank between the line with index `at` (or the end) and the one before it; None: there is none."""
        start = self.begins[at - 1] + len(self.lines[at - 1]) + 1 if at else 0
        end = self.begins[at] if at < len(self.lines) else self._end
        while start < end:
            begin = self._text.rfind(b"\n", start, end - 1) + 1 or start
            line = self._text[begin : end - 1]
            if trim(line):
                return line
            end = begin
        return None
