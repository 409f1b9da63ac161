"""What was spent on each day and in each month, in the log's own time.

Only the days in use and two months are in memory; the rest lies in the state and is fetched when a late line needs it.
Amounts are integers of 1e-24 USD by account number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from llm_cost_exporter.times import Calendar, Day

__all__ = ["DayBook", "DayStore"]

Amounts = dict[int, int]


class DayStore(Protocol):
    """Where closed days lie."""

    def day(self, date: str) -> Amounts: ...
    def month(self, month: str) -> Amounts: ...


class DayBook:
    """Dollars by day and account. `post` is on the path of every line."""

    def __init__(self, calendar: Calendar, store: DayStore) -> None:
        self._calendar = calendar
        self._store = store
        self._days: dict[str, Amounts] = {}
        self._months: dict[str, Amounts] = {}
        self._dirty: dict[str, set[int]] = {}
        self._last_day: Day | None = None  # the day of the last post, and what is of it
        self._last: tuple[Amounts, Amounts, set[int]] = ({}, {}, set())
        self.version = 0  # grows with every post, for those who keep a view

    def post(self, account: int, day: Day, usd: int) -> None:
        """`account` spent `usd` more on `day`."""
        if day is not self._last_day:
            self._last_day = day
            self._last = self._day(day.date), self._month(day.month), self._dirty.setdefault(day.date, set())
        amounts, month, dirty = self._last
        self.version += 1
        amounts[account] = amounts.get(account, 0) + usd
        month[account] = month.get(account, 0) + usd
        dirty.add(account)

    def on(self, date: str) -> Amounts:
        """What was spent on `date`, by account (a copy)."""
        return dict(self._day(date))

    def in_month(self, month: str) -> Amounts:
        """What was spent in `month`, by account (a copy)."""
        return dict(self._month(month))

    def changed(self) -> list[tuple[str, int, int]]:
        """(date, account, usd) of all that changed since the last `saved`."""
        return [
            (date, number, self._days[date][number])
            for date, numbers in self._dirty.items()
            for number in sorted(numbers)
        ]

    def use_store(self, store: DayStore) -> None:
        """The store is a new, empty one: `changed` gives all that is in memory."""
        self._store = store
        self._last_day = None
        for date, amounts in self._days.items():
            self._dirty[date] = set(amounts)

    def saved(self, now: float) -> None:
        """`changed` is on disk. What is no longer of use leaves memory."""
        self._dirty = {}
        self._last_day = None
        yesterday, today, tomorrow = self._calendar.yesterday_today_tomorrow(now)
        days = {yesterday.date, today.date, tomorrow.date}
        months = {today.month, tomorrow.month, self._calendar.previous_month(today.month)}
        self._days = {date: amounts for date, amounts in self._days.items() if date in days}
        self._months = {month: amounts for month, amounts in self._months.items() if month in months}

    def _day(self, date: str) -> Amounts:
        # A date that is not in memory has no unsaved change: `saved` alone takes dates out.
        amounts = self._days.get(date)
        if amounts is None:
            amounts = self._days[date] = self._store.day(date)
        return amounts

    def _month(self, month: str) -> Amounts:
        # Nor has such a month: `post` takes the month in before it adds to one of its days.
        amounts = self._months.get(month)
        if amounts is None:
            amounts = self._months[month] = self._store.month(month)
        return amounts
