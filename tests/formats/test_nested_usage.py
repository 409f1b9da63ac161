"""Usage in an object that an application put into a record of its own, and what stands around it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_cost_exporter.types import Rejected, Skip
from tests.reading import MTIME, call_of, calls_of, outcome_of, total

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
BODY = {"id": "chatcmpl-9", "object": "chat.completion", "created": 1772359200, "model": "gpt-4o-mini", "usage": USAGE}


@pytest.mark.parametrize(
    "record",
    [
        {"event": "llm_call", "response": BODY},
        {"payload": {"data": {"result": {"body": BODY}}}},
        {"text": "…", "record": {"extra": {"llm": BODY}, "level": {"name": "INFO"}}},
        {"result": {"type": "succeeded", "message": BODY}},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": BODY}}}}}}},
    ],
)  # fmt: skip
def test_a_body_is_found_wherever_it_is(record: dict[str, Any]) -> None:
    """structlog, pino, loguru and an application's own envelopes put the body at any key."""
    call = call_of(record)
    assert (call.id, total(call)) == ("chatcmpl-9", 120)


def test_what_stands_around_belongs_to_the_call() -> None:
    """Time, latency, cost, provider, team and request id are taken from the records on the way to the usage."""
    record = {
        "event": "llm_call", "level": "info", "timestamp": "2026-03-01T10:00:00.123456Z", "request_id": "req-77", "team": "payments",
        "latency_ms": 812.4, "cost_usd": "0.000027", "provider": "azure", "response": BODY,
    }  # fmt: skip
    call = call_of(record)
    assert call.time == 1772359200.123456
    assert (call.latency_ns, call.reported_usd, call.provider) == (812_400_000, 27_000_000_000_000_000_000, "azure")
    assert (call.id, call.id_is_vendors, call.request_id, call.labels) == (
        "chatcmpl-9",
        True,
        "req-77",
        ("", "payments"),
    )


def test_the_outermost_record_wins() -> None:
    """Where records on the way say different things, the outermost is right; the model is the one nearest to the usage."""
    record = {
        "app": "outer", "model": "requested", "request_id": "o",
        "inner": {"app": "inner", "team": "t", "model": "served", "request_id": "i", "usage": USAGE},
    }  # fmt: skip
    call = call_of(record)
    assert (call.labels, call.model, call.request_id) == (("outer", "t"), "served", "o")


def test_the_model_may_stand_outside() -> None:
    """Token counts in an object of their own take the model from outside."""
    assert call_of({"model": "gpt-4o", "tokens": {"prompt_tokens": 1, "completion_tokens": 2}}).model == "gpt-4o"
    assert call_of({"model_name": "gpt-4o", "llm_output": {"token_usage": USAGE}}).model == "gpt-4o"
    assert call_of({"model": {"name": "gpt-4o"}, "u": {"usage": USAGE}}).model == "gpt-4o"


def test_usage_that_a_record_carries_twice_is_read_once() -> None:
    """The nearest usage counts; a copy deeper down, or beside it, does not."""
    assert total(call_of({**BODY, "raw": BODY})) == 120
    assert total(call_of({"response": BODY, "response_copy": BODY, "metadata": {"usage_object": USAGE}})) == 120
    assert total(call_of({"model": "gpt-4o", **USAGE, "usage": USAGE})) == 120


@pytest.mark.parametrize("counts", [(None, None), (0, 0)])
def test_empty_counts_beside_the_answer_itself(counts: tuple[int | None, int | None]) -> None:
    """An application's own columns that were not filled are no reason to leave the answer inside unread."""
    own = {"ts": 1772359200, "prompt_tokens": counts[0], "completion_tokens": counts[1]}
    assert total(call_of({**own, "model": "gpt-4o", "response": BODY})) == total(call_of(BODY))
    alone = call_of({**own, "model": "gpt-4o", "response": {"text": "x"}})
    assert (alone.model, alone.tokens) == ("gpt-4o", {})


def test_counts_beside_the_answer_that_has_the_model() -> None:
    """AutoGen's event has the counts on top, and the model and the details in the answer."""
    call = call_of({"type": "LLMCall", "prompt_tokens": 1, "completion_tokens": 1, "agent_id": "x", "response": BODY})
    assert (call.model, call.tokens) == (call_of(BODY).model, call_of(BODY).tokens)
    named = call_of({"model_name": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 1, "response": BODY})
    assert (named.model, total(named)) == ("gpt-4o", 2)


def test_a_chunk_inside_a_record_is_read_once() -> None:
    """A server that repeats its growing usage, and names no model: its first chunk goes on with nothing."""
    chunk = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "choices": [{"delta": {}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    }
    call = call_of({"time": 1772359200, "data": chunk})
    assert (call.model, total(call), call.continues) == (None, 6, False)


def test_the_nearer_one_wins() -> None:
    """The search goes breadth first."""
    deep = {"a": {"b": {**BODY, "id": "chatcmpl-deep"}}, "z": {**BODY, "id": "chatcmpl-near"}}
    assert call_of(deep).id == "chatcmpl-near"


@pytest.mark.parametrize("key", ["messages", "content", "arguments", "input", "tools", "delta", "choices", "prompt"])
def test_what_was_said_is_not_read(key: str) -> None:
    """JSON in a conversation may look like usage, and is none."""
    assert isinstance(outcome_of({"event": "x", key: BODY}), Skip)
    assert isinstance(outcome_of({"event": "x", key: [BODY]}), Skip)


def test_sums_over_calls_are_not_read() -> None:
    """Running totals of a session are no calls."""
    assert isinstance(
        outcome_of(
            {"type": "event_msg", "payload": {"info": {"total_token_usage": {"input_tokens": 5, "output_tokens": 5}}}}
        ),
        Skip,
    )


def test_a_bad_count_inside_rejects_the_line() -> None:
    """A count that is none rejects the line wherever it is."""
    assert outcome_of({"response": {**BODY, "usage": {**USAGE, "prompt_tokens": -5}}}) == Rejected(
        "bad_count", "prompt_tokens"
    )


def test_the_search_is_bounded() -> None:
    """A record of very many or very deep objects is given up, not searched to its end."""
    deep: dict[str, Any] = BODY
    for _ in range(50):
        deep = {"k": deep}
    assert isinstance(outcome_of(deep), Skip)
    assert isinstance(outcome_of({**{f"k{n}": {"n": {"n": n}} for n in range(1000)}, "last": {"x": BODY}}), Skip)


def test_only_the_configured_format_is_read() -> None:
    """An entry that names its format reads no other one."""
    assert isinstance(outcome_of({"event": "x", "response": BODY}, "anthropic_messages"), Skip)
    assert isinstance(outcome_of({"event": "x", "response": BODY}, "openai_chat"), list)


def test_a_format_brings_its_errors_and_events() -> None:
    """Whoever names a vendor's format has its stream events and error records too."""
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 1}}}
    assert isinstance(outcome_of(start, "anthropic_messages"), list)
    error = {"error": {"message": "m", "type": "server_error", "param": None, "code": None}}
    assert isinstance(outcome_of(error, "openai_responses"), list)
    assert isinstance(outcome_of(error, "anthropic_messages"), Skip)


def test_several_calls_share_what_stands_around() -> None:
    """Time and labels are those of the line for all of its calls."""
    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "iterations": [{"type": "advisor_message", "model": "claude-y", "input_tokens": 5}],
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "usage": usage}
    both = calls_of({"time": 1772359200, "app": "shop", "latency_ms": 5, "response": message})
    assert [(call.time, call.labels) for call in both] == [(1772359200.0, ("shop", ""))] * 2
    assert [call.latency_ns for call in both] == [5_000_000, None]


@pytest.mark.parametrize(
    ("key", "value", "nanoseconds"),
    [
        ("latency_ms", 812.4, 812_400_000), ("latencyMs", 5, 5_000_000), ("duration_s", 1.5, 1_500_000_000), ("latency_seconds", 2, 2_000_000_000),
        ("elapsed_ms", 0, 0), ("response_time_ms", 7, 7_000_000), ("request_duration_ms", 7, 7_000_000), ("duration_us", 7, 7_000),
        ("duration_ns", 7, 7), ("llm_latency_ms", 9, 9_000_000), ("durationMillis", 3, 3_000_000), ("time_taken_s", 1, 1_000_000_000),
        ("latency", 812, None), ("duration", 0.8, None), ("response_time", 0.8, None), ("ttft_ms", 5, None), ("queue_duration_ms", 5, None),
        ("latency_ms", -1, None), ("latency_ms", "812", None), ("latency_ms", None, None), ("latency_ms", True, None), ("latency_ms", 1e300, None),
        ("latency_days", 1, None),
    ],
)  # fmt: skip
def test_latency(key: str, value: object, nanoseconds: int | None) -> None:
    """A latency is read where its name tells the unit and it is the whole call's; anything else is ignored, not guessed."""
    assert call_of({"model": "m", **USAGE, key: value}).latency_ns == nanoseconds


@pytest.mark.parametrize(
    ("key", "value", "usd"),
    [
        ("cost_usd", 0.0002202, "0.0002202"), ("cost_usd", "0.1", "0.1"), ("cost", 1e-07, "0.0000001"), ("total_cost", 3, "3"), ("response_cost", 0.0, "0"),
        ("cost_usd", -1, None), ("cost_usd", "free", None), ("cost_usd", {"total": 1}, None), ("cost_usd", True, None), ("cost_usd", None, None),
        ("cost_usd", 1e300, None), ("cost_usd", 123456.75, "123456.75"),
    ],
)  # fmt: skip
def test_reported_cost(key: str, value: object, usd: str | None) -> None:
    """What a record says it cost is taken exactly as written; what is no amount is ignored."""
    from decimal import Decimal

    from llm_cost_exporter.money import from_decimal

    wanted = None if usd is None else from_decimal(Decimal(usd))
    assert call_of({"model": "m", **USAGE, key: value}).reported_usd == wanted


@pytest.mark.parametrize(
    "around",
    [{"event": None, "level": "info", "timestamp": "2026-03-01T10:00:00Z"}, {"@timestamp": "2026-03-01 10:00:00.000", "@message": None},
     {"levelname": "INFO", "message": None}, {"timestamp": 1772359200000, "ingestionTime": 1772359201000, "message": None}],
)  # fmt: skip
def test_json_in_the_text_of_other_loggers(around: dict[str, Any]) -> None:
    """structlog's event, CloudWatch's message and Insights' @message, and a logger's message without a time hold records."""
    inner = json.dumps({"model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 3})
    call = call_of({key: inner if value is None else value for key, value in around.items()})
    assert (total(call), call.model) == (8, "gpt-4o")
    assert call.time in {1772359200, MTIME}


@pytest.mark.parametrize("key", ["limits", "rate_limits", "quota", "budget", "pricing", "estimate", "remaining"])
def test_limits_and_prices_are_no_usage(key: str) -> None:
    """What may be used, or would cost, is counted under the names of usage too and was not used."""
    assert isinstance(
        outcome_of({"event": "x", "model": "gpt-4o", key: {"input_tokens": 100_000, "output_tokens": 5000}}), Skip
    )
