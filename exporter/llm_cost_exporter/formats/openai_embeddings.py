"""OpenAI's embeddings, and those of the servers that answer in their form (Mistral, Voyage, vLLM, …).

    {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": […]}], "model": "text-embedding-3-small",
     "usage": {"prompt_tokens": 13, "total_tokens": 13}}

- All tokens are input; nothing is cached, so `prompt_tokens` INCLUDES no other kind. Where only total_tokens is told, it is the input.
- There is neither id nor time in OpenAI's: a record around it may have them.

Source: openai-python types/create_embedding_response.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, put
from llm_cost_exporter.formats.fields import named_provider, vendor_id, words
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "openai_embeddings"
KEYS = (frozenset(("object", "data")),)


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no list of embeddings."""
    data = record["data"]
    if record["object"] != "list" or type(data) is not list or not data or type(data[0]) is not dict:
        return None
    if data[0].get("object") != "embedding":
        return None
    call = Usage(words(record.get("model")), named_provider(record), id=vendor_id(record.get("id")))
    usage = record.get("usage")
    told = [usage.get(key) for key in ("prompt_tokens", "total_tokens")] if type(usage) is dict else [None, None]
    tokens: Tokens = {}
    put(tokens, "input", count(told[1] if told[0] is None else told[0], "prompt_tokens"))
    call.tokens = tokens
    call.without_usage = told == [None, None]
    return [call]
