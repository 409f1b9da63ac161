"""Codex's rollouts (~/.codex/sessions/…/rollout-*.jsonl): cumulative counters, of which the growth is counted.

    {"type": "session_meta", "payload": {"id": "019d…", "forked_from_id": null, "model_provider": "openai", …}}
    {"type": "turn_context", "payload": {"turn_id": "…", "model": "gpt-5.6-luna", …}}
    {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": {"input_tokens": 160,
        "cached_input_tokens": 120, "output_tokens": 35, "reasoning_output_tokens": 15, "total_tokens": 195}, "last_token_usage": {…}}}}
    {"type": "token_usage_record", "payload": {"response_id": "resp_…", "usage": {…}, "thread_token_usage": {…}}}

- `input_tokens` INCLUDES cached and cache-written tokens, `output_tokens` INCLUDES reasoning.
- A token_count that repeats the totals (about half of them) adds nothing. The first one of a file counts its last call only if its
  totals have more: the calls before it are in another log. Totals that went back begin anew.
- A token_usage_record (newer versions write both) is the same call: whichever comes first counts it, which the thread's totals
  tell, or where it has none, its own counts. It counts its own `usage`: totals may be another thread's (a subagent's) or have
  calls of another log. Its keys are read beside `payload` too.
- A file that was forked begins with its parent's events, written again. They move the totals and count nothing: what has a
  time before the fork, or within a second of it. Others that may be repeats have ids that are the same in both files: the first
  thread in the chain of forks, and the totals.
- The model is that of the last turn_context; the provider that of session_meta.

Source: openai/codex codex-rs/protocol (TokenUsageInfo, SessionMeta); ccusage's adapter of Codex.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter import times
from llm_cost_exporter.formats.counts import Tokens, count, detail, split_input, split_output
from llm_cost_exporter.formats.fields import vendor_id, words
from llm_cost_exporter.types import FileState, Part, Skip, Usage

__all__ = ["FIELDS", "KEYS", "NAME", "Totals", "growth", "read", "totals_of", "usage_tokens"]

NAME = "codex_rollout"
KEYS = (
    frozenset(("type", "payload")), frozenset(("type", "usage", "thread_token_usage")), frozenset(("type", "usage", "response_id")),
)  # fmt: skip

Totals = list[int]
"""Counts in the order of FIELDS."""

FIELDS = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens")

_CACHED_ELSEWHERE = "cache_read_input_tokens"  # of clients that followed Codex's form
_STATE_KEY = "codex"
_REPLAY_SECONDS = 1.0  # a fork writes its parent's events at once; an answer of its own takes longer
_NO_CALL = Skip("a line of a rollout that is no call")
_REPEATED = Part("totals that were counted already")
_REPLAYED = Part("an event of the thread that this one was forked from")
_KINDS = frozenset(("session_meta", "turn_context", "event_msg", "response_item", "compacted", "token_usage_record"))


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | Part | None:
    """See the module. None where the record is no line of a rollout."""
    kind = record["type"]
    if type(kind) is not str or kind not in _KINDS:
        return None
    payload = record.get("payload")
    if kind == "token_usage_record":
        return _usage_record(record, payload if type(payload) is dict else record, state)
    if type(payload) is not dict:
        return None
    if kind == "event_msg":
        event = payload.get("type")
        if event == "token_usage_record":
            return _usage_record(record, payload, state)
        return _token_count(record, payload, state) if event == "token_count" else _NO_CALL
    if kind == "session_meta":
        _session(record, payload, state)
    elif kind == "turn_context":
        model = words(payload.get("model"))
        if model is not None:
            _thread(state)["model"] = model
    return _NO_CALL


def usage_tokens(counts: Totals) -> Tokens:
    """The meters of counts in the order of FIELDS."""
    tokens: Tokens = {}
    into, cached, written, out, reasoning = counts
    if cached or written:
        split_input(tokens, into, {"cached_tokens": cached, "cache_write_tokens": written})
    elif into:
        tokens["input"] = into
    split_output(tokens, out, {}, reasoning)
    return tokens


def totals_of(usage: dict[str, Any]) -> Totals:
    """The counts of a `usage`, in the order of FIELDS. Raises BadCountError."""
    counts = [count(usage.get(key), key) for key in FIELDS]
    if usage.get(FIELDS[1]) is None:
        counts[1] = count(usage.get(_CACHED_ELSEWHERE), _CACHED_ELSEWHERE)
    return counts


def growth(before: Totals, now: Totals) -> Totals | None:
    """What was added to `before`; None where something went back: these are not totals of the same counters."""
    added = [new - old for new, old in zip(now, before, strict=True)]
    return added if min(added) >= 0 else None


def _thread(state: FileState) -> dict[str, Any]:
    thread: dict[str, Any] = state.setdefault(_STATE_KEY, {})
    return thread


def _session(record: dict[str, Any], payload: dict[str, Any], state: FileState) -> None:
    """The head of a file. Behind it, before any event, a second one is that of the thread it was forked from."""
    thread = _thread(state)
    session = vendor_id(payload.get("id"))
    if session is None or session in (thread.get("root"), thread.get("own")):
        return  # taken up again
    provider = words(payload.get("model_provider"))
    if provider is not None:
        thread["provider"] = provider
    if "own" in thread and "totals" not in thread:
        thread["root"] = session
        thread.setdefault("forked", thread.get("began"))
        return
    parent = vendor_id(payload.get("forked_from_id"))
    began = times.parse(record.get("timestamp")) or times.parse(payload.get("timestamp"))
    state[_STATE_KEY] = thread = {
        **{key: thread[key] for key in ("model", "provider") if key in thread},
        "own": session, "root": parent or session, "began": began,
    }  # fmt: skip
    if parent is not None:
        thread["forked"] = began


def _token_count(record: dict[str, Any], payload: dict[str, Any], state: FileState) -> list[Usage] | Skip | Part:
    info = payload.get("info")
    if type(info) is not dict:
        return _NO_CALL  # just the limits
    thread = _thread(state)
    last = info.get("last_token_usage")
    of_last = totals_of(last) if type(last) is dict else None
    if type(info.get("total_token_usage")) is not dict:
        if of_last is None:
            return _NO_CALL
        before = thread.get("totals") or [0] * len(FIELDS)
        totals = [old + new for old, new in zip(before, of_last, strict=True)]
    else:
        totals = totals_of(info["total_token_usage"])
    if of_last is not None and thread.pop("record", None) == of_last:
        thread["totals"] = totals  # the call that the record before this counted
        return _REPEATED
    added = _advance(thread, totals, of_last)
    if added is None:
        return _REPEATED
    thread["event"] = added
    if _replayed(record, thread):
        return _REPLAYED
    model = words(info.get("model")) or words(payload.get("model")) or thread.get("model")
    return [Usage(model, thread.get("provider"), usage_tokens(added), id=_id(thread, totals))]


def _usage_record(record: dict[str, Any], payload: dict[str, Any], state: FileState) -> list[Usage] | Skip | Part:
    usage = detail(payload, "usage") or detail(record, "usage")
    if not usage:
        return _NO_CALL
    thread = _thread(state)
    counts = totals_of(usage)
    of_thread = detail(payload, "thread_token_usage") or detail(record, "thread_token_usage")
    if of_thread:
        added = _advance(thread, totals_of(of_thread), counts)
        if added is None:
            return _REPEATED
        if any(counts):
            added = counts
    else:
        if thread.pop("event", None) == counts:
            return _REPEATED
        added = thread["record"] = counts
        before = thread.get("totals")
        thread["totals"] = [old + new for old, new in zip(before, counts, strict=True)] if before else counts
    if _replayed(record, thread):
        return _REPLAYED
    model = words(payload.get("model")) or words(record.get("model")) or thread.get("model")
    response = vendor_id(payload.get("response_id")) or vendor_id(record.get("response_id"))
    return [Usage(model, thread.get("provider"), usage_tokens(added), id=response or _id(thread, thread["totals"]))]


def _advance(thread: dict[str, Any], totals: Totals, last: Totals | None) -> Totals | None:
    """What `totals` add to the thread's; None where that is nothing. `last`: what their last call counted, where it is said."""
    before: Totals | None = thread.get("totals")
    if before == totals:
        return None
    thread["totals"] = totals
    thread.pop("event", None)
    added = growth(before, totals) if before is not None else None
    if added is None:  # the first ones, or counters that began anew: what came before is in another log, or was counted
        added = totals if last is None or growth(last, totals) is None else last
    return added if any(added) else None


def _replayed(record: dict[str, Any], thread: dict[str, Any]) -> bool:
    forked = thread.get("forked")
    if forked is None:
        return False
    when = times.parse(record.get("timestamp"))
    return when is not None and when <= forked + _REPLAY_SECONDS


def _id(thread: dict[str, Any], totals: Totals) -> str | None:
    root = thread.get("root")
    return None if root is None else f"{root}/{'-'.join(map(str, totals))}"
