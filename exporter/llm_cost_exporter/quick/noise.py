"""Lines that say nothing of usage, all of a batch at once: text without a brace, and inert records.

What the slow path would make of them is known without asking: a line without a brace holds no record, and quiet.py says which records are
inert. They are only counted. Lines of CRI may be parts of others, with a brace or without. To look for them takes as long as all the rest, so a
file whose first thousand lines had none is looked through no more, until one with a brace is read.

Records of an application are of a few kinds, which are mostly known by their first bytes. So the type that is tried on a record is that of the last inert
one that began alike: decoding to it takes a third of the time of looking at the record itself. All that is done for each line is done in C, a line
that is not as expected is looked at by `_look`.
"""

from __future__ import annotations

from itertools import chain, compress, count, repeat
from operator import call, contains, getitem, not_
from typing import TYPE_CHECKING, Any, Final

import msgspec

from llm_cost_exporter.decode import strict
from llm_cost_exporter.quick.quiet import Quiet, QuietTypes, is_silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llm_cost_exporter.shape import Shapes
    from llm_cost_exporter.source.batch import Line

__all__ = ["CRI", "WHERE_CRI", "Noise"]

_LONGEST: Final = 4096  # what is longer may be a prompt, and is worth no second decode
_NO_LINE_OF_A_LOG: Final = frozenset(b" \t\r\n\x00\x1e\xef[")  # trimmed off, or the beginning of an array
_BRACE: Final = ord("{")
_BACKSLASH: Final = ord("\\")
_BEGINNING: Final = slice(10)  # bytes of a record: `{"level": `
_MOST_BEGINNINGS: Final = 256
_CREDIT: Final = (
    8  # records that may refuse the type of their beginning, few others between them; then it is tried no more
)
_FEW: Final = 4
CRI: Final = b" std"  # stdout, stderr
WHERE_CRI: Final = slice(80)  # bytes of a line
_ENOUGH: Final = 1000  # lines
_FEW_BRACES: Final = 16  # one line of so many
_REFUSALS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class _Alike:
    """Records that begin alike: the type of the inert ones, and how often it may still be tried in vain.

    No type: none was seen yet, and `credit` is how many calls more it takes to think that all are.
    """

    __slots__ = ("credit", "quiet", "refused")

    def __init__(self, quiet: Quiet | None) -> None:
        self.quiet = quiet
        self.credit = _CREDIT
        self.refused = 0  # the record that refused last, counted from the first that was ever looked at


class Noise:
    """Finds the noise among one file's lines."""

    __slots__ = ("_alike", "_has_cri", "_looked_at", "_quick", "_some_is_json", "_types", "is_sparse")

    def __init__(self, shapes: Shapes) -> None:
        self._types = QuietTypes(shapes)
        self._alike: dict[bytes, _Alike] = {}
        self._quick: dict[
            bytes, Callable[[bytes], Any]
        ] = {}  # by beginning: the decoding to its type, while that is tried
        self._some_is_json: dict[type, Callable[[Any], bool]] = {}  # by type: whether a text of a row may be JSON
        self._looked_at = 0  # lines with a brace
        self._has_cri: bool | None = None  # the file; None: it is not known
        self.is_sparse = False
        """Few lines have a brace, and none is of CRI: see sparse.py."""

    def kept(self, lines: Sequence[Line], start: int) -> list[int]:
        """The indices, from `start` on and ascending, of the lines that are not plainly noise. With their newlines or without."""
        if (
            len(self._alike) >= _MOST_BEGINNINGS
        ):  # between two batches: what was decoded is asked by its type in the end
            self._alike.clear()
            self._quick.clear()
            self._some_is_json.clear()
        rest: Any = lines[start:] if start else lines
        others: list[int] = []
        try:
            braces = list(compress(count(), map(contains, rest, repeat(_BRACE))))
        except TypeError:  # one is too long, and no text at all
            others = [at for at, line in enumerate(rest) if type(line) is not bytes]
            rest = [line if type(line) is bytes else b"" for line in rest]
            braces = list(compress(count(), map(contains, rest, repeat(_BRACE))))
        if self._has_cri is not False:
            others += self._of_cri(rest)
        elif len(braces) * _FEW_BRACES <= len(rest):
            self.is_sparse = True
        kept = list(compress(braces, map(not_, self._inert([rest[at] for at in braces]))))
        if others:
            kept = sorted({*kept, *others})
        return [at + start for at in kept] if start else kept

    def met(self, line: Line) -> bool:
        """A line was read that was kept. True: it is of CRI, what nobody thought."""
        if self._has_cri is not False or type(line) is not bytes or CRI not in line[WHERE_CRI]:
            return False
        self._has_cri, self.is_sparse = True, False
        return True

    def _of_cri(self, lines: list[bytes]) -> list[int]:
        """The lines that may be of CRI, without a brace too."""
        if CRI in b"\n".join(lines):
            self._has_cri = True
            return [at for at, line in enumerate(lines) if CRI in line]
        if self._has_cri is None and len(lines) >= _ENOUGH:
            self._has_cri = False
        return []

    def _inert(self, lines: list[bytes]) -> list[Any]:
        """Of each line with a brace something true if it is noise."""
        answers: list[Any] = []
        beginnings: Iterator[Any] = map(getitem, lines, repeat(_BEGINNING))
        asked: Iterator[Any] = map(call, map(self._quick.get, beginnings, repeat(self._look)), lines)
        while True:
            try:
                answers.extend(asked)
                break
            except _REFUSALS:  # the next time it goes on after this one
                answers.append(self._refused(lines[len(answers)], self._looked_at + len(answers)))
        # A second brace may be in a text, or be written there as an escape.
        further = compress(count(), map(bytes.rfind, lines, repeat(_BRACE)))
        for at in chain(further, compress(count(), map(contains, lines, repeat(_BACKSLASH)))):
            some_is_json = self._some_is_json.get(type(answers[at]))
            if some_is_json is not None and some_is_json(answers[at]):
                answers[at] = False
        self._looked_at += len(lines)
        return answers

    def _refused(self, line: bytes, number: int) -> bool:
        """Look at a record that its beginning's type does not fit."""
        if _speaks_of_usage(line):
            return False
        alike = self._alike.get(line[_BEGINNING])
        if alike is None:
            return False
        alike.credit = alike.credit - 1 if number - alike.refused <= _FEW * _CREDIT else _CREDIT
        alike.refused = number
        if not alike.credit:
            self._quick.pop(line[_BEGINNING], None)
        return self._is_inert(line, alike)

    def _look(self, line: bytes) -> bool:
        """Look at a line with a brace whose beginning tells no type."""
        if line[0] != _BRACE:
            brace = line.find(b"{")
            if line[0] in _NO_LINE_OF_A_LOG or CRI in line[:brace]:
                return False
            line = line[brace:]
            decode = self._quick.get(line[_BEGINNING])
            if decode is not None and decode is not not_:
                try:
                    row = decode(line)
                except _REFUSALS:
                    pass
                else:
                    some_is_json = self._some_is_json.get(type(row))
                    return some_is_json is None or not some_is_json(row)
        alike = self._alike.get(line[_BEGINNING])
        if alike is not None and _speaks_of_usage(line):
            if alike.quiet is None:
                alike.credit -= 1
                if (
                    not alike.credit
                ):  # all that began like it were calls: such lines are kept unseen, until one of them is none
                    self._quick[line[_BEGINNING]] = not_
            return False
        return self._is_inert(line, alike)

    def _is_inert(self, line: bytes, alike: _Alike | None) -> bool:
        """Look at the record itself, and learn its type."""
        if len(line) > _LONGEST or line[1:2] != b'"':
            return False
        try:
            record = strict(line)
        except ValueError:
            return False
        quiet = self._types.of(record)
        if alike is None and len(self._alike) < _MOST_BEGINNINGS:
            alike = self._alike[line[_BEGINNING]] = _Alike(None)
        if quiet is None:
            return False
        if alike is None:
            return is_silent(record, quiet)
        if alike.quiet is None:
            alike.credit = _CREDIT
        alike.quiet = quiet
        if alike.credit:
            self._quick[line[_BEGINNING]] = quiet.decode
            if quiet.is_json is not None:
                self._some_is_json[quiet.kind] = quiet.is_json
        return is_silent(record, quiet)

    def forget(self, line: Line) -> None:
        """A line that was kept is none of usage after all: look at the next one that begins like it."""
        if type(line) is bytes:
            begin = line.find(b"{")
            beginning = line[begin:][_BEGINNING]
            alike = self._alike.get(beginning)
            if alike is not None and alike.quiet is None:
                del self._alike[beginning]
                self._quick.pop(beginning, None)


def _speaks_of_usage(line: bytes) -> bool:
    """Most likely a call: to look at it would be wasted."""
    return b"usage" in line or b"oken" in line
