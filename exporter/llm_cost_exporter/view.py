"""What a scrape shows besides the ledger's accounts: what the exporter is at, and the metrics of its own work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter import __version__
from llm_cost_exporter.exposition import labels_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from llm_cost_exporter.exposition import Page
    from llm_cost_exporter.ledger import DayView

__all__ = ["FILE_STATES", "View", "show_own"]

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


def show_own(page: Page, view: View, stats: Mapping[str, Any], label_sets: int) -> None:
    """Write `llm_cost_exporter_*`; `stats` are the ledger's public ones."""

    def plain(kind: str, name: str, text: str, value: float) -> None:
        page.sample(page.family(kind, f"llm_cost_exporter_{name}", text), "", float(value))

    def by(kind: str, name: str, text: str, label: str, values: Mapping[str, float]) -> None:
        sample = page.family(kind, f"llm_cost_exporter_{name}", text)
        page.samples(sample, ((labels_text((label,), (value,)), float(number)) for value, number in values.items()))

    def info(name: str, text: str, **labels: str) -> None:
        page.sample(page.family("gauge", f"llm_cost_exporter_{name}", text), labels_text(labels, labels.values()), 1.0)

    plain("counter", "lines_read", "Lines read.", stats["lines_read"])
    plain("counter", "lines_skipped", "Lines without any sign of usage.", stats["lines_skipped"])
    by("counter", "lines_rejected", "Lines that may have been spend and can't be read.", "reason", stats["rejected"])
    plain(
        "counter",
        "duplicates",
        "Calls that came again on a later line and were not counted twice.",
        stats["duplicates"],
    )
    plain(
        "counter",
        "conflicting_duplicates",
        "Repeats that were smaller in some kind of token.",
        stats["conflicting_duplicates"],
    )
    plain(
        "counter",
        "time_fallbacks",
        "Calls whose own time was over a day ahead: another time was used.",
        stats["time_fallbacks"],
    )
    plain("counter", "bytes_read", "Bytes of log read.", stats["bytes_read"])
    plain("gauge", "unread_bytes", "Bytes of log still to read.", view.unread_bytes)
    by("gauge", "files", "Files, by what became of them.", "state", {s: view.files.get(s, 0) for s in FILE_STATES})
    plain("gauge", "last_event_timestamp_seconds", "Time of the newest call seen.", stats["last_event"])
    plain("gauge", "last_save_timestamp_seconds", "When the state was last saved.", view.last_save)
    plain("gauge", "save_duration_seconds", "How long the last save took.", view.save_seconds)
    plain("counter", "save_failures", "Saves that failed.", view.save_failures)
    by("counter", "state_resets", "States that were lost or set aside, the logs read anew.", "reason", view.resets)
    plain("counter", "rotations", "Rotations of followed files.", stats["rotations"])
    plain("counter", "truncations", "Truncations of followed files.", stats["truncations"])
    plain("gauge", "label_sets", "Label sets in use.", label_sets)
    by(
        "counter",
        "folded",
        "Calls whose label was folded into other to keep cardinality bounded.",
        "label",
        stats["folded"],
    )
    plain("gauge", "price_catalogue_timestamp_seconds", "Date of the price catalogue.", view.catalogue_time)
    plain(
        "gauge",
        "config_last_reload_successful",
        "Whether the last reload of the configuration was taken.",
        view.reload_ok,
    )
    plain(
        "gauge", "config_last_reload_timestamp_seconds", "When the configuration in force was loaded.", view.reload_time
    )
    info("ledger_info", "Whose ledger this is, and whose days it counts.", ledger=view.ledger_id or "", zone=view.zone)
    info("build_info", "The version that runs.", version=__version__)
