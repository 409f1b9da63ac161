"""Cells: the calls of one model and label values, added up in small integers.

A cell holds while its window does: one day, one set of rates (so one range of time and of prompt size), and either all base or
all not. As long as the rates are the same, what the tokens of many calls cost is their sum times the rate, to the last digit.
So a call adds a few machine-sized integers, and the wide ones (1e-24 USD) are touched when the cell is settled.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter.ledger.samples import BOUNDS

if TYPE_CHECKING:
    from llm_cost_exporter.prices import Rates
    from llm_cost_exporter.tariffs import Tariff
    from llm_cost_exporter.times import Day

__all__ = ["METERS", "Cell"]

METERS: Final = ("cache_read", "input", "reasoning", "output")


class Cell:
    """Calls of one tariff and label values since the last `clear`.

    `account`, `day` and `old` are the sink's (see accounting.Sink). The prompt's size is above `above` and up to `up_to` tokens, the time from `low`
    until before `high`; a cell whose window is closed (`low` is infinite) takes nothing before it is bound again.
    """

    __slots__ = (
        "above", "account", "cached", "calls", "cost_bounds", "cost_counts", "day", "exemplars", "high", "into", "labels", "last", "latencies",
        "latency", "low", "number", "old", "out", "prices", "rates", "reasoning", "said", "said_calls", "tariff", "token_counts", "unit", "up_to",
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
        self.rates: Rates | None = None
        self.unit = 1  # 1e-24 USD: the greatest common divisor of the rates, so that what is added a call stays small
        self.prices: tuple[int, int, int, int] = (0, 0, 0, 0)  # of METERS, in units
        self.cost_bounds: tuple[int, ...] = ()
        self.cost_counts = [0] * (len(BOUNDS["cost"]) + 1)
        self.token_counts = [0] * (len(BOUNDS["input_tokens"]) + 1)
        self.latencies = [0] * (len(BOUNDS["duration"]) + 1)
        self.clear()

    def clear(self) -> None:
        """What was counted has been taken in."""
        self.calls = self.into = self.cached = self.out = self.reasoning = 0
        self.said = self.said_calls = 0  # in idchunk.SAID_UNIT
        self.latency = 0  # nanoseconds
        self.last = 0.0  # the newest call, epoch seconds
        self.exemplars: dict[int, tuple[str, int, float]] = {}  # by bucket of cost: id, 1e-24 USD, time

    def clear_counts(self) -> None:
        """The buckets too, for sinks that have histograms."""
        self.cost_counts = [0] * len(self.cost_counts)
        self.token_counts = [0] * len(self.token_counts)
        self.latencies = [0] * len(self.latencies)

    def close(self) -> None:
        """No row fits any more before the cell is bound again."""
        self.low = self.high = math.inf

    def price(self, rates: Rates) -> bool:
        """Take over `rates`. False: they are not simple enough (a price a call, or a meter without a price)."""
        if rates is not self.rates:
            of = rates.meters
            if rates.per_call or not all(meter in of for meter in METERS):
                return False
            self.rates = rates
            per_token = [of[meter] for meter in METERS]
            self.unit = unit = math.gcd(*per_token) or 1
            read, fresh, thought, said = (price // unit for price in per_token)
            self.prices = (read, fresh, thought, said)
            # bisect_left finds the first bound that is no smaller; with whole units that is the same bound, rounded down
            self.cost_bounds = tuple(bound // unit for bound in BOUNDS["cost"])
        self.above, self.up_to = rates.above, rates.up_to
        return True

    def tokens(self) -> dict[str, int]:
        """Tokens by meter, none of them 0."""
        counts = (self.cached, self.into, self.reasoning, self.out)
        return {meter: count for meter, count in zip(METERS, counts, strict=True) if count}

    def cost(self) -> dict[str, int]:
        """1e-24 USD by meter, for the meters that have tokens."""
        assert self.rates is not None
        return {meter: count * self.rates.meters[meter] for meter, count in self.tokens().items()}

    def usd(self) -> int:
        """1e-24 USD of all calls."""
        return sum(self.cost().values())
