"""What happens between two calls of one look, at the very places where it was once taken for something else."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llm_cost_exporter.source.bridge import Bridge
from tests.source.following import Consumer, append, numbered


def test_cut_off_while_its_first_bytes_are_learned(tmp_path, monkeypatch):
    """Copied, cut off and written anew between asking its size and its first bytes: these are not those of what was cut off."""
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    consumer = Consumer(log)
    consumer.poll()
    append(log, *numbered(0, 100))
    fstat = os.fstat
    raced: list[int] = []

    def late(fd: int) -> os.stat_result:
        st = fstat(fd)
        if not raced and sys._getframe(1).f_code.co_name == "is_intact":
            raced.append(fd)
            shutil.copy(log, copy)
            os.truncate(log, 0)
            append(log, *numbered(100, 103))
        return st

    monkeypatch.setattr(os, "fstat", late)
    consumer.poll()
    monkeypatch.undo()
    assert raced
    consumer.poll()
    copy.rename(tmp_path / "app.log.2")
    shutil.copy(log, copy)
    os.truncate(log, 0)
    append(log, *numbered(103, 105))
    for _ in range(3):
        consumer.follow()
    (tmp_path / "app.log.3.gz").write_bytes(gzip.compress(copy.read_bytes()))
    copy.unlink()
    consumer.settle()
    assert Counter(consumer.lines) == Counter(numbered(0, 105))


def test_another_file_has_the_inode_of_the_piece_that_was_judged(tmp_path, monkeypatch):
    """Compressed and removed before it is opened, its name and inode given to a copy of the live log: that is read once."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    log.rename(tmp_path / "app.log.2")
    append(tmp_path / "app.log.1", *numbered(10, 60))
    append(log, *numbered(60, 160))
    begin = Bridge._begin
    raced: list[Any] = []

    def late(bridge: Bridge, piece: Any, *more: Any) -> Any:
        if not raced:
            raced.append(piece)
            piece_path = Path(piece.path)
            (tmp_path / "app.log.2").rename(tmp_path / "app.log.3")
            (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(piece_path.read_bytes()))
            piece_path.unlink()
            shutil.copy(log, piece_path)
        return begin(bridge, piece, *more)

    monkeypatch.setattr(Bridge, "_begin", late)
    consumer.follow()
    assert raced
    os.truncate(log, 0)
    append(log, *numbered(160, 170))
    consumer.settle()
    assert Counter(consumer.lines) == Counter(numbered(0, 170))


@pytest.mark.parametrize("names", [("app.log", "app-2026-01-01.log"), ("*.log",)])
def test_a_live_log_with_a_second_name_that_a_piece_could_have(tmp_path, names):
    """A link to today's file: its unfinished line waits for its end, whichever name was met first."""
    live = tmp_path / "app-2026-01-01.log"
    append(live, "first")
    (tmp_path / "app.log").symlink_to(live.name)
    consumer = Consumer(*(tmp_path / name for name in names))
    assert consumer.follow() == [b"first"]
    append(live, "half ", end=b"")
    assert [*consumer.follow(), *consumer.follow(61), *consumer.follow(61)] == []
    append(live, "of it")
    assert consumer.follow() == [b"half of it"]


def test_cut_off_before_a_new_log_is_looked_at(tmp_path, monkeypatch):
    """Copied, cut off and begun anew between asking its size and opening it: what was seen of it is what is there, though shorter."""
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, *numbered(0, 10))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    log.rename(tmp_path / "app.log.2")
    append(log, *numbered(10, 110))
    raced: list[str] = []

    def late(path: str, *more: Any, **others: Any) -> int:
        if not raced and path == str(log) and sys._getframe(2).f_code.co_name == "__init__":
            raced.append(path)
            shutil.copy(log, copy)
            os.truncate(log, 0)
            append(log, *numbered(110, 112))
        return int(opened(path, *more, **others))

    opened = os.open
    monkeypatch.setattr(os, "open", late)
    consumer.poll()
    monkeypatch.undo()
    assert raced
    consumer.follow()
    (tmp_path / "app.log.2").rename(tmp_path / "app.log.3")
    copy.rename(tmp_path / "app.log.2")
    shutil.copy(log, copy)
    append(copy, *numbered(112, 113))
    os.truncate(log, 0)
    consumer.settle()
    assert Counter(consumer.lines) == Counter(numbered(0, 113))
