"""A catalogue from a file: the data that genai-prices publishes (prices/new_data/v2/data.json), checked before it is used.

It is read as the library reads it, and then looked through: a price that is no price, a pattern that can't be compiled, a
provider that comes twice or a list of hardly any models is refused as a whole. Half a catalogue would be a wrong bill.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.files import read_bounded
from llm_cost_exporter.prices.catalogue import Catalogue, all_prices
from llm_cost_exporter.prices.listed import plain
from llm_cost_exporter.prices.listed.types import ClauseRegex, Provider, TieredPrices

__all__ = ["MOST_BYTES", "load", "models", "parse"]

MOST_BYTES: Final = 16 << 20  # the published file has half a megabyte
_DEAREST: Final = Decimal(1_000_000)  # USD a million tokens; the dearest known ask some hundreds
_LONGEST_PATTERN: Final = 2000


def load(path: Path, key: str = "") -> Catalogue:
    """The catalogue in the file `path`. Raises ConfigError."""
    shown = str(path)
    try:
        data = read_bounded(path, MOST_BYTES)
    except OSError as bad:
        raise ConfigError(
            shown, key, f"can't be read: {bad.strerror}; genai-prices' data.json would be right"
        ) from None
    try:
        return parse(data, f"catalogue {path.name}", not_after=SystemClock().wall())
    except ValueError as bad:
        raise ConfigError(shown, key, f"{bad}; genai-prices' prices/new_data/v2/data.json would be right") from None


def parse(data: bytes, name: str, *, not_after: float) -> Catalogue:
    """The catalogue that `data` is. Raises ValueError in words; of the data nothing is in it but ids of providers and models."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"is larger than {MOST_BYTES >> 20} MiB")
    try:
        raw = json.loads(data, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise ValueError("is JSON, but no list of providers")
    for each in raw:
        each.pop("extractors", None)  # how to read the vendors' answers, which the formats do here
    # A tenth of a second, and memory, that only those need take who have a catalogue of their own. The name is private, and the one
    # way to read the published form: pyproject.toml bounds the version.
    from genai_prices.types import _providers_from_raw  # noqa: PLC0415

    try:
        providers: list[Provider] = plain(_providers_from_raw(raw))
    except (ValueError, TypeError, KeyError, AssertionError, StopIteration, RecursionError) as bad:
        raise ValueError(f"is no price catalogue in the form that is known here ({_first(bad)})") from None
    _check(providers)
    return Catalogue(providers, name, not_after=not_after)


def models(catalogue: Catalogue) -> int:
    """How many models a catalogue has."""
    return sum(len(provider.models) for provider in catalogue.providers.values())


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number")


def _first(bad: Exception) -> str:
    """Where the first thing wrong stands."""
    errors = getattr(bad, "errors", None)
    found: Any = errors()[0] if callable(errors) else None
    return ".".join(str(part) for part in found["loc"])[:120] if found else type(bad).__name__


def _check(providers: list[Provider]) -> None:
    ids = [provider.id for provider in providers]
    if len(set(ids)) < len(ids):
        raise ValueError("has a provider twice")
    priced = 0
    for provider in providers:
        for clause in (provider.model_match, provider.provider_match):
            _check_patterns(clause, provider.id)
        for model in provider.models:
            _check_patterns(model.match, f"{provider.id}/{model.id}")
            for price in all_prices(model):
                values = list(_values(price.prices.values()))
                priced += bool(values)
                if not all(value.is_finite() and 0 <= value <= _DEAREST for value in values):
                    raise ValueError(f"has a price of {provider.id}/{model.id} that is none")
    if not priced:
        raise ValueError("has no price")


def _values(prices: Any) -> Iterator[Decimal]:
    for price in prices:
        if isinstance(price, TieredPrices):
            yield price.base
            yield from (tier.price for tier in price.tiers)
        elif price is not None:
            yield price


def _check_patterns(clause: object, whose: str) -> None:
    if isinstance(clause, ClauseRegex):
        try:
            re.compile(clause.regex)
        except (re.error, RecursionError, OverflowError):
            raise ValueError(f"has a pattern of {whose} that is none") from None
        if len(clause.regex) > _LONGEST_PATTERN:
            raise ValueError(f"has a pattern of {whose} that is too long")
    elif is_dataclass(clause):
        for field in fields(clause):
            value = getattr(clause, field.name)
            for each in value if isinstance(value, list) else ():
                _check_patterns(each, whose)
