"""The library's own objects as ours: for what it has read and checked itself."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Final

from llm_cost_exporter.prices.listed import types

__all__ = ["plain"]

_NOT_KEPT: Final = "extractors"


def plain(value: Any) -> Any:
    """`value` of genai_prices.types, or a list of such, in the types of the same names here. Raises AttributeError for a type that is not here."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if type(value).__name__ == "ModelPrice":
        return types.ModelPrice(**{key: plain(price) for key, price in value.__dict__.items()})
    if is_dataclass(value) and not isinstance(value, type):
        made: type[Any] = getattr(types, type(value).__name__)
        return made(**{each.name: plain(getattr(value, each.name)) for each in fields(value) if each.name != _NOT_KEPT})
    return value
