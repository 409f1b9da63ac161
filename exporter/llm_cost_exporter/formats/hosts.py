"""What the hosts that answer in the form of chat completions have in common: the calls are openai_chat's, the provider theirs."""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import Part, Usage

__all__ = ["calls_in", "is_family", "served_by"]

Found = list[Usage] | Hold | Part | None


def calls_in(found: Found) -> list[Usage]:
    """The calls of what a format found, held ones too."""
    if isinstance(found, Hold):
        return [found.usage]
    return found if type(found) is list else []


def served_by(found: Found, provider: str) -> Found:
    """Name the provider of the calls that name none themselves."""
    for call in calls_in(found):
        if call.provider is None:
            call.provider = provider
    return found


def is_family(model: Any, families: tuple[str, ...]) -> bool:
    """Whether `model` is none, or one of the maker's own names: what another host serves has the maker's name before a slash."""
    return model is None or (type(model) is str and model.lower().startswith(families))
