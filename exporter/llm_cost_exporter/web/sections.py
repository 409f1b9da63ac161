"""The parts of the page around its tables, each a function from the model to HTML."""

from __future__ import annotations

from llm_cost_exporter.web.figures import show_bytes, show_date, show_month
from llm_cost_exporter.web.html import age, amount, count, name, text
from llm_cost_exporter.web.model import PageModel
from llm_cost_exporter.web.tables import View

__all__ = ["footer", "header", "reading", "totals", "urgent", "warnings"]

_FEW_UNPRICED = 6


def header(model: PageModel) -> str:
    """Whose money this is, and whose days."""
    ledger = f"ledger {name(model.ledger)} · " if model.ledger else ""
    return f'<header><h1>LLM spend</h1><p class="soft small">{ledger}days of {text(model.zone)}</p></header><main>'


def urgent(model: PageModel) -> str:
    """What makes the figures below it preliminary."""
    found = ""
    if not model.ready:
        left = f"{show_bytes(model.unread_bytes)} left" if model.unread_bytes else "nearly done"
        found += _note(
            "info", f"<p><strong>Reading the logs: {left}.</strong> The figures grow until all of it is read.</p>"
        )
    if model.save_failing:
        found += _note(
            "bad",
            f"<p><strong>Saving fails.</strong> The last save was {age(model.last_save, model.now)}. Until one works, the counters on "
            "/metrics stand still. Is the disk full, or the state directory read-only?</p>",
        )
    return found


def warnings(model: PageModel, view: View) -> str:
    """What is not in the figures, and what else to know."""
    found = _unpriced(model, view) if model.unpriced else ""
    if model.calls_without_usage:
        was, they = ("was", "it") if model.calls_without_usage == 1 else ("were", "they")
        calls = _calls(model.calls_without_usage)
        found += _note(
            "warn",
            f"<p><strong>{calls} {was} logged without token counts.</strong> What {they} cost can't be told from the log.</p>",
        )
    return found + "".join(_note("warn", f"<p>{text(warning)}</p>") for warning in model.warnings)


def _note(kind: str, body: str) -> str:
    return f'<div class="note {kind}" role="note">{body}</div>'


def _unpriced(model: PageModel, view: View) -> str:
    rows = sorted(model.unpriced, key=lambda row: (-row.calls, -row.tokens, row.provider, row.model))
    total = sum(row.calls for row in rows)
    most = view.most_rows if view.all_rows else _FEW_UNPRICED
    items = "".join(
        f"<li><span>{name(row.model)} <span>({name(row.provider)})</span></span><span>{_calls(row.calls)}, {count(row.tokens)} tokens</span></li>"
        for row in rows[:most]
    )
    left_out = len(rows) - most
    more = (
        f"<li><span>and {count(left_out)} more {'model' if left_out == 1 else 'models'}</span></li>"
        if left_out > 0
        else ""
    )
    verb, their = ("has", "Its") if total == 1 else ("have", "Their")
    return _note(
        "warn",
        f"<p><strong>{_calls(total)} {verb} no known price.</strong> {their} dollars are <strong>not</strong> in these figures. "
        f"A price file adds them, these calls included.</p><ul>{items}{more}</ul>",
    )


def _calls(number: int) -> str:
    return f"{count(number)} {'call' if number == 1 else 'calls'}"


def _below(calls: int | None, before_name: str, before: int | None, notes: list[str]) -> str:
    parts = [] if calls is None else [_calls(calls)]
    if before is not None:
        parts.append(f"{before_name} {amount(before)}")
    return " · ".join([*parts, *notes])


def totals(model: PageModel) -> str:
    """The two figures that people come for."""
    notes = [*(["without unpriced calls"] if model.unpriced else []), *([] if model.ready else ["so far"])]
    cards = (
        ("Today", show_date(model.date), model.today_usd, model.calls_today, "yesterday", model.yesterday_usd),
        ("This month", show_month(model.month), model.month_usd, model.calls_month, "last month", model.last_month_usd),
    )
    return '<div class="cards">' + "".join(
        f'<section class="card"><h2>{title} <span class="soft small">{text(when)}</span></h2><p class="total">{amount(usd)}</p>'
        f'<p class="soft small">{_below(calls, before_name, before, notes)}</p></section>'
        for title, when, usd, calls, before_name, before in cards
    ) + "</div>"  # fmt: skip


def reading(model: PageModel) -> str:
    """What became of the lines, and of the state."""
    lines = model.lines
    rejected = ", ".join(
        f"{text(reason)}\u00a0{count(number)}" for reason, number in sorted(lines.rejected.items()) if number
    )
    facts = (
        ("Lines read", count(lines.read), ""),
        ("Skipped", count(lines.skipped), "no sign of usage"),
        ("Rejected", count(sum(lines.rejected.values())), rejected),
        ("Duplicates", count(lines.duplicates), "counted once"),
        ("Unread", show_bytes(model.unread_bytes), ""),
        ("Last event", age(model.last_event, model.now), ""),
        (
            "Last save",
            age(model.last_save, model.now),
            f"{count(model.save_failures)} failed so far" if model.save_failures else "",
        ),
    )
    items = "".join(
        f"<div><dt>{term}</dt><dd>{value}{f'<small>{detail}</small>' if detail else ''}</dd></div>"
        for term, value, detail in facts
    )
    return (
        f'<section class="card"><div class="head"><h2>Since the first start</h2></div><dl>{items}</dl></section></main>'
    )


def footer(model: PageModel, view: View, seconds: int) -> str:
    """Where to go from here."""
    refresh = view.link("refresh by itself", refresh=True)
    if view.refresh:
        refresh = f"refreshes every {seconds} s ({view.link('stop', refresh=False)})"
    docs = (
        f'<a href="{text(model.docs_url)}" rel="noreferrer">documentation</a>'
        if model.docs_url.startswith(("https://", "http://"))
        else ""
    )
    return (
        f'<footer><span>llm-cost-exporter {text(model.version)}</span><a href="metrics">/metrics</a><a href="-/ready">/-/ready</a>'
        f"{docs}<span>{refresh}</span></footer>"
    )
