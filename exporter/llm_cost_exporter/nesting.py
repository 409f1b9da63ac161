"""Finding usage in objects nested in a record.

Applications put a vendor's body into a record of their own: `{"event": "llm_call", "response": {…}}`. The search goes
breadth first and ends at the first object that a format takes, so that usage which a record carries twice is read once.
It does not enter lists, nor what holds a conversation (a model may well write JSON with token counts), nor limits, nor running totals.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import Found
from llm_cost_exporter.shape import Shape, Shapes
from llm_cost_exporter.types import FileState

__all__ = ["Chain", "find_nested"]

Chain = tuple[tuple[dict[str, Any], Shape], ...]
"""Records from the outermost to the one that has the usage, each with its shape."""

_MOST_OBJECTS = 256
_DEEPEST = 8
_NOT_ENTERED = frozenset((
    # what was asked and answered
    "messages", "content", "contents", "choices", "candidates", "prompt", "prompts", "input", "inputs", "tools", "tool_calls", "tool_choice",
    "function", "functions", "arguments", "args", "parts", "content_block", "delta", "text", "system", "instructions", "parameters",
    "request_body", "json_schema", "schema", "response_format", "history", "previous_response",
    # what a tool gave back: another program's calls are in that one's log
    "tool_result", "tool_results", "tool_output", "tool_response", "artifact", "structured_content", "structuredContent",
    "gen_ai.tool.call.result", "gen_ai.tool.call.arguments",
    # what may be used, or would cost
    "limit", "limits", "rate_limit", "rate_limits", "ratelimit", "quota", "quotas", "budget", "budgets", "pricing", "prices", "estimate", "remaining",
    # sums over several calls
    "total_token_usage", "last_token_usage", "turn_token_usage", "thread_token_usage", "session_usage", "cumulative_usage", "total_usage",
))  # fmt: skip


def find_nested(
    record: dict[str, Any], shape: Shape, shapes: Shapes, state: FileState
) -> tuple[str, Chain, Found] | None:
    """(format, records on the way, what it read) of the first nested object that a format takes. Raises BadCountError.

    `record` itself has been tried, but for the formats that are a fallback: those get it, and then all that is nested, last.
    """
    chains: list[Chain] = [((record, shape),)]
    for chain in chains:  # grows meanwhile
        for key, value in chain[-1][0].items():
            if type(value) is not dict or not value or key in _NOT_ENTERED:
                continue
            if len(chains) >= _MOST_OBJECTS:
                break
            of_value = shapes.of(value)
            inner = (*chain, (value, of_value))
            for name, read in of_value.readers:
                found = read(value, state)
                if found is not None:
                    return name, inner, found
            if len(inner) <= _DEEPEST:
                chains.append(inner)
    for chain in chains:
        innermost, of_innermost = chain[-1]
        for name, read in of_innermost.fallbacks:
            found = read(innermost, state)
            if found is not None:
                return name, chain, found
    return None
