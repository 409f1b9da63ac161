"""Keeping the catalogue new while the exporter runs: a thread of its own that fetches now and then.

The pipeline never waits for it. It asks `take` between two batches, and takes a new catalogue when there is one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.prices.fetching import kept_at, shown_url, update

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path

    from llm_cost_exporter.prices.catalogue import Catalogue
    from llm_cost_exporter.types import Clock

__all__ = ["Updates"]

_RETRY_SECONDS: Final = 3600.0


class Updates:
    """Fetches the catalogue at `url` every `interval` seconds. Without either nothing is ever fetched.

    `current` gives the catalogue in use; `wake` is called when there is a new one. After a failure the next try is within an hour.
    """

    def __init__(
        self, url: str | None, interval: float | None, state_dir: Path, *, current: Callable[[], Catalogue],
        wake: Callable[[], object], clock: Clock, log: logging.Logger,
    ) -> None:  # fmt: skip
        self.url, self.interval = url, interval
        self._state_dir, self._current, self._wake = state_dir, current, wake
        self._clock, self._log = clock, log
        self._stop = threading.Event()
        self.fresh: Catalogue | None = None  # fetched, and not taken yet
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if there is anything to do."""
        if self.url is not None and self.interval is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="prices", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Fetch no more. A fetch under way is not waited for: what it brings is not taken."""
        self._stop.set()

    def take(self) -> Catalogue | None:
        """The catalogue that was fetched since the last call; None: none was."""
        fresh, self.fresh = self.fresh, None
        return fresh

    def _run(self) -> None:
        assert self.url is not None
        assert self.interval is not None
        wait = self._until_due(self.interval)
        while not self._stop.wait(wait):
            wait = self.interval
            try:
                fresh = update(self.url, self._state_dir, self._current(), self._clock.wall())
            except ExporterError as bad:
                self._log.warning("%s", bad)
                wait = min(self.interval, _RETRY_SECONDS)
                continue
            except Exception:  # noqa: BLE001 - a defect of ours here must not end the updates, let alone the exporter
                self._log.exception("prices: a defect of the exporter; the catalogue in use stays")
                wait = min(self.interval, _RETRY_SECONDS)
                continue
            if self._stop.is_set():
                return
            self.fresh = fresh
            self._log.info("prices: a catalogue was fetched from %s", shown_url(self.url))
            self._wake()

    def _until_due(self, interval: float) -> float:
        """Seconds until the next fetch: a restart is no reason to fetch again."""
        try:
            fetched = kept_at(self._state_dir).stat().st_mtime
        except OSError:
            return 0.0
        return min(interval, max(0.0, fetched + interval - self._clock.wall()))
