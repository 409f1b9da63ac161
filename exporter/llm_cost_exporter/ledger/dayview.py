"""What the day and month gauges show: today and yesterday, this month and, on its first day, the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_cost_exporter.ledger.days import DayBook
    from llm_cost_exporter.ledger.ledger import Ledger
    from llm_cost_exporter.times import Day

__all__ = ["DayView", "Spent", "day_view"]

Spent = list[tuple[tuple[str, ...], int]]  # label values and 1e-24 USD


@dataclass(frozen=True, slots=True)
class DayView:
    """An immutable view, made by the posting thread and read by scrapes."""

    book: DayBook  # whose days they are
    names: tuple[str, ...]  # of the label values
    zone: str
    bounds: tuple[Day, Day, Day]  # yesterday, today, tomorrow
    month_bounds: tuple[tuple[str, float, float], ...]  # this month and the next: name, start, end
    days: tuple[tuple[Day, Spent], ...]
    months: tuple[tuple[str, Spent], ...]
    version: int

    @property
    def today(self) -> Spent:
        return self.days[-1][1]

    @property
    def this_month(self) -> Spent:
        return self.months[-1][1]

    def is_of(self, now: float, book: DayBook) -> bool:
        """The view is of that day book, and its days are still yesterday and today at `now`."""
        return self.book is book and self.bounds[1].start <= now < self.bounds[1].end

    def holds(self, now: float, book: DayBook) -> bool:
        """And nothing was spent since."""
        return self.version == book.version and self.is_of(now, book)


def day_view(ledger: Ledger, now: float) -> DayView:
    """The view at `now` (epoch seconds). What was alive yesterday has a today, of 0 until it spends. Raises UnreadableError."""
    calendar, book = ledger.calendar, ledger.days
    bounds = calendar.yesterday_today_tomorrow(now)
    yesterday, today, _ = bounds
    spent_yesterday, spent_today = book.on(yesterday.date), book.on(today.date)
    spent_today = dict.fromkeys(spent_yesterday, 0) | spent_today
    this_month = dict.fromkeys(spent_today, 0) | book.in_month(today.month)
    months = [(today.month, this_month)]
    if yesterday.month != today.month:
        months.insert(0, (yesterday.month, book.in_month(yesterday.month)))
    following = calendar.next_month(today.month)

    def named(amounts: dict[int, int]) -> Spent:
        return [(ledger.labels_of(number), usd) for number, usd in amounts.items()]

    return DayView(
        book=book,
        names=ledger.names,
        zone=calendar.name,
        bounds=bounds,
        month_bounds=tuple((month, *calendar.month_bounds(month)) for month in (today.month, following)),
        days=((yesterday, named(spent_yesterday)), (today, named(spent_today))),
        months=tuple((month, named(amounts)) for month, amounts in months),
        version=book.version,
    )
