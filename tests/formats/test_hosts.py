"""Hosts with keys of their own: DeepSeek, Mistral, Groq, xAI, Cohere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter import money
from llm_cost_exporter.types import Part
from tests.reading import call_of, new_reader, outcome_of, outcomes_of, total


def chat(model: str | None, usage: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A chat completion."""
    return {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1772359200,
        "model": model,
        "choices": [],
        "usage": usage,
        **more,
    }


DEEPSEEK = {
    "prompt_tokens": 563, "completion_tokens": 116, "total_tokens": 679, "prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 51,
    "completion_tokens_details": {"reasoning_tokens": 60},
}  # fmt: skip


def test_deepseek() -> None:
    """Hits are cached tokens; hits and misses are the prompt; reasoning is in the output."""
    call = call_of(chat("deepseek-reasoner", DEEPSEEK))
    assert call.tokens == {"input": 51, "cache_read": 512, "output": 56, "reasoning": 60}
    assert (call.provider, call.time, call.id) == ("deepseek", 1772359200, "c-1")
    assert call_of(chat("deepseek-chat", {**DEEPSEEK, "prompt_tokens": None})).tokens == call.tokens
    assert call_of(chat("deepseek-ai/DeepSeek-V3", DEEPSEEK)).provider is None


def test_mistral() -> None:
    """num_cached_tokens are a part of the prompt; details in either spelling repeat them."""
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "num_cached_tokens": 64}
    expected = {"input": 36, "cache_read": 64, "output": 20}
    details = {"cached_tokens": 64}
    for more in (
        {},
        {"prompt_token_details": details},
        {"prompt_tokens_details": details},
        {"prompt_tokens_details": None},
    ):
        call = call_of(chat("mistral-large-latest", {**usage, **more}))
        assert (call.tokens, call.provider) == (expected, "mistral")
    singular = {**usage, "num_cached_tokens": None, "prompt_token_details": details}
    assert call_of(chat("codestral-2508", singular)).tokens == expected
    assert call_of(chat("Qwen/Qwen3-8B", usage)).provider is None


def test_groq() -> None:
    """The provider is Groq whatever the model is called; its times are the latency."""
    usage = {
        "queue_time": 0.05,
        "prompt_tokens": 100,
        "prompt_time": 0.01,
        "completion_tokens": 20,
        "total_time": 0.12,
        "total_tokens": 120,
    }
    call = call_of(chat("openai/gpt-oss-120b", usage, service_tier="flex"))
    assert (call.tokens, call.provider, call.latency_ns) == ({"input": 100, "output": 20}, "groq", 170_000_000)
    assert call.context == (("service_tier", "flex"),)
    assert call_of(chat("openai/gpt-oss-120b", {**usage, "total_time": "x"})).latency_ns is None


def test_groqs_stream() -> None:
    """The last chunk has the usage in x_groq; the ones before it are held, as Groq's."""
    chunk = {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "model": "llama-3.3-70b-versatile",
        "choices": [{"delta": {"content": "x"}}],
    }
    last = {
        **chunk,
        "choices": [{"delta": {}, "finish_reason": "stop"}],
        "x_groq": {"usage": {"prompt_tokens": 9, "completion_tokens": 4}},
    }
    first, second = outcomes_of({**chunk, "x_groq": {"id": "req_1"}}, last)
    assert isinstance(first, Part)
    assert isinstance(second, list)
    assert (total(second[0]), second[0].provider) == (13, "groq")
    reader = new_reader()
    reader.read(
        b'{"id":"c","object":"chat.completion.chunk","model":"m","choices":[],"x_groq":{"id":"r"}}', 0, 0, 1.8e9
    )
    assert [(call.provider, call.without_usage) for call in reader.finish(0, 1.8e9)] == [("groq", True)]


XAI = {
    "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "num_sources_used": 0, "cost_in_usd_ticks": 158500,
    "prompt_tokens_details": {"text_tokens": 32, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 6},
    "completion_tokens_details": {"reasoning_tokens": 94},
}  # fmt: skip


def test_xais_reasoning_comes_on_top() -> None:
    """Of chat, unless the total says otherwise; the ticks are what it cost."""
    call = call_of(chat("grok-4-0709", XAI))
    assert call.tokens == {"input": 26, "cache_read": 6, "output": 9, "reasoning": 94}
    assert (call.provider, call.reported_usd) == ("x-ai", money.from_logged("0.00001585"))
    assert call_of(chat("grok-4", {**XAI, "total_tokens": None})).tokens == call.tokens
    inside = {**XAI, "completion_tokens": 103, "total_tokens": 135}
    assert call_of(chat("grok-4", inside)).tokens == call.tokens


def test_xais_cached_tokens_on_top() -> None:
    """More cached tokens than the prompt has come on top of it."""
    usage = {**XAI, "prompt_tokens": 4, "prompt_tokens_details": {"cached_tokens": 6}}
    assert call_of(chat("grok-4", usage)).tokens == {"input": 4, "cache_read": 6, "output": 9, "reasoning": 94}


def test_xais_responses() -> None:
    """Reasoning is in the output; the ticks are the cost."""
    usage = {
        "input_tokens": 50, "input_tokens_details": {"cached_tokens": 20}, "output_tokens": 40, "output_tokens_details": {"reasoning_tokens": 30},
        "total_tokens": 90, "num_sources_used": 2, "cost_in_usd_ticks": 10**10, "context_details": {},
    }  # fmt: skip
    call = call_of(
        {
            "id": "resp_x",
            "object": "response",
            "status": "completed",
            "created_at": 1772359200,
            "model": "grok-4",
            "usage": usage,
        }
    )
    assert call.tokens == {"input": 30, "cache_read": 20, "output": 10, "reasoning": 30}
    assert (call.provider, call.reported_usd, call.id) == ("x-ai", money.from_logged(1), "resp_x")


def test_cohere_counts_what_is_billed() -> None:
    """Billed units, not tokens; cached tokens are a part of the latter and may be more than what is billed."""
    usage = {
        "billed_units": {"input_tokens": 2406, "output_tokens": 2},
        "cached_tokens": 2928,
        "tokens": {"input_tokens": 2935, "output_tokens": 4},
    }
    call = call_of(
        {"id": "c-2", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}, "usage": usage}
    )
    assert (call.tokens, call.provider, call.id, call.model) == ({"input": 2406, "output": 2}, "cohere", "c-2", None)
    raw = {**usage, "billed_units": None}
    assert call_of({"id": "c-2", "usage": raw}).tokens == {"input": 2935, "output": 4}
    assert call_of({"id": "c-2", "usage": {"tokens": usage["tokens"]}}).tokens == {"input": 2935, "output": 4}
    assert call_of({"model": "command-a", "response": {"id": "c", "usage": usage}}).model == "command-a"


@pytest.mark.parametrize(
    ("record", "tokens"),
    [({"generation_id": "g", "text": "x", "meta": {"billed_units": {"input_tokens": 5.0, "output_tokens": 6.0}}}, {"input": 5, "output": 6}),
     ({"event_type": "stream-end", "response": {"generation_id": "g", "meta": {"billed_units": {"input_tokens": 5}}}}, {"input": 5}),
     ({"type": "message-end", "id": "x", "delta": {"finish_reason": "COMPLETE", "usage": {"billed_units": {"output_tokens": 6}}}}, {"output": 6}),
     ({"id": "e", "embeddings": [], "meta": {"billed_units": {"input_tokens": 7, "image_tokens": 3}}}, {"input": 7, "image_input": 3})],
)  # fmt: skip
def test_coheres_other_answers(record: dict[str, Any], tokens: dict[str, int]) -> None:
    """v1, the last events of both streams, and embeddings."""
    assert call_of(record).tokens == tokens


def test_coheres_searches_and_errors() -> None:
    """A search has no tokens; an ERROR is a failure with what it used; another `meta` is nobody's."""
    assert call_of({"id": "r", "results": [], "meta": {"billed_units": {"search_units": 1}}}).without_usage
    assert (
        call_of({"id": "r", "finish_reason": "ERROR", "usage": {"billed_units": {"input_tokens": 5}}}).failure
        == "other"
    )
    assert not isinstance(outcome_of({"meta": {"billed_units": {"kilowatts": 5}}}), list)


COUNTS = st.integers(0, 9000)


@given(prompt=COUNTS, out=COUNTS, reasoning=COUNTS, cached=COUNTS)
def test_meters_are_disjoint_and_add_up_to_the_vendors_total(
    prompt: int, out: int, reasoning: int, cached: int
) -> None:
    """Whatever the details say, the meters add up to the vendor's total, and none is negative."""
    details = {"cached_tokens": min(cached, prompt)}
    xai = {**XAI, "prompt_tokens": prompt, "completion_tokens": out, "prompt_tokens_details": details,
           "completion_tokens_details": {"reasoning_tokens": reasoning}, "total_tokens": prompt + out + reasoning}  # fmt: skip
    deepseek = {**DEEPSEEK, "prompt_tokens": prompt, "completion_tokens": out, "prompt_cache_hit_tokens": cached, "total_tokens": prompt + out,
                "completion_tokens_details": {"reasoning_tokens": min(reasoning, out)}}  # fmt: skip
    mistral = {
        "prompt_tokens": prompt,
        "completion_tokens": out,
        "num_cached_tokens": cached,
        "total_tokens": prompt + out,
    }
    cohere = {
        "billed_units": {"input_tokens": prompt, "output_tokens": out},
        "cached_tokens": cached,
        "total_tokens": prompt + out,
    }
    for usage in (xai, deepseek, mistral, cohere):
        call = call_of(chat("m", usage) if usage is not cohere else {"id": "c-1", "message": {}, "usage": usage})
        assert all(amount > 0 for amount in call.tokens.values())
        assert total(call) == usage["total_tokens"]
