"""Standard input."""

import os
import threading
import time

import pytest

from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.config import SourceConfig
from llm_cost_exporter.source import Source, TooLong
from tests.source.following import LOG, numbered


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    source = Source(
        [SourceConfig(paths=("-",))], [], line_bytes=1000, clock=SystemClock(), log=LOG, first_start=True, stdin_fd=reading
    )  # fmt: skip
    yield source, writing
    source.close()
    os.close(reading)


def _read_until(source, condition, seconds=10):
    lines: list[object] = []
    last, deadline = False, time.monotonic() + seconds
    while not condition(lines, last):
        assert time.monotonic() < deadline, lines[:5]
        source.poll()
        batch = source.read()
        if batch is None:
            threading.Event().wait(0.002)
            continue
        lines += batch.lines
        last |= batch.last_of_file
        source.done(batch, offset=batch.end, parts=[], format_state={}, previous_time=None)
    return lines


def test_lines_come_as_they_are_written_and_nothing_waits(pipe):
    """Reading never blocks, the last line needs no newline, nothing of it is saved."""
    source, writing = pipe
    source.poll()
    assert source.read() is None
    os.write(writing, b"one\ntw")
    assert _read_until(source, lambda lines, _: lines) == [b"one"]
    os.write(writing, b"o\r\n" + b"x" * 2000 + b"\nlast")
    os.close(writing)
    assert _read_until(source, lambda _, last: last) == [b"two", TooLong(2001), b"last"]
    assert source.read() is None
    assert source.changed_positions() == []
    assert [(status.path, status.state) for status in source.files()] == [("-", "finished")]
    assert source.backlog_read()


def test_much_is_read_in_bounded_memory_and_belongs_to_the_backlog(pipe):
    """The writer waits while the queue is full; what it had ready at the start is backlog."""
    source, writing = pipe
    expected = numbered(0, 100_000)

    def write():
        with os.fdopen(writing, "wb") as file:
            file.write(b"".join(line + b"\n" for line in expected))

    source.poll()
    threading.Thread(target=write).start()
    lines = []
    while not source.backlog_read():
        lines += _read_until(source, lambda found, last: found or last)
        assert source.unread_bytes() < 4 << 20
        if len(lines) == len(expected):
            break
    lines += _read_until(source, lambda _, last: last) if len(lines) < len(expected) else []
    assert lines == expected


def test_pipe_that_stays_empty_has_no_backlog(pipe):
    """Readiness doesn't wait for a writer for long."""
    source, writing = pipe
    source.poll()
    deadline = time.monotonic() + 5
    while not source.backlog_read():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    os.close(writing)
