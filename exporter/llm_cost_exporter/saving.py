"""Saves: at most one a second, fewer where they are much work, each in one transaction; and what happens when one fails.

While saves fail the counters on /metrics stand still (their values are not safe yet) and the day gauges go on. A database that was
removed or replaced under us, or that has become unreadable, is begun anew from memory; the broken one is set aside.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.ledger.store import UnreadableError

if TYPE_CHECKING:
    import logging

    from llm_cost_exporter.ledger import Ledger, StateDir, Store
    from llm_cost_exporter.source import Source
    from llm_cost_exporter.types import Clock

__all__ = ["Saver"]

_INTERVAL: Final = 1.0
_TIMES_ITS_WORK: Final = (
    100  # so that saves take 1 % of a core at most: 600 label sets that change can be saved every second
)
_LONGEST_INTERVAL: Final = 5.0
_BACKLOG_INTERVAL: Final = 3.0  # nothing is shown before the backlog is read: fewer saves, no less safe
_SLACK: Final = 0.05  # ticks come every half second: one that is a hair early must not wait for the next
_REMIND: Final = 60.0  # seconds between two messages that saves still fail
_PRUNE: Final = 24 * 3600.0
_IDLE_DAYS: Final = 35
_KEEP_DAYS: Final = 400
_DAY: Final = 86_400.0


class Saver:
    """Writes the ledger and the positions to the state directory."""

    def __init__(
        self, state: StateDir, store: Store, ledger: Ledger, source: Source, clock: Clock, log: logging.Logger
    ) -> None:
        self.store = store
        self.ledger = ledger
        self.source = source
        self.failures = 0
        self.last_save = 0.0  # epoch seconds
        self.last_seconds = 0.0
        self._state = state
        self._clock = clock
        self._log = log
        self._work = 0.0  # seconds of a core that the last save took: waiting for the disk is none
        self._last_try = float("-inf")  # monotonic
        self._last_prune = float("-inf")
        self._failing_since: float | None = None
        self._said: float = float("-inf")

    @property
    def failing(self) -> bool:
        """The last try failed."""
        return self._failing_since is not None

    def due(self) -> bool:
        """Something changed, and the last save is long enough ago."""
        shortest = _BACKLOG_INTERVAL if self.ledger.in_backlog else _INTERVAL
        interval = max(shortest, min(_TIMES_ITS_WORK * self._work, _LONGEST_INTERVAL))
        return self._clock.monotonic() - self._last_try >= interval - _SLACK and (
            self.ledger.changed() or self.ledger.reads.broken is not None or bool(self.source.changed_positions())
        )

    def save(self) -> bool:
        """Save now. False: it failed (counted, said at a bounded rate; the next call tries again).

        While a batch is posted in part nothing may be written: positions and totals would not agree.
        """
        before = self._clock.cpu()
        try:
            return self._save()
        finally:
            self._work = 0.0 if self.failing else self._clock.cpu() - before

    def _save(self) -> bool:
        started, now = self._clock.monotonic(), self._clock.wall()
        self._last_try = started
        try:
            broken = self.ledger.reads.broken
            if not self._state.owns(self.store):
                self._begin_anew("removed", "was removed or replaced")
            elif broken is not None:
                self._begin_anew("corrupt", f"can't be read ({broken})")
            self._write(now)
        except (sqlite3.Error, OSError) as bad:
            if _malformed(bad) and self._recover(bad, now):
                return True
            return self._failed(bad)
        self._succeeded(started, now)
        return True

    def _write(self, now: float) -> None:
        if self.ledger.midway:
            raise UnreadableError("a read had no answer")
        positions = [(position.key, position.to_json()) for position in self.source.changed_positions()]
        changes = self.ledger.changes(now, positions, self.source.forgotten())
        self.store.save(changes)

    def _succeeded(self, started: float, now: float) -> None:
        monotonic = self._clock.monotonic()
        self.last_save, self.last_seconds = now, monotonic - started
        self._state.whole()  # before anything of it is shown
        self.ledger.saved(now, monotonic)
        self.source.saved()
        if self.ledger.ledger_id is not None:
            self._state.learn(self.ledger.ledger_id)
        if self._failing_since is not None:
            self._log.warning("state: saved again, after %.0f s of failures", monotonic - self._failing_since)
            self._failing_since, self._said = None, float("-inf")
        if monotonic - self._last_prune >= _PRUNE:
            self._last_prune = monotonic
            # A clock that is far ahead must not make everything old: without a call since, nothing is in anyone's way either.
            latest = min(now, self.ledger.stats.last_event)
            oldest = self.ledger.calendar.day_of(max(0.0, latest - _KEEP_DAYS * _DAY)).date
            try:
                self.store.prune(idle_before=latest - _IDLE_DAYS * _DAY, days_before=oldest)
            except sqlite3.Error as bad:
                self._log.warning("state: %s: old days can't be removed: %s", self._state.database, bad)

    def _failed(self, bad: Exception) -> bool:
        self.failures += 1
        monotonic = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = monotonic
        if monotonic - self._said >= _REMIND:
            self._said = monotonic
            self._log.error(
                "state: %s can't be saved (%s); counters stand still until it can, nothing is lost",
                self._state.database,
                bad,
            )
        return False

    def _recover(self, bad: Exception, now: float) -> bool:
        try:
            self._begin_anew("corrupt", f"can't be written ({bad})")
            started = self._clock.monotonic()
            self._write(now)
        except (sqlite3.Error, OSError) as again:
            return self._failed(again)
        self._succeeded(started, now)
        return True

    def _begin_anew(self, reason: str, what: str) -> None:
        """A new database in the place of one that is gone or broken: all that is in memory goes into the next save."""
        self.store = self._state.renew(self.store, reason, what)
        self.ledger.use_store(self.store)
        self.source.save_all()


def _malformed(bad: Exception) -> bool:
    code = getattr(bad, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
