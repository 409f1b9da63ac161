"""LangChain's AIMessage, as model_dump_json() writes it, or dumps() (then under `kwargs`).

    {"type": "ai", "id": "run--4b5c…", "content": …, "usage_metadata": {"input_tokens": 2006, "output_tokens": 300, "total_tokens": 2306,
     "input_token_details": {"cache_read": 1920}, "output_token_details": {"reasoning": 192}},
     "response_metadata": {"model_name": "gpt-5-mini-2025-08-07", "model_provider": "openai", "id": "chatcmpl-…", "token_usage": {…}}}

- `usage_metadata.input_tokens` INCLUDES cached and cache-written tokens for every provider, `output_tokens` INCLUDES reasoning.
  response_metadata repeats the provider's own usage, by the provider's own rule; it is not read where usage_metadata is there.
- cache_creation is 0 where ephemeral_5m_input_tokens or ephemeral_1h_input_tokens stand beside it: the larger one is the truth.
- Calls at the tier flex or priority have their details under flex_cache_read, priority_reasoning, and so on.
- id: the vendor's of response_metadata, else the message's own (`run--…`), which is the application's.

Source: langchain_core/messages/ai.py UsageMetadata, langchain_openai and langchain_anthropic chat_models.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import count, detail, first_count
from llm_cost_exporter.formats.fields import Context, looks_like_vendors, named_provider, tier, vendor_id, words
from llm_cost_exporter.formats.totals import by_total, split_totals, the_larger
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "langchain"
KEYS = (frozenset(("usage_metadata",)),)

_READ = ("cache_read", "flex_cache_read", "priority_cache_read")
_REASONING = ("reasoning", "flex_reasoning", "priority_reasoning")
_TIERS = ("flex", "priority")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where `usage_metadata` is null or another library's."""
    usage = record.get("usage_metadata")
    if type(usage) is not dict or not ("input_tokens" in usage or "output_tokens" in usage):
        return None
    response = detail(record, "response_metadata")
    into = count(usage.get("input_tokens"), "input_tokens")
    out = count(usage.get("output_tokens"), "output_tokens")
    details = detail(usage, "input_token_details")
    read_ = the_larger(details, *_READ)
    minutes = first_count(details, ("ephemeral_5m_input_tokens",))
    hour = first_count(details, ("ephemeral_1h_input_tokens",))
    written = max(minutes + hour, first_count(details, ("cache_creation",)))
    out_of = detail(usage, "output_token_details")
    reasoning = the_larger(out_of, *_REASONING)
    total, cached = usage.get("total_tokens"), read_ + written
    if (
        cached > into or total == into + out + cached > into + out
    ):  # an integration that passes its provider's own count on
        into += cached
    model = (
        words(response.get("model_name")) or words(response.get("model")) or words(response.get("model_id"))
        or words(record.get("model"))
    )  # fmt: skip
    out, reasoning = by_total(into, out, reasoning, total, model)
    provider = words(response.get("model_provider")) or named_provider(response)
    call = Usage(model, provider, context=_context(response, details))
    call.tokens = split_totals(
        into, out, read=read_, written=written, minutes=minutes, hour=hour, reasoning=reasoning,
        details=_media(details), out_of=_media(out_of),
    )  # fmt: skip
    _identify(call, record, response)
    return [call]


def _media(details: dict[str, Any]) -> dict[str, Any]:
    return {f"{medium}_tokens": details[medium] for medium in ("audio", "image", "video") if details.get(medium)}


def _context(response: dict[str, Any], details: dict[str, Any]) -> Context:
    said = response.get("service_tier")
    if said is None:
        usage = detail(response, "usage")
        said = usage.get("service_tier")
        if said is None:
            said = next((name for name in _TIERS if f"{name}_cache_read" in details or name in details), None)
        return tier(said, usage.get("speed"))
    return tier(said)


def _identify(call: Usage, record: dict[str, Any], response: dict[str, Any]) -> None:
    call.id = vendor_id(response.get("id"))
    if call.id is None:
        call.id = vendor_id(record.get("id"))
        call.id_is_vendors = call.id is not None and looks_like_vendors(call.id)
