"""Lines that say nothing of usage, all of a batch at once: text without a brace, and inert records.

What the slow path would make of them is known without asking: a line without a brace holds no record, and quiet.py says which records are
inert. They are only counted.

Records of an application are of a few kinds, which are mostly known by their first bytes. So the type that is tried on a record is that of the last inert
one that began alike: decoding to it takes a third of the time of looking at the record itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count, repeat
from operator import contains
from typing import TYPE_CHECKING, Final

import msgspec

from llm_cost_exporter.decode import strict
from llm_cost_exporter.quick.quiet import Quiet, QuietTypes, is_silent

if TYPE_CHECKING:
    from llm_cost_exporter.shape import Shapes
    from llm_cost_exporter.source.batch import Line

__all__ = ["Noise"]

_LONGEST: Final = 4096  # what is longer may be a prompt, and is worth no second decode
_NO_LINE_OF_A_LOG: Final = frozenset(b" \t\r\n\x00\x1e\xef[")  # trimmed off, or the beginning of an array
_BRACE: Final = ord("{")
_BEGINNING: Final = 10  # bytes of a record: `{"level": `
_MOST_BEGINNINGS: Final = 256
_CREDIT: Final = 8  # records that may refuse the type of their beginning one after the other; then it is tried no more
_REFUSALS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class _Alike:
    """Records that begin alike: the type of the inert ones (None: not seen yet), how often it may still be tried in vain."""

    __slots__ = ("credit", "quiet")

    def __init__(self, quiet: Quiet | None) -> None:
        self.quiet = quiet
        self.credit = _CREDIT


class Noise:
    """Finds the noise among one file's lines."""

    __slots__ = ("_alike", "_types")

    def __init__(self, shapes: Shapes) -> None:
        self._types = QuietTypes(shapes)
        self._alike: dict[bytes, _Alike] = {}

    def kept(self, lines: Sequence[Line], start: int, text: bytes | None = None) -> list[int]:
        """The indices, from `start` on and ascending, of the lines that are not plainly noise. `text`: they were cut from it."""
        kept: list[int] = []
        get_alike = self._alike.get
        for at in _with_a_brace(lines, start, text):
            line = lines[at]
            if type(line) is not bytes:
                kept.append(at)
                continue
            alike = get_alike(line[:_BEGINNING])
            if alike is None and line[0] != _BRACE:
                brace = line.find(b"{")
                if brace < 0 or line[0] in _NO_LINE_OF_A_LOG or b" std" in line[:brace]:  # CRI's stdout and stderr
                    kept.append(at)
                    continue
                line = line[brace:]
                alike = get_alike(line[:_BEGINNING])
            if alike is not None and alike.credit:
                quiet = alike.quiet
                if quiet is not None:
                    try:
                        row = quiet.decode(line)
                    except _REFUSALS:
                        pass
                    else:
                        alike.credit = _CREDIT
                        if quiet.is_json is not None and line.rfind(_BRACE) and quiet.is_json(row):
                            kept.append(at)
                        continue
                if b"usage" in line or b"oken" in line:
                    kept.append(at)  # most likely a call: to look at it would be wasted
                    continue
                alike.credit -= quiet is not None
            if not self._is_inert(line, alike):
                kept.append(at)
        return kept

    def _is_inert(self, line: bytes, alike: _Alike | None) -> bool:
        """Look at the record itself, and learn its type."""
        if len(line) > _LONGEST or line[1:2] != b'"':
            return False
        try:
            record = strict(line)
        except ValueError:
            return False
        quiet = self._types.of(record)
        if alike is None:
            if len(self._alike) >= _MOST_BEGINNINGS:
                self._alike.clear()
            self._alike[line[:_BEGINNING]] = _Alike(quiet)
        elif quiet is not None:
            alike.quiet = quiet
        return quiet is not None and is_silent(record, quiet)

    def forget(self, line: Line) -> None:
        """A line that was kept is none of usage after all: look at the next one that begins like it."""
        if type(line) is bytes:
            begin = line.find(b"{")
            beginning = line[begin : begin + _BEGINNING]
            alike = self._alike.get(beginning)
            if alike is not None and alike.quiet is None:
                del self._alike[beginning]


def _with_a_brace(lines: Sequence[Line], start: int, text: bytes | None) -> Sequence[int]:
    """The lines that are more than text: a record perhaps, or of CRI, where parts of lines are joined.

    All in C, as this runs for every line; a byte is looked for as a number, which takes a quarter of the time.
    """
    rest = lines[start:] if start else lines
    try:
        if b" std" in (b"\n".join(rest) if text is None else text):  # type: ignore[arg-type]
            return [at for at, line in enumerate(rest, start) if _BRACE in line or b" std" in line]  # type: ignore[operator]
        return list(compress(count(start), map(contains, rest, repeat(_BRACE))))  # type: ignore[arg-type]
    except TypeError:  # one is too long, and no text at all
        return [
            at for at, line in enumerate(rest, start) if type(line) is not bytes or _BRACE in line or b" std" in line
        ]
