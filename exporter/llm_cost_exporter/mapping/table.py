"""A CSV with a header: its rows as records.

The header is the first line that has the columns which the mapping's input, output, time and model name; a later such line
(a writer that began anew, a new file) is the header from there on, and is no row. A new file without a header goes on with
that of the file before it. A reader that begins in the middle of a file looks for the header at its beginning.

Cells may be in quotes, with the quote doubled inside, and with line breaks: such lines are parts of one row. A header or a whole row among
them, with a time and a number where they belong, means that the writer died within the quotes and began anew.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.envelope import Envelope
from llm_cost_exporter.mapping.reader import MappedReader
from llm_cost_exporter.record import DEFECT, Outcome
from llm_cost_exporter.shape import TIME_KEYS
from llm_cost_exporter.times import parse
from llm_cost_exporter.types import FileState, Rejected, Skip, Usage

if TYPE_CHECKING:
    from llm_cost_exporter.envelope import OpenLines
    from llm_cost_exporter.mapping.entry import MappedEntry

__all__ = ["Columns", "TableReader"]

_HEADER: Final = Skip("the header of a CSV")
_EMPTY: Final = Skip("empty line")
_NO_HEADER: Final = Rejected("bad_json", "a CSV without a header that has the mapping's columns")
_CELLS: Final = Rejected("bad_json", "not as many cells as the CSV's header has")
_STREAM: Final = "csv"
_STATE_KEY: Final = "csv"
_OVERLONG_KEY: Final = "overlong"  # as in envelope.py
_LONGEST_HEADER: Final = 1 << 16
_SHORTEST_TIME: Final = 10

csv.field_size_limit(1 << 30)  # a cell may hold a whole prompt; the length of lines is bounded before they come here


class Columns:
    """Where the wanted columns are. Kept in the file's state: numbers, and names that the mapping itself has."""

    def __init__(self, wanted: Iterable[str], needed: Iterable[str], state: FileState) -> None:
        self._wanted = sorted(wanted)
        self._needed = frozenset(needed)
        self._state = state
        self._for = blake2b("\0".join(self._wanted).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        self.mark = max(self._needed, key=len, default="").encode()  # only a line with this can be a header
        self.at: dict[str, int] = {}
        self.cells = 0
        self.stale = False  # it was kept for another mapping
        saved = state.get(_STATE_KEY)
        if type(saved) is dict:
            self.at, self.cells = saved["at"], saved["cells"]
            self.stale = saved["for"] != self._for

    def take(self, cells: list[str]) -> bool:
        """Whether `cells` are a header; they are the one in force then."""
        names = [cell.strip().lstrip("\ufeff") for cell in cells]
        if not (
            self._needed <= set(names) if self._needed else not self.at and not set(names).isdisjoint(self._wanted)
        ):
            return False
        self.at = {name: names.index(name) for name in self._wanted if name in names}
        self.cells, self.stale = len(cells), False
        self._state[_STATE_KEY] = {"at": self.at, "cells": self.cells, "for": self._for}
        return True

    def look_like_row(self, cells: list[str]) -> bool:
        """Whether `cells` can hardly be anything but a row: as many as the header's, with a time and a number in the mapping's columns."""
        if not self.at or len(cells) != self.cells:
            return False
        values = {name: cells[index].strip() for name, index in self.at.items()}
        return (
            all(values[name] for name in self._needed if name in values)
            and any(len(value) >= _SHORTEST_TIME and parse(value) is not None for value in values.values())
            and any(value.isdigit() and len(value) < _SHORTEST_TIME for value in values.values())
        )


class TableReader(MappedReader):
    """Reads the rows of one file by a mapping."""

    __slots__ = ("_columns", "_delimiter", "_looked", "_path", "_quoted")

    def __init__(self, entry: MappedEntry, path: str, state: FileState, previous_time: float | None) -> None:
        super().__init__(entry, path, state, previous_time)
        mapping = entry.mapping
        usual = () if "time" in mapping.paths else TIME_KEYS
        self._columns = Columns({*mapping.names, *entry.labels.keys, *usual}, mapping.columns, state)
        self._delimiter = mapping.delimiter or ","
        self._path = path
        self._looked = False
        self._quoted = _STREAM in state.get(_OVERLONG_KEY, ())  # the line before ended inside of quotes

    def read(self, line: bytes, offset: int, mtime: float, now: float) -> Outcome:
        """As RecordReader.read."""
        self._offset, self._mtime, self._now = offset, mtime, now
        self.format, self._envelope = None, Envelope()
        try:
            return self._line(line)
        except Exception as defect:  # noqa: BLE001 - as in record.py
            return Rejected("bad_json", f"{DEFECT}: {type(defect).__name__}")

    def open_parts(self, end: int) -> list[int]:
        """As RecordReader.open_parts."""
        parts = super().open_parts(end)
        if not parts and _STREAM not in self.state.get(_OVERLONG_KEY, ()):
            self._quoted = False  # given up: the quotes were no quotes
        return parts

    def begin(self, before: OpenLines, *, again: bool) -> None:
        """A row that is broken off at a file's end does not go on in the next one, which begins with its own header."""

    def finish(self, mtime: float, now: float) -> list[Usage]:
        """As RecordReader.finish. A row whose quotes never close is none."""
        self._joiner.rest()
        return super().finish(mtime, now)

    def _line(self, line: bytes) -> Outcome:
        if not self._quoted and b'"' not in line:
            if not line.strip():
                return _EMPTY
            return self._row(line.decode("utf-8", "replace").split(self._delimiter), line)
        if self._quoted and b'"' not in line:
            cells = line.decode("utf-8", "replace").split(self._delimiter)
            if self._columns.look_like_row(cells) or (self._may_be_header(line) and self._columns.take(cells)):
                return self._begun_anew(line)
        cells, still_open = self._cut(('"' if self._quoted else "") + line.decode("utf-8", "replace"))
        was_quoted, self._quoted = self._quoted, still_open
        if still_open:
            part = self._joiner.add(_STREAM, line + b"\n", self._offset, last=False)
            assert not isinstance(part, bytes)
            return part
        if not was_quoted:
            return self._row(cells, line)
        text = self._joiner.add(_STREAM, line, self._offset, last=True)
        if not isinstance(text, bytes):
            return text
        whole = text.decode("utf-8", "replace")
        try:
            cells = next(csv.reader((whole,), delimiter=self._delimiter, strict=True))
        except csv.Error:
            cells = []
        if len(cells) == self._columns.cells or self._may_be_header(text):
            return self._row(cells or self._cut(whole)[0], text)
        return self._torn(whole.partition("\n")[0], line)

    def _begun_anew(self, line: bytes) -> Outcome:
        """The row that is open in quotes was broken off, and `line` is the next one."""
        self._quoted = False
        text = self._joiner.add(_STREAM, line, self._offset, last=True)
        if not isinstance(text, bytes):  # the open one was too long
            return self._row(self._cut(line.decode("utf-8", "replace"))[0], line)
        return self._torn(text.decode("utf-8", "replace").partition("\n")[0], line)

    def _torn(self, first: str, line: bytes) -> Outcome:
        """Lines that are no row together: a writer died within a cell of the `first` one, and `line` is a row of another."""
        calls: list[Usage] = []
        for text, raw in ((first, first.encode()), (line.decode("utf-8", "replace"), line)):
            outcome = self._row(self._cut(text)[0], raw)
            calls += outcome if isinstance(outcome, list) else []
        return calls or _CELLS

    def _cut(self, text: str) -> tuple[list[str], bool]:
        """The cells of `text`, and whether it ends inside of quotes."""
        rows = csv.reader((text, ""), delimiter=self._delimiter)
        return next(rows, []), rows.line_num > 1

    def _row(self, cells: list[str], line: bytes) -> Outcome:
        columns = self._columns
        if self._may_be_header(line) and columns.take(cells):
            return _HEADER
        if (not columns.at or columns.stale) and self._offset and not self._looked:
            self._looked = True
            self._look_at_beginning()
        if not columns.at:
            return _NO_HEADER
        if len(cells) != columns.cells:
            return _CELLS
        record = {name: cells[index].strip() or None for name, index in columns.at.items()}
        return self._object(record, self._shapes.of(record), self._envelope)

    def _may_be_header(self, line: bytes) -> bool:
        mark = self._columns.mark
        return mark in line if mark else not self._columns.at

    def _look_at_beginning(self) -> None:
        """The reader begins in the middle of a file: its header was not among the lines."""
        try:
            with open(self._path, "rb") as file:  # noqa: PTH123 - the path may be any text
                first = file.readline(_LONGEST_HEADER)
        except (OSError, ValueError):
            return
        self._columns.take(self._cut(first.decode("utf-8", "replace").rstrip("\r\n"))[0])
