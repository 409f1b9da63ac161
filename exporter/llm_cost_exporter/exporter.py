"""The running exporter: state, source, pipeline, saves, the view that scrapes see, reload and end.

One thread calls `run`; the web server's threads call `metrics`, `ready` and `page`, which read what that thread has published.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.accounting import Accountant
from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.ledger import Ledger, StateDir, day_view
from llm_cost_exporter.ledger.accounts import GARBAGE
from llm_cost_exporter.ledger.merge import relabel
from llm_cost_exporter.ledger.store import UnreadableError
from llm_cost_exporter.metrics import Exposition, View
from llm_cost_exporter.overview import overview
from llm_cost_exporter.pipeline import Pipeline
from llm_cost_exporter.prices.opening import open_book
from llm_cost_exporter.prices.updates import Updates
from llm_cost_exporter.saving import Saver
from llm_cost_exporter.source import Position, Source
from llm_cost_exporter.times import Calendar

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from llm_cost_exporter.config import Config
    from llm_cost_exporter.ledger import Route, Store
    from llm_cost_exporter.prices import PriceBook
    from llm_cost_exporter.types import Clock
    from llm_cost_exporter.web import PageModel

__all__ = ["Exporter"]

POLL_SECONDS: Final = 0.5
_RELOAD_AGAIN_SECONDS: Final = 2.0
_LAST_LOOK_SECONDS: Final = 0.5
_SWEEP_SECONDS: Final = 60.0
_RESTART_NEEDED: Final = ("listen", "state_dir", "timezone", "ledger")


class Exporter:
    """Follows the logs of one configuration. Raises ConfigError for its price file.

    `prepare` may raise ExporterError; `run` returns after `stop`.
    """

    def __init__(
        self, config: Config, clock: Clock, log: logging.Logger, reload: Callable[[], Config] | None = None
    ) -> None:
        self._config = config
        self._book = open_book(config)  # here, not where the state is tried again: a reload alone takes other prices
        self._clock = clock
        self._log = log
        self._load_config = reload
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._reload_wanted = False
        self._reload_again: float | None = None  # monotonic: when one that was put off is tried again
        self._state = StateDir(config.state_dir, log, clock)
        self._first_scrape: float | None = None  # monotonic, of the first full scrape that was served
        self._next_poll = 0.0
        self._next_sweep = 0.0
        self._prices_for = (-1, -1, -1)
        self._prices: tuple[tuple[str, str, Mapping[str, Decimal]], ...] = ()
        self._reload_ok = True
        self._reload_time = clock.wall()
        self._started = clock.monotonic()

    # start

    def prepare(self) -> None:
        """Take the state directory and read the state. Nothing is read of the logs yet.

        After a StateUnavailableError it may be tried again.
        """
        config = self._config
        self._updates = self._new_updates(config)
        self._state.take()
        self._calendar = Calendar(config.timezone)
        positions: list[Position] = []

        def load(store: Store) -> None:
            positions[:] = [Position.from_json(key, data) for key, data in store.files()]
            if any(position.broken for position in positions):
                # To read that file anew beside the totals it is in would count it twice.
                raise ValueError("a position is none")
            self._ledger = self._open_ledger(store)

        try:
            store = self._state.open(config.timezone, load)
        except ExporterError:
            self._state.release()
            raise
        self._name_ledger()
        self._source = Source(
            config.sources,
            positions,
            line_bytes=config.limits.line_bytes,
            clock=self._clock,
            log=self._log,
            first_start=not positions and not self._state.lost,
        )
        self._rotations, self._truncations = self._source.rotations, self._source.truncations
        self._pipeline = Pipeline(config, self._source, self._accountant(), self._ledger, self._clock, self._log)
        self._saver = Saver(self._state, store, self._ledger, self._source, self._clock, self._log)
        self.exposition = Exposition(self._ledger)
        self._publish()

    def _open_ledger(self, store: Store) -> Ledger:
        relabel(store, _names(self._config))
        return Ledger(self._config, self._calendar, self._book, store, self._clock.wall())

    def _name_ledger(self) -> None:
        named = self._config.ledger or self._ledger.ledger_id or self._state.ledger
        if named is not None:
            self._ledger.ledger_id = named
            self._state.learn(named)

    def _accountant(self) -> Accountant[Route]:
        return Accountant(self._book, self._ledger.ids, self._ledger)

    # run

    def run(self) -> None:
        """Follow until `stop`; then save. Raises whatever a defect of ours raises."""
        self._updates.start()
        try:
            while not self._stop.is_set():
                if not self.tick():
                    self._wake.wait(max(0.01, self._next_poll - self._clock.monotonic()))
                    self._wake.clear()
            self._end()
        finally:
            self._updates.stop()
            self._source.close()
            self._saver.store.close()
            self._state.release()

    def stop(self) -> None:
        """End soon (any thread)."""
        self._stop.set()
        self._wake.set()

    def reload(self) -> None:
        """Read the configuration anew soon (any thread)."""
        self._reload_wanted = True
        self._wake.set()

    def tick(self) -> bool:
        """One round: poll when it is time, read a batch, become ready, release holds, save, publish. False: nothing to read now."""
        monotonic = self._clock.monotonic()
        if self._reload_wanted or (self._reload_again is not None and monotonic >= self._reload_again):
            self._reload_wanted = False
            self._reload()
        if self._updates.fresh is not None:
            self._take_catalogue()
        polled = monotonic >= self._next_poll
        if polled:
            if not self._ledger.midway:  # a batch is out, and what it was read from must not be moved under it
                self._source.poll()
            self._next_poll = monotonic + POLL_SECONDS
        worked = self._pipeline.step()
        if not worked and self._ledger.in_backlog and self._source.backlog_read() and self._may_be_ready():
            self._become_ready()
        elif polled or not worked:
            self._release_holds()
        if self._saver.due():
            self._count_rotations()
            self._saver.save()
            self._sweep()
            self._publish()
        elif polled:
            self._publish(between_saves=True)
        return worked

    def _may_be_ready(self) -> bool:
        """After a lost state counters may begin lower than scrapes saw them: a reset, and to rate() all of it a burst.

        So they stay away until what was seen is out of its window.
        """
        waited = self._clock.monotonic() - self._started
        return not self._state.lost or waited >= self._config.new_series_hold

    def _become_ready(self) -> None:
        self._count_rotations()
        if not self._saver.save():
            return  # nothing of it may be shown before it is safe; the next round tries again
        self._ledger.ready()
        self._pipeline.resume()
        self._saver.save()
        self._publish()
        self._log.info("ready: the backlog is read")

    def _release_holds(self) -> None:
        hold, now = self._config.new_series_hold, self._clock.monotonic()
        if self._first_scrape is not None and self._first_scrape + hold <= now:
            self._ledger.release(now - hold)

    def _count_rotations(self) -> None:
        stats, source = self._ledger.stats, self._source
        stats.rotations += source.rotations - self._rotations
        stats.truncations += source.truncations - self._truncations
        self._rotations, self._truncations = source.rotations, source.truncations

    def _sweep(self) -> None:
        monotonic = self._clock.monotonic()
        if monotonic >= self._next_sweep:
            self._next_sweep = monotonic + _SWEEP_SECONDS
            if self._ledger.sweep(self._clock.wall()):
                self._pipeline.forget_routes()

    # end

    def _read_the_last(self) -> None:
        """What was written since the last look: the log may end with us, in a pod's own folder. As far as that takes no time."""
        if self._ledger.in_backlog or self._ledger.midway:
            return
        until = self._clock.monotonic() + _LAST_LOOK_SECONDS
        self._source.poll()
        while self._pipeline.step() and self._clock.monotonic() < until:
            pass

    def _end(self) -> None:
        self._read_the_last()
        ready = not self._ledger.in_backlog
        self._count_rotations()
        linger = self._config.shutdown_linger
        ended = self._ledger.end_holds() if ready and linger > 0 else []
        saved = self._saver.save()
        self._publish()
        if ended and saved:
            scrapes = self._ledger.scrapes
            until = self._clock.monotonic() + linger
            while self._ledger.scrapes == scrapes and (left := until - self._clock.monotonic()) > 0:
                self._wake.wait(min(left, 0.1))
            if self._ledger.scrapes == scrapes:  # nobody saw what was let out: the next start holds it anew
                self._ledger.hold_again(ended, scrapes)
                saved = self._saver.save()
        if not saved:
            raise ExporterError(
                f"{self._state.database}: the last save failed; the next start reads on from the one before"
            )

    # reload

    def _reload(self) -> None:
        put_off_before, self._reload_again = self._reload_again is not None, None
        read = self._read_anew()
        if read is None:
            self._publish()
            return
        fresh, book = read
        self._count_rotations()
        try:
            saved = self._saver.save()
            if saved:
                relabel(self._saver.store, _names(fresh))
        except sqlite3.Error as bad:
            self._log.error("state: %s: %s", self._state.database, bad)
            saved = False
        if not saved:
            self._reload_ok = False
            if not put_off_before:
                self._log.error("reload put off until the state can be saved again")
            self._reload_again = self._clock.monotonic() + _RELOAD_AGAIN_SECONDS
            self._publish()
            return
        self._take_config(fresh, book)
        self._reloaded()
        self._publish()

    def reload_unprepared(self) -> None:
        """Take the configuration as it is now, while `prepare` has not been done (the thread that calls `prepare`)."""
        read = self._read_anew()
        if read is not None:
            self._config, self._book = read
            self._reloaded()

    def _read_anew(self) -> tuple[Config, PriceBook] | None:
        """The configuration as it is now; None where it can't be taken, which is said."""
        if self._load_config is None:
            self._log.warning("reload: there is no configuration file to read anew")
            return None
        try:
            fresh = self._load_config()
            _refuse_restarts(self._config, fresh)
            return fresh, open_book(fresh)
        except Exception as bad:  # noqa: BLE001 - a defect in what reads a file must not end what counts
            said = bad if isinstance(bad, ExporterError) else " ".join(f"{type(bad).__name__}: {bad}".split())
            self._reload_ok = False
            self._log.error("reload refused, the configuration before stays: %s", said)
            return None

    def _reloaded(self) -> None:
        self._reload_ok, self._reload_time = True, self._clock.wall()
        self._log.info("configuration reloaded")

    def _take_config(self, fresh: Config, book: PriceBook) -> None:
        before, self._config, self._book = self._config, fresh, book
        if (before.label_names, before.labels, before.limits, before.dedup, before.new_series_hold) != (
            fresh.label_names, fresh.labels, fresh.limits, fresh.dedup, fresh.new_series_hold,
        ):  # fmt: skip
            in_backlog = self._ledger.in_backlog
            try:
                ledger = self._open_ledger(self._saver.store)
            except (sqlite3.Error, *GARBAGE) as bad:
                # All is saved, and the labels are the new ones already: the ledger before must not go on.
                raise ExporterError(f"{self._state.database}: can't be read ({bad}); the next start reads on") from bad
            if not in_backlog:
                ledger.ready()
            self._ledger = self._saver.ledger = self.exposition.ledger = ledger
        else:
            self._bill()
        if before.prices.update != fresh.prices.update:
            self._updates.stop()
            self._updates = self._new_updates(fresh)
            self._updates.start()
        if (before.sources, before.limits) != (fresh.sources, fresh.limits):
            self._source.reconfigure(fresh.sources, line_bytes=fresh.limits.line_bytes)
        self._pipeline.use(fresh, self._accountant(), self._ledger)
        self._saver.save()

    def _bill(self) -> None:
        try:
            self._ledger.bill(self._book)
        except sqlite3.Error as bad:
            self._log.warning("state: %s: unpriced use is billed at the next start: %s", self._state.database, bad)

    # a newer catalogue

    def _new_updates(self, config: Config) -> Updates:
        update = config.prices.update
        url, interval = (update.url, update.interval) if update is not None else (None, None)
        return Updates(
            url, interval, config.state_dir, current=lambda: self._book.catalogue, wake=self._wake.set, clock=self._clock, log=self._log
        )  # fmt: skip

    def _take_catalogue(self) -> None:
        """Price later lines by the catalogue that was fetched, and what had no price before, as a reload does."""
        if self._ledger.midway or not self._saver.save():
            return  # it stays there for the next round
        fresh = self._updates.take()
        try:
            self._book = open_book(self._config, fresh)
        except ExporterError as bad:
            self._log.warning("prices: the new catalogue is not used before the next reload: %s", bad)
            return
        self._bill()
        self._pipeline.use(self._config, self._accountant(), self._ledger)
        self._saver.save()
        self._publish()

    # what others see

    def _publish(self, *, between_saves: bool = False) -> None:
        """Replace the view. The days are made anew with each save (that fails, too) and at midnight, not for every poll."""
        now, ledger, source = self._clock.wall(), self._ledger, self._source
        view = self.exposition.view
        days = view.days
        if days is None or not (days.is_of if between_saves else days.holds)(now, ledger.days):
            ledger.settle_all()
            with suppress(UnreadableError):  # the view before stays until the state answers
                days = day_view(ledger, now)
        states: dict[str, int] = {}
        for file in source.files():
            states[file.state] = states.get(file.state, 0) + 1
        self.exposition.view = View(
            ready=not ledger.in_backlog,
            days=days,
            ledger_id=ledger.ledger_id,
            zone=self._calendar.name,
            unread_bytes=source.unread_bytes(),
            files=states,
            resets=dict(self._state.resets),
            last_save=self._saver.last_save,
            save_seconds=self._saver.last_seconds,
            save_failures=self._saver.failures,
            save_failing=self._saver.failing,
            reload_ok=self._reload_ok,
            reload_time=self._reload_time,
            catalogue_time=self._book.catalogue_timestamp,
            prices=self._base_prices(now),
        )
        self._files = source.files()

    def _base_prices(self, now: float) -> tuple[tuple[str, str, Mapping[str, Decimal]], ...]:
        wanted = (self._ledger.label_sets(), int(now // 60), id(self._book))
        if wanted != self._prices_for:
            self._prices_for = wanted
            pairs = sorted({account.labels[:2] for account in self._ledger.alive("series")})
            self._prices = tuple(
                (provider, model, rates)
                for provider, model in pairs
                if (rates := self._book.base_rates(provider, model, now))
            )
        return self._prices

    def metrics(self, accept: str, write: Callable[[bytes], object]) -> str:
        """Write the exposition; its content type."""
        full = self.exposition.view.ready
        content_type = self.exposition.render(accept, write)
        if full and self._first_scrape is None:
            self._first_scrape = self._clock.monotonic()
        return content_type

    def ready(self) -> bool:
        """The backlog found at start is read."""
        return self.exposition.view.ready

    def page(self) -> PageModel:
        """What the page for a person shows."""
        return overview(self.exposition, self._files, self._clock.wall())


def _names(config: Config) -> tuple[str, ...]:
    return ("provider", "model", *config.label_names)


def _refuse_restarts(before: Config, fresh: Config) -> None:
    for key in _RESTART_NEEDED:
        if getattr(fresh, key) != getattr(before, key):
            raise ExporterError(f"{key}: restart needed")
