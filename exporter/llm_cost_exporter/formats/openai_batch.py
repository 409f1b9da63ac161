"""The output and error files of OpenAI's Batch API, also Azure's and of the hosts that follow it (Groq, Mistral, xAI, …).

    {"id": "batch_req_…", "custom_id": "request-2", "error": null, "response": {"status_code": 200, "request_id": "…", "body":
     {"id": "chatcmpl-…", "object": "chat.completion", "model": "gpt-4o-mini", "usage": {"prompt_tokens": 24, "completion_tokens": 15}}}}

- The body is read by the format of its own (chat completions, Responses, embeddings, …), which says what its input INCLUDES.
- Only the envelope tells that it is a batch: the call has the price of one, whatever the body's service tier says.
- An error, or a status of 400 and more, is a call that failed. Id: the body's, else the line's.

Source: platform.openai.com/docs/api-reference/batch/request-output.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.bodies import body_in, read_body
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.failures import of_error, of_status
from llm_cost_exporter.formats.fields import tier, vendor_id, words
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "openai_batch"
KEYS = (frozenset(("custom_id", "response")),)

_BATCH = tier("batch")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:
    """See the module. None where the record is no line of such a file."""
    response = record.get("response")
    error = record.get("error")
    if type(response) is not dict:
        if response is not None or type(error) is not dict:
            return None
        response = {}
    elif "body" not in response and "status_code" not in response:
        return None
    body = body_in(response.get("body")) or {}
    failure = _failure(response.get("status_code"), error or body.get("error"))
    calls = read_body(body, state)
    if not calls:
        calls = [Usage(words(body.get("model")), without_usage=failure is None)]
    call = calls[0]
    if failure is not None:
        call.failure, call.without_usage = failure, False
    if call.id is None:
        call.id = vendor_id(record.get("id")) or vendor_id(detail(record, "response").get("request_id"))
    call.request_id = vendor_id(record["custom_id"])
    call.logged_time = body.get("created", body.get("created_at"))
    for each in calls:
        each.context = _BATCH
    return calls


def _failure(status: object, error: object) -> Failure | None:
    told = of_status(status) if type(status) is int else None
    return told or of_error(error)
