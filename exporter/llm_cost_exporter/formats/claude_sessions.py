"""What the messages of a session of `claude -p --output-format stream-json` have counted, until its result repeats the sum.

state["claude_sessions"] = {session: {model: {"sum": tokens, and of the last message "id", "tokens", "model", "provider"}}}
state["claude_results"] = uuids of the last results that were joined to their messages
"""

from __future__ import annotations

import re
from typing import Any

from llm_cost_exporter.formats.counts import Tokens
from llm_cost_exporter.types import FileState, Usage

__all__ = ["add_to_session", "base_model", "is_joined", "remember_joined", "take_session"]

_STATE_KEY = "claude_sessions"
_RESULTS_KEY = "claude_results"
_MOST_SESSIONS = 64
_MOST_MODELS = 8
_OF_A_CLOUD = re.compile(r"(?:[-@]\d{8})?(?:-v\d+(?::\d+)?)?\Z", re.ASCII)  # a date, Bedrock's version


def base_model(model: str) -> str:
    """What messages and results of one model have in common: they may name it as the vendor, as a cloud, or by an alias does.

    `claude-opus-5[1m]` is a window of claude-opus-5, `us.anthropic.claude-opus-4-6-v1` and `claude-opus-4-6@20260205` are claude-opus-4-6.
    """
    name = model.partition("[")[0].rpartition("/")[2].rpartition("anthropic.")[2]
    return _OF_A_CLOUD.sub("", name)


def add_to_session(state: FileState, session: str, call: Usage, before: Tokens) -> None:
    """Remember that `call` (which had counted `before`) is one of `session`."""
    sessions: dict[str, dict[str, Any]] = state.get(_STATE_KEY, {})
    models = sessions.pop(session, {})
    name = base_model(call.model or "")
    if name in models or len(models) < _MOST_MODELS:
        total = dict(models[name]["sum"]) if name in models else {}
        for meter, amount in call.tokens.items():
            total[meter] = total.get(meter, 0) + amount - before.get(meter, 0)
        models[name] = {
            "sum": total, "id": call.id, "tokens": call.tokens, "model": call.model, "provider": call.provider,
        }  # fmt: skip
    while len(sessions) >= _MOST_SESSIONS:
        del sessions[next(iter(sessions))]
    sessions[session] = models
    state[_STATE_KEY] = sessions


def is_joined(state: FileState, result: str) -> bool:
    """Whether the result of that uuid was joined to its messages: its line may be there twice."""
    return result in state.get(_RESULTS_KEY, ())


def remember_joined(state: FileState, result: str) -> None:
    """The result of that uuid was joined to its messages."""
    state[_RESULTS_KEY] = [*state.get(_RESULTS_KEY, ())[-_MOST_SESSIONS + 1 :], result]


def take_session(state: FileState, session: str) -> dict[str, dict[str, Any]]:
    """What the messages of `session` have counted, by model; it is over then."""
    sessions: dict[str, dict[str, Any]] = state.get(_STATE_KEY, {})
    models = sessions.pop(session, {})
    if not sessions:
        state.pop(_STATE_KEY, None)
    return models
