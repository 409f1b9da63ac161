"""Portkey's log export.

    {"id": "3c90…", "created_at": "2026-03-01T10:00:00.000Z", "is_success": true, "ai_org": "openai", "ai_model": "gpt-4o-mini-2024-07-18",
     "req_units": 19, "res_units": 10, "total_units": 29, "cost": 0.000885, "cost_currency": "USD", "response_time": 812,
     "response_status_code": 200, "metadata": {"_user": "u-42"}}

- `req_units` are the input, `res_units` the output; the export has no counts of cached or reasoning tokens. Whether the input INCLUDES
  cached ones is not told, so all of it is taken for plain input.
- `cost` is taken for dollars where cost_currency is USD or missing. response_time is in milliseconds.
- A cache_status of a hit: the gateway's cache answered. id: `id`, Portkey's own.

Source: portkey.ai docs, create a log export (requested_data).
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import count, put
from llm_cost_exporter.formats.failures import failure_in
from llm_cost_exporter.formats.fields import named_provider, usd, vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "portkey"
KEYS = (
    frozenset(("req_units",)),
    frozenset(("res_units",)),
    frozenset(("ai_org", "ai_model")),
)

_STATUS = ("response_status_code", "is_success")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module."""
    call = Usage(
        words(record.get("ai_model")) or words(record.get("model")),
        words(record.get("ai_org")) or named_provider(record),
    )
    put(call.tokens, "input", count(record.get("req_units"), "req_units"))
    put(call.tokens, "output", count(record.get("res_units"), "res_units"))
    call.id, call.id_is_vendors = vendor_id(record.get("id")), False
    if record.get("cost_currency") in (None, "", "USD", "usd"):
        call.reported_usd = usd(record.get("cost"))
    call.latency_ns = nanoseconds(record.get("response_time"), 1e6)
    call.failure = failure_in(record, _STATUS)[1]
    status = record.get("cache_status")
    call.gateway_cache_hit = type(status) is str and "hit" in status.lower()
    call.without_usage = call.failure is None and record.get("req_units") is None and record.get("res_units") is None
    return [call]
