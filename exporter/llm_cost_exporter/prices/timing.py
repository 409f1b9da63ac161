"""When a price of the catalogue is in force, as genai-prices has it: from a date on, or between two hours of every day, in UTC."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from llm_cost_exporter.prices.listed.types import Constraint, StartDateConstraint

__all__ = ["DAY", "Constraint", "is_active", "midnight", "span"]

DAY = 86_400.0
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def midnight(day: date) -> float:
    """Epoch seconds of the start of `day` in UTC."""
    return (day.toordinal() - _EPOCH_DAY) * DAY


def is_active(constraint: Constraint, when: float) -> bool:
    """Whether a price with this constraint is in force at `when` (epoch seconds)."""
    if constraint is None:
        return True
    if isinstance(constraint, StartDateConstraint):
        return when >= midnight(constraint.start_date)
    start, end, now = _second(constraint.start_time), _second(constraint.end_time), when % DAY
    if end < start:  # over midnight
        return now >= start or now < end
    return start <= now < end


def span(constraints: Iterable[Constraint], when: float) -> tuple[float, float]:
    """The time around `when` in which none of `constraints` starts or stops to hold: start inclusive, end exclusive."""
    start, end = -math.inf, math.inf
    for change in _changes(constraints, when):
        if change <= when:
            start = max(start, change)
        else:
            end = min(end, change)
    return start, end


def _changes(constraints: Iterable[Constraint], when: float) -> Iterable[float]:
    today = when // DAY * DAY
    for constraint in constraints:
        if isinstance(constraint, StartDateConstraint):
            yield midnight(constraint.start_date)
        elif constraint is not None:
            for second in (_second(constraint.start_time), _second(constraint.end_time)):
                yield from (today - DAY + second, today + second, today + DAY + second)


def _second(value: time) -> float:
    """`value` as seconds of a UTC day; a time without a zone is UTC."""
    if value.tzinfo is not None:
        value = datetime.combine(date(1970, 1, 1), value).astimezone(UTC).time()
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
