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
        "above", "account", "cached", "calls", "cost_bounds", "cost_counts", "day", "exemplars", "high", "into", "labels", "last", "latencies",
        "latency", "low", "number", "old", "out", "prices", "rates", "reasoning", "said", "said_calls", "tariff", "token_counts", "unit", "up_to",
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
        self.rates: Rates | None = None
        self.unit = 1
        self.prices: tuple[int, int, int, int] = (0, 0, 0, 0)  # of METERS, in units
        self.written_prices: tuple[int, ...] | None = None  # of WRITTEN
        self.cost_bounds: tuple[int, ...] = ()
        self.cost_counts = [0] * (len(BOUNDS["cost"]) + 1)
        self.token_counts = [0] * (len(BOUNDS["input_tokens"]) + 1)
        self.latencies = [0] * (len(BOUNDS["duration"]) + 1)
        self.clear()

    def clear(self) -> None:
        """What was counted has been taken in."""
        self.calls = self.into = self.cached = self.out = self.reasoning = 0
        self.written: list[int] | None = None  # of WRITTEN
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

    def price(self, prices: Prices) -> None:
        """Take over the prices that are in force."""
        rates = self.rates = prices.rates
        self.unit, self.prices, self.cost_bounds = prices.unit, prices.per_token, prices.bounds
        self.written_prices = prices.per_written
        self.above, self.up_to = rates.above, rates.up_to

    def tokens(self) -> dict[str, int]:
        """Tokens by meter, none of them 0."""
        counts = (self.cached, self.into, self.reasoning, self.out)
        tokens = {meter: count for meter, count in zip(METERS, counts, strict=True) if count}
        if self.written is not None:
            tokens.update((meter, count) for meter, count in zip(WRITTEN, self.written, strict=True) if count)
        return tokens

    @property
    def prompt(self) -> int:
        """Tokens of all prompts, cached ones included."""
        return self.into + self.cached + (0 if self.written is None else sum(self.written))

    def cost(self, tokens: dict[str, int]) -> dict[str, int]:
        """What `tokens` of this cell cost, 1e-24 USD by meter."""
        assert self.rates is not None
        per_token = self.rates.meters
        return {meter: count * per_token[meter] for meter, count in tokens.items()}
