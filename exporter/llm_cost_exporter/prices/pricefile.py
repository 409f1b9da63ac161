"""The user's own price list, over the catalogue: prices.yml.

    currencies: {THB: {usd: "0.0285"}}
    prices:
      - {provider: holysheep, model: gpt-4.1, input_per_mtok: 8.00, output_per_mtok: 8.00}
      - {provider: "*", model: "my-*", valid_from: 2026-01-01, currency: THB, input_per_ktok: 0.5,
         tiers: [{above_input_tokens: 200000, input_per_ktok: 1.0}], multiplier: 0.9}
      - {provider: azure, model: "*", when: {processing: batch}, multiplier: 0.5}

An entry with prices of its own takes the place of the catalogue's price as a whole: a kind of token that it does not
name costs what the next wider one in the same entry costs (meters.py). An entry with nothing but a multiplier is a
discount on the catalogue's price. `valid_from` is a day in UTC; before it the entry is not there. `when` limits an entry
to calls whose record tells so.

Of the entries that apply to a call one holds; they don't add up. It is, in this order: the one that has the model's name in
full rather than with `*` or `?`; the provider's name in full; more in `when`; the later `valid_from`; the first in the file.
Names are compared without regard to case. A provider's name is taken as a log's is (`azure-openai-prod` is azure), so that
an entry holds for the calls whose log has that name, and for those of the same provider under its other names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llm_cost_exporter.config import yamlfile
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.prices.entries import Entry, read_currencies, read_entry
from llm_cost_exporter.prices.listprice import Context
from llm_cost_exporter.prices.reading import Reader

__all__ = ["Entry", "PriceFile", "load", "parse"]

_KEYS: Final = ("currencies", "prices")
_EXAMPLE: Final = "prices: [{provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00}]"


@dataclass(frozen=True)
class PriceFile:
    """The entries of a price file, in the order of the file."""

    file: str
    entries: tuple[Entry, ...]

    def entries_for(self, names: Iterable[tuple[str, set[str]]], context: Context) -> tuple[Entry, ...]:
        """The entries that may hold for a call, strongest first: of them the first whose day has come does.

        `names` are the providers that the call may go by, each with the model's spellings, in lower case.
        """
        names, told = list(names), set(context)
        found = [
            entry
            for entry in self.entries
            if told.issuperset(entry.when) and any(entry.is_for(provider, models) for provider, models in names)
        ]
        # Python's sort is stable in reverse, too: what is equal stays in the order of the file.
        return tuple(sorted(found, key=lambda entry: (entry.rank, entry.valid_from), reverse=True))

    def contexts_for(self, names: Iterable[tuple[str, set[str]]]) -> Iterator[Context]:
        """What the entries for these names ask for in `when`."""
        for provider, models in names:
            yield from (entry.when for entry in self.entries if entry.when and entry.is_for(provider, models))

    def starts(self) -> set[int]:
        """Every total input at which a price changes."""
        return {band.above for entry in self.entries if entry.sheet for band in entry.sheet.bands} - {-1}


def load(path: Path | str, ids: Callable[[], frozenset[str]]) -> PriceFile:
    """The price file `path`; `ids` are the catalogue's providers, asked for where needed. Raises ConfigError in one line."""
    return parse(yamlfile.read(path, decimals=True), str(path), ids)


def parse(data: object, file: str, ids: Callable[[], frozenset[str]]) -> PriceFile:
    """A price file's content; `file` is its name in errors. Raises ConfigError."""
    if data is None:
        raise ConfigError(file, "", f"is empty; {_EXAMPLE} would be right")
    top = Reader(file, "", data)
    values = dict(top.items(_EXAMPLE))
    for name, value in values.items():
        if name not in _KEYS:
            value.unknown(name, _KEYS)
    if "prices" not in values:
        raise ConfigError(file, "prices", f"is missing; {_EXAMPLE} would be right")
    currencies = read_currencies(values["currencies"] if "currencies" in values else top.at("currencies", {}))
    entries: list[Entry] = []
    first: dict[tuple[object, ...], str] = {}
    for element in values["prices"].elements(f"[{_EXAMPLE.partition('[')[2]}"):
        entry = read_entry(element, currencies, ids)
        same = first.setdefault((entry.provider, entry.model, entry.valid_from, entry.when), entry.key)
        if same != entry.key:
            element.fail(f"is for the same provider, model and day as {same}; one of them would be right")
        entries.append(entry)
    return PriceFile(file, tuple(entries))
