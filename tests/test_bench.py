"""The bench in short, so that it can't rot: its figures mean nothing here, that there are some does."""

from __future__ import annotations

import re
import threading

import pytest

import bench
import logs
import measure
import peer
from llm_cost_exporter.formats import FORMATS
from measure import Size, Spread
from tests.reading import MTIME, NOW, new_reader

TINY = Size("tiny", 1, 200, 50, 1_000, 2.5, (500, 1_000), 50, 1)


@pytest.mark.parametrize("part", bench.PARTS)
def test_a_part_measures_what_it_says(part):
    """Each part runs the exporter, checks that it counted what is there, and gives rows with figures."""
    found = bench.measured(TINY, [part])
    assert found[part]
    for row in found[part]:
        assert re.search(r"\d", row.measured), row
        assert row.ok is None or row.must or part == "formats", row
    text = bench.text_of(TINY, found, 1.0)
    assert all(row.what in text for row in found[part])
    assert threading.active_count() == 1


def test_without_the_peer_its_rows_say_so(monkeypatch):
    """Where there is no mtail nothing fails, and nothing is said to be reached."""
    monkeypatch.setattr(peer, "find", lambda: None)
    rows = bench.measured(TINY, ["backlog"])["backlog"]
    assert rows
    assert all(peer.ABSENT in row.beside and row.ok is None for row in rows)


def test_every_built_in_format_has_lines():
    """A format that is added must come with lines for the bench, and these must be calls of that format, each a new one."""
    assert list(logs.formats()) == [module.NAME for module in FORMATS]
    for name in logs.formats():
        make, reader, offset, calls = logs.format_lines(name), new_reader(name), 0, []
        for line in (make(number).encode() for number in range(2 * len(logs.formats()[name]))):
            outcome = reader.read(line, offset, MTIME, NOW)
            offset += len(line) + 1
            calls += outcome if isinstance(outcome, list) else []
        ids = [call.id for call in calls if call.id is not None]
        assert len(calls) >= 2, name
        assert not ids or len(set(ids)) == 2, name


def test_the_logs_are_of_the_size_that_is_told():
    """The table names their bytes a line, and 1 line in 50 of the noise is a call."""
    assert sum(len(logs.tutorial(n)) + 1 for n in range(10_000)) / 10_000 == pytest.approx(234, abs=1)
    assert sum(len(logs.nested(n)) + 1 for n in range(10_000)) / 10_000 == pytest.approx(367, abs=1)
    for noise, records in ((logs.noise, 100 + 1250), (logs.text_noise, 100)):
        assert sum("prompt_tokens" in noise(n) for n in range(5_000)) == 100
        assert sum(noise(n)[0] == "{" for n in range(5_000)) == records


def test_median_and_spread():
    """A figure is shown with the lowest and the highest of its rounds."""
    assert Spread((3.0, 1.0, 2.0)).over(6.0).show(" x", 1) == "3.0 x (2.0 to 6.0)"
    assert Spread((5.0,)).show() == "5"


def test_a_program_that_fails_ends_the_bench():
    """A figure of a program that did not do its work is none."""
    with pytest.raises(SystemExit, match="ended with 3"):
        measure.ran([measure.PYTHON, "-c", "raise SystemExit(3)"])


def test_what_is_asked_for_must_be_known(capsys):
    """A part that there is not is said, with those that there are."""
    with pytest.raises(SystemExit) as ended:
        bench.main(["--parts", "nothing"])
    assert ended.value.code == 2
    assert "backlog,memory" in capsys.readouterr().err
