"""What stands around the usage in a record: id, latency, cost, failure, provider, model.

Formats read what is theirs. These fields are the application's own, in the same record or in those around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llm_cost_exporter.formats.failures import failure_in
from llm_cost_exporter.formats.fields import looks_like_vendors, named_provider, usd, vendor_id, words
from llm_cost_exporter.shape import Shape
from llm_cost_exporter.types import Usage
from llm_cost_exporter.wording import clean

__all__ = ["LONGEST_LATENCY_NS", "Names", "complete"]

LONGEST_LATENCY_NS = 7 * 86_400 * 10**9
_MOST_NAMES = 10_000
_LONGEST_NAME = 256
_REQUEST_KEYS = ("request", "params", "kwargs", "body")  # where a failed call's model may be named instead


def complete(call: Usage, around: Sequence[tuple[dict[str, Any], Shape]], depth: int) -> None:
    """Fill in what `call` does not say itself from `around`: the `depth` records from the outermost to its own, then envelopes."""
    for record, shape in around:
        if shape.request_ids and call.request_id is None:
            _take_request_id(call, record, shape.request_ids)
        if shape.costs and call.reported_usd is None:
            _take_cost(call, record, shape.costs)
        if shape.latencies and call.latency_ns is None:
            _take_latency(call, record, shape.latencies)
        if shape.response_ids and call.id is None:
            _take_response_id(call, record, shape.response_ids)
    _take_failure(call, around)
    if call.request_id is not None and call.id is None:
        call.id, call.id_is_vendors = call.request_id, False
    if depth > 1 or call.model is None:
        for record, shape in around[: depth - 1]:  # what an outer record says beats what the format made of its own
            provider = named_provider(record, shape.providers) if shape.providers else None
            if provider is not None:
                call.provider = provider
                break
        if call.model is None:
            call.model = _model(around)


def _take_request_id(call: Usage, record: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        value = record[key]
        call.request_id = vendor_id(str(value) if type(value) is int else value)
        if call.request_id is not None:
            return


def _take_response_id(call: Usage, record: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:  # `id` of an application's own record may be anything's, unless it has the form of a vendor's
        value = vendor_id(record[key])
        if value is not None and looks_like_vendors(value):
            call.id = value
            return


def _take_cost(call: Usage, record: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        call.reported_usd = usd(record[key])
        if call.reported_usd is not None:
            return


def _take_latency(call: Usage, record: dict[str, Any], keys: tuple[tuple[str, float], ...]) -> None:
    for key, unit in keys:
        value = record[key]
        if (type(value) is float or type(value) is int) and 0 <= value <= LONGEST_LATENCY_NS:
            nanoseconds = value * unit
            if nanoseconds <= LONGEST_LATENCY_NS:
                call.latency_ns = round(nanoseconds)
                return


def _take_failure(call: Usage, around: Sequence[tuple[dict[str, Any], Shape]]) -> None:
    for record, shape in around:
        if shape.failures:
            said, failure = failure_in(record, shape.failures)
            if said:
                if failure is not None and (call.failure is None or failure != "other"):
                    call.failure = failure
                break
    if call.failure is not None:
        call.without_usage = False


def _model(around: Sequence[tuple[dict[str, Any], Shape]]) -> str | None:
    """The innermost model that is named; for a failed call perhaps in the request beside the error."""
    for record, shape in reversed(around):
        for key in shape.models:
            value = record[key]
            name = words(value.get("name") if type(value) is dict else value)
            if name is not None:
                return name
    for record, _ in around:
        for key in _REQUEST_KEYS:
            value = record.get(key)
            name = words(value.get("model")) if type(value) is dict else None
            if name is not None:
                return name
    return None


class Names:
    """Names of models and providers as they may be shown: cleaned as label values are, each worked out once."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, str | None] = {}

    def of(self, name: str) -> str | None:
        """`name`, cleaned; None where it can't be a name."""
        found = self._names.get(name)
        if found is None:
            if len(name) > _LONGEST_NAME:
                return None
            found = clean(name) or None
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            self._names[name] = found
        return found
