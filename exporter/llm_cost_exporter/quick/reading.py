"""A batch's lines into runs of rows, and those into the posting; what fits no form is left to the caller.

    quick = QuickLines(reader, forms, posting, scope)    for as long as a file is read
    noise = quick.leave_out(batch)                       a batch: so many lines, that are noise, are taken off it
    quick.begin(batch.lines, now, mtime, …)              what is left of it
    posted, noise = quick.advance(at)                    so many lines from `at` on are posted, so many are noise: go on after all of them
    quick.learn(at, outcome)                             the slow path has read the line that this stopped at
    quick.end()                                          the batch is read

A file's form is that of the line that the slow path read last. Where lines keep refusing it (several kinds of records take turns) decoding to it
is wasted, and the file rests from it for a while.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from llm_cost_exporter.envelope import trim
from llm_cost_exporter.quick.forms import FORMATS
from llm_cost_exporter.quick.noise import Noise
from llm_cost_exporter.quick.sparse import Sparse
from llm_cost_exporter.source.batch import Text
from llm_cost_exporter.types import Skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_cost_exporter.quick.forms import Form
    from llm_cost_exporter.quick.posting import Group, Posting
    from llm_cost_exporter.record import Outcome, RecordReader
    from llm_cost_exporter.source.batch import Batch, Line, Piece
    from llm_cost_exporter.types import Usage

__all__ = ["QuickLines"]

_CREDIT: Final = 32  # lines that may refuse a form, beyond those that fit it, before the file rests from it
_REST: Final = 512  # lines
_LEAST_NOISE: Final = 32  # one line of so many
_LONGEST_PREFIX: Final = 200
_REFUSALS: Final = (msgspec.MsgspecError, ValueError, TypeError, AttributeError, RecursionError)


class QuickLines:
    """The quick path of one file."""

    __slots__ = (
        "_credit", "_first", "_form", "_group", "_kept", "_lines", "_mtime", "_next", "_noise", "_noisy", "_now", "_posting", "_prefixed", "_reader", "_rest",
        "_rows", "_scope", "_sparse", "_stuck", "_tried",
    )  # fmt: skip

    def __init__(self, reader: RecordReader, posting: Posting[Any], scope: str) -> None:
        self._reader = reader
        self._posting = posting
        self._scope = scope
        self._form: Form | None = None
        self._group: Group | None = None
        self._prefixed = False  # the record stands behind a text prefix
        self._noise = Noise(reader.shapes) if reader.knows_noise else None
        self._noisy = False  # there was so much noise that it is worth looking for
        self._sparse: Sparse | None = None  # what was taken off this batch
        self._lines: Sequence[Line] = ()  # while noise is looked for each may have its newline
        self._kept: Sequence[int] = ()  # indices of the lines that are no noise, as far as that was looked for
        self._tried: Sequence[Line] = ()  # those lines
        self._next = 0  # of _kept: the first that was not passed yet
        self._rows: list[Any] = []  # of the kept lines from the one with number `_first` on
        self._first = 0
        self._stuck = -1  # the kept line that refused the form
        self._credit = _CREDIT
        self._rest = 0
        self._now = self._mtime = 0.0

    def leave_out(self, batch: Batch | Piece) -> int:
        """Take off the batch, all of whose lines are to be counted, lines that are noise. How many. `advance` must be asked before each line then."""
        noise, lines = self._noise, batch.lines
        if noise is None or not (noise.is_sparse and self._noisy) or type(lines) is not Text:
            return 0
        found = Sparse(lines)
        noise.is_sparse = found.is_worth_it
        if not found.is_worth_it:
            return 0
        self._sparse = found
        many = len(lines.with_newlines())  # quicker than to count newlines
        batch.go_on_with(found.lines, found.begins)
        return many - len(found.lines)

    def begin(self, lines: Sequence[Line], now: float, mtime: float, base_before: float = -math.inf) -> None:
        """The lines of a batch, all of them to be counted; `mtime` is the file's."""
        if type(lines) is Text:
            lines = lines.with_newlines() if self._noisy else lines.cut()
        self._lines, self._now, self._mtime = lines, now, mtime
        self._keep(range(len(lines)), lines)
        if self._noisy:
            self._look_for_noise(0)
        self._posting.begin(now, base_before)
        self._ask_for_group()

    def end(self) -> None:
        """The batch is read: keep none of its text, which many files would add up to much."""
        if self._sparse is not None:
            self._pass_gap(self._sparse, len(self._lines))
        self._lines, self._sparse = (), None
        self._keep((), ())

    def _keep(self, kept: Sequence[int], lines: Sequence[Line]) -> None:
        self._kept, self._tried, self._next, self._rows, self._first, self._stuck = kept, lines, 0, [], 0, -1

    def _look_for_noise(self, start: int) -> None:
        """Find the noise among the lines of the batch from `start` on."""
        noise, lines = self._noise, self._lines
        if noise is not None and start < len(lines):
            kept = noise.kept(lines, start)
            if self._sparse is None:
                self._noisy = (len(lines) - start - len(kept)) * _LEAST_NOISE >= len(lines) - start
            self._keep(kept, [lines[at] for at in kept])

    def _ask_for_group(self) -> None:
        reader, form = self._reader, self._form
        self._group = None
        if form is not None:
            self._group = self._posting.group(form, reader.base_labels, self._scope, reader.zone)

    def advance(self, at: int) -> tuple[int, int]:
        """How many of the lines from `at` on were posted quickly, and how many are noise, among them and after them.

        Both 0: `at` is for the slow path. To be asked in ascending order.
        """
        kept, group = self._kept, self._group
        if type(kept) is range:  # all of them: noise was not looked for
            return (0, 0) if group is None else (self._run(group, at, after_noise=False), 0)
        number = self._next
        while number < len(kept) and kept[number] < at:
            number += 1
        posted = 0
        if group is not None and number < len(kept):
            posted = self._run(group, number, after_noise=kept[number] > at)
        self._next = end = number + posted
        before = kept[end - 1] + 1 if posted else at
        stop = kept[end] if end < len(kept) else len(self._lines)
        if stop > before:  # a line without a time of its own has that of the line before it
            last = self._last_of(before, stop)
            if last is not None and not self._reader.pass_by(self._lines[last], self._now):  # type: ignore[arg-type]
                self._keep([last, *kept[end:]], [self._lines[last], *self._tried[end:]])
                stop = last
        if self._sparse is not None and stop < len(self._lines):
            self._pass_gap(self._sparse, stop)
        return posted, stop - at - posted

    def _pass_gap(self, sparse: Sparse, at: int) -> None:
        """Of the lines that were taken off the batch before this one the last may give it its time."""
        line = sparse.last_before(at)
        if line is not None:
            self._reader.pass_by(line, self._now)

    def _last_of(self, start: int, end: int) -> int | None:
        """The last line of a run of noise that is not empty; None where all are."""
        return next((at for at in range(end - 1, start - 1, -1) if trim(self._lines[at])), None)  # type: ignore[arg-type]

    def _run(self, group: Group, number: int, *, after_noise: bool) -> int:
        """Post kept lines from this one on, up to the first for the slow path. How many were posted."""
        if self._reader.holds_calls or ((after_noise or self._sparse is not None) and "when" not in group.form.has):
            return 0
        if not self._first <= number < self._first + len(self._rows) and not self._decode(group.form, number):
            return 0
        start, form = number - self._first, group.form
        if "when" in form.has:
            posted = self._posting.post(group, self._rows, start)
            if posted:
                self._reader.passed_quickly(self._posting.last_time)
        else:  # each has the time of the line before it, so up to the first noise all have the same
            when = self._reader.time_for_one_without(self._mtime)
            posted = self._posting.post(group, self._rows, start, start + self._without_noise(number), when)
        if posted:
            self._credit = min(self._credit + posted, _CREDIT)
        return posted

    def _without_noise(self, number: int) -> int:
        """How many kept lines from this one on stand one right after the other."""
        kept = self._kept
        if type(kept) is range:
            return len(kept) - number
        first, end = kept[number], number + 1
        while end < len(kept) and kept[end] - end == first - number:
            end += 1
        return end - number

    def _decode(self, form: Form, number: int) -> bool:
        """Decode from this kept line on up to the first that refuses the form. False: that is the line itself."""
        if self._rest or number == self._stuck:
            self._rest = max(0, self._rest - 1)
            return False
        rows: list[Any] = []
        lines = islice(self._tried, number, None)
        try:
            rows.extend(map(form.decode, map(_record_of, lines) if self._prefixed else lines))  # type: ignore[arg-type]
        except _REFUSALS:
            self._stuck = number + len(rows)
            if not rows:
                self._credit -= 1
                if self._credit < 0:
                    self._credit, self._rest = _CREDIT, _REST
        self._rows, self._first = rows, number
        return bool(rows)

    def learn(self, at: int, outcome: Outcome) -> None:
        """The slow path has read line `at`, which was not posted quickly. Never raises."""
        if self._noise is not None and self._noise.met(self._lines[at]) and type(self._kept) is not range:
            self._look_for_noise(at + 1)
        if type(outcome) is Skip and self._noise is not None:
            self._learn_noise(self._noise, at)
        if type(outcome) is not list or len(outcome) != 1 or self._rest:
            return
        if self._reader.format not in FORMATS:
            self._form = self._group = None
            return
        try:
            self._learn(at, outcome[0])
        except Exception:  # noqa: BLE001 - a defect of ours in making a form must cost time and nothing else
            self._form = self._group = None

    def _learn_noise(self, noise: Noise, at: int) -> None:
        if type(self._kept) is range:  # it was not looked for in this batch
            self._look_for_noise(at + 1)
        else:
            noise.forget(self._lines[at])

    def _learn(self, at: int, call: Usage) -> None:
        form, prefixed = self._reader.quick_form()
        if form is not self._form or prefixed != self._prefixed:
            self._form, self._prefixed = form, prefixed
            self._rows, self._first, self._stuck = [], 0, -1
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
