"""The body of a model's answer inside a record that names its own source: a batch's result, a gateway's log of bodies."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from llm_cost_exporter.decode import NotJsonError, decode
from llm_cost_exporter.formats import (
    anthropic_messages,
    deepseek,
    gemini,
    groq,
    mistral,
    openai_chat,
    openai_embeddings,
    openai_images,
    openai_responses,
    xai,
)
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Usage

__all__ = ["body_in", "read_body"]

# In the order of the table of formats, which this can't be taken from: the formats that use it are in that table.
_MODULES = (
    gemini, openai_images, openai_embeddings, anthropic_messages, openai_responses, openai_chat, xai, groq, mistral, deepseek,
)  # fmt: skip
_LONGEST_TEXT = 1 << 20
_MOST_EVENTS = 4096


def read_body(body: dict[str, Any], state: FileState) -> list[Usage]:
    """The calls that `body` gives to the first format that takes it; none where it is of no known form. Raises BadCountError."""
    for read in _readers(tuple(body)):
        found = read(body, state)
        if isinstance(found, Hold):
            found.usage.without_usage = not found.usage.tokens
            return [found.usage]
        if isinstance(found, list):
            return found
    return []


@lru_cache(maxsize=1024)
def _readers(keys: tuple[str, ...]) -> tuple[Callable[[dict[str, Any], FileState], Any], ...]:
    """What may read a body with these keys; bodies have few shapes."""
    return tuple(module.read for module in _MODULES if any(wanted <= set(keys) for wanted in module.KEYS))


def body_in(value: object) -> dict[str, Any] | None:
    """The object that a body is, also as JSON in a string, or as a stream's text: then its last event with a usage."""
    if type(value) is dict:
        return value
    if type(value) is not str or not 2 <= len(value) <= _LONGEST_TEXT:
        return None
    text = value.lstrip()
    if text.startswith("{"):
        return _object(text)
    last = None
    for line in text.split("\n")[-_MOST_EVENTS:]:
        if line.startswith("data:") and '"usage' in line:
            event = _object(line[5:].strip())
            if event is not None and (last is None or event.get("usage") or event.get("response")):
                last = event.get("response") if type(event.get("response")) is dict else event
    return last


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = decode(text)
    except NotJsonError:
        return None
    return found if type(found) is dict else None
