"""OpenAI Responses, and the events of its stream that carry the whole response.

    {"id": "resp_…", "object": "response", "created_at": 1741476542, "status": "completed", "model": "gpt-5-2025-08-07",
     "usage": {"input_tokens": 9703, "input_tokens_details": {"cached_tokens": 8576},
               "output_tokens": 638, "output_tokens_details": {"reasoning_tokens": 576}, "total_tokens": 10341}}
    {"type": "response.completed", "response": {…}}       also .failed, .incomplete, .created; Realtime's response.done

Also an application's own `{"model": …, "usage": {"input_tokens": …, "input_tokens_details": {…}}}`.

- `input_tokens` INCLUDES cached and cache-written tokens; `output_tokens` INCLUDES reasoning.
- A response that failed is a failure, with its usage where it has one. One that was cut short (`incomplete`) is none.
- Images that a tool made are tokens of an image model, beside those of `usage`: `tool_usage.image_gen` is a call of its own, with the id
  `resp_…/image_gen`, of the model that the request's tool names.
- Events before the last one, and responses still queued or running, are held (see held.py): a stream that never ends is a
  call without usage.

Source: openai-python types/responses/response.py, response_usage.py, realtime/realtime_response_usage.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_images
from llm_cost_exporter.formats.counts import Tokens, count, detail, first_count, put, split_input, split_output
from llm_cost_exporter.formats.failures import of_error
from llm_cost_exporter.formats.fields import named_provider, tier, vendor_id, words
from llm_cost_exporter.formats.hosts import XAI_SIGNS
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "read", "responses_tokens"]

NAME = "openai_responses"
KEYS = (frozenset(("object", "status")), frozenset(("object", "usage")), frozenset(("usage",)))

_OBJECTS = frozenset(("response", "realtime.response"))
_MOST_TOOLS = 128
_RUNNING = ("in_progress", "queued")


def responses_tokens(usage: dict[str, Any]) -> Tokens:
    """The meters of a `usage` whose input_tokens include the cached ones. Raises BadCountError."""
    tokens: Tokens = {}
    total_in = count(usage.get("input_tokens"), "input_tokens")
    into = detail(usage, "input_tokens_details", "input_token_details")
    if into:
        split_input(tokens, total_in, into)
    else:
        put(tokens, "input", total_in)
    total_out = count(usage.get("output_tokens"), "output_tokens")
    out_of = detail(usage, "output_tokens_details", "output_token_details")
    if out_of:
        split_output(tokens, total_out, out_of, first_count(out_of, ("reasoning_tokens",)))
    else:
        put(tokens, "output", total_out)
    return tokens


def read(record: dict[str, Any], state: FileState, *, any_host: bool = False) -> list[Usage] | Hold | None:  # noqa: ARG001
    """See the module. None where the record is no response; nor, but for `any_host`, one of xAI's.

    (That of an event is found as an object nested in it.)
    """
    kind = record.get("object")
    usage = record.get("usage")
    known = type(kind) is str and kind in _OBJECTS
    if type(usage) is not dict:
        return _response(record) if known else None
    if not known and (
        ("input_tokens_details" not in usage and "input_token_details" not in usage) or _counts_as_chat(usage)
    ):
        return None
    if not any_host and not XAI_SIGNS.isdisjoint(usage):
        return None
    if known:
        return _response(record)
    return [Usage(words(record.get("model")), named_provider(record), responses_tokens(usage))]


def _counts_as_chat(usage: dict[str, Any]) -> bool:
    """new-api and one-api write the keys of both forms, and 0 or null under those of the other one."""
    if usage.get("input_tokens") or usage.get("output_tokens"):
        return False
    return bool(usage.get("prompt_tokens") or usage.get("completion_tokens"))


def _response(body: dict[str, Any]) -> list[Usage] | Hold | None:
    usage = body.get("usage")
    call_id = vendor_id(body.get("id"))
    call = Usage(words(body.get("model")), named_provider(body), id=call_id, context=tier(body.get("service_tier")))
    if type(usage) is dict and ("input_tokens" in usage or "output_tokens" in usage) and not _counts_as_chat(usage):
        call.tokens = responses_tokens(usage)
    elif type(usage) is dict and ("prompt_tokens" in usage or "completion_tokens" in usage):
        return None  # a compatible server that counts in the terms of chat completions
    else:
        call.without_usage = True
        if body.get("status") in _RUNNING:
            return None if call_id is None else Hold(call, final=False)
    if body.get("status") == "failed":
        call.failure = of_error(body.get("error")) or "other"
    return [call, *_images(body, call)] if "tool_usage" in body else [call]


def _images(body: dict[str, Any], call: Usage) -> list[Usage]:
    tokens = openai_images.image_tokens(detail(detail(body, "tool_usage"), "image_gen"))
    if not tokens:
        return []
    tools = body.get("tools")
    tools = [tool for tool in tools[:_MOST_TOOLS] if type(tool) is dict] if type(tools) is list else []
    model = next((words(tool.get("model")) for tool in tools if tool.get("type") == "image_generation"), None)
    return [Usage(model, call.provider, tokens, id=None if call.id is None else f"{call.id}/image_gen")]
