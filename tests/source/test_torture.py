"""A writer that rotates at random and a reader that is killed at random: each line once."""

from __future__ import annotations

import collections
import gzip
import os
import random
import re
from pathlib import Path

import pytest

from tests.source.following import Consumer

LIMIT = 4096
KINDS = ("rename", "copytruncate", "compress")


class Writer:
    """Appends numbered lines to app.log, now and then in two parts, and rotates it; `pause` is called where a reader may look."""

    def __init__(self, folder: Path, rng: random.Random, pause) -> None:
        self.folder, self.path, self.rng, self.pause = folder, folder / "app.log", rng, pause
        self.by_date = rng.random() < 0.3
        self.kinds = ["rename", "compress"] if self.by_date else rng.sample(KINDS, rng.randint(1, 3))
        self.number = 0
        self.rotations = 0
        self.rest = b""  # of a line that is half written
        self.path.touch()

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
        _append(self.path, data)

    def finish_line(self) -> None:
        _append(self.path, self.rest)
        self.rest = b""

    def rotate(self) -> None:
        getattr(self, self.rng.choice(self.kinds))()

    def _make_room(self) -> Path:
        self.rotations += 1
        if self.by_date:
            return self.folder / f"app.log-{20260100 + self.rotations}"
        pieces = {
            int(found[1]): path for path in self.folder.iterdir() if (found := re.search(r"log\.(\d+)", path.name))
        }
        for number in sorted(pieces, reverse=True):
            pieces[number].rename(self.folder / pieces[number].name.replace(f".{number}", f".{number + 1}"))
        return self.folder / "app.log.1"

    def rename(self) -> None:
        if self.rng.random() < 0.5:
            self.finish_line()
        piece = self._make_room()
        self.path.rename(piece)
        if self.rest and self.rng.random() < 0.7:  # else the line is broken off for good
            _append(piece, self.rest)
        whole, self.rest = piece.read_bytes().endswith(b"\n"), b""
        if self.rng.random() < 0.2:
            self.pause()
        self.path.touch()
        if whole and self.rng.random() < 0.3:
            _append(piece, self.line())

    def copytruncate(self) -> None:
        self.finish_line()
        piece = self._make_room()
        data = self.path.read_bytes()
        cut = self.rng.randint(0, len(data))
        _append(piece, data[:cut])
        self.pause()
        _append(piece, data[cut:])
        self.pause()
        os.truncate(self.path, 0)

    def compress(self) -> None:
        pieces = [
            path for path in self.folder.iterdir() if path != self.path and path.suffix != ".gz" and path.stat().st_size
        ]
        if not pieces:
            return
        piece = self.rng.choice(sorted(pieces))
        packed, data = piece.with_name(piece.name + ".gz"), gzip.compress(piece.read_bytes())
        cut = self.rng.randint(0, len(data))
        _append(packed, data[:cut])
        self.pause()
        _append(packed, data[cut:])
        os.utime(packed, ns=(0, piece.stat().st_mtime_ns))
        self.pause()
        piece.unlink()

    def written(self) -> collections.Counter[int]:
        """How often each line stands in what is left on disk, and (as 0) how many are over the limit."""
        counts: collections.Counter[int] = collections.Counter()
        for path in self.folder.iterdir():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            counts.update(_number(line) for line in data.removesuffix(b"\n").split(b"\n") if data)
        return counts


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def _number(line: object) -> int:
    if not isinstance(line, bytes) or len(line) > LIMIT:
        return 0
    found = re.match(rb'\{"n": (\d+),', line)
    return int(found[1]) if found else -1


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("seed", range(40))
def test_each_line_once(tmp_path, seed, pattern):
    """Renamed, copied and cut off, compressed, several times between two looks and while the reader is down."""
    rng = random.Random(seed)

    def look() -> None:
        if rng.random() < 0.5:
            consumer.poll()
            for _ in range(rng.randint(0, 6)):
                consumer.read_one(rng.choice([4096, 8192, 1 << 20]))
            if rng.random() < 0.5:
                consumer.save()

    writer = Writer(tmp_path, rng, look)
    consumer = Consumer(tmp_path / pattern, line_bytes=LIMIT)
    consumer.poll()
    consumer.save()
    for _ in range(60):
        rng.choice([writer.write, writer.write, writer.write, writer.rotate, look, look, look])()
        if rng.random() < 0.08:
            consumer.kill()
    writer.finish_line()
    consumer.settle()
    if rng.random() < 0.3:
        consumer.restart()
        consumer.settle()
    counted = collections.Counter(_number(line) for line in consumer.lines)
    assert {n: c for n, c in counted.items() if n >= 0} == {n: c for n, c in writer.written().items() if n >= 0}
    consumer.source.close()
