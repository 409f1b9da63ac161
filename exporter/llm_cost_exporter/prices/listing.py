"""The price book as rows that a person reads: one for each price, range of size and context of a model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from llm_cost_exporter.prices.book import PriceBook
from llm_cost_exporter.prices.listprice import Context
from llm_cost_exporter.prices.sheet import ALL_SIZES, Sheet

__all__ = ["FEE", "PriceRow", "everything", "rows", "sellers"]

FEE = "fee"
_MINUTES_5, _HOUR_1, _UNTOLD = "cache_write_5m", "cache_write_1h", "cache_write"


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price of one model, in force from `valid_from` until `valid_until` (epoch seconds, exclusive; None: no bound).

    `usd` is for a million tokens of `token_type`, or for one call where that is `fee`. It holds for a total input above
    `above` and up to `up_to` tokens (None: no bound), and in `context`.
    """

    provider: str
    model: str
    token_type: str
    usd: Decimal
    above: int | None
    up_to: int | None
    context: Context
    valid_from: float | None
    valid_until: float | None
    source: str


def sellers(book: PriceBook, model: str) -> list[str]:
    """Every provider whose own list in the catalogue has `model`."""
    found = ((id_, book.catalogue.find(id_, model)) for id_ in book.catalogue.providers)
    return [id_ for id_, listed in found if listed is not None and listed.own]


def everything(book: PriceBook) -> Iterator[tuple[str, str]]:
    """Provider and model of every entry of the price file (with their `*`), then of the catalogue."""
    yield from dict.fromkeys((entry.provider, entry.model) for entry in book.own_entries)
    yield from ((provider.id, model.id) for provider in book.catalogue.providers.values() for model in provider.models)


def rows(book: PriceBook, provider: str, model: str, when: float) -> list[PriceRow]:
    """The prices in force at `when`, the standard ones first; of other contexts only what differs. Empty: no price is known."""
    standard = list(_in_context(book, provider, model, when, ()))
    others = (
        row for context in book.contexts(provider, model) for row in _in_context(book, provider, model, when, context)
    )
    prices = {(row.token_type, row.above): row.usd for row in standard}
    return [*standard, *(row for row in others if prices.get((row.token_type, row.above)) != row.usd)]


def _in_context(book: PriceBook, provider: str, model: str, when: float, context: Context) -> Iterator[PriceRow]:
    found = book.quotes(provider, model, context).sheet(when)
    if found is None:
        return
    sheet, start, end, source = found
    valid_from, valid_until = (None if math.isinf(time) else time for time in (start, end))
    for meter, usd, above, up_to in _prices(sheet):
        bounds = (above if above >= 0 else None, up_to if up_to < ALL_SIZES else None)
        yield PriceRow(provider, model, meter, usd, *bounds, context, valid_from, valid_until, source)


def _prices(sheet: Sheet) -> Iterator[tuple[str, Decimal, int, int]]:
    shown = set(sheet.own)
    if shown & {_UNTOLD, _MINUTES_5, _HOUR_1}:
        shown = shown - {_UNTOLD} | {_MINUTES_5, _HOUR_1}
    for band in sheet.bands:
        for meter, rate in band.meters.items():
            if meter in shown:
                yield meter, Decimal(rate).scaleb(-18).normalize(), band.above, band.up_to
    if sheet.per_call:
        yield FEE, Decimal(sheet.per_call).scaleb(-24).normalize(), -1, ALL_SIZES
