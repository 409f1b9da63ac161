"""Why a call failed, from what a record says of it: HTTP statuses, error types, words.

The reasons are those of llm_request_failures_total. A free error text is looked at for such words only; it is kept nowhere.
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from llm_cost_exporter.types import Failure

__all__ = ["FAILURE_KEYS", "failure_in", "of_error", "of_status", "of_words"]

# In this order: numbers are surer than words, and words surer than the mere presence of an error.
_CODE_KEYS = (
    "status_code", "http_status", "http_status_code", "response_status", "response_status_code", "response_code",
    "statusCode", "httpStatus", "status",
)  # fmt: skip
_WORD_KEYS = ("status", "outcome")
_FLAG_KEYS = ("success", "is_success", "ok")
_ERROR_KEYS = ("error", "error_type", "error_code", "err", "exception", "exc_info", "error_message")
FAILURE_KEYS = tuple(dict.fromkeys((*_CODE_KEYS, *_WORD_KEYS, *_FLAG_KEYS, *_ERROR_KEYS)))

_GOOD_WORDS = frozenset(("ok", "success", "succeeded", "successful", "completed", "complete", "done", "200"))
_BAD_WORDS = re.compile(r"error|fail|timeout|timed.?out|rate.?limit|reject|denied|exception|overload|throttl")

_CLASSES: tuple[tuple[re.Pattern[str], Failure], ...] = (
    (re.compile(r"rate.?limit|too.?many|quota|throttl|resource.?exhausted|\b429\b"), "rate_limited"),
    (re.compile(r"time.?d?.?out|deadline|\b408\b|\b504\b"), "timeout"),
    (re.compile(r"overload|unavailable|server.?error|internal|bad.?gateway|^api_error$|\b5[0-9]{2}\b"), "server_error"),
    (
        re.compile(
            r"invalid|bad.?request|auth|permission|forbidden|denied|not.?found|context.?length|content.?(filter|policy)|policy"
            r"|unprocessable|too.?large|unsupported|billing|validation|\b4[0-9]{2}\b"
        ),
        "client_error",
    ),
)
_LOOKED_AT = 300  # characters of a text


def of_status(code: int) -> Failure | None:
    """The failure that an HTTP status is; None for 1xx to 3xx."""
    if code < 400:
        return None
    if code == 429:
        return "rate_limited"
    if code in {408, 504, 524}:
        return "timeout"
    return "server_error" if code >= 500 else "client_error"


def of_words(text: str) -> Failure:
    """The failure that an error's type, code or text tells; `other` where it tells nothing."""
    low = text[:_LOOKED_AT].lower()
    for pattern, failure in _CLASSES:
        if pattern.search(low):
            return failure
    return "other"


def of_error(error: object, *, deeper: bool = True) -> Failure | None:
    """The failure that an `error` field tells; None where it is null, empty, or says that there is none."""
    if not error or error is True:
        return "other" if error is True else None
    if isinstance(error, str):
        return None if error.lower() in {"none", "null", "false"} else of_words(error)
    if isinstance(error, dict):
        told: Failure | None = None
        for key in ("status_code", "status", "code", "type", "error_type", "name", "class", "reason", "message"):
            value = error.get(key)
            if _is_status(value):
                told = of_status(int(value)) or told
            elif isinstance(value, str) and value:
                told = of_words(value)
            if told not in {None, "other"}:
                return told
        inner = error.get("error")
        return (of_error(inner, deeper=False) if deeper and isinstance(inner, dict) else None) or told or "other"
    return "other" if isinstance(error, list) else None


def failure_in(record: dict[str, Any], keys: tuple[str, ...] = FAILURE_KEYS) -> tuple[bool, Failure | None]:
    """What `record` says of success: (whether it says anything, the failure or None). `keys` are the ones of it to look at.

    An HTTP status decides; then a word such as `status: error`; then a flag such as `success: false`; then an error that is
    there. The kind of a failure comes from the error where the deciding field doesn't tell it.
    """
    said, failure = False, None
    for key in keys:
        value = record.get(key)
        if value is None:
            continue
        if key in _CODE_KEYS and _is_status(value):
            return True, of_status(int(value))
        if key in _WORD_KEYS and isinstance(value, str):
            word = value.lower()
            if word in _GOOD_WORDS:
                return True, None
            if len(word) <= 64 and _BAD_WORDS.search(word):
                said, failure = True, of_words(word)
        elif key in _FLAG_KEYS and isinstance(value, bool):
            if value:
                return True, None
            said, failure = True, failure or "other"
        elif key in _ERROR_KEYS:
            told = of_error(value)
            if told is not None and failure in {None, "other"}:
                said, failure = True, told
    return said, failure


def _is_status(value: object) -> TypeGuard[int | str]:
    if type(value) is str:
        return len(value) == 3 and value.isascii() and value.isdigit() and "100" <= value <= "599"
    return type(value) is int and 100 <= value <= 599
