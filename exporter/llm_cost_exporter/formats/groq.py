"""Groq: chat completions that tell how long they queued, and streams with an x_groq.

    {"id": "chatcmpl-…", "object": "chat.completion", "model": "openai/gpt-oss-120b", "service_tier": "on_demand", "x_groq": {"id": "req_…"},
     "usage": {"queue_time": 0.05, "prompt_tokens": 100, "prompt_time": 0.01, "completion_tokens": 20, "total_time": 0.12, …}}

- Counts are those of openai_chat: `prompt_tokens` INCLUDES cached tokens, `completion_tokens` INCLUDES reasoning. A stream has them in
  `x_groq.usage` of its last chunk.
- The provider is groq whatever the model's name begins with. The latency is `total_time`, in seconds, and the time in the queue.

Source: console.groq.com/docs/api-reference, groq-python types/completion_usage.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_chat
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.hosts import GROQ_KEY, GROQ_SIGN, calls_in, served_by
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "groq"
ALSO = ("openai_chat",)
KEYS = (frozenset((GROQ_KEY,)), frozenset(("usage",)))

_LONGEST_SECONDS = 7 * 86_400


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | Part | None:
    """See the module. None where the record is no answer of Groq's."""
    usage = detail(record, "usage") or detail(detail(record, GROQ_KEY), "usage")
    if GROQ_SIGN not in usage and GROQ_KEY not in record:
        return None
    found = served_by(openai_chat.read(record, state, any_host=True), "groq")
    total, queued = _seconds(usage.get("total_time")), _seconds(usage.get("queue_time"))
    if total is not None:
        for call in calls_in(found):
            call.latency_ns = round((total + (queued or 0.0)) * 1e9)
    return found


def _seconds(value: object) -> float | None:
    if (type(value) is int or type(value) is float) and 0 <= value <= _LONGEST_SECONDS:
        return float(value)
    return None
