"""A writer that rotates at random and a reader that is killed at random, also with one open file and a failing disk: each line once."""

from __future__ import annotations

import collections
import errno
import gzip
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scale import scaled
from tests.source.following import Consumer

pytestmark = pytest.mark.torture

LIMIT = 4096
FAILING = 0.01  # of the calls to a bad disk
KINDS = ("rename", "copytruncate", "compress")


class Writer:
    """Appends numbered lines to app.log, now and then in two parts, and rotates it, step by step; `pause` is called between two steps."""

    def __init__(self, folder: Path, rng: random.Random, pause) -> None:
        self.folder, self.path, self.rng, self.pause = folder, folder / "app.log", rng, pause
        self.by_date = rng.random() < 0.3
        self.kinds = ["rename", "compress"] if self.by_date else rng.sample(KINDS, rng.randint(1, 3))
        self.number = 0
        self.rotations = 0
        self.rest = b""  # of a line that is half written
        self.begin()

    def line(self) -> bytes:
        self.number += 1
        length = self.rng.choice([0, 50, 200, 2000, 9000]) if self.rng.random() < 0.1 else self.rng.randint(0, 120)
        return b'{"n": %d, "t": "%s"}\n' % (self.number, b"x" * length)

    def write(self) -> None:
        data = self.rest + b"".join(self.line() for _ in range(self.rng.randint(1, 30)))
        self.rest = b""
        if self.rng.random() < 0.2:
            line = self.line()
            cut = self.rng.randint(1, len(line) - 1)
            data, self.rest = data + line[:cut], line[cut:]
        self.put(data)

    def begin(self) -> None:
        """Make the log, or make it anew."""
        self.path.touch()

    def put(self, data: bytes) -> None:
        _append(self.path, data)

    def finish_line(self) -> None:
        self.put(self.rest)
        self.rest = b""

    def rotate(self) -> None:
        for _ in self.steps():
            self.pause()

    def steps(self) -> Iterator[None]:
        """A rotation: whoever asks for the next step lets it go on."""
        steps: Iterator[None] = getattr(self, self.rng.choice(self.kinds))()
        return steps

    def _make_room(self) -> Iterator[None]:
        if self.by_date:
            return
        pieces = {
            int(found[1]): path for path in self.folder.iterdir() if (found := re.search(r"log\.(\d+)", path.name))
        }
        for number in sorted(pieces, reverse=True):
            pieces[number].rename(self.folder / pieces[number].name.replace(f".{number}", f".{number + 1}"))
            if self.rng.random() < 0.1:
                yield

    def _piece(self) -> Path:
        self.rotations += 1
        if self.by_date:
            return self.folder / f"app.log-{20260100 + self.rotations}"
        return self.folder / "app.log.1"

    def rename(self) -> Iterator[None]:
        if self.rng.random() < 0.5:
            self.finish_line()
        yield from self._make_room()
        piece = self._piece()
        self.path.rename(piece)
        if self.rest and self.rng.random() < 0.7:  # else the line is broken off for good
            _append(piece, self.rest)
        whole, self.rest = piece.read_bytes().endswith(b"\n"), b""
        if self.rng.random() < 0.2:
            yield
        self.begin()
        if whole and self.rng.random() < 0.3:
            _append(piece, self.line())

    def copytruncate(self) -> Iterator[None]:
        self.finish_line()
        yield from self._make_room()
        piece = self._piece()
        data = self.path.read_bytes()
        cut = self.rng.randint(0, len(data))
        _append(piece, data[:cut])
        yield
        _append(piece, data[cut:])
        yield
        os.truncate(self.path, 0)

    def compress(self) -> Iterator[None]:
        pieces = [
            path for path in self.folder.iterdir() if path != self.path and path.suffix != ".gz" and path.stat().st_size
        ]
        if not pieces:
            return
        piece = self.rng.choice(sorted(pieces))
        packed, data = piece.with_name(piece.name + ".gz"), gzip.compress(piece.read_bytes())
        cut = self.rng.randint(0, len(data))
        _append(packed, data[:cut])
        yield
        _append(packed, data[cut:])
        os.utime(packed, ns=(0, piece.stat().st_mtime_ns))
        yield
        piece.unlink()

    def written(self) -> collections.Counter[int]:
        """How often each line stands in what is left on disk, and (as 0) how many are over the limit."""
        counts: collections.Counter[int] = collections.Counter()
        for path in self.folder.iterdir():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            counts.update(_number(line.lstrip(b"\0")) for line in data.removesuffix(b"\n").split(b"\n") if data)
        return counts


class GoesOn(Writer):
    """Goes on with the file that was renamed last, for as long as it stands there."""

    _old: int | None = None  # its inode

    def write(self) -> None:
        super().write()
        old = self._where_old_is()
        if old is not None and self.rng.random() < 0.5:
            _append(old, self.line())

    def _where_old_is(self) -> Path | None:
        if self._old is None:
            return None
        found = [path for path in self.folder.iterdir() if path != self.path and path.stat().st_ino == self._old]
        return found[0] if found and found[0].suffix != ".gz" and found[0].read_bytes()[-1:] == b"\n" else None

    def rename(self) -> Iterator[None]:
        inode = self.path.stat().st_ino
        yield from super().rename()
        self._old = inode

    def copytruncate(self) -> Iterator[None]:
        self._old = None  # a copy is the last piece: only that one is watched
        return super().copytruncate()


class AtItsPlace(Writer):
    """Writes where it is, not at the end (`app > app.log`): a log that was cut off begins with a hole."""

    def begin(self) -> None:
        self.at = 0
        super().begin()

    def put(self, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(self.at)
            file.write(data)
        self.at += len(data)


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def _number(line: object) -> int:
    if not isinstance(line, bytes) or len(line) > LIMIT:
        return 0
    found = re.match(rb'\{"n": (\d+),', line)
    return int(found[1]) if found else -1


class Disk:
    """The system calls by which the source looks at files; while `rate` is over 0 so many of them fail."""

    CALLS = ("open", "stat", "lstat", "fstat", "pread", "lseek", "scandir")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rng: random.Random) -> None:
        self.rate = 0.0
        self.rng = rng
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._failing(getattr(os, name)))

    def _failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def at_times(*args: Any, **more: Any) -> Any:
            if self.rate and self.rng.random() < self.rate:
                raise OSError(errno.EIO, "Input/output error")
            return call(*args, **more)

        return at_times


class Meanwhile:
    """The same calls; while `rate` is over 0 the writer goes on before so many of them, a step of a rotation or some lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rate = 0.0
        self.rng = random.Random(0)
        self.writer: Writer | None = None
        self._rotating: Iterator[None] = iter(())
        for name in Disk.CALLS:
            monkeypatch.setattr(os, name, self._late(getattr(os, name)))

    def begin(self, writer: Writer) -> None:
        self.writer, self.rng, self._rotating = writer, writer.rng, iter(())

    def _late(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def after_the_writer(*args: Any, **more: Any) -> Any:
            if self.rate and self.rng.random() < self.rate:
                self.step()
            return call(*args, **more)

        return after_the_writer

    def step(self) -> None:
        """A step of the rotation under way; without one, lines, or a rotation begins."""
        rate, self.rate = self.rate, 0.0  # it calls the same functions itself
        try:
            if next(self._rotating, self) is self and self.writer is not None:
                if self.rng.random() < 0.5:
                    self.writer.write()
                else:
                    self._rotating = self.writer.steps()
        finally:
            self.rate = rate

    def finish(self) -> None:
        """Let the rotation under way come to its end."""
        for _ in self._rotating:
            pass


class Reader(Consumer):
    """A consumer on a disk that fails or whose files change at any moment, or that may keep one file open only."""

    disk: Disk | Meanwhile | None = None
    one_open_file = False
    rate = FAILING
    quiet = 0.0  # how often a minute passes without a line

    def _new_source(self, *, first_start: bool):
        source = super()._new_source(first_start=first_start)
        if self.one_open_file:
            source._tracker.handles.most = 1
        return source

    def poll(self, seconds: float = 0.5) -> None:
        self._on_the_disk(lambda: Consumer.poll(self, seconds))

    def read_one(self, max_bytes: int = 1 << 20):
        return self._on_the_disk(lambda: Consumer.read_one(self, max_bytes))

    def _on_the_disk(self, what: Callable[[], Any]) -> Any:
        if self.disk is None:
            return what()
        self.disk.rate = self.rate
        try:
            return what()
        finally:
            self.disk.rate = 0.0


def live(folder: Path, seed: int, pattern: str, reader: type[Reader], writes: type[Writer] = Writer) -> None:
    """One history: at its end each line that stands in the files was read once."""
    rng = random.Random(seed)

    def look() -> None:
        if rng.random() < 0.5:
            consumer.poll()
            for _ in range(rng.randint(0, 6)):
                consumer.read_one(rng.choice([4096, 8192, 1 << 20]))
            if rng.random() < 0.5:
                consumer.save()

    writer = writes(folder, rng, look)
    consumer = reader(folder / pattern, line_bytes=LIMIT)
    busy = reader.disk if isinstance(reader.disk, Meanwhile) else None
    if busy is not None:
        busy.rate = 0.0
        busy.begin(writer)
        consumer.rate = 0.0  # what is rotated before the first look is not meant
    consumer.poll()
    consumer.save()
    consumer.rate = reader.rate
    for _ in range(60):
        if busy is not None:
            rng.choice([busy.step, look, look])()
        else:
            rng.choice([writer.write, writer.write, writer.write, writer.rotate, look, look, look])()
        if rng.random() < 0.08:
            consumer.kill()
        if reader.quiet and rng.random() < reader.quiet:
            consumer.follow()
            consumer.follow(61.0)
    if busy is not None:
        busy.finish()
    writer.finish_line()
    consumer.rate = 0.0  # in the end it answers, and nothing changes any more
    consumer.settle()
    if rng.random() < 0.3:
        consumer.restart()
        consumer.settle()
    counted = collections.Counter(_number(line) for line in consumer.lines)
    written = writer.written()
    consumer.source.close()
    assert {n: c for n, c in counted.items() if n >= 0} == {n: c for n, c in written.items() if n >= 0}, seed


def seeds(first: int, count: int) -> list[range]:
    """Seeds by twenties, one test each."""
    return [range(start, start + 20) for start in range(first, first + count, 20)]


def name(them: range) -> str:
    return f"{them.start}-{them.stop - 1}"


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("histories", seeds(0, scaled(80, 6000)), ids=name)
def test_each_line_once(tmp_path, histories, pattern):
    """Renamed, copied and cut off, compressed, several times between two looks and while the reader is down."""
    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        live(tmp_path / str(seed), seed, pattern, Reader)


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("histories", seeds(140, scaled(40, 1000)), ids=name)
def test_each_line_once_behind_a_symbolic_link(tmp_path, histories, pattern):
    """The folder has two names: its pieces are known by that of the path, also while the log itself is missing."""
    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        (tmp_path / f"to {seed}").symlink_to(str(seed))
        live(tmp_path / f"to {seed}", seed, pattern, Reader)


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("histories", seeds(40_000, scaled(80, 3000)), ids=name)
def test_each_line_once_of_a_writer_that_does_not_append(tmp_path, histories, pattern):
    """Its contents begin alike, with more NULs than are looked at to know a file again."""
    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        live(tmp_path / str(seed), seed, pattern, Reader, AtItsPlace)


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("histories", seeds(50_000, scaled(80, 3000)), ids=name)
def test_each_line_once_of_a_writer_that_goes_on_with_the_renamed_file(tmp_path, histories, pattern):
    """Minutes later and while the reader is down, until the next rotation."""

    class OverMinutes(Reader):
        quiet = 0.3

    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        live(tmp_path / str(seed), seed, pattern, OverMinutes, GoesOn)


@pytest.mark.parametrize("histories", seeds(1000, scaled(80, 6000)), ids=name)
def test_each_line_once_with_one_open_file(tmp_path, histories):
    """What was read can't be held open: it may be compressed or given to another file meanwhile."""

    class OneOpenFile(Reader):
        one_open_file = True

    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        live(tmp_path / str(seed), seed, "app.log*", OneOpenFile)


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("histories", seeds(1000, scaled(80, 1000)), ids=name)
def test_each_line_once_from_a_disk_that_fails_at_times(tmp_path, monkeypatch, histories, pattern):
    """One call in a hundred fails, at every look: what can't be told now is asked again, and never taken for gone."""

    class OnBadDisk(Reader):
        disk = Disk(monkeypatch, random.Random(0))

    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        OnBadDisk.disk.rng.seed(seed + 1)
        live(tmp_path / str(seed), seed, pattern, OnBadDisk)


@pytest.mark.parametrize("writes", [Writer, AtItsPlace])
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("histories", seeds(20_000, scaled(80, 4000)), ids=name)
def test_each_line_once_of_files_that_change_at_any_moment(tmp_path, monkeypatch, histories, pattern, writes):
    """The writer goes on between any two calls of one look: what was asked first may be true no more."""

    class Unsteady(Reader):
        disk = Meanwhile(monkeypatch)
        rate = 0.03

    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        live(tmp_path / str(seed), seed, pattern, Unsteady, writes)


@pytest.mark.parametrize("histories", seeds(30_000, scaled(40, 4000)), ids=name)
def test_each_line_once_of_files_that_change_at_any_moment_with_one_open_file(tmp_path, monkeypatch, histories):
    """What is not held open may be elsewhere by the time that it is opened."""

    class UnsteadyOneOpen(Reader):
        disk = Meanwhile(monkeypatch)
        rate = 0.02
        one_open_file = True

    for seed in histories:
        (tmp_path / str(seed)).mkdir()
        live(tmp_path / str(seed), seed, "app.log*", UnsteadyOneOpen)
