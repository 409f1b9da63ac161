"""A CSV with a header, read by a mapping: quoting, rotation, restarts."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.config import Config
from llm_cost_exporter.config.model import DEFAULT_LABEL_PATHS
from llm_cost_exporter.exporter import Exporter
from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.mapping.entry import MappedEntry
from llm_cost_exporter.record import Outcome, RecordReader
from llm_cost_exporter.types import Part, Rejected, Skip, Usage
from tests.kit import LOG, FakeClock
from tests.reading import MTIME, NOW

AZURE: dict[str, Any] = {
    "csv": True, "time": "TIMESTAMP", "input": "ContextTokens", "output": "GeneratedTokens", "model": {"value": "gpt-4o"},
    "provider": {"value": "azure"},
}  # fmt: skip
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
FULL: dict[str, Any] = {
    "csv": True, "model": "model", "input": "in", "output": "out", "cost": '"cost (usd)"', "id": "id", "latency_ms": "ms", "status": "status",
}  # fmt: skip


def reader(mapping: dict[str, Any] = AZURE, *, state: dict[str, Any] | None = None, path: str = "-") -> RecordReader:
    return MappedEntry(mapping, LabelReader(tuple(DEFAULT_LABEL_PATHS), DEFAULT_LABEL_PATHS)).file(path, state=state)


def read(
    text: str, mapping: dict[str, Any] = AZURE, *, of: RecordReader | None = None, offset: int = 0
) -> list[Outcome]:
    of = of or reader(mapping)
    found = []
    for line in text.encode().split(b"\n"):
        found.append(of.read(line, offset, MTIME, NOW))
        offset += len(line) + 1
    return found


def only(outcome: Outcome) -> Usage:
    assert isinstance(outcome, list), outcome
    (call,) = outcome
    return call


def test_rows_are_calls() -> None:
    """The trace of a production service: times without a zone with seven digits of a fraction, and constants for what it lacks."""
    header, row, end = read(f"{HEADER}\n2023-11-16 18:17:03.9799600,4808,10\n")
    assert isinstance(header, Skip)
    assert isinstance(end, Skip)
    call = only(row)
    assert (call.model, call.provider, call.tokens) == ("gpt-4o", "azure", {"input": 4808, "output": 10})
    assert call.time == pytest.approx(1700158623.97996, abs=1e-5)


def test_every_kind_of_cell() -> None:
    """Numbers with a point, empty cells, quotes and spaces; labels by their usual columns, and a time that is not mapped."""
    text = 'timestamp,model,in,out,"cost (usd)",id,ms,status,team\n2026-01-02T03:04:05Z, gpt-4o ,12.0,,"0.25",7,81.5,429,"a ""b"", c"\n'
    call = only(read(text, FULL)[1])
    assert (call.model, call.tokens, call.id, call.failure, call.latency_ns) == (
        "gpt-4o",
        {"input": 12},
        "7",
        "rate_limited",
        81_500_000,
    )
    assert call.reported_usd == 25 * 10**22
    assert call.labels == ("", 'a "b", c')
    assert call.time == 1767323045


def test_other_delimiters() -> None:
    """Tables of many countries have semicolons, and others tabs."""
    for delimiter in (";", "\t"):
        text = HEADER.replace(",", delimiter) + f"\n2026-01-02T00:00:00Z{delimiter}5{delimiter}6"
        assert only(read(text, {**AZURE, "csv": {"delimiter": delimiter}})[1]).tokens == {"input": 5, "output": 6}


def test_where_chooses_rows() -> None:
    """Cells are text: a number is compared after to_number()."""
    text = f"{HEADER}\n2026-01-02,5,6\n2026-01-02,50,6"
    found = read(text, {**AZURE, "where": "to_number(ContextTokens) > `10`"})
    assert [type(each) for each in found] == [Skip, Skip, list]


def test_a_cell_may_have_line_breaks() -> None:
    """The lines of one row are its parts, and the row is one call."""
    text = (
        'note,TIMESTAMP,ContextTokens,GeneratedTokens\n"one\ntwo, ""three""\n\nfour",2026-01-02,5,6\nx,2026-01-02,7,8'
    )
    found = read(text)
    assert [type(each) for each in found] == [Skip, Part, Part, Part, list, list]
    assert [only(each).tokens["input"] for each in found[4:]] == [5, 7]


def test_a_row_that_breaks_off_within_quotes_costs_only_itself() -> None:
    """A writer that died in a cell leaves its quotes open: its counts are there, and the next row is read all the same."""
    text = (
        'TIMESTAMP,ContextTokens,GeneratedTokens,note\n2026-01-02,1,2,"half a\n2026-01-02,3,4,"whole"\n2026-01-02,5,6,x'
    )
    found = read(text)
    assert [call.tokens["input"] for each in found if isinstance(each, list) for call in each] == [1, 3, 5]


@pytest.mark.parametrize("header", [True, False])
def test_a_writer_that_began_anew_within_quotes(header: bool) -> None:
    """Rows without a quote behind one that was broken off: none of them is a part of its cell."""
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens,note", '2026-01-02,1,2,"half a', "two, 3, 4, five"]
    lines += ["TIMESTAMP,ContextTokens,GeneratedTokens,note"] * header
    lines += [f"2026-01-02T00:00:00Z,{number},1,x" for number in range(3, 53)]
    found = read("\n".join(lines))
    assert [call.tokens["input"] for each in found if isinstance(each, list) for call in each] == [1, *range(3, 53)]


@pytest.mark.parametrize("row", ["2026-01-02,5", "2026-01-02,5,6,7", "2026-01-02"])
def test_a_row_with_other_cells_than_the_header_is_rejected(row: str) -> None:
    """Half a number at a torn end may be a wrong bill."""
    assert isinstance(read(f"{HEADER}\n{row}")[1], Rejected)


def test_rows_without_a_header_are_rejected() -> None:
    """What a column means can't be guessed; it may have been spend."""
    assert [type(each) for each in read("a,b,c\n2026-01-02,5,6")] == [Rejected, Rejected]
    assert read("2026-01-02,5,x", of=_after_header())[0] == Rejected("bad_count", "output")


def _after_header() -> RecordReader:
    of = reader()
    read(HEADER, of=of)
    return of


def test_a_header_in_the_middle_is_the_one_from_there_on() -> None:
    """A program that begins anew writes its header again, perhaps with other columns."""
    text = f"{HEADER}\n2026-01-02,5,6\n{HEADER}\n2026-01-02,7,8\nGeneratedTokens,user,ContextTokens,TIMESTAMP\n9,ann,10,2026-01-02"
    found = read(text)
    assert [type(each) for each in found] == [Skip, list, Skip, list, Skip, list]
    assert only(found[5]).tokens == {"input": 10, "output": 9}


def test_the_state_has_numbers_and_the_mappings_own_names_only() -> None:
    """No text of the log is kept: not of rows, and not of columns that nothing names."""
    state: dict[str, Any] = {}
    read(f"{HEADER},secret_column,app\n2026-01-02,5,6,secret,chat\n", of=reader(state=state))
    saved = json.dumps(state)
    assert "secret" not in saved
    assert "chat" not in saved
    assert state["csv"]["at"] == {"ContextTokens": 1, "GeneratedTokens": 2, "TIMESTAMP": 0, "app": 4}


def test_reading_goes_on_with_the_saved_header() -> None:
    """After a restart in the middle, and in a new file that has no header of its own."""
    state: dict[str, Any] = {}
    read(HEADER, of=reader(state=state))
    kept = json.loads(json.dumps(state))
    assert only(read("2026-01-02,5,6", of=reader(state=kept), offset=500)[0]).tokens == {"input": 5, "output": 6}
    assert only(read("2026-01-02,5,6", of=reader(state=kept))[0]).tokens == {"input": 5, "output": 6}


def test_a_reader_that_begins_in_the_middle_looks_for_the_header(tmp_path: Path) -> None:
    """With `start_at: end`, or a mapping that names another column, the header is only at the file's beginning."""
    path = tmp_path / "usage.csv"
    path.write_text(f"{HEADER},who\n2026-01-02,5,6,ann\n")
    assert only(read("2026-01-02,7,8,ann", of=reader(path=str(path)), offset=70)[0]).tokens == {"input": 7, "output": 8}
    state: dict[str, Any] = {}
    read(path.read_text(), of=reader(state=state))
    mapping = {**AZURE, "id": "who"}
    assert only(read("2026-01-02,7,8,ann", of=reader(mapping, state=state, path=str(path)), offset=70)[0]).id == "ann"


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)


@given(
    st.lists(st.tuples(TEXT, st.integers(0, 999), TEXT), max_size=6),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_the_csv_module_writes_is_read(rows: list[tuple[str, int, str]], quoting: Any) -> None:
    """Any text in the other cells, quoted as it must be: each row is one call, with its count."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)
    writer.writerow(["before", "in_", "out_", "after"])
    writer.writerows([one, count, 1, two] for one, count, two in rows)
    found = read(text.getvalue(), {"csv": True, "input": "in_", "output": "out_"})
    assert [only(each).tokens.get("input", 0) for each in found if isinstance(each, list)] == [
        count for _, count, _ in rows
    ]
    assert not any(isinstance(each, Rejected) for each in found)


@given(st.lists(st.text(st.sampled_from('ab",5\n'), max_size=20), max_size=8))
def test_any_lines_have_an_outcome_each(lines: list[str]) -> None:
    """Whatever quotes come, nothing raises."""
    for each in read("\n".join(["a,b", *lines]), {"csv": True, "input": "a", "output": "b"}):
        assert not (isinstance(each, Rejected) and "defect" in each.detail)


class Life:
    """An exporter that follows a folder of CSV files, and may be killed between any two steps."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.config = Config.model_validate(
            {"state_dir": folder / "state", "sources": [{"paths": [str(folder / "usage.csv")], "format": AZURE}]}
        )
        self.exporter = self.start()

    def start(self) -> Exporter:
        exporter = Exporter(self.config, self.clock, LOG)
        exporter.prepare()
        return exporter

    def follow(self) -> None:
        for _ in range(6):
            self.clock.pass_(1)
            while self.exporter.tick():
                pass

    def end(self) -> None:
        self.exporter.stop()
        self.exporter.run()

    def kill(self) -> None:
        self.exporter._source.close()
        self.exporter._saver.store.close()
        self.exporter._state.release()
        self.exporter = self.start()

    def counted(self) -> tuple[int, int, int]:
        stats = self.exporter._ledger.stats
        tokens = sum(
            sample.value
            for account in self.exporter._ledger.alive("series")
            for name, sample in account.families.get("tokens", {}).items()
            if name == "input"
        )
        return tokens, sum(stats.rejected.values()), stats.lines_read


def test_rotation_and_restarts_lose_nothing(tmp_path: Path) -> None:
    """Files are renamed and begun anew, with a header and without, lines come in pieces, and the exporter is killed now and then."""
    path, rng, expected, lines = tmp_path / "usage.csv", random.Random(7), 0, 0
    path.write_text(HEADER + "\n")
    lines += 1
    life = Life(tmp_path)
    for step in range(40):
        with path.open("a") as file:
            for _ in range(rng.randrange(4)):
                count = rng.randrange(1, 1000)
                file.write(f'2026-01-01 10:00:{step:02}.5,{count},"1"\n')
                expected, lines = expected + count, lines + 1
        chance = rng.random()
        if chance < 0.3:
            life.follow()
            life.kill()
        elif chance < 0.5:
            life.follow()
            path.rename(tmp_path / f"usage.csv.{step}")
            with_header = rng.random() < 0.7
            path.write_text(HEADER + "\n" if with_header else "")
            lines += with_header
            life.follow()
    life.follow()
    assert life.counted() == (expected, 0, lines)
    life.end()


def test_a_kill_within_a_row_of_several_lines(tmp_path: Path) -> None:
    """The position stays at the row's first line until its last one is there."""
    path = tmp_path / "usage.csv"
    path.write_text(f'{HEADER},note\n2026-01-01,5,1,"one\ntwo\n')
    life = Life(tmp_path)
    life.follow()
    life.kill()
    with path.open("a") as file:
        file.write('three"\n2026-01-01,7,1,x\n')
    life.follow()
    life.kill()
    life.follow()
    assert life.counted() == (12, 0, 5)
    life.end()


def test_start_at_end_finds_the_header(tmp_path: Path) -> None:
    """What was there is not read, but what its columns mean is needed for what comes."""
    path = tmp_path / "usage.csv"
    path.write_text(f"{HEADER}\n2026-01-01,5,1\n")
    config = Config.model_validate(
        {"state_dir": tmp_path / "state", "sources": [{"paths": [str(path)], "format": AZURE, "start_at": "end"}]}
    )
    life = Life.__new__(Life)
    life.clock, life.config = FakeClock(), config
    life.exporter = life.start()
    life.follow()
    with path.open("a") as file:
        file.write("2026-01-01,7,1\n")
    life.follow()
    assert life.counted() == (7, 0, 1)
    life.end()
