"""Bounded cardinality: which labels of a call are folded into `other` so that the label sets stay within their limit.

First a label's own `max_values`. Then, past `limits.series` label sets, configured labels fold, then the model, and
last the labels that a budget matches on (`keep`); the provider never, but a provider name that no catalogue knows is a log's own word
and is bounded too. Folded sets come on top of the limit, at most a tenth for each step. Dollars are kept, detail is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_cost_exporter.config.model import LabelConfig

__all__ = ["OTHER", "Folding"]

OTHER: Final = "other"
_MOST_PROVIDERS = 100

Labels = tuple[str, ...]


class Folding:
    """Decides where a new label set goes. `names` are provider, model, then the configured labels."""

    def __init__(self, names: tuple[str, ...], labels: Mapping[str, LabelConfig], limit: int) -> None:
        self._names = names
        self._limit = limit
        self._most = {
            index: config.max_values
            for index, name in enumerate(names)
            if (config := labels.get(name)) is not None and config.max_values is not None
        }
        kept = {name for name in names[2:] if (config := labels.get(name)) is not None and config.keep}
        loose = tuple(i for i, name in enumerate(names) if i >= 2 and name not in kept)
        keep = tuple(i for i, name in enumerate(names) if i >= 2 and name in kept)
        self._steps = (loose, (*loose, 1), (*loose, 1, *keep))
        self._values: dict[int, dict[str, int]] = {index: {} for index in (0, *self._most)}

    def opened(self, labels: Labels) -> None:
        """A label set is alive."""
        for index, values in self._values.items():
            values[labels[index]] = values.get(labels[index], 0) + 1

    def closed(self, labels: Labels) -> None:
        """A label set has left."""
        for index, values in self._values.items():
            left = values.get(labels[index], 0) - 1
            if left > 0:
                values[labels[index]] = left
            else:
                values.pop(labels[index], None)

    def fold(self, labels: Labels, exists: Callable[[Labels], bool], alive: int) -> tuple[Labels, tuple[str, ...]]:
        """The label set that a call of `labels` is counted in, and the names of what was folded. `alive` sets there are."""
        if exists(labels):
            return labels, ()
        wanted = self._bound_values(labels)
        if exists(wanted) or alive < self._limit:
            return wanted, self._changed(labels, wanted)
        room = max(1, self._limit // 10)
        for number, step in enumerate(self._steps, start=1):
            folded = tuple(OTHER if index in step and value else value for index, value in enumerate(wanted))
            room_left = folded != wanted and alive < self._limit + number * room
            if exists(folded) or room_left or number == len(self._steps):
                return folded, self._changed(labels, folded)
        raise AssertionError("the last step always folds")

    def _bound_values(self, labels: Labels) -> Labels:
        bounded = list(labels)
        for index, values in self._values.items():
            most = self._most.get(index, _MOST_PROVIDERS)
            value = labels[index]
            known = len(values) - (OTHER in values) - ("" in values)
            if value and value != OTHER and value not in values and known >= most:
                bounded[index] = OTHER
        return tuple(bounded)

    def _changed(self, before: Labels, after: Labels) -> tuple[str, ...]:
        return tuple(name for name, old, new in zip(self._names, before, after, strict=True) if old != new)
