r"""Cloudflare AI Gateway's logs, from its API.

    {"id": "01JADMCQQQBWH3NXZ5GCRN98DP", "cached": false, "cost": 8.85e-05, "created_at": "2026-03-01T10:00:00Z", "duration": 812,
     "metadata": "{\"team\":\"AI\"}", "model": "gpt-4o-mini", "provider": "openai", "status_code": 200, "success": true,
     "tokens_in": 19, "tokens_out": 10}

- `tokens_in` and `tokens_out` are all there is; whether the input INCLUDES cached tokens is not told, so it is taken for plain input.
- `cached` is the gateway's cache, not the vendor's: such a call has tokens and costs nothing.
- `metadata` is JSON in a string; labels are looked for in it (`metadata.team`). id: `id`, Cloudflare's own. duration is in milliseconds.

- An application's own record with tokens_in and tokens_out is read too, without its id and duration: what they mean is not known.

60,000 to 90,000 lines a second: the metadata is decoded for each.

Source: Cloudflare's API, AI Gateway logs (AiGatewayLog of its workers-types).
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.decode import strict
from llm_cost_exporter.formats.counts import count, put
from llm_cost_exporter.formats.failures import failure_in
from llm_cost_exporter.formats.fields import usd, vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "cloudflare_ai_gateway"
KEYS = (frozenset(("tokens_in",)), frozenset(("tokens_out",)))

_STATUS = ("status_code", "success")
_OWN_KEYS = ("cached", "request_type", "model_type", "custom_cost", "request_content_type", "step", "path")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module."""
    provider = words(record.get("provider"))
    call = Usage(words(record.get("model")), "xai" if provider == "grok" else provider)
    put(call.tokens, "input", count(record.get("tokens_in"), "tokens_in"))
    put(call.tokens, "output", count(record.get("tokens_out"), "tokens_out"))
    call.reported_usd = usd(record.get("cost"))
    if any(key in record for key in _OWN_KEYS):
        call.id, call.id_is_vendors = vendor_id(record.get("id")), False
        call.latency_ns = nanoseconds(record.get("duration"), 1e6)
    call.gateway_cache_hit = record.get("cached") is True
    call.failure = failure_in(record, _STATUS)[1]
    call.without_usage = call.failure is None and record.get("tokens_in") is None and record.get("tokens_out") is None
    metadata = record.get("metadata")
    if type(metadata) is str and metadata[:1] == "{":
        try:
            call.said = {"metadata": strict(metadata)}
        except ValueError:
            call.said = None
    return [call]
