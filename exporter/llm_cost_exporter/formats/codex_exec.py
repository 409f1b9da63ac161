"""The events of `codex exec --json`: a call for each turn.

    {"type": "thread.started", "thread_id": "019d…"}
    {"type": "turn.completed", "usage": {"input_tokens": 24763, "cached_input_tokens": 24448, "output_tokens": 122, "reasoning_output_tokens": 60}}
    {"type": "turn.failed", "error": {"message": "…"}}

- `input_tokens` INCLUDES cached and cache-written tokens, `output_tokens` INCLUDES reasoning.
- A thread that is taken up again goes on counting: of a thread that the file has had, the growth is counted. Where anything went back,
  the counters began anew. What a thread had in another file can't be known.
- Events have neither model nor time: the records around them, or the file, may tell.

Source: openai/codex codex-rs/exec (exec_events.rs), docs/exec.md.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.codex_rollout import FIELDS, Totals, growth, totals_of, usage_tokens
from llm_cost_exporter.formats.failures import of_error
from llm_cost_exporter.formats.fields import vendor_id, words
from llm_cost_exporter.types import FileState, Part, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "codex_exec"
KEYS = (frozenset(("type", "thread_id")), frozenset(("type", "usage")), frozenset(("type", "error")))

_STATE_KEY = "codex_exec"
_MOST_THREADS = 32
_NO_CALL = Skip("a thread began")
_REPEATED = Part("totals that were counted already")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | Part | None:
    """See the module. None where the record is none of these events."""
    kind = record["type"]
    if kind == "thread.started":
        thread = vendor_id(record.get("thread_id"))
        if thread is None:
            return None
        _remember(state, thread, _threads(state).get(thread))
        return _NO_CALL
    if kind == "turn.failed":
        return [Usage(words(record.get("model")), "openai", failure=of_error(record.get("error")) or "other")]
    usage = record.get("usage")
    if kind != "turn.completed" or not (usage is None or type(usage) is dict):
        return None
    if usage is None:
        return [Usage(words(record.get("model")), "openai", without_usage=True)]
    totals = totals_of(usage)
    added = totals
    threads = _threads(state)
    if threads:
        thread = next(reversed(threads))
        before = threads[thread]
        if before is not None:
            # What a line doesn't tell (older versions have fewer keys) has not gone back.
            told = [
                old if usage.get(key) is None else new for key, old, new in zip(FIELDS, before, totals, strict=True)
            ]
            grown = growth(before, told)
            added, totals = (totals, totals) if grown is None else (grown, told)
        _remember(state, thread, totals)
        if not any(added) and any(totals):
            return _REPEATED
    return [Usage(words(record.get("model")), "openai", usage_tokens(added))]


def _threads(state: FileState) -> dict[str, Totals | None]:
    threads: dict[str, Totals | None] = state.get(_STATE_KEY, {})
    return threads


def _remember(state: FileState, thread: str, totals: Totals | None) -> None:
    """The thread that events are of is the last one."""
    threads = _threads(state)
    threads.pop(thread, None)
    while len(threads) >= _MOST_THREADS:
        del threads[next(iter(threads))]
    threads[thread] = totals
    state[_STATE_KEY] = threads
