"""What the catalogue says one model costs, at any time and in one context (batch, flex, fast …)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from llm_cost_exporter.prices.catalogue import Found, conditional_prices
from llm_cost_exporter.prices.listed.types import ModelInfo, ModelPrice, TieredPrices
from llm_cost_exporter.prices.meters import CATALOGUE_KEYS
from llm_cost_exporter.prices.sheet import Sheet, Steps
from llm_cost_exporter.prices.timing import Constraint, is_active

__all__ = ["Context", "ListPrice", "contexts", "plain_context", "says_free"]

Context = tuple[tuple[str, str], ...]
"""What a record tells of how a call was made: (("processing", "batch"),), (("service_tier", "flex"), ("speed", "fast"))."""

_REQUESTS: Final = "requests_kcount"
_FREE: Final = re.compile(r":free$|\(free\)|\bfree of charge\b|\bzero token cost\b", re.IGNORECASE)


class ListPrice:
    """The prices of one model of the catalogue in one context. Sheets are made once for each set of prices in force."""

    def __init__(self, found: Found, context: Context) -> None:
        self.found = found
        self._standard = conditional_prices(found.model)
        told = dict(context)
        # Variants of a resold model are the vendor's own offer, not its reseller's.
        self._variants = [
            v
            for v in found.model.price_variants or ()
            if found.own and all(told.get(k) == x for k, x in v.when.items())
        ]
        self._sheets: dict[tuple[int, ...], Sheet] = {}

    def constraints(self) -> Iterator[Constraint]:
        """What the price in force depends on."""
        yield from (conditional.constraint for conditional in self._standard)
        yield from (variant.constraint for variant in self._variants)

    def sheet(self, when: float) -> Sheet:
        """The prices in force at `when` (epoch seconds). Without any meter: no price is known."""
        standard = next(
            (i for i in reversed(range(len(self._standard))) if is_active(self._standard[i].constraint, when)), 0
        )
        variants = tuple(i for i, variant in enumerate(self._variants) if is_active(variant.constraint, when))
        sheet = self._sheets.get((standard, *variants))
        if sheet is None:
            sheet = self._sheets[standard, *variants] = self._make(standard, variants)
        return sheet

    def _make(self, standard: int, variants: tuple[int, ...]) -> Sheet:
        prices: dict[str, Decimal | TieredPrices] = {}
        # For each key apart: the first variant that has it, else the standard price.
        for source in (*(self._variants[i].prices for i in variants), self._prices(standard)):
            for key, value in source.prices.items():
                if value is not None:
                    prices.setdefault(key, value)
        if not prices and says_free(self.found.model):
            return Sheet({"input": _steps(Decimal(0)), "output": _steps(Decimal(0))})
        own = {meter: _steps(prices[key]) for meter, key in CATALOGUE_KEYS.items() if key in prices}
        return Sheet(own, _fee(prices))

    def _prices(self, index: int) -> ModelPrice:
        return self._standard[index].prices if self._standard else ModelPrice()


def plain_context(told: Iterable[tuple[str, str]]) -> Context:
    """A context in the catalogue's words: lower case, and a batch is a way of processing, though Anthropic calls it a tier."""
    found = {name.lower(): value.strip().lower() for name, value in told}
    if found.get("service_tier") == "batch":
        del found["service_tier"]
        found["processing"] = "batch"
    return tuple(sorted(found.items()))


def says_free(model: ModelInfo) -> bool:
    """Whether a model without any price is free, in the catalogue's own words.

    The catalogue leaves out prices of zero: a model without prices is free, or its price is not known (a model that was
    withdrawn, or is priced by the song). Only its name or a remark tells which.
    """
    texts = (model.id, model.name, model.description, model.price_comments)
    return any(text is not None and _FREE.search(text) for text in texts)


def contexts(model: ModelInfo) -> list[Context]:
    """The contexts in which `model` has other prices than the standard ones."""
    return list(dict.fromkeys(tuple(sorted(variant.when.items())) for variant in model.price_variants or ()))


def _steps(price: Decimal | TieredPrices) -> Steps:
    if isinstance(price, TieredPrices):
        return ((-1, price.base), *((tier.start, tier.price) for tier in price.tiers))
    return ((-1, price),)


def _fee(prices: Mapping[str, Decimal | TieredPrices]) -> Decimal:
    """USD a call, from USD a thousand calls. Perplexity asks it besides the tokens."""
    fee = prices.get(_REQUESTS)
    return fee.scaleb(-3) if isinstance(fee, Decimal) else Decimal(0)
