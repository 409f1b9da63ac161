"""OpenRouter: chat completions and Responses in OpenAI's form, with what OpenRouter charged.

    {"id": "gen-1762805773-…", "provider": "Google", "model": "anthropic/claude-4.5-sonnet-20250929", "object": "chat.completion",
     "created": 1762805773, "usage": {"prompt_tokens": 14, "completion_tokens": 4, "total_tokens": 18, "cost": 0.000102,
     "cost_details": {"upstream_inference_cost": 0.000102}, "is_byok": false, "prompt_tokens_details": {"cached_tokens": 0, …}}}

- `prompt_tokens` INCLUDES cached and cache-written tokens, `completion_tokens` INCLUDES reasoning, as in openai_chat (or openai_responses).
- provider: openrouter, whose prices are its own. The record's `provider` names the upstream.
- reported cost: usage.cost, all that was charged, with the fees of server tools too.
- Known by its ids (`gen-…`), or by `cost_details` or `is_byok` beside `cost`.
- The id of a call is `gen-…/model`: one generation may ask several models, each with an answer of its own.
- An error in the body or in the last chunk of a stream is a failed call, as is an error body (`{"error": {"code": 429, …}, "user_id": "user_…"}`,
  or one whose metadata names the upstream).

Source: openrouter.ai/docs api-reference overview, use-cases/usage-accounting.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_chat, openai_responses
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.failures import of_error
from llm_cost_exporter.formats.fields import usd, vendor_id, words
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "openrouter"
KEYS = (frozenset(("error",)), frozenset(("id", "usage")), frozenset(("id", "choices")), frozenset(("usage", "model")))
_OWN_KEYS = ("cost_details", "is_byok")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | Part | None:
    """See the module. None where the record is no answer of OpenRouter's."""
    call_id, usage = record.get("id"), record.get("usage")
    by_id = type(call_id) is str and call_id.startswith("gen-")
    error = record.get("error")
    if type(error) is dict and not by_id and usage is None and _is_own(error, record.get("user_id")):
        return [Usage(words(record.get("model")), "openrouter", failure=of_error(error) or "other")]
    if not by_id and not (type(usage) is dict and "cost" in usage and any(key in usage for key in _OWN_KEYS)):
        return None
    if type(error) is dict and type(usage) is not dict:
        model = words(record.get("model"))
        return [Usage(model, "openrouter", id=_own_id(record, model), failure=of_error(error) or "other")]
    found: list[Usage] | Hold | Part | None = openai_responses.read(record, state)
    if found is None:
        found = openai_chat.read(record, state)
    if type(found) is list:
        call = found[0]
        if type(usage) is dict:
            call.reported_usd = usd(usage.get("cost"))
        if type(error) is dict:
            call.failure = of_error(error) or "other"
    elif isinstance(found, Hold):
        call = found.usage
    else:
        return found
    call.provider = "openrouter"
    call.id = _own_id(record, call.model)
    return found


def _is_own(error: dict[str, Any], user: object) -> bool:
    """Whether an error body is OpenRouter's: a number for a code, and the account, or the upstream that failed."""
    code = error.get("code")
    by_user = type(user) is str and user.startswith(("user_", "org_"))
    return type(code) is int and 400 <= code <= 599 and (by_user or "provider_name" in detail(error, "metadata"))


def _own_id(record: dict[str, Any], model: str | None) -> str | None:
    call_id = vendor_id(record.get("id"))
    return call_id if call_id is None or model is None else f"{call_id}/{model}"[:256]
