"""A batch's lines into runs of rows, and those into the posting; what fits no form is left to the caller.

    quick = QuickLines(reader, forms, posting, scope)    for as long as a file is read
    quick.begin(lines, now, base_before)                 a batch
    posted, noise = quick.advance(at)                    so many lines from `at` on are posted, so many more are noise: go on after them
    quick.learn(at, outcome)                             the slow path has read the line that this stopped at

A file's form is that of the line that the slow path read last. Where lines keep refusing it (several kinds of records take turns) decoding to it
is wasted, and the file rests from it for a while.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from llm_cost_exporter.quick.forms import FORMATS
from llm_cost_exporter.quick.noise import Noise
from llm_cost_exporter.types import Skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_cost_exporter.quick.forms import Form
    from llm_cost_exporter.quick.posting import Group, Posting
    from llm_cost_exporter.record import Outcome, RecordReader
    from llm_cost_exporter.source.batch import Line
    from llm_cost_exporter.types import Usage

__all__ = ["QuickLines"]

_CREDIT: Final = 32  # lines that may refuse a form, beyond those that fit it, before the file rests from it
_REST: Final = 512  # lines
_LONGEST_PREFIX: Final = 200
_REFUSALS: Final = (msgspec.MsgspecError, ValueError, TypeError, AttributeError, RecursionError)


class QuickLines:
    """The quick path of one file."""

    __slots__ = (
        "_at", "_credit", "_form", "_group", "_lines", "_noise", "_noisy", "_now", "_posting", "_prefixed", "_reader", "_rest", "_rows", "_scope",
        "_stuck",
    )  # fmt: skip

    def __init__(self, reader: RecordReader, posting: Posting[Any], scope: str) -> None:
        self._reader = reader
        self._posting = posting
        self._scope = scope
        self._form: Form | None = None
        self._group: Group | None = None
        self._prefixed = False  # the record stands behind a text prefix
        self._lines: Sequence[Line] = ()
        self._rows: list[Any] = []  # of the lines from `_at` on
        self._at = 0
        self._stuck = -1  # the line that refused the form
        self._credit = _CREDIT
        self._rest = 0
        self._noise: Noise | None = None
        self._now = 0.0
        self._noisy = False  # what the slow path read last was no usage: the next records may be none either

    def begin(self, lines: Sequence[Line], now: float, base_before: float = -math.inf) -> None:
        """The lines of a batch, all of them to be counted."""
        self._lines, self._rows, self._at, self._stuck = lines, [], 0, -1
        self._noise, self._now = Noise(lines, self._reader.shapes) if self._reader.knows_noise else None, now
        self._posting.begin(now, base_before)
        self._ask_for_group()

    def _ask_for_group(self) -> None:
        reader, form = self._reader, self._form
        self._group = None
        if form is not None:
            self._group = self._posting.group(form, reader.base_labels, self._scope, reader.zone)

    def advance(self, at: int) -> tuple[int, int]:
        """How many lines from `at` on were posted quickly, and how many after them are noise. Both 0: `at` is for the slow path."""
        posted = 0 if self._group is None else self._run(self._group, at)
        noise = self._noise
        if noise is None:
            return posted, 0
        start = at + posted
        end = noise.end(start, records=self._noisy)
        if end == start:
            return posted, 0
        last = noise.last_of(start, end)
        if last is not None and not self._reader.pass_by(self._lines[last], self._now):  # type: ignore[arg-type]
            return posted, last - start
        return posted, end - start

    def _run(self, group: Group, at: int) -> int:
        """Post lines from the one with index `at` on, up to the first for the slow path. How many were posted."""
        if self._reader.holds_calls:
            return 0
        if not self._at <= at < self._at + len(self._rows) and not self._decode(group.form, at):
            return 0
        posted = self._posting.post(group, self._rows, at - self._at)
        if posted:
            self._reader.passed_quickly(self._posting.last_time)
            self._credit = min(self._credit + posted, _CREDIT)
        return posted

    def _decode(self, form: Form, at: int) -> bool:
        """Decode from line `at` on up to the first that refuses the form. False: that is `at` itself."""
        if self._rest or at == self._stuck:
            self._rest = max(0, self._rest - 1)
            return False
        rows: list[Any] = []
        lines = islice(self._lines, at, None)
        try:
            rows.extend(map(form.decode, map(_record_of, lines) if self._prefixed else lines))  # type: ignore[arg-type]
        except _REFUSALS:
            self._stuck = at + len(rows)
            if not rows:
                self._credit -= 1
                if self._credit < 0:
                    self._credit, self._rest = _CREDIT, _REST
        self._rows, self._at = rows, at
        return bool(rows)

    def learn(self, at: int, outcome: Outcome) -> None:
        """The slow path has read line `at`, which was not posted quickly. Never raises."""
        self._noisy = type(outcome) is Skip
        if type(outcome) is not list or len(outcome) != 1 or self._rest:
            return
        if self._reader.format not in FORMATS:
            self._form = self._group = None
            return
        try:
            self._learn(at, outcome[0])
        except Exception:  # noqa: BLE001 - a defect of ours in making a form must cost time and nothing else
            self._form = self._group = None

    def _learn(self, at: int, call: Usage) -> None:
        form, prefixed = self._reader.quick_form()
        if form is not self._form or prefixed != self._prefixed:
            self._form, self._prefixed = form, prefixed
            self._rows, self._at, self._stuck = [], at + 1, -1
            self._ask_for_group()
        if self._group is None:
            return
        line = self._lines[at]
        try:
            row = self._group.form.decode(_record_of(line) if prefixed else line)  # type: ignore[arg-type]
        except _REFUSALS:
            return
        self._posting.learn(self._group, row, call)


def _record_of(line: bytes) -> bytes:
    """The record behind a text prefix. Raises ValueError where the slow path might take the text for something else."""
    at = line.index(b"{")
    if line[at + 1 : at + 2] != b'"' or at > _LONGEST_PREFIX or b" std" in line[:at]:  # CRI's stdout and stderr
        raise ValueError
    return line[at:]
