"""Figures as a person reads them: money, counts, sizes, ages. The exact value is for the title beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from llm_cost_exporter import money

__all__ = ["show_age", "show_bytes", "show_count", "show_date", "show_instant", "show_month", "show_usd"]

_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
_CENT = 2  # decimals
_FINEST = 6  # decimals; less than half of that is shown as less than it


def show_usd(amount: int) -> str:
    """`amount` (1e-24 USD) in dollars: cents from a dollar up, below it two significant digits, so that nothing shows as $0.00 that is not."""
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size == 0:
        return "$0.00"
    usd = Decimal(size).scaleb(-money.DECIMALS, _EXACT)
    decimals = _CENT if usd >= 1 else max(_CENT, 1 - usd.adjusted())
    if decimals > _FINEST:
        return (
            f"{sign}<$0.{'0' * (_FINEST - 1)}1" if size * 10**_FINEST < money.ONE_USD else f"{sign}${usd:.{_FINEST}f}"
        )
    whole, _, part = f"{usd.quantize(Decimal(1).scaleb(-decimals), context=_EXACT):,f}".partition(".")
    part = part.rstrip("0").ljust(_CENT, "0")
    return f"{sign}${whole}.{part}"


def show_count(count: int) -> str:
    """1,234,567."""
    return f"{count:,}"


def show_bytes(count: int) -> str:
    """4 digits at most: 980 B, 1.2 MB, 34 GB."""
    if count < 1000:
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        size /= 1000
        if size < 999.5 or unit == "PB":
            return f"{size:.1f} {unit}" if size < 9.95 else f"{size:,.0f} {unit}"
    raise AssertionError


def show_age(seconds: float) -> str:
    """How long ago: 3 s ago, 5 min ago, 2 h ago, 3 days ago. What is ahead of now is `now`: clocks differ a little."""
    if seconds < 1:
        return "now"
    for below, unit, name in ((90, 1, "s"), (90 * 60, 60, "min"), (36 * 3600, 3600, "h")):
        if seconds < below:
            return f"{round(seconds / unit)} {name} ago"
    return f"{show_count(round(seconds / 86_400))} days ago"


def show_instant(when: float) -> str:
    """An instant in UTC, for a title."""
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return ""


def show_date(day: str) -> str:
    """`2026-02-03` as `3 February 2026`."""
    try:
        when = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{when.day} {when:%B %Y}"


def show_month(month: str) -> str:
    """`2026-02` as `February 2026`."""
    return show_date(f"{month}-01").removeprefix("1 ") if len(month) == 7 else month
