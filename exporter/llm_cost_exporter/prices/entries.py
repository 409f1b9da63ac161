"""One entry of a price file, checked and made ready: what it holds for, and the price sheet in USD."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, NoReturn

from llm_cost_exporter.prices.listprice import Context, plain_context
from llm_cost_exporter.prices.providers import provider_named
from llm_cost_exporter.prices.reading import Reader
from llm_cost_exporter.prices.sheet import EXACT, Sheet, Steps
from llm_cost_exporter.types import METERS, TOLD_VARIANTS

__all__ = ["Currencies", "Entry", "read_currencies", "read_entry"]

Currencies = dict[str, Decimal]
"""USD for one unit, by the currency's name."""

_USD: Final = "USD"
_PER_MILLION: Final = {"mtok": Decimal(1), "ktok": Decimal(1000)}  # of a price for that many tokens
_PRICE_KEYS: Final = {f"{meter}_per_{unit}": (meter, unit) for meter in METERS for unit in _PER_MILLION}
_TIER_START: Final = "above_input_tokens"
_OTHER_KEYS: Final = ("provider", "model", "valid_from", "currency", "multiplier", "tiers", "when")
_A_PRICE: Final = "a price such as input_per_mtok: 2.50"
_A_TIER: Final = "{above_input_tokens: 200000, input_per_mtok: 5.00}"
_AN_ENTRY: Final = "{provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00}"


@dataclass(frozen=True)
class Entry:
    """An entry of the price file. `sheet` is in USD, currency and multiplier included; None: the catalogue's price times `multiplier`."""

    key: str  # prices[3]
    provider: str  # in lower case, may have * and ?
    model: str
    valid_from: float  # epoch seconds; -inf where the entry has no such day
    when: Context
    multiplier: Decimal
    sheet: Sheet | None

    @cached_property
    def rank(self) -> tuple[bool, bool, int]:
        """The greater one holds where several entries apply."""
        return not _is_pattern(self.model), not _is_pattern(self.provider), len(self.when)

    def is_for(self, provider: str, models: Iterable[str]) -> bool:
        """Whether the entry is for this provider and one of these spellings of a model, all in lower case."""
        return bool(self._provider.fullmatch(provider)) and any(map(self._model.fullmatch, models))

    @cached_property
    def _provider(self) -> re.Pattern[str]:
        return _pattern(self.provider)

    @cached_property
    def _model(self) -> re.Pattern[str]:
        return _pattern(self.model)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _pattern(name: str) -> re.Pattern[str]:
    # Not fnmatch: `[` is part of names such as claude-opus-5[1m].
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in name), re.DOTALL)


def read_currencies(here: Reader) -> Currencies:
    """{THB: {usd: "0.0285"}}. USD itself is 1."""
    found = {_USD: Decimal(1)}
    for name, currency in here.items('{THB: {usd: "0.0285"}}'):
        if name == _USD:
            currency.fail("is what prices are in; it needs no rate")
        usd: Decimal | None = None
        for key, rate in currency.items('{usd: "0.0285"}'):
            if key != "usd":
                rate.unknown(key, ["usd"])
            usd = rate.number('the USD that one unit costs, such as "0.0285",')
        if not usd:
            currency.fail('needs the USD that one unit costs; {usd: "0.0285"} would be right')
        found[name] = usd
    return found


def read_entry(here: Reader, currencies: Currencies, ids: Callable[[], frozenset[str]]) -> Entry:
    """One element of `prices`. `ids`: the catalogue's providers, by which a name in full is understood as a log's is."""
    values = dict(here.items(_AN_ENTRY))
    for name, value in values.items():
        if name not in _PRICE_KEYS and name not in _OTHER_KEYS:
            _unknown(value, name, _OTHER_KEYS)
    if "model" not in values:
        here.at("model", None).fail('is missing; a model\'s name, or "*" for all, would be right')
    provider = values["provider"].text('a provider such as openai, or "*",') if "provider" in values else "*"
    multiplier = values["multiplier"].number("a factor such as 0.9") if "multiplier" in values else Decimal(1)
    steps = _steps(here, values)
    if not steps and "multiplier" not in values:
        here.fail(f"has neither a price nor a multiplier; {_A_PRICE} would be right")
    rate = _currency(values["currency"], currencies) if "currency" in values else Decimal(1)
    return Entry(
        key=here.key,
        provider=(provider if _is_pattern(provider) else provider_named(provider, ids())).lower(),
        model=values["model"].text('a model\'s name, or "*" for all,').lower(),
        valid_from=values["valid_from"].day() if "valid_from" in values else -math.inf,
        when=_when(values["when"]) if "when" in values else (),
        multiplier=multiplier,
        sheet=Sheet(steps, factor=EXACT.multiply(rate, multiplier)) if steps else None,
    )


def _unknown(here: Reader, name: str, others: Sequence[str]) -> NoReturn:
    near = difflib.get_close_matches(name.lower(), [*others, *_PRICE_KEYS], n=1, cutoff=0.75)
    if name in METERS:  # the unit is missing
        near = [f"{name}_per_mtok"]
    here.fail(
        f"unknown key; did you mean {near[0]!r}?"
        if near
        else f"unknown key; {', '.join(others)} or {_A_PRICE} would be right"
    )


def _currency(here: Reader, currencies: Currencies) -> Decimal:
    name = here.text("a currency such as EUR")
    if name not in currencies:
        here.fail(f'{name!r} has no rate; currencies: {{{name}: {{usd: "…"}}}} beside `prices` would be right')
    return currencies[name]


def _when(here: Reader) -> Context:
    told: dict[str, str] = {}
    for name, value in here.items("{processing: batch}"):
        told[name] = value.text("a word such as batch")
        for kind, variant in plain_context([(name, told[name])]):
            if kind not in TOLD_VARIANTS:
                value.fail(f"no record tells such a thing; {_one_of(kind, tuple(TOLD_VARIANTS))} would be right")
            if variant not in TOLD_VARIANTS[kind]:
                value.fail(
                    f"no call is read as {told[name][:40]!r}; {_one_of(variant, TOLD_VARIANTS[kind])} would be right"
                )
    if not told:
        here.fail("is empty; {processing: batch} would be right")
    return plain_context(told.items())


def _one_of(name: str, known: Sequence[str]) -> str:
    """The one that is meant; else all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return near[0] if near else " or ".join(known)


def _steps(here: Reader, values: Mapping[str, Reader]) -> dict[str, Steps]:
    steps: dict[str, Steps] = {meter: ((-1, price),) for meter, price in _prices(values).items()}
    previous = -1
    for tier in values["tiers"].elements(f"[{_A_TIER}]") if "tiers" in values else ():
        inside = dict(tier.items(_A_TIER))
        for name, value in inside.items():
            if name not in _PRICE_KEYS and name != _TIER_START:
                _unknown(value, name, (_TIER_START,))
        if _TIER_START not in inside:
            tier.at(_TIER_START, None).fail(f"is missing; {_A_TIER} would be right")
        start = inside[_TIER_START].tokens()
        if start <= previous:
            inside[_TIER_START].fail(f"is not above the tier before it ({previous}); tiers stand in ascending order")
        previous = start
        prices = _prices(inside)
        if not prices:
            tier.fail(f"has no price; {_A_PRICE} would be right")
        for meter, price in prices.items():
            steps[meter] = (*steps.get(meter, ()), (start, price))
    if steps and not any(first == -1 for meter_steps in steps.values() for first, _ in meter_steps):
        here.at("tiers", None).fail(f"has prices above a size only; {_A_PRICE} beside it would be right")
    return steps


def _prices(values: Mapping[str, Reader]) -> dict[str, Decimal]:
    """The prices among `values`, for a million tokens, in the entry's currency."""
    found: dict[str, Decimal] = {}
    for name, value in values.items():
        if name not in _PRICE_KEYS:
            continue
        meter, unit = _PRICE_KEYS[name]
        if meter in found:
            value.fail(f"stands beside a price of {meter} for another number of tokens; one of them would be right")
        found[meter] = EXACT.multiply(value.number(), _PER_MILLION[unit])
    return found
