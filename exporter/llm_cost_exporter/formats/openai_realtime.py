"""OpenAI's Realtime API: the events of a session that carry usage.

    {"type": "session.created", "session": {"object": "realtime.session", "model": "gpt-realtime", …}}      also session.updated
    {"type": "response.done", "response": {"object": "realtime.response", "id": "resp_…", "status": "completed", "usage": {
        "input_tokens": 1000, "input_token_details": {"text_tokens": 400, "audio_tokens": 600, "cached_tokens": 300}, "output_tokens": 200, …}}}
    {"type": "conversation.item.input_audio_transcription.completed", "usage": {"type": "tokens", "input_tokens": 13, …}}

- Counts are those of openai_responses: `input_tokens` INCLUDES cached, audio and image tokens, `output_tokens` INCLUDES audio.
- A response does not name its model: it is that of the session that the file spoke of last; transcriptions have a model of their own.
- Id: the response's; of a transcription none.

Source: openai-python types/realtime/realtime_response_usage.py, session_created_event.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import openai_responses
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.fields import words
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Skip, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "openai_realtime"
ALSO = ("openai_responses",)
KEYS = (frozenset(("type", "session")), frozenset(("type", "response")), frozenset(("type", "usage", "item_id")))

_STATE_KEY = "openai_realtime"
_SESSIONS = frozenset(("session.created", "session.updated", "transcription_session.updated"))
_TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
_NO_CALL = Skip("a session began, or changed")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | Skip | None:
    """See the module. None where the record is none of these events."""
    kind = record["type"]
    if type(kind) is not str:
        return None
    if kind in _SESSIONS:
        session = detail(record, "session")
        heard = detail(session, "input_audio_transcription") or detail(
            detail(detail(session, "audio"), "input"), "transcription"
        )
        models = {"session": words(session.get("model")), "transcription": words(heard.get("model"))}
        told = {**state.get(_STATE_KEY, {}), **{key: model for key, model in models.items() if model is not None}}
        if told:
            state[_STATE_KEY] = told
        return _NO_CALL
    models = state.get(_STATE_KEY, {})
    if kind == _TRANSCRIBED:
        usage = detail(record, "usage")
        if "input_tokens" not in usage:
            return None  # billed by the minute
        tokens = openai_responses.responses_tokens(usage)
        return [Usage(words(record.get("model")) or models.get("transcription"), "openai", tokens)]
    response = detail(record, "response")
    if response.get("object") != "realtime.response":
        return None
    found = openai_responses.read(response, state)
    for call in [found.usage] if isinstance(found, Hold) else found or ():
        call.model = call.model or models.get("session")
        call.provider = call.provider or "openai"
    return found
