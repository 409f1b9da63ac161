"""Reading a YAML file that a person wrote: what is doubtful in it is refused with its line, not guessed.

Scalars are those of YAML 1.2: `on`, `no` and `2026-01-01` are text, `12:30` is no number in base 60, `1e-6` is a number.
A key that stands twice in one mapping is refused, where plain YAML loaders keep the last one in silence.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.files import read_bounded

__all__ = ["parse", "read"]

_LARGEST_BYTES = 8 << 20  # a price file of every known model has 1 MiB


class _Loader(yaml.SafeLoader):
    """yaml.SafeLoader with the scalars of YAML 1.2 and without repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: dict[str, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    problem = f"the key {key.value[:60]!r} stands twice (first on line {seen[key.value]}); once would be right"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        # Behind a tag that the user wrote (`!!float x`, `!!bool y`) PyYAML fails with whatever Python's own types raise.
        try:
            return super().construct_object(node, deep=deep)
        except (yaml.YAMLError, RecursionError):
            raise
        except Exception:  # noqa: BLE001 - KeyError, IndexError, AttributeError, TypeError, ValueError: all were seen
            kind = node.tag.removeprefix("tag:yaml.org,2002:")  # the value is not shown: it may be a secret
            problem = f"a value can't be read as {kind}; one that can, or it without a tag (`!!…`), would be right"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", [*"-+0123456789"]),
    ("float", r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)", [*"-+.0123456789"]),
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


def _construct_float(_loader: _Loader, node: yaml.ScalarNode) -> float:
    return float(node.value)


_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


class _DecimalLoader(_Loader):
    """_Loader with Decimal in place of float."""


def _construct_decimal(_: _DecimalLoader, node: yaml.ScalarNode) -> Decimal:
    try:
        return Decimal(node.value)
    except InvalidOperation:  # an exponent of twenty digits: whoever reads the key says that this is no number
        return Decimal("NaN")


_DecimalLoader.add_constructor("tag:yaml.org,2002:float", _construct_decimal)


def read(path: Path | str, *, decimals: bool = False) -> object:
    """What the YAML file `path` says; None for an empty one. Raises ConfigError in one line, with the line number.

    With `decimals`, numbers with a fraction are Decimal, digit by digit as they are written: money is never a float.
    """
    shown = str(path)
    try:
        text = read_bounded(path, _LARGEST_BYTES)
    except FileNotFoundError:
        raise ConfigError(shown, "", "no such file") from None
    except IsADirectoryError:
        raise ConfigError(shown, "", "is a directory; a YAML file would be right") from None
    except (OSError, ValueError) as bad:
        reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else "no such file"
        raise ConfigError(shown, "", f"can't be read: {reason}") from None
    if len(text) > _LARGEST_BYTES:
        raise ConfigError(shown, "", f"is larger than {_LARGEST_BYTES >> 20} MiB; that is no configuration")
    return parse(text, shown, decimals=decimals)


def parse(text: bytes | str, shown: str, *, decimals: bool = False) -> object:
    """What the YAML `text` says; `shown` is the file's name in errors."""
    try:
        return yaml.load(text, Loader=_DecimalLoader if decimals else _Loader)  # noqa: S506  (subclasses of SafeLoader)
    except yaml.reader.ReaderError as bad:
        raise ConfigError(
            shown, "", f"is no text: at byte {bad.position} is a character that YAML does not have"
        ) from None
    except yaml.MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise ConfigError(shown, "", f"{line}{_plain(bad)}") from None
    except yaml.YAMLError:
        raise ConfigError(shown, "", "is no YAML") from None
    except RecursionError:
        raise ConfigError(shown, "", "is nested too deeply") from None
    except Exception as bad:  # noqa: BLE001 - what a user writes must not end a running exporter, whatever PyYAML makes of it
        raise ConfigError(shown, "", f"has a value that can't be read ({type(bad).__name__})") from None


def _plain(bad: yaml.MarkedYAMLError) -> str:
    """The parser's words, with the usual causes in ours."""
    problem = bad.problem or bad.context or "is no YAML"
    if "'\\t'" in problem:
        return "a tab where YAML wants spaces"
    if "mapping values are not allowed" in problem:
        return "a `:` where none can be; is the indent right, or does a text with `: ` in it lack quotes?"
    if "could not determine a constructor" in problem:
        return "a tag (`!…`) that is not known; leave it out"
    if "expected a single document" in problem or "expected a single document" in (bad.context or ""):
        return "a second document (`---`) begins here; one would be right"
    return f"{problem} ({bad.context})" if bad.context and bad.context != problem else problem
