"""Names that tell too much or too little: live logs with a date, copies under names of their own, what is being compressed."""

from __future__ import annotations

import gzip
import os
import shutil

import pytest

from llm_cost_exporter.source.names import made_of, related, rotated
from tests.source.following import Consumer, append, numbered

MUCH = numbered(0, 500)  # more than 4 KiB, so that no copy is known by its length


@pytest.mark.parametrize(
    ("path", "original", "base"),
    [
        ("/l/0.log.20261130-101010.tmp", "/l/0.log.20261130-101010", "/l/0.log"),
        ("/l/app.log.1.gz", "/l/app.log.1", "/l/app.log"),
        ("/l/app.log.tmp", "/l/app.log", None),
        ("/l/app.log.bak", None, None),
    ],
)
def test_names_of_what_is_being_made(path, original, base):
    """kubelet compresses into a .tmp beside the piece; a copy of any other name is known by the name that it begins with."""
    piece = rotated(path)
    assert made_of(path) == original
    assert (piece.base if piece else None) == base
    assert related(path, "/l/app.log" if "app" in path else "/l/0.log.20261130-101010")
    assert not related(path, "/l/other.log")
    assert not related(path + "/app.log", path)


@pytest.mark.parametrize(
    ("log_name", "pattern"),
    [
        ("usage.2026-11-30.jsonl", "*"),
        ("usage.2026-11-30.jsonl", "*.jsonl"),
        ("usage.2026-11-30.jsonl", "usage.2026*.jsonl"),
        ("app-20261130.log", "app*"),
        ("worker-1", "worker*"),
    ],
)
def test_a_live_log_with_a_date_in_its_name(tmp_path, log_name, pattern):
    """By its name alone it could be a piece of one that never was: a half line waits for its rest, however long that takes."""
    log, consumer = tmp_path / log_name, Consumer(tmp_path / pattern)
    for number in range(3):
        append(log, b'{"half": ', end=b"")
        consumer.settle()
        for _ in range(3):
            consumer.poll(60)
            consumer.settle()
        append(log, b'"of %d"}' % number)
        consumer.settle()
    assert consumer.lines == [b'{"half": "of %d"}' % number for number in range(3)]


def test_a_piece_whose_log_is_there_ends(tmp_path):
    """The last line of a rotated piece needs no newline: the log it was rotated from is there, or it was followed as that."""
    log = tmp_path / "app.log"
    append(log, b"one")
    consumer = Consumer(tmp_path / "app*")
    consumer.settle()
    append(log, b"two", end=b"")
    log.rename(tmp_path / "app.log-20261130")
    consumer.settle()
    for _ in range(3):
        consumer.poll(60)
        consumer.settle()
    assert consumer.lines == [b"one", b"two"]


@pytest.mark.parametrize("first", ["usage.jsonl", "usage.jsonl.gz"])
def test_a_log_and_its_gz_at_the_first_start(tmp_path, first):
    """What gzip -k leaves is one log, whichever of the two is seen first."""
    log, packed = tmp_path / "usage.jsonl", tmp_path / "usage.jsonl.gz"
    append(log, *MUCH)
    packed.write_bytes(gzip.compress(log.read_bytes()))
    paths = [tmp_path / first, tmp_path / "*"]
    consumer = Consumer(*paths)
    for _ in range(4):
        consumer.settle()
        consumer.poll(60)
    consumer.settle()
    assert consumer.lines == MUCH
    append(log, b"more")
    consumer.restart()
    consumer.settle()
    assert consumer.lines == [*MUCH, b"more"]


def test_a_gz_of_another_log_at_the_first_start(tmp_path):
    """Named alike and not alike: both are read."""
    append(tmp_path / "usage.jsonl", *MUCH)
    (tmp_path / "usage.jsonl.gz").write_bytes(gzip.compress(b"".join(line + b"\n" for line in numbered(500, 900))))
    consumer = Consumer(tmp_path / "*")
    for _ in range(4):
        consumer.settle()
        consumer.poll(60)
    consumer.settle()
    assert sorted(consumer.lines) == sorted(numbered(0, 900))


@pytest.mark.parametrize("look", ["empty", "begun", "half", "whole"])
@pytest.mark.parametrize("down", [False, True])
def test_kubelet_compresses_into_a_tmp(tmp_path, look, down):
    """0.log.DATE -> 0.log.DATE.tmp -> 0.log.DATE.gz: a look in between, however much is there, counts nothing again."""
    log, piece = tmp_path / "0.log", tmp_path / "0.log.20261130-101010"
    append(log, *MUCH)
    consumer = Consumer(tmp_path / "*.log*")
    consumer.settle()
    log.rename(piece)
    append(log, b"next")
    consumer.settle()
    if down:
        consumer.restart()
    packed = gzip.compress(piece.read_bytes())
    tmp = tmp_path / f"{piece.name}.tmp"
    tmp.write_bytes(packed[: {"empty": 0, "begun": 30, "half": len(packed) // 2, "whole": len(packed)}[look]])
    consumer.follow()
    tmp.write_bytes(packed)
    consumer.follow()
    tmp.rename(tmp_path / f"{piece.name}.gz")
    consumer.follow()
    piece.unlink()
    for _ in range(3):
        consumer.settle()
        consumer.poll(60)
    consumer.settle()
    assert consumer.lines == [*MUCH, b"next"]


@pytest.mark.parametrize("end", [".bak", "~", ".orig", "-before", ".save.2"])
def test_a_copy_under_a_name_of_its_own(tmp_path, end):
    """A copy that the glob matches too is no other log, as long as it has nothing else in it."""
    log = tmp_path / "app.log"
    append(log, *MUCH)
    consumer = Consumer(tmp_path / "*")
    consumer.settle()
    copy = tmp_path / f"app.log{end}"
    copy.write_bytes(log.read_bytes())
    append(log, b"more")
    for _ in range(3):
        consumer.settle()
        consumer.poll(60)
    assert consumer.lines == [*MUCH, b"more"]
    append(copy, b"of its own")
    consumer.settle()
    assert consumer.lines[-1] == b"of its own"


def day(tmp_path, number):
    return tmp_path / f"app-2026-11-{number}.log"


def compress(path):
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(packed, (path.stat().st_atime, path.stat().st_mtime))  # as gzip does
    path.unlink()
    return packed


def test_a_day_that_came_and_was_compressed_while_down(tmp_path):
    """Its .gz is read, as that of a day of which a part was read before; one of before the first start is not."""
    for number, age in ((26, 3000), (27, 2000)):
        append(day(tmp_path, number), b"day %d" % number)
        os.utime(day(tmp_path, number), (1_000_000_000 - age, 1_000_000_000 - age))
    compress(day(tmp_path, 26))
    consumer = Consumer(tmp_path / "app-*.log")
    consumer.settle()
    consumer.restart()
    for number in (27, 28, 29, 30):
        append(day(tmp_path, number), b"later, day %d" % number)
    for number in (27, 28, 29):
        compress(day(tmp_path, number))
    for _ in range(2):
        for _ in range(3):
            consumer.settle()
            consumer.poll(60)
        assert sorted(consumer.lines) == [b"day 27", *(b"later, day %d" % number for number in (27, 28, 29, 30))]
        consumer.restart()


@pytest.mark.parametrize("lines", [3, 500])
def test_logs_on_another_disk(tmp_path, lines):
    """Copied as they are, they have other inodes: those that are read to their end are known, however short, and the live one goes on."""
    folder, copied = tmp_path / "logs", tmp_path / "copied"
    folder.mkdir()
    names = ("export-a.jsonl.gz", "usage.jsonl.2.gz", "usage.jsonl.1", "usage.jsonl")
    for at, name in enumerate(names):
        text = b"".join(line + b"\n" for line in numbered(1000 * at, 1000 * at + lines))
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    consumer = Consumer(folder / "*")
    consumer.settle()
    assert len(consumer.lines) == len(names) * lines
    consumer.restart()
    shutil.copytree(folder, copied)  # times are kept
    shutil.rmtree(folder)
    copied.rename(folder)
    append(folder / "usage.jsonl", b"more")
    consumer.settle()
    assert consumer.lines[len(names) * lines :] == [b"more"]


def test_a_late_line_that_is_found_in_the_gz_is_read_after_a_kill(tmp_path):
    """The piece was held for finished: once more of it is found it is not, and saved as such before it is read."""
    log, piece = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, *MUCH)
    consumer = Consumer(log)
    consumer.settle()
    log.rename(piece)
    append(log, b"next")
    consumer.settle()
    append(piece, b"late")
    compress(piece)
    consumer.poll()
    consumer.poll()
    consumer.restart()
    consumer.settle()
    assert sorted(consumer.lines) == sorted([*MUCH, b"next", b"late"])
