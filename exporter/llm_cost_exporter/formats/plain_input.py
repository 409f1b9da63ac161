"""The other plain shape of this field's tutorials: input_tokens and output_tokens on a record of the application's own.

    {"model": "claude-sonnet-4-5", "input_tokens": 1200, "output_tokens": 300, "cost_usd": 0.0081, "latency_ms": 812.4,
     "timestamp": "2026-01-02T03:04:05.678Z"}

The optional keys of plain_prompt are taken here too (input_tokens_details, output_tokens_details for the details). Whether
`input_tokens` includes what was cached is told by the names and the numbers:

- cache_read_input_tokens, cache_creation_input_tokens, cache_creation (Anthropic's own names): input EXCLUDES them
- cached_tokens, cached_input_tokens, cached_prompt_tokens, input_tokens_details (OpenAI's): input INCLUDES them
- other names (cache_read_tokens, cache_write_tokens, …), which nobody owns: EXCLUDES for a claude model, else INCLUDES

and INCLUDES becomes EXCLUDES where it can't be: the cached ones are more than the input, or total_tokens is the sum of all.
The answers of OpenAI's and Anthropic's token counting ({"object": "response.input_tokens", …}, {"input_tokens": …,
"context_management": …}) are no calls.
`output_tokens` INCLUDES reasoning, unless total_tokens says that it came on top. Ids and nulls are as in plain_prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm_cost_exporter.formats import plain
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read", "specialise"]

NAME = "plain_input"
KEYS = (frozenset(("input_tokens",)), frozenset(("output_tokens",)))

_NAMES = plain.Names("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
_OPENAIS = (
    "cached_tokens",
    "cached_input_tokens",
    "cached_prompt_tokens",
    "input_tokens_details",
    "input_token_details",
)
_ANTHROPICS = ("cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record answers a request to count tokens, which nobody bills."""
    if "output_tokens" not in record and (
        record.get("object") == "response.input_tokens" or "context_management" in record
    ):
        return None
    return plain.read(record, _NAMES, includes_cache=_includes_cache(record))


def _includes_cache(record: dict[str, Any]) -> bool:
    if any(key in record for key in _ANTHROPICS):
        return False
    model = record.get("model")
    return any(key in record for key in _OPENAIS) or not (type(model) is str and "claude" in model.lower())


def specialise(keys: frozenset[str]) -> Callable[[dict[str, Any], FileState], list[Usage] | None]:
    """The reader for records of exactly these keys: a quick one where none of the optional keys is among them."""
    return plain.quick(keys, _NAMES) or read
