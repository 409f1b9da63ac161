"""A source under test: a clock that is turned by hand, and a consumer that counts lines and saves positions as the pipeline does."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from llm_cost_exporter.config import SourceConfig
from llm_cost_exporter.source import Batch, Position, Source

LOG = logging.getLogger("tests.source")
Lines = list[Any]  # of bytes and TooLong


class HandClock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0
        self.ticks = 1000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.ticks

    def cpu(self) -> float:
        return 0.0

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        self.ticks += seconds


class Consumer:
    """Reads lines, counts them, saves; `kill` and go on from the last save, as the exporter would after SIGKILL."""

    def __init__(self, *paths: str | Path, line_bytes: int = 1 << 20, **settings: object) -> None:
        self.entries = [SourceConfig(paths=tuple(str(path) for path in paths), **settings)]  # type: ignore[arg-type]
        self.line_bytes = line_bytes
        self.clock = HandClock()
        self.rows: dict[str, str] = {}  # what is on disk
        self.saved_lines: Lines = []
        self.lines: Lines = []
        self.batches: list[Batch] = []
        self.source = self._new_source(first_start=True)

    def _new_source(self, *, first_start: bool) -> Source:
        saved = [Position.from_json(key, text) for key, text in self.rows.items()]
        return Source(
            self.entries, saved, line_bytes=self.line_bytes, clock=self.clock, log=LOG, first_start=first_start
        )  # fmt: skip

    def poll(self, seconds: float = 0.5) -> None:
        self.clock.pass_seconds(seconds)
        self.source.poll()

    def read_one(self, max_bytes: int = 1 << 20) -> Batch | None:
        batch = self.source.read(max_bytes)
        if batch is not None:
            self.batches.append(batch)
            offsets = [offset for offset, _ in batch.items()]
            assert len(offsets) == len(batch.lines)
            assert offsets == sorted(offsets)
            self.lines += batch.lines
            self.source.done(batch, offset=batch.end, parts=[], format_state={}, previous_time=None)
        return batch

    def next_batch(self, max_bytes: int = 1 << 20) -> Batch:
        """The next batch, not done yet."""
        batch = self.source.read(max_bytes)
        assert batch is not None
        return batch

    def read(self, max_bytes: int = 1 << 20) -> Lines:
        """Read all there is now; the lines of it."""
        before = len(self.lines)
        while self.read_one(max_bytes) is not None:
            pass
        return self.lines[before:]

    def follow(self, seconds: float = 0.5) -> Lines:
        """Poll and read."""
        self.poll(seconds)
        return self.read()

    def settle(self) -> Lines:
        """Poll and read until all that was rotated away has ended."""
        before = len(self.lines)
        for _ in range(6):
            self.follow()
        for _ in range(4):
            self.follow(61.0)
        return self.lines[before:]

    def save(self) -> None:
        for position in self.source.changed_positions():
            self.rows[position.key] = position.to_json()
        for key in self.source.forgotten():
            self.rows.pop(key, None)
        self.source.saved()
        self.saved_lines = list(self.lines)

    def kill(self) -> None:
        """Nothing but the last save is left; the next start reads on from it."""
        self.source.close()
        self.lines = list(self.saved_lines)
        self.source = self._new_source(first_start=not self.rows)

    def restart(self) -> None:
        self.save()
        self.kill()

    def states(self) -> dict[str, str]:
        return {Path(status.path).name: status.state for status in self.source.files()}


def append(path: Path, *lines: str | bytes, end: bytes = b"\n") -> None:
    with path.open("ab") as file:
        for line in lines:
            file.write((line.encode() if isinstance(line, str) else line) + end)


def numbered(first: int, last: int) -> list[bytes]:
    """Lines that tell which one they are."""
    return [b'{"n": %d, "text": "%s"}' % (n, b"x" * (n % 50)) for n in range(first, last)]
