"""Times and spans of time that formats read themselves."""

from __future__ import annotations

__all__ = ["nanoseconds", "utc"]

_LONGEST_NS = 7 * 86_400 * 10**9


def utc(value: object) -> object:
    """A time that the vendor writes in UTC without saying so, with its zone. Anything else as it is."""
    if (
        type(value) is str
        and 16 <= len(value) <= 32
        and value[-1] not in "Zz"
        and "+" not in value
        and "-" not in value[10:]
    ):
        return value + "+00:00"
    return value


def nanoseconds(value: object, unit: float) -> int | None:
    """A duration of `value` times `unit` nanoseconds; None where it is no sensible one."""
    if (type(value) is float or type(value) is int) and 0 <= value <= _LONGEST_NS:
        found = value * unit
        if found <= _LONGEST_NS:
            return round(found)
    return None
