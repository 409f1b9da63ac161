"""/metrics: a collector over the last save, in the text format or OpenMetrics as the scraper asks.

Names and labels are contract (docs/metrics.md). Counters and histograms are the ledger's public values, so a scrape never
waits for a save and never sees what a crash could take back. Day and month gauges go on from memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample, Timestamp

from llm_cost_exporter import __version__
from llm_cost_exporter.labels import clean
from llm_cost_exporter.money import to_float

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from llm_cost_exporter.ledger import DayView, Ledger
    from llm_cost_exporter.ledger.accounts import Kind
    from llm_cost_exporter.ledger.samples import Histogram

__all__ = ["Exposition", "View"]

FILE_STATES: Final = ("following", "finished", "missing", "unreadable", "waiting")
_NANO: Final = 1_000_000_000


@dataclass(slots=True)
class View:
    """What a scrape shows besides the ledger's accounts: made by the posting thread, replaced whole."""

    ready: bool = False
    days: DayView | None = None
    ledger_id: str | None = None
    zone: str = "UTC"
    unread_bytes: int = 0
    files: Mapping[str, int] = field(default_factory=dict)  # state -> number
    resets: Mapping[str, int] = field(default_factory=dict)  # reason -> number
    last_save: float = 0.0  # epoch seconds
    save_seconds: float = 0.0
    save_failures: int = 0
    save_failing: bool = False  # the last try failed
    reload_ok: bool = True
    reload_time: float = 0.0
    catalogue_time: float = 0.0
    prices: Sequence[
        tuple[str, str, Mapping[str, Decimal]]
    ] = ()  # provider, model, USD per million tokens by token type


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    help: str
    kind: str
    attribute: str
    label: str | None = None
    scale: Callable[[int], float] = float


_SERIES: Final = (
    _Family("llm_cost_usd", "Dollars spent, by kind of token.", "counter", "usd", "token_type", to_float),
    _Family("llm_tokens", "Tokens billed, by kind.", "counter", "tokens", "token_type"),
    _Family("llm_requests", "Calls seen, failed ones included.", "counter", "requests"),
    _Family("llm_request_failures", "Calls that failed, by reason.", "counter", "failures", "reason"),
    _Family(
        "llm_reported_cost_usd",
        "Dollars that the records themselves said a call cost.",
        "counter",
        "reported",
        None,
        to_float,
    ),
)
_PAIR: Final = (
    _Family(
        "llm_unpriced_tokens",
        "Tokens without a known price: their dollars are in no other figure.",
        "counter",
        "unpriced_tokens",
    ),
    _Family("llm_unpriced_requests", "Calls without a known price.", "counter", "unpriced_requests"),
    _Family(
        "llm_calls_without_usage",
        "Calls logged without their usage: spend that the log can't tell.",
        "counter",
        "without_usage",
    ),
)
_SPAN: Final = (
    _Family(
        "llm_request_duration_seconds",
        "How long calls took.",
        "histogram",
        "duration",
        None,
        lambda value: value / _NANO,
    ),
    _Family("llm_request_input_tokens", "Input tokens a call, cached ones included.", "histogram", "input_tokens"),
    _Family("llm_request_cost_usd", "Dollars a call.", "histogram", "cost", None, to_float),
)


class Exposition:
    """The scrape. `view` is replaced by the posting thread."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.view = View()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._process = ProcessCollector(registry=None)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The exposition and its content type, in the best format that `accept` (a header) names."""
        encoder, content_type = choose_encoder(accept)
        body: bytes = encoder(self._registry)
        return body, content_type

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        view, ledger = self.view, self.ledger
        metrics: list[Metric] = []
        with ledger.lock:
            stats = ledger.stats.public
            if view.ready:
                metrics += _accounts(ledger, ledger.names)
                ledger.scrapes += 1
        if view.ready:
            if view.days is not None:
                metrics += _days(view.days, view)
            metrics.append(_prices(view))
            metrics += list(self._process.collect())
        metrics += _own(view, stats, ledger.label_sets())
        return metrics


def _accounts(ledger: Ledger, names: tuple[str, ...]) -> list[Metric]:
    metrics = []
    span_names = ("provider", "model", "app", "team")
    kinds: tuple[tuple[tuple[_Family, ...], Kind, tuple[str, ...]], ...] = (
        (_SERIES, "series", names),
        (_PAIR, "pair", names[:2]),
    )
    for families, kind, labels in kinds:
        accounts = [(dict(zip(labels, a.labels, strict=True)), a.families) for a in ledger.alive(kind)]
        for family in families:
            metric = Metric(family.name, family.help, family.kind)
            name, scale, label = f"{family.name}_total", family.scale, family.label
            for base, mine in accounts:
                for value, sample in list(mine[family.attribute].items()):
                    metric.samples.append(Sample(name, {**base, label: value} if label else base, scale(sample.public)))
            metrics.append(metric)
    spans = [(dict(zip(span_names, a.labels, strict=True)), a.histograms) for a in ledger.alive("span")]
    for family in _SPAN:
        metric = Metric(family.name, family.help, family.kind)
        for base, histograms in spans:
            histogram = histograms.get(family.attribute)
            if histogram is not None:
                metric.samples += _histogram(family, base, histogram)
        metrics.append(metric)
    return metrics


def _histogram(family: _Family, labels: dict[str, str], histogram: Histogram) -> list[Sample]:
    samples, running = [], 0
    exemplars = {} if histogram.held else histogram.exemplars
    for bucket, count in enumerate(histogram.public_counts):
        running += count
        bound = family.scale(histogram.bounds[bucket]) if bucket < len(histogram.bounds) else float("inf")
        exemplar = None
        if bucket in exemplars:
            call, value, when = exemplars[bucket]
            exemplar = Exemplar(
                {"request_id": clean(call)},
                family.scale(value),
                Timestamp(int(when), int(when % 1 * _NANO)),
            )
        text = "+Inf" if bound == float("inf") else repr(bound)
        samples.append(Sample(f"{family.name}_bucket", {**labels, "le": text}, float(running), None, exemplar))
    samples.append(Sample(f"{family.name}_count", labels, float(running)))
    samples.append(Sample(f"{family.name}_sum", labels, family.scale(histogram.public_sum)))
    return samples


def _days(days: DayView, view: View) -> list[Metric]:
    names, zone = days.names, {"zone": days.zone}
    spent = _gauge(
        "llm_cost_day_usd", "Dollars that the log says were spent on that day so far, in the log's own time."
    )
    whose = {"ledger": view.ledger_id or "", **zone}
    for day, amounts in days.days:
        for labels, usd in amounts:
            named = dict(zip(names, labels, strict=True))
            spent.add_sample(spent.name, {**named, **whose, "month": day.month, "date": day.date}, to_float(usd))
    months = _gauge("llm_cost_month_usd", "Dollars that the log says were spent in that month so far.")
    for month, amounts in days.months:
        for labels, usd in amounts:
            months.add_sample(
                months.name, {**dict(zip(names, labels, strict=True)), **whose, "month": month}, to_float(usd)
            )
    start = _gauge("llm_cost_day_start_timestamp_seconds", "When that day begins in the zone.")
    end = _gauge("llm_cost_day_end_timestamp_seconds", "When that day ends in the zone.")
    for day in days.bounds:
        start.add_sample(start.name, {**zone, "date": day.date}, day.start)
        end.add_sample(end.name, {**zone, "date": day.date}, day.end)
    month_start = _gauge("llm_cost_month_start_timestamp_seconds", "When that month begins in the zone.")
    month_end = _gauge("llm_cost_month_end_timestamp_seconds", "When that month ends in the zone.")
    for month, begins, ends in days.month_bounds:
        month_start.add_sample(month_start.name, {**zone, "month": month}, begins)
        month_end.add_sample(month_end.name, {**zone, "month": month}, ends)
    return [spent, months, start, end, month_start, month_end]


def _prices(view: View) -> Metric:
    metric = _gauge("llm_price_usd_per_million_tokens", "The base rate in force, for the models seen.")
    for provider, model, rates in view.prices:
        for token_type, usd in rates.items():
            metric.add_sample(metric.name, {"provider": provider, "model": model, "token_type": token_type}, float(usd))
    return metric


def _own(view: View, stats: Mapping[str, Any], label_sets: int) -> list[Metric]:
    own = "llm_cost_exporter_"

    def plain(kind: str, name: str, text: str, value: float) -> Metric:
        metric = Metric(own + name, text, kind)
        metric.add_sample(own + name + ("_total" if kind == "counter" else ""), {}, value)
        return metric

    def by(kind: str, name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
        metric = Metric(own + name, text, kind)
        for value, number in values.items():
            metric.add_sample(own + name + ("_total" if kind == "counter" else ""), {label: value}, float(number))
        return metric

    info = Metric(own + "ledger_info", "Whose ledger this is, and whose days it counts.", "gauge")
    info.add_sample(own + "ledger_info", {"ledger": view.ledger_id or "", "zone": view.zone}, 1.0)
    build = Metric(own + "build_info", "The version that runs.", "gauge")
    build.add_sample(own + "build_info", {"version": __version__}, 1.0)
    return [
        plain("counter", "lines_read", "Lines read.", stats["lines_read"]),
        plain("counter", "lines_skipped", "Lines without any sign of usage.", stats["lines_skipped"]),
        by("counter", "lines_rejected", "Lines that may have been spend and can't be read.", "reason", stats["rejected"]),
        plain("counter", "duplicates", "Calls that came again on a later line and were not counted twice.", stats["duplicates"]),
        plain("counter", "conflicting_duplicates", "Repeats that were smaller in some kind of token.", stats["conflicting_duplicates"]),
        plain("counter", "time_fallbacks", "Calls whose own time was over a day ahead: another time was used.", stats["time_fallbacks"]),
        plain("counter", "bytes_read", "Bytes of log read.", stats["bytes_read"]),
        plain("gauge", "unread_bytes", "Bytes of log still to read.", view.unread_bytes),
        by("gauge", "files", "Files, by what became of them.", "state", {s: view.files.get(s, 0) for s in FILE_STATES}),
        plain("gauge", "last_event_timestamp_seconds", "Time of the newest call seen.", stats["last_event"]),
        plain("gauge", "last_save_timestamp_seconds", "When the state was last saved.", view.last_save),
        plain("gauge", "save_duration_seconds", "How long the last save took.", view.save_seconds),
        plain("counter", "save_failures", "Saves that failed.", view.save_failures),
        by("counter", "state_resets", "States that were lost or set aside, the logs read anew.", "reason", view.resets),
        plain("counter", "rotations", "Rotations of followed files.", stats["rotations"]),
        plain("counter", "truncations", "Truncations of followed files.", stats["truncations"]),
        plain("gauge", "label_sets", "Label sets in use.", label_sets),
        by("counter", "folded", "Calls whose label was folded into other to keep cardinality bounded.", "label", stats["folded"]),
        plain("gauge", "price_catalogue_timestamp_seconds", "Date of the price catalogue.", view.catalogue_time),
        plain("gauge", "config_last_reload_successful", "Whether the last reload of the configuration was taken.", view.reload_ok),
        plain("gauge", "config_last_reload_timestamp_seconds", "When the configuration in force was loaded.", view.reload_time),
        info,
        build,
    ]  # fmt: skip


def _gauge(name: str, text: str) -> Metric:
    return Metric(name, text, "gauge")
