"""A state that fails when told to, and a log that the real pipeline reads from memory."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llm_cost_exporter.accounting import Accountant
from llm_cost_exporter.config import Config, SourceConfig
from llm_cost_exporter.ledger import Ledger, Route, StateDir, Store
from llm_cost_exporter.pipeline import Pipeline
from llm_cost_exporter.saving import Saver
from llm_cost_exporter.source import Position
from llm_cost_exporter.source.batch import Batch
from llm_cost_exporter.times import Calendar
from tests.kit import LOG, FakeBook, FakeClock


def failure(code: int = sqlite3.SQLITE_IOERR) -> sqlite3.OperationalError:
    bad = sqlite3.OperationalError("disk I/O error")
    bad.sqlite_errorcode = code
    return bad


class Faulty:
    """A connection that fails with probability `reads` at a SELECT and `writes` at any other statement."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.reads = self.writes = 0.0
        self.choose = random.Random(1)
        self.before: Callable[[str], None] | None = None

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if self.before is not None:
            self.before(statement)
        share = self.reads if statement.startswith("SELECT") else self.writes
        if statement != "ROLLBACK" and self.choose.random() < share:
            raise failure()
        return self._db.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def make_faulty(store: Store) -> Faulty:
    store._db = faulty = Faulty(store._db)  # type: ignore[assignment]
    return faulty


class LogFile:
    """One file in memory, with its position (as much of source.FollowedFile as the pipeline uses)."""

    def __init__(self, position: Position) -> None:
        self.entry = SourceConfig(paths=("log",))
        self.position = position
        self.path = "log"
        self.mtime_ns = 0


class Log:
    """Lines in memory, handed on a few at a time (as much of source.Source as pipeline and saver use)."""

    def __init__(self, lines: list[bytes], position: Position | None) -> None:
        self.lines = lines
        self.file = LogFile(position or Position(entry="log"))
        self.most = 7
        self._changed = False

    def read(self, _: int) -> Batch | None:
        at = self.file.position.done_until
        lines = self.lines[at : at + self.most]  # an offset is a line's number here
        begins = list(range(at, at + len(lines)))
        return Batch(self.file, lines, at, at + len(lines), tail=None, begins=begins) if lines else None  # type: ignore[arg-type]

    def done(
        self, batch: Batch, *, offset: int, parts: Any, format_state: dict[str, Any], previous_time: float | None
    ) -> None:
        position = self.file.position
        position.offset = position.done_until = batch.end
        position.format_state, position.previous_time = format_state, previous_time
        self._changed = True

    def note(self, file: LogFile, *, format_state: dict[str, Any], previous_time: float | None) -> None:
        self._changed = True

    def changed_positions(self) -> list[Position]:
        return [self.file.position] if self._changed else []

    def forgotten(self) -> list[str]:
        return []

    def saved(self) -> None:
        self._changed = False

    def save_all(self) -> None:
        self._changed = True


class Process:
    """The data path as `run` has it, but for files and the web: state, log, pipeline, saver."""

    def __init__(self, folder: Path, config: Config, clock: FakeClock, lines: list[bytes]) -> None:
        self.folder, self.config, self.clock, self.lines = folder, config, clock, lines
        self.book = FakeBook()
        self.start()

    def start(self) -> None:
        self.state = StateDir(self.folder, LOG, self.clock)
        self.state.take()
        found: list[Position] = []

        def load(store: Store) -> None:
            found[:] = [Position.from_json(key, data) for key, data in store.files()]
            self.ledger = Ledger(self.config, Calendar(self.config.timezone), self.book, store, self.clock.wall())

        store = self.state.open(self.config.timezone, load)
        self.log = Log(self.lines, found[0] if found else None)
        accountant: Accountant[Route] = Accountant(self.book, self.ledger.ids, self.ledger)
        self.pipeline = Pipeline(self.config, self.log, accountant, self.ledger, self.clock, LOG)  # type: ignore[arg-type]
        self.saver = Saver(self.state, store, self.ledger, self.log, self.clock, LOG)  # type: ignore[arg-type]

    def kill(self) -> None:
        self.saver.store.close()
        self.state.release()

    def read_all(self) -> None:
        while self.pipeline.step():
            pass

    def become_ready(self) -> bool:
        if self.ledger.in_backlog and self.saver.save():
            self.ledger.ready()
            self.saver.save()
        return not self.ledger.in_backlog

    def public(self) -> dict[tuple[str, ...], int]:
        """All that a scrape sees, by series."""
        seen: dict[tuple[str, ...], int] = {}
        if self.ledger.in_backlog:
            return seen
        for kind in ("series", "pair", "span"):
            for account in self.ledger.alive(kind):
                for family, samples in account.families.items():
                    for name, sample in samples.items():
                        seen[kind, *account.labels, family, name] = sample.public
                for name, histogram in account.histograms.items():
                    seen[kind, *account.labels, name, "sum"] = histogram.public_sum
                    for bucket, count in enumerate(histogram.public_counts):
                        seen[kind, *account.labels, name, str(bucket)] = count
        return seen


def line(model: str, when: float, tokens: tuple[int, int], call: str | None, app: str = "checkout") -> bytes:
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    record: dict[str, Any] = {"model": model, "provider": "openai", "time": when, "app": app, "usage": usage}
    if call is not None:
        record["request_id"] = call
    return json.dumps(record).encode()
