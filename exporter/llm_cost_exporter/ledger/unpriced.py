"""Use without a known price, kept so that a price added later bills it.

Kept by day, account, real provider and model, price variant, meter and prompt size: the size is the tier threshold below the
call's total input, so that a price with tiers finds the right one: a threshold of any price that is known, or one of those that vendors like.
Prices begin and end with days in UTC, so of a day of another zone the part that falls on another UTC day is kept apart.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import TYPE_CHECKING, Final

import orjson

from llm_cost_exporter.ledger.store import UnpricedRow
from llm_cost_exporter.prices.timing import DAY
from llm_cost_exporter.tariffs import FEE, Tariffs, total_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_cost_exporter.ledger.store import Store
    from llm_cost_exporter.prices import PriceBook
    from llm_cost_exporter.tariffs import Context
    from llm_cost_exporter.times import Calendar, Day

__all__ = ["Bill", "Unpriced", "bills"]

# A price that comes later may have its tiers elsewhere than those that are known now.
_USUAL_THRESHOLDS: Final = (
    32_000, 50_000, 64_000, 100_000, 128_000, 200_000, 250_000, 256_000, 272_000, 400_000, 500_000, 512_000, 1_000_000,
)  # fmt: skip
_UTC_DAY: Final = "utc_day"  # beside the price variant, where it isn't the row's own date
_MOST_ROWS: Final = 100_000  # past it only the counters tell; a later price can't bill what came then


class Bill:
    """Unpriced use of one day, account and model that has a price now."""

    __slots__ = ("account", "cost", "date", "rows", "tokens")

    def __init__(
        self, day: str, account: int, tokens: dict[str, int], cost: dict[str, int], rows: list[UnpricedRow]
    ) -> None:
        self.date = day
        self.account = account
        self.tokens = tokens  # by meter
        self.cost = cost  # by meter, 1e-24 USD
        self.rows = rows


class Unpriced:
    """What came since the last save, by row."""

    def __init__(self, thresholds: Iterable[int], rows_kept: int) -> None:
        self.set_thresholds(thresholds)
        self._kept = rows_kept
        self.pending: dict[UnpricedRow, int] = {}

    def set_thresholds(self, thresholds: Iterable[int]) -> None:
        self._thresholds = sorted({*thresholds, *_USUAL_THRESHOLDS})

    def add(
        self,
        day: str,
        when: float,
        account: int,
        provider: str,
        model: str,
        context: Context,
        tokens: dict[str, int],
        whole: dict[str, int],
        *,
        calls: int,
    ) -> None:
        """`tokens` more of a call at the time `when` whose tokens are `whole` in all; `calls` is 1 where they are its first."""
        if self._kept + len(self.pending) >= _MOST_ROWS:
            return
        at = bisect_left(self._thresholds, total_input(whole))
        size = self._thresholds[at - 1] if at else 0
        utc_day = datetime.fromtimestamp(when, UTC).date().isoformat()
        variant = orjson.dumps(context if utc_day == day else (*context, (_UTC_DAY, utc_day))).decode()
        pending = self.pending
        for meter, count in (*tokens.items(), (FEE, calls)) if calls else tokens.items():
            row = UnpricedRow(day, account, provider, model, variant, size, meter)
            pending[row] = pending.get(row, 0) + count

    def recount(self, store: Store) -> None:
        """Rows are written again and again, and pruned: when it looks as if there were too many, count them."""
        if self._kept + len(self.pending) >= _MOST_ROWS:
            self._kept = store.unpriced_rows()

    def saved(self) -> None:
        self._kept += len(self.pending)
        self.pending = {}


def bills(rows: Iterable[tuple[UnpricedRow, int]], book: PriceBook, calendar: Calendar) -> Iterator[Bill]:
    """What of `rows` (in the store's order) has a price now, at the rates of the middle of their time."""
    tariffs: Tariffs[None] = Tariffs(book)

    def one_call(item: tuple[UnpricedRow, int]) -> tuple[str, int, str, str, str, int]:
        row = item[0]
        return row[:-1]

    for (day, account, provider, model, variant, size), group in groupby(rows, key=one_call):
        members = list(group)
        tokens = {row.meter: count for row, count in members}
        calls = tokens.pop(FEE, 0)
        told = dict(orjson.loads(variant))
        utc_day = told.pop(_UTC_DAY, day)
        rates = tariffs.find(provider, model).rates_at(
            _middle(calendar.on(day), utc_day), size + 1, tuple(told.items())
        )
        if rates is not None and all(meter in rates.meters for meter in tokens):
            cost = {meter: count * rates.meters[meter] for meter, count in tokens.items()}
            if calls and rates.per_call:
                cost[FEE] = calls * rates.per_call
            yield Bill(day, account, tokens, cost, [row for row, _ in members])


def _middle(day: Day, utc_day: str) -> float:
    """Epoch seconds in the middle of what a day and one of UTC have in common."""
    start = datetime.combine(date.fromisoformat(utc_day), time(), UTC).timestamp()
    return (max(day.start, start) + min(day.end, start + DAY)) / 2
