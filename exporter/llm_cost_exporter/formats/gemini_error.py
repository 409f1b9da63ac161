"""Google's error bodies: a call of Gemini that failed.

    {"error": {"code": 429, "message": "…", "status": "RESOURCE_EXHAUSTED", "details": […]}}

The body names neither call nor model, so the form must be unmistakable: an HTTP status as a number, one of google.rpc.Code's
names, a message, and nothing but details beside them. No tokens are billed for an error by itself.

Source: cloud.google.com/apis/design/errors, ai.google.dev/gemini-api/docs/troubleshooting.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.failures import of_status
from llm_cost_exporter.types import FileState, Usage

__all__ = ["ALSO", "FALLBACK", "KEYS", "NAME", "read"]

NAME = "gemini_error"
ALSO = ("gemini",)
FALLBACK = True
KEYS = (frozenset(("error",)),)

_NEEDED = frozenset(("code", "message", "status"))
_ALLOWED = _NEEDED | {"details"}
_CODES = frozenset((
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
    "UNAUTHENTICATED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL",
    "UNAVAILABLE", "DATA_LOSS",
))  # fmt: skip


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no error in Google's form."""
    error = record.get("error")
    if type(error) is not dict or not error.keys() >= _NEEDED or not error.keys() <= _ALLOWED:
        return None
    code, status = error["code"], error["status"]
    if type(code) is not int or not 400 <= code <= 599 or type(status) is not str or status not in _CODES:
        return None
    return [Usage(None, "google", failure=of_status(code))]
