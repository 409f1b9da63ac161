"""The plain shape of this field's tutorials: prompt_tokens and completion_tokens on a record of the application's own.

    {"timestamp": 1760000000.1, "model": "gpt-4o", "prompt_tokens": 812, "completion_tokens": 164, "total_tokens": 976,
     "cost_usd": 0.0037, "request_id": "req-1", "user_id": "u-42", "endpoint": "/v1/chat"}

Optional, and taken where they are there (the names are those that OpenAI's SDKs, LiteLLM and DeepSeek use):

- cached_tokens, cached_prompt_tokens, cached_input_tokens, cache_read_tokens, cache_read_input_tokens,
  prompt_cache_hit_tokens, num_cached_tokens: read from the cache
- cache_write_tokens, cache_creation_tokens, cache_creation_input_tokens: written to it (also cache_creation, Anthropic's split)
- reasoning_tokens, thinking_tokens; prompt_tokens_details and completion_tokens_details as in openai_chat

`prompt_tokens` INCLUDES cached and written tokens, as everywhere where this name is used; only where that can't be (they are
more than the prompt, or total_tokens is the sum of all) they are taken to come on top. `completion_tokens` INCLUDES reasoning,
unless total_tokens says that it came on top.

The id is request_id (the application's own, so one of its source entry), or response_id or id where it has a vendor's form.
Nothing but zeros is a call; nothing but nulls is a call without usage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm_cost_exporter.formats import plain
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read", "specialise"]

NAME = "plain_prompt"
KEYS = (frozenset(("prompt_tokens",)), frozenset(("completion_tokens",)))

_NAMES = plain.Names("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module."""
    return plain.read(record, _NAMES, includes_cache=True)


def specialise(keys: frozenset[str]) -> Callable[[dict[str, Any], FileState], list[Usage] | None]:
    """The reader for records of exactly these keys: a quick one where none of the optional keys is among them."""
    return plain.quick(keys, _NAMES) or read
