"""Vercel's AI SDK, version 4 to 7."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import by_kind, call_of, calls_of, outcome_of, total

TIME = "2026-03-01T10:00:00.000Z"


def record(usage: dict[str, Any], provider: str | None, model: str = "gpt-5-mini", **more: Any) -> dict[str, Any]:
    return {"time": TIME, "model": model, **({"provider": provider} if provider else {}), "usage": usage, **more}


def v5(into: int, out: int, total_: int | None, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "inputTokens": into,
        "outputTokens": out,
        "totalTokens": total_,
        "cachedInputTokens": cached,
        "reasoningTokens": reasoning,
    }


ANTHROPIC = {"anthropic": {"usage": {"input_tokens": 30, "cache_creation_input_tokens": 70, "cache_read_input_tokens": 20, "output_tokens": 9,
                                     "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20}}}}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        (record({"promptTokens": 100, "completionTokens": 20, "totalTokens": 120}, "openai.chat"), {"input": 100, "output": 20}),
        (
            record({"promptTokens": 100, "completionTokens": 20}, "openai.chat",
                   providerMetadata={"openai": {"cachedPromptTokens": 64, "reasoningTokens": 12}}),
            {"input": 36, "cache_read": 64, "output": 8, "reasoning": 12},
        ),
        (record(v5(2000, 300, 2300, 1500, 200), "openai.responses"), {"input": 500, "cache_read": 1500, "output": 100, "reasoning": 200}),
        (record(v5(30, 9, 39, 20), "anthropic.messages", "claude-sonnet-4-5"), {"input": 30, "cache_read": 20, "output": 9}),
        (
            record(v5(30, 9, 39, 20), "anthropic.messages", "claude-sonnet-4-5", providerMetadata=ANTHROPIC),
            {"input": 30, "cache_read": 20, "cache_write_5m": 50, "cache_write_1h": 20, "output": 9},
        ),
        (record(v5(30, 9, 59, 20), "amazon-bedrock", "anthropic.claude-sonnet-4-5-v1:0"), {"input": 30, "cache_read": 20, "output": 9}),
        (record(v5(30, 9, 39, 20), None, "claude-sonnet-4-5"), {"input": 30, "cache_read": 20, "output": 9}),
        (record(v5(30, 9, 39, 20), "openrouter", "anthropic/claude-sonnet-4.5"), {"input": 10, "cache_read": 20, "output": 9}),
        (
            record(v5(1000, 50, 1450, 600, 400), "google.generative-ai", "gemini-2.5-pro"),
            {"input": 400, "cache_read": 600, "output": 50, "reasoning": 400},
        ),
        (record(v5(32, 9, 135, 6, 94), "xai.chat", "grok-4"), {"input": 26, "cache_read": 6, "output": 9, "reasoning": 94}),
        (
            record({"inputTokens": 2000, "inputTokenDetails": {"noCacheTokens": 400, "cacheReadTokens": 1500, "cacheWriteTokens": 100}, "outputTokens": 300,
                    "outputTokenDetails": {"textTokens": 180, "reasoningTokens": 120}, "totalTokens": 2300, "cachedInputTokens": 1500,
                    "raw": {"input_tokens": 400, "cache_creation": {"ephemeral_1h_input_tokens": 100}}}, "anthropic.messages", "claude-x"),
            {"input": 400, "cache_read": 1500, "cache_write_1h": 100, "output": 180, "reasoning": 120},
        ),
        (
            record({"inputTokens": {"total": 2000, "noCache": 500, "cacheRead": 1500}, "outputTokens": {"total": 300, "text": 180, "reasoning": 120}},
                   "google.vertex.chat", "gemini-2.5-pro"),
            {"input": 500, "cache_read": 1500, "output": 180, "reasoning": 120},
        ),
        (
            record({"inputTokens": {"noCache": 5, "cacheRead": 10, "cacheWrite": 20}, "outputTokens": {"text": 7}}, None),
            {"input": 5, "cache_read": 10, "cache_write": 20, "output": 7},
        ),
    ],
)  # fmt: skip
def test_each_version_by_its_rule(given: dict[str, Any], tokens: dict[str, int]) -> None:
    """What input and output include is the version's rule, or the provider's."""
    call = call_of(given)
    assert call.tokens == tokens
    assert call.provider == given.get("provider")


def test_a_result_names_its_model_itself() -> None:
    """Without a model beside the usage, the response has it, and the id."""
    result = {
        "text": "…",
        "finishReason": "stop",
        "usage": v5(10, 5, 15),
        "response": {"id": "chatcmpl-VERCEL", "modelId": "gpt-4o", "timestamp": TIME},
    }
    call = call_of(result)
    assert (call.model, call.id, call.id_is_vendors, call.time) == ("gpt-4o", "chatcmpl-VERCEL", True, 1772359200.0)
    assert (
        call_of({"model": {"modelId": "gpt-4o", "provider": "azure.chat"}, "usage": v5(1, 1, 2)}).provider
        == "azure.chat"
    )


def test_steps_are_calls_and_their_sum_is_not_counted_again() -> None:
    """A result of several steps gives each of them, the total none; without usage in the steps the total is the call."""
    steps = [{"usage": v5(10, 5, 15), "response": {"id": f"chatcmpl-STEP{n}", "modelId": "gpt-4o"}} for n in (1, 2)]
    result = record(v5(10, 5, 15), "openai.chat", totalUsage=v5(20, 10, 30), steps=steps)
    assert [(call.id, total(call)) for call in calls_of(result)] == [("chatcmpl-STEP1", 15), ("chatcmpl-STEP2", 15)]
    assert total(call_of({**result, "steps": [{}, {}]})) == 30


def test_what_is_not_known_is_a_call_without_usage() -> None:
    """Counts that are all null (NaN in the SDK) are a call without usage."""
    assert call_of(
        record({"promptTokens": None, "completionTokens": None, "totalTokens": None}, "openai.chat")
    ).without_usage


def test_embeddings() -> None:
    """embed() counts tokens, all of them input."""
    assert call_of({"model": "text-embedding-3-small", "embedding": [0.1], "usage": {"tokens": 5}}).tokens == {
        "input": 5
    }


def test_bedrocks_own_body_is_not_the_sdks() -> None:
    """Bedrock writes inputTokens too; its body is not read by the rules of the SDK."""
    body = {"stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}}
    assert not isinstance(outcome_of(body, "vercel_ai_sdk"), list)


COUNTS = st.integers(0, 10_000)


@given(into=COUNTS, out=COUNTS, read=COUNTS, written=COUNTS, reasoning=COUNTS)
def test_meters_add_up(into: int, out: int, read: int, written: int, reasoning: int) -> None:
    """From version 6 on the meters add up to the SDK's own total; none is negative."""
    usage = {"inputTokens": into, "outputTokens": out, "totalTokens": into + out, "outputTokenDetails": {"reasoningTokens": reasoning},
             "inputTokenDetails": {"cacheReadTokens": read, "cacheWriteTokens": written}}  # fmt: skip
    call = call_of(record(usage, "anthropic.messages", "claude-x"))
    assert total(call) == into + out
    assert all(count > 0 for count in call.tokens.values())


@given(
    into=COUNTS,
    out=COUNTS,
    read=COUNTS,
    reasoning=COUNTS,
    provider=st.sampled_from([None, "openai.chat", "anthropic.messages", "xai.chat"]),
)
def test_before_that_no_meter_is_negative(into: int, out: int, read: int, reasoning: int, provider: str | None) -> None:
    """By any provider's rule the cached and reasoning tokens are no more than was said, and nothing of a total is lost."""
    call = call_of(record(v5(into, out, None, read, reasoning), provider))
    kinds = by_kind(call)
    assert all(count > 0 for count in kinds.values())
    assert kinds.get("cache_read", 0) == read
    assert total(call) >= into + out
