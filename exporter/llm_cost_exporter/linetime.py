"""When a call was made, as far as its line tells.

The record's own outermost time, then an inner one, then the envelope's, then the previous timed line's in the file, then the
file's modification time. A time that is there and can't be read is passed over; a line with nothing else to go by is
rejected rather than put on a wrong day. A time more than a day ahead is taken for absent, and counted.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from llm_cost_exporter import times
from llm_cost_exporter.envelope import Envelope, prefix_time
from llm_cost_exporter.nesting import Chain
from llm_cost_exporter.shape import Shape

__all__ = ["AHEAD", "LineTimes"]

AHEAD = 86_400.0  # seconds that a log's clock may be ahead of ours
_SHORTEST_EPOCH = 1e6  # a `time` below is a duration
_LARGEST_EPOCH = 10**21  # a larger integer may not even fit a float
_INNER_KEYS = ("timestamp", "$date", "seconds", "repr", "iso")  # of a time that is an object: loguru, MongoDB, protobuf


class LineTimes:
    """The times of one file's lines. `previous` is the last one read from a line; `source` says where the last answer came from."""

    __slots__ = ("_passed", "_zone", "future_times", "previous", "source")

    def __init__(self, zone: tzinfo, previous: float | None) -> None:
        self._zone = zone
        self._passed: tuple[tuple[dict[str, Any], Shape] | bytes, float] | None = None
        self.previous = previous
        self.future_times = 0
        self.source = ""

    def passed(self, line: tuple[dict[str, Any], Shape] | bytes, now: float) -> None:
        """A line without usage went by: a record, or text. Its time is read only if a later line has none."""
        self._passed = line, now

    def settle(self) -> float | None:
        """`previous`, with the line that went by last taken into account."""
        if self._passed is not None:
            (line, now), self._passed = self._passed, None
            if isinstance(line, bytes):
                when = prefix_time(line, self._zone)
            else:
                values = (line[0][key] for key in line[1].times)
                when = next((when for value in values if (when := self._parse(value)) is not None), None)
            if when is not None and when <= now + AHEAD:
                self.previous = when
        return self.previous

    def of(self, chain: Chain, logged: object, envelope: Envelope, mtime: float, now: float) -> float | None:
        """Epoch seconds of a line; None where it has times and none can be read.

        `logged` is what the format took for the call's time; of the record that it read, it comes before any other.
        """
        unreadable = False
        last = len(chain) - 1
        for at, (record, shape) in enumerate(chain):
            if at == last and logged is not None and logged != "":
                when = self._parse(logged)
                if when is None:
                    unreadable = True
                elif self._known(when, "record", now):
                    return when
            for key in shape.times:
                value = record[key]
                if value is None or value == "" or (key == "time" and _is_duration(value)):
                    continue
                when = self._parse(value)
                if when is None:
                    unreadable = True
                elif self._known(when, "record", now):
                    return when
        for value in reversed(envelope.times):
            if value is None or value == "":
                continue
            when = self._parse(value)
            if when is None:
                unreadable = unreadable or not isinstance(value, bytes)  # a text prefix need not have a time
            elif self._known(when, "envelope", now):
                return when
        if unreadable:
            return None
        when = self.settle()
        self.source = "file" if when is None else "previous line"
        return mtime if when is None else when

    def further(self, logged: object, now: float) -> float | None:
        """The time of a further call of a line, which the format took from it; None where it has none that can be read."""
        when = self._parse(logged)
        return when if when is not None and when <= now + AHEAD else None

    def _known(self, when: float, source: str, now: float) -> bool:
        if when > now + AHEAD:
            self.future_times += 1
            return False
        self.known(when, source)
        return True

    def known(self, when: float, source: str = "record") -> None:
        """A line's own time."""
        self.previous, self._passed, self.source = when, None, source

    def _parse(self, value: object) -> float | None:
        if type(value) is dict:
            value = next((value[key] for key in _INNER_KEYS if value.get(key) is not None), None)
        if isinstance(value, bytes):
            return prefix_time(value, self._zone)
        if type(value) is int and abs(value) > _LARGEST_EPOCH:
            return None
        return times.parse(value, self._zone)


def _is_duration(value: object) -> bool:
    return type(value) in {int, float} and abs(value) < _SHORTEST_EPOCH  # type: ignore[arg-type]
