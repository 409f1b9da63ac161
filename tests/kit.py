"""What several tests build on: a clock that is set, prices that are known, a ledger on a real store."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from llm_cost_exporter.accounting import Accountant, Taken
from llm_cost_exporter.config import Config
from llm_cost_exporter.ledger import Ledger, Route, Store
from llm_cost_exporter.money import ONE_USD
from llm_cost_exporter.prices import PriceBook, Rates
from llm_cost_exporter.tariffs import Context
from llm_cost_exporter.times import Calendar
from llm_cost_exporter.types import Usage

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


def scrape(metrics: Callable[[str, Callable[[bytes], object]], str], accept: str = "") -> str:
    """What `metrics` (of an exporter, or an exposition's render) writes."""
    parts: list[bytes] = []
    metrics(accept, parts.append)
    return b"".join(parts).decode()


@dataclass
class FakeClock:
    """types.Clock, moved by the test alone."""

    now: float = NOON
    mono: float = 1000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.mono

    def cpu(self) -> float:
        return 0.0  # how busy the machine is moves nothing

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.mono += seconds


class FakeBook(PriceBook):
    """Prices: a dollar a million of input, two of output; above 1000 tokens of input twice that; `mystery*` has none."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()  # mysteries that have a price now
        self.per_call = 0

    @property
    def catalogue_timestamp(self) -> float:
        return NOON

    def names(self, provider: str | None, model: str | None) -> tuple[str, str]:
        return provider or "unknown", model or "unknown"

    def rates(self, provider: str, model: str, when: float, total_input: int, context: Context = ()) -> Rates | None:
        if model.startswith("mystery") and model not in self.known:
            return None
        dear = total_input > 1000
        micro = ONE_USD // 1_000_000 * (2 if dear else 1)
        meters = {"input": micro, "cache_read": micro // 10, "output": 2 * micro}
        above, up_to = (1000, 10**18) if dear else (-1, 1000)
        return Rates(meters, -math.inf, math.inf, above, up_to, "test", self.per_call)

    def thresholds(self) -> list[int]:
        return [1000]

    def base_rates(self, provider: str, model: str, when: float) -> dict[str, Decimal]:
        return {}


class Bench:
    """A ledger on a real store in a folder, with an accountant and a clock."""

    def __init__(self, folder: Path, config: Config | None = None, clock: FakeClock | None = None) -> None:
        self.folder = folder
        self.config = config or Config()
        self.clock = clock or FakeClock()
        self.book = FakeBook()
        self.scope = "source"
        self.open()

    def open(self) -> None:
        self.store = Store(self.folder / "state.db", self.config.timezone)
        self.ledger = Ledger(self.config, Calendar(self.config.timezone), self.book, self.store, self.clock.wall())
        self.accountant: Accountant[Route] = Accountant(self.book, self.ledger.ids, self.ledger)

    def call(self, **values: Any) -> Taken:
        """Post one call: gpt, 10 in and 5 out, now, unless told otherwise."""
        tokens = values.pop("tokens", {"input": 10, "output": 5})
        usage = Usage(
            model="gpt", provider="openai", tokens=dict(tokens), time=self.clock.wall(), labels=("checkout", "search")
        )
        for name, value in values.items():
            setattr(usage, name, value)
        if self.ledger.in_backlog:
            self.ledger.base_before = self.clock.wall() - self.config.late_after
        return self.accountant.take(usage, self.scope)

    def save(self) -> None:
        self.store.save(self.ledger.changes(self.clock.wall(), [], []))
        self.ledger.saved(self.clock.wall(), self.clock.monotonic())

    def ready(self) -> None:
        self.save()
        self.ledger.ready()
        self.save()

    def killed(self) -> None:
        """The process is gone between two saves; a new one opens what was saved."""
        self.store.close()
        self.open()

    def samples(self, family: str = "usd") -> Iterator[tuple[tuple[str, ...], str, int, int]]:
        """labels, value of the family's own label, counted, public."""
        for kind in ("series", "pair"):
            for account in self.ledger.alive(kind):
                for name, sample in account.families.get(family, {}).items():
                    yield account.labels, name, sample.value, sample.public

    def counted(self, family: str = "requests") -> int:
        return sum(value for _, _, value, _ in self.samples(family))

    def shown(self, family: str = "requests") -> int:
        return sum(public for _, _, _, public in self.samples(family))


LOG = logging.getLogger("llm_cost_exporter.tests")
