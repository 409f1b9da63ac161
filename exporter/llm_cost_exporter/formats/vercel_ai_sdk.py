"""Vercel's AI SDK: what generateText and streamText give, from version 4 to 7, and the usage of its providers (V3, V4).

    v4     {"usage": {"promptTokens": 100, "completionTokens": 20, "totalTokens": 120}}
    v5     {"usage": {"inputTokens": 2006, "outputTokens": 300, "totalTokens": 2306, "reasoningTokens": 192, "cachedInputTokens": 1920}}
    v6, 7  {"usage": {"inputTokens": 2006, "inputTokenDetails": {"cacheReadTokens": 1920, "cacheWriteTokens": 0, "noCacheTokens": 86},
                      "outputTokens": 300, "outputTokenDetails": {"reasoningTokens": 192}, "totalTokens": 2306, "raw": {…}}}
    V3, V4 {"usage": {"inputTokens": {"total": 2006, "noCache": 86, "cacheRead": 1920}, "outputTokens": {"total": 300, "reasoning": 192}}}

beside `model` (or response.modelId), `provider` (`openai.responses`) and perhaps providerMetadata, response, steps.

- v6, v7 and the providers: input INCLUDES cached and cache-written tokens, output INCLUDES reasoning.
- v4 and v5 hand on what the provider counts: input EXCLUDES cached tokens for Anthropic (and Claude on Bedrock), and wherever the
  cached ones are more than the input; else it INCLUDES them. Output EXCLUDES reasoning for Google and xAI, or where the total says
  so; else it INCLUDES it. Cache writes (v4: cached tokens too) stand only in providerMetadata.
- Of several steps each is a call, if each has its usage; else totalUsage has all of them, where `usage` has the last one.
- embed and embedMany give `{"embedding": […], "usage": {"tokens": 5}}`, which is input.
- id: response.id, which is the vendor's if it looks like one.

Source: vercel/ai packages/ai/core/types/usage.ts (v4), packages/provider language-model-v2-usage.ts to -v4-usage.ts, packages/anthropic.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail, first_count
from llm_cost_exporter.formats.fields import Context, looks_like_vendors, named_provider, tier, usd, vendor_id, words
from llm_cost_exporter.formats.totals import by_total, split_totals, the_larger
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read", "sdk_tokens"]

NAME = "vercel_ai_sdk"
KEYS = (frozenset(("usage",)), frozenset(("totalUsage",)))

_COUNTS = ("inputTokens", "outputTokens", "promptTokens", "completionTokens")
_BEDROCKS = ("cacheReadInputTokens", "cacheWriteInputTokens", "serverToolUsage", "cacheReadInputTokenCount")
_V5_READ = ("cachedInputTokens",)
_V5_REASONING = ("reasoningTokens",)
_MOST_STEPS = 256


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record has no usage in the SDK's terms (Bedrock's is in camel case too)."""
    usage = record.get("totalUsage")
    if type(usage) is not dict or not _counts(usage):
        usage = record.get("usage")
        if type(usage) is not dict:
            return None
        if not _counts(usage):
            embeds = "tokens" in usage and ("embedding" in record or "embeddings" in record)
            return [_call(record, {"inputTokens": usage["tokens"]}, record)] if embeds else None
    if "stopReason" in record or any(key in usage for key in _BEDROCKS):
        return None
    steps = record.get("steps")
    if type(steps) is list and 0 < len(steps) <= _MOST_STEPS:
        calls = [_call(step, step["usage"], record) for step in steps if type(step) is dict and _has_usage(step)]
        if len(calls) == len(steps):
            return calls
    return [_call(record, usage, record)]


def _has_usage(step: dict[str, Any]) -> bool:
    usage = step.get("usage")
    return type(usage) is dict and _counts(usage)


def _counts(usage: dict[str, Any]) -> bool:
    return any(key in usage for key in _COUNTS)


def _call(step: dict[str, Any], usage: dict[str, Any], record: dict[str, Any]) -> Usage:
    """The call of one step, or of the whole `record`, which names what the step doesn't."""
    response = detail(step, "response")
    model = _model(step) or words(response.get("modelId")) or _model(record)
    named = record.get("model")
    provider = (
        named_provider(step)
        or named_provider(record)
        or (words(named.get("provider")) if type(named) is dict else None)
    )
    meta = detail(step, "providerMetadata", "experimental_providerMetadata")
    call = Usage(model, provider, sdk_tokens(usage, meta, provider, model))
    if meta:
        call.context = _context(meta)
        charged = detail(detail(meta, "openrouter"), "usage").get("cost", detail(meta, "gateway").get("cost"))
        call.reported_usd = usd(charged)
    call.logged_time = response.get("timestamp") if type(response.get("timestamp")) in (str, int, float) else None
    call.id = vendor_id(response.get("id"))
    call.id_is_vendors = call.id is not None and looks_like_vendors(call.id)
    call.without_usage = not call.tokens and all(usage.get(key) is None for key in _COUNTS)
    return call


def _model(record: dict[str, Any]) -> str | None:
    model = record.get("model")
    if type(model) is dict:
        return words(model.get("modelId"))
    return words(model) or words(record.get("modelId"))


def sdk_tokens(usage: dict[str, Any], meta: dict[str, Any], provider: str | None, model: str | None) -> Tokens:
    """The meters of a `usage` of the SDK; `meta` is the providerMetadata beside it. Raises BadCountError."""
    minutes, hour = _by_ttl(usage, meta) if meta or "raw" in usage else (0, 0)
    into, out = usage.get("inputTokens"), usage.get("outputTokens")
    if type(into) is dict or type(out) is dict:
        return _of_provider(detail(usage, "inputTokens"), detail(usage, "outputTokens"), minutes, hour)
    if "inputTokenDetails" in usage or "outputTokenDetails" in usage:
        details, out_of = detail(usage, "inputTokenDetails"), detail(usage, "outputTokenDetails")
        read_ = the_larger(details, "cacheReadTokens") or the_larger(usage, "cachedInputTokens")
        return split_totals(
            count(into, "inputTokens"), count(out, "outputTokens"), read=read_, written=the_larger(details, "cacheWriteTokens"),
            minutes=minutes, hour=hour, reasoning=the_larger(out_of, "reasoningTokens") or the_larger(usage, "reasoningTokens"),
        )  # fmt: skip
    return _as_provider_counts(usage, meta, (provider or "").lower(), (model or "").lower(), minutes, hour)


def _of_provider(into: dict[str, Any], out: dict[str, Any], minutes: int, hour: int) -> Tokens:
    """What a provider of the SDK gives, where a total may be undefined and the parts are not."""
    read_, written = the_larger(into, "cacheRead"), the_larger(into, "cacheWrite")
    reasoning = the_larger(out, "reasoning")
    whole = max(the_larger(into, "total"), the_larger(into, "noCache") + read_ + written)
    answer = max(the_larger(out, "total"), the_larger(out, "text") + reasoning)
    return split_totals(whole, answer, read=read_, written=written, minutes=minutes, hour=hour, reasoning=reasoning)


def _as_provider_counts(
    usage: dict[str, Any], meta: dict[str, Any], provider: str, model: str, minutes: int, hour: int
) -> Tokens:  # fmt: skip
    into = first_count(usage, ("inputTokens", "promptTokens"))
    out = first_count(usage, ("outputTokens", "completionTokens"))
    read_, reasoning, written = first_count(usage, _V5_READ), first_count(usage, _V5_REASONING), minutes + hour
    if meta:
        of_anthropic, of_bedrock, of_openai = (detail(meta, name) for name in ("anthropic", "bedrock", "openai"))
        own, converse = detail(of_anthropic, "usage"), detail(of_bedrock, "usage")
        read_ = (
            read_
            or the_larger(own, "cache_read_input_tokens")
            or the_larger(of_anthropic, "cacheReadInputTokens")
            or the_larger(converse, "cacheReadInputTokens")
            or the_larger(of_openai, "cachedPromptTokens")
        )
        written = max(
            the_larger(own, "cache_creation_input_tokens"),
            the_larger(of_anthropic, "cacheCreationInputTokens"),
            the_larger(converse, "cacheWriteInputTokens"),
            written,
        )
        reasoning = reasoning or the_larger(of_openai, "reasoningTokens")
    total = usage.get("totalTokens")
    cached = read_ + written
    if cached and (cached > into or _excludes(provider, model, meta) or total == into + out + cached):
        into += cached
    by_rule = _reasons_apart(provider, model) and (
        total != into + out or reasoning > out
    )  # the total decides where it can
    if reasoning and by_rule:
        out += reasoning
    else:
        out, reasoning = by_total(into, out, reasoning, total, model)
    return split_totals(into, out, read=read_, written=written, minutes=minutes, hour=hour, reasoning=reasoning)


def _excludes(provider: str, model: str, meta: dict[str, Any]) -> bool:
    """Whether the provider's input leaves out what was cached: Anthropic's own interface, and Bedrock's Converse."""
    if "anthropic" in provider or "bedrock" in provider or "anthropic" in meta or "bedrock" in meta:
        return True
    return provider in {"", "gateway", "vertex", "google-vertex"} and "claude" in model


def _reasons_apart(provider: str, model: str) -> bool:
    """Whether the provider's output leaves out reasoning: Gemini's thoughts, and Grok's."""
    if "anthropic" in provider:
        return False
    if "google" in provider or "vertex" in provider or "gemini" in provider or "xai" in provider:
        return "claude" not in model
    return provider in {"", "gateway"} and ("gemini" in model or "grok" in model)


def _by_ttl(usage: dict[str, Any], meta: dict[str, Any]) -> tuple[int, int]:
    """Tokens written to the cache for five minutes and for an hour, where Anthropic's own usage is handed on."""
    own = detail(usage, "raw") or detail(detail(meta, "anthropic"), "usage")
    split = detail(own, "cache_creation")
    return first_count(split, ("ephemeral_5m_input_tokens",)), first_count(split, ("ephemeral_1h_input_tokens",))


def _context(meta: dict[str, Any]) -> Context:
    own = detail(detail(meta, "anthropic"), "usage")
    return tier(detail(meta, "openai").get("serviceTier", own.get("service_tier")), own.get("speed"))
