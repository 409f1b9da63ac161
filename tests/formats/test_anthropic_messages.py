"""Anthropic Messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip
from tests.reading import by_kind, call_of, calls_of, outcome_of, total

USAGE: dict[str, Any] = {
    "input_tokens": 2048, "cache_creation_input_tokens": 248, "cache_read_input_tokens": 1800,
    "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
    "output_tokens": 503, "output_tokens_details": {"thinking_tokens": 33}, "service_tier": "standard", "speed": "standard",
}  # fmt: skip
BODY: dict[str, Any] = {
    "id": "msg_T1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn", "usage": USAGE,
}  # fmt: skip


def entry(kind: str, into: int, out: int, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "input_tokens": into,
        "output_tokens": out,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        **more,
    }


def test_a_body() -> None:
    """input_tokens exclude the cached ones, output_tokens include the thinking, writes are split by their time to live."""
    call = call_of(BODY)
    assert call.tokens == {
        "input": 2048, "cache_read": 1800, "cache_write_5m": 148, "cache_write_1h": 100, "output": 470, "reasoning": 33,
    }  # fmt: skip
    assert (call.model, call.provider, call.id, call.id_is_vendors) == (
        "claude-sonnet-4-5-20250929",
        "anthropic",
        "msg_T1",
        True,
    )
    assert call.context == ()


@pytest.mark.parametrize(
    ("told", "split", "meters"),
    [
        (248, None, {"cache_write": 248}),
        (248, {"ephemeral_5m_input_tokens": 200}, {"cache_write_5m": 200, "cache_write": 48}),
        (248, {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100}, {"cache_write_5m": 148, "cache_write_1h": 100}),
        (None, {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100}, {"cache_write_5m": 200, "cache_write_1h": 100}),
        (0, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, {}),
    ],
)  # fmt: skip
def test_writes_that_are_not_split_or_split_badly(
    told: int | None, split: dict[str, int] | None, meters: dict[str, int]
) -> None:
    """The creation's total is kept; what the split leaves unsaid has an unknown time to live, what it has too much is cut."""
    usage = {"input_tokens": 5, "output_tokens": 6, "cache_creation_input_tokens": told, "cache_creation": split}
    assert call_of({**BODY, "usage": usage}).tokens == {"input": 5, "output": 6, **meters}


def test_compaction_is_not_in_the_top_level_counts() -> None:
    """A compaction's tokens are billed beside the top level's and are added to the call."""
    compaction = entry(
        "compaction", 100, 82, cache_creation_input_tokens=55096, cache_creation={"ephemeral_5m_input_tokens": 55096}
    )
    usage = {"input_tokens": 180, "output_tokens": 8, "iterations": [compaction, entry("message", 180, 8)]}
    assert call_of({**BODY, "usage": usage}).tokens == {"input": 280, "cache_write_5m": 55096, "output": 90}


def test_an_advisor_is_a_call_of_its_own() -> None:
    """An advisor's tokens are another model's call, with an id of its own; messages are parts of the top level."""
    advisor = entry("advisor_message", 2518, 22, model="claude-opus-4-8")
    usage = {
        "input_tokens": 2390,
        "output_tokens": 121,
        "iterations": [entry("message", 1128, 110), advisor, entry("message", 1262, 11)],
    }
    main, other = calls_of({**BODY, "usage": usage, "request_id": "req-5"})
    assert (total(main), main.model, main.id) == (2511, "claude-sonnet-4-5-20250929", "msg_T1")
    assert (total(other), other.model, other.provider, other.id) == (
        2540,
        "claude-opus-4-8",
        "anthropic",
        "msg_T1/advisor-1",
    )
    assert (other.time, other.labels) == (main.time, main.labels)


def test_iterations_of_an_unknown_type_add_nothing() -> None:
    """Whatever else an iteration may be, it is a part of the top-level counts."""
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "iterations": [entry("fallback_message", 50, 50, model="claude-opus-4-8"), 7, None],
    }
    assert total(call_of({**BODY, "usage": usage})) == 3


@pytest.mark.parametrize(
    ("more", "context"),
    [({"service_tier": "batch"}, (("processing", "batch"),)), ({"speed": "fast"}, (("speed", "fast"),)),
     ({"service_tier": "priority"}, (("service_tier", "priority"),)), ({"service_tier": None, "speed": None}, ())],
)  # fmt: skip
def test_batch_and_speed_have_prices_of_their_own(more: dict[str, Any], context: tuple[tuple[str, str], ...]) -> None:
    """What changes the price of a call is told on."""
    assert call_of({**BODY, "usage": {**USAGE, **more}}).context == context


def test_another_makers_model_behind_the_same_interface() -> None:
    """A model that is not Anthropic's is its own maker's, and a named provider is the provider."""
    assert call_of({**BODY, "model": "deepseek-chat"}).provider is None
    assert call_of({**BODY, "provider": "bedrock"}).provider == "bedrock"


def test_usage_in_an_applications_own_record() -> None:
    """Cached tokens under Anthropic's names tell the form, wherever the usage stands."""
    record = {
        "asctime": "2026-03-01 10:00:00,123", "levelname": "INFO", "message": "done", "model": "claude-sonnet-4-5", "provider": "anthropic",
        "usage": {"input_tokens": 21, "cache_creation_input_tokens": 188, "cache_read_input_tokens": 1886, "output_tokens": 393},
        "duration_ms": 900, "team": "search",
    }  # fmt: skip
    call = call_of(record)
    assert call.tokens == {"input": 21, "cache_read": 1886, "cache_write": 188, "output": 393}
    assert (call.provider, call.latency_ns, call.labels, call.time) == (
        "anthropic",
        900_000_000,
        ("", "search"),
        1772359200.123,
    )


def test_prompt_tokens_beside_anthropics_names_include_them() -> None:
    """Gateways that put prompt_tokens beside Anthropic's names count the cached tokens in."""
    usage = {
        "prompt_tokens": 2095,
        "completion_tokens": 393,
        "cache_read_input_tokens": 1886,
        "prompt_tokens_details": {"cached_tokens": 1886},
    }
    assert by_kind(call_of({"model": "claude-sonnet-4-5", "usage": usage})) == {
        "input": 209,
        "cache_read": 1886,
        "output": 393,
    }


def test_a_message_without_usage_is_a_call_without_usage() -> None:
    """An answer that was logged without its usage is a call whose cost can't be told."""
    call = call_of({key: value for key, value in BODY.items() if key != "usage"})
    assert call.without_usage


@pytest.mark.parametrize(
    "record",
    [{"type": "message", "role": "user", "content": "hi"}, {"type": "message", "text": "disk full"}, {"type": "message", "usage": {"seats": 4}}],
)  # fmt: skip
def test_other_messages_are_no_calls(record: dict[str, Any]) -> None:
    """A question, and any other program's messages, are no calls."""
    assert isinstance(outcome_of(record), Skip)


COUNTS = st.integers(0, 50_000)


@given(
    into=COUNTS, read=COUNTS, written=COUNTS, out=COUNTS, thinking=COUNTS,
    split=st.fixed_dictionaries({}, optional={"ephemeral_5m_input_tokens": COUNTS, "ephemeral_1h_input_tokens": COUNTS}),
)  # fmt: skip
def test_meters_are_disjoint_and_add_up(
    into: int, read: int, written: int, out: int, thinking: int, split: dict[str, int]
) -> None:
    """The meters add up to input + creation + read + output, whatever the details say, and none is negative."""
    usage = {
        "input_tokens": into, "cache_read_input_tokens": read, "cache_creation_input_tokens": written, "cache_creation": split,
        "output_tokens": out, "output_tokens_details": {"thinking_tokens": thinking},
    }  # fmt: skip
    call = call_of({**BODY, "usage": usage})
    assert all(count > 0 for count in call.tokens.values())
    assert total(call) == into + read + written + out
