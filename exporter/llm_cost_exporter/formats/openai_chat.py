"""OpenAI chat completions, and the many servers that answer in their form (Azure, OpenRouter, vLLM, Groq, DeepSeek, …).

    {"id": "chatcmpl-…", "object": "chat.completion", "created": 1741569952, "model": "gpt-5-mini-2025-08-07",
     "usage": {"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
               "prompt_tokens_details": {"cached_tokens": 1920}, "completion_tokens_details": {"reasoning_tokens": 192}}}

Also the chunks of a stream (`chat.completion.chunk`), and an application's own `{"model": …, "usage": {"prompt_tokens": …}}`.

- `prompt_tokens` INCLUDES cached, cache-written, audio and image tokens. `completion_tokens` INCLUDES reasoning and audio,
  except where the record's own total_tokens says that reasoning came on top (xAI). Gemini's thoughts may stand in the total alone.
- What gateways add under Anthropic's names (cache_read_input_tokens, …) is included too, except where the total says otherwise (Portkey), or
  it is more than the prompt. LiteLLM tells the written tokens' time to live.
- A stream's usage comes in one last chunk, if it was asked for. Chunks before it are held (see held.py): a stream without a
  usage is a call without usage. A server that repeats its growing usage in every chunk is read as one call.
- provider: what the record names; azure where its content filter's results are there; openrouter for its ids; else none,
  since a compatible server answers in the same form: the model's name decides.

- Ollama's id is one of a thousand numbers, so it tells no repeat and isn't read. (ollama middleware/openai.go)

Source: openai-python types/chat/chat_completion.py, chat_completion_chunk.py, completion_usage.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import (
    Tokens,
    count,
    detail,
    first_count,
    put,
    split_input,
    split_output,
    split_written,
)
from llm_cost_exporter.formats.fields import named_provider, tier, usd, vendor_id, words
from llm_cost_exporter.formats.hosts import GROQ_KEY, HOST_SIGNS
from llm_cost_exporter.formats.totals import by_total
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["KEYS", "NAME", "OLLAMAS", "chat_tokens", "read"]

NAME = "openai_chat"
KEYS = (
    frozenset(("object", "choices")),
    frozenset(("object", "usage")),
    frozenset(("usage",)),
    frozenset(("choices", "id")),
)

OLLAMAS = "fp_ollama"
"""The system_fingerprint of Ollama."""

_STATE_KEY = "openai_chat"
_MOST_STREAMS = 64
_CACHED_ELSEWHERE = (
    "prompt_cache_hit_tokens",
    "num_cached_tokens",
    "cached_tokens",
    "cache_read_input_tokens",
)  # DeepSeek's, Mistral's, others', and Anthropic's
_WRITTEN = "cache_creation_input_tokens"  # Anthropic's
_OBJECTS = frozenset(("chat.completion", "chat.completion.chunk", "text_completion"))


def chat_tokens(usage: dict[str, Any], model: object = None) -> Tokens:
    """The meters of a `usage` that counts prompt_tokens and completion_tokens. Raises BadCountError."""
    prompt = count(usage.get("prompt_tokens"), "prompt_tokens")
    completion = count(usage.get("completion_tokens"), "completion_tokens")
    tokens: Tokens = {}
    details = usage.get("prompt_tokens_details")
    out_of = usage.get("completion_tokens_details")
    total = usage.get("total_tokens")
    reasoning = 0
    if type(out_of) is dict:
        reasoning = count(out_of.get("reasoning_tokens"), "reasoning_tokens")
    answered = completion
    completion, reasoning = by_total(prompt, completion, reasoning, total, model)
    if type(details) is not dict or details.get("cached_tokens") is None:
        cached = first_count(usage, _CACHED_ELSEWHERE)
        details = {**(details if type(details) is dict else {}), "cached_tokens": cached}
    if _WRITTEN in usage or _CACHED_ELSEWHERE[-1] in usage:
        details = {**details, "cache_write_tokens": _written(usage, details)}
        cached = count(details["cached_tokens"], "cached_tokens") + details["cache_write_tokens"]
        if cached > prompt or (completion == answered and total == prompt + answered + cached):
            prompt += cached
    split_input(tokens, prompt, details)
    by_ttl = details.get("cache_creation_token_details")
    if type(by_ttl) is dict:
        split_written(tokens, *(first_count(by_ttl, (f"ephemeral_{ttl}_input_tokens",)) for ttl in ("5m", "1h")))
    if type(out_of) is dict:
        split_output(tokens, completion, out_of, reasoning)
    else:
        put(tokens, "output", completion - reasoning)
        put(tokens, "reasoning", reasoning)
    return tokens


def _written(usage: dict[str, Any], details: dict[str, Any]) -> int:
    return first_count(details, ("cache_write_tokens", "cache_creation_tokens")) or first_count(usage, (_WRITTEN,))


def read(record: dict[str, Any], state: FileState, *, any_host: bool = False) -> list[Usage] | Hold | Part | None:
    """See the module. None where the record is no chat completion; nor, but for `any_host`, one of a host with a format of its own."""
    usage = record.get("usage")
    if not any_host and (GROQ_KEY in record or (type(usage) is dict and not HOST_SIGNS.isdisjoint(usage))):
        return None
    kind = record.get("object")
    known = type(kind) is str and kind in _OBJECTS
    if type(usage) is not dict or not ("prompt_tokens" in usage or "completion_tokens" in usage):
        if kind == "list" or not (known or _looks_like_chunk(record)):
            return _of_a_total(record, usage)
        usage = detail(detail(record, "x_groq"), "usage")  # Groq's streams: beside the last chunk's choices
        if not usage:
            return _without_usage(record, is_chunk=kind == "chat.completion.chunk" or not known)
    call_id = _id(record) if known or "choices" in record else None
    model = words(record.get("model"))
    found = Usage(model, _provider(record, call_id), chat_tokens(usage, model), None, call_id)
    if "cost" in usage:
        cost = usage["cost"]
        found.reported_usd = usd(cost.get("total_cost") if type(cost) is dict else cost)  # Perplexity's is an object
    if "service_tier" in record:
        found.context = tier(record["service_tier"])
    if kind == "chat.completion.chunk" and call_id is not None:
        found.continues = _seen_before(record, call_id, state)
    return [found]


def _id(record: dict[str, Any]) -> str | None:
    """The response's id. Ollama draws one of a thousand numbers: with it a few hundred calls would be taken for repeats."""
    return None if record.get("system_fingerprint") == OLLAMAS else vendor_id(record.get("id"))


def _looks_like_chunk(record: dict[str, Any]) -> bool:
    choices = record.get("choices")
    return (
        "object" not in record and type(choices) is list and bool(choices) and type(choices[0]) is dict
        and type(choices[0].get("delta")) is dict and type(record.get("model")) is str
    )  # fmt: skip


def _without_usage(record: dict[str, Any], *, is_chunk: bool) -> list[Usage] | Hold | Part:
    call_id = _id(record)
    call = Usage(words(record.get("model")), _provider(record, call_id), id=call_id, without_usage=True)
    if not is_chunk:
        return [call]
    if call_id is None:
        return Part("chunk of a stream")
    return Hold(call, final=_ended(record))


def _of_a_total(record: dict[str, Any], usage: object) -> list[Usage] | None:
    """A sum of all tokens alone can't be priced; that there was a call can be told."""
    if (
        type(usage) is dict
        and usage.keys() == {"total_tokens"}
        and usage["total_tokens"]
        and type(record.get("model")) is str
    ):
        return [Usage(words(record["model"]), named_provider(record), without_usage=True)]
    return None


def _ended(record: dict[str, Any]) -> bool:
    choices = record.get("choices")
    return type(choices) is list and any(type(c) is dict and c.get("finish_reason") for c in choices)


def _seen_before(record: dict[str, Any], call_id: str, state: FileState) -> bool:
    """Whether an earlier chunk of this stream had a usage too (a server that repeats it, growing). Remembers running ones."""
    running: list[str] = state.get(_STATE_KEY, [])
    before = call_id in running
    if not record.get("choices") or _ended(record):
        if before:
            running.remove(call_id)
            if not running:
                del state[_STATE_KEY]
    elif not before:
        state[_STATE_KEY] = [*running[-_MOST_STREAMS + 1 :], call_id]
    return before


def _provider(record: dict[str, Any], call_id: str | None) -> str | None:
    if call_id is not None and call_id.startswith("gen-"):
        return "openrouter"  # its `provider` names the upstream, whose prices are not what it bills
    named = named_provider(record)
    if named is None and ("prompt_filter_results" in record or _filtered(record.get("choices"))):
        return "azure"
    return named


def _filtered(choices: object) -> bool:
    return (
        type(choices) is list and bool(choices) and type(choices[0]) is dict and "content_filter_results" in choices[0]
    )
