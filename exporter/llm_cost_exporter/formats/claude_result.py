"""The result of a run of Claude Code without a terminal: `claude -p --output-format json`, and the last line of stream-json.

    {"type": "result", "subtype": "success", "is_error": false, "duration_ms": 4512, "session_id": "…", "uuid": "…",
     "total_cost_usd": 0.0412, "usage": {"input_tokens": 12, …, "cache_creation": {…}, "iterations": [{…}]},
     "modelUsage": {"claude-opus-5[1m]": {"inputTokens": 12, "cacheReadInputTokens": 22137, "cacheCreationInputTokens": 2285,
                    "outputTokens": 157, "costUSD": 0.0409, "provider": "firstParty"}, "claude-haiku-4-5": {…}}}

- A call for each model of `modelUsage`, with its own costUSD. `inputTokens` EXCLUDES cached tokens. The top-level `usage` is
  the same tokens once more: it only tells the time to live of cache writes, and is read where there is no modelUsage.
  Its `iterations` are those of the last turn, and are not added.
- Behind the messages of its own session (stream-json) the result gives what they have not counted: their outputs are those at the
  beginning of each message. It goes to the last message of each model, and is no call of its own.
- A run that failed (is_error, api_error_status; the subtype may say success) is a failure of its first model.
- Id: uuid, with the model; without a uuid, the session's.

Source: docs.anthropic.com/en/docs/claude-code/sdk, @anthropic-ai/claude-agent-sdk SDKResultMessage.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.anthropic_messages import anthropic_tokens
from llm_cost_exporter.formats.anthropic_stream import grown
from llm_cost_exporter.formats.claude_sessions import base_model, is_joined, remember_joined, take_session
from llm_cost_exporter.formats.counts import Tokens, count, detail, put
from llm_cost_exporter.formats.failures import of_error, of_status
from llm_cost_exporter.formats.fields import tier, usd, vendor_id, words
from llm_cost_exporter.types import Failure, FileState, Part, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "claude_result"
ALSO = ("claude_code",)
KEYS = (
    frozenset(("type", "modelUsage")),
    frozenset(("type", "usage", "session_id")),
    frozenset(("type", "total_cost_usd")),
)

_MOST_MODELS = 64
_PROVIDERS = {"firstParty": "anthropic", "first_party": "anthropic", "firstparty": "anthropic"}
_COUNTS = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
_JOINED = Part("sum of messages that are counted")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Part | None:
    """See the module. None where the record is no result."""
    if record.get("type") != "result":
        return None
    usage = detail(record, "usage")
    per_model = detail(record, "modelUsage")
    if not usage and not per_model:
        return None
    session = vendor_id(record.get("session_id"))
    run = vendor_id(record.get("uuid")) or session
    if run is not None and is_joined(state, run):
        return _JOINED
    context = tier(usage.get("service_tier"), usage.get("speed"))
    calls = _by_model(per_model, usage)
    if not calls:
        calls = [Usage(None, "anthropic", anthropic_tokens(usage))]
    for call in calls:
        call.context = context
        call.id = None if run is None else vendor_id(f"{run}/{call.model}")
    failure = _failure(record)
    calls[0].failure = failure
    seen = take_session(state, session) if session is not None else {}
    if seen:
        if run is not None and run != session:
            remember_joined(state, run)
        calls = [call for call in calls if _uncounted(call, seen) or call.failure is not None]
    return calls or _JOINED


def _by_model(per_model: dict[str, Any], usage: dict[str, Any]) -> list[Usage]:
    entries = [(name, entry) for name, entry in per_model.items() if type(entry) is dict][:_MOST_MODELS]
    written = sum(count(entry.get(_COUNTS[3]), _COUNTS[3]) for _, entry in entries)
    split = detail(usage, "cache_creation")
    hour = count(split.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens")
    minutes = count(split.get("ephemeral_5m_input_tokens"), "ephemeral_5m_input_tokens")
    calls = []
    for name, entry in entries:
        into, out, from_cache, to_cache = (count(entry.get(key), key) for key in _COUNTS)
        tokens: Tokens = {}
        put(tokens, "input", into)
        put(tokens, "cache_read", from_cache)
        if to_cache == written or not (hour and minutes):  # one model's, or all of one kind: then the split is known
            put(tokens, "cache_write_1h", min(hour, to_cache))
            put(tokens, "cache_write_5m", min(minutes, to_cache - min(hour, to_cache)))
            to_cache -= tokens.get("cache_write_1h", 0) + tokens.get("cache_write_5m", 0)
        put(tokens, "cache_write", to_cache)
        put(tokens, "output", out)
        named = words(entry.get("provider"))
        provider = "anthropic" if named is None else _PROVIDERS.get(named, named)
        calls.append(Usage(words(name), provider, tokens, reported_usd=usd(entry.get("costUSD"))))
    return calls


def _uncounted(call: Usage, seen: dict[str, dict[str, Any]]) -> bool:
    """Make of a model's sum over a session what its messages have not counted. False where there is no more."""
    row = seen.get(base_model(call.model or ""))
    if row is None:
        return True  # a model that wrote no message of the conversation: summaries, titles, web searches
    before: Tokens = row["sum"]
    now = grown(before, call.tokens)
    last: Tokens = row["tokens"]
    tokens = {meter: amount - before.get(meter, 0) + last.get(meter, 0) for meter, amount in now.items()}
    call.id, call.continues = row["id"], True
    if "model" in row:  # as the message names it, so that all of it has that one's price
        call.model, call.provider = row["model"], row["provider"]
    call.tokens = {meter: amount for meter, amount in tokens.items() if amount > 0}
    return True


def _failure(record: dict[str, Any]) -> Failure | None:
    status = record.get("api_error_status")
    told = of_status(status) if type(status) is int else None
    if told is None and type(status) is str and status:
        told = of_error(status)
    if told is not None:
        return told
    return "other" if record.get("is_error") is True else None
