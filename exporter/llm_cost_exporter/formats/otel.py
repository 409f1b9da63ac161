"""What the formats of OpenTelemetry share: attributes, times and failures in the many forms that exporters write them in."""

from __future__ import annotations

from typing import Any

from llm_cost_exporter import times
from llm_cost_exporter.formats.failures import of_error, of_status, of_words
from llm_cost_exporter.formats.moments import nanoseconds
from llm_cost_exporter.types import Failure

__all__ = ["attributes", "children", "failure_of", "said", "span_of_time"]

Attributes = dict[str, Any]

_MOST_ATTRIBUTES = 1000
_DEEPEST = 6
_BEGINS = (
    "start_time",
    "startTimeUnixNano",
    "start_time_unix_nano",
    "startTime",
    "StartTime",
    "Timestamp",
    "timestamp",
)
_ENDS = ("end_time", "endTimeUnixNano", "end_time_unix_nano", "endTime", "EndTime")
_BAD = frozenset(("2", "error", "status_code_error"))


def attributes(given: object) -> Attributes:
    """Attributes by name: from OTLP's list (`{"key", "value": {"intValue": "5"}}`), Go's, or an object, flat or nested."""
    if type(given) is list:
        found: Attributes = {}
        for entry in given[:_MOST_ATTRIBUTES]:
            if type(entry) is dict:
                key, value = entry.get("key"), entry.get("value")
                if key is None:
                    key, value = entry.get("Key"), entry.get("Value")
                if type(value) is dict:
                    value = value["Value"] if "Value" in value else next(iter(value.values()), None)
                if type(key) is str:
                    found[key] = value
        return found
    if type(given) is not dict:
        return {}
    return _flat(given) if any(type(value) is dict for value in given.values()) else given


def _flat(given: dict[str, Any]) -> Attributes:
    found: Attributes = {}
    level = [("", given)]
    for _ in range(_DEEPEST):
        deeper: list[tuple[str, dict[str, Any]]] = []
        for prefix, objects in level:
            for key, value in objects.items():
                if type(value) is dict:
                    if "stringValue" in value or "intValue" in value or "doubleValue" in value:
                        found[prefix + key] = next(iter(value.values()))
                    elif len(deeper) + len(found) < _MOST_ATTRIBUTES:
                        deeper.append((f"{prefix}{key}.", value))
                else:
                    found[prefix + key] = value
        level = deeper
    return found


def children(record: dict[str, Any], *keys: str) -> list[dict[str, Any]]:
    """The objects in the list under the first of `keys` that has one."""
    for key in keys:
        value = record.get(key)
        if type(value) is list:
            return [child for child in value if type(child) is dict]
    return []


def said(attrs: Attributes, resource: Attributes) -> dict[str, Any]:
    """Where labels are looked for: the span's own attributes, then those of its resource."""
    return {**resource, **attrs} if resource else attrs


def span_of_time(span: dict[str, Any]) -> tuple[object, int | None]:
    """(time of the end, else of the beginning, as logged; how long it took in nanoseconds or None)."""
    begun = next((_time(span[key]) for key in _BEGINS if span.get(key) is not None), None)
    ended = next((_time(span[key]) for key in _ENDS if span.get(key) is not None), None)
    took: int | None = None
    if begun is not None and ended is not None:
        if type(begun) is int and type(ended) is int:
            took = nanoseconds(ended - begun, 1.0)
        else:
            first, last = times.parse(begun), times.parse(ended)
            took = nanoseconds(last - first, 1e9) if first is not None and last is not None else None
    elif "Duration" in span:  # ClickHouse's table
        took = nanoseconds(span["Duration"], 1.0)
    elif "duration" in span and type(begun) is int:  # JavaScript's console exporter counts in microseconds
        took = nanoseconds(span["duration"], 1e3)
    return (ended if ended is not None else begun), took


def _time(value: object) -> object:
    if type(value) is str and value.isascii() and value.isdigit():
        return int(value[:20])
    if type(value) is list and len(value) == 2 and all(type(part) is int for part in value):
        return value[0] * 10**9 + value[1]
    return value


def failure_of(span: dict[str, Any], attrs: Attributes) -> Failure | None:
    """The failure that a span's status or its error.type tells."""
    status = span.get("status", span.get("Status"))
    code = span.get("StatusCode", span.get("status_code"))
    message: object = span.get("StatusMessage")
    if type(status) is dict:
        code = status.get("code", status.get("status_code", status.get("Code")))
        message = status.get("message", status.get("description", status.get("Description")))
    elif status is not None:
        code = status
    kind = attrs.get("error.type")
    if kind in (None, "") and str(code).lower() not in _BAD:
        return None
    for told in (kind, attrs.get("http.response.status_code", attrs.get("http.status_code"))):
        failure = _of_code(told)
        if failure is not None:
            return failure
    for words in (kind, message):
        if type(words) is str and words:
            failure = of_words(words)
            if failure != "other":
                return failure
    return of_error(kind) or "other"


def _of_code(told: object) -> Failure | None:
    if type(told) is str and len(told) == 3 and told.isascii() and told.isdigit():
        told = int(told)
    return of_status(told) if type(told) is int and told <= 599 else None
