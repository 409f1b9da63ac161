"""The accounts in memory: found or opened, folded into their bounds, remembered as changed, and put to rest.

An account without news for a day leaves memory (and /metrics); the store still has it, and it comes back at its old value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from llm_cost_exporter.ledger.accounts import Account, unrow
from llm_cost_exporter.ledger.folding import Folding
from llm_cost_exporter.ledger.samples import SEEN

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from llm_cost_exporter.config.model import Config
    from llm_cost_exporter.ledger.accounts import Kind, Row
    from llm_cost_exporter.ledger.reads import Reads

__all__ = ["IDLE_SECONDS", "Registry"]

IDLE_SECONDS: Final = 24 * 3600.0
_MOST_NAMES: Final = 20_000


class Registry:
    """Accounts by kind and labels. One thread changes them; `alive` may be asked from any."""

    def __init__(self, config: Config, names: tuple[str, ...], reads: Reads) -> None:
        self.hold = config.new_series_hold > 0
        self.dirty: list[Account] = []  # changed since the last save
        self.series = 0  # label sets in memory
        self.next_number = 1
        self._names = names
        self._reads = reads
        self._folding = Folding(names, config.labels, config.limits.series)
        self._accounts: dict[tuple[str, tuple[str, ...]], Account] = {}
        self._by_number: dict[int, Account] = {}
        self._rested: dict[int, tuple[str, ...]] = {}  # labels of accounts that are asked for and not in memory

    def load(self, rows: Iterable[Row], next_number: int) -> None:
        """Take in what the store had. Numbers are never given twice: remembered ids name them longer than accounts may last."""
        self.next_number = next_number
        for row in rows:
            account = unrow(row)
            self._enter(account)
            for sample in account.samples():
                sample.since = None if sample.held else SEEN
                sample.held = self.hold  # until the backlog is read; see Holds.ready

    def _enter(self, account: Account) -> None:
        self._accounts[account.kind, account.labels] = account
        self._by_number[account.number] = account
        if account.kind == "series":
            self.series += 1
            self._folding.opened(account.labels)

    def touch(self, account: Account) -> None:
        """The account is to be saved."""
        if not account.dirty:
            account.dirty = True
            self.dirty.append(account)

    def place(self, wanted: tuple[str, ...]) -> tuple[Account, tuple[str, ...]]:
        """The label set that calls of `wanted` are counted in, and the names of what was folded. Raises UnreadableError."""
        labels, folded = self._folding.fold(wanted, lambda them: ("series", them) in self._accounts, self.series)
        return self.open("series", labels), folded

    def open(self, kind: Kind, labels: tuple[str, ...]) -> Account:
        """The account of these labels, made if there is none. Raises UnreadableError."""
        account = self._accounts.get((kind, labels))
        if account is None:
            account = self._reads.account(kind, orjson.dumps(labels).decode())
            if account is None:
                account = Account(self.next_number, kind, labels)
                self.next_number += 1
            else:  # back after a rest: its old value is shown first
                for sample in account.samples():
                    sample.held = self.hold
                for family in account.families.values():
                    for one in family.values():
                        one.reveal()
                self.touch(account)
            self._enter(account)
        return account

    def numbered(self, number: int) -> Account | None:
        """The label set of that number; None where it is gone, or is no label set. Raises UnreadableError."""
        account = self._by_number.get(number) or self._reads.numbered(number)
        return None if account is None or account.kind != "series" else self.open("series", account.labels)

    def all(self) -> Iterable[Account]:
        return self._accounts.values()

    def alive(self, kind: Kind) -> list[Account]:
        """The accounts of one kind (safe from any thread)."""
        return [account for account in list(self._accounts.values()) if account.kind == kind]

    def labels_of(self, number: int) -> tuple[str, ...]:
        """The label values of an account, also of one that rests. Raises UnreadableError."""
        account = self._by_number.get(number)
        if account is not None:
            return account.labels
        labels = self._rested.get(number)
        if labels is None:
            account = self._reads.numbered(number)
            labels = ("unknown",) * len(self._names) if account is None else account.labels
            if len(self._rested) >= _MOST_NAMES:
                self._rested.clear()
            self._rested[number] = labels
        return labels

    def sweep(self, now: float, lock: threading.Lock) -> bool:
        """Accounts without news for a day leave memory. Only when nothing is unsaved. True: routes are to be forgotten."""
        if self.dirty:
            return False
        idle = [
            account
            for account in self._accounts.values()
            if account.touched < now - IDLE_SECONDS and not any(sample.held for sample in account.samples())
        ]
        if not idle:
            return False
        with lock:
            for account in idle:
                del self._accounts[account.kind, account.labels]
                del self._by_number[account.number]
                if account.kind == "series":
                    self.series -= 1
                    self._folding.closed(account.labels)
            for account in self._accounts.values():
                if account.pair is not None and ("pair", account.pair.labels) not in self._accounts:
                    account.pair = None
                if account.span is not None and ("span", account.span.labels) not in self._accounts:
                    account.span = None
        return True
