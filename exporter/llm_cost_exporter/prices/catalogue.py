"""The catalogue of list prices: genai-prices' data, which the package carries, read lazily and never fetched from here.

What a model costs is worked out when it is first asked for; 2,300 models are only looked at by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Final

from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.prices import listed
from llm_cost_exporter.prices.listed.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
)
from llm_cost_exporter.prices.matching import ModelTable
from llm_cost_exporter.prices.modelnames import candidates
from llm_cost_exporter.prices.timing import midnight

__all__ = ["Catalogue", "Found", "all_prices", "bundled", "conditional_prices"]

_ISO_DATE: Final = re.compile(r"\b20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b")
# Names by which no vendor but one sells models, beyond those that the catalogue knows a vendor by.
_FIRST_PARTY: Final = (
    (
        "openai",
        re.compile(
            r"(?:text-embedding-|chatgpt-|computer-use|codex-mini|davinci-00|babbage-00|ft:gpt-|(?:omni|text)-moderation-)"
        ),
    ),
    ("perplexity", re.compile(r"sonar(?:-pro|-reasoning|-reasoning-pro|-deep-research)?$")),
    ("cohere", re.compile(r"(?:embed-(?:v\d|english-|multilingual-)|rerank-(?:v\d|english-|multilingual-))")),
)
_OLDEST_INSTALL: Final = datetime(2025, 8, 1, tzinfo=UTC).timestamp()  # the catalogue's first release


@dataclass(frozen=True, slots=True)
class Found:
    """A model of the catalogue under the provider that lists it.

    `own` is false where the provider that was asked for only resells it: what the list says of batches and tiers of
    service is then not known to hold, and isn't applied.
    """

    provider: str
    model: ModelInfo
    own: bool


class Catalogue:
    """Prices by provider and model.

    `name` is what is shown as the source of a price. `as_of` is the day whose prices it has, in epoch seconds; None: the
    newest day that it names itself, up to `not_after`.
    """

    def __init__(
        self, providers: Sequence[Provider], name: str, *, as_of: float | None = None, not_after: float | None = None
    ) -> None:
        self.name = name
        self.providers = {provider.id: provider for provider in providers}
        self.ids = frozenset(self.providers)
        self._tables: dict[str, ModelTable] = {}
        self._as_of = as_of
        self._not_after = not_after

    def find(self, provider_id: str, model: str) -> Found | None:
        """The model that `model` (as logged) means in the list of `provider_id`, or in those whose models it resells."""
        provider = self.providers.get(provider_id)
        if provider is None:
            return None
        sold = [provider_id, *(id_ for id_ in provider.fallback_model_providers or () if id_ in self.providers)]
        names = candidates(provider_id, model)
        for name in names:
            for id_ in sold:
                found = self._table(id_).find(name)
                if found is not None:
                    return Found(id_, found, id_ == provider_id)
        for name in names:
            found = self._table(provider_id).by_id(name)
            if found is not None:
                return Found(provider_id, found, own=True)
        return None

    def guess_provider(self, model: str) -> str | None:
        """Whose model `model` is by its name alone; None where the name is nobody's in particular."""
        low = model.strip().lower()
        for provider in self.providers.values():
            if provider.model_match is not None and provider.model_match.is_match(low):
                return provider.id
        return next((id_ for id_, pattern in _FIRST_PARTY if id_ in self.ids and pattern.match(low)), None)

    @cached_property
    def starts(self) -> frozenset[int]:
        """Every total input at which some model's price changes."""
        found: set[int] = set()
        for provider in self.providers.values():
            for model in provider.models:
                for price in all_prices(model):
                    for value in price.prices.values():
                        if isinstance(value, TieredPrices):
                            found.update(tier.start for tier in value.tiers)
        return frozenset(found)

    @cached_property
    def timestamp(self) -> float:
        """The day whose prices the catalogue has, epoch seconds.

        The package carries no date. The newest day that the data itself names (the first day of a price, or the day of a
        check in a remark) tells it to within days, if days to come are left out: a change of prices that is announced
        is in the data before it holds. Whatever is after the file was installed is to come.
        """
        if self._as_of is not None:
            return self._as_of
        not_after = self._not_after if self._not_after is not None else midnight(date.max)
        return max((day for day in self._days() if day <= not_after), default=0.0)

    def _days(self) -> Iterator[float]:
        for provider in self.providers.values():
            yield from _days_in(provider.price_comments)
            for model in provider.models:
                yield from _days_in(model.price_comments)
                for constraint in (c.constraint for c in (*conditional_prices(model), *(model.price_variants or ()))):
                    if isinstance(constraint, StartDateConstraint):
                        yield midnight(constraint.start_date)

    def _table(self, provider_id: str) -> ModelTable:
        table = self._tables.get(provider_id)
        if table is None:
            table = self._tables[provider_id] = ModelTable(self.providers[provider_id].models)
        return table


def bundled() -> Catalogue:
    """The catalogue of the genai-prices package that is installed."""
    bundle = listed.load()
    # Reproducible images set the times of files back to 1970 or 1980.
    not_after = bundle.installed if bundle.installed >= _OLDEST_INSTALL else SystemClock().wall()
    return Catalogue(bundle.providers, f"genai-prices {version('genai-prices')}", not_after=not_after)


def conditional_prices(model: ModelInfo) -> Sequence[ConditionalPrice]:
    """The standard prices of `model`; of those in force at a time the last one holds, and the first one where none is."""
    if isinstance(model.prices, ModelPrice):
        return (ConditionalPrice(None, prices=model.prices),)
    return model.prices


def all_prices(model: ModelInfo) -> Iterator[ModelPrice]:
    """Every price of `model`, of any time and variant."""
    yield from (conditional.prices for conditional in conditional_prices(model))
    yield from (variant.prices for variant in model.price_variants or ())


def _days_in(text: str | None) -> Iterator[float]:
    for day in _ISO_DATE.findall(text or ""):
        try:
            yield midnight(date.fromisoformat(day))
        except ValueError:  # 2026-02-30
            continue
