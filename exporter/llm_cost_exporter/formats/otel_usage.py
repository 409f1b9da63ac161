"""The token counts in the attributes of a span, under the names of OpenTelemetry's conventions, OpenLLMetry and OpenInference."""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, first_count
from llm_cost_exporter.formats.totals import reasons_on_top, split_totals, the_larger

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


def has_counts(attrs: dict[str, Any]) -> bool:
    """Whether `attrs` have a count of input or output tokens."""
    return any(attrs.get(key) is not None for key in (*INPUT, *OUTPUT))


def tokens_of(attrs: dict[str, Any]) -> Tokens:
    """The meters of a span. Input INCLUDES what was cached and written, unless the numbers say that it can't. Raises BadCountError."""
    into, out = first_count(attrs, INPUT), first_count(attrs, OUTPUT)
    read, written = the_larger(attrs, *_READ), the_larger(attrs, *_WRITTEN)
    total = first_count(attrs, _TOTAL)
    cached = read + written
    if cached and (cached > into or total == into + out + cached):
        into += cached
    reasoning = the_larger(attrs, *_REASONING)
    if reasons_on_top(into, out, reasoning, total):
        out += reasoning
    details: dict[str, Any] = {name: amount for name, keys in _MEDIA_IN if (amount := the_larger(attrs, *keys))}
    if details:
        details["cached_tokens_details"] = {name: attrs[key] for name, key in _MEDIA_CACHED if attrs.get(key)}
    out_of = {name: amount for name, keys in _MEDIA_OUT if (amount := the_larger(attrs, *keys))}
    return split_totals(into, out, read=read, written=written, reasoning=reasoning, details=details, out_of=out_of)
