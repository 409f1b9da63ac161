"""Claude Code: transcripts, stream-json, and the result of `claude -p`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter import money
from llm_cost_exporter.types import Part, Skip, Usage
from tests.reading import as_line, by_kind, call_of, calls_of, new_reader, outcome_of, outcomes_of, total

HAIKU = "claude-haiku-4-5"


def usage(out: int, **more: Any) -> dict[str, Any]:
    """A usage that has said `out` tokens so far."""
    return {
        "input_tokens": 3, "cache_creation_input_tokens": 2000, "cache_read_input_tokens": 22000,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 2000}, "output_tokens": out, **more,
    }  # fmt: skip


def line(out: int, message_id: str | None = "msg_1", request: str | None = "req_1", **more: Any) -> dict[str, Any]:
    """A line of a transcript."""
    message: dict[str, Any] = {
        "model": "claude-opus-4-6",
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "content": [],
        "usage": usage(out),
    }
    return {
        "type": "assistant", "sessionId": "s-1", "isSidechain": False, "uuid": f"u-{out}", "timestamp": "2026-03-11T02:40:21.204Z",
        "requestId": request, "message": message, **more,
    }  # fmt: skip


def merged(*records: dict[str, Any]) -> dict[str | None, dict[str, int]]:
    """What the calls of a file come to, by id: the larger count of each meter, as the accounting has it."""
    calls: dict[str | None, dict[str, int]] = {}
    for found in outcomes_of(*records):
        for call in found if isinstance(found, list) else []:
            tokens = calls.setdefault(call.id, {})
            for meter, amount in call.tokens.items():
                tokens[meter] = max(amount, tokens.get(meter, 0))
    return calls


def test_the_lines_of_one_message_are_one_call() -> None:
    """Each content block repeats the usage, with an output that grows; a sidechain repeats the message under another request id."""
    records = [line(2), line(2), line(157), line(157, request="req_9", isSidechain=True)]
    assert merged(*records) == {"msg_1": {"input": 3, "cache_read": 22000, "cache_write_1h": 2000, "output": 157}}
    first, *others = outcomes_of(*records)
    assert isinstance(first, list)
    assert not first[0].continues
    assert all(isinstance(each, list) and each[0].continues for each in others)


def test_a_later_line_may_split_the_same_tokens_otherwise() -> None:
    """Thinking that was output on the first line, and written tokens without a split, are counted once."""
    first, second = line(100), line(157)
    first["message"]["usage"]["cache_creation"] = None
    second["message"]["usage"]["output_tokens_details"] = {"thinking_tokens": 60}
    (tokens,) = merged(first, second).values()
    assert sum(tokens.values()) == 3 + 2000 + 22000 + 157


def test_a_message_is_known_over_a_restart() -> None:
    """What the last messages counted is saved with the position."""
    reader = new_reader()
    reader.read(as_line(line(2)), 0, 0, 1.8e9)
    found = new_reader(state=reader.state).read(as_line(line(157)), 500, 0, 1.8e9)
    assert isinstance(found, list)
    assert found[0].continues


def test_synthetic_messages() -> None:
    """<synthetic> is no model: an error is a failed call, anything else was never sent."""
    message: dict[str, Any] = {
        "model": "<synthetic>",
        "id": "x",
        "type": "message",
        "role": "assistant",
        "usage": usage(0),
    }
    message["usage"] = dict.fromkeys(usage(0), 0) | {"cache_creation": None}
    text = [{"type": "text", "text": "API Error: 529 overloaded_error"}]
    call = call_of(line(0) | {"message": message | {"content": text}, "isApiErrorMessage": True})
    assert (call.model, call.provider, call.tokens, call.failure) == (None, "anthropic", {}, "server_error")
    assert isinstance(outcome_of(line(0) | {"message": message}), Skip)


def test_other_lines_are_no_calls() -> None:
    """The usage of a tool's result is that of a subagent, whose own messages are counted."""
    result = {
        "type": "user",
        "sessionId": "s",
        "message": {"role": "user", "content": "x"},
        "toolUseResult": {"usage": usage(9)},
    }
    assert isinstance(outcome_of(result), Skip)
    assert isinstance(
        outcome_of({"type": "user", "session_id": "s", "message": {"role": "user", "content": "x"}}), Skip
    )


def test_an_old_line() -> None:
    """Old lines have no type, a cost, and perhaps no id of the message."""
    message = {"role": "assistant", "model": "claude-opus-4-20250514", "usage": usage(75, speed="fast")}
    record = {
        "timestamp": "2026-01-09T12:30:00Z",
        "sessionId": "s",
        "message": message,
        "requestId": "req-2",
        "costUSD": 0.34,
    }
    call = call_of(record)
    assert (call.id, call.reported_usd, call.context) == ("req-2", money.from_logged(0.34), (("speed", "fast"),))


def result(out: int, **more: Any) -> dict[str, Any]:
    """The result of a run with two models."""
    return {
        "type": "result", "subtype": "success", "is_error": False, "duration_ms": 4512, "duration_api_ms": 3000, "session_id": "s-1", "uuid": "r-1",
        "total_cost_usd": 0.05, "usage": usage(out, iterations=[{"type": "message", **usage(9)}]),
        "modelUsage": {
            "claude-opus-4-6[1m]": {"inputTokens": 3, "outputTokens": out, "cacheReadInputTokens": 22000, "cacheCreationInputTokens": 2000,
                                    "costUSD": 0.04, "contextWindow": 200000, "provider": "firstParty"},
            HAIKU: {"inputTokens": 50, "outputTokens": 7, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0, "costUSD": 0.01},
        }, **more,
    }  # fmt: skip


def test_a_result_is_a_call_for_each_model() -> None:
    """modelUsage is counted, and the same tokens at the top are not; only they tell the time to live."""
    opus, haiku = calls_of(result(157))
    assert opus.tokens == {"input": 3, "cache_read": 22000, "cache_write_1h": 2000, "output": 157}
    assert (opus.model, opus.provider, opus.latency_ns) == ("claude-opus-4-6[1m]", "anthropic", 4512 * 10**6)
    assert (haiku.model, haiku.tokens) == (HAIKU, {"input": 50, "output": 7})
    assert [call.reported_usd for call in (opus, haiku)] == [money.from_logged(0.04), money.from_logged(0.01)]
    assert opus.id != haiku.id


def test_a_result_without_models_has_its_usage() -> None:
    """Old results have one usage for all, of an unknown model, and the cost of the whole."""
    call = call_of(result(157) | {"modelUsage": {}})
    assert (call.model, total(call), call.reported_usd) == (None, 24160, money.from_logged(0.05))


@pytest.mark.parametrize(
    ("said", "failure"),
    [({"is_error": True}, "other"), ({"is_error": True, "api_error_status": 429}, "rate_limited"), ({}, None)],
)
def test_a_run_that_failed(said: dict[str, Any], failure: str | None) -> None:
    """The subtype may say success; is_error and the API's status don't lie."""
    first, second = calls_of(result(5, **said))
    assert (first.failure, second.failure) == (failure, None)


def test_a_result_behind_its_messages_adds_what_they_have_not_counted() -> None:
    """In stream-json every token is counted once, though the result repeats the sum of all messages."""

    def message(out: int, message_id: str) -> dict[str, Any]:
        body = line(out, message_id)["message"]
        return {
            "type": "assistant",
            "message": body,
            "session_id": "s-1",
            "uuid": message_id,
            "parent_tool_use_id": None,
        }

    last = result(500)
    last["modelUsage"]["claude-opus-4-6[1m]"] |= {
        "inputTokens": 6,
        "cacheReadInputTokens": 44000,
        "cacheCreationInputTokens": 4000,
    }
    records = [message(2, "msg_1"), message(3, "msg_1"), message(2, "msg_2"), last]
    calls = merged(*records)
    assert list(calls) == ["msg_1", "msg_2", f"r-1/{HAIKU}"]
    of_opus: dict[str, int] = {}
    for tokens in list(calls.values())[:2]:
        for meter, amount in tokens.items():
            of_opus[meter] = of_opus.get(meter, 0) + amount
    assert of_opus == {"input": 6, "cache_read": 44000, "cache_write_1h": 4000, "output": 500}


@pytest.mark.parametrize(
    ("of_message", "of_result"),
    [
        ("claude-opus-4-6", "us.anthropic.claude-opus-4-6-v1"),
        ("claude-opus-4-6", "global.anthropic.claude-opus-4-6-20260205-v1:0[1m]"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    ],
)
@pytest.mark.parametrize("sessions", [1, 40])
def test_a_result_may_name_the_model_otherwise(of_message: str, of_result: str, sessions: int) -> None:
    """As a cloud or an alias does: what the messages have counted is not counted again, and has their model's price. Also of many at once."""
    messages, results = [], []
    for number in range(sessions):
        body = line(2, f"msg_{number}")["message"] | {"model": of_message}
        messages.append({
            "type": "assistant", "message": body, "session_id": f"s-{number}", "uuid": f"u-{number}", "parent_tool_use_id": None,
        })  # fmt: skip
        counts = {
            "inputTokens": 3,
            "outputTokens": 500,
            "cacheReadInputTokens": 22000,
            "cacheCreationInputTokens": 2000,
        }
        results.append({
            "type": "result", "session_id": f"s-{number}", "uuid": f"r-{number}", "modelUsage": {of_result: counts},
            "usage": usage(500),
        })  # fmt: skip
    *found, again = outcomes_of(*messages, *results, results[-1])
    assert isinstance(again, Part)  # the same line twice adds nothing
    calls = [call for outcome in found if isinstance(outcome, list) for call in outcome]
    assert {call.id for call in calls} == {f"msg_{number}" for number in range(sessions)}
    assert {call.model for call in calls} == {of_message}
    assert [total(call) for call in calls[sessions:]] == [24503] * sessions


def test_a_result_without_usage_is_no_call() -> None:
    """Some other `result` is left alone."""
    assert not isinstance(outcome_of({"type": "result", "usage": None, "session_id": "s"}), list | Part)


COUNTS = st.integers(0, 50_000)


@given(st.lists(st.tuples(st.sampled_from(["msg_1", "msg_2"]), COUNTS, COUNTS, st.booleans()), max_size=12))
def test_no_token_twice_whatever_the_lines_say(lines: list[tuple[str, int, int, bool]]) -> None:
    """A message's tokens never come to more than the largest output that a line of it told."""
    records, most = [], {"msg_1": 0, "msg_2": 0}
    for message_id, out, thinking, split in lines:
        record = line(out, message_id)
        if split:
            record["message"]["usage"]["output_tokens_details"] = {"thinking_tokens": thinking}
        records.append(record)
        most[message_id] = max(most[message_id], out)
    for call_id, tokens in merged(*records).items():
        assert all(amount > 0 for amount in tokens.values())
        kinds = by_kind(Usage(tokens=tokens))
        assert kinds.get("output", 0) + kinds.get("reasoning", 0) == most[str(call_id)]
