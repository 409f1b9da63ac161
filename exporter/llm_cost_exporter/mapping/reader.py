"""Mapped records in the record stage: what wraps them comes off as everywhere, and the mapping reads what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter.envelope import Envelope
from llm_cost_exporter.formats.counts import BadCountError
from llm_cost_exporter.linetime import AHEAD
from llm_cost_exporter.record import Outcome, RecordReader
from llm_cost_exporter.shape import Shape
from llm_cost_exporter.types import FileState, Rejected, Skip, Usage

if TYPE_CHECKING:
    from llm_cost_exporter.mapping.entry import MappedEntry

__all__ = ["MappedReader"]

_NAME: Final = "mapping"
_EARLIEST: Final = 946_684_800.0  # 2000-01-01, as in times.py
_NOT_COUNTED: Final = Skip("the mapping does not count it")
_BAD_TIME: Final = Rejected("bad_time")


class MappedReader(RecordReader):
    """Reads one file's records by a mapping."""

    __slots__ = ("_mapped",)

    def __init__(self, entry: MappedEntry, path: str, state: FileState, previous_time: float | None) -> None:
        super().__init__(entry, path, state, previous_time)
        self._mapped = entry

    def _object(self, record: dict[str, Any], shape: Shape, envelope: Envelope) -> Outcome:
        try:
            call = self._mapped.calls.read(record)
        except BadCountError as bad:
            return Rejected("bad_count", bad.key)
        if call is None:
            outcome = self._inside_text(record, shape, envelope)
            return _NOT_COUNTED if type(outcome) is Skip else outcome
        self.format, self.chain = _NAME, ((record, shape),)
        return [call] if self._complete(call, record, shape, envelope) else _BAD_TIME

    def _complete(self, call: Usage, record: dict[str, Any], shape: Shape, envelope: Envelope) -> bool:
        """Time, labels, and names as they may be shown. False where no time can be read."""
        logged = call.logged_time
        if (type(logged) is float or type(logged) is int) and _EARLIEST <= logged <= self._now + AHEAD:
            when: float | None = logged
            self._times.known(logged)
        else:
            # A mapped time stands instead of the usual keys: those of a record that has none.
            usual = shape if logged is None or logged == "" else self._shapes.of({})
            when = self._times.of(((record, usual),), logged, envelope, self._mtime, self._now)
        if when is None:
            return False
        call.time = when
        entry = self._mapped
        values = self._base_labels
        if entry.mapped_labels:
            values = entry.labels.filled(values, ((index, get(record)) for index, get in entry.mapped_labels))
        around = (record, *reversed(envelope.records))
        plans = [(each, plan) for each in around if (plan := self._shapes.of(each).labels)]
        call.labels = entry.labels.values(values, plans) if plans else values
        if call.model is not None:
            call.model = entry.names.of(call.model)
        if call.provider is not None:
            call.provider = entry.names.of(call.provider)
        return True
