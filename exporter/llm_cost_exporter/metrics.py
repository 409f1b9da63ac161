"""/metrics: what is shown of the last save, in the text format or OpenMetrics as the scraper asks.

Names and labels are contract (docs/metrics.md). Counters and histograms are the ledger's public values, so a scrape never
waits for a save and never sees what a crash could take back. Day and month gauges go on from memory.

What grows with label sets is written by exposition.py; the rest (the exporter's own metrics, the process) by prometheus_client, which also
says what format the scraper gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from llm_cost_exporter.exposition import Page, labels_text
from llm_cost_exporter.ledger.samples import BOUNDS
from llm_cost_exporter.money import to_float
from llm_cost_exporter.view import View, own_metrics
from llm_cost_exporter.wording import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

    from llm_cost_exporter.ledger import DayView, Ledger
    from llm_cost_exporter.ledger.accounts import Kind
    from llm_cost_exporter.ledger.dayview import Spent
    from llm_cost_exporter.ledger.samples import Histogram

__all__ = ["Exposition", "View"]

_NANO: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    help: str
    attribute: str
    label: str | None = None
    scale: Callable[[int], float] = float


_SERIES: Final = (
    _Family("llm_cost_usd", "Dollars spent, by kind of token.", "usd", "token_type", to_float),
    _Family("llm_tokens", "Tokens billed, by kind.", "tokens", "token_type"),
    _Family("llm_requests", "Calls seen, failed ones included.", "requests"),
    _Family("llm_request_failures", "Calls that failed, by reason.", "failures", "reason"),
    _Family(
        "llm_reported_cost_usd",
        "Dollars that the records themselves said a call cost.",
        "reported",
        None,
        to_float,
    ),
)
_PAIR: Final = (
    _Family(
        "llm_unpriced_tokens",
        "Tokens without a known price: their dollars are in no other figure.",
        "unpriced_tokens",
    ),
    _Family("llm_unpriced_requests", "Calls without a known price.", "unpriced_requests"),
    _Family(
        "llm_calls_without_usage",
        "Calls logged without their usage: spend that the log can't tell.",
        "without_usage",
    ),
)
_SPAN: Final = (
    _Family(
        "llm_request_duration_seconds",
        "How long calls took.",
        "duration",
        None,
        lambda value: value / _NANO,
    ),
    _Family("llm_request_input_tokens", "Input tokens a call, cached ones included.", "input_tokens"),
    _Family("llm_request_cost_usd", "Dollars a call.", "cost", None, to_float),
)
_SPAN_LABELS: Final = ("provider", "model", "app", "team")
_LE: Final = {  # the values of `le`, by histogram
    family.attribute: (*(repr(family.scale(bound)) for bound in BOUNDS[family.attribute]), "+Inf") for family in _SPAN
}


class Exposition:
    """The scrape. `view` is replaced by the posting thread."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.view = View()
        self._process = ProcessCollector(registry=None)

    def render(self, accept: str, write: Callable[[bytes], object]) -> str:
        """Write the exposition, in the best format that `accept` (a header) names; its content type."""
        view, ledger = self.view, self.ledger
        encode, content_type = choose_encoder(accept)
        page = Page(write, openmetrics=content_type.startswith("application/openmetrics-text"))
        with ledger.lock:
            stats = ledger.stats.public
            if view.ready:
                _accounts(page, ledger)
                ledger.scrapes += 1
        if view.ready:
            if view.days is not None:
                _days(page, view.days, view)
            _prices(page, view)
        rest = CollectorRegistry(auto_describe=False)
        rest.register(_Once(own_metrics(view, stats, ledger.label_sets())))
        if view.ready:
            rest.register(_Once(self._process.collect()))
        write(encode(rest))
        return content_type


class _Once:
    """Metrics that are made already, for a registry."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _accounts(page: Page, ledger: Ledger) -> None:
    names = ledger.names
    kinds: tuple[tuple[tuple[_Family, ...], Kind, tuple[str, ...]], ...] = (
        (_SERIES, "series", names),
        (_PAIR, "pair", names[:2]),
    )
    for families, kind, labels in kinds:
        accounts = [(labels_text(labels, account.labels), account.families) for account in ledger.alive(kind)]
        for family in families:
            name, scale, own = page.family("counter", family.name, family.help), family.scale, family.label
            attribute = family.attribute
            # The posting thread opens counters meanwhile: hence the copies.
            if own:
                page.samples(
                    name,
                    (
                        (f'{base},{own}="{value}"', scale(sample.public))
                        for base, mine in accounts
                        for value, sample in list(mine[attribute].items())
                    ),
                )
            else:
                page.samples(
                    name,
                    (
                        (base, scale(sample.public))
                        for base, mine in accounts
                        for sample in list(mine[attribute].values())
                    ),
                )
    spans = [(labels_text(_SPAN_LABELS, account.labels), account.histograms) for account in ledger.alive("span")]
    for family in _SPAN:
        name, bounds = page.family("histogram", family.name, family.help), _LE[family.attribute]
        for base, histograms in spans:
            histogram = histograms.get(family.attribute)
            if histogram is not None:
                exemplars = _exemplars(histogram, family.scale) if page.openmetrics else {}
                page.histogram(
                    name, base, bounds, histogram.public_counts, family.scale(histogram.public_sum), exemplars
                )


def _exemplars(histogram: Histogram, scale: Callable[[int], float]) -> dict[int, tuple[str, float, float]]:
    if histogram.held:  # a call that is not in what is shown
        return {}
    return {
        bucket: (labels_text(("request_id",), (clean(call),)), scale(value), when)
        for bucket, (call, value, when) in list(histogram.exemplars.items())
    }


def _days(page: Page, days: DayView, view: View) -> None:
    names = (*days.names, "ledger", "zone")
    whose = (view.ledger_id or "", days.zone)

    def rows(spent: Spent, period: str) -> Iterator[tuple[str, float]]:
        for labels, usd in spent:
            yield f"{labels_text(names, (*labels, *whose))},{period}", to_float(usd)

    name = page.family(
        "gauge", "llm_cost_day_usd", "Dollars that the log says were spent on that day so far, in the log's own time."
    )
    for day, spent in days.days:
        page.samples(name, rows(spent, labels_text(("month", "date"), (day.month, day.date))))
    name = page.family("gauge", "llm_cost_month_usd", "Dollars that the log says were spent in that month so far.")
    for month, spent in days.months:
        page.samples(name, rows(spent, labels_text(("month",), (month,))))
    by_day = [(labels_text(("zone", "date"), (days.zone, day.date)), day) for day in days.bounds]
    by_month = [(labels_text(("zone", "month"), (days.zone, m)), begins, ends) for m, begins, ends in days.month_bounds]
    name = page.family("gauge", "llm_cost_day_start_timestamp_seconds", "When that day begins in the zone.")
    page.samples(name, ((labels, day.start) for labels, day in by_day))
    name = page.family("gauge", "llm_cost_day_end_timestamp_seconds", "When that day ends in the zone.")
    page.samples(name, ((labels, day.end) for labels, day in by_day))
    name = page.family("gauge", "llm_cost_month_start_timestamp_seconds", "When that month begins in the zone.")
    page.samples(name, ((labels, begins) for labels, begins, _ in by_month))
    name = page.family("gauge", "llm_cost_month_end_timestamp_seconds", "When that month ends in the zone.")
    page.samples(name, ((labels, ends) for labels, _, ends in by_month))


def _prices(page: Page, view: View) -> None:
    name = page.family("gauge", "llm_price_usd_per_million_tokens", "The base rate in force, for the models seen.")
    for provider, model, rates in view.prices:
        base = labels_text(("provider", "model"), (provider, model))
        page.samples(name, ((f'{base},token_type="{token_type}"', float(usd)) for token_type, usd in rates.items()))
