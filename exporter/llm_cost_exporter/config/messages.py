"""From pydantic's findings to one line that names the key and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from llm_cost_exporter.errors import ConfigError

__all__ = ["config_error", "did_you_mean", "dotted", "one_of"]

_Loc = tuple[int | str, ...]

_SAYS = {
    "missing": "is missing",
    "string_type": "must be text; a number or a word such as true is written in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "path_type": "must be a path",
    "invalid_key": "must be text; quotes make a number or true a text",
    "recursion_loop": "holds itself",
}


def dotted(loc: Iterable[int | str]) -> str:
    """A key as a person writes it: `sources[0].start_at`."""
    key = ""
    for part in loc:
        if part == "[key]":
            continue
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            name = part if len(part) <= 80 and part.isprintable() else ascii(part[:60])
            key += f".{name}" if key else name
    return key


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint for a misspelt word: the nearest one, or all of them where there are few."""
    low = word.lower().replace("-", "_")
    near = [low] if low in known else difflib.get_close_matches(low, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"{one_of(known)} would be right"


def one_of(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def config_error(bad: ValidationError, file: str, models: Mapping[tuple[str, ...], type[BaseModel]]) -> ConfigError:
    """The first thing wrong; a misspelt key comes first, since it is often why another one is missing.

    `models` says which model stands where, `*` for any index or name: {(): Config, ("sources", "*"): SourceConfig}.
    """
    errors = bad.errors(include_url=False, include_context=True)
    found = min(errors, key=lambda error: error["type"] != "extra_forbidden")
    loc = found["loc"]
    if found["type"] == "missing" and len(loc) == 1:
        return ConfigError(file, dotted(loc), _SAYS["missing"])
    return ConfigError(file, dotted(loc), _problem(found, models))


def _problem(found: Any, models: Mapping[tuple[str, ...], type[BaseModel]]) -> str:
    kind, loc, value = found["type"], found["loc"], found["input"]
    if kind == "extra_forbidden":
        model = _model_at(loc[:-1], models)
        known = [field.alias or name for name, field in model.model_fields.items()] if model else []
        return f"unknown key; {did_you_mean(str(loc[-1]), known)}" if known else "unknown key"
    if kind == "literal_error":
        expected = found["ctx"]["expected"]
        shown = f"{value[:40]!r} is not known; " if isinstance(value, str) else ""
        return f"{shown}{expected} would be right"
    if kind == "value_error":
        return str(found["ctx"]["error"])
    if value is None and kind != "missing":
        return "is empty; give it a value or leave the key out"
    return _SAYS.get(kind) or str(found["msg"])


def _model_at(loc: _Loc, models: Mapping[tuple[str, ...], type[BaseModel]]) -> type[BaseModel] | None:
    for where, model in models.items():
        if len(where) == len(loc) and all(want in ("*", part) for want, part in zip(where, loc, strict=True)):
            return model
    return None
