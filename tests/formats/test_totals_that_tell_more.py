"""What nothing but a record's own total tells: thoughts that are counted nowhere else, cached tokens that came on top."""

from __future__ import annotations

from typing import Any

import pytest

from tests.formats.test_otel_spans import otlp, span
from tests.reading import call_of

GEMINI = "gemini-2.5-flash"
THOUGHTS = {"input": 20, "output": 198, "reasoning": 405}


def chat(usage: dict[str, Any], model: str = GEMINI) -> dict[str, Any]:
    return {
        "id": "x1",
        "object": "chat.completion",
        "created": 1772359200,
        "model": model,
        "choices": [],
        "usage": usage,
    }


USAGE = {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}
SDK = {"inputTokens": 20, "outputTokens": 198, "totalTokens": 623}
PLAIN = {"time": 1772359200, "model": GEMINI, "input_tokens": 20, "output_tokens": 198, "total_tokens": 623}


@pytest.mark.parametrize(
    "record",
    [
        chat(USAGE),
        chat(USAGE, f"google/{GEMINI}"),
        chat({**USAGE, "completion_tokens_details": {"reasoning_tokens": 0}}),
        PLAIN,
        {**PLAIN, "model": f"models/{GEMINI}", "reasoning_tokens": None},
        {"time": 1772359200, "model": GEMINI, **USAGE},
        {"model": GEMINI, "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 198, "totalTokenCount": 623}},
        {"ai": {"proxy": {"meta": {"provider_name": "gemini", "request_model": GEMINI}, "usage": USAGE}}},
        {"usage_metadata": {"input_tokens": 20, "output_tokens": 198, "total_tokens": 623}, "response_metadata": {"model_name": GEMINI}},
        {"call_type": "acompletion", "response_cost": 0, "id": "l1", "model": GEMINI, **USAGE},
        {"model": GEMINI, "usage": SDK},
        otlp(span({"gen_ai.request.model": GEMINI, "llm.usage.total_tokens": 623, "gen_ai.usage.prompt_tokens": 20, "gen_ai.usage.completion_tokens": 198})),
    ],
)  # fmt: skip
def test_geminis_thoughts(record: Any) -> None:
    """Whoever hands on three counts of Gemini's, its own interface for OpenAI's clients too: what is missing to the total was thought."""
    assert call_of(record).tokens == THOUGHTS


@pytest.mark.parametrize(
    "record",
    [
        chat(USAGE, "gpt-4o"),
        {**PLAIN, "model": "sonar-pro"},
        chat({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 218}),
        chat({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 5}),
    ],
)
def test_other_totals_tell_nothing(record: Any) -> None:
    """A total of another model's may have anything in it."""
    assert call_of(record).tokens == {"input": 20, "output": 198}


def test_a_total_without_a_prompt_tells_nothing() -> None:
    """Not even of Gemini: the whole of it would be thought."""
    assert call_of(chat({"prompt_tokens": None, "completion_tokens": 198, "total_tokens": 623})).tokens == {
        "output": 198
    }


def test_what_is_missing_to_a_total_is_one_thing() -> None:
    """Reasoning and cached tokens of one size: the reasoning came on top, and the cached ones are in the prompt as everywhere."""
    usage = {
        "prompt_tokens": 300, "completion_tokens": 20, "total_tokens": 420, "cache_read_input_tokens": 100,
        "completion_tokens_details": {"reasoning_tokens": 100},
    }  # fmt: skip
    assert call_of(chat(usage, "grok-4")).tokens == {"input": 200, "cache_read": 100, "reasoning": 100, "output": 20}


CACHED = {"input": 21, "cache_read": 51_886, "cache_write": 188, "output": 393}
WITH_ANTHROPICS = {
    "prompt_tokens": 21, "completion_tokens": 393, "total_tokens": 52_488, "cache_read_input_tokens": 51_886, "cache_creation_input_tokens": 188,
}  # fmt: skip


@pytest.mark.parametrize(
    "usage",
    [
        WITH_ANTHROPICS,
        {**WITH_ANTHROPICS, "prompt_tokens_details": {"cached_tokens": 51_886}},
        {**WITH_ANTHROPICS, "total_tokens": 414},
        {**WITH_ANTHROPICS, "prompt_tokens": 52_095, "prompt_tokens_details": {"cached_tokens": 51_886}},
        {**WITH_ANTHROPICS, "prompt_tokens": 52_095},
    ],
    ids=["on top", "with OpenAI's too", "more than the prompt", "included, with OpenAI's", "included"],
)
def test_anthropics_names_in_a_chat_completion(usage: dict[str, Any]) -> None:
    """Portkey's and LiteLLM's gateways put Anthropic's counts beside OpenAI's, on top of the prompt or within it."""
    assert call_of(chat(usage, "claude-sonnet-4-5")).tokens == CACHED


def test_the_time_to_live_in_a_chat_completion() -> None:
    """LiteLLM tells which of the written tokens are kept for an hour."""
    by_ttl = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 500}
    details = {"cached_tokens": 0, "cache_creation_tokens": 1000, "cache_creation_token_details": by_ttl}
    usage = {"prompt_tokens": 1200, "completion_tokens": 7, "total_tokens": 1207, "prompt_tokens_details": details}
    assert call_of(chat(usage, "claude-sonnet-4-5")).tokens == {
        "input": 200, "cache_write_1h": 500, "cache_write_5m": 300, "cache_write": 200, "output": 7,
    }  # fmt: skip


def test_keys_of_both_forms() -> None:
    """new-api writes OpenAI's two forms into one usage, with zeros and nulls in the one that was not used."""
    usage = {**USAGE, "total_tokens": 218, "input_tokens": 0, "output_tokens": 0, "input_tokens_details": None}
    assert call_of(chat(usage, "gpt-4o")).tokens == {"input": 20, "output": 198}
    assert call_of({"model": "gpt-4o", "usage": usage}).tokens == {"input": 20, "output": 198}
    responses = {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "input_tokens": 20,
        "output_tokens": 198,
        "input_tokens_details": {"cached_tokens": 5},
    }
    assert call_of({"model": "gpt-4o", "usage": responses}).tokens == {"input": 15, "cache_read": 5, "output": 198}


def test_what_perplexity_says_it_cost() -> None:
    """Its cost is an object."""
    cost = {"input_tokens_cost": 0.0037, "request_cost": 0.006, "total_cost": 0.02033}
    assert str(call_of(chat({**USAGE, "cost": cost}, "sonar-pro")).reported_usd).startswith("2033")


def test_a_total_alone() -> None:
    """It can't be priced, but there was a call."""
    call = call_of({"model": "gpt-4o", "usage": {"total_tokens": 1100}})
    assert (call.tokens, call.without_usage) == ({}, True)
    cached = call_of({"name": "cachedContents/x", "model": GEMINI, "usageMetadata": {"totalTokenCount": 9}})
    assert (cached.tokens, cached.without_usage) == ({}, True)
