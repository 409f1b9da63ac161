"""Rotations that are not logrotate's defaults: numbers that rise, numbers before the ending, files that begin alike, files put in a log's place."""

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from llm_cost_exporter.source.names import related, rotated
from tests.source.following import Consumer, append, numbered

BANNERS = {"a short line": b'{"event": "started"}', "more than is looked at": b'{"banner": "%s"}' % (b"x" * 6000)}


@pytest.mark.parametrize(
    ("path", "base", "by_name"),
    [
        ("/l/app.log.1", "/l/app.log", True),
        ("/l/app-20260101.log", "/l/app.log", True),
        ("/l/app.1.log", "/l/app.log", False),
        ("/l/app.12.log.gz", "/l/app.log", False),
        ("/l/my.app.3.jsonl", "/l/my.app.jsonl", False),
        ("/l/gpt-4.1.log", "/l/gpt-4.log", False),
        ("/l/app.2026.log", None, False),
        ("/l/app-1.log", None, False),
        ("/l/app1.log", None, False),
        ("/l/.1.log", None, False),
    ],
)
def test_names(path, base, by_name):
    """A short number within a name may be a rotation's, if the content says so too: it may as well be an instance's, or a model's."""
    assert (rotated(path) is not None) == by_name
    assert base is None or related(path, base)
    assert base is not None or not any(related(path, other) for other in ("/l/app.log", "/l/.log"))


def test_a_log_with_a_number_in_its_name_is_no_piece(tmp_path):
    """gpt-4.1.log beside gpt-4.log is another log, which is not ours; where it is, it is read as any other."""
    ours, other = tmp_path / "gpt-4.log", tmp_path / "gpt-4.1.log"
    append(ours, *numbered(0, 5))
    append(other, "not ours")
    consumer, both = Consumer(ours), Consumer(tmp_path / "*.log")
    consumer.follow()
    both.follow()
    append(other, "neither")
    append(other, '{"half', end=b"")
    ours.rename(tmp_path / "gpt-4.log.1")
    append(ours, *numbered(5, 7))
    consumer.settle()
    both.settle()
    append(other, ' a line"}', end=b"\n")
    both.settle()
    consumer.settle()
    assert consumer.lines == numbered(0, 7)
    assert sorted(both.lines) == sorted([*numbered(0, 7), b"not ours", b"neither", b'{"half a line"}'])


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("down", [False, True])
def test_numbers_that_rise(tmp_path, before, down):
    """log4j2's default: .1 stays the oldest. Two rotations that were not seen are read."""
    log, number, written = tmp_path / "app.log", 0, 0

    def write(count):
        nonlocal written
        append(log, *numbered(written, written + count))
        written += count
        os.utime(log, (1000 + written, 1000 + written))

    def rotate():
        nonlocal number
        number += 1
        log.rename(tmp_path / f"app.log.{number}")

    write(4)
    consumer = Consumer(log)
    consumer.follow()
    for _ in range(before):
        rotate()
        write(4)
        consumer.follow()
    consumer.save()
    for count in (3, 5):
        write(count)
        rotate()
    write(2)
    if down:
        consumer.kill()
    consumer.settle()
    assert sorted(consumer.lines) == sorted(numbered(0, written))


@pytest.mark.parametrize("times", [(10, 20), (20, 10), (10, 10)], ids=["rising", "falling", "the same"])
def test_times_that_tell_nothing(tmp_path, times):
    """Rotated twice while down, and then copied without their times: nothing is passed over."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 4))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    for first in (4, 8):
        if (tmp_path / "app.log.1").exists():
            (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        log.rename(tmp_path / "app.log.1")
        append(log, *numbered(first, first + 4))
    for number, when in zip((1, 2), times, strict=True):
        os.utime(tmp_path / f"app.log.{number}", (when, when))
    consumer.kill()
    consumer.settle()
    assert consumer.lines == numbered(0, 12)


@pytest.mark.parametrize("live", ["a banner only", "half a line", "a banner and more"])
@pytest.mark.parametrize("banner", BANNERS.values(), ids=BANNERS)
def test_compressed_pieces_that_begin_like_the_log(tmp_path, banner, live):
    """Rotated twice and compressed while the exporter was down, and the log has hardly more than what they begin with."""
    log = tmp_path / "app.log"
    append(log, banner, *numbered(0, 10))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    append(log, *numbered(10, 12))
    for _ in range(2):
        packed = tmp_path / "app.log.1.gz"
        if packed.exists():
            packed.rename(tmp_path / "app.log.2.gz")
        packed.write_bytes(gzip.compress(log.read_bytes()))
        log.unlink()
        append(log, banner, *numbered(12, 18))
    more = b"\n".join([banner, *numbered(18, 20), b""])
    log.write_bytes({"a banner only": banner + b"\n", "half a line": banner[:9], "a banner and more": more}[live])
    consumer.kill()
    consumer.settle()
    calls = [line for line in consumer.lines if line not in (banner, banner[:9])]
    assert calls == numbered(0, 20 if live == "a banner and more" else 18)


@pytest.mark.parametrize(
    "head", [b"", b'{"banner": "%s"}\n' % (b"x" * 1100), b"\0" * 5000], ids=["none", "a banner", "a hole of NULs"]
)
def test_cut_off_before_it_was_read(tmp_path, head):
    """A log that waits for an older piece is cut off, and has grown further than it was: its copy has what was there."""
    log, piece = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, "0")
    consumer = Consumer(log)
    consumer.follow()
    append(log, *numbered(1, 3000))
    log.rename(piece)
    log.write_bytes(head)
    append(log, *numbered(3000, 3010))
    consumer.poll()
    assert consumer.read_one(4096) is not None  # of the piece
    consumer.poll()
    piece.rename(tmp_path / "app.log.2")
    shutil.copyfile(log, piece)
    log.write_bytes(head)
    append(log, *numbered(3010, 3030))
    consumer.settle()
    lines = [line for line in consumer.lines if line and line not in head and b"banner" not in line]
    assert sorted(lines) == sorted([b"0", *numbered(1, 3030)])


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in its place", "in a folder that is watched too"])
def test_a_longer_copy_of_a_log_that_is_gone(tmp_path, elsewhere):
    """An editor, rsync or mv between file systems: what was read of the old one, which is still open, is not read again."""
    (tmp_path / "old").mkdir()
    log = tmp_path / "app.log"
    append(log, *numbered(0, 60))
    consumer = Consumer(log, tmp_path / "old" / "*")
    consumer.follow()
    copy = tmp_path / "copy"
    shutil.copyfile(log, copy)
    append(copy, *numbered(60, 63))
    log.unlink()
    copy.rename(tmp_path / "old" / "app.log.1" if elsewhere else log)
    if elsewhere:
        append(log, *numbered(63, 65))
    consumer.settle()
    assert consumer.lines == numbered(0, 65 if elsewhere else 63)


class Pulled:
    """A folder that is pulled from an origin, as rsync does: each file that has changed is copied, then renamed over the one before."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.here = folder / "origin", folder / "here"
        self.origin.mkdir()
        self.here.mkdir()
        self.log = self.origin / "app.log"

    def pull(self, *, pause: Callable[[], object] = lambda: None) -> None:
        for path in sorted(self.origin.iterdir()):
            copy = self.here / path.name
            if copy.exists() and copy.stat().st_mtime_ns == path.stat().st_mtime_ns:
                continue
            hidden = copy.with_name(f".{path.name}.Xy1")
            shutil.copy2(path, hidden)
            hidden.rename(copy)
            pause()
        for path in self.here.iterdir():
            if not (self.origin / path.name).exists():
                path.unlink()

    def rotate(self, *, packed: bool) -> None:
        one, two = self.origin / "app.log.1", self.origin / "app.log.2"
        if one.exists() and packed:
            two.with_name("app.log.2.gz").write_bytes(gzip.compress(one.read_bytes()))
        elif one.exists():
            one.rename(two)
        self.log.rename(one)


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("minutes", [False, True])
def test_log_that_is_pulled_and_rotated_at_its_origin(tmp_path, pattern, packed, slow, minutes):
    """The lines between the last pull and the rotation came in app.log.1 only, which is a copy of what was replaced."""
    logs, written = Pulled(tmp_path), 0
    consumer = Consumer(logs.here / pattern)

    def write(count: int) -> None:
        nonlocal written
        append(logs.log, *numbered(written, written + count))
        written += count

    write(50)
    logs.pull()
    for turn in range(6):
        consumer.follow()
        if minutes:
            consumer.settle()
        if turn % 2:
            write(7)
            logs.pull()
            consumer.follow()
        write(5)
        logs.rotate(packed=packed)
        write(3)
        logs.pull(pause=consumer.follow if slow else lambda: None)
        if turn == 3:
            consumer.follow()
            consumer.restart()
    consumer.settle()
    consumer.restart()
    consumer.settle()
    assert Counter(consumer.lines) == Counter(numbered(0, written))


def test_copytruncate_with_the_number_before_the_ending(tmp_path):
    """logrotate's `extension .log`, where a glob matches the copies too: they are read once."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    consumer = Consumer(tmp_path / "*.log")
    consumer.follow()
    for turn in range(3):
        append(log, *numbered(10 + 2 * turn, 12 + 2 * turn))
        for number in (3, 2, 1):
            if (tmp_path / f"app.{number}.log").exists():
                (tmp_path / f"app.{number}.log").rename(tmp_path / f"app.{number + 1}.log")
        shutil.copyfile(log, tmp_path / "app.1.log")
        os.truncate(log, 0)
        consumer.follow()
        consumer.follow()
    consumer.settle()
    assert consumer.lines == numbered(0, 16)


@pytest.mark.parametrize("rotations", [0, 1, 3])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("head", [b'{"banner": "%s"}\n' % (b"x" * 1100), b""], ids=["a banner", "a hole of NULs"])
def test_cut_off_again_while_down_before_it_was_read(tmp_path, head, packed, rotations):
    """Killed right after a copytruncate, when nothing was saved of the new content but its first bytes, which all contents have in common."""
    log, written = tmp_path / "app.log", 0

    def write(at):
        nonlocal written
        with log.open("r+b") as file:  # at its own place: app > app.log
            file.seek(at)
            file.write(head if at == 0 else b"")
            for line in numbered(written, written + 40):
                file.write(line + b"\n")
            written += 40
            return file.tell()

    def rotate():
        for number in (4, 3, 2, 1):
            for ending in ("", ".gz"):
                piece = tmp_path / f"app.log.{number}{ending}"
                if piece.exists():
                    piece.rename(tmp_path / f"app.log.{number + 1}{ending}")
        if packed:
            (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
        else:
            shutil.copyfile(log, tmp_path / "app.log.1")
        os.truncate(log, 0)

    log.touch()
    consumer = Consumer(log)
    consumer.follow()
    at = write(0)
    consumer.follow()
    at = write(at)
    consumer.follow()
    rotate()
    at = write(0 if head else at)
    consumer.poll()
    consumer.save()
    consumer.read()
    consumer.kill()
    for _ in range(rotations):
        at = write(at)
        rotate()
        at = write(0 if head else at)
    consumer.settle()
    lines = [line for line in consumer.lines if b'"n"' in line]
    assert sorted(line.lstrip(b"\0") for line in lines) == sorted(numbered(0, written))


def test_a_copy_at_the_inode_of_a_shorter_one(tmp_path):
    """What was known to be a copy of a part of the log was deleted, and the next copy was given its inode: it begins alike, with a banner."""
    log, piece = tmp_path / "app.log", tmp_path / "app.log.1"
    banner = b'{"banner": "%s"}' % (b"x" * 1100)
    append(log, banner, *numbered(0, 5))
    consumer = Consumer(tmp_path / "app.log*")
    consumer.follow()
    shutil.copyfile(log, piece)
    append(log, *numbered(5, 7))
    consumer.follow()
    log.write_bytes(banner + b"\n")  # cut off, and begun
    append(log, *numbered(7, 20))
    consumer.follow()
    consumer.follow()
    assert consumer.states() == {"app.log": "following", "app.log.1": "finished"}
    consumer.restart()
    piece.write_bytes(log.read_bytes())
    log.write_bytes(banner + b"\n")
    append(log, *numbered(20, 22))
    consumer.settle()
    assert [line for line in consumer.lines if line != banner] == numbered(0, 22)
