"""Envoy AI Gateway's access log: flat keys with dots in them, as its documentation has them; operators may choose others.

    {"start_time": "2025-08-30T16:51:37.894Z", "duration": 1526, "response_code": 200, "x-request-id": "83b6…", "method": "POST",
     "gen_ai.request.model": "gpt-4o-mini", "gen_ai.provider.name": "default/tars/route/aigw-run/rule/0/ref/0",
     "gen_ai.usage.input_tokens": 15, "gen_ai.usage.output_tokens": 7, "gen_ai.usage.total_tokens": 22}

- Input INCLUDES cached tokens (the gateway adds them up for Anthropic and Bedrock), output INCLUDES reasoning. Cached ones are only
  there where the operator logs them: llm_cached_input_token, llm_cache_creation_input_token, or gen_ai.usage.cache_read.input_tokens, ….
- gen_ai.provider.name is the path of a backend and no provider, unless it is a plain name: then the model's name tells.
- Requests that name no model (its list, health checks) have nulls or `-` everywhere and are skipped. duration is in milliseconds.
- id: x-request-id, the gateway's.

Source: envoyproxy/ai-gateway site/docs/capabilities/observability/accesslogs.md.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count
from llm_cost_exporter.formats.failures import failure_in
from llm_cost_exporter.formats.fields import vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds
from llm_cost_exporter.formats.totals import split_totals
from llm_cost_exporter.types import FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "envoy_ai_gateway"
_OWN_KEYS = (
    "response_code",
    "response_flags",
    "route_name",
    "upstream_cluster",
    "x-envoy-upstream-service-time",
    "upstream_host",
)
_USAGE_KEYS = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "llm_input_token", "llm_output_token")
KEYS = tuple(frozenset((own, usage)) for own in _OWN_KEYS for usage in _USAGE_KEYS)

_INPUT = ("gen_ai.usage.input_tokens", "llm_input_token")
_OUTPUT = ("gen_ai.usage.output_tokens", "llm_output_token")
_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.cached_tokens",
    "llm_cached_input_token",
)
_WRITTEN = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
    "llm_cache_creation_input_token",
)  # fmt: skip
_REASONING = ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm_reasoning_token")
_MODELS = ("gen_ai.response.model", "gen_ai.request.model_override", "gen_ai.request.model", "llm_model_name_override")
_NO_MODEL = Skip("a request to the gateway that asked no model")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:  # noqa: ARG001
    """See the module."""
    into, out = _first(record, _INPUT), _first(record, _OUTPUT)
    model = next((name for key in _MODELS if (name := words(record.get(key))) is not None and name != "-"), None)
    if model is None and not into and not out:
        return _NO_MODEL
    call = Usage(model, _provider(record), _tokens(record, into or 0, out or 0))
    call.id, call.id_is_vendors = vendor_id(record.get("x-request-id")), False
    call.logged_time = record.get("start_time")
    call.latency_ns = nanoseconds(record.get("duration"), 1e6)
    call.failure = failure_in(record, ("response_code",))[1]
    if record.get("response_code") == 0:  # the client went away, or nothing was reached
        call.failure = "other"
    call.without_usage = not call.tokens and call.failure is None and into is None and out is None
    return [call]


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    """The count under the first of `keys` that has one; Envoy writes null or `-` for what it doesn't know."""
    for key in keys:
        value = record.get(key)
        if value is not None and value not in ("-", ""):
            return count(value, key)
    return None


def _provider(record: dict[str, Any]) -> str | None:
    name = words(record.get("gen_ai.provider.name"))
    return None if name is None or "/" in name or name == "-" else name


def _tokens(record: dict[str, Any], into: int, out: int) -> Tokens:
    read_, written = _first(record, _READ) or 0, _first(record, _WRITTEN) or 0
    if read_ + written > into:
        into += read_ + written
    return split_totals(into, out, read=read_, written=written, reasoning=_first(record, _REASONING) or 0)
