"""Where a value stands in a record: a key, keys with dots between them, or a JMESPath expression. Compiled once.

    time    properties.main_model    service.name    "Cost (USD)"       plain: a few dictionary look-ups a line
    usage.tokens[0].n    a || b    sum([x, y])                          JMESPath

A key that itself has dots is found too, as in labels: `service.name` is {"service.name": …} as well as
{"service": {"name": …}}. In double quotes a key may have any character. What can't be a plain path is JMESPath.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError, LexerError, ParseError
from jmespath.functions import Functions

from llm_cost_exporter.config.messages import did_you_mean

__all__ = ["Path", "condition", "path"]

Getter = Callable[[dict[str, Any]], object]

_LONGEST: Final = 1024
# A key without quotes may have anything in it that is no operator of JMESPath; `@timestamp` is a key, `@` alone is none.
_KEY = r"""@?[^\s.\[\](){}|&!<>=*,:@'"`\\]+(?:[ ]+[^\s.\[\](){}|&!<>=*,:@'"`\\]+)*"""
_QUOTED = r'"(?:[^"\\]|\\.)+"'
_PLAIN: Final = re.compile(rf"(?:{_KEY}|{_QUOTED})(?:\.(?:{_KEY}|{_QUOTED}))*")
_PART: Final = re.compile(rf"({_QUOTED})|{_KEY}")
_EQUALS: Final = re.compile(r"(?P<path>[^'=!<>]+?)\s*(?P<sign>==|!=)\s*'(?P<text>[^'\\]*)'")
_KEY_FOR_TEXT: Final = re.compile(r'(?:==|!=)\s*"')
_HINT: Final = "texts stand in single quotes ('ok'), numbers in backquotes (`200`), && is and, || is or, ! is not"


class Path:
    """One compiled path. `get` gives the value of a record, None without one; `names` are the outermost keys it may look at."""

    __slots__ = ("get", "names", "plain", "text")

    def __init__(self, text: str, get: Getter, names: frozenset[str], *, plain: bool) -> None:
        self.text, self.get, self.names, self.plain = text, get, names, plain


def path(text: object) -> Path:
    """Compile the path of a value. Raises ValueError in words for the person who wrote it."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError("must be where the value stands in the record, such as usage.input_tokens")
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    parts = _keys_of(text)
    if parts is None:
        return _expression(text)
    return Path(text, _plain(parts), frozenset(_beginnings(parts)), plain=True)


def condition(text: object) -> tuple[Callable[[dict[str, Any]], bool], frozenset[str]]:
    """Compile what chooses lines: (record -> whether it counts, the outermost keys it may look at). Raises ValueError."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError("must be a condition, such as event == 'message_send'")
    text = text.strip()
    if _KEY_FOR_TEXT.search(text):
        raise ValueError(
            "has a key in double quotes after == where a text is likely meant; 'in single quotes' would be right"
        )
    simple = _EQUALS.fullmatch(text)
    parts = _keys_of(simple["path"]) if simple is not None and not _has_words(simple["path"]) else None
    if simple is not None and parts is not None:
        return _equals(_plain(parts), simple["text"], wanted=simple["sign"] == "=="), frozenset(_beginnings(parts))
    compiled = _expression(text) if _has_words(text) else path(text)
    get = compiled.get
    return lambda record: _is_true(get(record)), compiled.names


def _has_words(text: str) -> bool:
    """Words with spaces between them are rather `a and b` than a key; a key with a space stands in quotes here."""
    return re.search(r"\w\s+\w", re.sub(_QUOTED, "", text)) is not None


def _equals(get: Getter, text: str, *, wanted: bool) -> Callable[[dict[str, Any]], bool]:
    return lambda record: (get(record) == text) is wanted


def _is_true(value: object) -> bool:
    """JMESPath's truth: 0 is true; nothing, false and what is empty are not."""
    return not (value is None or value is False or (isinstance(value, (str, list, dict)) and not value))


def _keys_of(text: str) -> tuple[str, ...] | None:
    """The keys of a plain path; None where it is none."""
    if not _PLAIN.fullmatch(text):
        return None
    try:
        return tuple(json.loads(found[1]) if found[1] else found[0] for found in _PART.finditer(text))
    except ValueError:
        return None


def _plain(parts: tuple[str, ...]) -> Getter:
    if len(parts) == 1:
        only = parts[0]
        return lambda record: record.get(only)

    def get(record: dict[str, Any]) -> object:
        value: Any = record
        for part in parts:
            if type(value) is not dict:
                break
            value = value.get(part)
        else:
            if value is not None:
                return value
        return _with_dots(record, parts)

    return get


def _with_dots(value: object, parts: tuple[str, ...]) -> object:
    """The value at `parts` where some keys have dots in them."""
    if type(value) is not dict:
        return None
    for at in range(len(parts), 0, -1):
        inner = value.get(".".join(parts[:at]))
        found = inner if at == len(parts) else _with_dots(inner, parts[at:])
        if found is not None:
            return found
    return None


def _beginnings(parts: tuple[str, ...]) -> Iterator[str]:
    return (".".join(parts[:at]) for at in range(1, len(parts) + 1))


def _expression(text: str) -> Path:
    try:
        compiled = jmespath.compile(text)
    except (ParseError, LexerError) as bad:
        raise ValueError(f"can't be read at {text[bad.lex_position :][:20]!r}; {_HINT}") from None
    except (JMESPathError, RecursionError, ValueError):
        raise ValueError(f"can't be read; {_HINT}") from None
    nodes = list(_nodes(compiled.parsed))
    for node in nodes:
        if node["type"] == "function_expression":
            _check_call(node["value"], len(node["children"]))

    def get(record: dict[str, Any]) -> object:
        try:
            return compiled.search(record)
        except JMESPathError:  # a function of something that it is not for: there is no value
            return None

    return Path(text, get, frozenset(node["value"] for node in nodes if node["type"] == "field"), plain=False)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    open_nodes = [node]
    while open_nodes:
        each = open_nodes.pop()
        if isinstance(each, dict) and "type" in each:
            yield each
            open_nodes += each.get("children", ())
        elif isinstance(each, list):
            open_nodes += each


def _check_call(name: str, arguments: int) -> None:
    known = Functions.FUNCTION_TABLE
    if name not in known:
        raise ValueError(f"{name[:40]!r} is no function of JMESPath; {did_you_mean(name, sorted(known))}")
    signature = known[name]["signature"]
    variadic = bool(signature) and bool(signature[-1].get("variadic"))
    if arguments < len(signature) or (arguments > len(signature) and not variadic):
        raise ValueError(f"{name}() takes {len(signature)} arguments, not {arguments}")
