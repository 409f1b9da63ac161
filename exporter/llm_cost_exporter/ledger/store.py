"""The state on disk: one SQLite database, one transaction a save.

Totals, days, ids and positions are written together or not at all, so that a kill at any instant leaves positions and totals
that agree. WAL with synchronous=FULL: what a scrape has seen survives a power cut. Money is text, never summed in SQL.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from llm_cost_exporter.ledger.accounts import GARBAGE, unrow

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator
    from pathlib import Path

    from llm_cost_exporter.ledger.accounts import Row

__all__ = [
    "SCHEMA_VERSION", "Changes", "OtherVersionError", "Store", "UnpricedRow", "UnreadableError", "has_positions", "is_broken",
]  # fmt: skip

SCHEMA_VERSION: Final = 2
KEEP_DAYS: Final = 400
_APPLICATION_ID: Final = 0x4C4C4D43  # "LLMC"

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE account (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, labels TEXT NOT NULL, touched REAL NOT NULL, data BLOB, UNIQUE (kind, labels)
);
CREATE TABLE day (
    zone TEXT NOT NULL, date TEXT NOT NULL, account INTEGER NOT NULL, usd TEXT NOT NULL, PRIMARY KEY (zone, date, account)
) WITHOUT ROWID;
CREATE TABLE unpriced (
    date TEXT NOT NULL, account INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, context TEXT NOT NULL,
    size INTEGER NOT NULL, meter TEXT NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (date, account, provider, model, context, size, meter)
) WITHOUT ROWID;
CREATE TABLE ids (chunk INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE file (key TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
"""


_SELECT_ACCOUNT: Final = "SELECT number, kind, labels, touched, data FROM account"
# An account keeps its labels. Not to write them again leaves their index alone, which is half of the time of a save.
_PUT_ACCOUNT: Final = (
    "INSERT INTO account VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (number) DO UPDATE SET touched = excluded.touched, data = excluded.data"
)
_PUT_ACCOUNT_ANEW: Final = f"{_PUT_ACCOUNT}, labels = excluded.labels"


_SURROUNDINGS: Final = frozenset(
    (
        sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOLFS,
    )
)  # fmt: skip


class OtherVersionError(Exception):
    """The database is of a version that this program does not read."""


class UnreadableError(sqlite3.DatabaseError):
    """A read while running got no answer. Nothing was posted. `broken`: not for now, but because of what the database holds."""

    broken = False


def is_broken(bad: Exception) -> bool:
    """The database itself is wrong; False: what is around it (disk, permissions, locks) may get well again."""
    if isinstance(bad, UnreadableError):
        return bad.broken
    code = getattr(bad, "sqlite_errorcode", None)  # Python's own errors (text that is no UTF-8) have none
    return code is None or code & 0xFF not in _SURROUNDINGS


class UnpricedRow(NamedTuple):
    """Tokens without a price: of one day, account, real model, price variant and prompt size (a tier's lower edge)."""

    date: str
    account: int
    provider: str
    model: str
    context: str  # JSON
    size: int
    meter: str


def has_positions(path: Path) -> bool:
    """Whether the database at `path` can be read and says how far logs were read: then it was saved whole."""
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as db:
            return bool(db.execute("SELECT count(*) FROM file").fetchone()[0])
    except sqlite3.Error:
        return False


@dataclass(slots=True)
class Changes:
    """All that one save writes."""

    accounts: Iterable[Row] = ()  # read once
    days: list[tuple[str, str, int, str]] = field(default_factory=list)  # zone, date, account, usd
    unpriced: list[tuple[UnpricedRow, int]] = field(default_factory=list)  # added to what is there
    billed: list[UnpricedRow] = field(default_factory=list)  # priced now: deleted
    ids: list[tuple[int, bytes]] = field(default_factory=list)
    ids_gone: list[int] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    files_gone: list[str] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    anew: bool = False  # into a database that was made anew: an account's labels there may be broken ones


class Store:
    """The open database. Every method may raise sqlite3.Error."""

    def __init__(self, path: Path, zone: str) -> None:
        self.zone = zone
        self._size_found = path.stat().st_size if path.exists() else 0
        self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
            there = path.stat()
        except BaseException:
            self._db.close()
            raise
        self.file_id = (there.st_dev, there.st_ino)

    def _prepare(self) -> None:
        db = self._db
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and version != SCHEMA_VERSION:
            raise OtherVersionError(f"version {version}, this program reads version {SCHEMA_VERSION}")
        pages, page_bytes = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if not tables and self._size_found != pages * page_bytes:
            # What SQLite takes for an empty database was a cut one; one just made has no page, or its header's alone.
            raise sqlite3.DatabaseError("the database is cut off")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA cache_size=-2000")
        if not tables:
            db.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )
        elif db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("the database is malformed")

    def close(self) -> None:
        self._db.close()

    def copy_to(self, path: Path) -> None:
        """Write a copy of the whole database to `path`; none where it is broken. Raises where the copy can't be written."""
        with closing(sqlite3.connect(path)) as copy:
            try:
                self._db.backup(copy)
            except sqlite3.Error as bad:
                copy.close()
                path.unlink(missing_ok=True)
                if not is_broken(bad):
                    raise

    def salvage(self) -> Changes:
        """What can still be read of a broken database and need not be in memory: label sets, days, unpriced use, what they are."""
        accounts: list[Row] = []
        rows = Changes(accounts=accounts)
        with suppress(*GARBAGE, sqlite3.Error):
            rows.meta = {str(key): str(value) for key, value in self.meta().items()}
        with suppress(sqlite3.Error):
            for row in self._db.execute(_SELECT_ACCOUNT):
                with suppress(*GARBAGE):
                    unrow(row)
                    accounts.append(row)
        with suppress(sqlite3.Error):
            for zone, date, account, usd in self.all_days():
                with suppress(*GARBAGE):
                    rows.days.append((zone, date, account, str(int(usd))))
        with suppress(sqlite3.Error):
            rows.unpriced.extend(self.unpriced())
        return rows

    # what a start reads

    def meta(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT key, value FROM meta"))

    def accounts(self, touched_since: float) -> Iterator[Row]:
        """Accounts with counters that were posted to since then."""
        yield from self._db.execute(
            f"{_SELECT_ACCOUNT} WHERE data IS NOT NULL AND touched >= ? ORDER BY number",
            (touched_since,),
        )

    def all_series(self) -> Iterator[Row]:
        """Every label set, in use or not."""
        yield from self._db.execute(f"{_SELECT_ACCOUNT} WHERE kind = 'series' ORDER BY number")

    def account(self, kind: str, labels: str) -> Row | None:
        """One account, also one that is out of use."""
        found: Row | None = self._db.execute(
            f"{_SELECT_ACCOUNT} WHERE kind = ? AND labels = ?", (kind, labels)
        ).fetchone()
        return found

    def account_numbered(self, number: int) -> Row | None:
        found: Row | None = self._db.execute(f"{_SELECT_ACCOUNT} WHERE number = ?", (number,)).fetchone()
        return found

    def unpriced_rows(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM unpriced").fetchone()[0])

    def highest_number(self) -> int:
        return self._db.execute("SELECT coalesce(max(number), 0) FROM account").fetchone()[0] or 0

    def day(self, date: str) -> dict[int, int]:
        rows = self._db.execute("SELECT account, usd FROM day WHERE zone = ? AND date = ?", (self.zone, date))
        return {account: int(usd) for account, usd in rows}

    def month(self, month: str, without: Collection[str] = ()) -> dict[int, int]:
        """Dollars by account of a month, but for the dates `without`."""
        total: dict[int, int] = {}
        rows = self._db.execute(
            "SELECT date, account, usd FROM day WHERE zone = ? AND date BETWEEN ? AND ?",
            (self.zone, f"{month}-01", f"{month}-31"),
        )
        for date, account, usd in rows:
            if date not in without:
                total[account] = total.get(account, 0) + int(usd)
        return total

    def all_days(self) -> Iterator[tuple[str, str, int, str]]:
        """zone, date, account, usd of every day kept, in order."""
        yield from self._db.execute("SELECT zone, date, account, usd FROM day ORDER BY zone, date, account")

    def ids(self) -> Generator[tuple[int, bytes]]:
        """Chunks of the ring of ids, oldest first."""
        yield from self._db.execute("SELECT chunk, data FROM ids ORDER BY chunk")

    def files(self) -> Iterator[tuple[str, str]]:
        yield from self._db.execute("SELECT key, data FROM file ORDER BY key")

    def unpriced(self) -> Iterator[tuple[UnpricedRow, int]]:
        for *row, tokens in self._db.execute(
            "SELECT date, account, provider, model, context, size, meter, tokens FROM unpriced ORDER BY 1, 2, 3, 4, 5, 6, 7"
        ):
            yield UnpricedRow(*row), tokens

    # what a save writes

    def save(self, changes: Changes) -> None:
        """Write all of `changes`, or nothing."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany(_PUT_ACCOUNT_ANEW if changes.anew else _PUT_ACCOUNT, changes.accounts)
            db.executemany("INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?)", changes.days)
            db.executemany(
                "DELETE FROM unpriced WHERE date = ? AND account = ? AND provider = ? AND model = ? AND context = ? AND size = ? AND meter = ?",
                changes.billed,
            )
            db.executemany(
                "INSERT INTO unpriced VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens",
                [(*row, tokens) for row, tokens in changes.unpriced],
            )
            db.executemany("INSERT OR REPLACE INTO ids VALUES (?, ?)", changes.ids)
            db.executemany("DELETE FROM ids WHERE chunk = ?", [(chunk,) for chunk in changes.ids_gone])
            db.executemany("INSERT OR REPLACE INTO file VALUES (?, ?)", changes.files)
            db.executemany("DELETE FROM file WHERE key = ?", [(key,) for key in changes.files_gone])
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(changes.meta.items()))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def merge(self, moves: Iterable[tuple[int, int]], changes: Changes) -> None:
        """Labels were dropped: accounts (first number) go into others (second), their days are added up."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            for source, target in moves:
                for zone, date, usd in list(db.execute("SELECT zone, date, usd FROM day WHERE account = ?", (source,))):
                    there = db.execute(
                        "SELECT usd FROM day WHERE zone = ? AND date = ? AND account = ?", (zone, date, target)
                    ).fetchone()
                    total = int(usd) + (int(there[0]) if there else 0)
                    db.execute("INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?)", (zone, date, target, str(total)))
                for *key, tokens in list(
                    db.execute(
                        "SELECT date, provider, model, context, size, meter, tokens FROM unpriced WHERE account = ?",
                        (source,),
                    )
                ):
                    date, *rest = key
                    db.execute(
                        "INSERT INTO unpriced VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens",
                        (date, target, *rest, tokens),
                    )
                db.execute("DELETE FROM day WHERE account = ?", (source,))
                db.execute("DELETE FROM unpriced WHERE account = ?", (source,))
                db.execute("DELETE FROM account WHERE number = ?", (source,))
            # Two passes, since a set's new labels may be what another one's still are.
            db.execute("UPDATE account SET labels = 'moving ' || number WHERE kind = 'series'")
            db.executemany(
                "UPDATE account SET labels = ?3, touched = ?4, data = ?5 WHERE number = ?1 AND kind = ?2",
                changes.accounts,
            )
            db.executemany("INSERT OR REPLACE INTO ids VALUES (?, ?)", changes.ids)
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(changes.meta.items()))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def prune(self, *, idle_before: float, days_before: str) -> None:
        """Counters idle since then leave the state, days before that date too, and the label sets that nothing names any more."""
        with closing(self._db.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                cursor.execute("UPDATE account SET data = NULL WHERE touched < ? AND data IS NOT NULL", (idle_before,))
                cursor.execute("DELETE FROM day WHERE date < ?", (days_before,))
                cursor.execute("DELETE FROM unpriced WHERE date < ?", (days_before,))
                cursor.execute(
                    "DELETE FROM account WHERE data IS NULL AND number NOT IN (SELECT account FROM day)"
                    " AND number NOT IN (SELECT account FROM unpriced)"
                )
                cursor.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
