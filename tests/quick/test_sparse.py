"""Text with a record here and there: what is left out gives nothing but its time, and that where it is asked for."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_cost_exporter.quick import noise, sparse
from llm_cost_exporter.quick.reading import QuickLines
from llm_cost_exporter.quick.sparse import Sparse
from llm_cost_exporter.source import plain, whole
from llm_cost_exporter.source.batch import Text
from tests.kit import NOON
from tests.quick.lines import MAKERS, log, message, mostly_other, other
from tests.quick.test_quick_equals_slow import exported, reported

LINES = st.lists(st.sampled_from((b"", b" ", b"text", b"a { b", b"{}", b'{"a": {}}', b"\0")), min_size=1, max_size=30)
PART = b"2026-01-01T00:00:00.1Z stdout P half of a {"


@pytest.fixture(scope="module")
def soon():
    """What takes thousands of lines takes a dozen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noise, "_ENOUGH", 5)
        patch.setattr(sparse, "_LEAST_BETWEEN", 150)
        patch.setattr(whole, "_CHUNK", 2048)
        patch.setattr(plain, "_CHUNK", 2048)
        yield patch


def text_of(rng: Random, number: int) -> bytes:
    """A line of text: most have a time, some are blank."""
    when = datetime.fromtimestamp(NOON - 86_400 + number * 60, UTC)
    return rng.choice(
        (b"", b"  ", b"no time", *(f"{when:%Y-%m-%dT%H:%M:%S} INFO job {number}, token cache hit".encode(),) * 9)
    )


def sparse_log(seed: int, makers: tuple[int, ...], records: int, oddity: float, between: int) -> list[bytes]:
    """Records of these makers, each after some lines of text, or none."""
    rng, lines = Random(seed), list[bytes]()
    for record in log(seed, makers, records, oddity):
        lines += (text_of(rng, len(lines) + number) for number in range(rng.choice((0, 1, between, 3 * between))))
        lines.append(PART if rng.random() < 0.002 else record)
    return lines


# A part of CRI that has no brace, in a file that had none of CRI for long, is text (noise.py).
WITHOUT_CRI = [at for at, maker in enumerate(MAKERS) if maker not in (other, mostly_other)]
LOGS = st.builds(
    sparse_log,
    st.integers(0, 2**32),
    st.lists(st.sampled_from(WITHOUT_CRI), min_size=1, max_size=3).map(tuple),
    st.integers(10, 80),
    st.sampled_from((0.0, 0.05, 0.3)),
    st.integers(10, 40),
)


@settings(deadline=None, max_examples=300)
@given(LINES, st.sampled_from((b"", b"{", b"rest")))
def test_the_lines_with_a_brace_and_the_last_before_each(lines, rest):
    """As if each line were looked at; what no newline ends is none of them."""
    data = b"".join(line + b"\n" for line in lines) + rest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse, "_LEAST_BETWEEN", 1)
        found = Sparse(Text(data))
    having = [at for at, line in enumerate(lines) if b"{" in line]
    assert found.lines == [lines[at] for at in having]
    assert found.begins == [sum(map(len, lines[:at])) + at for at in having]
    assert found.is_worth_it
    for number, (first, end) in enumerate(zip([0, *(at + 1 for at in having)], [*having, len(lines)], strict=True)):
        texts = [line for line in lines[first:end] if line.strip(b" \0")]
        assert found.last_before(number) == (texts[-1] if texts else None)


def test_too_many_records_or_one_of_cri_are_not_worth_it():
    """There each line is looked at."""
    text = b"text\n" * 1000
    assert Sparse(Text(text + b"{}\n")).is_worth_it
    assert not Sparse(Text(text + b"{}\n" * 20)).is_worth_it
    assert not Sparse(Text(text + PART + b"\n")).is_worth_it


@settings(deadline=None, max_examples=40)
@given(LOGS)
def test_a_report_is_the_same(switch, soon, lines):
    """Rows and the lines' outcomes, by the hour too: calls without a time have that of the text before them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "usage.log"
        path.write_bytes(b"\n".join(lines))
        os.utime(path, (NOON, NOON))
        switch(on=False)
        slow = reported(path, keys=("hour",))
        switch(on=True)
        assert reported(path, keys=("hour",)) == slow


@settings(deadline=None, max_examples=15)
@given(LOGS, st.integers(1, 4))
def test_the_ledger_is_the_same(switch, soon, lines, ticks):
    """State, positions with the time of the last line, ids and what is exposed."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "usage.log"
        path.write_bytes(b"\n".join([*lines, b""]))
        switch(on=False)
        slow = exported(Path(folder) / "exporter", path, ticks=ticks)
        shutil.rmtree(Path(folder) / "exporter")
        switch(on=True)
        assert exported(Path(folder) / "exporter", path, ticks=ticks) == slow


@pytest.mark.parametrize("maker", [0, MAKERS.index(message)], ids=["with a time", "without"])
def test_most_of_a_text_is_left_out(tmp_path, switch, soon, monkeypatch, maker):
    """And each line is counted all the same."""
    left_out, leave_out = [0], QuickLines.leave_out

    def counting(self, batch):
        number = leave_out(self, batch)
        left_out[0] += number
        return number

    lines = sparse_log(5, (maker,), 100, 0.0, 40)
    path = tmp_path / "usage.log"
    path.write_bytes(b"\n".join(lines))
    switch(on=True)
    monkeypatch.setattr(QuickLines, "leave_out", counting)
    report = reported(path)
    assert report["lines"] == len(lines)
    assert left_out[0] > 0.9 * (len(lines) - 100)


def test_the_first_call_of_all_has_the_time_of_the_text_before_it(tmp_path, switch, soon):
    """Until a ledger has a call nothing is read the quick way, and so nothing is left out."""
    lines = [text_of(Random(number), number) for number in range(400)]
    call = json.dumps(message(Random(7), 1)).encode()
    path = tmp_path / "usage.log"
    path.write_bytes(b"\n".join([*lines, call, *lines[:100], b""]))
    switch(on=False)
    slow = exported(tmp_path / "exporter", path, ticks=1)
    shutil.rmtree(tmp_path / "exporter")
    switch(on=True)
    assert exported(tmp_path / "exporter", path, ticks=1) == slow


def test_a_torn_record_is_told_where_it_stands(tmp_path, switch, soon, caplog):
    """The offset is the line's in the file."""
    lines = sparse_log(6, (0,), 100, 0.0, 40)
    lines.insert(len(lines) - 50, b'{"timestamp": 1767268800, "model": "gpt-4o", "prompt_tok')
    path = tmp_path / "usage.log"
    path.write_bytes(b"\n".join([*lines, b""]))
    switch(on=True)
    exported(tmp_path / "run", path, ticks=1)
    assert (
        f"byte {(tmp_path / 'run' / 'live.jsonl').read_bytes().index(b'prompt_tok' + bytes([10])) - 46}" in caplog.text
    )
