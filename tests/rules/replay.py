"""A day replayed to all engines at once: stand-ins that they scrape, what their ledgers must say of it, and the alerts that they raise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.processes import wait_for
from tests.rules.engines import Targets, Watch, start
from tests.rules.standin import Book, Calendar, StandIn
from tests.servers import Servers

__all__ = ["Replay"]

HOUR, DAY = 3600, 86_400

# What a healthy exporter says of itself.
HEALTHY = {
    'llm_cost_exporter_build_info{version="0"}': 1,
    "llm_cost_exporter_unread_bytes": 0,
    "llm_cost_exporter_config_last_reload_successful": 1,
    "llm_cost_exporter_save_failures_total": 0,
    'llm_cost_exporter_folded_total{label="app"}': 0,
    'llm_cost_exporter_state_resets_total{reason="missing"}': 0,
}

# The recorded series that must be equal everywhere.
LEDGER = {
    "spent": "budget:llm_cost_usd:spent",
    "day": "group:llm_cost_usd:day_to_date",
    "month": "group:llm_cost_usd:month_to_date",
    "dates": "date:llm_cost_usd:sum",
}
# The recorded series that may differ by 35 % at the most.
RATES = (
    "group:llm_cost_usd:rate5m",
    "group:llm_requests:rate5m",
    "budget:llm_cost_usd:rate5m",
    "model:llm_cost_usd:increase1m",
    "model:llm_cost_usd:increase1h",
)
MOST_APART = 0.35

Labelled = dict[frozenset[tuple[str, str]], float]


class Replay:
    """The last days of March: it is ten o'clock on the 30th when this begins. Money is spent by the book of the sidecar that is alive."""

    def __init__(self, servers: Servers, directory: Path) -> None:
        now = time.time()
        midnight = now - 10 * HOUR
        names = ("2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02")
        days = {name: (midnight + n * DAY, midnight + (n + 1) * DAY) for n, name in enumerate(names, start=-1)}
        month_end = days["2026-04-01"][0]
        months = {"2026-03": (now - 20 * DAY, month_end), "2026-04": (month_end, month_end + 30 * DAY)}
        self.calendar = Calendar(days, months, today="2026-03-30")
        self._healthy = {**HEALTHY, "llm_cost_exporter_price_catalogue_timestamp_seconds": now - DAY}
        self._healthy[f'llm_cost_exporter_ledger_info{{ledger="any",zone="{self.calendar.zone}"}}'] = 1
        self._books: list[Book] = []
        self._sink = StandIn()
        self.sidecar = StandIn()
        self._targets = Targets(directory / "targets.json", [self.sidecar.address])
        self.engines = start(servers, self._targets, self._sink.address)
        self.watch = Watch(self.engines)

    def close(self) -> None:
        """End the stand-ins."""
        self.sidecar.close()
        self._sink.close()

    # what happens

    @property
    def book(self) -> Book:
        """Of the sidecar that is alive."""
        return self._books[-1]

    def open_book(self, ledger: str, *apps_and_models: tuple[str, str]) -> Book:
        """The book of a log that nobody has read before; these are shown at 0, to be scraped before they spend."""
        self._books.append(Book(ledger))
        for app, model in apps_and_models:
            self.book.hold(self.calendar.today, _labels(app=app, model=model))
        return self.book

    def publish(self) -> None:
        """From now on the sidecar shows what its book says."""
        self.sidecar.text = self.book.metrics(self.calendar, self._healthy)

    def spend(self, usd: float, *, date: str | None = None, **labels: str) -> None:
        """A call today, or one of an earlier day that is read late."""
        self.book.spend(date or self.calendar.today, usd, _labels(**labels))
        self.publish()

    def replace_sidecar(self) -> None:
        """Another sidecar is the only target; it shows the last book once that is published."""
        self.sidecar.close()
        self.sidecar = StandIn()
        self._targets.are([self.sidecar.address])

    def restart_engines(self) -> None:
        """All of them, on the data that they had. Until they fire again what they fired before nobody looks.

        (Prometheus has alerts that wait less than 10 minutes wait anew; vmalert restores them all.)
        """
        before = {engine.name: engine.firing() for engine in self.engines}
        for engine in self.engines:
            engine.stop()
        self.spend(2, model="gpt-4o")
        for engine in self.engines:
            engine.start_again()
        wait_for(
            lambda: all(before[engine.name] <= engine.firing() for engine in self.engines), 30, "alerts fire again", 0.2
        )

    def midnight(self) -> None:
        """Today ends in a moment, and the next day begins."""
        end = time.time() + 6
        following = self.calendar.end_day(end)
        self.publish()
        self.until(lambda: time.time() >= end, "midnight")
        self.calendar.today = following
        self.book.open_day(following)
        self.publish()

    # what must hold

    def until(self, condition: Callable[[], object], what: str, timeout: float = 40.0) -> None:
        """Wait, and look at the alerts meanwhile."""

        def looked() -> object:
            self.watch.look()
            return condition()

        wait_for(looked, timeout, what, 0.4)

    def scraped(self) -> None:
        """Wait until every engine has seen the sidecar that is alive."""
        series = f'llm_requests_total{{instance="{self.sidecar.address}"}}'
        self.until(lambda: all(engine.storage.query(series) for engine in self.engines), "the sidecar is scraped")

    def fires(self, name: str, *, everywhere: bool = True, **labels: str) -> None:
        """Wait until an alert with these labels fires on all engines, or on none."""
        wanted = {"alertname": name, **labels}.items()

        def all_alike() -> bool:
            return all(
                any(wanted <= dict(alert).items() for alert in engine.firing()) is everywhere for engine in self.engines
            )

        self.until(all_alike, f"{name} {labels} fires {'everywhere' if everywhere else 'nowhere'}", 90)

    def ledger_says(self, day: float, month: float) -> None:
        """Wait until every engine tells these dollars, and the same of every series of the ledger; rates are compared too."""
        expected = self._ledger()
        spent = {dict(labels)["period"]: usd for labels, usd in expected["spent"].items()}
        assert spent == {"day": day, "month": month}  # the test's own account
        told: dict[str, dict[str, Labelled]] = {}

        def told_by_all() -> bool:
            for engine in self.engines:
                told[engine.name] = {name: _rounded(engine.values(series)) for name, series in LEDGER.items()}
            return all(one == expected for one in told.values())

        self._until(told_by_all, lambda: "\n".join(_differences(told, expected)))
        self._rates_agree()

    def _rates_agree(self) -> None:
        """Wait until rates are close: as an engine sees a sample or evaluates a moment later, for that long it is behind."""
        apart: dict[str, float] = {}

        def close() -> bool:
            at = time.time()
            for series in RATES:
                told = [engine.values(series, at) for engine in self.engines]
                apart[series] = max(
                    (_apart([one.get(labels) for one in told]) for labels in set().union(*told)), default=1.0
                )
            return max(apart.values()) <= MOST_APART

        self._until(close, lambda: f"rates are apart by {apart}")

    def _until(self, condition: Callable[[], bool], why_not: Callable[[], str]) -> None:
        try:
            self.until(condition, "it is the same everywhere")
        except pytest.fail.Exception as late:
            raise AssertionError(why_not()) from late

    def _ledger(self) -> dict[str, Labelled]:
        zone, today, month = self.calendar.zone, self.calendar.today, self.calendar.today[:7]
        dates: Labelled = {}
        groups_today: Labelled = {}
        by_days: Labelled = {}
        by_months: Labelled = {}

        def add(to: Labelled, labels: dict[str, str], usd: float) -> None:
            key = frozenset({"zone": zone, **labels}.items())
            to[key] = to.get(key, 0) + usd

        for book in self._books:
            for (date, labels), usd in book.day_usd.items():
                add(dates, {"month": date[:7], "date": date, **dict(labels)}, usd)
                if date == today:
                    add(groups_today, dict(labels), usd)
                if date[:7] == month:
                    add(by_days, dict(labels), usd)
            for (one, labels), usd in book.month_usd.items():
                if one == month:
                    add(by_months, dict(labels), usd)
        groups_month = {key: max(by_days.get(key, 0), by_months.get(key, 0)) for key in by_days | by_months}
        spent: Labelled = {}
        budget = {"budget": "company"}
        add(spent, {**budget, "period": "day"}, sum(groups_today.values()))
        add(spent, {**budget, "period": "month"}, max(sum(by_days.values()), sum(by_months.values())))
        ledger = {"spent": spent, "day": groups_today, "month": groups_month, "dates": dates}
        return {name: _rounded(values) for name, values in ledger.items()}


def _differences(told: Mapping[str, Mapping[str, Labelled]], expected: Mapping[str, Labelled]) -> Iterator[str]:
    for engine, kinds in told.items():
        for kind, values in kinds.items():
            if values != expected[kind]:
                yield f"{engine}: {kind} is {_shown(values)}; not {_shown(expected[kind])}"


def _labels(**labels: str) -> dict[str, str]:
    return {"provider": "openai", "app": "checkout", "team": "search", **labels}


def _apart(values: list[float | None]) -> float:
    if None in values:
        return 1.0
    known = [value for value in values if value is not None]
    most = max(known)
    return (most - min(known)) / most if most else 0.0


def _rounded(values: Labelled) -> Labelled:
    return {labels: round(value, 6) for labels, value in values.items()}


def _shown(values: Labelled) -> str:
    return "; ".join(sorted(f"{dict(sorted(labels))}: {value:g}" for labels, value in values.items()))
