"""Whatever a line holds, it has exactly one outcome, raises nothing, and leaves nothing of its text behind."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_cost_exporter.record import DEFECT, Outcome
from llm_cost_exporter.types import (
    FAILURE_REASONS,
    KIND_OF_METER,
    MOST_TOKENS,
    REJECT_REASONS,
    Part,
    Rejected,
    Skip,
    Usage,
)
from tests.formats.test_anthropic_messages import BODY as MESSAGE
from tests.formats.test_openai_chat import BODY as CHAT
from tests.formats.test_openai_responses import BODY as RESPONSE
from tests.formats.test_plain import FIRST, SECOND
from tests.reading import MTIME, NOW, as_line, new_reader

SAMPLES: list[Any] = [
    FIRST, SECOND, CHAT, RESPONSE, MESSAGE, {"event": "x", "response": CHAT}, {"log": json.dumps(MESSAGE) + "\n", "stream": "stdout", "time": "2026-01-01"},
    {"type": "message_start", "message": MESSAGE}, {"type": "message_delta", "delta": {}, "usage": MESSAGE["usage"]},
    {**CHAT, "object": "chat.completion.chunk", "usage": None}, {"type": "error", "error": {"type": "api_error"}}, {"model": "gpt-4o", "error": "x", "status": 500},
    {"timestamp": 1760000000000, "message": json.dumps(FIRST)},
]  # fmt: skip
KEYS = sorted(
    {key for sample in SAMPLES for key in sample}
    | set(MESSAGE["usage"])
    | {"prompt_tokens_details", "iterations", "_p", "created"}
)
WEIRD: list[Any] = [
    None, True, 0, -1, 1.5, 1e300, math.nan, math.inf, 10**30, 10**400, "", "12", "١٢", "\ud800", "a\nb", "x" * 300, [], {}, [{}], {"a": 1}, [1], "{", 429, "failed", 5,
    "chat.completion", "message_start", "error", "gpt-4o", 1760000000.5, "2026-01-01T00:00:00Z", *SAMPLES[:3],
]  # fmt: skip

JSON = st.recursive(
    st.sampled_from(WEIRD) | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


def check(found: Outcome) -> None:
    """The outcome is one of the four, and calls are as the stages behind expect them."""
    if isinstance(found, Rejected):
        assert found.reason in REJECT_REASONS
        assert DEFECT not in found.detail
        return
    if isinstance(found, list):
        assert found
        for call in found:
            check_call(call)
        return
    assert isinstance(found, Skip | Part)


def check_call(call: Usage) -> None:
    assert all(type(count) is int and 0 < count <= 100 * MOST_TOKENS for count in call.tokens.values())
    assert call.tokens.keys() <= KIND_OF_METER.keys()
    assert math.isfinite(call.time)
    assert 0 <= call.time <= NOW + 86_400, call.time
    assert call.failure is None or call.failure in FAILURE_REASONS
    assert len(call.labels) == 2
    for text in (call.model, call.provider, *call.labels):
        if text is not None:
            assert len(text.encode()) <= 4 * 128
            assert len(text) <= 128
            assert len(text.splitlines()) <= 1
    assert call.latency_ns is None or call.latency_ns >= 0
    assert call.reported_usd is None or call.reported_usd >= 0
    assert not (call.without_usage and (call.tokens or call.failure))


@given(st.lists(st.one_of(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8), JSON), max_size=4))
@settings(max_examples=300)
def test_any_json(records: list[Any]) -> None:
    """JSON of any shape with the keys that formats look for."""
    reader = new_reader()
    for offset, record in enumerate(records):
        check(reader.read(as_line(json.dumps(record)), offset, MTIME, NOW))
    for call in [*reader.overdue(10, 10), *reader.finish(MTIME, NOW)]:
        check_call(call)


@given(st.binary(max_size=200), st.sampled_from(SAMPLES), st.integers(0, 2000), st.integers(0, 50))
@settings(max_examples=300)
def test_any_bytes(noise: bytes, sample: Any, at: int, cut: int) -> None:
    """Bytes of any kind alone, and in the middle of a record."""
    line = as_line(sample)
    at %= len(line)
    reader = new_reader()
    check(reader.read(noise, 0, MTIME, NOW))
    check(reader.read(line[:at] + noise + line[at + cut :], 300, MTIME, NOW))


def test_mutated_records() -> None:
    """Thousands of records with keys and values exchanged; the state stays small and JSON, and a new reader can go on from it."""
    chance = random.Random(7)
    reader, offset = new_reader(), 0
    for number in range(5000):
        line = as_line(json.dumps(mutated(chance.choice(SAMPLES), chance)))
        check(reader.read(line, offset, MTIME, NOW))
        offset += len(line) + 1
        if number % 100 == 0:
            state = orjson.dumps(reader.state)  # stricter than json: half surrogates are no text
            assert len(state) < 60_000
            reader = new_reader(state=orjson.loads(state))
            for call in reader.overdue(offset):
                check_call(call)


def mutated(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        value = dict(value)
        key = chance.choice([*value, chance.choice(KEYS)])
        what = chance.random()
        if what < 0.3 or key not in value:
            value[key] = chance.choice(WEIRD)
        elif what < 0.5:
            del value[key]
        elif what < 0.9:
            value[key] = mutated(value[key], chance)
        else:
            value[chance.choice(KEYS)] = value.pop(key)
        return value
    if isinstance(value, list) and value:
        return [mutated(value[0], chance), *value[1:]]
    return chance.choice(WEIRD)


def test_nothing_said_is_kept() -> None:
    """After all samples and their broken forms nothing of a message's text is in the state, in a call or in an outcome."""
    secret = "my-secret-words"
    said = [{"type": "text", "text": secret}]
    records = [
        {**CHAT, "choices": [{"message": {"content": secret}}]}, {**MESSAGE, "content": said}, {**RESPONSE, "output": said},
        {**CHAT, "object": "chat.completion.chunk", "usage": None, "choices": [{"delta": {"content": secret}}]},
        {"error": {"message": secret, "type": "server_error", "param": None, "code": None}}, {"type": "error", "error": {"type": "api_error", "message": secret}},
        {"model": "gpt-4o", "error": secret + " timeout"}, {**FIRST, "prompt": secret, "prompt_tokens": secret},
        {"type": "message_start", "message": {**MESSAGE, "content": said}}, {"time": 1760000000, "message": json.dumps({"text": secret}) + "usage"},
    ]  # fmt: skip
    reader = new_reader()
    for record in records:
        for line in (as_line(record), as_line(record)[:-1], as_line(str(record))):
            found = reader.read(line, 0, MTIME, NOW)
            assert secret not in repr(found)
    assert secret not in json.dumps(reader.state)
    assert secret not in repr(reader.finish(MTIME, NOW))


@pytest.mark.parametrize(
    "line",
    [
        b'{"object": "response", "status": {"a": 1}, "id": "resp_1", "usage": null}',
        b'{"object": ["response"], "status": "queued", "usage": {}}',
        b'{"type": "message_delta", "usage": {"output_tokens": 9, "iterations": [{"type": {"a": 1}}]}}',
        b'{"type": ["error"], "error": {"type": ["api_error"]}}',
        b'{"model": "gpt-4o", "prompt_tokens": 1, "status": ["failed"], "request_id": {"a": 1}, "latency_ms": [1]}',
        b'{"model": "gpt-4o", "prompt_tokens": 1, "n": NaN, "timestamp": 1' + b"0" * 400 + b', "latency_ms": 1' + b"0" * 400 + b"}",
        b'{"model": "gpt-4o", "prompt_tokens": 1, "error": ' + b'{"error": ' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"id": "chatcmpl-\\ud800", "object": "chat.completion.chunk", "model": "gpt\\udfff", "choices": []}',
    ],
)  # fmt: skip
def test_what_once_broke(line: bytes) -> None:
    """Values of another type than the key promises, numbers that fit no float, errors in errors, half surrogates."""
    reader = new_reader()
    check(reader.read(line, 0, MTIME, NOW))
    orjson.dumps(reader.state)


def test_a_defect_costs_one_line() -> None:
    """Should a format fail after all, the line is rejected, nothing of it is told, and the next one is read."""
    reader = new_reader()
    line = as_line(FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(reader), "_object", lambda *_: 1 // 0)
        assert reader.read(line, 0, MTIME, NOW) == Rejected("bad_json", f"{DEFECT}: ZeroDivisionError")
    assert isinstance(reader.read(line, 0, MTIME, NOW), list)
