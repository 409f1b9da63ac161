"""A batch's lines into runs of rows, and those into the posting; what fits no form is left to the caller.

    quick = QuickLines(reader, forms, posting, scope)    for as long as a file is read
    quick.begin(lines, now, base_before)                 a batch
    posted = quick.run(at)                               so many lines from `at` on are posted: go on after them
    passed = quick.noise(at)                             so many more are noise
    quick.learn(outcome)                                 the slow path has read the line that `run` stopped at

A file's form is that of the line that the slow path read last. Where lines keep refusing it (several kinds of records take turns) decoding to it
is wasted, and the file rests from it for a while.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from llm_cost_exporter.quick.noise import Noise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_cost_exporter.quick.forms import Form
    from llm_cost_exporter.quick.posting import Group, Posting
    from llm_cost_exporter.record import RecordReader
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
        "_at", "_credit", "_form", "_group", "_lines", "_noise", "_now", "_posting", "_prefixed", "_reader", "_rest", "_rows", "_scope",
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

    def begin(self, lines: Sequence[Line], now: float, base_before: float = -math.inf) -> None:
        """The lines of a batch, all of them to be counted."""
        self._lines, self._rows, self._at, self._stuck = lines, [], 0, -1
        self._noise, self._now = None, now
        self._posting.begin(now, base_before)
        self._ask_for_group()

    def _ask_for_group(self) -> None:
        reader, form = self._reader, self._form
        self._group = None
        if form is not None:
            self._group = self._posting.group(form, reader.base_labels, self._scope, reader.zone)

    def run(self, at: int) -> int:
        """Post lines from the one with index `at` on, up to the first for the slow path. How many were posted."""
        group = self._group
        if group is None or self._reader.holds_calls:
            return 0
        if not self._at <= at < self._at + len(self._rows) and not self._decode(group.form, at):
            return 0
        posted = self._posting.post(group, self._rows, at - self._at)
        if posted:
            self._reader.passed_quickly(self._posting.last_time)
            self._credit = min(self._credit + posted, _CREDIT)
        return posted

    def noise(self, at: int) -> int:
        """How many lines from `at` on are plainly no usage; they are passed by, and only to be counted."""
        reader = self._reader
        if not reader.knows_noise:
            return 0
        noise = self._noise
        if noise is None:
            noise = self._noise = Noise(self._lines, reader.shapes)
        end = noise.end(at)
        last = noise.last_of(at, end)
        if last is not None and not reader.pass_by(self._lines[last], self._now):  # type: ignore[arg-type]
            return last - at
        return end - at

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

    def learn(self, at: int, calls: list[Usage]) -> None:
        """The slow path found `calls` in line `at`, which was not posted quickly. Never raises."""
        if len(calls) != 1 or self._rest:
            return
        try:
            self._learn(at, calls[0])
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
