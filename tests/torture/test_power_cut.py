"""A power cut leaves a state cut off, blank or scrambled: the next start serves, says what it lost, and counts what the logs still have."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit import NOON, FakeClock
from tests.scale import scaled
from tests.torture.inside import Inside, Series, call_line, clean_read

pytestmark = pytest.mark.torture

FILES = ("state.db", "state.db-wal", "ledger.json")


class Wreck:
    """A state directory as a kill left it (or an orderly end, where `closed`), its log, and what a clean read of that gives."""

    def __init__(self, folder: Path, *, closed: bool) -> None:
        self.folder, self.log = folder, folder / "usage.log"
        self.clock = FakeClock()
        lines = [
            call_line(NOON - 7200 + n, 100 + n, ("gpt-4o-mini", "gpt-4o", "mystery")[n % 3], app="ab"[n % 2], request_id=str(n))
            for n in range(60)
        ]  # fmt: skip
        self.log.write_text("".join(lines[:20]))
        exporter = Inside(self.log, folder / "state", self.clock).until_ready()
        for first in range(20, 60, 10):
            with self.log.open("a") as file:
                file.write("".join(lines[first : first + 10]))
            exporter.go_on(2)
        there = {name: (folder / "state" / name).read_bytes() for name in FILES}
        exporter.kill()  # which closes the database, and that empties its log
        if not closed:
            for name, data in there.items():
                (folder / "state" / name).write_bytes(data)
        self.truth: Series = clean_read(self.log, folder / "clean", self.clock)
        self.number = 0

    def size(self, name: str) -> int:
        return (self.folder / "state" / name).stat().st_size

    def survives(self, name: str, damage: Callable[[Path], None]) -> dict[str, float]:
        """Damage one file of a copy, start on it: counted is what the log has. Returns the resets by reason."""
        self.number += 1
        state = self.folder / f"state-{self.number}"
        shutil.copytree(self.folder / "state", state)
        damage(state / name)
        exporter = Inside(self.log, state, FakeClock(self.clock.now, self.clock.mono)).until_ready()
        counted = exporter.counted()
        resets = {
            reason: exporter.value("llm_cost_exporter_state_resets_total", reason=reason)
            for reason in ("corrupt", "version", "removed")
        }
        exporter.kill()
        assert counted == self.truth
        if resets["corrupt"] or resets["version"]:
            assert list(state.glob("state.db.broken-*")), "set aside, never deleted"
        shutil.rmtree(state)
        return resets


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Wreck:
    return Wreck(tmp_path_factory.mktemp("killed"), closed=False)


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Wreck:
    return Wreck(tmp_path_factory.mktemp("closed"), closed=True)


def cut(at: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, at)


def overwritten(at: int, data: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    return damage


def offsets(size: int, count: int) -> list[int]:
    """All offsets of a file, or so many of them: the ends of pages and of what SQLite keeps before them, and some at random."""
    if count >= size:
        return list(range(size))
    edges = {edge + by for page in range(0, size, 4096) for edge in (page, page + 24, page + 32) for by in (-1, 0, 1)}
    choose = random.Random(size)
    some = choose.sample([edge for edge in sorted(edges) if 0 <= edge < size], min(count // 2, len(edges) - 1))
    return sorted({0, 1, size - 1, *some, *choose.sample(range(size), count // 2)})


@pytest.mark.parametrize("name", FILES)
def test_cut_off_at_any_byte(killed, name):
    """Whatever is left of the file: totals, days and all are those of the log."""
    for at in offsets(killed.size(name), scaled(30, 10_000)):
        killed.survives(name, cut(at))


def test_a_database_cut_off_at_any_byte_is_told(closed, caplog):
    """It is set aside and counted, a message says so, and the log is read anew."""
    caplog.set_level(logging.ERROR)
    data = (closed.folder / "state" / "state.db").read_bytes()
    for at in offsets(len(data), scaled(50, 10_000)):
        caplog.clear()
        resets = closed.survives("state.db", cut(at))
        if data[at:].strip(b"\0"):  # else nothing is missing: SQLite takes what is not there for NULs
            assert sum(resets.values()) == 1, at
            assert "read anew" in caplog.text


@pytest.mark.parametrize("name", FILES)
def test_full_of_nuls(killed, name):
    """The file's length is there, its bytes never came: from the beginning, or from any point on."""
    size = killed.size(name)
    for at in offsets(size, scaled(12, 1000)):
        killed.survives(name, overwritten(at, bytes(size - at)))


def test_a_database_full_of_nuls_is_told(closed, caplog):
    """From the beginning or from any page on: no crash loop, and never taken for an empty one."""
    caplog.set_level(logging.ERROR)
    size = closed.size("state.db")
    for at in range(0, size, scaled(8192, 4096)):
        caplog.clear()
        assert closed.survives("state.db", overwritten(at, bytes(size - at)))["corrupt"] == 1, at
        assert "set aside" in caplog.text


@pytest.mark.parametrize("name", FILES)
def test_random_bytes(killed, closed, name):
    """All of it, or any sectors of the disk. (A byte that changes by itself is no power cut, and in a number nothing tells it.)"""
    choose = random.Random(name)
    for number in range(scaled(20, 2000)):
        wreck = closed if name == "state.db" and number % 2 else killed
        size = wreck.size(name)
        at = 0 if number % 10 == 0 else choose.randrange(0, size, 512)
        length = size if number % 10 == 0 else 512 * choose.choice([1, 2, 8])
        wreck.survives(name, overwritten(at, choose.randbytes(min(length, size - at))))


def test_a_state_of_a_later_version(closed, caplog):
    """It is set aside for the program that can read it, told, counted, and the log is read anew."""
    caplog.set_level(logging.ERROR)

    def later(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 99")

    assert closed.survives("state.db", later)["version"] == 1
    assert "version 99" in caplog.text


def test_a_state_that_was_removed(closed, caplog):
    """With its ledger's name still there, that is a loss, and told."""
    caplog.set_level(logging.ERROR)
    assert closed.survives("state.db", Path.unlink)["removed"] == 1
    assert "gone" in caplog.text


def test_a_position_that_is_none_spoils_the_state(closed):
    """Totals without the place that they were read up to would count that log twice: all is read anew."""

    def spoilt(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE file SET data = '{' WHERE key NOT LIKE 'pattern:%'")
            database.commit()

    assert closed.survives("state.db", spoilt)["corrupt"] == 1
