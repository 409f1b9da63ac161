"""Anthropic Messages: response bodies, and applications' own records with such a `usage`.

    {"id": "msg_…", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "stop_reason": "end_turn",
     "usage": {"input_tokens": 2048, "cache_creation_input_tokens": 248, "cache_read_input_tokens": 1800,
               "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
               "output_tokens": 503, "output_tokens_details": {"thinking_tokens": 33}, "service_tier": "standard"}}

- `input_tokens` EXCLUDES cached tokens: the whole prompt is input + creation + read. `output_tokens` INCLUDES thinking.
- `cache_creation` splits the creation by time to live; what it leaves unsaid is a cache write of unknown time to live.
- `iterations`: entries of type compaction are billed and NOT in the top-level counts, so they are added; an advisor_message
  is not in them either and is another model's call: a call of its own with the id `msg_…/advisor-1`. Entries of other types are
  parts of the top-level counts.
- provider: what the record names, else anthropic for claude models; another model behind the same interface is its own maker's.

Source: anthropic-python types/usage.py, cache_creation.py, output_tokens_details.py, beta/beta_usage.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail, first_count, put
from llm_cost_exporter.formats.fields import named_provider, tier, vendor_id, words
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "anthropic_tokens", "extra_calls", "provider_of", "read"]

NAME = "anthropic_messages"
KEYS = (frozenset(("type", "role")), frozenset(("usage",)))

_OWN_KEYS = ("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation")
_MOST_ITERATIONS = 1000
_EXTRA = ("compaction", "advisor_message")  # iterations that the top-level counts leave out


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no message of Anthropic's form."""
    usage = record.get("usage")
    is_message = record.get("type") == "message" and record.get("role") == "assistant"
    if type(usage) is not dict or not ("input_tokens" in usage or "output_tokens" in usage):
        if not is_message or type(record.get("model")) is not str or usage:
            return None
        usage = None
    elif not is_message and ("input_tokens" not in usage or not any(key in usage for key in _OWN_KEYS)):
        return None
    model = words(record.get("model"))
    call = Usage(model, provider_of(record, model), id=vendor_id(record.get("id")) if is_message else None)
    if usage is None:
        call.without_usage = True
        return [call]
    call.tokens = anthropic_tokens(usage)
    call.context = tier(usage.get("service_tier"), usage.get("speed"))
    return [call, *extra_calls(call, usage)]


def provider_of(record: dict[str, Any], model: str | None) -> str | None:
    """The provider of a call in Anthropic's form."""
    return named_provider(record) or ("anthropic" if model is None or model.startswith("claude") else None)


def anthropic_tokens(usage: dict[str, Any]) -> Tokens:
    """The meters of a `usage` whose input_tokens exclude the cached ones; without `iterations`. Raises BadCountError."""
    tokens: Tokens = {}
    put(tokens, "input", count(usage.get("input_tokens"), "input_tokens"))
    put(tokens, "cache_read", count(usage.get("cache_read_input_tokens"), "cache_read_input_tokens"))
    _put_written(tokens, usage)
    output = count(usage.get("output_tokens"), "output_tokens")
    out_of = usage.get("output_tokens_details")
    reasoning = min(first_count(out_of, ("thinking_tokens",)), output) if type(out_of) is dict else 0
    put(tokens, "reasoning", reasoning)
    put(tokens, "output", output - reasoning)
    return tokens


def _put_written(tokens: Tokens, usage: dict[str, Any]) -> None:
    split = detail(usage, "cache_creation")
    hour = count(split.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens")
    minutes = count(split.get("ephemeral_5m_input_tokens"), "ephemeral_5m_input_tokens")
    told = usage.get("cache_creation_input_tokens")
    total = hour + minutes if told is None else count(told, "cache_creation_input_tokens")
    hour = min(hour, total)
    minutes = min(minutes, total - hour)
    put(tokens, "cache_write_1h", hour)
    put(tokens, "cache_write_5m", minutes)
    put(tokens, "cache_write", total - hour - minutes)


def extra_calls(call: Usage, usage: dict[str, Any]) -> list[Usage]:
    """Add to `call` what `usage.iterations` has beside the top-level counts; give the calls to other models among them."""
    iterations = usage.get("iterations")
    if type(iterations) is not list:
        return []
    others: list[Usage] = []
    for entry in iterations[:_MOST_ITERATIONS]:
        if type(entry) is not dict or entry.get("type") not in _EXTRA:
            continue
        model = words(entry.get("model"))
        more = anthropic_tokens(entry)
        if entry["type"] == "compaction" and (model is None or model == call.model):
            for meter, amount in more.items():
                call.tokens[meter] = call.tokens.get(meter, 0) + amount
            continue
        kind = "advisor" if entry["type"] == "advisor_message" else "compaction"
        call_id = f"{call.id}/{kind}-{len(others) + 1}" if call.id is not None else None
        model = model or call.model
        provider = call.provider if call.provider != "anthropic" else provider_of({}, model)
        others.append(Usage(model, provider, more, id=call_id, context=call.context))
    return others
