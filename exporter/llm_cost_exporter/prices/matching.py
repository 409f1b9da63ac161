"""Which model of a price list a name means.

The catalogue's own clauses decide, first model first, as in genai-prices. An eighth of its 3,700 clauses is loose (`starts
with claude-opus-4-6`, `contains o4-mini`), so that they also take versions to come. So that they don't take another
model's name (claude-opus-4-6-fast costs more, gemini-3.8-flash-cyber twice as much, and a deployment that someone calls
gpt-4o-realtime-for-sales may be anything), what a loose clause leaves over of the name must be words that change no price:
a date, a version, `latest`, `preview` and the like. Else the name is not that model's, and stays unpriced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from llm_cost_exporter.prices.listed.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ModelInfo,
)

__all__ = ["ModelTable", "accepts"]

_WORDS: Final = "latest|preview|exp|experimental|beta|default|thinking|extended|instruct|native|audio|customtools|it"
_TAIL: Final = re.compile(
    rf"(?:[-@:_](?:{_WORDS}"
    r"|v\d+(?:\.\d+)*"  # -v1, -v0.1
    r"|(?<=[:@])\d+k?"  # :0, :200k (a context size), @001
    r"|\d{3,}|\d\d-(?:20)?\d\d"  # -20250929, -05-20, -09-2025, -001; fewer digits may be a minor version, and so another model
    r"|e\d+b"  # the sizes of gemma-3n, which has one price
    r")(?![a-z0-9]))*"
)
_TAIL_OF_OPEN_END: Final = re.compile(rf"(?:[0-9]*(?:-\d\d+)*|\d+b|{_WORDS})(?P<rest>$|[-@:_].*)")
_OPEN_END: Final = re.compile(r"(?:[-@:_]|-20\d\d|-0)$")
_ONE_NUMBER: Final = re.compile(r"[a-z]-\d$")
_HEAD: Final = re.compile(
    r"(?:(?:us-gov|us|eu|apac|jp|au|ca|in|sa|global)\.)?(?:anthropic\.|amazon\.)?(?:omni-|text-|minimax-)?|[a-z-]{2,6}\."
)


class ModelTable:
    """The models of one provider, found by name. Names are given in lower case."""

    def __init__(self, models: Sequence[ModelInfo]) -> None:
        self._models = models
        self._by_name: dict[str, int] = {}
        self._by_id: dict[str, int] = {}
        self._loose: list[tuple[int, object]] = []
        for index, model in enumerate(models):
            self._by_id.setdefault(model.id.lower(), index)
            for clause in _alternatives(model.match):
                if isinstance(clause, ClauseEquals):
                    self._by_name.setdefault(clause.equals.lower(), index)
                else:
                    self._loose.append((index, clause))

    def find(self, name: str) -> ModelInfo | None:
        """The first model whose clauses take `name`."""
        found = self._by_name.get(name)
        for index, clause in self._loose:
            if found is not None and index > found:
                break
            if accepts(clause, name):
                return self._models[index]
        return None if found is None else self._models[found]

    def by_id(self, name: str) -> ModelInfo | None:
        """The model whose id is `name`, which its clauses need not take."""
        found = self._by_id.get(name)
        return None if found is None else self._models[found]


def _alternatives(clause: Any) -> Iterator[object]:
    if isinstance(clause, ClauseOr):
        for part in clause.or_:
            yield from _alternatives(part)
    else:
        yield clause


def accepts(clause: object, name: str) -> bool:
    """Whether `name` is one that `clause` stands for. True for fewer names than genai-prices' own `is_match`, never for others."""
    match clause:
        case ClauseEquals():
            return name == clause.equals.lower()
        case ClauseRegex():
            return clause.is_match(name)
        case ClauseOr():
            return any(accepts(part, name) for part in clause.or_)
        case ClauseAnd():
            return all(accepts(part, name) for part in clause.and_)
        case ClauseStartsWith():
            text = clause.starts_with.lower()
            return name.startswith(text) and _is_tail(text, name[len(text) :])
        case ClauseEndsWith():
            text = clause.ends_with.lower()
            return name.endswith(text) and _is_head(name.removesuffix(text))
        case ClauseContains():
            text = clause.contains.lower()
            head, found, tail = name.partition(text)
            return bool(found) and _is_head(head) and _is_tail(text, tail)
        case _:
            return False


def _is_head(head: str) -> bool:
    return _HEAD.fullmatch(head) is not None


def _is_tail(text: str, tail: str) -> bool:
    """Whether `tail`, what follows `text` in a name, leaves the model the one that `text` names."""
    if text.startswith("ft:") or text.endswith(".ft-"):
        return True  # a fine-tune's name is free, and its price is its base model's fine-tuned one
    if _ONE_NUMBER.search(text) and re.match(r"\.\d(?!\d)", tail):
        tail = tail[2:]  # `claude-2` stands for 2.0 and 2.1
    if tail[:1].isalnum():
        rest = _TAIL_OF_OPEN_END.fullmatch(tail) if _OPEN_END.search(text) else None
        if rest is None:
            return False
        tail = rest["rest"]
    return _TAIL.fullmatch(tail) is not None
