"""What the two records of LiteLLM have in common: the counts, the cache, the reason of a failure, tags."""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_images
from llm_cost_exporter.formats.counts import Tokens, count, detail, first_count
from llm_cost_exporter.formats.failures import of_status, of_words
from llm_cost_exporter.formats.fields import Context, tier, vendor_id, words
from llm_cost_exporter.formats.totals import by_total, split_totals, the_larger
from llm_cost_exporter.types import Failure, Usage

__all__ = ["asks_no_model", "call_of", "tags", "without_usage"]

_MOST_TAGS = 64
_TRUE = (True, "True", "true")
# Its management of files, batches, threads.
_NOT_A_CALL = ("file", "batch", "vector_store", "assistant", "thread", "list_", "mcp", "health", "model_info", "get_")


def call_of(record: dict[str, Any], usage: dict[str, Any], meta: dict[str, Any], *, call_id: object) -> Usage:
    """The call of `record`. `usage` has the details of its counts, under OpenAI's or Anthropic's names; `meta` is its metadata."""
    provider = words(record.get("custom_llm_provider"))
    kind = record.get("call_type")
    if type(kind) is str and "image" in kind and "output_tokens" in usage:
        tokens = openai_images.image_tokens(usage)
    else:
        tokens = _tokens(record, usage)
    call = Usage(_model(record), provider, tokens)
    call.id = vendor_id(call_id)
    own_id = vendor_id(record.get("litellm_call_id")) or vendor_id(meta.get("litellm_call_id"))
    if record.get("cache_hit") in _TRUE:
        # The answer that is served again may bear the first call's id; this is a call of its own.
        call.gateway_cache_hit = True
        if call.id is None or "_cache_hit" not in call.id:
            call.id = own_id or (f"{call.id}/cache_hit{_moment(record)}" if call.id is not None else None)
    elif call.id is None:
        call.id = own_id
    if own_id is not None:
        call.request_id = own_id
    if record.get("status") == "failure":
        call.failure = _failure(detail(record, "error_information") or detail(meta, "error_information"), record)
    call.context = _context(record, usage, meta)
    return call


def asks_no_model(call: Usage, kind: object) -> bool:
    """What passes through the proxy and is no call, by its call_type."""
    if call.tokens or call.reported_usd or call.failure is not None:
        return False
    return type(kind) is str and any(word in kind for word in _NOT_A_CALL)


def without_usage(call: Usage, *, told: bool) -> bool:
    """Whether a call without tokens is one whose use is not known. `told`: the record has counts, which are 0.

    What is billed by the second or the search (audio, rerank) has counts of 0 and a cost.
    """
    return call.failure is None and not call.tokens and (bool(call.reported_usd) or not told)


def tags(listed: object) -> dict[str, Any]:
    """Tags of the form `app:checkout`, by their first part."""
    said: dict[str, Any] = {}
    if type(listed) is list:
        for tag in listed[:_MOST_TAGS]:
            if type(tag) is str and len(tag) <= 256:
                key, mark, value = tag.partition(":")
                if mark and key and value:
                    said.setdefault(key.strip(), value.strip())
    return said


def _moment(record: dict[str, Any]) -> str:
    begun = record.get("startTime")
    return f"{begun:.6f}" if type(begun) is float else begun if type(begun) is str and len(begun) <= 40 else ""


def _model(record: dict[str, Any]) -> str | None:
    model = words(record.get("model"))
    if model is None:  # a call that failed before the router chose
        model = (
            words(record.get("model_group"))
            or words(detail(record, "hidden_params").get("litellm_model_name"))
            or words(detail(record, "model_map_information").get("model_map_key"))
        )
    return model


def _tokens(record: dict[str, Any], usage: dict[str, Any]) -> Tokens:
    into = record.get("prompt_tokens")
    if into is None:
        into = usage.get("prompt_tokens", usage.get("input_tokens"))
        includes = "prompt_tokens" in usage or "input_tokens_details" in usage
    else:
        includes = True
    whole = count(into, "prompt_tokens")
    told = record.get("completion_tokens")
    out = count(
        usage.get("completion_tokens", usage.get("output_tokens")) if told is None else told, "completion_tokens"
    )
    details = detail(usage, "prompt_tokens_details", "input_tokens_details")
    read = the_larger(details, "cached_tokens") or the_larger(
        usage, "cache_read_input_tokens", "prompt_cache_hit_tokens"
    )
    split = detail(details, "cache_creation_token_details") or detail(usage, "cache_creation")
    minutes = first_count(split, ("ephemeral_5m_input_tokens",))
    hour = first_count(split, ("ephemeral_1h_input_tokens",))
    others = first_count(split, ("ephemeral_30m_input_tokens",)) + first_count(split, ("ephemeral_12h_input_tokens",))
    written = max(
        the_larger(details, "cache_write_tokens", "cache_creation_tokens"),
        the_larger(usage, "cache_creation_input_tokens"),
        minutes + hour + others,
    )
    if not includes or read + written > whole:  # releases of before 2025, for Anthropic
        whole += read + written
    out_of = detail(usage, "completion_tokens_details", "output_tokens_details")
    reasoning = first_count(out_of, ("reasoning_tokens",))
    out, reasoning = by_total(whole, out, reasoning, record.get("total_tokens"), record.get("model"))
    return split_totals(
        whole, out, read=read, written=written, minutes=minutes, hour=hour, reasoning=reasoning, details=details, out_of=out_of
    )  # fmt: skip


def _failure(error: dict[str, Any], record: dict[str, Any]) -> Failure:
    code = error.get("error_code")
    if type(code) is str and len(code) == 3 and code.isascii() and code.isdigit():
        code = int(code)
    told = of_status(code) if type(code) is int and 100 <= code <= 599 else None
    for said in (error.get("error_class"), record.get("error_str"), error.get("error_message")):
        if told is None and type(said) is str and said:
            word = of_words(said)
            told = word if word != "other" else None
    return told or "other"


def _context(record: dict[str, Any], usage: dict[str, Any], meta: dict[str, Any]) -> Context:
    breakdown = detail(record, "cost_breakdown") or detail(meta, "cost_breakdown")
    response = detail(record, "response")
    for said in (breakdown.get("service_tier"), usage.get("service_tier"), response.get("service_tier")):
        if said is not None:
            context = tier(said, usage.get("speed"))
            if context:
                return context
    kind = record.get("call_type")
    if type(kind) is str and "batch" in kind:
        return (("processing", "batch"),)
    return tier(None, usage.get("speed"))
