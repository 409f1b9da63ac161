"""Types that only records without usage can be decoded to.

A record is inert where no format has its keys, nor those of any object in it, and none of its texts is JSON. All but the last depends on the
keys alone, so that decoding to a type of just these keys, with objects only where the first record had them, tells it of a line.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from llm_cost_exporter.envelope import may_hold_object
from llm_cost_exporter.quick.roles import can_be_named, struct

if TYPE_CHECKING:
    from llm_cost_exporter.shape import Shape, Shapes

__all__ = ["Quiet", "QuietTypes", "is_silent"]

_DEEPEST: Final = 4
_MOST_TYPES: Final = 256
_MOST_KEYS: Final = 64
_NO_OBJECT: Final[Any] = str | int | float | bool | list | None  # lists are not entered
_TEXT: Final[Any] = str | int | float | bool | None  # a list may be a text's bytes

Keys = tuple[object, ...]


class Quiet:
    """Records of the same keys that no format has. `decode` raises where a line is none of them, or no JSON."""

    __slots__ = ("decode", "is_json", "kind", "texts")

    def __init__(self, kind: type[msgspec.Struct], texts: tuple[str, ...], attributes: tuple[str, ...]) -> None:
        self.kind = kind
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
        self.texts = texts
        self.is_json = _some_is_json(attributes) if attributes else None
        """Whether a text of a decoded record may be JSON; None where it has no such text."""


def _some_is_json(attributes: tuple[str, ...]) -> Callable[[Any], bool]:
    if len(attributes) == 1:
        get = attrgetter(attributes[0])

        def one(row: Any) -> bool:
            return may_hold_object(get(row))

        return one

    def some(row: Any) -> bool:
        return any(may_hold_object(getattr(row, attribute)) for attribute in attributes)

    return some


class QuietTypes:
    """The types met so far; bounded."""

    __slots__ = ("_shapes", "_types")

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._types: dict[Keys, Quiet | None] = {}

    def of(self, record: dict[str, Any]) -> Quiet | None:
        """The type of records with the keys of `record`; None where a format has some of them, or they can't be told."""
        keys = _keys(record, _DEEPEST)
        if keys is None:
            return None
        if keys not in self._types:
            if len(self._types) >= _MOST_TYPES:
                self._types.clear()
            self._types[keys] = self._make(record)
        return self._types[keys]

    def _make(self, record: dict[str, Any]) -> Quiet | None:
        shape = self._shapes.of(record)
        kind = None if shape.docker or shape.pages else self._kind(record, shape)
        if kind is None:
            return None
        names = dict(zip(record, kind.__struct_fields__, strict=True))
        texts = tuple(key for key in shape.texts if type(record[key]) is not dict)
        return Quiet(kind, texts, tuple(names[key] for key in texts))

    def _kind(self, record: dict[str, Any], shape: Shape) -> type[msgspec.Struct] | None:
        if shape.readers or shape.fallbacks or len(record) > _MOST_KEYS or not all(map(can_be_named, record)):
            return None
        fields: dict[str, tuple[str, Any]] = {}
        for number, (key, value) in enumerate(record.items()):
            otherwise = _TEXT if key in shape.texts else _NO_OBJECT
            of_value = self._kind(value, self._shapes.of(value)) if type(value) is dict else otherwise
            if of_value is None:
                return None
            fields[key] = f"value_{number}", of_value
        return struct("Quiet", fields)


def is_silent(record: dict[str, Any], quiet: Quiet) -> bool:
    """No text of a record of this type may be JSON."""
    return not any(may_hold_object(record[key]) for key in quiet.texts)


def _keys(record: dict[str, Any], deepest: int) -> Keys | None:
    """The keys of a record and of the objects in it; None where those are nested too deep to be worth it."""
    keys: list[object] = list(record)
    for key, value in record.items():
        if type(value) is dict:
            inner = _keys(value, deepest - 1) if deepest else None
            if inner is None:
                return None
            keys.append((key, inner))
    return tuple(keys)
