"""Lines that docker and CRI split into parts are joined, stream by stream, also over a restart."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.record import Outcome, RecordReader
from llm_cost_exporter.types import Part, Rejected
from tests.reading import MTIME, NOW, as_line, new_reader, outcomes_of, total

TEXT = json.dumps(
    {"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "said": 'a "quoted" {brace} \u00e9'}
)


def docker(text: str, stream: str = "stdout") -> dict[str, Any]:
    return {"log": text, "stream": stream, "time": "2026-03-01T10:00:00.1Z"}


def cri(text: str, tag: str, stream: str = "stdout") -> str:
    return f"2026-03-01T10:00:00.130000000Z {stream} {tag} {text}"


def pieces(text: str, *at: int) -> list[str]:
    cuts = [0, *sorted(at), len(text)]
    return [text[begin:end] for begin, end in pairwise(cuts)]


def split_docker(*at: int) -> list[dict[str, Any]]:
    *parts, last = pieces(TEXT, *at)
    return [*map(docker, parts), docker(last + "\n")]


def split_cri(*at: int) -> list[str]:
    *parts, last = pieces(TEXT, *at)
    return [*(cri(part, "P") for part in parts), cri(last, "F")]


@given(at=st.lists(st.integers(0, len(TEXT)), max_size=5), kind=st.sampled_from([split_docker, split_cri]))
def test_parts_are_joined_wherever_the_line_was_split(at: list[int], kind: Any) -> None:
    """Each part but the last is a Part, and the last one gives the call."""
    *parts, last = outcomes_of(*kind(*at))
    assert all(isinstance(part, Part) for part in parts)
    assert isinstance(last, list)
    assert total(last[0]) == 120


def test_streams_alternate() -> None:
    """Parts of stdout and stderr between each other are joined each for itself."""
    out, err = split_cri(30), [line.replace("stdout", "stderr") for line in split_cri(50)]
    found = outcomes_of(out[0], err[0], cri("a whole line", "F", "stderr").replace("stderr", "stderr"), out[1])
    assert isinstance(found[0], Part)
    assert isinstance(found[1], Part)
    assert isinstance(found[3], list)
    found = outcomes_of(out[0], err[0], err[1], out[1])
    assert [isinstance(each, list) for each in found] == [False, False, True, True]


class Log:
    """A file that is read, with the offsets of its lines."""

    def __init__(self, lines: list[Any]) -> None:
        self.lines = [as_line(line) for line in lines]
        self.offsets = [sum(len(line) + 1 for line in self.lines[:n]) for n in range(len(lines) + 1)]

    def read(self, reader: RecordReader, first: int, last: int) -> list[Outcome]:
        return [reader.read(self.lines[n], self.offsets[n], MTIME, NOW) for n in range(first, last)]


@pytest.mark.parametrize("kind", [split_docker, split_cri])
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_restart_between_parts(kind: Any, stop: int) -> None:
    """The offsets of open parts are told; a new reader that gets these lines again and then the rest gives the same call."""
    log = Log([*kind(20, 40, 60), *kind(20)])
    reader = new_reader()
    log.read(reader, 0, stop)
    assert reader.open_parts(log.offsets[stop]) == log.offsets[:stop]
    again = new_reader(state=json.loads(json.dumps(reader.state)))
    assert all(isinstance(found, Part) for found in log.read(again, 0, stop))
    *_, last = log.read(again, stop, 4)
    assert isinstance(last, list)
    assert total(last[0]) == 120
    assert again.open_parts(log.offsets[4]) == []


def test_no_text_of_a_part_is_saved() -> None:
    """The state of a file with open parts has nothing of their text."""
    reader = new_reader()
    Log(split_docker(60)).read(reader, 0, 1)
    assert reader.state == {}


def test_only_the_open_parts_are_told() -> None:
    """Lines of another stream between the parts of one are not read again after a restart."""
    log = Log([split_cri(30)[0], cri("whole", "F", "stderr"), cri("begun", "P", "stderr")])
    reader = new_reader()
    log.read(reader, 0, 3)
    assert reader.open_parts(log.offsets[3]) == [log.offsets[0], log.offsets[2]]


@pytest.mark.parametrize("kind", [split_docker, split_cri])
def test_a_joined_line_over_the_limit(kind: Any) -> None:
    """A line whose parts add up to more than the limit is rejected at its end, and its text is not kept; the next line is read."""
    reader = new_reader(line_bytes=50)
    log = Log([*kind(20, 40, 60), *kind()])
    *parts, end = log.read(reader, 0, 4)
    assert all(isinstance(part, Part) for part in parts)
    assert end == Rejected("too_long", "a line split into parts")
    assert reader.state == {}
    (after,) = log.read(reader, 4, 5)
    assert isinstance(after, list)


def test_a_restart_in_a_line_over_the_limit() -> None:
    """That a line is too long is remembered over a restart, without the offsets of all its parts."""
    log = Log(split_cri(20, 40, 60))
    reader = new_reader(line_bytes=30)
    log.read(reader, 0, 3)
    assert reader.open_parts(log.offsets[3]) == []
    again = new_reader(line_bytes=30, state=json.loads(json.dumps(reader.state)))
    assert log.read(again, 3, 4) == [Rejected("too_long", "a line split into parts")]


def test_very_many_parts_are_too_long() -> None:
    """Parts of nothing can't add up without end."""
    reader = new_reader()
    found = [reader.read(as_line(cri("", "P")), n, MTIME, NOW) for n in range(5000)]
    assert all(isinstance(each, Part) for each in found)
    assert reader.open_parts(5000) == []
    assert isinstance(reader.read(as_line(cri("x", "F")), 5000, MTIME, NOW), Rejected)


def test_a_part_that_never_gets_its_end_is_given_up() -> None:
    """A prompt on a terminal without a newline must not pin the position forever."""
    reader = new_reader(line_bytes=1000)
    log = Log([docker("password: ", "stderr"), *[docker("hello\n") for _ in range(200)]])
    log.read(reader, 0, 20)
    assert reader.open_parts(log.offsets[20]) == [0]
    log.read(reader, 20, 201)
    assert reader.open_parts(log.offsets[201]) == []


def test_a_whole_record_after_the_rest_of_something_else() -> None:
    """What a container left unfinished when it died does not cost the next one's first record."""
    _, found = outcomes_of(docker("Traceback (most rec"), docker(TEXT + "\n"))
    assert isinstance(found, list)
    _, found = outcomes_of(docker(TEXT[:40]), docker(TEXT + "\n"))
    assert isinstance(found, list)


def test_a_last_line_without_its_newline() -> None:
    """At the end of a log a record that never got its newline is read all the same."""
    reader = new_reader()
    Log([docker(TEXT)]).read(reader, 0, 1)
    (call,) = reader.finish(MTIME, NOW)
    assert total(call) == 120
    assert reader.finish(MTIME, NOW) == []
