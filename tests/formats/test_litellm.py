"""LiteLLM's two records: the payload of its callbacks and the rows of its spend logs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip, Usage
from tests.reading import by_kind, call_of, calls_of, outcome_of, total

DETAILS: dict[str, Any] = {
    "audio_tokens": None, "cached_tokens": 3000, "cache_write_tokens": 500, "cache_creation_tokens": 500, "text_tokens": 40,
    "cache_creation_token_details": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
}  # fmt: skip
USAGE: dict[str, Any] = {
    "prompt_tokens": 3540, "completion_tokens": 210, "total_tokens": 3750, "prompt_tokens_details": DETAILS,
    "completion_tokens_details": {"reasoning_tokens": 90, "text_tokens": 120}, "cache_creation_input_tokens": 500,
    "cache_read_input_tokens": 3000, "service_tier": "standard",
}  # fmt: skip
PAYLOAD: dict[str, Any] = {
    "id": "chatcmpl-0a1b2c3d-feed", "litellm_call_id": "11112222-call", "call_type": "acompletion", "cache_hit": None, "status": "success",
    "custom_llm_provider": "anthropic", "startTime": 1780000000.25, "endTime": 1780000001.75, "response_time": 1.5,
    "model": "claude-sonnet-4-5", "metadata": {"user_api_key_team_alias": "growth", "usage_object": USAGE}, "response_cost": 0.00512,
    "total_tokens": 3750, "prompt_tokens": 3540, "completion_tokens": 210, "request_tags": ["app:shop", "User-Agent: x", 7],
    "messages": [{"role": "user", "content": '{"prompt_tokens": 9}'}],
    "response": {"id": "chatcmpl-0a1b2c3d-feed", "object": "chat.completion", "model": "claude-sonnet-4-5-20250929", "usage": USAGE},
    "hidden_params": {"litellm_model_name": "anthropic/claude-sonnet-4-5"}, "model_map_information": {"model_map_key": "claude-sonnet-4-5"},
    "error_str": None, "error_information": {"error_code": "", "error_class": ""},
}  # fmt: skip
ROW: dict[str, Any] = {
    "request_id": "chatcmpl-0a1b2c3d-feed", "call_type": "acompletion", "cache_hit": "None", "startTime": "2026-05-28 20:26:40.250000",
    "model": "claude-sonnet-4-5", "custom_llm_provider": "anthropic", "spend": 0.00512, "total_tokens": 3750, "prompt_tokens": 3540,
    "completion_tokens": 210, "request_tags": '["app:shop"]', "request_duration_ms": 1500, "status": "success", "messages": "{}",
    "metadata": json.dumps({"user_api_key_team_alias": "growth", "usage_object": USAGE, "litellm_call_id": "11112222-call"}),
}  # fmt: skip
TOKENS = {"input": 40, "cache_read": 3000, "cache_write_5m": 300, "cache_write_1h": 200, "output": 120, "reasoning": 90}
FAILED = {**PAYLOAD, "id": "11112222-call", "status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0,
          "response": {}, "response_cost": 0.0, "metadata": {"usage_object": None}}  # fmt: skip


def essence(call: Usage) -> tuple[object, ...]:
    return (call.tokens, call.model, call.provider, call.id, call.time, call.latency_ns, call.reported_usd, call.labels)


@pytest.mark.parametrize("record", [PAYLOAD, ROW], ids=["payload", "row"])
def test_both_records_say_the_same_of_a_call(record: dict[str, Any]) -> None:
    """prompt_tokens include what was cached and written, Anthropic's too; usage that stands there three times is read once."""
    call = call_of(record)
    assert essence(call) == (
        TOKENS, "claude-sonnet-4-5", "anthropic", "chatcmpl-0a1b2c3d-feed", 1780000000.25, 1_500_000_000, 5_120_000_000_000_000_000_000,
        ("shop", "growth"),
    )  # fmt: skip
    assert call.id_is_vendors
    assert total(call) == 3750
    assert not call.gateway_cache_hit
    assert call.failure is None


def test_a_payload_inside_another_record_is_still_liteLLMs() -> None:  # noqa: N802 - the name of the product
    """A logger's record around the payload changes nothing of how it is counted, and not a byte of it is counted twice."""
    call = call_of({"message": "success", "level": "INFO", "standard_logging_object": PAYLOAD})
    assert call.tokens == TOKENS


def test_the_gateways_cache_costs_nothing() -> None:
    """A hit is a call of its own, with an id of its own, whose tokens cost nothing."""
    hits = [
        {**PAYLOAD, "cache_hit": True, "response_cost": 0.0},
        {**ROW, "cache_hit": "True", "spend": 0.0},
        {**ROW, "cache_hit": "True", "request_id": "chatcmpl-0a1b2c3d-feed_cache_hit1780000000.3"},
    ]
    calls = [call_of(hit) for hit in hits]
    assert [call.gateway_cache_hit for call in calls] == [True] * 3
    assert [call.id for call in calls] == ["11112222-call", "11112222-call", hits[2]["request_id"]]
    assert all(call.tokens == TOKENS for call in calls)
    assert calls[0].reported_usd == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"error_code": "429", "error_class": "RateLimitError"}, "rate_limited"),
        ({"error_code": "408", "error_class": "Timeout"}, "timeout"),
        ({"error_code": "", "error_class": "Timeout"}, "timeout"),
        ({"error_code": "500", "error_class": "InternalServerError"}, "server_error"),
        ({"error_code": 401, "error_class": "AuthenticationError"}, "client_error"),
        ({"error_code": None, "error_class": "ContextWindowExceededError", "error_message": "invalid"}, "client_error"),
        ({}, "other"),
    ],
)
def test_failures_have_their_reason(error: dict[str, Any], reason: str) -> None:
    """The HTTP status decides, then the class; no tokens, and no call without usage."""
    call = call_of({**FAILED, "error_information": error})
    assert (call.failure, call.tokens, call.without_usage) == (reason, {}, False)
    row = {**ROW, "status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "spend": 0.0,
           "metadata": json.dumps({"status": "failure", "error_information": error})}  # fmt: skip
    assert (call_of(row).failure, call_of(row).tokens) == (reason, {})


def test_details_from_where_they_are() -> None:
    """Without a usage_object the response's own usage has the details, in Anthropic's or the Responses API's terms too."""
    anthropic = {"input_tokens": 40, "cache_read_input_tokens": 3000, "cache_creation_input_tokens": 500, "output_tokens": 210,
                 "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200}}  # fmt: skip
    record = {**PAYLOAD, "metadata": {}, "response": {"usage": anthropic}}
    assert by_kind(call_of(record)) == {"input": 40, "cache_read": 3000, "cache_write": 500, "output": 210}
    responses = {"input_tokens": 3540, "input_tokens_details": {"cached_tokens": 3000}, "output_tokens": 210,
                 "output_tokens_details": {"reasoning_tokens": 90}}  # fmt: skip
    record = {**PAYLOAD, "metadata": None, "response": {"object": "response", "usage": responses}}
    assert call_of(record).tokens == {"input": 540, "cache_read": 3000, "output": 120, "reasoning": 90}
    assert call_of({**PAYLOAD, "metadata": {}, "response": "redacted-by-litellm"}).tokens == {
        "input": 3540,
        "output": 210,
    }
    extra = {**ROW, "metadata": json.dumps({"additional_usage_values": {"cache_read_input_tokens": 3000}})}
    assert call_of(extra).tokens == {"input": 540, "cache_read": 3000, "output": 210}
    assert call_of({**ROW, "metadata": "{broken"}).tokens == {"input": 3540, "output": 210}


def test_images_and_what_is_not_billed_by_tokens() -> None:
    """An image call's usage is that of the Images API; audio and rerank have counts of 0 and a cost, so their use is not known."""
    record = {
        "call_type": "aimage_generation",
        "response_cost": 0.1,
        "id": "x",
        "model": "gpt-image-1.5",
        "prompt_tokens": 50,
        "completion_tokens": 4160,
    }
    usage = {"input_tokens": 50, "input_tokens_details": {"image_tokens": 10, "text_tokens": 40}, "output_tokens": 4160}
    assert call_of({**record, "metadata": {"usage_object": usage}}).tokens == {
        "input": 40,
        "image_input": 10,
        "image_output": 4160,
    }
    spoken = {**record, "call_type": "atranscription", "model": "whisper-1", "prompt_tokens": 0, "completion_tokens": 0}
    assert (call_of(spoken).without_usage, call_of({**spoken, "response_cost": 0}).without_usage) == (True, False)


def test_what_asks_no_model_is_no_call() -> None:
    """Files, batches and lists that pass the proxy are skipped; an image without tokens is a call."""
    quiet = {
        **PAYLOAD,
        "metadata": {},
        "response": {},
        "response_cost": 0.0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
    }
    assert isinstance(outcome_of({**quiet, "call_type": "acreate_file"}), Skip)
    assert not call_of({**quiet, "call_type": "aimage_generation"}).without_usage
    assert call_of({**quiet, "prompt_tokens": None, "completion_tokens": None}).without_usage


def test_an_array_on_one_line_gives_all_of_its_calls() -> None:
    """LiteLLM posts its payloads as one JSON array; each record of it has its own time and labels."""
    other = {**PAYLOAD, "id": "chatcmpl-second-call", "startTime": 1780000100.5, "request_tags": ["app:blog"]}
    calls = calls_of(json.dumps([PAYLOAD, other]))
    assert [(call.id, call.time, call.labels[0]) for call in calls] == [
        ("chatcmpl-0a1b2c3d-feed", 1780000000.25, "shop"), ("chatcmpl-second-call", 1780000100.5, "blog"),
    ]  # fmt: skip
    assert len(calls_of(json.dumps([PAYLOAD]))) == 1
    assert len(calls_of(json.dumps([PAYLOAD, {"level": "info"}]))) == 1
    bad = {**PAYLOAD, "prompt_tokens": -1}
    assert not isinstance(outcome_of(json.dumps([PAYLOAD, bad])), list)


COUNTS = st.integers(0, 50_000)


@given(
    prompt=COUNTS,
    completion=COUNTS,
    read=COUNTS,
    written=COUNTS,
    minutes=COUNTS,
    hour=COUNTS,
    reasoning=COUNTS,
    audio=COUNTS,
)
def test_meters_add_up(
    prompt: int, completion: int, read: int, written: int, minutes: int, hour: int, reasoning: int, audio: int
) -> None:
    """The meters add up to LiteLLM's total_tokens, or, where the cached ones can't be in it, to the total with them; none is negative."""
    details = {"cached_tokens": read, "cache_creation_tokens": written, "audio_tokens": audio,
               "cache_creation_token_details": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour}}  # fmt: skip
    usage = {"prompt_tokens_details": details, "completion_tokens_details": {"reasoning_tokens": reasoning}}
    record = {**PAYLOAD, "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
              "metadata": {"usage_object": usage}}  # fmt: skip
    call = call_of(record)
    cached = read + max(written, minutes + hour)
    assert total(call) == prompt + completion + (cached if cached > prompt else 0)
    assert all(count > 0 for count in call.tokens.values())
