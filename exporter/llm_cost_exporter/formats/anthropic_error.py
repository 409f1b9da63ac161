"""Anthropic's error bodies and the error event of its stream: a call that failed.

    {"type": "error", "error": {"type": "overloaded_error", "message": "…"}, "request_id": "req_…"}

An error that names no request while a stream is open in the file is that stream's: the call keeps its tokens and is a failure
too. No tokens are billed for an error by itself.

Source: anthropic-python types/shared/error_object.py, error_response.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.anthropic_stream import open_stream
from llm_cost_exporter.formats.fields import vendor_id
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["ALSO", "FALLBACK", "KEYS", "NAME", "read"]

NAME = "anthropic_error"
ALSO = ("anthropic_messages", "anthropic_stream")
FALLBACK = True
KEYS = (frozenset(("type", "error")),)

_FAILURES: dict[str, Failure] = {
    "rate_limit_error": "rate_limited",
    "timeout_error": "timeout",
    "api_error": "server_error",
    "overloaded_error": "server_error",
    "invalid_request_error": "client_error",
    "authentication_error": "client_error",
    "billing_error": "client_error",
    "permission_error": "client_error",
    "not_found_error": "client_error",
    "request_too_large": "client_error",
}


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:
    """See the module. None where the record is no error in Anthropic's form."""
    error = record.get("error")
    if record.get("type") != "error" or type(error) is not dict:
        return None
    kind = error.get("type")
    failure = _FAILURES.get(kind) if type(kind) is str else None
    if failure is None:
        return None
    request = vendor_id(record.get("request_id"))
    stream = open_stream(state) if request is None else None
    if stream is not None:
        call_id, model = stream
        return [Usage(model, "anthropic", id=call_id, failure=failure, continues=True)]
    return [Usage(None, "anthropic", id=request, failure=failure)]
