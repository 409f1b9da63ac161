"""Mistral: chat completions that count cached tokens in a key of their own.

    {"id": "cmpl-…", "object": "chat.completion", "model": "mistral-large-latest", "usage": {"prompt_tokens": 100, "completion_tokens": 20,
     "total_tokens": 120, "num_cached_tokens": 64, "prompt_token_details": {"cached_tokens": 64}}}

- `prompt_tokens` INCLUDES `num_cached_tokens`, which prompt_tokens_details or prompt_token_details may repeat. `completion_tokens`
  INCLUDES reasoning, which is not told apart. The rest is as in openai_chat.
- The provider is mistral for its own names of models: others who serve them, and vLLM, count by the same names.

Source: docs.mistral.ai/api (UsageInfo), mistralai-python models/usageinfo.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_chat
from llm_cost_exporter.formats.hosts import MISTRAL_SIGNS, is_family, served_by
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "mistral"
ALSO = ("openai_chat",)
KEYS = (frozenset(("usage",)),)

_FAMILIES = (
    "mistral-", "ministral-", "codestral-", "devstral-", "magistral-", "pixtral-", "voxtral-", "open-mistral", "open-mixtral", "open-codestral",
)  # fmt: skip


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | Part | None:
    """See the module. None where the record is no answer of Mistral's form."""
    usage = record["usage"]
    if type(usage) is not dict or MISTRAL_SIGNS.isdisjoint(usage):
        return None
    details = usage.get("prompt_token_details")
    if type(details) is dict and type(usage.get("prompt_tokens_details")) is not dict:
        record = {**record, "usage": {**usage, "prompt_tokens_details": details}}
    found = openai_chat.read(record, state, any_host=True)
    return served_by(found, "mistral") if is_family(record.get("model"), _FAMILIES) else found
