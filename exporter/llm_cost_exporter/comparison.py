"""What calls cost by their tokens, held against what their records themselves say.

Only calls whose record says a cost are compared, each at what its tokens come to, also where the source is trusted and that is
not what is counted. Two sums differ if they are more than a thousandth of the larger one apart: what is less is rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter import money

if TYPE_CHECKING:
    from llm_cost_exporter.dedup import Entry
    from llm_cost_exporter.tariffs import Context, Tariff
    from llm_cost_exporter.types import Usage

__all__ = ["Compared", "Comparison"]

_ROUNDING: Final = 1000  # of the larger sum, the part that is taken for rounding


@dataclass(slots=True)
class Compared:
    """The calls of one provider and model whose records say a cost. Money in 1e-24 USD.

    `said` and `computed` are of the calls that have a price here; `said_unpriced` is of those that have none.
    """

    provider: str
    model: str
    requests: int = 0
    computed: int = 0
    said: int = 0
    unpriced: int = 0
    said_unpriced: int = 0

    @property
    def difference(self) -> int:
        """What is computed beyond what is said."""
        return self.computed - self.said

    @property
    def percent(self) -> float | None:
        """The difference as a part of what is said; None where nothing is said."""
        return 100 * self.difference / self.said if self.said else None

    @property
    def differs(self) -> bool:
        """Whether the difference is more than rounding."""
        return abs(self.difference) * _ROUNDING > max(self.computed, self.said)


class Comparison:
    """Sums of both, by provider and model."""

    def __init__(self) -> None:
        self._compared: dict[tuple[str, str], Compared] = {}

    def first(self, tariff: Tariff[Any], usage: Usage) -> None:
        """A call whose record says a cost."""
        if usage.reported_usd is not None:
            cost = 0 if usage.gateway_cache_hit else _charge(tariff, usage.tokens, usage.time, usage.context)
            self._add(tariff, cost, usage.reported_usd)

    def more(self, tariff: Tariff[Any], entry: Entry, grown: dict[str, int], said: int) -> None:
        """A call has grown by `grown` tokens, and what is said of it by `said`. `entry` is what it was before."""
        if entry.reported is None and not said:
            return
        whole = {meter: entry.tokens.get(meter, 0) + grown.get(meter, 0) for meter in {**entry.tokens, **grown}}
        after = 0 if entry.free else _charge(tariff, whole, entry.time, entry.context)
        if entry.reported is None:
            self._add(tariff, after, said)
            return
        before = 0 if entry.free else _charge(tariff, entry.tokens, entry.time, entry.context)
        if after is None or before is None:
            self._of(tariff).said_unpriced += said
        else:
            self._of(tariff).computed += after - before
            self._of(tariff).said += said

    def _of(self, tariff: Tariff[Any]) -> Compared:
        key = (tariff.provider, tariff.model)
        found = self._compared.get(key)
        if found is None:
            found = self._compared[key] = Compared(*key)
        return found

    def _add(self, tariff: Tariff[Any], cost: int | None, said: int) -> None:
        compared = self._of(tariff)
        compared.requests += 1
        if cost is None:
            compared.unpriced += 1
            compared.said_unpriced += said
        else:
            compared.computed += cost
            compared.said += said

    def models(self) -> list[Compared]:
        """All models, the largest difference first."""
        found = sorted(self._compared.values(), key=lambda each: (each.provider, each.model))
        return sorted(found, key=lambda each: (not each.differs, -abs(each.difference)))

    def total(self) -> Compared:
        """The sum over all models."""
        whole = Compared("", "")
        for each in self._compared.values():
            whole.requests += each.requests
            whole.computed += each.computed
            whole.said += each.said
            whole.unpriced += each.unpriced
            whole.said_unpriced += each.said_unpriced
        return whole

    def as_json(self) -> dict[str, Any]:
        """The comparison as one object; its keys are contract."""
        models = self.models()
        return {
            **_as_json(self.total()),
            "models": [{"provider": each.provider, "model": each.model, **_as_json(each)} for each in models],
        }


def _as_json(each: Compared) -> dict[str, Any]:
    return {
        "requests": each.requests,
        "computed_cost_usd": money.plain(each.computed),
        "reported_cost_usd": money.plain(each.said),
        "difference_usd": money.plain(each.difference),
        "difference_percent": None if each.percent is None else round(each.percent, 3) + 0.0,  # no -0.0
        "differs": each.differs,
        "unpriced_requests": each.unpriced,
        "unpriced_reported_cost_usd": money.plain(each.said_unpriced),
    }


def _charge(tariff: Tariff[Any], tokens: dict[str, int], when: float, context: Context) -> int | None:
    if not tokens:
        return 0
    cost = tariff.charge(tokens, when, context)
    return None if cost is None else sum(cost.values())
