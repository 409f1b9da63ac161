"""OpenAI's error bodies, and the error event of the Responses stream: a call that failed.

    {"error": {"message": "…", "type": "invalid_request_error", "param": null, "code": "context_length_exceeded"}}
    {"type": "error", "code": "rate_limit_exceeded", "message": "…", "param": null, "sequence_number": 3}

The body names neither call nor model, so the form must be unmistakable: exactly these four keys (Stripe's errors have them too,
and more). An event while one response's stream is held is that response's. The HTTP status of the record around it, where
there is one, beats the error's type.

Source: openai-python types/shared/error_object.py, types/responses/response_error_event.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.failures import of_words
from llm_cost_exporter.held import sole_held
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["ALSO", "FALLBACK", "KEYS", "NAME", "read"]

NAME = "openai_error"
ALSO = ("openai_chat", "openai_responses")
FALLBACK = True
KEYS = (frozenset(("error",)), frozenset(("type", "code", "message", "param", "sequence_number")))

_NEEDED = frozenset(("message", "type", "param", "code"))
_ALLOWED = _NEEDED | {"status", "innererror", "event_id"}


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:
    """See the module. None where the record is no error in OpenAI's form."""
    if record.get("type") == "error" and "sequence_number" in record:
        failure = _failure(record.get("code"), None)
        held = sole_held(state)
        if held is not None:
            return [Usage(held[1], id=held[0], failure=failure)]
        return [Usage(failure=failure)]
    error = record.get("error")
    if type(error) is not dict or not error.keys() >= _NEEDED or not error.keys() <= _ALLOWED:
        return None
    return [Usage(failure=_failure(error["code"], error["type"]))]


def _failure(code: object, kind: object) -> Failure:
    for said in (code, kind):
        if type(said) is str and said:
            failure = of_words(said)
            if failure != "other":
                return failure
    return "other"
