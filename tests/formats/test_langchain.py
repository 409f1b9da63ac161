"""LangChain's messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import call_of, total

OWN: dict[str, Any] = {
    "prompt_tokens": 900,
    "completion_tokens": 120,
    "total_tokens": 1020,
    "prompt_tokens_details": {"cached_tokens": 512},
}
MESSAGE: dict[str, Any] = {
    "content": '{"usage": {"prompt_tokens": 1}}', "type": "ai", "id": "run--0f0f-0", "tool_calls": [],
    "response_metadata": {"model_name": "gpt-5-mini", "model_provider": "openai", "id": "chatcmpl-LANG1", "token_usage": OWN},
    "usage_metadata": {
        "input_tokens": 900, "output_tokens": 120, "total_tokens": 1020, "input_token_details": {"audio": 0, "cache_read": 512},
        "output_token_details": {"audio": 0, "reasoning": 64},
    },
}  # fmt: skip
TOKENS = {"input": 388, "cache_read": 512, "output": 56, "reasoning": 64}


@pytest.mark.parametrize(
    "wrap", [dict, lambda m: {"lc": 1, "type": "constructor", "id": ["langchain", "AIMessage"], "kwargs": m}]
)
def test_a_message_and_its_dump(wrap: Any) -> None:
    """Usage that stands there twice is read once, as LangChain counts it, also where dumps() puts it under kwargs."""
    call = call_of(wrap(MESSAGE))
    assert call.tokens == TOKENS
    assert (call.model, call.provider, call.id, call.id_is_vendors) == ("gpt-5-mini", "openai", "chatcmpl-LANG1", True)


def claude(details: dict[str, int]) -> dict[str, Any]:
    raw = {
        "input_tokens": 10,
        "cache_read_input_tokens": 800,
        "cache_creation_input_tokens": 90,
        "output_tokens": 5,
        "service_tier": "batch",
    }
    return {
        **MESSAGE, "response_metadata": {"model": "claude-sonnet-4-5", "id": "msg_01", "usage": raw},
        "usage_metadata": {"input_tokens": 900, "output_tokens": 5, "total_tokens": 905, "input_token_details": details},
    }  # fmt: skip


def test_written_tokens_with_their_time_to_live() -> None:
    """cache_creation is 0 beside the parts by time to live, and neither is counted on top of the other."""
    call = call_of(
        claude(
            {"cache_read": 800, "cache_creation": 0, "ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 30}
        )
    )
    assert call.tokens == {"input": 10, "cache_read": 800, "cache_write_5m": 60, "cache_write_1h": 30, "output": 5}
    assert (call.model, call.id, call.context) == ("claude-sonnet-4-5", "msg_01", (("processing", "batch"),))
    plain = call_of(claude({"cache_read": 800, "cache_creation": 90}))
    assert plain.tokens == {"input": 10, "cache_read": 800, "cache_write": 90, "output": 5}


def test_a_total_that_has_the_cached_tokens_on_top() -> None:
    """An integration that hands on what Bedrock counts."""
    usage = {
        "input_tokens": 5000,
        "output_tokens": 100,
        "total_tokens": 7100,
        "input_token_details": {"cache_read": 2000},
    }
    assert call_of({"type": "ai", "usage_metadata": usage}).tokens == {"input": 5000, "cache_read": 2000, "output": 100}


def test_a_tier_has_its_own_details() -> None:
    """Calls at flex or priority have their cached and reasoning tokens under names with the tier in front."""
    usage = {"input_tokens": 900, "output_tokens": 120, "input_token_details": {"flex": 388, "flex_cache_read": 512},
             "output_token_details": {"flex": 56, "flex_reasoning": 64}}  # fmt: skip
    call = call_of({**MESSAGE, "usage_metadata": usage})
    assert (call.tokens, call.context) == (TOKENS, (("service_tier", "flex"),))


def test_without_the_vendors_id() -> None:
    """The message's own id is the application's."""
    call = call_of({**MESSAGE, "response_metadata": {"model_name": "m"}})
    assert (call.id, call.id_is_vendors) == ("run--0f0f-0", False)


def test_without_usage_metadata_the_providers_own_is_read() -> None:
    """A message whose usage_metadata is null has its provider's usage."""
    call = call_of({**MESSAGE, "usage_metadata": None})
    assert (call.tokens["cache_read"], total(call), call.model) == (512, 1020, "gpt-5-mini")


COUNTS = st.integers(0, 10_000)


@given(into=COUNTS, out=COUNTS, read=COUNTS, written=COUNTS, minutes=COUNTS, reasoning=COUNTS)
def test_meters_add_up(into: int, out: int, read: int, written: int, minutes: int, reasoning: int) -> None:
    """The meters add up to total_tokens, with the cached ones where they can't be in it; none is negative."""
    usage = {"input_tokens": into, "output_tokens": out, "total_tokens": into + out, "output_token_details": {"reasoning": reasoning},
             "input_token_details": {"cache_read": read, "cache_creation": written, "ephemeral_5m_input_tokens": minutes}}  # fmt: skip
    call = call_of({**MESSAGE, "usage_metadata": usage})
    cached = read + max(written, minutes)
    assert total(call) == into + out + (cached if cached > into else 0)
    assert all(count > 0 for count in call.tokens.values())
