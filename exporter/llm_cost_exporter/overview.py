"""The page's figures, from what scrapes see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llm_cost_exporter import __version__
from llm_cost_exporter.web import FileRow, LineCounts, PageModel, SpendRow, UnpricedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from llm_cost_exporter.ledger.dayview import Spent
    from llm_cost_exporter.ledger.samples import Sample
    from llm_cost_exporter.metrics import Exposition
    from llm_cost_exporter.source import FileStatus

__all__ = ["overview"]

_MOST_FILES: Final = 200
_TROUBLE: Final = ("missing", "unreadable", "waiting", "following", "finished")


def overview(exposition: Exposition, files: Sequence[FileStatus], now: float) -> PageModel:
    """The model of the page at `now` (epoch seconds)."""
    view, ledger = exposition.view, exposition.ledger
    days, stats = view.days, ledger.stats.public
    if days is None:
        raise AssertionError("a page before anything was published")
    yesterday, today = days.days[0], days.days[-1]
    last_month = days.months[0][1] if len(days.months) > 1 else None
    with ledger.lock:
        pairs = [(account.labels, account.families) for account in ledger.alive("pair")]
        unpriced = [
            UnpricedRow(
                labels[0], labels[1], _public(families["unpriced_requests"]), _public(families["unpriced_tokens"])
            )
            for labels, families in pairs
            if families["unpriced_requests"] or families["unpriced_tokens"]
        ]
        without = sum(_public(families["without_usage"]) for _, families in pairs)
    ordered = sorted(files, key=lambda file: (_TROUBLE.index(file.state), -file.unread, file.path))
    return PageModel(
        version=__version__,
        ledger=view.ledger_id or "",
        zone=days.zone,
        now=now,
        date=today[0].date,
        month=today[0].month,
        ready=view.ready,
        today_usd=_sum(today[1]),
        month_usd=_sum(days.this_month),
        yesterday_usd=_sum(yesterday[1]),
        last_month_usd=None if last_month is None else _sum(last_month),
        by_model=_rows(
            today[1],
            days.this_month,
            lambda labels: (labels[1], labels[0]),
            {(row.model, row.provider) for row in unpriced},
        ),
        by_app=_rows(today[1], days.this_month, lambda labels: (labels[2], "")),
        unpriced=unpriced,
        calls_without_usage=without,
        files=[FileRow(file.path, file.state, file.unread, file.last_event) for file in ordered[:_MOST_FILES]],
        file_counts=dict(view.files),
        unread_bytes=view.unread_bytes,
        lines=LineCounts(stats["lines_read"], stats["lines_skipped"], stats["rejected"], stats["duplicates"]),
        last_event=stats["last_event"] or None,
        last_save=view.last_save or None,
        save_failures=view.save_failures,
        save_failing=view.save_failing,
        warnings=_warnings(exposition),
    )


def _public(family: Mapping[str, Sample]) -> int:
    return sum(sample.public for sample in list(family.values()))


def _sum(spent: Spent) -> int:
    return sum(usd for _, usd in spent)


def _rows(
    today: Spent,
    month: Spent,
    name: Callable[[tuple[str, ...]], tuple[str, str]],
    unpriced: AbstractSet[tuple[str, str]] = frozenset(),
) -> list[SpendRow]:
    sums: dict[tuple[str, str], list[int]] = {who: [0, 0] for who in sorted(unpriced)}
    for at, spent in enumerate((today, month)):
        for labels, usd in spent:
            sums.setdefault(name(labels), [0, 0])[at] += usd
    return [
        SpendRow(name=who, detail=detail, today_usd=both[0], month_usd=both[1], unpriced=(who, detail) in unpriced)
        for (who, detail), both in sums.items()
    ]


def _warnings(exposition: Exposition) -> list[str]:
    view, stats = exposition.view, exposition.ledger.stats.public
    warnings = []
    lost = sum(view.resets.values())
    if lost:
        times = "once" if lost == 1 else f"{lost} times"
        warnings.append(f"The state was lost {times}; the logs that were still there have been read anew.")
    if not view.reload_ok:
        warnings.append("The last reload of the configuration was refused; the one before is in force.")
    folded = [label for label, calls in stats["folded"].items() if calls]
    if folded:
        warnings.append(
            f"Values of {', '.join(folded)} were folded into 'other' to keep cardinality bounded; dollars are complete."
        )
    return warnings
