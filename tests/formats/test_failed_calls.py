"""Failed calls: vendors' error records and applications' own, and the error logs that are no calls."""

from __future__ import annotations

from typing import Any

import pytest

from llm_cost_exporter.types import Skip
from tests.reading import call_of, outcome_of, outcomes_of

OPENAI = {"message": "secret text", "type": "invalid_request_error", "param": None, "code": "context_length_exceeded"}


def anthropic(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": "secret text"}, **more}


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        ({"error": OPENAI}, "client_error"),
        ({"error": {**OPENAI, "code": "rate_limit_exceeded", "type": "requests"}}, "rate_limited"),
        ({"error": {**OPENAI, "code": "insufficient_quota", "type": "insufficient_quota"}}, "rate_limited"),
        ({"error": {**OPENAI, "code": None, "type": "server_error"}}, "server_error"),
        ({"error": {**OPENAI, "code": None, "type": "weird"}}, "other"),
        ({"status": 503, "error": {**OPENAI, "code": None, "type": "weird"}}, "server_error"),
        ({"status_code": 429, "response": {"error": OPENAI}}, "rate_limited"),
        (anthropic("overloaded_error"), "server_error"),
        (anthropic("rate_limit_error"), "rate_limited"),
        (anthropic("timeout_error"), "timeout"),
        (anthropic("invalid_request_error"), "client_error"),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "secret", "param": None, "sequence_number": 3}, "rate_limited"),
    ],
)  # fmt: skip
def test_a_vendors_error_is_a_failed_call(record: dict[str, Any], failure: str) -> None:
    """An error in a vendor's own form is a call without tokens, failed for that reason, and not one without usage."""
    call = call_of(record)
    assert (call.failure, call.tokens, call.without_usage) == (failure, {}, False)


def test_an_errors_request_id_is_its_id() -> None:
    """The same error on two lines is one call: Anthropic's request id tells."""
    call = call_of(anthropic("api_error", request_id="req_011"))
    assert (call.id, call.id_is_vendors, call.provider) == ("req_011", True, "anthropic")


def test_the_model_of_an_error_may_stand_around_it() -> None:
    """An error names no model; the record around it, or the request beside it, may."""
    assert call_of({"model": "gpt-4o", "error": OPENAI}).model == "gpt-4o"
    assert call_of({"request": {"model": "gpt-4o", "messages": []}, "error": OPENAI}).model == "gpt-4o"


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        ({"model": "gpt-4o", "status_code": 429, "error": "Rate limit reached"}, "rate_limited"),
        ({"model": "gpt-4o", "status": "error", "error": "Request timed out."}, "timeout"),
        ({"model": "anthropic/claude-sonnet-4-5", "error": {"type": "overloaded_error"}}, "server_error"),
        ({"model": "us.anthropic.claude-sonnet-4-5-v1:0", "success": False}, "other"),
        ({"model": "o3-mini", "status": 500}, "server_error"),
        ({"model": "gemini-2.5-pro", "http_status": "504"}, "timeout"),
        ({"model": "gpt-4o", "error_type": "AuthenticationError"}, "client_error"),
        ({"model": "gpt-4o", "error": {"message": "Error code: 529 - overloaded"}}, "server_error"),
        ({"model": "gpt-4o", "prompt_tokens": 0, "completion_tokens": 0, "status": "failure", "error": "boom"}, "other"),
        ({"model": "gpt-4o", "prompt_tokens": None, "completion_tokens": None, "status": 400}, "client_error"),
    ],
)  # fmt: skip
def test_an_applications_record_of_a_failed_call(record: dict[str, Any], failure: str) -> None:
    """A record that names a language model and a failure is a failed call."""
    call = call_of(record)
    assert (call.failure, call.tokens, call.without_usage, call.model) == (failure, {}, False, record["model"])


@pytest.mark.parametrize(
    "record",
    [
        {"level": "error", "message": "connection refused", "error": "ECONNREFUSED"},
        {"level": "error", "model": "User", "status": 400, "error": "validation failed"},
        {"model": "Tesla Model S", "error": "no such car", "status_code": 404},
        {"error": {"message": "No such customer", "type": "invalid_request_error", "param": "id", "code": "resource_missing",
                   "doc_url": "https://example.org"}},
        {"error": {"code": 500, "message": "boom"}},
        {"type": "error", "error": {"type": "TypeError", "message": "x is undefined"}},
        {"type": "error", "message": "disk full"},
        {"status": 502, "path": "/v1/chat"},
        {"model": "gpt-4o", "status": 200, "path": "/v1/models"},
        {"model": "gpt-4o", "error": None, "event": "request started"},
        {"model": "gpt-4o", "error": "", "status": "started"},
        {"model": "gpt-4o", "error": False},
    ],
)  # fmt: skip
def test_ordinary_logs_are_no_calls(record: dict[str, Any]) -> None:
    """Errors of other programs, and calls that have not failed (yet), are skipped."""
    assert isinstance(outcome_of(record), Skip)


@pytest.mark.parametrize(
    ("more", "failure"),
    [
        ({"status": 200, "error": None}, None), ({"status": "success"}, None), ({"status": "ok", "error": "retried once"}, None),
        ({"success": True, "error": "none"}, None), ({"error": ""}, None), ({"error": {}}, None), ({"status": "completed"}, None),
        ({"status": 429}, "rate_limited"), ({"status": "429"}, "rate_limited"), ({"status": 408}, "timeout"),
        ({"status": 401}, "client_error"), ({"status": "timeout"}, "timeout"), ({"error": True}, "other"),
        ({"status": "error", "error": {"type": "rate_limit_error"}}, "rate_limited"), ({"status": 7}, None),
        ({"response_status": 500, "error": "rate limit"}, "server_error"), ({"outcome": "failed"}, "other"),
    ],
)  # fmt: skip
def test_a_record_with_usage_may_have_failed_too(more: dict[str, Any], failure: str | None) -> None:
    """Status, flags and errors beside the usage tell whether the call failed; an HTTP status decides; the tokens count anyhow."""
    call = call_of({"model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6, **more})
    assert (call.failure, call.tokens) == (failure, {"input": 5, "output": 6})


def test_tokens_beside_an_error_are_not_lost() -> None:
    """A failure on the outside does not hide the usage inside."""
    record = {
        "model": "gpt-4o",
        "error": "stream broke",
        "response": {"usage": {"prompt_tokens": 5, "completion_tokens": 6}},
    }
    call = call_of(record)
    assert (call.failure, call.tokens, call.model) == ("other", {"input": 5, "output": 6}, "gpt-4o")


def test_an_error_event_is_of_the_stream_that_is_open() -> None:
    """An error that names no request while a stream is open makes that call a failure, and no second call."""
    start = {
        "type": "message_start",
        "message": {"id": "msg_1", "role": "assistant", "model": "claude-opus-4-8", "usage": {"input_tokens": 9}},
    }
    _, found = outcomes_of(start, anthropic("overloaded_error"))
    assert isinstance(found, list)
    assert [(call.id, call.failure, call.continues, call.tokens, call.model) for call in found] == [
        ("msg_1", "server_error", True, {}, "claude-opus-4-8")
    ]  # fmt: skip


def test_an_error_that_names_its_request_is_not_of_an_open_stream() -> None:
    """A request that failed while another one's stream is open is a call of its own."""
    start = {
        "type": "message_start",
        "message": {"id": "msg_1", "role": "assistant", "model": "claude-opus-4-8", "usage": {"input_tokens": 9}},
    }
    _, found, end = outcomes_of(
        start,
        anthropic("rate_limit_error", request_id="req_2"),
        {"type": "message_delta", "usage": {"output_tokens": 5}},
    )
    assert isinstance(found, list)
    assert isinstance(end, list)
    assert (found[0].id, found[0].continues, end[0].id) == ("req_2", False, "msg_1")


def test_an_error_event_ends_the_response_that_is_held() -> None:
    """The error event of a Responses stream gives the call that had begun, failed."""
    created = {
        "type": "response.created",
        "response": {"id": "resp_1", "object": "response", "status": "in_progress", "model": "gpt-5"},
    }
    error = {"type": "error", "code": "server_error", "message": "m", "param": None, "sequence_number": 3}
    _, found = outcomes_of(created, error)
    assert isinstance(found, list)
    assert [(call.id, call.model, call.failure) for call in found] == [("resp_1", "gpt-5", "server_error")]
