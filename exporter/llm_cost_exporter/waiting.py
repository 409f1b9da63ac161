"""What is served while the state can't be opened for now: its disk is full, read-only or failing.

Nothing is counted meanwhile (the lines stay in the log), but the process is there, says why, and has a metric to alert on.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Collection
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from llm_cost_exporter import __version__
from llm_cost_exporter.config import Config
from llm_cost_exporter.errors import StateUnavailableError
from llm_cost_exporter.times import Calendar
from llm_cost_exporter.types import Clock
from llm_cost_exporter.web import PageModel
from llm_cost_exporter.web.answers import Application

__all__ = ["Front", "Waiting"]

_TRY_AGAIN_SECONDS: Final = 5.0


class Front:
    """What the web server shows: first perhaps a Waiting, then the exporter."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def metrics(self, accept: str, write: Callable[[bytes], object]) -> str:
        return self.app.metrics(accept, write)

    def ready(self) -> bool:
        return self.app.ready()

    def page(self) -> PageModel:
        return self.app.page()


class Waiting(Collector):
    """The application until the state answers."""

    def __init__(self, config: Config, clock: Clock, log: logging.Logger, reason: str) -> None:
        self._config, self._clock, self._log = config, clock, log
        self._reason = reason
        self._failures = 1
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def until(
        self, prepare: Callable[[], None], signals: Collection[signal.Signals], reload: Callable[[], None]
    ) -> bool:
        """Try `prepare` again and again, after a SIGHUP with what `reload` has read.

        False: a signal came that ends the process. Raises any other ExporterError of `prepare`.
        """
        self._log.error("%s; tried again every %.0f s, nothing is counted before", self._reason, _TRY_AGAIN_SECONDS)
        while True:
            came = signal.sigtimedwait(signals, _TRY_AGAIN_SECONDS)
            if came is not None and came.si_signo != signal.SIGHUP:
                return False
            if came is not None:
                reload()
            try:
                prepare()
            except StateUnavailableError as bad:
                self._failures += 1
                self._reason = str(bad)
                continue
            self._log.warning("the state can be used now")
            return True

    def collect(self) -> list[Metric]:
        own = "llm_cost_exporter_"
        failures = CounterMetricFamily(own + "save_failures", "Saves that failed.")
        failures.add_metric([], self._failures)
        build = GaugeMetricFamily(own + "build_info", "The version that runs.", labels=["version"])
        build.add_metric([__version__], 1.0)
        return [failures, build]

    def metrics(self, accept: str, write: Callable[[bytes], object]) -> str:
        write(generate_latest(self._registry))
        return CONTENT_TYPE_LATEST

    def ready(self) -> bool:
        return False

    def page(self) -> PageModel:
        now, calendar = self._clock.wall(), Calendar(self._config.timezone)
        today = calendar.day_of(now)
        return PageModel(
            version=__version__, ledger="", zone=calendar.name, now=now, date=today.date, month=today.month, ready=False,
            today_usd=0, month_usd=0, save_failures=self._failures, save_failing=True,
            warnings=[f"Nothing is counted: {self._reason}."],
        )  # fmt: skip
