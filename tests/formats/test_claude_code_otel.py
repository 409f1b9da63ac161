"""Claude Code's events over OpenTelemetry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip
from tests.reading import call_of, calls_of, outcome_of

ATTRS: dict[str, Any] = {
    "session.id": "s-1", "event.name": "api_request", "event.timestamp": "2026-05-28T20:26:40.500Z", "event.sequence": "7",
    "model": "claude-opus-4-6", "cost_usd": "0.0211", "duration_ms": "2300", "input_tokens": "3", "output_tokens": "157",
    "cache_read_tokens": "22137", "cache_creation_tokens": "2285", "speed": "fast",
}  # fmt: skip
TOKENS = {"input": 3, "cache_read": 22137, "cache_write": 2285, "output": 157}


def entry(attrs: dict[str, Any], name: str = "claude_code.api_request") -> dict[str, Any]:
    listed = [{"key": key, "value": {"stringValue": str(value)}} for key, value in attrs.items()]
    return {"timeUnixNano": "1780000000500000000", "body": {"stringValue": name}, "attributes": listed}


def logs(*entries: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(entries)}]}]}


@pytest.mark.parametrize(
    "record",
    [
        logs(entry(ATTRS)),
        {"body": "claude_code.api_request", "attributes": ATTRS, "resource": {"service.name": "claude-code"}},
        {"attributes": {**ATTRS, "service.name": "claude-code"}},
        {**ATTRS, "event.name": "claude_code.api_request", "service.name": "claude-code"},
    ],
)
def test_a_request(record: dict[str, Any]) -> None:
    """Counts are strings, input excludes the cached ones; cost, latency and time are the event's."""
    call = call_of(record)
    assert call.tokens == TOKENS
    assert (call.model, call.provider, call.time, call.latency_ns, call.labels[0]) == (
        "claude-opus-4-6", "anthropic", 1780000000.5, 2_300_000_000, "claude-code",
    )  # fmt: skip
    assert call.reported_usd == 21_100_000_000_000_000_000_000
    assert (call.id, call.id_is_vendors, call.context) == ("s-1/7", False, (("speed", "fast"),))


def test_many_records_of_one_line() -> None:
    """Each request of a batch is a call; what else happened is none; an error is a failed call."""
    prompt = entry({"event.name": "user_prompt", "prompt_length": "50"}, "claude_code.user_prompt")
    error = entry(
        {**ATTRS, "event.name": "api_error", "status_code": "529", "event.sequence": "8", "error": "Overloaded"},
        "claude_code.api_error",
    )
    calls = calls_of(logs(prompt, entry(ATTRS), error))
    assert [call.failure for call in calls] == [None, "server_error"]
    assert isinstance(outcome_of(logs(prompt)), Skip)
    assert isinstance(
        outcome_of({"body": "claude_code.tool_result", "attributes": {"event.name": "tool_result"}}), Skip
    )


def test_the_requests_id_where_there_is_one() -> None:
    """The id that Anthropic gave the request is the call's, wherever it is logged."""
    call = call_of(logs(entry({**ATTRS, "request_id": "req_011C"})))
    assert (call.id, call.id_is_vendors) == ("req_011C", True)


@given(counts=st.tuples(*[st.integers(0, 10**6)] * 4))
def test_meters_are_as_counted(counts: tuple[int, ...]) -> None:
    """Each of the four counts is a meter of its own."""
    keys = ("input_tokens", "cache_read_tokens", "cache_creation_tokens", "output_tokens")
    call = call_of(logs(entry({**ATTRS, **dict(zip(keys, counts, strict=True))})))
    assert call.tokens == {
        m: n for m, n in zip(("input", "cache_read", "cache_write", "output"), counts, strict=True) if n
    }
