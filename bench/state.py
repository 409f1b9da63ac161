"""A ledger with as many label sets as are wanted, as the running exporter has it: for what is measured in this process."""

from __future__ import annotations

import time
from pathlib import Path

from llm_cost_exporter.accounting import Accountant
from llm_cost_exporter.config import Config, Limits
from llm_cost_exporter.ledger import Ledger, Route, Store, day_view
from llm_cost_exporter.metrics import Exposition, View
from llm_cost_exporter.prices import PriceBook
from llm_cost_exporter.times import Calendar
from llm_cost_exporter.types import Usage

__all__ = ["State"]

_MODELS = ("gpt-4o-mini", "gpt-4.1", "gpt-5-mini", "gpt-4o", "gpt-5")


class State:
    """A ledger on a store in `folder`. `call(n)` posts a call to each of the first `n` label sets; `save` saves."""

    def __init__(self, folder: Path, label_sets: int) -> None:
        folder.mkdir()
        config = Config(new_series_hold=0, limits=Limits(series=max(1000, label_sets)))
        calendar, book = Calendar("UTC"), PriceBook()
        self.store = Store(folder / "state.db", "UTC")
        self.ledger = Ledger(config, calendar, book, self.store, time.time())
        self._accountant: Accountant[Route] = Accountant(book, self.ledger.ids, self.ledger)
        self.label_sets = label_sets
        self.call(label_sets)
        self.save()
        self.ledger.ready()
        self.save()

    def call(self, label_sets: int) -> None:
        """A call with all that a call can have."""
        now = time.time()
        for number in range(label_sets):
            model, labels = _MODELS[number % 5], (f"app-{number // 5 % 100:02}", f"team-{number // 500}")
            tokens = {"input": 1000 + number, "cache_read": 500, "output": 200, "reasoning": 100}
            usage = Usage(model, "openai", tokens, time=now, labels=labels, latency_ns=1_500_000_000)
            self._accountant.take(usage, "bench")

    def save(self) -> None:
        """One save, as saving.Saver does it."""
        changes = self.ledger.changes(time.time(), [], [])
        self.store.save(changes)
        self.ledger.saved(time.time(), time.monotonic())

    def exposition(self) -> Exposition:
        """What a scrape of this ledger is made by."""
        found = Exposition(self.ledger)
        found.view = View(ready=True, days=day_view(self.ledger, time.time()), ledger_id="bench")
        return found

    def close(self) -> None:
        self.store.close()
