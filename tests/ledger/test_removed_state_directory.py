"""The state directory goes away under a running exporter: all that it held goes on from memory and the open file."""

import shutil
import sqlite3

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.ledger import StateDir, Store
from tests.kit import LOG, NOON, FakeClock
from tests.ledger.faults import Process, failure, line


@pytest.fixture
def process(tmp_path):
    lines = [line("gpt", NOON - day * 86_400, (10, 5), f"call-{day}") for day in range(12)]
    process = Process(tmp_path / "state", Config(), FakeClock(), lines)
    process.read_all()
    assert process.saver.save()
    return process


def days(process):
    return len(list(process.saver.store.all_days()))


def test_days_that_are_not_in_memory_come_over(process):
    """The file is gone from the directory and still open: its days are copied."""
    shutil.rmtree(process.folder)
    process.lines.append(line("gpt", NOON, (10, 5), "new"))
    process.read_all()
    assert process.saver.save()
    assert days(process) == 12
    assert process.state.resets["removed"] == 1
    process.kill()
    process.start()
    assert process.log.read(0) is None, "positions came over too"
    process.kill()


def test_a_copy_that_can_not_be_written_is_tried_again(process, monkeypatch):
    """On a full disk the days must not be given up for an empty state."""
    shutil.rmtree(process.folder)

    class Full:
        def __init__(self, db):
            self.db = db

        def backup(self, _):
            raise failure(sqlite3.SQLITE_FULL)

        def __getattr__(self, name):
            return getattr(self.db, name)

    open_file = process.saver.store._db
    process.saver.store._db = Full(open_file)
    for _ in range(3):
        assert not process.saver.save()
    process.saver.store._db = open_file
    assert process.saver.save()
    assert days(process) == 12
    assert [file.name for file in process.folder.glob("*broken*")] == []


def test_another_exporter_can_not_take_the_new_directory(process):
    """The lock went with the directory: the new one is locked before anything is written to it."""
    shutil.rmtree(process.folder)
    assert process.saver.save()
    with pytest.raises(ExporterError, match="another llm-cost-exporter"):
        StateDir(process.folder, LOG, FakeClock()).take()


def test_a_directory_that_another_exporter_took_meanwhile_is_left_to_it(process):
    """Whoever came first to the new directory keeps it; this one goes on failing its saves and says so."""
    shutil.rmtree(process.folder)
    other = StateDir(process.folder, LOG, FakeClock())
    other.take()
    store = Store(other.database, "UTC")
    assert not process.saver.save()
    assert other.owns(store)
    other.release()
    store.close()
    assert process.saver.save()
    assert days(process) == 12


def test_a_full_disk_does_not_stop_the_lock(tmp_path, monkeypatch):
    """The pid in the lock is for people; without room for it the lock holds all the same."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    state = StateDir(tmp_path, LOG, FakeClock())
    state.take()
    with pytest.raises(ExporterError, match="another"):
        StateDir(tmp_path, LOG, FakeClock()).take()
    state.release()
