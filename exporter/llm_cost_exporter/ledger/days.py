"""What was spent on each day and in each month, in the log's own time.

Only the days in use and the months that are shown are in memory; the rest lies in the state, and a day of it is fetched when a late line needs it.
Amounts are integers of 1e-24 USD by account number.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol

from llm_cost_exporter.times import Day

if TYPE_CHECKING:
    from collections.abc import Collection

    from llm_cost_exporter.times import Calendar

__all__ = ["DayBook", "DayStore"]

Amounts = dict[int, int]

_NO_DAY: Final = Day("", "", math.inf, math.inf)


class DayStore(Protocol):
    """Where closed days lie. A read may raise UnreadableError."""

    def day(self, date: str) -> Amounts: ...
    def month(self, month: str, without: Collection[str]) -> Amounts: ...


class DayBook:
    """Dollars by day and account. `post` is on the path of every line."""

    def __init__(self, calendar: Calendar, store: DayStore) -> None:
        self._calendar = calendar
        self._store = store
        self._days: dict[str, Amounts] = {}
        self._months: dict[str, Amounts] = {}  # whole ones: those that were asked for
        self._dirty: dict[str, set[int]] = {}
        self.at = _NO_DAY  # the day turned to, and what is of it
        self._page: tuple[Amounts, Amounts, set[int]] = ({}, {}, set())
        self.version = 0  # grows with every post, for those who keep a view

    def turn_to(self, day: Day) -> None:
        """The next posts are of `day`. All that may be unreadable is read here."""
        # A month that nobody asked for is added up when somebody does.
        self._page = self._day(day.date), self._months.get(day.month, {}), self._dirty.setdefault(day.date, set())
        self.at = day

    def post(self, account: int, usd: int) -> None:
        """`account` spent `usd` more on the day turned to."""
        amounts, month, dirty = self._page
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

    def write_all(self) -> None:
        """The store is a new one: `changed` gives all that is in memory."""
        self.at = _NO_DAY
        for date, amounts in self._days.items():
            self._dirty[date] = set(amounts)

    def saved(self, now: float) -> bool:
        """`changed` is on disk. What is no longer of use leaves memory. True: some day did."""
        yesterday, today, tomorrow = self._calendar.yesterday_today_tomorrow(now)
        days = {yesterday.date, today.date, tomorrow.date, *self._dirty}  # late lines come in many, of one day or two
        self._dirty = {}
        self.at = _NO_DAY
        months = {today.month, tomorrow.month, self._calendar.previous_month(today.month)}
        before = len(self._days)
        self._days = {date: amounts for date, amounts in self._days.items() if date in days}
        self._months = {month: amounts for month, amounts in self._months.items() if month in months}
        return len(self._days) < before

    def _day(self, date: str) -> Amounts:
        # A date that is not in memory has no unsaved change: `saved` alone takes dates out.
        amounts = self._days.get(date)
        if amounts is None:
            amounts = self._days[date] = self._store.day(date)
        return amounts

    def _month(self, month: str) -> Amounts:
        amounts = self._months.get(month)
        if amounts is None:
            here = {date: day for date, day in self._days.items() if date.startswith(month)}
            amounts = self._store.month(month, here.keys())
            for day in here.values():
                for account, usd in day.items():
                    amounts[account] = amounts.get(account, 0) + usd
            self._months[month] = amounts
            self.at = _NO_DAY  # posts go to the whole month from now on
        return amounts
