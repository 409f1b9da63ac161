"""What is passed by as noise: nothing but lines that give nothing, and most of those."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.quick.noise import Noise
from llm_cost_exporter.quick.reading import QuickLines
from llm_cost_exporter.record import EntryReader
from llm_cost_exporter.source import Line, TooLong
from llm_cost_exporter.source.batch import Text
from llm_cost_exporter.types import Part, Skip
from tests.kit import NOON
from tests.quick.lines import MAKERS, chatter, log, mostly_other, other
from tests.quick.test_quick_equals_slow import reported

NOISY = tuple(MAKERS.index(maker) for maker in (other, mostly_other, chatter))
LOGS = st.builds(
    log,
    st.integers(0, 2**32),
    st.lists(st.sampled_from(NOISY), min_size=1, max_size=3).map(tuple),
    st.integers(1, 300),
    st.sampled_from((0.0, 0.1, 0.5)),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(('{"usage": 1}', "{}")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "usage", "error", "é", "message")), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(("level", "msg", "ts", "ms", "type", "model", "data", 'odd"')), VALUES, max_size=5), min_size=1, max_size=40,
)  # fmt: skip


def entry():
    return EntryReader("auto", LabelReader(("app",), {}))


def outcomes(lines):
    """What the slow path makes of each line, all by itself."""
    reader = entry()
    return [reader.file("x.log").read(line, 0, NOON, NOON) for line in lines]


@settings(deadline=None, max_examples=200)
@given(LOGS, st.integers(0, 50))
def test_only_what_is_skipped_is_noise(lines, start):
    """Each line that is taken for noise is one that the slow path skips, and is no part of another."""
    kept = Noise(entry().shapes).kept(lines, start)
    assert kept == sorted(set(kept))
    noise = set(range(start, len(lines))) - set(kept)
    found = outcomes(lines)
    assert [lines[at] for at in noise if type(found[at]) is not Skip] == []


@settings(deadline=None, max_examples=200)
@given(RECORDS)
def test_only_what_is_skipped_is_noise_of_any_records(records):
    """The same for records of any values, in a row, so that each kind is met after others that begin like it."""
    lines = [json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass") for record in records] * 2
    kept = set(Noise(entry().shapes).kept(lines, 0))
    found = outcomes(lines)
    assert [line for at, line in enumerate(lines) if at not in kept and type(found[at]) is not Skip] == []


@settings(deadline=None, max_examples=100)
@given(LOGS)
def test_newlines_change_nothing(lines):
    """Lines that still have their newlines are the same noise."""
    text = Text(b"\n".join([*lines, b""]))
    noise = Noise(entry().shapes).kept(text.with_newlines(), 0)
    assert noise == Noise(entry().shapes).kept(text.cut(), 0)


def test_parts_of_split_lines_are_kept():
    """Lines of CRI and docker may be parts, whatever is in them; a line that was too long is none of ours."""
    lines: list[Line] = [
        b"2026-01-01T00:00:00.1Z stdout P half of a",
        b'{"log":"half of a","stream":"stdout","time":"2026-01-01T00:00:00Z"}',
        TooLong(2_000_000),
        b"text",
    ]
    assert type(outcomes(lines[:1])[0]) is Part
    noise = Noise(entry().shapes)
    assert noise.kept(lines, 0) == [0, 1, 2]
    assert noise.kept(lines[:2] + lines[3:], 0) == [0, 1]


@pytest.mark.parametrize("kinds", [1, 4], ids=["one kind", "four kinds that begin alike"])
def test_most_noise_is_found(kinds):
    """Records of an application are found to be noise, also where kinds that begin alike take turns, and calls among them."""
    rng = Random(3)
    makers = [
        lambda n: {"timestamp": n, "level": "info", "msg": "request handled", "status": 200},
        lambda n: {"timestamp": n, "level": "info", "msg": "token refreshed", "pool": {"size": 3}},
        lambda n: {"timestamp": n, "level": "info", "job": f"j{n}", "took": 0.25, "tags": ["a"]},
        lambda n: {"timestamp": n, "event": "tick"},
    ][:kinds]
    call = {"timestamp": NOON, "model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6}
    records = [call if n % 9 == 0 else rng.choice(makers)(n) for n in range(900)]
    lines = [json.dumps(record).encode() for record in records]
    kept = Noise(entry().shapes).kept(lines, 0)
    calls = [at for at, record in enumerate(records) if record is call]
    assert set(calls) <= set(kept)
    words = sum(b"token refreshed" in line for line in lines)
    assert len(kept) <= len(calls) + words + 10


def test_a_file_that_turns_to_cri_late():
    """After a thousand lines without CRI it is looked for no more, until the slow path was given one."""
    noise = Noise(entry().shapes)
    text, part = b"2026-01-01 00:00:00 INFO done", b"2026-01-01T00:00:00.1Z stdout P half of a"
    assert noise.kept([text, part], 0) == [1]
    noise = Noise(entry().shapes)
    assert noise.kept([text] * 999, 0) == []
    assert noise.kept([text, part], 0) == [1]
    noise = Noise(entry().shapes)
    assert noise.kept([text] * 1000, 0) == []
    first = b'2026-01-01T00:00:00.1Z stdout P {"model": "gpt-4o", '
    assert noise.kept([text, part, first], 0) == [2]
    assert not noise.met(text)
    assert noise.met(first)
    assert not noise.met(first)
    assert noise.kept([text, part], 0) == [1]


@pytest.mark.parametrize("before", [10, 5000], ids=["in the first batch", "in a later batch"])
def test_a_split_line_among_text_is_joined(tmp_path, switch, before):
    """A record in parts of CRI, the middle ones without a brace, and text between them: read as the slow path reads it."""
    call = b'{"timestamp": 1767268800, "model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6}'
    pieces = [call[at : at + 20] for at in range(0, len(call), 20)]
    tags = [*(b"P" for _ in pieces[1:]), b"F"]
    parts = [b"2026-01-01T00:00:00.1Z stdout %s %s" % pair for pair in zip(tags, pieces, strict=True)]
    text = [b"2026-01-01 00:00:00 INFO request %d took its time, and that of others too" % n for n in range(before)]
    path = tmp_path / "usage.log"
    path.write_bytes(b"\n".join([*text, *(line for part in parts for line in (part, text[0])), *text, *parts, b""]))
    switch(on=False)
    slow = reported(path)
    assert (slow["requests"], slow["joined"], slow["skipped"]) == (2, 2 * len(parts) - 2, 2 * before + len(parts))
    switch(on=True)
    assert reported(path) == slow


def test_many_beginnings_in_one_batch():
    """Records of more beginnings than are remembered: what was decoded before is still looked at for JSON in its texts."""
    plain, call = (
        b'{"level": "info", "message": "done"}',
        b'{"level": "info", "message": "{\\"model\\": \\"gpt-4o\\"}"}',
    )
    others = [b'{"r":"%04x", "a": 1}' % number for number in range(600)]
    noise = Noise(entry().shapes)
    assert noise.kept([plain, plain, call, *others, plain, call], 0) == [2, 604]
    assert noise.kept([plain, call, *others], 0) == [1]


def test_braces_that_are_escaped():
    """A call that is text in a text, its braces written as escapes."""
    plain = b'{"level": "info", "message": "done"}'
    call = b'{"level": "info", "message": "\\u007b\\"model\\": 1\\u007d"}'
    assert Noise(entry().shapes).kept([plain, plain, call, plain], 0) == [2]


def test_a_text_may_be_written_as_its_bytes():
    """journald's way with colours: a list in which a brace is the number 123."""
    plain, call = (
        json.dumps({"__REALTIME_TIMESTAMP": "1767268800000000", "MESSAGE": text}).encode()
        for text in ("done", list(b'\x1b[0m{"model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6}'))
    )
    coloured = json.dumps({"__REALTIME_TIMESTAMP": "1767268800000000", "MESSAGE": list(b"\x1b[0mdone")}).encode()
    assert Noise(entry().shapes).kept([plain, plain, call, coloured, call, plain], 0) == [2, 4]


def test_what_was_kept_in_vain_is_looked_at_anew():
    """Noise that speaks of tokens and begins like a call is kept at first; once it turned out to be noise, it is known."""
    noise = Noise(entry().shapes)
    call = b'{"timestamp": 1767268800, "model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6}'
    word = b'{"timestamp": 1767268800, "level": "info", "text": "token refreshed"}'
    assert noise.kept([call, word, word], 0) == [0, 1, 2]
    noise.forget(word)
    assert noise.kept([word, call, word], 0) == [1]


def test_what_begins_like_calls_is_kept_unseen():
    """Where all that began alike were calls, what begins so is kept without a look, until the slow path says of one that it is none."""
    call = b'{"timestamp": 1767268800, "model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6}'
    other = b'{"timestamp": 1767268800, "level": "info", "text": "refreshed"}'
    assert Noise(entry().shapes).kept([call] * 5 + [other, call, other], 0) == [0, 1, 2, 3, 4, 6]
    noise = Noise(entry().shapes)
    assert noise.kept([call] * 20 + [other, call, b"INFO " + call], 0) == [*range(23)]
    noise.forget(other)
    assert noise.kept([other, call, other], 0) == [1]
    assert noise.kept([call] * 20 + [other], 0) == [*range(20)]


def test_nothing_of_a_batch_is_kept_once_it_is_read(tmp_path, monkeypatch):
    """Many files are followed at once: between batches none of their text stays in memory."""
    made: list[QuickLines] = []
    begin = QuickLines.begin

    def noting(self, *args, **more):
        made.append(self)
        begin(self, *args, **more)

    monkeypatch.setattr(QuickLines, "begin", noting)
    path = tmp_path / "usage.jsonl"
    path.write_bytes(b"\n".join(log(8, (0, *NOISY), 400, 0.1)))
    reported(path)
    (quick,) = set(made)
    held = [getattr(quick, name) for name in ("_lines", "_tried", "_kept", "_rows")]
    assert not any(held)


def test_blank_lines_beside_one_that_is_too_long():
    """A batch with a line that is too long may have blank lines and text in it: they are noise, and it is kept."""
    lines: list[Line] = [b"", b"text", TooLong(2_000_000), b"", b'{"level":"info"}', b""]
    assert 2 in Noise(entry().shapes).kept(lines, 0)
    assert not {0, 1, 3, 5} & set(Noise(entry().shapes).kept(lines, 0))
    assert Noise(entry().shapes).kept(lines, 5) == []
