"""What single values of the configuration must be. Each raises ValueError that says what would be right."""

# ruff: noqa: TRY004  (pydantic takes a ValueError for a finding, and lets a TypeError through)

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from llm_cost_exporter import times
from llm_cost_exporter.config.labels import parse_path_labels
from llm_cost_exporter.config.messages import did_you_mean
from llm_cost_exporter.config.units import parse_address, parse_duration, parse_size, show_duration

__all__ = [
    "address", "alias", "alias_target", "duration", "entries", "file_path", "glob", "label_value", "ledger", "log_format",
    "one_or_more", "path_labels", "record_path", "size", "url", "whole", "zero_or_more", "zone",
]  # fmt: skip

_LONGEST_LABEL_VALUE = 128
_LONGEST_PATH = 4096


def duration(least: float, most: float) -> Callable[[object, ValidationInfo], float]:
    """A check for durations in seconds within bounds. A bare number is one only in code, not in a file."""

    def check(value: object, info: ValidationInfo) -> float:
        in_code = info.context is None and isinstance(value, (int, float)) and not isinstance(value, bool)
        seconds = float(value) if in_code else parse_duration(value)  # type: ignore[arg-type]
        if not least <= seconds <= most:
            raise ValueError(f"from {show_duration(least)} to {show_duration(most)} would be right")
        return seconds

    return check


def size(least: int, most: int) -> Callable[[object], int]:
    """A check for sizes in bytes within bounds."""

    def check(value: object) -> int:
        count = parse_size(value)
        if not least <= count <= most:
            raise ValueError(f"from {_show_size(least)} to {_show_size(most)} would be right")
        return count

    return check


def _show_size(count: int) -> str:
    return f"{count >> 20}MiB" if count >= 1 << 20 else f"{count >> 10}KiB"


def whole(least: int, most: int) -> Callable[[object], int]:
    """A check for whole numbers within bounds."""

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most} would be right")
        return value

    return check


def _text(value: str, longest: int, what: str) -> str:
    if not value.strip():
        raise ValueError(f"is empty; {what} would be right")
    if len(value) > longest:
        raise ValueError(f"is longer than {longest} characters; {what} would be right")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in value):
        raise ValueError(f"has a control character; {what} would be right")
    return value


def address(value: object) -> str:
    """`HOST:PORT`."""
    if not isinstance(value, str):
        raise ValueError("HOST:PORT would be right, such as 0.0.0.0:9478 or :9478")
    parse_address(value)
    return value.strip()


def zone(value: str) -> str:
    """An IANA zone."""
    times.load_zone(value)
    return value


def ledger(value: str) -> str:
    """The name of a ledger."""
    return _text(value, _LONGEST_LABEL_VALUE, "a short name such as checkout-prod")


def glob(value: str) -> str:
    """A path or glob of log files."""
    return _text(value, _LONGEST_PATH, "a path or glob such as /var/log/app/*.jsonl")


def path_labels(value: str) -> str:
    """A pattern over paths."""
    parse_path_labels(_text(value, _LONGEST_PATH, "a pattern such as /var/log/{app}/*.log"))
    return value


def record_path(value: str) -> str:
    """A dotted path to a value of a record."""
    return _text(value, 256, "a key of the record, dotted where it is nested, such as metadata.app")


def label_value(value: str) -> str:
    """A label's fixed value; the empty text is a label that is not set."""
    return _text(value, _LONGEST_LABEL_VALUE, "a short text") if value else value


def alias(value: str) -> str:
    """A model's name as logged."""
    return _text(value, 256, "the model's name as it stands in the log")


def alias_target(value: str) -> str:
    """`provider/model`; it is split at the first `/`."""
    provider, _, model = _text(value, 256, "PROVIDER/MODEL, such as azure/gpt-4o,").partition("/")
    if not provider.strip() or not model.strip():
        raise ValueError(f"{value[:60]!r} names no provider; PROVIDER/MODEL, such as azure/gpt-4o, would be right")
    return value


def file_path(value: object) -> Path:
    """A path of a file or folder of ours."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("a path would be right")
    return Path(_text(value, _LONGEST_PATH, "a path"))


def url(value: str) -> str:
    """An address of the web."""
    right = "https://HOST/PATH would be right"
    try:
        parts = urlsplit(_text(value, _LONGEST_PATH, "https://HOST/PATH").strip())
        parts.port  # noqa: B018 - raises where it is none
    except ValueError as bad:
        raise ValueError(str(bad) if "would be right" in str(bad) else f"is no URL; {right}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"is no URL of http or https; {right}")
    return value.strip()


def one_or_more(value: object) -> object:
    """A list that has something in it; a single text is a list of one."""
    found = zero_or_more(value)
    if isinstance(found, (list, tuple)) and not found:
        raise ValueError('is empty; a list of paths or globs, such as ["/var/log/app/*.jsonl"], would be right')
    return found


def zero_or_more(value: object) -> object:
    """A list; a single text is a list of one."""
    return (value,) if isinstance(value, str) else value


def entries(value: object) -> object:
    """The list of sources."""
    if isinstance(value, dict):
        raise ValueError("must be a list; each entry begins with `- paths: [...]`")
    return value


def log_format(value: object) -> object:
    """`auto`, the name of a format, or a mapping of keys for logs of a form of one's own."""
    if value == "auto":
        return value
    # Asked for only here: the formats are not needed to check anything else, and they may want this package.
    from llm_cost_exporter import formats, mapping  # noqa: PLC0415

    names = ["auto", *sorted(module.NAME for module in formats.FORMATS)]
    if isinstance(value, dict):
        mapping.check_mapping(value)
        return value
    if not isinstance(value, str):
        raise ValueError(f"one of {', '.join(names)} would be right")
    if value not in names:
        raise ValueError(f"{value[:60]!r} is no format; {did_you_mean(value, names)}")
    return value
