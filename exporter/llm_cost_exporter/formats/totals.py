"""Splitting totals that a format has already found: what gateways, SDKs and telemetry say in names of their own.

The formats of vendors split the vendor's own object (see counts.py). The others put their numbers under OpenAI's names first
and have them split by the same rules here.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, put, split_input, split_output

__all__ = ["reasons_on_top", "split_totals", "the_larger"]

_MEDIA = ("audio_tokens", "image_tokens", "video_tokens", "cached_tokens_details")


def split_totals(
    into: int, out: int, *, read: int = 0, written: int = 0, minutes: int = 0, hour: int = 0, reasoning: int = 0,
    details: dict[str, Any] | None = None, out_of: dict[str, Any] | None = None,
) -> Tokens:  # fmt: skip
    """The meters of `into` and `out` that INCLUDE all the rest. `written` includes `minutes` and `hour`, its known times to live.

    Of `details` and `out_of` the media are taken, under OpenAI's names. Raises BadCountError.
    """
    tokens: Tokens = {}
    given: dict[str, Any] = {"cached_tokens": read, "cache_write_tokens": written}
    if details:
        given.update((key, details[key]) for key in _MEDIA if details.get(key))
    if read or written or len(given) > 2:
        split_input(tokens, into, given)
    else:
        put(tokens, "input", into)
    if minutes or hour:
        left = tokens.pop("cache_write", 0)
        hour = min(hour, left)
        minutes = min(minutes, left - hour)
        put(tokens, "cache_write_1h", hour)
        put(tokens, "cache_write_5m", minutes)
        put(tokens, "cache_write", left - hour - minutes)
    if reasoning or out_of:
        split_output(tokens, out, out_of or {}, reasoning)
    else:
        put(tokens, "output", out)
    return tokens


def reasons_on_top(into: int, out: int, reasoning: int, total: object) -> bool:
    """Whether a record's own `total` says that `reasoning` is not in `out`."""
    return reasoning > 0 and type(total) is int and total == into + out + reasoning


def the_larger(record: dict[str, Any], *keys: str) -> int:
    """The largest of the counts under `keys`, which are names of one thing (0 beside the real one, or the same twice)."""
    most = 0
    for key in keys:
        value = record.get(key)
        if value:
            most = max(most, count(value, key))
    return most
