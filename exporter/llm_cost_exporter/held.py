"""Calls whose usage may still come: streams that were logged chunk by chunk.

A chunk without usage is no call yet: the usage comes with a later chunk, or never. What a call was is held in the file's
state (id, model, time, labels; no text) until its usage comes, or until so much more of the log was read, or the file was
quiet for so long, that it won't come any more. Then it is a call without usage. Where chunks carry a usage that grows, in meters
that a later chunk may split otherwise, the last one's is held with the call, and is what a stream that broke off has used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llm_cost_exporter.types import FileState, Usage

__all__ = ["HeldCalls", "Hold", "is_held", "sole_held"]

_STATE_KEY = "held"
_MOST_HELD = 128
# For a stream still running, and for one whose last chunk came (its usage follows within milliseconds):
_PATIENCE_BYTES = (4 << 20, 256 << 10)  # of log read since
_PATIENCE_SECONDS = (900.0, 5.0)  # without a new line


@dataclass(frozen=True, slots=True)
class Hold:
    """A format's answer for a chunk without usage: `usage` names the call by its id; `final`: the stream has ended."""

    usage: Usage
    final: bool


class HeldCalls:
    """The held calls of one file, in the order of their last chunk."""

    __slots__ = ("_rows", "_state")

    def __init__(self, state: FileState) -> None:
        self._state = state
        self._rows: dict[str, dict[str, Any]] = state.get(_STATE_KEY, {})

    def __bool__(self) -> bool:
        return bool(self._rows)

    def put(self, usage: Usage, *, final: bool, end: int) -> list[Usage]:
        """Hold `usage`, whose chunk ends at offset `end`. Gives the call that no longer has room, if any."""
        if usage.id is None:
            return []
        row = self._rows.pop(usage.id, None) or _row(usage)  # the first chunk's time and labels stay
        row["final"] = final or row["final"]
        row["end"] = end
        if usage.tokens:
            row["tokens"] = usage.tokens
        self._rows[usage.id] = row
        self._state[_STATE_KEY] = self._rows
        return self._take([next(iter(self._rows))]) if len(self._rows) > _MOST_HELD else []

    def drop(self, usages: list[Usage]) -> None:
        """These calls have come after all."""
        for usage in usages:
            if usage.id is not None:
                self._rows.pop(usage.id, None)
        self._tidy()

    def overdue(self, end: int, quiet: float) -> list[Usage]:
        """Calls whose usage won't come: the log was read up to `end` since, or the file was quiet for `quiet` seconds."""
        late = [
            call_id
            for call_id, row in self._rows.items()
            if end - row["end"] > _PATIENCE_BYTES[row["final"]] or quiet >= _PATIENCE_SECONDS[row["final"]]
        ]
        return self._take(late)

    def everything(self) -> list[Usage]:
        """All that is held."""
        return self._take(list(self._rows))

    def _take(self, ids: list[str]) -> list[Usage]:
        usages = [_usage(call_id, self._rows.pop(call_id)) for call_id in ids]
        self._tidy()
        return usages

    def _tidy(self) -> None:
        if not self._rows:
            self._state.pop(_STATE_KEY, None)


def is_held(state: FileState, call_id: str) -> bool:
    """Whether the call of that id is waited for."""
    return call_id in state.get(_STATE_KEY, ())


def sole_held(state: FileState) -> tuple[str, str | None] | None:
    """Id and model of the held call, if there is exactly one: an event that names no call can only mean this one."""
    rows = state.get(_STATE_KEY)
    if not rows or len(rows) != 1:
        return None
    call_id, row = next(iter(rows.items()))
    return call_id, row["model"]


def _row(usage: Usage) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": usage.model, "provider": usage.provider, "vendors": usage.id_is_vendors, "request": usage.request_id,
        "time": usage.time, "labels": list(usage.labels), "final": False,
    }  # fmt: skip
    if usage.context:
        row["context"] = [list(pair) for pair in usage.context]
    return row


def _usage(call_id: str, row: dict[str, Any]) -> Usage:
    tokens = row.get("tokens", {})
    return Usage(
        row["model"], row["provider"], tokens, id=call_id, id_is_vendors=row["vendors"], request_id=row["request"],
        time=row["time"], labels=tuple(row["labels"]), without_usage=not tokens,
        context=tuple((name, value) for name, value in row.get("context", ())),
    )  # fmt: skip
