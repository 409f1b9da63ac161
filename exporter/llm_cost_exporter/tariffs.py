"""What one model of one provider costs: labels and rates, looked up once and kept while they hold.

Pricing comes before folding, so a tariff is of the real model even where its label is later folded into `other`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from llm_cost_exporter.types import METERS

if TYPE_CHECKING:
    from llm_cost_exporter.prices import PriceBook, Rates

__all__ = ["FEE", "INPUT_METERS", "Context", "Tariff", "Tariffs", "total_input"]

Context = tuple[tuple[str, str], ...]
RouteT = TypeVar("RouteT")

INPUT_METERS = frozenset(m for m in METERS if m not in ("output", "reasoning", "audio_output", "image_output"))
FEE = "fee"  # the kind (token_type) of costs that are not for tokens
_MOST_TARIFFS = 4096  # models are what a log says: without a bound, garbage could fill memory
_MOST_CONTEXTS = 32


def total_input(tokens: dict[str, int]) -> int:
    """The whole prompt of a call, cached parts included: what a price tier is chosen by."""
    return sum(count for meter, count in tokens.items() if meter in INPUT_METERS)


class Tariff(Generic[RouteT]):
    """One (provider, model) as logged, with its labels, its rates in force and, for the sink, where its calls go."""

    __slots__ = ("_book", "_rates", "model", "provider", "routes")

    def __init__(self, book: PriceBook, provider: str, model: str) -> None:
        self._book = book
        self._rates: dict[Context, Rates] = {}
        self.provider = provider
        self.model = model
        self.routes: dict[tuple[str, ...], RouteT] = {}

    def charge(self, tokens: dict[str, int], when: float, context: Context) -> dict[str, int] | None:
        """Cost of each meter in 1e-24 USD, and FEE where a call has a price of its own; None: a price is not known."""
        total = 0
        for meter, count in tokens.items():
            if meter in INPUT_METERS:
                total += count
        rates = self.rates_at(when, total, context)
        if rates is None:
            return None
        per_token = rates.meters
        try:
            cost = {meter: count * per_token[meter] for meter, count in tokens.items()}
        except KeyError:
            return None
        if rates.per_call:
            cost[FEE] = rates.per_call
        return cost

    def rates_at(self, when: float, total: int, context: Context) -> Rates | None:
        """The rates for a call of that time, whole prompt and variant; None: no price is known."""
        rates = self._rates.get(context)
        if rates is None or not (rates.valid_from <= when < rates.valid_until and rates.above < total <= rates.up_to):
            rates = self._book.rates(self.provider, self.model, when, total, context)
            if rates is None:
                return None
            if len(self._rates) >= _MOST_CONTEXTS:
                self._rates.clear()
            self._rates[context] = rates
        return rates


class Tariffs(Generic[RouteT]):
    """All tariffs met so far, by provider and model as logged; bounded."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._known: dict[tuple[str | None, str | None], Tariff[RouteT]] = {}

    def find(self, provider: str | None, model: str | None) -> Tariff[RouteT]:
        tariff = self._known.get((provider, model))
        if tariff is None:
            if len(self._known) >= _MOST_TARIFFS:
                self._known.clear()
            tariff = self._known[provider, model] = Tariff(self._book, *self._book.names(provider, model))
        return tariff

    def forget_routes(self) -> None:
        """Label sets came or went: let every call find its way anew."""
        for tariff in self._known.values():
            tariff.routes.clear()
