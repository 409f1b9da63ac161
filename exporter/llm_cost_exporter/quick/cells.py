"""Cells: the calls of one model and label values, added up in small integers.

A cell holds while its window does: one day, one set of rates (so one range of time and of prompt size), and either all base or
all not. As long as the rates are the same, what the tokens of many calls cost is their sum times the rate, to the last digit.
So a call adds a few machine-sized integers, and the wide ones (1e-24 USD) are touched when the cell is settled.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter.ledger.samples import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_cost_exporter.prices import Rates
    from llm_cost_exporter.tariffs import Tariff
    from llm_cost_exporter.times import Day

__all__ = ["METERS", "WRITTEN", "Cell", "Prices"]

METERS: Final = ("cache_read", "input", "reasoning", "output")
WRITTEN: Final = ("cache_write_1h", "cache_write_5m", "cache_write")  # which few calls have


class Prices:
    """Rates as cells use them, the same for all cells of a tariff. Raises LookupError where they are not simple enough: a price a call,
    or a meter without a price. `per_written` is None where those of WRITTEN have none.
    """

    __slots__ = ("bounds", "per_token", "per_written", "rates", "unit")

    def __init__(self, rates: Rates) -> None:
        if rates.per_call:
            raise LookupError
        self.rates = rates
        read, fresh, thought, said = (rates.meters[meter] for meter in METERS)
        written = [rates.meters[meter] for meter in WRITTEN if meter in rates.meters]
        # 1e-24 USD: the greatest common divisor of the rates, so that what is added a call stays small
        self.unit = unit = math.gcd(read, fresh, thought, said, *written) or 1
        self.per_written = tuple(price // unit for price in written) if len(written) == len(WRITTEN) else None
        self.per_token = (read // unit, fresh // unit, thought // unit, said // unit)
        # bisect_left finds the first bound that is no smaller; in whole units that is the same bound, rounded down
        self.bounds = tuple(bound // unit for bound in BOUNDS["cost"])


class Cell:
    """Calls of one tariff and label values since the last `clear`.

    `account`, `day` and `old` are the sink's (see accounting.Sink). The prompt's size is above `above` and up to `up_to` tokens, the time from `low`
    until before `high`; a cell whose window is closed (`low` is infinite) takes nothing before it is bound again.
    """

    __slots__ = (
        "above", "account", "cached", "calls", "cost_bounds", "cost_counts", "counts_apart", "day", "exemplars", "high", "into", "labels", "last",
        "latencies", "latency", "low", "number", "old", "out", "prices", "reasoning", "said", "said_calls", "tariff", "token_counts", "unit", "up_to",
        "written", "written_prices",
    )  # fmt: skip

    def __init__(self, tariff: Tariff[Any], labels: tuple[str, ...]) -> None:
        self.tariff = tariff
        self.labels = labels
        self.account: Any = None
        self.number = 0
        self.day: Day | None = None
        self.old = False
        self.close()
        self.above, self.up_to = 0, -1
        self.unit = 1
        self.prices: tuple[int, int, int, int] = (0, 0, 0, 0)  # of METERS, in units
        self.written_prices: tuple[int, ...] | None = None  # of WRITTEN
        self.cost_bounds: tuple[int, ...] = ()
        self.count_apart()
        self.clear()

    def clear(self) -> None:
        """What was counted has been taken in."""
        self.calls = self.into = self.cached = self.out = self.reasoning = 0
        self.written: list[int] | None = None  # of WRITTEN
        self.said = self.said_calls = 0  # in idchunk.SAID_UNIT
        self.latency = 0  # nanoseconds
        self.last = 0.0  # the newest call, epoch seconds
        self.exemplars: dict[int, tuple[str, int, float]] = {}  # by bucket of cost: id, 1e-24 USD, time

    def count_apart(self) -> None:
        """How many calls fall in each bucket is counted here, from 0 on."""
        self.counts_apart = True
        self.cost_counts = [0] * (len(BOUNDS["cost"]) + 1)
        self.token_counts = [0] * (len(BOUNDS["input_tokens"]) + 1)
        self.latencies = [0] * (len(BOUNDS["duration"]) + 1)

    def count_in(self, cost_counts: list[int], token_counts: list[int]) -> None:
        """Calls are counted in the buckets of these histograms from now on, latencies still here."""
        self.counts_apart = False
        self.cost_counts, self.token_counts = cost_counts, token_counts

    def close(self) -> None:
        """No row fits any more before the cell is bound again."""
        self.low = self.high = math.inf

    def price(self, prices: Prices) -> None:
        """Take over the prices that are in force."""
        rates = prices.rates
        self.unit, self.prices, self.cost_bounds = prices.unit, prices.per_token, prices.bounds
        self.written_prices = prices.per_written
        self.above, self.up_to = rates.above, rates.up_to

    def counts(self) -> Iterable[tuple[str, int, int]]:
        """(meter, tokens, what one of them costs in units), also of meters without tokens."""
        counts = zip(METERS, (self.cached, self.into, self.reasoning, self.out), self.prices, strict=True)
        if self.written is None or self.written_prices is None:
            return counts
        return chain(counts, zip(WRITTEN, self.written, self.written_prices, strict=True))

    def tokens(self) -> dict[str, int]:
        """Tokens by meter, none of them 0."""
        return {meter: count for meter, count, _ in self.counts() if count}

    def cost(self) -> dict[str, int]:
        """What they cost, 1e-24 USD by meter."""
        return {meter: count * units * self.unit for meter, count, units in self.counts() if count}

    @property
    def prompt(self) -> int:
        """Tokens of all prompts, cached ones included."""
        return self.into + self.cached + (0 if self.written is None else sum(self.written))
