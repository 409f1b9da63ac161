"""The page at /, for a person: no script, nothing from elsewhere, every value escaped."""

from __future__ import annotations

from llm_cost_exporter.web import sections, tables
from llm_cost_exporter.web.figures import show_usd
from llm_cost_exporter.web.html import text
from llm_cost_exporter.web.model import FileRow, LineCounts, PageModel, SpendRow, UnpricedRow
from llm_cost_exporter.web.style import STYLE

__all__ = ["FileRow", "LineCounts", "PageModel", "SpendRow", "UnpricedRow", "render"]

_REFRESH_SECONDS = 15
_REFRESH_SECONDS_WHILE_READING = 3

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' "
    "fill='%232f6fc4'/%3E%3Cpath d='M3 11h2v2H3zM7 7h2v6H7zM11 3h2v10h-2z' fill='%23fff'/%3E%3C/svg%3E"
)


def render(model: PageModel, *, all_rows: bool = False, refresh: bool = True) -> bytes:
    """The page as HTML. `all_rows` shows tables to their end; without `refresh` the page stays as it is."""
    view = tables.View(all_rows, refresh)
    seconds = _REFRESH_SECONDS if model.ready else _REFRESH_SECONDS_WHILE_READING
    head = f'<meta http-equiv="refresh" content="{seconds}">' if refresh else ""
    body = "".join(
        (
            sections.header(model),
            sections.urgent(model),
            sections.totals(model),
            sections.warnings(model, view),
            tables.spend(model, view),
            tables.files(model, view),
            sections.reading(model),
            sections.footer(model, view, seconds),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">{head}'
        f'<title>{text(show_usd(model.today_usd))} today · LLM spend</title><link rel="icon" href="{_ICON}">'
        f'<style>{STYLE}</style></head><body><div class="page">{body}</div></body></html>\n'
    ).encode()
