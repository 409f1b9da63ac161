"""Claude Code's transcripts (~/.claude/projects/…/*.jsonl) and the messages of its `--output-format stream-json`.

    {"type": "assistant", "sessionId": "2cc1…", "isSidechain": false, "requestId": "req_…", "timestamp": "2026-03-11T02:40:21.204Z",
     "message": {"id": "msg_…", "type": "message", "model": "claude-opus-4-6", "usage": {"input_tokens": 3, …}}}

- As in anthropic_messages: `input_tokens` EXCLUDES cached tokens, `output_tokens` INCLUDES thinking.
- One message is a line for each of its content blocks, with an output that grows; a sidechain, a resumed session or a fork
  repeats messages under other request ids. The id is the message's, so all of them are one call with its largest counts. What the
  last messages counted is kept in the file's state, so that a later line which splits its tokens otherwise adds only what is more.
- The model `<synthetic>` is none: Claude Code wrote that message itself. With isApiErrorMessage it stands for a call that failed;
  without, it is no call.
- Other lines of a transcript are no calls: the `usage` in a toolUseResult is that of a subagent, whose messages have lines of their own.
- Lines of old versions have costUSD: a reported cost.

Source: ccusage's adapter of Claude Code; docs.anthropic.com/en/docs/claude-code/sdk.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.anthropic_messages import anthropic_tokens, extra_calls, provider_of
from llm_cost_exporter.formats.anthropic_stream import grown
from llm_cost_exporter.formats.claude_sessions import add_to_session
from llm_cost_exporter.formats.counts import Tokens
from llm_cost_exporter.formats.failures import of_words
from llm_cost_exporter.formats.fields import tier, vendor_id, words
from llm_cost_exporter.types import Failure, FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "claude_code"
KEYS = (
    frozenset(("message", "sessionId")),
    frozenset(("message", "session_id", "type")),
    frozenset(("message", "requestId")),
)

_STATE_KEY = "claude_code"
_MOST_MESSAGES = 16  # content blocks of one message are near each other, those of parallel subagents between them
_OTHERS = frozenset(("user", "system"))
_SYNTHETIC = "<synthetic>"
_NO_CALL = Skip("a line of a transcript that is no call")
_NOT_SENT = Skip("a message that Claude Code wrote itself")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:
    """See the module. None where the record is no line of a transcript."""
    message = record["message"]
    if type(message) is not dict:
        return None
    kind = record.get("type") or "assistant"
    if kind != "assistant":
        return _NO_CALL if type(kind) is str and kind in _OTHERS else None
    usage = message.get("usage")
    if type(usage) is not dict:
        if record.get("isApiErrorMessage") is not True:
            return None
        usage = {}
    model = words(message.get("model"))
    tokens = anthropic_tokens(usage)
    if model == _SYNTHETIC:
        if not tokens and record.get("isApiErrorMessage") is not True:
            return _NOT_SENT
        model = None
    call = Usage(model, provider_of(message, model), tokens, id=vendor_id(message.get("id")))
    call.context = tier(usage.get("service_tier"), usage.get("speed"))
    others = extra_calls(call, usage)
    if call.id is not None:
        _join(call, vendor_id(record.get("session_id")), state)
    else:
        _name(call, record)
    if record.get("isApiErrorMessage") is True:
        call.failure = _failure(message.get("content"))
    return [call, *others]


def _name(call: Usage, record: dict[str, Any]) -> None:
    """A message without an id goes by its request's, else by its line's."""
    call.id = vendor_id(record.get("requestId"))
    if call.id is None:
        call.id, call.id_is_vendors = vendor_id(record.get("uuid")), False


def _join(call: Usage, session: str | None, state: FileState) -> None:
    """Let a further line of a message give no meter less than the ones before it, and no token in two meters."""
    messages: dict[str, Tokens] = state.get(_STATE_KEY, {})
    before = messages.pop(call.id or "", {})
    if before:
        call.continues = True
        if before != call.tokens:
            call.tokens = grown(before, call.tokens)
    elif len(messages) >= _MOST_MESSAGES:
        del messages[next(iter(messages))]
    if call.tokens:
        messages[call.id or ""] = call.tokens
    state[_STATE_KEY] = messages
    if session is not None and call.model is not None:
        add_to_session(state, session, call, before)


def _failure(content: object) -> Failure:
    """Why a call failed, by the words in the message that Claude Code wrote of it; those are kept nowhere."""
    if type(content) is list:
        content = next((part.get("text") for part in content if type(part) is dict and "text" in part), None)
    if type(content) is not str:
        return "other"
    return "rate_limited" if "limit reached" in content[:200].lower() else of_words(content)
