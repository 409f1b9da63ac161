"""For tests of how lines are read: a reader with the default labels, and short ways to ask it."""

from __future__ import annotations

import json
from typing import Any

from llm_cost_exporter.config.model import DEFAULT_LABEL_PATHS
from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.record import EntryReader, Outcome, RecordReader
from llm_cost_exporter.types import KIND_OF_METER, Usage

NOW = 1_790_000_000.0  # 2026-09-21
MTIME = NOW - 60


def new_reader(only: str = "auto", *, line_bytes: int = 1 << 20, state: dict[str, Any] | None = None) -> RecordReader:
    """A reader of one file with the labels app and team."""
    labels = LabelReader(tuple(DEFAULT_LABEL_PATHS), DEFAULT_LABEL_PATHS)
    return EntryReader(only, labels, line_bytes=line_bytes).file("/var/log/usage.jsonl", state=state)


def as_line(record: Any) -> bytes:
    """A record as its line; bytes and text as they are."""
    if isinstance(record, bytes):
        return record
    return (record if isinstance(record, str) else json.dumps(record)).encode("utf-8", "surrogatepass")


def outcome_of(record: Any, only: str = "auto") -> Outcome:
    """What the only line of a file gives."""
    return new_reader(only).read(as_line(record), 0, MTIME, NOW)


def outcomes_of(*records: Any) -> list[Outcome]:
    """What the lines of a file give, one after the other."""
    reader, offset, found = new_reader(), 0, []
    for line in map(as_line, records):
        found.append(reader.read(line, offset, MTIME, NOW))
        offset += len(line) + 1
    return found


def calls_of(record: Any) -> list[Usage]:
    """The calls of the only line of a file, which gives some."""
    found = outcome_of(record)
    assert isinstance(found, list), found
    return found


def call_of(record: Any) -> Usage:
    """The call of the only line of a file, which gives just one."""
    (call,) = calls_of(record)
    return call


def by_kind(call: Usage) -> dict[str, int]:
    """The tokens of a call by kind."""
    kinds: dict[str, int] = {}
    for meter, count in call.tokens.items():
        kinds[KIND_OF_METER[meter]] = kinds.get(KIND_OF_METER[meter], 0) + count
    return kinds


def total(call: Usage) -> int:
    """All tokens of a call."""
    return sum(call.tokens.values())
