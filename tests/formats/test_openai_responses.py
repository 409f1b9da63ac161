"""OpenAI Responses and the events of their stream."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Part
from tests.reading import call_of, calls_of, outcome_of, outcomes_of, total

BODY: dict[str, Any] = {
    "id": "resp_T1", "object": "response", "created_at": 1760000000, "status": "completed", "error": None,
    "model": "gpt-5-2025-08-07", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}],
    "usage": {
        "input_tokens": 9703, "input_tokens_details": {"cached_tokens": 8576},
        "output_tokens": 638, "output_tokens_details": {"reasoning_tokens": 576}, "total_tokens": 10341,
    },
    "service_tier": "default", "metadata": {"team": "search"},
}  # fmt: skip


def test_a_body() -> None:
    """input_tokens include the cached ones, output_tokens the reasoning; the team is in the metadata."""
    call = call_of(BODY)
    assert call.tokens == {"input": 1127, "cache_read": 8576, "output": 62, "reasoning": 576}
    assert (call.model, call.provider, call.id, call.id_is_vendors) == ("gpt-5-2025-08-07", None, "resp_T1", True)
    assert (call.time, call.labels) == (1760000000, ("", "search"))


@pytest.mark.parametrize("event", ["response.completed", "response.incomplete", "response.done"])
def test_the_last_event_of_a_stream_has_it_all(event: str) -> None:
    """The response inside a last event is read as the body is, with its time and labels."""
    call = call_of({"type": event, "sequence_number": 14, "response": {**BODY, "status": event.partition(".")[2]}})
    assert (total(call), call.id, call.time, call.labels) == (10341, "resp_T1", 1760000000, ("", "search"))
    assert call.failure is None


def test_cache_writes() -> None:
    """Written tokens are a part of the input; their time to live (30 minutes, 12 hours) has no price of its own."""
    written = {
        "cache_write_tokens": 4012,
        "cached_tokens": 0,
        "cache_write_tokens_details": {"ttl_12h_tokens": 0, "ttl_30m_tokens": 4012},
    }
    usage = {"input_tokens": 4020, "input_tokens_details": written, "output_tokens": 5}
    assert call_of({**BODY, "usage": usage}).tokens == {"input": 8, "cache_write": 4012, "output": 5}


def test_realtime_spells_its_details_otherwise() -> None:
    """Realtime's input_token_details (singular) have audio, and how much of what was cached is audio."""
    usage = {
        "input_tokens": 1000, "output_tokens": 200,
        "input_token_details": {
            "text_tokens": 400, "audio_tokens": 600, "cached_tokens": 300, "cached_tokens_details": {"text_tokens": 100, "audio_tokens": 200},
        },
        "output_token_details": {"text_tokens": 50, "audio_tokens": 150},
    }  # fmt: skip
    event = {
        "type": "response.done",
        "response": {"object": "realtime.response", "id": "resp_r", "status": "completed", "usage": usage},
    }
    assert call_of(event).tokens == {
        "input": 300, "audio_input": 400, "cache_read": 100, "cache_read_audio": 200, "output": 50, "audio_output": 150,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "failure"),
    [("server_error", "server_error"), ("rate_limit_exceeded", "rate_limited"), ("invalid_prompt", "client_error"),
     ("vector_store_timeout", "timeout"), ("misalignment", "other")],
)  # fmt: skip
def test_a_response_that_failed(code: str, failure: str) -> None:
    """A failed response is a call and a failure with its reason, with whatever usage it has; without any it is not unknown spend."""
    record = {**BODY, "status": "failed", "error": {"code": code, "message": "secret"}}
    assert (call_of(record).failure, total(call_of(record))) == (failure, 10341)
    without = call_of({"type": "response.failed", "response": {**record, "usage": None}})
    assert (without.failure, without.tokens, without.without_usage) == (failure, {}, False)


def test_a_response_cut_short_is_no_failure() -> None:
    """An incomplete response was answered and is billed."""
    call = call_of({**BODY, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    assert (call.failure, total(call)) == (None, 10341)


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_a_running_response_is_no_call_yet(status: str) -> None:
    """Events before the last one, and polls of a response in the background, count nothing; the end counts once."""
    running = {**BODY, "status": status, "usage": None}
    first, poll, last = outcomes_of({"type": f"response.{status}", "response": running}, running, BODY)
    assert isinstance(first, Part)
    assert isinstance(poll, Part)
    assert isinstance(last, list)
    assert len(last) == 1


def test_an_applications_own_record() -> None:
    """{"model", "usage"} with input_tokens_details is read the same way."""
    call = call_of({"model": "gpt-5", "usage": BODY["usage"], "request_id": "r-1"})
    assert (total(call), call.tokens["cache_read"], call.id, call.id_is_vendors) == (10341, 8576, "r-1", False)


def test_images_that_a_tool_made_are_a_call_of_their_own() -> None:
    """Tokens of an image model stand beside `usage`: by far the larger part of what such a response costs."""
    images = {
        "input_tokens": 50,
        "input_tokens_details": {"text_tokens": 50},
        "output_tokens": 7024,
        "output_tokens_details": {"image_tokens": 7024},
    }
    more = {
        "tools": [{"type": "image_generation", "model": "gpt-image-1"}],
        "tool_usage": {"image_gen": images, "web_search": {"num_requests": 0}},
    }
    answer, made = calls_of({**BODY, **more})
    assert answer.tokens == call_of(BODY).tokens
    assert (made.model, made.id, made.tokens) == (
        "gpt-image-1",
        f"{BODY['id']}/image_gen",
        {"input": 50, "image_output": 7024},
    )
    assert calls_of({**BODY, **more, "tools": []})[1].model is None
    for nothing in ({"image_gen": None}, {"image_gen": {"input_tokens": 0, "output_tokens": 0}}, {}, None):
        assert len(calls_of({**BODY, "tool_usage": nothing})) == 1


def test_events_without_a_response_count_nothing() -> None:
    """Text events of a stream are no calls, and what the model wrote in them is not read."""
    said = '{"model": "gpt-4o", "prompt_tokens": 9999, "completion_tokens": 9}'
    found = outcome_of({"type": "response.output_text.delta", "delta": said, "item_id": "msg_1"})
    assert not isinstance(found, list)
    arguments = {"type": "response.function_call_arguments.done", "arguments": {"prompt_tokens": 5}}
    assert not isinstance(outcome_of(arguments), list)


COUNTS = st.integers(0, 50_000)


@given(
    into=COUNTS, out=COUNTS, reasoning=COUNTS,
    details=st.fixed_dictionaries({}, optional=dict.fromkeys(("cached_tokens", "cache_write_tokens", "audio_tokens"), COUNTS)),
)  # fmt: skip
def test_meters_are_disjoint_and_add_up_to_the_vendors_total(
    into: int, out: int, reasoning: int, details: dict[str, int]
) -> None:
    """Whatever the details say, the meters add up to the vendor's total_tokens and none is negative."""
    usage = {
        "input_tokens": into, "input_tokens_details": details, "output_tokens": out,
        "output_tokens_details": {"reasoning_tokens": reasoning}, "total_tokens": into + out,
    }  # fmt: skip
    (call,) = calls_of({**BODY, "usage": usage})
    assert all(count > 0 for count in call.tokens.values())
    assert total(call) == into + out
