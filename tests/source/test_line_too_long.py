"""Lines over the limit, NULs and holes."""

import resource
import time
import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llm_cost_exporter.source import Line, TooLong
from llm_cost_exporter.source.lines import Cutter
from tests.source.following import Consumer, append

LIMIT = 1000


def test_overlong_line_is_skipped_and_the_next_is_read(tmp_path):
    """A line at the limit is read, one over it is told by its length, the next one is read."""
    log = tmp_path / "app.log"
    append(log, b"a" * LIMIT, b"b" * (LIMIT + 1), b"c" * (LIMIT * 1000), "next")
    consumer = Consumer(log, line_bytes=LIMIT)
    assert consumer.follow() == [b"a" * LIMIT, TooLong(LIMIT + 2), TooLong(LIMIT * 1000 + 1), b"next"]


def test_what_is_not_part_of_a_line_does_not_count_against_the_limit(tmp_path):
    """A carriage return, NULs in front and a byte order mark are no part of the line."""
    log = tmp_path / "app.log"
    line = b"a" * LIMIT
    log.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n" + b"\0" * 5000 + line + b"\r\n" + line + b"x\r\n")
    consumer = Consumer(log, line_bytes=LIMIT)
    assert consumer.follow() == [line, line, TooLong(LIMIT + 3)]


def test_overlong_line_is_skipped_over_polls_and_restarts(tmp_path):
    """It grows for minutes and the exporter is killed in the middle of it: still one line, with its whole length."""
    log = tmp_path / "app.log"
    append(log, "first")
    consumer = Consumer(log, line_bytes=LIMIT)
    consumer.follow()
    for step in range(30):
        append(log, b"x" * 700, end=b"")
        assert consumer.follow() == []
        if step % 10 == 5:
            consumer.restart()
    append(log, "", "next")
    assert consumer.follow() == [TooLong(30 * 700 + 1), b"next"]


def test_ten_gigabytes_of_hole_pass_quickly_and_in_little_memory(tmp_path):
    """A sparse file of 10 GB without a newline is one line; neither memory nor time follow its length."""
    log = tmp_path / "app.log"
    append(log, "first", "x", end=b"\n")
    log.write_bytes(b"first\nx")
    with log.open("r+b") as file:
        file.truncate(10 << 30)
        file.seek(0, 2)
        file.write(b"end\nnext\n")
    consumer = Consumer(log)
    tracemalloc.start()
    began = time.monotonic()
    lines = consumer.follow()
    assert time.monotonic() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert lines == [b"first", TooLong((10 << 30) - 6 + 4), b"next"]


def test_hole_before_a_line_is_dropped_and_offsets_stay_right(tmp_path):
    """A writer without O_APPEND leaves a hole at the front when its file is cut off; the line behind it is read."""
    log = tmp_path / "app.log"
    with log.open("wb") as file:
        file.seek(5 << 30)
        file.write(b"line\nnext\n")
    consumer = Consumer(log)
    assert consumer.follow() == [b"line", b"next"]
    batch = next(batch for batch in consumer.batches if batch.lines)
    assert list(batch.items()) == [(0, b"line"), ((5 << 30) + 5, b"next")]
    assert batch.end == log.stat().st_size
    consumer.restart()
    append(log, "more")
    assert consumer.follow() == [b"more"]


def test_other_files_are_read_while_an_overlong_line_is_skipped(tmp_path):
    """Gigabytes of garbage in one file don't hold up the others."""
    append(tmp_path / "a.log", b"\x01" * (200 << 20))
    append(tmp_path / "b.log", "b")
    consumer = Consumer(tmp_path / "*.log", line_bytes=LIMIT)
    consumer.poll()
    lines: list[Line] = []
    steps = 0
    while b"b" not in lines:
        batch = consumer.read_one()
        assert batch is not None
        lines += batch.lines
        steps += 1
    assert steps <= 3
    assert TooLong((200 << 20) + 1) not in lines
    assert consumer.read() == [TooLong((200 << 20) + 1)]


def test_memory_is_bounded_by_the_limit_of_a_line(tmp_path):
    """A hundred files with unfinished lines of nearly the limit are not held in memory."""
    for number in range(100):
        append(tmp_path / f"{number}.log", b"x" * 1_000_000, end=b"")
    consumer = Consumer(tmp_path / "*.log")
    tracemalloc.start()
    assert consumer.follow() == []
    assert consumer.follow() == []
    assert tracemalloc.get_traced_memory()[1] < 12 << 20
    tracemalloc.stop()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)


@pytest.mark.parametrize("limit", [1, 7, 64])
@given(
    data=st.lists(st.sampled_from([b"\n", b"\r", b"\0", b"\xef\xbb\xbf", b"x", b"yy" * 20, b"\r\n"]), max_size=60).map(
        b"".join
    ),
    cuts=st.lists(st.integers(0, 400)),
)
def test_lines_do_not_depend_on_how_the_bytes_come(limit, data, cuts):
    """However a stream is cut into chunks, the lines, their offsets and what came before the end are the same."""
    assume(b"\xef\xbb\xbf\0" not in data)  # NULs count as part of a line there, if it is of a few bytes: of no log
    whole = _feed(limit, [data])
    edges = sorted({min(cut, len(data)) for cut in cuts})
    chunks = [data[a:b] for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]
    assert _feed(limit, chunks) == whole
    lines, end, before = whole
    assert end == len(data)
    assert before == data[-4096:]
    expected = []
    at = 0
    for number, raw in enumerate(data.split(b"\n")):
        closed = at + len(raw) < len(data)
        line = (raw.removeprefix(b"\xef\xbb\xbf") if number == 0 else raw).lstrip(b"\0").removesuffix(b"\r")
        if closed:
            expected.append((at, TooLong(len(raw) + 1) if len(line) > limit else line))
        elif line:
            expected.append((at, TooLong(len(raw)) if len(line) > limit else line))
        at += len(raw) + 1
    assert lines == expected


def _feed(limit, chunks):
    cutter = Cutter(limit)
    found: list[object] = []
    for chunk in [*chunks, None]:
        lines = cutter.finish() if chunk is None else cutter.feed(chunk) if chunk else []
        if lines:
            begins = cutter.begins
            if begins is None:
                begins, at = [], cutter.start
                for line in lines:
                    assert isinstance(line, bytes)
                    begins.append(at)
                    at += len(line) + 1
            found += zip(begins, lines, strict=True)
    return found, cutter.end, cutter.before
