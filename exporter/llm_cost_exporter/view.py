"""What a scrape shows besides the ledger's accounts: what the exporter is at, and the metrics of its own work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.metrics_core import Metric

from llm_cost_exporter import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from llm_cost_exporter.ledger import DayView

__all__ = ["FILE_STATES", "View", "own_metrics"]

FILE_STATES: Final = ("following", "finished", "missing", "unreadable", "waiting")


@dataclass(slots=True)
class View:
    """Made by the posting thread, replaced whole."""

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


def own_metrics(view: View, stats: Mapping[str, Any], label_sets: int) -> Iterator[Metric]:
    """`llm_cost_exporter_*`; `stats` are the ledger's public ones."""

    def plain(kind: str, name: str, text: str, value: float) -> Metric:
        return of(kind, name, text, [({}, value)])

    def by(kind: str, name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
        return of(kind, name, text, [({label: value}, number) for value, number in values.items()])

    def info(name: str, text: str, **labels: str) -> Metric:
        return of("gauge", name, text, [(labels, 1.0)])

    def of(kind: str, name: str, text: str, rows: Iterable[tuple[dict[str, str], float]]) -> Metric:
        metric = Metric(f"llm_cost_exporter_{name}", text, kind)
        for labels, value in rows:
            metric.add_sample(metric.name + ("_total" if kind == "counter" else ""), labels, float(value))
        return metric

    yield plain("counter", "lines_read", "Lines read.", stats["lines_read"])
    yield plain("counter", "lines_skipped", "Lines without any sign of usage.", stats["lines_skipped"])
    yield by(
        "counter", "lines_rejected", "Lines that may have been spend and can't be read.", "reason", stats["rejected"]
    )
    yield plain(
        "counter",
        "duplicates",
        "Calls that came again on a later line and were not counted twice.",
        stats["duplicates"],
    )
    yield plain(
        "counter",
        "conflicting_duplicates",
        "Repeats that were smaller in some kind of token.",
        stats["conflicting_duplicates"],
    )
    yield plain(
        "counter",
        "time_fallbacks",
        "Calls whose own time was over a day ahead: another time was used.",
        stats["time_fallbacks"],
    )
    yield plain("counter", "bytes_read", "Bytes of log read.", stats["bytes_read"])
    yield plain("gauge", "unread_bytes", "Bytes of log still to read.", view.unread_bytes)
    yield by(
        "gauge", "files", "Files, by what became of them.", "state", {s: view.files.get(s, 0) for s in FILE_STATES}
    )
    yield plain("gauge", "last_event_timestamp_seconds", "Time of the newest call seen.", stats["last_event"])
    yield plain("gauge", "last_save_timestamp_seconds", "When the state was last saved.", view.last_save)
    yield plain("gauge", "save_duration_seconds", "How long the last save took.", view.save_seconds)
    yield plain("counter", "save_failures", "Saves that failed.", view.save_failures)
    yield by(
        "counter", "state_resets", "States that were lost or set aside, the logs read anew.", "reason", view.resets
    )
    yield plain("counter", "rotations", "Rotations of followed files.", stats["rotations"])
    yield plain("counter", "truncations", "Truncations of followed files.", stats["truncations"])
    yield plain("gauge", "label_sets", "Label sets in use.", label_sets)
    yield by(
        "counter",
        "folded",
        "Calls whose label was folded into other to keep cardinality bounded.",
        "label",
        stats["folded"],
    )
    yield plain("gauge", "price_catalogue_timestamp_seconds", "Date of the price catalogue.", view.catalogue_time)
    yield plain(
        "gauge",
        "config_last_reload_successful",
        "Whether the last reload of the configuration was taken.",
        view.reload_ok,
    )
    yield plain(
        "gauge", "config_last_reload_timestamp_seconds", "When the configuration in force was loaded.", view.reload_time
    )
    yield info(
        "ledger_info", "Whose ledger this is, and whose days it counts.", ledger=view.ledger_id or "", zone=view.zone
    )
    yield info("build_info", "The version that runs.", version=__version__)
