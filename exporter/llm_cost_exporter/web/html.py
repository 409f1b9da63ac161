"""Putting values into HTML so that they stay values."""

from __future__ import annotations

import re
from html import escape

from llm_cost_exporter import money
from llm_cost_exporter.web.figures import show_age, show_count, show_instant, show_usd

__all__ = ["age", "amount", "bar", "count", "name", "text"]

# Controls that HTML does not allow; also lone surrogates of file names that are no UTF-8.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text(value: str) -> str:
    """Any text, for an element or an attribute."""
    return escape(_NOT_TEXT.sub("\ufffd", value), quote=True)


def name(value: str) -> str:
    """A name from a log: it may be in any direction, and does not turn what stands beside it."""
    return f"<bdi>{text(value)}</bdi>"


def amount(usd: int) -> str:
    """Money (1e-24 USD), readable, with the exact value as its title."""
    return f'<span title="${money.plain(usd)}">{text(show_usd(usd))}</span>'


def count(number: int) -> str:
    """A count with separators."""
    return show_count(number)


def age(when: float | None, now: float) -> str:
    """How long ago `when` (epoch seconds) was, with the instant as its title."""
    if when is None:
        return '<span class="soft">never</span>'
    return f'<span title="{show_instant(when)}">{show_age(now - when)}</span>'


def bar(part: int, whole: int) -> str:
    """A bar as long as `part` of `whole`. For the eye only: the figures stand beside it."""
    tenths = max(0, min(1000, part * 1000 // whole)) if whole > 0 else 0
    if part > 0:
        tenths = max(tenths, 5)  # what is not nothing can be seen
    return (
        '<svg class="bar" aria-hidden="true"><rect class="t" width="100%" height="6" rx="3"/>'
        f'<rect class="b" width="{tenths / 10:g}%" height="6" rx="3"/></svg>'
    )
