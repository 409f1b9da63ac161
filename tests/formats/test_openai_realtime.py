"""OpenAI's Realtime API: usage in the events of a session."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip
from tests.reading import call_of, outcome_of, outcomes_of, total

SESSION = {
    "type": "session.created",
    "session": {"object": "realtime.session", "model": "gpt-realtime", "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}},
}  # fmt: skip


def done(**details: Any) -> dict[str, Any]:
    """The last event of a response."""
    usage = {"total_tokens": 1200, "input_tokens": 1000, "output_tokens": 200, **details}
    return {
        "type": "response.done",
        "event_id": "e",
        "response": {"object": "realtime.response", "id": "resp_r", "status": "completed", "usage": usage},
    }


def test_the_model_is_the_sessions() -> None:
    """A response doesn't name its model; a session may change, and its transcriptions have another model."""
    update = {"type": "session.updated", "session": {"model": "gpt-realtime-mini"}}
    heard = {
        "type": "conversation.item.input_audio_transcription.completed", "item_id": "i", "transcript": "secret",
        "usage": {"type": "tokens", "total_tokens": 22, "input_tokens": 13, "input_token_details": {"text_tokens": 0, "audio_tokens": 13}, "output_tokens": 9},
    }  # fmt: skip
    first, second, third, _, fourth = outcomes_of(done(), SESSION, done(), update, done())
    assert isinstance(second, Skip)
    models = [found[0].model for found in (first, third, fourth) if isinstance(found, list)]
    assert models == [None, "gpt-realtime", "gpt-realtime-mini"]
    _, transcribed = outcomes_of(SESSION, heard)
    assert isinstance(transcribed, list)
    assert (transcribed[0].model, transcribed[0].tokens) == ("gpt-4o-transcribe", {"audio_input": 13, "output": 9})
    assert not isinstance(outcome_of({**heard, "usage": {"type": "duration", "seconds": 3}}), list)


def test_audio_images_and_what_of_them_was_cached() -> None:
    """The singular details split input and cache by modality."""
    cached = {"text_tokens": 100, "audio_tokens": 150, "image_tokens": 50}
    into = {
        "text_tokens": 400,
        "audio_tokens": 500,
        "image_tokens": 100,
        "cached_tokens": 300,
        "cached_tokens_details": cached,
    }
    call = call_of(done(input_token_details=into, output_token_details={"text_tokens": 50, "audio_tokens": 150}))
    assert call.tokens == {
        "input": 300, "audio_input": 350, "image_input": 50, "cache_read": 100, "cache_read_audio": 150, "cache_read_image": 50,
        "output": 50, "audio_output": 150,
    }  # fmt: skip
    assert (call.provider, call.id) == ("openai", "resp_r")


COUNTS = st.integers(0, 2000)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("text_tokens", "audio_tokens", "image_tokens", "cached_tokens"), COUNTS)
    )
)
def test_meters_are_disjoint_and_add_up(details: dict[str, int]) -> None:
    """Whatever the details say, the meters add up to total_tokens, and none is negative."""
    call = call_of(done(input_token_details=details, output_token_details=details))
    assert all(amount > 0 for amount in call.tokens.values())
    assert total(call) == 1200
