"""Splitting totals that a format has already found: what gateways, SDKs and telemetry say in names of their own.

The formats of vendors split the vendor's own object (see counts.py). The others put their numbers under OpenAI's names first
and have them split by the same rules here.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, put, split_input, split_output, split_written

__all__ = ["by_total", "is_gemini", "split_totals", "the_larger"]

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
        split_written(tokens, minutes, hour)
    if reasoning or out_of:
        split_output(tokens, out, out_of or {}, reasoning)
    else:
        put(tokens, "output", out)
    return tokens


def by_total(into: int, out: int, reasoning: int, total: object, model: object) -> tuple[int, int]:
    """(output, reasoning) where the output is to INCLUDE reasoning, as far as a record's own `total` tells.

    It may say that `reasoning` is not in `out`. For Gemini it may be all that tells of thoughts: what answers in OpenAI's form often counts
    them there only.
    """
    if type(total) is int and total > into + out:
        if total == into + out + reasoning:
            return out + reasoning, reasoning
        if not reasoning and into and is_gemini(model):
            reasoning = total - into - out
            return out + reasoning, reasoning
    return out, reasoning


def is_gemini(model: object) -> bool:
    """Whether `model` is a Gemini, by its name behind any path (`google/`, `models/`, `vertex_ai/`)."""
    return type(model) is str and model.rpartition("/")[2].lower().startswith("gemini")


def the_larger(record: dict[str, Any], *keys: str) -> int:
    """The largest of the counts under `keys`, which are names of one thing (0 beside the real one, or the same twice)."""
    most = 0
    for key in keys:
        value = record.get(key)
        if value:
            most = max(most, count(value, key))
    return most
