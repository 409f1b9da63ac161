"""The token counts in the attributes of a span, under the names of OpenTelemetry's conventions, OpenLLMetry and OpenInference."""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count
from llm_cost_exporter.formats.totals import reasons_on_top, split_totals

__all__ = ["INPUT", "OUTPUT", "has_counts", "tokens_of"]

INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens")
OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "llm.usage.completion_tokens",
)  # fmt: skip
_READ = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.cached_tokens", "llm.token_count.prompt_details.cache_read",
)  # fmt: skip
_WRITTEN = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.details.cache_write_tokens", "llm.token_count.prompt_details.cache_write",
)  # fmt: skip
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)  # fmt: skip
_TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
_MEDIA_IN = (
    ("audio_tokens", ("gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio")),
    ("image_tokens", ("gen_ai.usage.image.input_tokens", "llm.token_count.prompt_details.image")),
    ("video_tokens", ("gen_ai.usage.video.input_tokens",)),
)
_MEDIA_CACHED = (
    ("audio_tokens", "gen_ai.usage.audio.cache_read.input_tokens"),
    ("image_tokens", "gen_ai.usage.image.cache_read.input_tokens"),
)
_MEDIA_OUT = (
    ("audio_tokens", ("gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio")),
    ("image_tokens", ("gen_ai.usage.image.output_tokens", "llm.token_count.completion_details.image")),
)


# Where the count under a name goes; of several names of one thing the larger one is it.
_SLOTS: dict[str, str] = {
    **{key: slot for slot, keys in (
        ("in", INPUT), ("out", OUTPUT), ("read", _READ), ("written", _WRITTEN), ("reasoning", _REASONING), ("total", _TOTAL),
    ) for key in keys},
    **{key: f"in.{name}" for name, keys in _MEDIA_IN for key in keys},
    **{key: f"cached.{name}" for name, key in _MEDIA_CACHED},
    **{key: f"out.{name}" for name, keys in _MEDIA_OUT for key in keys},
}  # fmt: skip
_BOTH = (*INPUT, *OUTPUT)


def has_counts(attrs: dict[str, Any]) -> bool:
    """Whether `attrs` have a count of input or output tokens."""
    return any(key in attrs and attrs[key] is not None for key in _BOTH)


def tokens_of(attrs: dict[str, Any]) -> Tokens:
    """The meters of a span. Input INCLUDES what was cached and written, unless the numbers say that it can't. Raises BadCountError."""
    found: dict[str, int] = {}
    media = False
    for key, value in attrs.items():
        slot = _SLOTS.get(key)
        if slot is not None and value:
            found[slot] = max(found.get(slot, 0), count(value, key))
            media = media or "." in slot
    into, out, total = found.get("in", 0), found.get("out", 0), found.get("total", 0)
    read, written, reasoning = found.get("read", 0), found.get("written", 0), found.get("reasoning", 0)
    cached = read + written
    if cached and (cached > into or total == into + out + cached):
        into += cached
    if reasoning and reasons_on_top(into, out, reasoning, total):
        out += reasoning
    details = _media(found, "in.") if media else None
    if details:
        details["cached_tokens_details"] = _media(found, "cached.")
    out_of = _media(found, "out.") if media else None
    return split_totals(into, out, read=read, written=written, reasoning=reasoning, details=details, out_of=out_of)


def _media(found: dict[str, int], prefix: str) -> dict[str, Any]:
    return {slot.removeprefix(prefix): amount for slot, amount in found.items() if slot.startswith(prefix)}
