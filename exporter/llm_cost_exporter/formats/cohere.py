"""Cohere: Chat (v1, v2, the last event of their streams), Embed, Rerank. What is counted is what is billed.

    {"id": "c14c…", "finish_reason": "COMPLETE", "message": {…}, "usage": {"billed_units": {"input_tokens": 431, "output_tokens": 661},
     "tokens": {"input_tokens": 2190, "output_tokens": 1257}, "cached_tokens": 0}}
    {"generation_id": "…", "text": "…", "meta": {"billed_units": {"input_tokens": 431.0, "output_tokens": 661.0}}}

- `billed_units` are counted; `tokens`, which INCLUDES Cohere's own parts of the prompt, only where there are no billed ones. `cached_tokens`
  are a part of `tokens` and may be more than what is billed; nothing tells that they are billed otherwise, so they are not told apart.
- Embeddings have billed image_tokens beside the text. A search (Rerank) has no tokens: a call without usage.
- There is neither model nor time: a record around it may have them.
- Id: id, in v1 generation_id. A finish_reason of ERROR… or TIMEOUT is a failure.

Source: docs.cohere.com/reference/chat, cohere-python types/usage.py, api_meta.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail, put
from llm_cost_exporter.formats.fields import named_provider, vendor_id, words
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "cohere"
KEYS = (frozenset(("usage",)), frozenset(("meta",)), frozenset(("type", "delta")))

_UNITS = ("input_tokens", "output_tokens", "image_tokens", "search_units", "classifications", "images")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no answer of Cohere's."""
    body = detail(record, "delta") if record.get("type") == "message-end" else record
    usage = next((found for key in ("usage", "meta") if _counts(found := detail(body, key))), None)
    if usage is None:
        return None
    billed, raw = detail(usage, "billed_units"), detail(usage, "tokens")
    counted = any(billed.get(key) is not None for key in _UNITS)
    tokens: Tokens = {}
    source = billed if counted else raw
    put(tokens, "input", count(source.get("input_tokens"), "input_tokens"))
    put(tokens, "image_input", count(source.get("image_tokens"), "image_tokens"))
    put(tokens, "output", count(source.get("output_tokens"), "output_tokens"))
    call = Usage(words(record.get("model")), named_provider(record) or "cohere", tokens)
    call.id = vendor_id(record.get("id")) or vendor_id(record.get("generation_id"))
    reason = body.get("finish_reason")
    if type(reason) is str and reason.upper().startswith(("ERROR", "TIMEOUT")):
        call.failure = "timeout" if reason.upper() == "TIMEOUT" else "other"
    call.without_usage = call.failure is None and all(source.get(key) is None for key in _UNITS[:3])
    return [call]


def _counts(usage: dict[str, Any]) -> bool:
    """Whether this is a usage of Cohere's, and not some other bill."""
    return any(key in detail(usage, "billed_units") for key in _UNITS) or any(
        key in detail(usage, "tokens") for key in _UNITS[:2]
    )
