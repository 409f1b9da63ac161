"""The quick path and the slow one: whatever a log holds, everything that is counted is the same to the last digit."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_cost_exporter.accounting import Accountant
from llm_cost_exporter.commands import report as command
from llm_cost_exporter.config import Config
from llm_cost_exporter.dedup import Ids
from llm_cost_exporter.exporter import Exporter
from llm_cost_exporter.idchunk import Entry, unpack_rows
from llm_cost_exporter.ledger.reading import read_contents
from llm_cost_exporter.prices import PriceBook
from llm_cost_exporter.reporting import Report
from llm_cost_exporter.times import Calendar
from tests.kit import LOG, NOON, FakeClock, scrape
from tests.quick.lines import MAKERS, log

BOOK = PriceBook()
CONFIG = {
    "labels": {"user": {"paths": ["user_id"], "max_values": 2}},
    "timezone": "Asia/Kathmandu",
    "dedup": {"window": 200},
    "limits": {"line_bytes": 4096},  # some lines are longer
}
LOGS = st.builds(
    log,
    st.integers(0, 2**32),
    st.lists(st.integers(0, len(MAKERS) - 1), min_size=1, max_size=3).map(tuple),
    st.integers(30, 250),
    st.sampled_from((0.0, 0.05, 0.3)),
)


def reported(path, keys=(), since=float("-inf"), until=float("inf")):
    config = Config.model_validate({**CONFIG, "sources": [{"paths": [str(path)]}]})
    report = Report(list(keys), config.label_names, Calendar("Europe/Berlin"), since, until)
    ids = Ids(config.dedup.window, config.dedup.max_age)
    command._read(config, report, Accountant(BOOK, ids, report), FakeClock())  # type: ignore[arg-type]  # any clock does
    return report.as_json()


def exported(folder: Path, path: Path, *, ticks: int):
    """The whole state and what is exposed, after each of some rounds in which the log grows."""
    lines, clock = path.read_bytes().splitlines(keepends=True), FakeClock()
    folder.mkdir()
    live, seen = folder / "live.jsonl", []
    config = {
        **CONFIG,
        "state_dir": folder / "state",
        "sources": [{"paths": [str(live)]}],
        "limits": {"series": 12, "line_bytes": 4096},
    }
    exporter = Exporter(Config.model_validate(config), clock, LOG)
    live.write_bytes(b"".join(lines[: len(lines) // 2]))
    exporter.prepare()
    for number in range(ticks):
        for _ in range(4):
            clock.pass_(0.7)
            while exporter.tick():
                pass
        seen.append(scrape(exporter.metrics, ""))
        with live.open("ab") as file:
            file.write(b"".join(lines[len(lines) // 2 + number :: ticks]))
    exporter.stop()
    exporter.run()
    state = read_contents(folder / "state").as_json()
    state["files"] = [[file.get(key) for key in ("offset", "format_state", "previous_time")] for file in state["files"]]
    with closing(sqlite3.connect(folder / "state" / "state.db")) as db:
        chunks = [unpack_rows(data) for (data,) in db.execute("SELECT data FROM ids ORDER BY chunk")]
    ids = [repr((row[0], Entry.of(row))) for rows in chunks for row in rows]
    shown = [sorted(row for row in text.splitlines() if not of_the_run(row)) for text in seen]
    return json.dumps(state, sort_keys=True), ids, shown


def of_the_run(row: str) -> bool:
    """Whether a row of the exposition is of the process or the machine, not of the log."""
    return "process_" in row or "save_duration" in row or "ledger_info" in row or 'ledger="' in row


@settings(deadline=None, max_examples=40)
@given(LOGS)
def test_a_report_is_the_same(switch, lines):
    """Rows, unpriced use and the lines' outcomes, also by day and label and within bounds of time."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "usage.jsonl"
        path.write_bytes(b"\n".join(lines))
        os.utime(path, (NOON, NOON))
        for ways in (
            {},
            {"keys": ("date", "user", "team")},
            {"keys": ("hour",)},
            {"since": NOON - 86_400, "until": NOON},
        ):
            switch(on=False)
            slow = reported(path, **ways)
            switch(on=True)
            assert reported(path, **ways) == slow


@settings(deadline=None, max_examples=25)
@given(LOGS, st.integers(1, 6))
def test_the_ledger_is_the_same(switch, lines, ticks):
    """State, days, ids and every exposed value, through a backlog, restarts of days and folded labels."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "usage.jsonl"
        path.write_bytes(b"\n".join(lines) + b"\n")
        switch(on=False)
        slow = exported(Path(folder) / "exporter", path, ticks=ticks)
        shutil.rmtree(
            Path(folder) / "exporter"
        )  # the ids of a source are told apart by its path, so it is the same again
        switch(on=True)
        assert exported(Path(folder) / "exporter", path, ticks=ticks) == slow


@pytest.mark.parametrize("maker", range(13), ids=[maker.__name__ for maker in MAKERS[:13]])
def test_regular_lines_go_the_quick_way(switch, tmp_path, maker):
    """If hardly any did, the tests above would hold nothing. And what is rare in such lines (one of 40) counts the same."""
    path = tmp_path / "usage.jsonl"
    lines = log(8, (maker,), 600, 0.0)  # without a prefix
    path.write_bytes(b"\n".join(lines))
    os.utime(path, (NOON, NOON))
    switch(on=False)
    slow = reported(path)
    posted = switch(on=True)
    assert reported(path) == slow
    assert slow["lines"] == 600
    assert posted[0] > 200
