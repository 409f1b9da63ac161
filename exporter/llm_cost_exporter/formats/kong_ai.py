"""Kong's log plugins (http-log, file-log, …) with its AI plugins: old (`ai.ai-proxy`) and new (`ai.proxy`).

    {"request": {"id": "4f0a"}, "response": {"status": 200}, "started_at": 1772359200123, "consumer": {"username": "payments"},
     "ai": {"proxy": {"meta": {"provider_name": "openai", "request_model": "gpt-3.5-turbo", "response_model": "gpt-3.5-turbo-0613",
                      "llm_latency": 780}, "usage": {"prompt_tokens": 25, "completion_tokens": 12, "total_tokens": 37, "cost": 0.00037}}}}

- Counts are the vendor's: prompt_tokens INCLUDES cached tokens for OpenAI and what answers in its form. For Anthropic and Bedrock it
  EXCLUDES them (and before 3.11 Kong drops them), as it does where they are more than the prompt, or the total says so.
- Each AI plugin of the request (proxy, request and response transformers) made a call of its own; `proxy` and `ai-proxy` are the same one.
- `cost` is computed from prices that the operator has set: the reported cost. A semantic cache's hit costs nothing.
- id: request.id, Kong's own; of further plugins `request.id/plugin`. Time: started_at.

Source: Kong/kong kong/llm/plugin/shared-filters/serialize-analytics.lua, developer.konghq.com ai-audit-log-reference.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail, first_count
from llm_cost_exporter.formats.failures import of_status
from llm_cost_exporter.formats.fields import usd, vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds
from llm_cost_exporter.formats.totals import by_total, split_totals, the_larger
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "kong_ai"
KEYS = (frozenset(("ai",)),)

_PROXIES = ("proxy", "ai-proxy", "ai-proxy-advanced")
_OWN_KEYS = ("provider_name", "request_model", "response_model", "plugin_id")
_MOST_PLUGINS = 16
_NAMELESS = frozenset(("UNSPECIFIED", "NOT_SPECIFIED"))


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is not Kong's."""
    ai = detail(record, "ai")
    calls: list[Usage] = []
    proxied = False
    for plugin, said in list(ai.items())[:_MOST_PLUGINS]:
        if type(said) is not dict or not _is_kongs(plugin, said):
            continue
        if plugin in _PROXIES:
            if proxied:
                continue
            proxied = True
        calls.append(_call(record, plugin, said, detail(said, "meta")))
    return calls or None


def _is_kongs(plugin: str, said: dict[str, Any]) -> bool:
    meta = said.get("meta")
    if type(meta) is dict:
        return any(key in meta for key in _OWN_KEYS)
    return plugin in _PROXIES and type(said.get("usage")) is dict


def _call(record: dict[str, Any], plugin: str, said: dict[str, Any], meta: dict[str, Any]) -> Usage:
    usage = detail(said, "usage")
    provider = words(meta.get("provider_name"))
    model = _model(meta)
    call = Usage(model, provider, _tokens(usage, provider or "", model))
    number = vendor_id(detail(record, "request").get("id"))
    if number is not None:
        call.id, call.id_is_vendors = (number if plugin in _PROXIES else f"{number}/{plugin}"), False
    call.reported_usd = usd(usage.get("cost"))
    call.logged_time = record.get("started_at")
    call.latency_ns = nanoseconds(meta.get("llm_latency"), 1e6)
    if call.latency_ns is None:
        call.latency_ns = nanoseconds(detail(record, "latencies").get("request"), 1e6)
    cache = detail(said, "cache").get("cache_status")
    call.gateway_cache_hit = type(cache) is str and cache.lower() == "hit"
    call.failure = _failure(record)
    call.without_usage = (
        not call.tokens
        and call.failure is None
        and usage.get("prompt_tokens") is None
        and usage.get("completion_tokens") is None
    )
    return call


def _model(meta: dict[str, Any]) -> str | None:
    for key in ("response_model", "request_model"):
        name = words(meta.get(key))
        if name is not None and name not in _NAMELESS:
            return name
    return None


def _failure(record: dict[str, Any]) -> Failure | None:
    status = detail(record, "response").get("status")
    return of_status(status) if type(status) is int and 100 <= status <= 599 else None


def _tokens(usage: dict[str, Any], provider: str, model: str | None) -> Tokens:
    into = count(usage.get("prompt_tokens"), "prompt_tokens")
    out = count(usage.get("completion_tokens"), "completion_tokens")
    details, out_of = detail(usage, "prompt_tokens_details"), detail(usage, "completion_tokens_details")
    read_ = the_larger(details, "cached_tokens")
    written = the_larger(details, "cache_write_tokens", "cache_creation_tokens")
    total = usage.get("total_tokens")
    cached = read_ + written
    if cached and (cached > into or provider in ("anthropic", "bedrock") or total == into + out + cached):
        into += cached
    reasoning = first_count(out_of, ("reasoning_tokens",))
    out, reasoning = by_total(into, out, reasoning, total, model)
    return split_totals(into, out, read=read_, written=written, reasoning=reasoning, details=details, out_of=out_of)
