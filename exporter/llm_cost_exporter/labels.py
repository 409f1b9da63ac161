"""Label values: from the source's static labels, else from the file's path, else from the record.

    LabelReader(("app", "team"), {"app": ("app", "metadata.app")}, static={"team": "search"}, path_pattern="/var/log/{app}/*.log")

A path into a record is a key, or several with dots between them. A key that itself has dots is found too: `service.name` is
`{"service.name": …}` as well as `{"service": {"name": …}}`. The records are asked from the outermost inwards, each for the first of a label's paths
that holds a scalar. A label without a value is empty. Values are cleaned: no control characters, at most 128 characters.
Bounds on their number are not kept here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llm_cost_exporter.config.labels import parse_path_labels
from llm_cost_exporter.wording import MOST_CHARACTERS, clean

__all__ = ["LabelPlan", "LabelReader"]

_MOST_REMEMBERED = 10_000

Getter = tuple[str, tuple[str, ...]]  # a key of the record, and the rest of the path
LabelPlan = tuple[tuple[int, tuple[Getter, ...]], ...]
"""Which labels (by index) a record of some keys may have a value for, and where to look."""


def scalar(value: object) -> str | None:
    """`value` of a record as a label value; None where it is no scalar or empty."""
    if type(value) is str:
        return clean(value) or None
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is int or type(value) is float:
        return repr(value)[:MOST_CHARACTERS]
    return None


class LabelReader:
    """The label values of one source entry's records. `names` are the labels, in the order of the values."""

    def __init__(
        self, names: Sequence[str], paths: Mapping[str, Iterable[str]], static: Mapping[str, str] | None = None,
        path_pattern: str | None = None,
    ) -> None:  # fmt: skip
        self.names = tuple(names)
        self._static = {name: clean(value) for name, value in (static or {}).items()}
        self._pattern = parse_path_labels(path_pattern) if path_pattern else None
        self._getters = tuple(
            (index, tuple(getter for path in paths.get(name, ()) for getter in _getters(path)))
            for index, name in enumerate(self.names)
            if name not in self._static
        )
        self._values: dict[object, str] = {}
        self._tuples: dict[tuple[str, ...], tuple[str, ...]] = {}

    def for_file(self, path: str) -> tuple[str, ...]:
        """The values that a file's records have before they are looked at: static ones, and those of its path."""
        of_path = (self._pattern.match(path) if self._pattern else None) or {}
        values = (self._static.get(name) or clean(of_path.get(name, "")) for name in self.names)
        return self._same(tuple(values))

    @property
    def keys(self) -> frozenset[str]:
        """The keys of a record, on its top level, that a label may be taken from."""
        return frozenset(key for _, getters in self._getters for key, _ in getters)

    def filled(self, base: tuple[str, ...], found: Iterable[tuple[int, object]]) -> tuple[str, ...]:
        """`base` with what is empty there filled from `found`: the index of a label, and a value that stands for it."""
        values: list[str] | None = None
        for index, value in found:
            text = "" if (base if values is None else values)[index] else self._text(value)
            if text:
                if values is None:
                    values = list(base)
                values[index] = text
        return base if values is None else self._same(tuple(values))

    def plan(self, keys: frozenset[str]) -> LabelPlan:
        """Where records with `keys` may have values."""
        plans = ((index, tuple(getter for getter in getters if getter[0] in keys)) for index, getters in self._getters)
        return tuple((index, getters) for index, getters in plans if getters)

    def values(self, base: tuple[str, ...], records: Iterable[tuple[dict[str, Any], LabelPlan]]) -> tuple[str, ...]:
        """`base` with what is empty there filled from `records` (each with the plan of its keys), outermost first."""
        values: list[str] | None = None
        for record, plan in records:
            for index, getters in plan:
                if (base if values is None else values)[index]:
                    continue
                for key, rest in getters:
                    found = record[key]
                    value = self._text(_dig(found, rest) if rest else found)
                    if value:
                        if values is None:
                            values = list(base)
                        values[index] = value
                        break
        return base if values is None else self._same(tuple(values))

    def _text(self, value: object) -> str | None:
        if type(value) is not str:
            return scalar(value)
        text = self._values.get(value)
        if text is None:
            text = clean(value)
            if len(value) <= MOST_CHARACTERS:
                if len(self._values) >= _MOST_REMEMBERED:
                    self._values.clear()
                self._values[value] = text
        return text

    def _same(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """One object for equal values: what comes after finds its accounts by them."""
        same = self._tuples.get(values)
        if same is None:
            if len(self._tuples) >= _MOST_REMEMBERED:
                self._tuples.clear()
            same = self._tuples[values] = values
        return same


def _getters(path: str) -> list[Getter]:
    """The whole path as one key first, then each way to take its beginning as a key."""
    parts = path.split(".")
    return [
        (".".join(parts[:at]), tuple(parts[at:])) for at in (len(parts), *range(1, len(parts))) if ".".join(parts[:at])
    ]


def _dig(value: object, rest: tuple[str, ...]) -> object:
    if type(value) is not dict:
        return None
    for at in (len(rest), *range(1, len(rest))):
        key = ".".join(rest[:at])
        if key in value:
            found = value[key]
            if at < len(rest):
                found = _dig(found, rest[at:])
            if found is not None:
                return found
    return None
