"""What posting and views read of the store, which may not answer or answer with garbage.

Every read raises UnreadableError and nothing else. The ledger reads before it changes anything, so a call that meets one was
not posted and can be taken again.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, TypeVar

from llm_cost_exporter.ledger.accounts import GARBAGE, unrow
from llm_cost_exporter.ledger.store import UnreadableError, is_broken

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from llm_cost_exporter.ledger.accounts import Account, Kind
    from llm_cost_exporter.ledger.store import Store

__all__ = ["Reads"]

T = TypeVar("T")

_NO_ANSWER: Final = (sqlite3.Error, *GARBAGE)


class Reads:
    """Reads of one store. `broken`: what it answered last time can't be right; it is to be set aside."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.broken: UnreadableError | None = None

    def use_store(self, store: Store) -> None:
        self._store = store
        self.broken = None

    def account(self, kind: Kind, labels: str) -> Account | None:
        """The account of these labels (JSON), also one that is out of use."""
        return self._ask(lambda: None if (row := self._store.account(kind, labels)) is None else unrow(row))

    def numbered(self, number: int) -> Account | None:
        """The account of that number, also one that is out of use."""
        return self._ask(lambda: None if (row := self._store.account_numbered(number)) is None else unrow(row))

    def day(self, date: str) -> dict[int, int]:
        """1e-24 USD by account number."""
        return self._ask(lambda: self._store.day(date))

    def month(self, month: str, without: Collection[str]) -> dict[int, int]:
        """1e-24 USD by account number, but for the dates `without`."""
        return self._ask(lambda: self._store.month(month, without))

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except _NO_ANSWER as bad:
            unreadable = UnreadableError(str(bad))
            unreadable.broken = is_broken(bad)
            if unreadable.broken:
                self.broken = unreadable
            raise unreadable from bad
