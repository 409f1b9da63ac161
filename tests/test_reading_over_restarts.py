"""However often reading is cut off and taken up again, it gives what one clean read gives."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llm_cost_exporter.record import Outcome
from llm_cost_exporter.types import Rejected, Usage
from tests.reading import MTIME, NOW, as_line, new_reader


def chunk(call_id: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": call_id, "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-4o",
        "choices": [{"delta": {}, "finish_reason": finish}], **more,
    }  # fmt: skip


def start(call_id: str, into: int) -> dict[str, Any]:
    message = {
        "id": call_id,
        "role": "assistant",
        "model": "claude-x",
        "usage": {"input_tokens": into, "output_tokens": 1},
    }
    return {"type": "message_start", "message": message}


def delta(out: int, into: int) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": out, "input_tokens": into},
    }


def plain(number: int, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o", "prompt_tokens": number, "completion_tokens": 1, "request_id": f"req-{number}", **more}


def docker(text: str, stream: str = "stdout") -> dict[str, Any]:
    return {"log": text, "stream": stream, "time": "2026-03-01T10:00:00.1Z"}


def cri(text: str, tag: str, stream: str = "stdout") -> str:
    return f"2026-03-01T10:00:00.130000000Z {stream} {tag} {text}"


SPLIT = json.dumps(plain(1001))
OTHER = json.dumps(plain(1002))
LOG: list[Any] = [
    plain(1, time=1760000001), plain(2), docker(SPLIT[:20]), docker(OTHER[:30], "stderr"), start("msg_a", 10), chunk("chatcmpl-1"),
    docker(SPLIT[20:40]), start("msg_b", 20), "text without usage", docker(OTHER[30:] + "\n", "stderr"), plain(3), docker(SPLIT[40:] + "\n"),
    chunk("chatcmpl-2"), delta(7, 10), '{"torn', cri("2026-01-01 INFO " + SPLIT.replace("1001", "1003")[:50], "P"), chunk("chatcmpl-1", "stop"),
    cri("unfinished", "P", "stderr"), plain(4), chunk("chatcmpl-1", choices=[], usage={"prompt_tokens": 4, "completion_tokens": 5}),
    cri(SPLIT.replace("1001", "1003")[50:], "F"), delta(9, 20), chunk("chatcmpl-2", "stop"), {"time": "2026-05-05T05:05:05Z", "event": "x"}, plain(5),
]  # fmt: skip


@dataclass
class Counted:
    """What was counted: by id the largest of each meter with the first line's time, and outcomes by kind."""

    tokens: dict[str, Counter[str]] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)

    def take(self, calls: list[Usage]) -> None:
        for call in calls:
            assert call.id is not None
            self.tokens[call.id] = self.tokens.get(call.id, Counter()) | Counter(call.tokens)
            self.times.setdefault(call.id, call.time)
            if call.without_usage:
                self.without.add(call.id)

    def line(self, found: Outcome) -> None:
        self.outcomes[found.reason if isinstance(found, Rejected) else type(found).__name__] += 1
        if isinstance(found, list):
            self.take(found)


def read(ends: set[int]) -> Counted:
    """Read LOG, and at each of `ends` (numbers of lines) save, forget all, and go on from what was saved."""
    lines = [as_line(record) for record in LOG]
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    counted, reader = Counted(), new_reader()
    for number, line in enumerate(lines):
        if number in ends:
            counted.take(reader.overdue(offsets[number]))
            parts = reader.open_parts(offsets[number])
            state, previous = json.loads(json.dumps(reader.state)), reader.previous_time
            reader = reader._entry.file("/var/log/usage.jsonl", state=state, previous_time=previous)
            for part in parts:
                reader.read(lines[offsets.index(part)], part, MTIME, NOW)
        counted.line(reader.read(line, offsets[number], MTIME, NOW))
    counted.take(reader.finish(MTIME, NOW))
    return counted


def test_one_clean_read() -> None:
    """The log of this module gives all its calls."""
    clean = read(set())
    assert clean.tokens.keys() == {
        *(f"req-{n}" for n in (1, 2, 3, 4, 5, 1001, 1002, 1003)), "msg_a", "msg_b", "chatcmpl-1", "chatcmpl-2",
    }  # fmt: skip
    assert clean.without == {"chatcmpl-2"}
    assert clean.tokens["msg_a"] == {"input": 10, "output": 7}
    assert clean.tokens["msg_b"] == {"input": 20, "output": 9}
    assert clean.tokens["chatcmpl-1"] == {"input": 4, "output": 5}
    assert clean.outcomes == {"list": 13, "Part": 9, "Skip": 2, "bad_json": 1}


@given(st.sets(st.integers(0, len(LOG) - 1)))
@settings(max_examples=200)
def test_any_restarts(ends: set[int]) -> None:
    """Calls, their times and the outcome of every line are the same, wherever reading was cut off."""
    assert read(ends) == read(set())


def test_a_restart_at_every_line() -> None:
    """Also if it is cut off before each single line."""
    assert read(set(range(len(LOG)))) == read(set())
