"""The keys of a mapping: what each must be, compiled once into what reads records."""

# ruff: noqa: TRY004  (a wrong type in a file is a wrong value)

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Any, Final

from llm_cost_exporter.config.labels import check_label_name
from llm_cost_exporter.config.messages import did_you_mean, one_of
from llm_cost_exporter.formats.failed_call import looks_like_llm
from llm_cost_exporter.mapping.paths import Path, condition, path

__all__ = ["COUNTS", "KEYS", "Mapping", "check_mapping", "parse"]

COUNTS: Final[tuple[str, ...]] = (
    "input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "reasoning",
    "audio_input", "image_input", "video_input", "audio_output", "image_output",
)  # fmt: skip
_NAMES: Final = ("model", "provider")  # a path, or {value: …}
_PATHS: Final = ("time", "cost", "id", "status", "latency_ms", "latency_s", "service_tier")
_FLAGS: Final = ("input_includes_cache", "output_includes_reasoning")
KEYS: Final = ("where", *_NAMES, *COUNTS, *_PATHS, *_FLAGS, "labels", "csv")
_LONGEST_VALUE: Final = 128


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, ready to read by. `counts` and `paths` have what is mapped, by key; `fixed` the constant names."""

    where: Callable[[dict[str, Any]], bool] | None
    counts: dict[str, Path]
    paths: dict[str, Path]
    fixed: dict[str, str]
    labels: dict[str, Path]
    input_includes_cache: bool | None
    output_includes_reasoning: bool | None
    delimiter: str | None  # of a CSV; None: the records are JSON objects
    names: frozenset[str]  # the outermost keys that any of it may look at
    columns: frozenset[str]  # those that tell a CSV's header from its rows


def check_mapping(mapping: AnyMapping[Any, Any]) -> None:
    """Raises ValueError in one line where `mapping` is none."""
    parse(mapping)


def parse(mapping: AnyMapping[Any, Any]) -> Mapping:
    """The mapping that a configuration writes. Raises ValueError in one line that names the key."""
    for key in mapping:
        if key not in KEYS:
            raise ValueError(f"{str(key)[:40]}: unknown key; {did_you_mean(str(key), KEYS)}")
    where, seen = _at("where", condition, mapping["where"]) if "where" in mapping else (None, frozenset())
    counts = {key: _at(key, path, mapping[key]) for key in COUNTS if key in mapping}
    paths = {key: _at(key, path, mapping[key]) for key in _PATHS if key in mapping}
    fixed: dict[str, str] = {}
    for key in _NAMES:
        if key in mapping:
            constant = _at(key, _constant, mapping[key])
            if constant is not None:
                fixed[key] = constant
            else:
                paths[key] = _at(key, path, mapping[key])
    labels = _at("labels", _labels, mapping.get("labels", {}))
    if not counts and "cost" not in paths:
        raise ValueError("maps neither tokens nor a cost; input: and output:, with where they stand, would be right")
    _check_parts(counts)
    if "latency_ms" in paths and "latency_s" in paths:
        raise ValueError("latency_s: stands beside latency_ms; one of them would be right")
    everything = (*counts.values(), *paths.values(), *labels.values())
    plain = [
        each
        for key in ("input", "output", "time", "model")
        if (each := counts.get(key) or paths.get(key)) and each.plain
    ]
    return Mapping(
        where,
        counts,
        paths,
        fixed,
        labels,
        input_includes_cache=_at("input_includes_cache", _flag, mapping.get("input_includes_cache")),
        output_includes_reasoning=_at("output_includes_reasoning", _flag, mapping.get("output_includes_reasoning")),
        delimiter=_at("csv", _csv, mapping.get("csv")),
        names=seen.union(*(each.names for each in everything)),
        columns=frozenset(max(each.names, key=len) for each in plain),
    )


def _at(key: str, read: Callable[[Any], Any], value: object) -> Any:
    try:
        return read(value)
    except ValueError as bad:
        raise ValueError(f"{key}: {bad}") from None


def _constant(value: object) -> str | None:
    """The name in {value: NAME}; None for a path."""
    if isinstance(value, AnyMapping):
        name = value.get("value")
        if set(value) != {"value"} or not isinstance(name, str) or not name.strip():
            raise ValueError("must be a path of the record or a fixed name; {value: gpt-4o} would be right")
        if len(name) > _LONGEST_VALUE or not name.isprintable():
            raise ValueError(f"must be a name of at most {_LONGEST_VALUE} characters")
        return name.strip()
    if isinstance(value, str) and looks_like_llm(value) and re.search(r"[-\d]", value) and " " not in value:
        raise ValueError(
            f"{value[:60]!r} looks like a model's own name; {{value: {value[:60]}}} would be right if it is one"
        )
    return None


def _labels(value: object) -> dict[str, Path]:
    if not isinstance(value, AnyMapping):
        raise ValueError("must be a mapping (label: path); {user: properties.user_id} would be right")
    found: dict[str, Path] = {}
    for name, where in value.items():
        if not isinstance(name, str):
            raise ValueError("a label's name must be text; quotes make it one")
        check_label_name(name)
        found[name] = _at(name, path, where)
    return found


def _flag(value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _csv(value: object) -> str | None:
    """The character between cells; None: no CSV."""
    if value is None or value is False:
        return None
    if value is True:
        return ","
    if isinstance(value, AnyMapping) and set(value) == {"delimiter"}:
        delimiter = value["delimiter"]
        if isinstance(delimiter, str) and len(delimiter) == 1 and delimiter.isascii() and delimiter not in '"\r\n\0':
            return delimiter
    raise ValueError('must be true or a delimiter of one character; {delimiter: ";"} would be right')


def _check_parts(counts: dict[str, Path]) -> None:
    """What is a part of a total can be told from it only where the total is mapped too."""
    for total, parts in (
        ("input", ("audio_input", "image_input", "video_input")),
        ("output", ("audio_output", "image_output")),
    ):
        mapped = [part for part in parts if part in counts]
        if mapped and total not in counts:
            raise ValueError(
                f"{mapped[0]}: is a part of {total}, which is not mapped; {one_of([total])}: PATH beside it would be right"
            )
