"""What one model costs over time: the price file's entries, and the catalogue's price beneath them."""

from __future__ import annotations

import math
from decimal import Decimal

from llm_cost_exporter.prices.entries import Entry
from llm_cost_exporter.prices.listprice import ListPrice
from llm_cost_exporter.prices.sheet import Rates, Sheet
from llm_cost_exporter.prices.timing import span

__all__ = ["Quotes"]

_MOST_KEPT = 8  # of a model's rates: its tiers, today and around midnight


class Quotes:
    """The prices of one (provider, model, context). `entries` are strongest first; `listed` is None where the catalogue lacks the model."""

    __slots__ = ("_discounted", "_entries", "_file", "_kept", "_list_name", "_listed", "is_known")

    def __init__(self, entries: tuple[Entry, ...], file: str, listed: ListPrice | None, list_name: str) -> None:
        self._entries = entries
        self._file = file
        self._listed = listed
        self._list_name = list_name
        self._kept: list[Rates] = []
        self._discounted: tuple[Sheet, Decimal, Sheet] | None = None
        self.is_known = listed is not None or any(entry.sheet is not None for entry in entries)
        """Whether there is a price at some time. Models without one are asked for line by line."""

    def rates(self, when: float, total_input: int) -> Rates | None:
        """The rates of a call; None where no price is known."""
        for rates in self._kept:
            if rates.valid_from <= when < rates.valid_until and rates.above < total_input <= rates.up_to:
                return rates
        found = self.sheet(when) if self.is_known else None
        if found is None:
            return None
        sheet, start, end, source = found
        band = sheet.band(total_input)
        rates = Rates(band.meters, start, end, band.above, band.up_to, source, sheet.per_call)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept.append(rates)
        return rates

    def sheet(self, when: float) -> tuple[Sheet, float, float, str] | None:
        """The price sheet in force at `when`, from when until when it is, and where it comes from; None where no price is known."""
        entry, start, end = self._entry(when)
        if entry is not None and entry.sheet is not None:
            return entry.sheet, start, end, f"{self._file}: {entry.key}"
        if self._listed is None:
            return None
        list_start, list_end = span(self._listed.constraints(), when)
        start, end = max(start, list_start), min(end, list_end)
        sheet = self._listed.sheet(when)
        if not sheet.own:
            return None
        source = f"{self._list_name}: {self._listed.found.provider}/{self._listed.found.model.id}"
        if entry is None:
            return sheet, start, end, source
        return self._times(sheet, entry.multiplier), start, end, f"{self._file}: {entry.key}, of {source}"

    def _entry(self, when: float) -> tuple[Entry | None, float, float]:
        """The entry in force, and the time around `when` in which the same entries are there."""
        start = max((e.valid_from for e in self._entries if e.valid_from <= when), default=-math.inf)
        end = min((e.valid_from for e in self._entries if e.valid_from > when), default=math.inf)
        return next((e for e in self._entries if e.valid_from <= when), None), start, end

    def _times(self, sheet: Sheet, factor: Decimal) -> Sheet:
        if self._discounted is None or self._discounted[0] is not sheet or self._discounted[1] != factor:
            self._discounted = (sheet, factor, sheet.times(factor))
        return self._discounted[2]
