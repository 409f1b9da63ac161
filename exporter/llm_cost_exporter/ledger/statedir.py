"""The state directory: its lock, the database (set aside when broken, never deleted) and the ledger's identity.

state.db            the state (store.py)
state.db.broken-…   a state that could not be read, kept as it was
begun-anew          names the one of these in whose place a new state was begun that has no positions yet
ledger.json         whose ledger this is, and how often a state was lost; a file of its own, so that it outlives the database
lock                held while an exporter runs
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from llm_cost_exporter.errors import ExporterError, StateUnavailableError
from llm_cost_exporter.files import read_bounded, refuse_pipe
from llm_cost_exporter.ledger.accounts import GARBAGE
from llm_cost_exporter.ledger.store import OtherVersionError, Store, has_positions, is_broken

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path

    from llm_cost_exporter.types import Clock

__all__ = ["RESET_REASONS", "StateDir"]

# What may pass without anyone touching the configuration.
_DISK: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO))
_DATABASE_DISK: Final = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY))

_LONGEST_IDENTITY: Final = 1 << 20

RESET_REASONS: Final = ("corrupt", "version", "removed")


class StateDir:
    """One exporter's state directory. Raises ExporterError (one line) where it can't be used."""

    def __init__(self, path: Path, log: logging.Logger, clock: Clock) -> None:
        self.path = path
        self.database = path / "state.db"
        self._identity_file = path / "ledger.json"
        self._begun_anew = path / "begun-anew"
        self._is_whole = True  # False: what is in the directory still waits for its first save
        self._log = log
        self._clock = clock
        self._lock: int | None = None
        self.ledger: str | None = None
        self.lost = False  # this start found no state where one had been
        self.resets: dict[str, int] = dict.fromkeys(RESET_REASONS, 0)

    def take(self) -> None:
        """Make the directory and lock it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as bad:
            kind = StateUnavailableError if bad.errno in _DISK else ExporterError
            raise kind(
                f"state_dir {self.path}: {(bad.strerror or str(bad)).lower()}; a directory that this user can write would be right"
            ) from bad
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as bad:
            holder = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip() or "?"
            os.close(self._lock)
            self._lock = None
            raise ExporterError(
                f"state_dir {self.path}: another llm-cost-exporter (pid {holder}) is using it; give each its own --state-dir"
            ) from bad
        with suppress(OSError):  # on a full disk the lock holds without our pid in it
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self._read_identity()

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def open(self, zone: str, load: Callable[[Store], None]) -> Store:
        """The store, loaded by `load`; a state that can't be read is set aside and a new one begun."""
        self._take_up_the_one_before()
        fresh = not self.database.exists() or self.database.stat().st_size == 0
        if fresh and self._identity_known() and not self.lost:
            # Positions and totals are gone, but a ledger has been here: the logs are read anew, and that is to be known.
            self._lost("removed", "the state is gone")
        try:
            return self._try(zone, load)
        except OtherVersionError as other:
            self._set_aside("version", f"is of another version ({other})")
        except sqlite3.Error as bad:
            if not is_broken(bad):
                kind = StateUnavailableError if bad.sqlite_errorcode & 0xFF in _DATABASE_DISK else ExporterError
                raise kind(
                    f"{self.database}: {bad}; a database that this user can read and write would be right"
                ) from bad
            self._set_aside("corrupt", f"can't be read ({bad})")
        except GARBAGE as bad:
            self._set_aside("corrupt", f"can't be read ({type(bad).__name__}: {bad})")
        try:
            return self._try(zone, load)
        except sqlite3.Error as bad:
            raise ExporterError(f"{self.database}: {bad}") from bad

    def owns(self, store: Store) -> bool:
        """The open database is still the one in the directory."""
        try:
            there = self.database.stat()
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == store.file_id

    def renew(self, store: Store, reason: str, what: str) -> Store:
        """A new store in the place of `store`, which is gone or broken, with what can still be read of it.

        One that was broken is taken up again by the next start if there is no `whole` before it: the new one has totals, and
        no positions yet. Raises sqlite3.Error or OSError; `store` is then as it was, but for a failure in the last steps.
        """
        zone, owned = store.zone, self.owns(store)
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock_again()
        new = self.path / f"{self.database.name}.new"
        _remove(new)
        if owned:
            _rebuild(store, new)
        else:
            store.copy_to(new)  # the open file is still readable, and has the days that are not in memory
        aside = self._aside_name()
        if owned:
            _write_safely(self._begun_anew, f"{aside}\n".encode())
            self._is_whole = False
        store.close()  # before another is at its path: SQLite removes the log of what it closes by name
        if owned:
            self._rename(self.database.name, aside)
            what = f"{what}; set aside as {aside}"
        elif self.database.exists():
            self._rename(self.database.name, aside)
            what = f"{what}; the one in its place is set aside as {aside}"
        _remove(self.database)  # a log of the database that is gone would spoil the new one
        if new.exists():
            new.replace(self.database)
        fresh = Store(self.database, zone)
        self._log.error("state: %s %s; written anew from memory", self.database, what)
        self.resets[reason] += 1
        self._write_identity()
        return fresh

    def whole(self) -> None:
        """All was saved: what is in the directory stands for itself."""
        if not self._is_whole:
            try:
                self._begun_anew.unlink(missing_ok=True)
            except OSError as bad:  # what was saved is saved, and has positions
                self._log.error("state: %s can't be removed: %s", self._begun_anew, bad.strerror)
            self._is_whole = True

    def _take_up_the_one_before(self) -> None:
        """If a new state was begun in the place of a broken one, and never saved whole: put that one back."""
        try:
            name = self._begun_anew.read_text(errors="replace").strip()
        except FileNotFoundError:
            return
        except OSError as bad:
            raise ExporterError(
                f"{self._begun_anew}: {(bad.strerror or str(bad)).lower()}; a file that this user can read would be right"
            ) from bad
        try:
            is_aside = name.startswith(f"{self.database.name}.") and os.sep not in name and (self.path / name).exists()
            # One that has positions was saved whole, perhaps by a version of this program that does not know the mark.
            if is_aside and not (self.database.exists() and has_positions(self.database)):
                if self.database.exists():
                    self._rename(self.database.name, self._aside_name())
                self._rename(name, self.database.name)
                self._log.error(
                    "state: %s was begun anew and never saved whole; the one before, %s, is taken up again",
                    self.database,
                    name,
                )
            self._begun_anew.unlink()
        except OSError as bad:
            kind = StateUnavailableError if bad.errno in _DISK else ExporterError
            raise kind(
                f"state_dir {self.path}: {(bad.strerror or str(bad)).lower()}; a directory that this user can write would be right"
            ) from bad

    def _lock_again(self) -> None:
        """If the directory was removed with its lock, lock the new one. Raises OSError where another exporter was faster."""
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if self._lock is not None and os.path.samestat(os.fstat(lock), os.fstat(self._lock)):
            os.close(lock)
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        self.release()
        self._lock = lock

    def _try(self, zone: str, load: Callable[[Store], None]) -> Store:
        store = Store(self.database, zone)
        try:
            load(store)
        except BaseException:
            store.close()
            raise
        return store

    def _set_aside(self, reason: str, what: str) -> None:
        name = self._aside_name()
        try:
            self._rename(self.database.name, name)
        except OSError as bad:
            raise ExporterError(f"{self.database}: {what} and can't be set aside: {bad.strerror}") from bad
        self._lost(reason, f"{what}; set aside as {name}")

    def _aside_name(self) -> str:
        """A new name for a database that is set aside."""
        stamp = datetime.fromtimestamp(self._clock.wall(), UTC).strftime("%Y%m%dT%H%M%S")
        name, number = f"{self.database.name}.broken-{stamp}", 1
        while (self.path / name).exists():
            number += 1
            name = f"{self.database.name}.broken-{stamp}-{number}"
        return name

    def _rename(self, name: str, other: str) -> None:
        """Give the database `name` another one, last of all its parts."""
        for suffix in ("-wal", "-shm", ""):
            part = self.path / f"{name}{suffix}"
            if part.exists():
                part.rename(self.path / f"{other}{suffix}")

    def _lost(self, reason: str, what: str) -> None:
        self.lost = True
        self._log.error("state: %s: %s; the logs that are still there are read anew", self.database, what)
        self.resets[reason] += 1
        self._write_identity()

    # the identity

    def learn(self, ledger: str) -> None:
        """This is whose ledger it is, from now on."""
        if ledger != self.ledger:
            self.ledger = ledger
            self._write_identity()

    def _identity_known(self) -> bool:
        return self.ledger is not None

    def _read_identity(self) -> None:
        try:
            refuse_pipe(self._identity_file)
            data = orjson.loads(read_bounded(self._identity_file, _LONGEST_IDENTITY))
            ledger = data["ledger"]
            if ledger is not None and not isinstance(ledger, str):
                raise TypeError("ledger is no text")
            resets = {reason: int(data["state_resets"].get(reason, 0)) for reason in RESET_REASONS}
        except FileNotFoundError:
            return
        except (OSError, *GARBAGE) as bad:
            self._log.error("state: %s can't be read (%s); it is written anew", self._identity_file, type(bad).__name__)
            return
        self.ledger, self.resets = ledger, resets

    def _write_identity(self) -> None:
        data = orjson.dumps({"ledger": self.ledger, "state_resets": self.resets}, option=orjson.OPT_INDENT_2)
        try:
            _write_safely(self._identity_file, data)
        except OSError as bad:
            self._log.error("state: %s can't be written: %s", self._identity_file, bad.strerror)


def _write_safely(path: Path, data: bytes) -> None:
    """All of `data`, or what was there before. Raises OSError."""
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _rebuild(store: Store, path: Path) -> None:
    """A new database at `path` with what can still be read of `store`."""
    rows = store.salvage()
    fresh = Store(path, store.zone)
    try:
        fresh.save(rows)
    except sqlite3.Error as bad:
        if not is_broken(bad):
            raise  # the disk is full: later
        # What was read contradicts itself: the new one begins empty.
    finally:
        fresh.close()


def _remove(database: Path) -> None:
    """The file itself last: as long as it is there, its parts may be."""
    for suffix in ("-wal", "-shm", "-journal", ""):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
