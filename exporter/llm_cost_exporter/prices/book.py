"""The price book: labels and rates for what logs call providers and models.

All money is in units of 1e-24 USD (money.py). Nothing here is called twice for lines of one kind: the caller keeps the
Rates, which say how long and up to which size of call they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Final

from llm_cost_exporter.prices import pricefile
from llm_cost_exporter.prices.catalogue import Catalogue, Found, bundled
from llm_cost_exporter.prices.entries import Entry
from llm_cost_exporter.prices.listprice import Context, ListPrice, contexts, plain_context
from llm_cost_exporter.prices.modelnames import spellings
from llm_cost_exporter.prices.names import UNKNOWN, provider_label
from llm_cost_exporter.prices.providers import provider_named
from llm_cost_exporter.prices.quotes import Quotes
from llm_cost_exporter.prices.sheet import Rates
from llm_cost_exporter.wording import clean, folded

__all__ = ["PriceBook"]

_MOST_KEPT: Final = 4096  # what a log calls its models is not in our hands: caches are emptied when full
_LONGEST_KEPT: Final = 256  # characters of a name that is worth keeping


class PriceBook:
    """Prices from the user's price file and, beneath it, the catalogue (by default the one that is installed).

    `aliases` are other names of models: {my-deployment: azure/gpt-4o}. Raises ConfigError for a price file that is wrong.
    """

    def __init__(
        self,
        aliases: Mapping[str, str] | None = None,
        price_file: Path | str | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._given_catalogue = catalogue
        self._own = pricefile.load(price_file, lambda: self.catalogue.ids) if price_file is not None else None
        self._aliases = dict(aliases or {})
        self._alias_targets = {folded(name): target for name, target in self._aliases.items()}
        self._names: dict[tuple[str | None, str | None], tuple[str, str]] = {}
        self._quotes: dict[tuple[str, str, Context], Quotes] = {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """Loaded when it is first needed; that takes a fifth of a second."""
        return self._given_catalogue or bundled()

    @property
    def own_entries(self) -> tuple[Entry, ...]:
        """The entries of the price file."""
        return self._own.entries if self._own else ()

    @property
    def catalogue_timestamp(self) -> float:
        """The day whose prices the catalogue has, epoch seconds."""
        return self.catalogue.timestamp

    @property
    def version(self) -> str:
        """Which catalogue it is."""
        return self.catalogue.name

    def names(self, provider: str | None, model: str | None) -> tuple[str, str]:
        """The labels of a provider and a model as logged.

        The provider is genai-prices' id where it can be mapped, else as logged; if it is missing, what the model's name tells,
        else `unknown`. The model is as logged, without control characters and cut to 128 characters; missing: `unknown`.
        """
        key = (provider, model)
        found = self._names.get(key)
        if found is None:
            label = clean(model or "") or UNKNOWN
            alias = self._alias(label)
            found = (provider_label(clean(provider or ""), label, self.catalogue, alias[0] if alias else None), label)
            if len(provider or "") <= _LONGEST_KEPT and len(model or "") <= _LONGEST_KEPT:
                if len(self._names) >= _MOST_KEPT:
                    self._names.clear()
                self._names[key] = found
        return found

    def rates(self, provider: str, model: str, when: float, total_input: int, context: Context = ()) -> Rates | None:
        """What a call costs; None where no price is known.

        `provider` and `model` are the labels of `names`; `when` is the call's time (epoch seconds), `total_input` its input
        tokens of all kinds, cached ones included, and `context` what the record tells of how it was made.
        """
        return self.quotes(provider, model, context).rates(when, total_input)

    def base_rates(self, provider: str, model: str, when: float) -> dict[str, Decimal]:
        """The price list at `when`, without tiers and variants: USD a million tokens by token type.

        Only what has a price of its own; cache writes are cache_write_5m and cache_write_1h. Empty where no price is known.
        """
        quotes = self.quotes(provider, model, ())
        found, rates = quotes.sheet(when), quotes.rates(when, 0)
        if found is None or rates is None:
            return {}
        own = set(found[0].own)
        if own & {"cache_write", "cache_write_5m", "cache_write_1h"}:
            own = own - {"cache_write"} | {"cache_write_5m", "cache_write_1h"}
        # Cached audio and images are cache_read in every metric, and that has one price here.
        shown = [meter for meter in rates.meters if meter in own and not meter.startswith("cache_read_")]
        return {meter: Decimal(rates.meters[meter]).scaleb(-18) for meter in shown}

    def contexts(self, provider: str, model: str) -> list[Context]:
        """The contexts in which a model may have other prices than the standard ones, () not among them."""
        found = self._find(self._meant(provider, model)[-1])
        told = contexts(found.model) if found and found.own else []
        by_name = [(p.lower(), spellings(p, m)) for p, m in self._meant(provider, model)]
        return list(dict.fromkeys([*told, *(self._own.contexts_for(by_name) if self._own else ())]))

    def thresholds(self) -> list[int]:
        """Every total input, ascending, at which the price of some model changes."""
        return sorted(self.catalogue.starts | (self._own.starts() if self._own else set()))

    def aliases_without_price(self) -> list[tuple[str, str]]:
        """Aliases whose target is neither in the price file nor in the catalogue: (alias, target)."""
        return [
            (name, "/".join(target))
            for name in self._aliases
            if (target := self._alias(name)) and not self.quotes(*target, ()).is_known
        ]

    def _alias(self, model: str) -> tuple[str, str] | None:
        target = self._alias_targets.get(folded(model))
        if target is None:
            return None
        provider, _, name = target.partition("/")
        return provider_named(provider, self.catalogue.ids), name.strip()

    def quotes(self, provider: str, model: str, context: Context = ()) -> Quotes:
        """All prices of a model in one context, over time. `provider` and `model` are labels of `names`."""
        key = (provider, model, context)
        quotes = self._quotes.get(key)
        if quotes is None:
            if len(self._quotes) >= _MOST_KEPT:
                self._quotes.clear()
            quotes = self._quotes[key] = self._look_up(provider, model, plain_context(context))
        return quotes

    def _look_up(self, provider: str, model: str, context: Context) -> Quotes:
        meant = self._meant(provider, model)
        by_name = [(p.lower(), spellings(p, m)) for p, m in meant]
        entries = self._own.entries_for(by_name, context) if self._own else ()
        found = self._find(meant[-1])
        listed = ListPrice(found, context) if found else None
        return Quotes(entries, self._own.file if self._own else "", listed, self.catalogue.name)

    def _meant(self, provider: str, model: str) -> list[tuple[str, str]]:
        """The names to look a model up by: as logged, and what an alias says. The catalogue is asked for the last one."""
        target = self._alias(model)
        return [(provider, model), target] if target else [(provider, model)]

    def _find(self, name: tuple[str, str]) -> Found | None:
        return self.catalogue.find(*name) if name[1] != UNKNOWN else None
