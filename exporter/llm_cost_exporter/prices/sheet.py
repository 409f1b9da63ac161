"""A price sheet: what one model costs at one time, by meter and by the size of the call.

Tiers are cliffs: a call whose total input is above a tier's start pays that tier's price for all of its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import NamedTuple

from llm_cost_exporter import money
from llm_cost_exporter.prices.meters import resolve

__all__ = ["ALL_SIZES", "EXACT", "Band", "Rates", "Sheet", "Steps"]

Steps = tuple[tuple[int, Decimal], ...]
"""Prices of one meter, USD a million tokens: each holds for a total input above its start, up to the next start.

Ascending. The start of the base price is -1 (a call without input has a total of 0). A meter without a base price has
none of its own up to the first start.
"""

EXACT = Context(prec=400)  # products of a few numbers of at most 60 digits each: nothing is rounded here
ALL_SIZES = 1 << 62  # more tokens than any call has
_PER_MILLION = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a token costs, for as long and as far as this object holds: from `valid_from` (inclusive) until
    `valid_until` (exclusive, epoch seconds), and for a total input above `above` and up to `up_to` (inclusive).

    `meters` has 1e-24 USD a token for every meter that can be charged; a meter that is not in it has no known price.
    `per_call` is what the call itself costs besides its tokens, in 1e-24 USD (Perplexity's request fee; mostly 0).
    `source` names the catalogue or the price file, and the entry in it.
    """

    meters: dict[str, int]
    valid_from: float
    valid_until: float
    above: int
    up_to: int
    source: str
    per_call: int = 0


class Band(NamedTuple):
    """The prices of a sheet for a total input above `above` and up to `up_to`."""

    above: int
    up_to: int
    meters: dict[str, int]  # 1e-24 USD a token, every meter that can be charged


class Sheet:
    """Prices of one model's meters. Each is multiplied by `factor` (a discount, a currency) and then rounded, once."""

    __slots__ = ("_factor", "_fee", "bands", "own", "per_call")

    def __init__(self, own: Mapping[str, Steps], fee: Decimal = Decimal(0), factor: Decimal = Decimal(1)) -> None:
        self.own = own
        self._fee = fee  # USD a call
        self._factor = factor
        self.per_call = money.from_decimal(EXACT.multiply(fee, factor))
        starts = sorted({-1, *(start for steps in own.values() for start, _ in steps)})
        self.bands = tuple(
            Band(start, end, self._above(start)) for start, end in zip(starts, [*starts[1:], ALL_SIZES], strict=True)
        )
        """All ranges of total input, ascending and without a gap."""

    def band(self, total_input: int) -> Band:
        """The prices of a call of this total input."""
        for band in reversed(self.bands):
            if total_input > band.above:
                return band
        return self.bands[0]

    def times(self, factor: Decimal) -> Sheet:
        """This sheet with all its prices multiplied."""
        return self if factor == 1 else Sheet(self.own, self._fee, EXACT.multiply(self._factor, factor))

    def _above(self, start: int) -> dict[str, int]:
        per_token = EXACT.multiply(self._factor, _PER_MILLION)
        own: dict[str, int] = {}
        for meter, steps in self.own.items():
            for first, price in steps:
                if first <= start:
                    own[meter] = money.from_decimal(EXACT.multiply(price, per_token))
        return resolve(own)
