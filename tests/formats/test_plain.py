"""The two plain shapes of the tutorials."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Rejected, Skip
from tests.reading import call_of, outcome_of, total

FIRST = {
    "timestamp": 1760000000.1, "model": "gpt-4o", "prompt_tokens": 812, "completion_tokens": 164, "total_tokens": 976,
    "cost_usd": 0.00367, "request_id": "req-1", "user_id": "u-42", "endpoint": "/v1/chat",
}  # fmt: skip
SECOND = {
    "model": "claude-sonnet-4-5", "input_tokens": 1200, "output_tokens": 300, "cost_usd": 0.0081, "latency_ms": 812.4,
    "timestamp": "2026-01-02T03:04:05.678Z",
}  # fmt: skip


def test_first_shape() -> None:
    """Every field of the first tutorial shape is read; the request id is the application's own, not a vendor's."""
    call = call_of(FIRST)
    assert call.model == "gpt-4o"
    assert call.provider is None
    assert call.tokens == {"input": 812, "output": 164}
    assert call.time == 1760000000.1
    assert (call.id, call.id_is_vendors, call.request_id) == ("req-1", False, "req-1")
    assert call.reported_usd == 3_670_000_000_000_000_000_000


def test_second_shape() -> None:
    """Every field of the second tutorial shape is read."""
    call = call_of(SECOND)
    assert call.model == "claude-sonnet-4-5"
    assert call.tokens == {"input": 1200, "output": 300}
    assert call.time == 1767323045.678
    assert call.latency_ns == 812_400_000
    assert call.reported_usd == 8_100_000_000_000_000_000_000
    assert call.id is None


@pytest.mark.parametrize(
    "extra",
    [
        {"cached_tokens": 100, "cache_write_tokens": 50, "reasoning_tokens": 60},
        {"prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 50}, "completion_tokens_details": {"reasoning_tokens": 60}},
        {"cache_read_input_tokens": 100, "cache_creation_input_tokens": 50, "thinking_tokens": 60},
    ],
)  # fmt: skip
def test_prompt_tokens_include_cached_tokens(extra: dict[str, Any]) -> None:
    """Cached and written tokens are parts of prompt_tokens, reasoning is a part of completion_tokens."""
    call = call_of({**FIRST, **extra})
    assert call.tokens == {"input": 662, "cache_read": 100, "cache_write": 50, "output": 104, "reasoning": 60}


def test_anthropics_names_exclude_cached_tokens_from_input() -> None:
    """Beside cache_read_input_tokens and its like, input_tokens is only what was not cached."""
    call = call_of(
        {
            **SECOND, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 80,
            "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20},
        }
    )  # fmt: skip
    assert call.tokens == {
        "input": 1200, "cache_read": 1000, "cache_write_5m": 50, "cache_write_1h": 20, "cache_write": 10, "output": 300,
    }  # fmt: skip


def test_openais_names_include_cached_tokens_in_input() -> None:
    """cached_tokens is a part of input_tokens, whatever the model."""
    assert call_of({**SECOND, "cached_tokens": 200}).tokens == {"input": 1000, "cache_read": 200, "output": 300}


@pytest.mark.parametrize(("model", "fresh"), [("claude-sonnet-4-5", 1200), ("gpt-4o", 1000)])
def test_names_that_nobody_owns_go_by_the_model(model: str, fresh: int) -> None:
    """cache_read_tokens beside input_tokens is extra for a claude model and a part for any other."""
    call = call_of({**SECOND, "model": model, "cache_read_tokens": 200})
    assert call.tokens == {"input": fresh, "cache_read": 200, "output": 300}


def test_cached_tokens_that_cannot_be_part_of_the_prompt_come_on_top() -> None:
    """More cached tokens than the prompt has, or a total that is the sum of all, say that the prompt excludes them."""
    more = call_of({"model": "m", "prompt_tokens": 21, "completion_tokens": 5, "cached_tokens": 1886})
    assert more.tokens == {"input": 21, "cache_read": 1886, "output": 5}
    told = call_of({"model": "m", "input_tokens": 100, "output_tokens": 5, "cached_tokens": 40, "total_tokens": 145})
    assert told.tokens == {"input": 100, "cache_read": 40, "output": 5}


def test_reasoning_on_top_of_the_output_is_told_by_the_total() -> None:
    """A total that only adds up with reasoning says that the output excludes it."""
    record = {"model": "m", "prompt_tokens": 32, "completion_tokens": 9, "reasoning_tokens": 94, "total_tokens": 135}
    assert call_of(record).tokens == {"input": 32, "output": 9, "reasoning": 94}


@pytest.mark.parametrize(
    ("record", "tokens"),
    [
        ({"prompt_tokens": "812", "completion_tokens": "164"}, {"input": 812, "output": 164}),
        ({"prompt_tokens": 812.0, "completion_tokens": 164}, {"input": 812, "output": 164}),
        ({"prompt_tokens": 13, "total_tokens": 13}, {"input": 13}),
        ({"prompt_tokens": 0, "completion_tokens": 0}, {}),
        ({"prompt_tokens": None, "completion_tokens": 7}, {"output": 7}),
        ({"input_tokens": 10_000_000_000, "output_tokens": 1}, {"input": 10_000_000_000, "output": 1}),
    ],
)  # fmt: skip
def test_counts_in_other_forms(record: dict[str, Any], tokens: dict[str, int]) -> None:
    """Strings of digits and integral floats are counts; null and what is absent is nothing."""
    assert call_of({"model": "m", **record}).tokens == tokens


@pytest.mark.parametrize(
    "bad", [-1, 1.5, True, "12a", "-3", "", "١٢", [], {}, 10_000_000_001, 1e30, math.inf, math.nan]
)
@pytest.mark.parametrize(
    "key", ["prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "cached_tokens"]
)
def test_what_is_no_count_rejects_the_line(key: str, bad: object) -> None:
    """A count that is negative, fractional, enormous or no number rejects the line by its key, never by a guess."""
    record: dict[str, Any] = dict(FIRST if "input" not in key and "output" not in key else SECOND)
    record[key] = bad
    assert outcome_of(record) == Rejected("bad_count", key)


def test_nothing_but_nulls_is_a_call_without_usage() -> None:
    """A record whose counts are all null was a call, and what it cost can't be told."""
    call = call_of({"model": "gpt-4o", "prompt_tokens": None, "completion_tokens": None})
    assert call.tokens == {}
    assert call.without_usage


def test_the_answer_of_token_counting_is_no_call() -> None:
    """What OpenAI and Anthropic answer to a request to count tokens was not sent to a model."""
    assert isinstance(outcome_of({"object": "response.input_tokens", "input_tokens": 11}), Skip)
    counted = {"input_tokens": 11, "context_management": {"original_input_tokens": 50}}
    assert isinstance(outcome_of({"time": 1760000000, "model": "claude-sonnet-4-5", "response": counted}), Skip)
    assert call_of({**SECOND, "context_management": {}}).tokens == {"input": 1200, "output": 300}


def test_missing_model() -> None:
    """Tokens without a model are counted all the same."""
    call = call_of({"prompt_tokens": 1, "completion_tokens": 2})
    assert call.model is None
    assert total(call) == 3


@pytest.mark.parametrize("model", ["", 7, None, ["gpt-4o"], {"a": 1}, True, "x" * 300])
def test_a_model_that_is_no_name(model: object) -> None:
    """What can't be a model's name is no model, and the tokens are counted."""
    call = call_of({**FIRST, "model": model})
    assert call.model is None
    assert total(call) == 976


def test_an_id_counts_as_a_vendors_only_in_its_form() -> None:
    """`id` of an application's own record may be anything's; one of a vendor's form is the response's."""
    for vendors in (
        "chatcmpl-B9MBs8Cj",
        "resp_67ccd2bed1ec8190b14f964abc054267",
        "msg_01XFDUDYJgAACzvnptvVoYEL",
        "gen-1762805773-abc",
    ):
        call = call_of({**FIRST, "id": vendors})
        assert (call.id, call.id_is_vendors, call.request_id) == (vendors, True, "req-1")
    for own in ("host-7", "msg_42", "resp_1", "gen-a", 7, None, ""):
        call = call_of({**FIRST, "id": own})
        assert (call.id, call.id_is_vendors) == ("req-1", False)


COUNTS = st.integers(0, 100_000)


@given(
    st.fixed_dictionaries(
        {"prompt_tokens": COUNTS, "completion_tokens": COUNTS},
        optional={"cached_tokens": COUNTS, "cache_write_tokens": COUNTS, "reasoning_tokens": COUNTS,
                  "prompt_tokens_details": st.fixed_dictionaries({}, optional={"audio_tokens": COUNTS, "image_tokens": COUNTS})},
    )
)  # fmt: skip
def test_meters_are_disjoint_and_add_up(counts: dict[str, Any]) -> None:
    """Whatever the details say, no meter is negative and they add up to prompt and completion (or to what is told to be on top)."""
    call = call_of({"model": "m", **counts})
    assert all(count > 0 for count in call.tokens.values())
    on_top = counts.get("cached_tokens", 0) + counts.get("cache_write_tokens", 0)
    expected = counts["prompt_tokens"] + counts["completion_tokens"]
    assert total(call) == expected + (on_top if on_top > counts["prompt_tokens"] else 0)
