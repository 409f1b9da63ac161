"""What the keys of a record alone tell, worked out once for all records with the same keys.

Logs have few shapes and many lines. Which formats a record may be of, and which of the many keys for a time, a latency, a
cost or a label it has, depends on its keys only. A line then touches just what is there.
"""

from __future__ import annotations

import re
from typing import Any

from llm_cost_exporter.formats import Reader, readers_for
from llm_cost_exporter.formats.failures import FAILURE_KEYS
from llm_cost_exporter.formats.fields import PROVIDER_KEYS
from llm_cost_exporter.labels import LabelPlan, LabelReader

__all__ = ["TIME_KEYS", "Shape", "Shapes", "latency_unit"]

# Within one record the first of these that can be read is its time. A call that logs both ends is timed by its log line.
_TIME_KEYS = (
    "timestamp", "@timestamp", "time", "ts", "asctime", "datetime", "date_time", "event_time", "eventTime", "logged_at",
    "timestamp_utc", "timestamp_ms", "timestampMs", "created_at", "createdAt", "created", "end_time", "endTime", "start_time", "startTime",
    "date", "@t", "__REALTIME_TIMESTAMP",
)  # fmt: skip
TIME_KEYS = _TIME_KEYS  # the columns of a CSV that may be its time
_COST_KEYS = (
    "cost_usd", "total_cost_usd", "usd_cost", "costUSD", "costUsd", "cost_in_usd", "response_cost", "total_cost", "totalCost",
    "cost",
)  # fmt: skip
_MODEL_KEYS = ("model", "model_name", "modelName", "model_id", "modelId", "llm_model", "response_model")
_REQUEST_ID_KEYS = ("request_id", "requestId", "requestID", "x-request-id", "x_request_id")
_RESPONSE_ID_KEYS = ("response_id", "id", "message_id")
# CloudWatch, Fluent Bit, pino, Google Cloud, journald, CloudWatch Insights, structlog
_TEXT_KEYS = ("message", "log", "msg", "textPayload", "MESSAGE", "@message", "event")
# Pages of records as services hand them out (Azure's event hub, Langfuse's and Cloudflare's API, CloudWatch's subscription): where the
# records are, and a key of the first by which they are known. Other lists are not entered.
_PAGES = (("records", "category"), ("data", "traceId"), ("result", "tokens_in"), ("logEvents", "message"))
_LEVEL_KEYS = frozenset(("level", "levelname", "severity", "log.level"))
_DOCKER_KEYS = frozenset(("log", "stream", "time", "attrs"))
_FLUENTD_KEYS = frozenset(("log", "source", "container_id"))

# The whole call's duration; parts of it (first token, queue, database) have other names.
_LATENCY = re.compile(
    r"(?:llm_|api_|call_|request_|response_|total_|e2e_)?"
    r"(?:latency|duration|elapsed|elapsed_time|response_time|request_time|total_time|processing_time|time_taken|took|delay|time)"
    r"_?(?P<unit>ms|millis|milliseconds|msec|s|sec|secs|seconds|us|micros|microseconds|ns|nanos|nanoseconds)"
)
_UNITS = {"m": 1e6, "s": 1e9, "u": 1e3, "n": 1.0}  # nanoseconds, by the unit's first letter
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_MOST_SHAPES = 4096
_MOST_KEYS = 256  # a record with more is worked out anew each time: its keys are rather data


class Shape:
    """What records with one set of keys may hold, and where."""

    __slots__ = (
        "bare", "costs", "docker", "failures", "fallbacks", "labels", "latencies", "models", "pages", "providers", "readers",
        "request_ids",
        "response_ids", "texts", "times",
    )  # fmt: skip

    def __init__(self, keys: frozenset[str], only: str, labels: LabelReader) -> None:
        self.readers: tuple[Reader, ...] = readers_for(keys, only)
        self.fallbacks: tuple[Reader, ...] = readers_for(keys, only, fallback=True)
        self.labels: LabelPlan = labels.plan(keys)
        # Fluent Bit puts other keys beside docker's, and marks parts itself. Docker's driver for fluentd has keys of its own.
        self.docker = "log" in keys and (
            (keys <= _DOCKER_KEYS and len(keys) > 1)
            or "_p" in keys
            or "logtag" in keys
            or (keys >= _FLUENTD_KEYS and not self.readers)
        )
        self.times = _present(_TIME_KEYS, keys)
        # A logger's record has a time or a level, a shipper's may be the line alone. A chat message is neither, and what is in its text
        # is no log.
        logged = self.times or len(keys) == 1 or not keys.isdisjoint(_LEVEL_KEYS)
        self.texts = _present(_TEXT_KEYS, keys) if logged else ()
        self.pages = tuple(page for page in _PAGES if page[0] in keys)
        self.costs = _present(_COST_KEYS, keys)
        self.models = _present(_MODEL_KEYS, keys)
        self.providers = _present(PROVIDER_KEYS, keys)
        self.response_ids = _present(_RESPONSE_ID_KEYS, keys)
        self.request_ids = _present(_REQUEST_ID_KEYS, keys)
        self.failures = _present(FAILURE_KEYS, keys)
        self.latencies = tuple((key, unit) for key in sorted(keys) if (unit := latency_unit(key)))
        self.bare = not (
            self.labels
            or self.costs
            or self.models
            or self.providers
            or self.request_ids
            or self.failures
            or self.latencies
        )


class Shapes:
    """The shapes met so far, by a record's keys in their order; bounded."""

    __slots__ = ("_labels", "_only", "_shapes")

    def __init__(self, only: str, labels: LabelReader) -> None:
        self._only, self._labels = only, labels
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def of(self, record: dict[str, Any]) -> Shape:
        """The shape of `record`."""
        keys = tuple(record)
        shape = self._shapes.get(keys)
        if shape is None:
            shape = Shape(frozenset(keys), self._only, self._labels)
            if len(keys) <= _MOST_KEYS:
                if len(self._shapes) >= _MOST_SHAPES:
                    self._shapes.clear()
                self._shapes[keys] = shape
        return shape


def latency_unit(key: str) -> float | None:
    """Nanoseconds in the unit of a key such as latency_ms, durationSeconds or elapsed_s; None where it names no unit.

    A bare `latency` or `duration` is not read: half of the field writes seconds there, the other half milliseconds.
    """
    match = _LATENCY.fullmatch(_CAMEL.sub("_", key).lower()) if len(key) <= 40 else None
    if match is None:
        return None
    unit = match["unit"]
    return 1e6 if unit.startswith(("ms", "milli")) else _UNITS[unit[0]]


def _present(wanted: tuple[str, ...], keys: frozenset[str]) -> tuple[str, ...]:
    return tuple(key for key in wanted if key in keys)
