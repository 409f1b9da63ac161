"""OpenRouter's answers, in OpenAI's form."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Part, Skip
from tests.reading import call_of, outcome_of, outcomes_of, total

BODY: dict[str, Any] = {
    "id": "gen-1780000000-AbCdEf", "provider": "Anthropic", "model": "anthropic/claude-sonnet-4.5", "object": "chat.completion", "created": 1780000000,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "…"}}],
    "usage": {
        "prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200, "cost": 0.0123, "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100}, "completion_tokens_details": {"reasoning_tokens": 50},
        "cost_details": {"upstream_inference_cost": 0.0123},
    },
}  # fmt: skip


def test_an_answer() -> None:
    """The provider is openrouter, not the upstream; what it charged is the reported cost."""
    call = call_of(BODY)
    assert call.tokens == {"input": 300, "cache_read": 600, "cache_write": 100, "output": 150, "reasoning": 50}
    assert (call.provider, call.model, call.time) == ("openrouter", "anthropic/claude-sonnet-4.5", 1780000000)
    assert call.reported_usd == 12_300_000_000_000_000_000_000


def test_two_models_under_one_id_are_two_calls() -> None:
    """The id of a call has the model in it."""
    assert call_of(BODY).id != call_of({**BODY, "model": "openai/gpt-4o-mini"}).id
    assert call_of(BODY).id == call_of({"wrapped": BODY}).id


def test_known_by_what_it_charged() -> None:
    """Without an id of its form, its own keys beside the cost tell."""
    usage = BODY["usage"]
    assert call_of({"model": "x/y", "usage": usage}).provider == "openrouter"
    assert (
        call_of({"model": "gpt-4o", "usage": {"prompt_tokens": 5, "completion_tokens": 1, "cost": 0.1}}).provider
        is None
    )


def test_responses_in_its_form() -> None:
    """The Responses API is read too."""
    usage = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60}, "output_tokens": 10, "output_tokens_details": {},
             "total_tokens": 110, "cost": 0.5}  # fmt: skip
    call = call_of(
        {
            "id": "gen-1780000000-resp",
            "object": "response",
            "status": "completed",
            "model": "openai/gpt-5",
            "usage": usage,
        }
    )
    assert (call.tokens, call.provider) == ({"input": 40, "cache_read": 60, "output": 10}, "openrouter")


def test_a_stream_is_one_call() -> None:
    """Chunks without usage wait for the last one, under the same id."""
    chunk = {
        **BODY,
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": "x"}}],
        "usage": None,
    }
    first, second, last = outcomes_of(chunk, chunk, {**BODY, "object": "chat.completion.chunk", "choices": []})
    assert isinstance(first, Part)
    assert isinstance(second, Part)
    assert isinstance(last, list)
    assert total(last[0]) == 1200


def test_an_error_is_a_failure() -> None:
    """An error with or without usage is a failed call with its reason."""
    error = {"code": 429, "message": "rate-limited upstream"}
    without = call_of({**{key: BODY[key] for key in ("id", "model", "object", "created", "choices")}, "error": error})
    assert (without.failure, without.tokens, without.without_usage) == ("rate_limited", {}, False)
    assert call_of({**BODY, "error": {"code": 502, "message": "x"}}).failure == "server_error"


def test_an_error_body_is_a_failure() -> None:
    """An error body of OpenRouter's is a failed call of the model that is named around it; another's is none."""
    body = {"error": {"code": 402, "message": "credits"}, "user_id": "user_2x"}
    call = call_of({"model": "openai/gpt-5", "response": body})
    assert (call.failure, call.provider, call.model) == ("client_error", "openrouter", "openai/gpt-5")
    assert (
        call_of({"error": {"code": 503, "message": "m", "metadata": {"provider_name": "Groq"}}}).failure
        == "server_error"
    )
    assert isinstance(outcome_of({"error": {"code": 500, "message": "db"}, "user_id": "u-7"}), Skip)


COUNTS = st.integers(0, 10_000)


@given(prompt=COUNTS, completion=COUNTS, cached=COUNTS, written=COUNTS, reasoning=COUNTS)
def test_meters_add_up(prompt: int, completion: int, cached: int, written: int, reasoning: int) -> None:
    """The meters add up to total_tokens, and none is negative."""
    usage = {**BODY["usage"], "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
             "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
             "completion_tokens_details": {"reasoning_tokens": reasoning}}  # fmt: skip
    call = call_of({**BODY, "usage": usage})
    assert total(call) == prompt + completion
    assert all(count > 0 for count in call.tokens.values())
