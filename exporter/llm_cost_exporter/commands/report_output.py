"""How a report is printed: a table for people, CSV, JSON."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from llm_cost_exporter import money
from llm_cost_exporter.commands.tables import LONGEST_NAME, print_fitting
from llm_cost_exporter.reporting import in_order, kinds_used

if TYPE_CHECKING:
    from typing import TextIO

    from llm_cost_exporter.comparison import Comparison
    from llm_cost_exporter.reporting import Report, Row

__all__ = ["as_csv", "as_json", "print_table", "usd"]

_HEADINGS = {"cache_read": "cached", "cache_write": "cache write"}
_PIPE_WIDTH = 240  # nothing is cut where no terminal sets a width


def as_json(report: Report) -> str:
    return orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode()


def as_csv(report: Report) -> str:
    """One line a row; an unpriced row has an empty cost."""
    rows = report.rows()
    kinds = kinds_used(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    compare = report.comparison is not None
    writer.writerow(
        ["provider", "model", *report.keys, "requests", "failures", *(f"{kind}_tokens" for kind in kinds), "cost_usd",
         *(["reported_cost_usd"] if compare else [])]
    )  # fmt: skip
    for row in rows:
        counts = [row.tokens.get(kind, 0) for kind in kinds]
        cost = "" if row.usd is None else money.plain(row.usd)
        said = [("" if row.said is None else money.plain(row.said))] if compare else []
        writer.writerow([row.provider, row.model, *row.keys, row.requests, row.failures, *counts, cost, *said])
    return text.getvalue()


def usd(amount: int) -> str:
    """Dollars as people read them: cents from a dollar on, four significant digits below, never $0.00 for something."""
    value = money.to_float(amount)
    if amount == 0 or abs(value) >= 1:
        return f"${value:,.2f}"
    digits = 4
    while digits < money.DECIMALS and round(abs(value), digits) < 10.0 ** (2 - digits):
        digits += 1
    return f"${value:.{digits}f}"


def print_table(report: Report, file: TextIO) -> None:
    """The report as a table, and below it all that a reader should know of what is not in it."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console = Console(file=file, highlight=False, width=_PIPE_WIDTH, color_system=None)
    rows = report.rows()
    if rows:
        print_fitting(console, (_table(report, rows, by_kind=by_kind) for by_kind in (True, False)))
    counts = report.counts
    calls = sum(row.requests for row in rows)
    console.print(
        Text(
            f"{_many(calls, 'call', 'calls')} in {_many(counts.lines, 'line', 'lines')}, {usd(report.total())} in all",
            style="bold",
        )
    )
    for note in _notes(report):
        console.print(Text(note))
    for row in report.unpriced():
        tokens = sum(row.tokens.values())
        text = f"No price is known for {row.model} ({row.provider}): {_many(row.requests, 'call', 'calls')}, {tokens:,} tokens are NOT in these dollars."
        console.print(Text(text, style="bold red"))
    for provider, model, without in report.without_usage():
        console.print(
            Text(
                f"{_many(without, 'call', 'calls')} of {model} ({provider}) logged without usage: the cost is unknown.",
                style="bold red",
            )
        )
    if report.comparison is not None:
        _print_comparison(report.comparison, console)


def _print_comparison(comparison: Comparison, console: Console) -> None:
    models, total = comparison.models(), comparison.total()
    if not total.requests:
        console.print(Text("No record says itself what its call cost: there is nothing to compare."))
        return
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("provider", "model"):
        table.add_column(heading, overflow="fold", max_width=LONGEST_NAME)
    for heading in ("calls that say a cost", "computed", "said", "difference", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in models:
        percent = "" if each.percent is None else f"{each.percent:+.2f} %"
        apart = (signed(each.difference), percent) if each.differs else ("", "")
        cells = (f"{each.requests:,}", usd(each.computed), usd(each.said), *apart)
        if each.unpriced == each.requests:
            cells = (f"{each.requests:,}", "no price", usd(each.said_unpriced), "", "")
        style = "bold yellow" if each.differs else ""
        table.add_row(Text(each.provider), Text(each.model), *(Text(cell) for cell in cells), style=style)
    print_fitting(console, [table])
    differ = sum(each.differs for each in models)
    text = f"Computed {usd(total.computed)}, the records say {usd(total.said)} of the same {total.requests - total.unpriced:,} calls; "
    text += f"{differ:,} models differ by more than 0.1 %." if differ != 1 else "1 model differs by more than 0.1 %."
    console.print(Text(text, style="bold"))
    if total.unpriced:
        console.print(
            Text(
                f"{total.unpriced:,} more calls without a known price cost {usd(total.said_unpriced)} by their records."
            )
        )


def signed(amount: int) -> str:
    """A difference in dollars, with its sign."""
    return f"{'-' if amount < 0 else '+' if amount else ''}{usd(abs(amount))}"


def _table(report: Report, rows: list[Row], *, by_kind: bool) -> Table:
    """With a column for each kind of token; else, for a narrow terminal, one for them all, and none for failures where there are none."""
    kinds = kinds_used(rows) if by_kind else []
    failed = by_kind or any(row.failures for row in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("provider", "model", *report.keys):
        table.add_column(heading, overflow="fold", max_width=LONGEST_NAME)
    counted = [_HEADINGS.get(kind, kind.replace("_", " ")) for kind in kinds] if by_kind else ["tokens"]
    for heading in ("calls", *(["failed"] if failed else []), *counted, "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        tokens = in_order(row.tokens)
        counts = [tokens.get(kind, 0) for kind in kinds] if by_kind else [sum(tokens.values())]
        table.add_row(
            Text(row.provider), Text(row.model), *(Text(key or "-") for key in row.keys), f"{row.requests:,}",
            *([f"{row.failures:,}" if row.failures else ""] if failed else []), *(f"{count:,}" if count else "" for count in counts),
            Text("no price", style="bold red") if row.usd is None else usd(row.usd),
        )  # fmt: skip
    return table


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _notes(report: Report) -> list[str]:
    counts, notes = report.counts, []
    if counts.skipped or counts.joined or counts.duplicates:
        notes.append(
            f"{_many(counts.skipped, 'line', 'lines')} without usage, {_many(counts.joined, 'joined part', 'joined parts')},"
            f" {_many(counts.duplicates, 'repeat', 'repeats')} of a call already counted"
        )
    if counts.outside:
        notes.append(f"{_many(counts.outside, 'line', 'lines')} outside of the time asked for")
    rejected = {reason: number for reason, number in counts.rejected.items() if number}
    if rejected:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in rejected.items())
        notes.append(f"Lines that can't be read and may have been spend: {reasons} (see `llm-cost-exporter explain`)")
    return notes
