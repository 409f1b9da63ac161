"""Streams that were logged chunk by chunk, and whose usage never came."""

from __future__ import annotations

import json
from typing import Any

from llm_cost_exporter.record import RecordReader
from llm_cost_exporter.types import Part, Usage
from tests.reading import MTIME, NOW, as_line, new_reader


def chunk(call_id: str = "chatcmpl-S", finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": call_id, "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-4o", "app": "shop",
        "choices": [{"index": 0, "delta": {"content": "secret"}, "finish_reason": finish}], **more,
    }  # fmt: skip


USED: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 19, "completion_tokens": 10}}


class Log:
    """Lines of a file, read one after the other."""

    def __init__(self, reader: RecordReader | None = None) -> None:
        self.reader = reader or new_reader()
        self.end = 0

    def add(self, record: dict[str, Any], padding: int = 0) -> Any:
        line = as_line(record)
        found = self.reader.read(line, self.end, MTIME, NOW)
        self.end += len(line) + 1 + padding
        return found

    def overdue(self, quiet: float = 0.0) -> list[Usage]:
        return self.reader.overdue(self.end, quiet)


def test_no_usage_by_the_end_of_the_log() -> None:
    """A stream without usage is one call without usage, with the time and labels of its first chunk."""
    log = Log()
    assert all(isinstance(log.add(chunk(finish=finish)), Part) for finish in (None, None, "stop"))
    assert log.overdue() == []
    (call,) = log.reader.finish(MTIME, NOW)
    assert (call.id, call.model, call.without_usage, call.tokens) == ("chatcmpl-S", "gpt-4o", True, {})
    assert (call.time, call.labels) == (1760000000, ("shop", ""))
    assert log.reader.finish(MTIME, NOW) == []
    assert log.reader.state == {}


def test_usage_after_the_last_chunk_takes_it_back_in_time() -> None:
    """Usage that comes right after the end is the call's; nothing was said of a call without usage."""
    log = Log()
    for finish in (None, "stop"):
        log.add(chunk(finish=finish))
    found = log.add(chunk(**USED))
    assert [call.without_usage for call in found] == [False]
    assert log.reader.finish(MTIME, NOW) == []


def test_the_log_went_on_without_its_usage() -> None:
    """An ended stream whose usage has not come within a quarter of a MiB of log has none."""
    log = Log()
    log.add(chunk(finish="stop"), padding=200 << 10)
    log.add({"event": "other"})
    assert log.overdue() == []
    log.add({"event": "other"}, padding=100 << 10)
    log.add({"event": "other"})
    assert [call.id for call in log.overdue()] == ["chatcmpl-S"]


def test_a_running_stream_is_given_more_time() -> None:
    """A stream that has not ended may have megabytes and minutes of other streams between its chunks."""
    log = Log()
    log.add(chunk(), padding=3 << 20)
    assert log.overdue(quiet=60) == []
    log.add(chunk(), padding=3 << 20)
    assert log.overdue() == []
    log.add({"event": "other"}, padding=3 << 20)
    assert [call.id for call in log.overdue()] == ["chatcmpl-S"]


def test_a_quiet_file() -> None:
    """In a file at rest an ended stream is given up after seconds, a running one after a quarter of an hour."""
    log = Log()
    log.add(chunk("chatcmpl-ended", finish="stop"))
    log.add(chunk("chatcmpl-running"))
    assert log.overdue(quiet=4) == []
    assert [call.id for call in log.overdue(quiet=5)] == ["chatcmpl-ended"]
    assert log.overdue(quiet=800) == []
    assert [call.id for call in log.overdue(quiet=900)] == ["chatcmpl-running"]


def test_usage_that_comes_after_all_has_the_same_id() -> None:
    """Usage after the call was given up is joined by its id: it is no second request."""
    log = Log()
    log.add(chunk(finish="stop"))
    (given_up,) = log.overdue(quiet=5)
    (late,) = log.add(chunk(**USED))
    assert (late.id, late.id_is_vendors) == (given_up.id, given_up.id_is_vendors)


def test_interleaved_streams() -> None:
    """Streams side by side in a file are held apart."""
    log = Log()
    for call_id in ("chatcmpl-a", "chatcmpl-b", "chatcmpl-a", "chatcmpl-b"):
        log.add(chunk(call_id))
    log.add(chunk("chatcmpl-a", finish="stop"))
    log.add(chunk("chatcmpl-b", finish="stop"))
    assert [call.id for call in log.add(chunk("chatcmpl-a", **USED))] == ["chatcmpl-a"]
    assert [call.id for call in log.reader.finish(MTIME, NOW)] == ["chatcmpl-b"]


def test_a_restart_forgets_nothing() -> None:
    """What is held goes with the position: as JSON, and without a word of what was said."""
    log = Log()
    log.add(chunk())
    text = json.dumps(log.reader.state)
    assert "secret" not in text
    again = Log(new_reader(state=json.loads(text)))
    again.end = log.end
    again.add(chunk(finish="stop"))
    (call,) = again.reader.finish(MTIME, NOW)
    assert (call.id, call.time, call.labels) == ("chatcmpl-S", 1760000000, ("shop", ""))


def test_what_is_held_is_bounded() -> None:
    """With ever new streams the oldest are given up: no memory grows, no call is lost."""
    log, calls = Log(), []
    for number in range(1000):
        log.add(chunk(f"chatcmpl-{number}"))
        calls += log.overdue()
    assert len(json.dumps(log.reader.state)) < 40_000
    calls += log.reader.finish(MTIME, NOW)
    assert sorted(call.id or "" for call in calls) == sorted(f"chatcmpl-{number}" for number in range(1000))


def test_chunks_without_an_id() -> None:
    """Azure's first chunk has neither id nor choices: it is no call."""
    log = Log()
    assert isinstance(log.add(chunk("", prompt_filter_results=[])), Part)
    assert log.reader.finish(MTIME, NOW) == []


def test_a_response_that_was_begun_and_never_ended() -> None:
    """A Responses stream that breaks off is a call without usage."""
    log = Log()
    body = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1760000000,
        "status": "in_progress",
        "model": "gpt-5",
        "usage": None,
    }
    for kind in ("response.created", "response.in_progress"):
        assert isinstance(log.add({"type": kind, "response": body}), Part)
    (call,) = log.reader.finish(MTIME, NOW)
    assert (call.id, call.model, call.without_usage, call.time) == ("resp_1", "gpt-5", True, 1760000000)
