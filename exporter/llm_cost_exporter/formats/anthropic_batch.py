"""The results file of Anthropic's Message Batches, and of batches of Claude on Bedrock and on Vertex AI.

    {"custom_id": "my-request", "result": {"type": "succeeded", "message": {"id": "msg_…", "model": "claude-…", "usage": {…}}}}
    {"custom_id": "my-request", "result": {"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error"}}}}

    {"recordId": "CALL0000001", "modelInput": {…}, "modelOutput": {"id": "msg_bdrk_…", "type": "message", "usage": {…}}}
    {"custom_id": "request-1", "request": {…}, "response": {"id": "msg_vrtx_…", "type": "message", "usage": {…}}, "status": ""}

- The message is read as in anthropic_messages: `input_tokens` EXCLUDES cached tokens, `output_tokens` INCLUDES thinking. It has the price
  of a batch also where its service_tier doesn't say so.
- A request that errored, expired or was canceled is a call that failed. It is not billed.

Source: anthropic-python types/messages/message_batch_individual_response.py, docs.aws.amazon.com bedrock batch-inference-results,
docs.cloud.google.com vertex-ai partner-models claude batch.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import anthropic_error, anthropic_messages
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.failures import of_error
from llm_cost_exporter.formats.fields import tier, vendor_id
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "anthropic_batch"
KEYS = (
    frozenset(("custom_id", "result")),
    frozenset(("custom_id", "request", "response", "status")),
    frozenset(("recordId", "modelInput", "modelOutput")),
)

_FAILURES: dict[str, Failure] = {"errored": "other", "canceled": "other", "expired": "timeout"}
_BATCH = tier("batch")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:
    """See the module. None where the record is no line of such a file."""
    result = detail(record, "result")
    if "result" not in record:
        answer = detail(record, "modelOutput", "response")
        if answer.get("type") == "message":
            result = {"type": "succeeded", "message": answer}
    kind = result.get("type")
    if type(kind) is not str:
        return None
    calls: list[Usage] | None = None
    if kind == "succeeded":
        calls = anthropic_messages.read({"type": "message", "role": "assistant", **detail(result, "message")}, state)
    elif kind in _FAILURES:
        error = detail(result, "error")
        failed = anthropic_error.read({"type": "error", **error, "request_id": error.get("request_id") or "-"}, {})
        failure = failed[0].failure if failed else of_error(detail(error, "error") or error)
        calls = [Usage(None, "anthropic", failure=failure or _FAILURES[kind])]
    if calls is not None:
        calls[0].request_id = vendor_id(record.get("custom_id", record.get("recordId")))
        for call in calls:
            speed = tuple(pair for pair in call.context if pair[0] == "speed")
            call.context = (*_BATCH, *speed)
    return calls
