"""xAI: chat completions and Responses that count sources, or say what they cost.

    {"id": "a3d1…", "object": "chat.completion", "model": "grok-4-0709", "usage": {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
     "prompt_tokens_details": {"text_tokens": 32, "cached_tokens": 6}, "completion_tokens_details": {"reasoning_tokens": 94},
     "num_sources_used": 0, "cost_in_usd_ticks": 158500}}

- `prompt_tokens` (of Responses, `input_tokens`) INCLUDES cached tokens, unless those are more: then they come on top.
- Chat: `completion_tokens` EXCLUDES reasoning, unless total_tokens says that it has it. Responses: `output_tokens` INCLUDES it.
- `cost_in_usd_ticks` is a reported cost, in 1e-10 USD: fees of searches and tools are in it.

Source: docs.x.ai/developers/cost-tracking, vercel/ai convert-xai-chat-usage.ts.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter import money
from llm_cost_exporter.formats import openai_chat, openai_responses
from llm_cost_exporter.formats.counts import count, detail
from llm_cost_exporter.formats.hosts import XAI_SIGNS, calls_in, served_by
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "xai"
ALSO = ("openai_chat", "openai_responses")
KEYS = (frozenset(("usage",)),)

_TICK = 10 ** (money.DECIMALS - 10)
_MOST_TICKS = 10**17


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | Part | None:
    """See the module. None where the record is no answer of xAI's."""
    usage = record["usage"]
    if type(usage) is not dict or XAI_SIGNS.isdisjoint(usage):
        return None
    found: list[Usage] | Hold | Part | None
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        found = openai_chat.read({**record, "usage": _chat(usage)}, state, any_host=True)
    else:
        found = openai_responses.read(
            {**record, "usage": _inclusive(usage, "input_tokens", "input_tokens_details")}, state, any_host=True
        )
    ticks = usage.get("cost_in_usd_ticks")
    if type(ticks) is float and ticks.is_integer():
        ticks = int(ticks)
    if type(ticks) is int and 0 <= ticks <= _MOST_TICKS:
        for call in calls_in(found):
            call.reported_usd = ticks * _TICK
    return served_by(found, "x-ai")


def _chat(usage: dict[str, Any]) -> dict[str, Any]:
    """`usage` with a completion that has the reasoning, as everybody else's."""
    usage = _inclusive(usage, "prompt_tokens", "prompt_tokens_details")
    prompt, completion = (count(usage.get(key), key) for key in ("prompt_tokens", "completion_tokens"))
    reasoning = count(detail(usage, "completion_tokens_details").get("reasoning_tokens"), "reasoning_tokens")
    if not (reasoning <= completion and usage.get("total_tokens") == prompt + completion):
        completion += reasoning
    return {**usage, "completion_tokens": completion, "total_tokens": prompt + completion}


def _inclusive(usage: dict[str, Any], key: str, details: str) -> dict[str, Any]:
    prompt = count(usage.get(key), key)
    cached = count(detail(usage, details).get("cached_tokens"), "cached_tokens")
    return {**usage, key: prompt + cached} if cached > prompt else usage
