"""Reading a state directory from outside, while an exporter may be using it: for `state show` and `state export`."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from llm_cost_exporter import money
from llm_cost_exporter.errors import ExporterError, UsageError
from llm_cost_exporter.idchunk import count_rows
from llm_cost_exporter.ledger.accounts import GARBAGE, Account, unrow
from llm_cost_exporter.ledger.store import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Contents", "read_contents"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a state holds. Money is 1e-24 USD."""

    ledger: str | None
    stats: dict[str, Any]
    label_names: tuple[str, ...]  # provider, model, then the configured ones
    series: list[Account]
    days: list[tuple[str, str, tuple[str, ...], int]]  # zone, date, label values, amount
    files: list[dict[str, Any]]
    ids: int

    def total(self) -> int:
        return sum(sample.value for account in self.series for sample in account.families["usd"].values())

    def as_json(self) -> dict[str, Any]:
        """The whole state as plain data; amounts are exact decimals in USD."""
        return {
            "ledger": self.ledger,
            "labels": list(self.label_names),
            "stats": self.stats,
            "series": [
                {
                    "labels": dict(zip(self.label_names, account.labels, strict=True)),
                    "usd": {kind: money.plain(sample.value) for kind, sample in account.families["usd"].items()},
                    "tokens": {kind: sample.value for kind, sample in account.families["tokens"].items()},
                    "requests": sum(sample.value for sample in account.families["requests"].values()),
                    "failures": {reason: sample.value for reason, sample in account.families["failures"].items()},
                    "reported_usd": money.plain(sum(sample.value for sample in account.families["reported"].values())),
                }
                for account in self.series
            ],
            "days": [
                {
                    "zone": zone,
                    "date": date,
                    "labels": dict(zip(self.label_names, labels, strict=True)),
                    "usd": money.plain(amount),
                }
                for zone, date, labels, amount in self.days
            ],
            "files": self.files,
        }


def read_contents(directory: Path) -> Contents:
    """The contents of a state directory. Raises UsageError where there is none, ExporterError where it can't be read."""
    database = directory / "state.db"
    if not database.is_file():
        raise UsageError(f"{directory}: no state there; the state_dir of an exporter would be right")
    try:
        try:
            return _read_database(database, "mode=ro")
        except sqlite3.OperationalError as bad:
            # Where nothing can be written SQLite can't make the files by which it would share the database: nobody else writes there either.
            if bad.sqlite_errorcode != sqlite3.SQLITE_CANTOPEN or database.with_name("state.db-wal").exists():
                raise
            return _read_database(database, "mode=ro&immutable=1")
    except (sqlite3.Error, RecursionError, *GARBAGE) as bad:
        raise ExporterError(f"{database}: can't be read ({bad})") from bad


def _read_database(database: Path, how: str) -> Contents:
    db = sqlite3.connect(f"file:{_quoted(database)}?{how}", uri=True, isolation_level=None)
    try:
        return _read(db)
    finally:
        db.close()


def _read(db: sqlite3.Connection) -> Contents:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise ValueError(f"a state of version {version}, this program reads version {SCHEMA_VERSION}")
    db.execute("BEGIN")  # one moment of a state that goes on changing
    meta = dict(db.execute("SELECT key, value FROM meta"))
    names = ("provider", "model", *orjson.loads(meta.get("labels", "[]")))
    labels: dict[int, tuple[str, ...]] = {}
    series = []
    for row in db.execute(
        "SELECT number, kind, labels, touched, data FROM account WHERE kind = 'series' ORDER BY number"
    ):
        account = unrow(row)
        labels[account.number] = account.labels
        if row[-1] is not None:
            series.append(account)
    days = [
        (zone, date, labels[number], int(usd))
        for zone, date, number, usd in db.execute(
            "SELECT zone, date, account, usd FROM day ORDER BY zone, date, account"
        )
    ]
    return Contents(
        ledger=meta.get("ledger"),
        stats=orjson.loads(meta["stats"]) if "stats" in meta else {},
        label_names=names,
        series=series,
        days=days,
        files=[_position(data) for (data,) in db.execute("SELECT data FROM file ORDER BY key")],
        ids=sum(count_rows(data) for (data,) in db.execute("SELECT data FROM ids")),
    )


def _position(data: str) -> Any:
    """A position as it can be printed: a byte of a file's name that is no UTF-8 is spelled out."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:  # json, which writes positions, escapes such a byte; orjson reads no such escape
        return _spelled_out(json.loads(data))


def _spelled_out(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_spelled_out(key): _spelled_out(inner) for key, inner in value.items()}
    return [_spelled_out(inner) for inner in value] if isinstance(value, list) else value


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
