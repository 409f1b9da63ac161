"""The page's tables, and how much of them a reader wants to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm_cost_exporter.web.figures import show_bytes
from llm_cost_exporter.web.html import age, amount, bar, count, name, text
from llm_cost_exporter.web.model import FileRow, PageModel, SpendRow

__all__ = ["View", "files", "spend"]

_CALLS_HEAD = '<th scope="col" class="far">Calls</th>'
_FEW_ROWS = 12
_MOST_ROWS = 2000
_TROUBLED = ("unreadable", "missing")
_STATE_ORDER = ("unreadable", "missing", "waiting", "following", "finished")


@dataclass(frozen=True, slots=True)
class View:
    """How the reader wants the page."""

    all_rows: bool
    refresh: bool

    def link(self, label: str, *, all_rows: bool | None = None, refresh: bool | None = None) -> str:
        """A link to the same page seen in another way."""
        rows = self.all_rows if all_rows is None else all_rows
        fresh = self.refresh if refresh is None else refresh
        query = "&amp;".join(part for part in ("rows=all" if rows else "", "" if fresh else "refresh=off") if part)
        return f'<a href="?{query}">{label}</a>' if query else f'<a href="./">{label}</a>'

    @property
    def most_rows(self) -> int:
        return _MOST_ROWS if self.all_rows else _FEW_ROWS


def spend(model: PageModel, view: View) -> str:
    """By model and by app."""
    if not model.by_model and not model.by_app:
        hint = "No call is counted yet this month." if model.ready else "No call is counted yet."
        return f'<section class="card"><h2>Spend</h2><p class="soft">{hint}</p></section>'
    return (
        '<div class="cards wide">'
        + _spend_table("By model", "Model", model.by_model, model.month_usd, view)
        + _spend_table("By app", "App", model.by_app, model.month_usd, view)
        + "</div>"
    )


def _spend_table(title: str, column: str, all_rows: Sequence[SpendRow], whole: int, view: View) -> str:
    if not all_rows:
        return ""
    rows = sorted(
        all_rows, key=lambda row: (-row.month_usd, -row.today_usd, -(row.calls_month or 0), row.name, row.detail)
    )
    shown, rest = rows[: view.most_rows], rows[view.most_rows :]
    counted = all(row.calls_month is not None for row in rows)
    body = "".join(_spend_row(row, whole, column, counted=counted) for row in shown)
    foot = ""
    if rest:
        foot = (
            f'<tfoot><tr><th scope="row">and {count(len(rest))} more</th><td>{amount(sum(row.today_usd for row in rest))}</td>'
            f"<td>{amount(sum(row.month_usd for row in rest))}</td>"
            f"{_calls_cell(sum(row.calls_month or 0 for row in rest), counted=counted)}</tr></tfoot>"
        )
    return (
        f'<section class="card"><div class="head"><h2>{title}</h2>{_more_link(len(rows), view)}</div>'
        f"<table><caption>Spend {title.lower()}, most of this month first</caption>"
        f'<thead><tr><th scope="col">{column}</th><th scope="col">Today</th><th scope="col">This month</th>'
        f"{_CALLS_HEAD if counted else ''}</tr></thead><tbody>{body}</tbody>{foot}</table></section>"
    )


def _more_link(number: int, view: View) -> str:
    if number <= _FEW_ROWS:
        return ""
    link = (
        view.link("show fewer", all_rows=False)
        if view.all_rows
        else view.link(f"show all {count(number)}", all_rows=True)
    )
    return f'<span class="small">{link}</span>'


def _calls_cell(calls: int, *, counted: bool) -> str:
    return f'<td class="far">{count(calls)}</td>' if counted else ""


def _spend_row(row: SpendRow, whole: int, column: str, *, counted: bool) -> str:
    shown = (
        name(row.name)
        if row.name
        else f'<i class="soft">without {"an" if column == "App" else "a"} {column.lower()}</i>'
    )
    detail = f' <span class="by">{name(row.detail)}</span>' if row.detail else ""
    only_unpriced = row.unpriced and not row.month_usd
    tag = (
        f' <span class="tag">{"no known price" if only_unpriced else "some calls without a price"}</span>'
        if row.unpriced
        else ""
    )
    unknown = '<span class="soft" title="no known price">?</span>'
    today = unknown if row.unpriced and not row.today_usd else amount(row.today_usd)
    month = unknown if only_unpriced else amount(row.month_usd)
    share = "" if only_unpriced else bar(row.month_usd, whole)
    return (
        f'<tr><th scope="row">{shown}{detail}{tag}{share}</th><td>{today}</td><td>{month}</td>'
        f"{_calls_cell(row.calls_month or 0, counted=counted)}</tr>"
    )


def files(model: PageModel, view: View) -> str:
    """What is read, and how far."""
    order = {state: place for place, state in enumerate(_STATE_ORDER)}
    rows = sorted(
        model.files, key=lambda row: (order.get(row.state, 0), -row.unread_bytes, -(row.last_event or 0), row.path)
    )
    counts = model.file_counts or {
        state: sum(row.state == state for row in rows) for state in {row.state for row in rows}
    }
    number = sum(counts.values())
    by_state = ", ".join(
        f"{count(counts[state])} {text(state)}"
        for state in sorted(counts, key=lambda state: order.get(state, 0))
        if counts[state]
    )
    if not rows:
        return '<section class="card"><h2>Files</h2><p class="soft">No file is followed.</p></section>'
    body = "".join(_file_row(row, model.now) for row in rows[: view.most_rows])
    left_out = number - min(len(rows), view.most_rows)
    foot = (
        f'<tfoot><tr><th scope="row" colspan="4">and {count(left_out)} more</th></tr></tfoot>' if left_out > 0 else ""
    )
    return (
        f'<section class="card"><div class="head"><h2>Files <span class="soft small">{by_state}</span></h2>{_more_link(len(rows), view)}</div>'
        "<table><caption>Files followed</caption>"
        '<thead><tr><th scope="col">File</th><th scope="col">Unread</th><th scope="col">Last event</th></tr></thead>'
        f"<tbody>{body}</tbody>{foot}</table></section>"
    )


def _file_row(row: FileRow, now: float) -> str:
    trouble = row.state in _TROUBLED
    state = (
        f'<span class="state bad">{text(row.state)}</span>'
        if trouble
        else f'<span class="state by">{text(row.state)}</span>'
    )
    return (
        f'<tr><th scope="row">{name(row.path)} {state}</th><td title="{count(row.unread_bytes)} bytes">{show_bytes(row.unread_bytes)}</td>'
        f"<td>{age(row.last_event, now)}</td></tr>"
    )
