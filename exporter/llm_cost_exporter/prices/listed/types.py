"""What a price list says, in plain objects: providers, their models, prices, and the clauses that names are matched by.

Names and fields are those of genai_prices.types, so that the library's data module can be read with these in its place (`bundled.py`).
Its own come with validators for data that is validated already: a fifth of the exporter's memory and of the time of its start.
What only serves to read vendors' answers is not kept at all. Nothing here is changed once it is read (frozen objects would take twice as long to make).

Source: genai_prices/types.py, 0.2.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, InitVar, dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any

__all__ = [
    "ArrayMatch", "Clause", "ClauseAnd", "ClauseContains", "ClauseEndsWith", "ClauseEquals", "ClauseOr", "ClauseRegex", "ClauseStartsWith",
    "ConditionalPrice", "Constraint", "ModelInfo", "ModelPrice", "PriceVariant", "Provider", "StartDateConstraint", "Tier", "TieredPrices",
    "TimeOfDateConstraint", "UsageExtractor", "UsageExtractorMapping",
]  # fmt: skip


@dataclass(slots=True)
class ClauseEquals:
    equals: str

    def is_match(self, text: str) -> bool:
        return text.lower() == self.equals.lower()


@dataclass(slots=True)
class ClauseStartsWith:
    starts_with: str

    def is_match(self, text: str) -> bool:
        return text.lower().startswith(self.starts_with.lower())


@dataclass(slots=True)
class ClauseEndsWith:
    ends_with: str

    def is_match(self, text: str) -> bool:
        return text.lower().endswith(self.ends_with.lower())


@dataclass(slots=True)
class ClauseContains:
    contains: str

    def is_match(self, text: str) -> bool:
        return self.contains.lower() in text.lower()


@dataclass(slots=True)
class ClauseRegex:
    regex: str

    def is_match(self, text: str) -> bool:
        return re.search(self.regex, text) is not None


@dataclass(slots=True)
class ClauseOr:
    or_: list[Clause]

    def is_match(self, text: str) -> bool:
        return any(clause.is_match(text) for clause in self.or_)


@dataclass(slots=True)
class ClauseAnd:
    and_: list[Clause]

    def is_match(self, text: str) -> bool:
        return all(clause.is_match(text) for clause in self.and_)


Clause = ClauseEquals | ClauseStartsWith | ClauseEndsWith | ClauseContains | ClauseRegex | ClauseOr | ClauseAnd


@dataclass(slots=True)
class StartDateConstraint:
    """From that day (UTC) on."""

    start_date: date


@dataclass(slots=True)
class TimeOfDateConstraint:
    """Between two times of every day; without a zone they are UTC."""

    start_time: time
    end_time: time


Constraint = StartDateConstraint | TimeOfDateConstraint | None


@dataclass(slots=True)
class Tier:
    """Above `start` input tokens a million tokens cost `price` USD, all of the call's."""

    start: int
    price: Decimal


@dataclass(slots=True)
class TieredPrices:
    """Tiers are in ascending order."""

    base: Decimal
    tiers: list[Tier]

    def __post_init__(self) -> None:
        self.tiers = sorted(self.tiers, key=lambda tier: tier.start)


class ModelPrice:
    """Prices by the list's own keys (`input_mtok`): USD a million tokens, or what the key says."""

    __slots__ = ("prices",)

    def __init__(self, **prices: Decimal | TieredPrices | None) -> None:
        self.prices = {key: value for key, value in prices.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelPrice) and self.prices == other.prices

    __hash__ = None  # type: ignore[assignment]  # what is in it may change


@dataclass(slots=True)
class PriceVariant:
    """Other prices where a record tells all of `when`."""

    when: dict[str, str]
    prices: ModelPrice
    constraint: Constraint = None


@dataclass(slots=True)
class ConditionalPrice:
    """Prices while `constraint` holds."""

    constraint: Constraint = None
    _: KW_ONLY
    prices: ModelPrice


@dataclass(slots=True)
class ModelInfo:
    id: str
    match: Clause
    name: str | None = None
    description: str | None = None
    context_window: int | None = None
    price_comments: str | None = None
    deprecated: bool | None = None
    prices: ModelPrice | list[ConditionalPrice] = field(default_factory=list)
    price_variants: list[PriceVariant] | None = None


@dataclass(slots=True)
class Provider:
    id: str
    name: str
    api_pattern: str
    pricing_urls: list[str] | None = None
    description: str | None = None
    price_comments: str | None = None
    model_match: Clause | None = None
    provider_match: Clause | None = None
    extractors: InitVar[object] = None  # not kept
    fallback_model_providers: list[str] | None = None
    models: list[ModelInfo] = field(default_factory=list)


def ArrayMatch(*_: Any, **__: Any) -> None:  # noqa: N802 - a class there
    """Not kept."""


UsageExtractor = UsageExtractorMapping = ArrayMatch
