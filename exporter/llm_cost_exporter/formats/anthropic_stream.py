"""Anthropic Messages, streamed: the events that carry usage.

    {"type": "message_start", "message": {"id": "msg_…", "model": "claude-opus-4-8", "usage": {"input_tokens": 472,
        "cache_creation_input_tokens": 188, "cache_read_input_tokens": 1886, "cache_creation": {…}, "output_tokens": 2}}}
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 89, …}}

- As in anthropic_messages: `input_tokens` EXCLUDES cached tokens, `output_tokens` INCLUDES thinking.
- message_start gives the call at once, so that an interrupted stream counts what it had.
- message_delta is cumulative and carries neither id nor model: they come from the file's state. It gives the same id again
  with the counts so far (never less than before, in the same meters), of which only the growth is added.
- Streams interleaved in one file: a delta that repeats the input counts (newer interfaces) goes to the open stream that began
  with the same ones; else, and among several, to the one that began last. A delta with a stop_reason ends its stream. The sum
  over the streams of one model is right even where two are taken for each other.
- A delta without a start in sight (the log begins in mid-stream) is a call without id and model.

Source: anthropic-python types/raw_message_start_event.py, raw_message_delta_event.py, message_delta_usage.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.anthropic_messages import anthropic_tokens, extra_calls, provider_of
from llm_cost_exporter.formats.counts import Tokens, count, put
from llm_cost_exporter.formats.fields import tier, vendor_id, words
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["ALSO", "KEYS", "NAME", "grown", "open_stream", "read"]

NAME = "anthropic_stream"
ALSO = ("anthropic_messages",)
KEYS = (frozenset(("type", "message")), frozenset(("type", "usage")))

_STATE_KEY = "anthropic_stream"
_MOST_STREAMS = 128
_INPUT_KEYS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Part | None:
    """See the module. None where the record is neither event."""
    kind = record.get("type")
    if kind == "message_start":
        message = record.get("message")
        return _start(message, state) if type(message) is dict else None
    usage = record.get("usage")
    if kind == "message_delta" and type(usage) is dict:
        return _delta(record, usage, state)
    return None


def open_stream(state: FileState) -> tuple[str, str | None] | None:
    """Id and model of the stream that began last and has not ended; it is no longer open then (an error has ended it)."""
    streams: list[dict[str, Any]] = state.get(_STATE_KEY, [])
    if not streams:
        return None
    row = streams[-1]
    _close(state, row)
    return (row["id"], row["model"]) if row["id"] is not None else None


def _start(message: dict[str, Any], state: FileState) -> list[Usage] | Part:
    model = words(message.get("model"))
    usage = message.get("usage")
    usage = usage if type(usage) is dict else {}
    call = Usage(
        model, provider_of(message, model), anthropic_tokens(usage), id=vendor_id(message.get("id")),
        context=tier(usage.get("service_tier"), usage.get("speed")),
    )  # fmt: skip
    row = {
        "id": call.id, "model": model, "provider": call.provider, "tokens": call.tokens.copy(), "context": call.context,
        "input": [count(usage.get(key), key) for key in _INPUT_KEYS],
    }  # fmt: skip
    state[_STATE_KEY] = [*state.get(_STATE_KEY, [])[-_MOST_STREAMS + 1 :], row]
    # Without an id the delta could not be joined to this: it will give the whole call.
    return [call] if call.id is not None else Part("start of a stream without an id")


def _delta(record: dict[str, Any], usage: dict[str, Any], state: FileState) -> list[Usage] | Part:
    row = _stream_of(usage, state)
    if row is None:
        call = Usage(None, provider_of(record, None), anthropic_tokens(usage))
        return [call, *extra_calls(call, usage)]
    call = Usage(
        row["model"], row["provider"], grown(row["tokens"], anthropic_tokens(usage)), id=row["id"], continues=row["id"] is not None,
        context=tuple((name, value) for name, value in row["context"]),
    )  # fmt: skip
    delta = record.get("delta")
    if type(delta) is dict and delta.get("stop_reason"):
        _close(state, row)
    else:
        row["tokens"] = call.tokens.copy()
        if call.id is None:
            return Part("part of a stream without an id")
    others = extra_calls(call, usage)
    for other in others:
        other.continues = True  # an earlier delta may have had it too
    return [call, *others]


def _stream_of(usage: dict[str, Any], state: FileState) -> dict[str, Any] | None:
    streams: list[dict[str, Any]] = state.get(_STATE_KEY, [])
    if len(streams) > 1 and usage.get("input_tokens") is not None:
        told = [count(usage.get(key), key) for key in _INPUT_KEYS]
        same = [row for row in streams if row["input"] == told]
        streams = same or streams
    return streams[-1] if streams else None


def _close(state: FileState, row: dict[str, Any]) -> None:
    left = [other for other in state[_STATE_KEY] if other is not row]
    if left:
        state[_STATE_KEY] = left
    else:
        del state[_STATE_KEY]


def grown(before: Tokens, now: Tokens) -> Tokens:
    """The cumulative counts `now` in the meters of what was given before, none of them smaller.

    A delta has no split of cache writes by time to live, and the thinking of an output that was counted as plain output
    before: without this, a merge by meters would count those tokens twice.
    """
    merged: Tokens = {}
    for meter in ("input", "cache_read"):
        put(merged, meter, max(now.get(meter, 0), before.get(meter, 0)))
    written = sum(now.get(meter, 0) for meter in ("cache_write", "cache_write_5m", "cache_write_1h"))
    for meter in ("cache_write_5m", "cache_write_1h"):
        part = max(before.get(meter, 0), min(now.get(meter, 0), written - before.get("cache_write", 0)))
        put(merged, meter, part)
        written -= part
    put(merged, "cache_write", max(written, before.get("cache_write", 0)))
    total = now.get("output", 0) + now.get("reasoning", 0)
    reasoning = max(before.get("reasoning", 0), min(now.get("reasoning", 0), total - before.get("output", 0)))
    put(merged, "reasoning", reasoning)
    put(merged, "output", max(total - reasoning, before.get("output", 0)))
    return merged
