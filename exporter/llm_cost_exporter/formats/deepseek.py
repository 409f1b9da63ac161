"""DeepSeek: chat completions that split the prompt by hits and misses of the cache.

    {"id": "930c…", "object": "chat.completion", "model": "deepseek-chat", "usage": {"prompt_tokens": 563, "completion_tokens": 116,
     "prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 51, "completion_tokens_details": {"reasoning_tokens": 60}}}

- `prompt_tokens` INCLUDES the hits, which are cached tokens; hits and misses are the prompt where it is not told.
  `completion_tokens` INCLUDES reasoning. The rest is as in openai_chat.
- The provider is deepseek for its own names of models: others who serve them count by the same names.

Source: api-docs.deepseek.com/api/create-chat-completion.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_chat
from llm_cost_exporter.formats.counts import count
from llm_cost_exporter.formats.hosts import DEEPSEEK_SIGN, is_family, served_by
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "deepseek"
ALSO = ("openai_chat",)
KEYS = (frozenset(("usage",)),)

_MISS = "prompt_cache_miss_tokens"


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | Part | None:
    """See the module. None where the record is no answer of DeepSeek's form."""
    usage = record["usage"]
    if type(usage) is not dict or DEEPSEEK_SIGN not in usage:
        return None
    if usage.get("prompt_tokens") is None:
        usage = {**usage, "prompt_tokens": count(usage[DEEPSEEK_SIGN], DEEPSEEK_SIGN) + count(usage.get(_MISS), _MISS)}
        record = {**record, "usage": usage}
    found = openai_chat.read(record, state, any_host=True)
    return served_by(found, "deepseek") if is_family(record.get("model"), ("deepseek-",)) else found
