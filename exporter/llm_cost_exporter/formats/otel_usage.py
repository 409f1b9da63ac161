"""The token counts in the attributes of a span: the names of OpenTelemetry's conventions, of OpenLLMetry and OpenInference, and of others.

Vercel's AI SDK writes its own usage as `ai.usage.*`, beside two counts under the conventions' names: it is read as vercel_ai_sdk reads it.
LangSmith has the details as JSON in a text.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.decode import NotJsonError, decode
from llm_cost_exporter.formats.counts import Tokens, count
from llm_cost_exporter.formats.totals import by_total, split_totals
from llm_cost_exporter.formats.vercel_ai_sdk import sdk_tokens

__all__ = ["INPUT", "OUTPUT", "has_counts", "tokens_of"]

_SDK = "ai.usage."
_SDK_EMBEDS = "ai.usage.tokens"
INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
    "ai.usage.inputTokens", "ai.usage.promptTokens", _SDK_EMBEDS,
)  # fmt: skip
OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "llm.usage.completion_tokens",
    "ai.usage.outputTokens", "ai.usage.completionTokens",
)  # fmt: skip
_READ = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.cached_tokens", "llm.token_count.prompt_details.cache_read", "gen_ai.usage.prompt_tokens_details.cache_read",
)  # fmt: skip
_WRITTEN = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.details.cache_write_tokens", "llm.token_count.prompt_details.cache_write", "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.prompt_tokens_details.cache_write",
)  # fmt: skip
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning", "gen_ai.usage.completion_tokens_details.reasoning",
)  # fmt: skip
_TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
_MEDIA_IN = (
    (
        "audio_tokens",
        (
            "gen_ai.usage.audio.input_tokens",
            "llm.token_count.prompt_details.audio",
            "gen_ai.usage.details.input_audio_tokens",
        ),
    ),
    ("image_tokens", ("gen_ai.usage.image.input_tokens", "llm.token_count.prompt_details.image")),
    ("video_tokens", ("gen_ai.usage.video.input_tokens",)),
)
_MEDIA_CACHED = (
    ("audio_tokens", ("gen_ai.usage.audio.cache_read.input_tokens", "gen_ai.usage.details.cache_audio_read_tokens")),
    ("image_tokens", ("gen_ai.usage.image.cache_read.input_tokens",)),
)
_MEDIA_OUT = (
    (
        "audio_tokens",
        (
            "gen_ai.usage.audio.output_tokens",
            "llm.token_count.completion_details.audio",
            "gen_ai.usage.details.output_audio_tokens",
        ),
    ),
    ("image_tokens", ("gen_ai.usage.image.output_tokens", "llm.token_count.completion_details.image")),
)


# Where the count under a name goes; of several names of one thing the larger one is it.
_SLOTS: dict[str, str] = {
    **{key: slot for slot, keys in (
        ("in", INPUT), ("out", OUTPUT), ("read", _READ), ("written", _WRITTEN), ("reasoning", _REASONING), ("total", _TOTAL),
    ) for key in keys},
    **{key: f"in.{name}" for name, keys in _MEDIA_IN for key in keys},
    **{key: f"cached.{name}" for name, keys in _MEDIA_CACHED for key in keys},
    **{key: f"out.{name}" for name, keys in _MEDIA_OUT for key in keys},
}  # fmt: skip
_BOTH = (*INPUT, *OUTPUT)
# LangSmith's, as JSON: the slot of each of their keys.
_DETAILS = {
    "gen_ai.usage.input_token_details": {"cache_read": "read", "cache_creation": "written", "audio": "in.audio_tokens"},
    "gen_ai.usage.output_token_details": {"reasoning": "reasoning", "audio": "out.audio_tokens"},
}
_MOST_DETAILS = 4096


def has_counts(attrs: dict[str, Any]) -> bool:
    """Whether `attrs` have a count of input or output tokens."""
    return any(key in attrs and attrs[key] is not None for key in _BOTH)


def tokens_of(attrs: dict[str, Any], provider: str | None, model: str | None) -> Tokens:
    """The meters of a span. Input INCLUDES what was cached and written, unless the numbers say that it can't. Raises BadCountError."""
    usage = _sdk_usage(attrs)
    if usage:
        return sdk_tokens(usage, _object(attrs.get("ai.response.providerMetadata")), provider, model)
    found = _by_slot(attrs)
    into, out, total = found.get("in", 0), found.get("out", 0), found.get("total", 0)
    read, written, reasoning = found.get("read", 0), found.get("written", 0), found.get("reasoning", 0)
    cached = read + written
    if cached and (cached > into or total == into + out + cached):
        into += cached
    out, reasoning = by_total(into, out, reasoning, total, model)
    media = any("." in slot for slot in found)
    details = _media(found, "in.") if media else None
    if details:
        details["cached_tokens_details"] = _media(found, "cached.")
    out_of = _media(found, "out.") if media else None
    return split_totals(into, out, read=read, written=written, reasoning=reasoning, details=details, out_of=out_of)


def _by_slot(attrs: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, value in attrs.items():
        slot = _SLOTS.get(key)
        if slot is not None:
            if value:
                found[slot] = max(found.get(slot, 0), count(value, key))
        elif key in _DETAILS:
            details = _object(value)
            for name, of_name in _DETAILS[key].items():
                if details.get(name):
                    found[of_name] = max(found.get(of_name, 0), count(details[name], name))
    return found


def _sdk_usage(attrs: dict[str, Any]) -> dict[str, Any]:
    """The `usage` of Vercel's AI SDK whose counts are attributes: `ai.usage.inputTokenDetails.cacheReadTokens`, …"""
    usage: dict[str, Any] = {}
    for key, value in attrs.items():
        if key.startswith(_SDK) and key != _SDK_EMBEDS:
            outer, _, inner = key.removeprefix(_SDK).partition(".")
            if not inner:
                usage.setdefault(outer, value)
            elif type(usage.setdefault(outer, {})) is dict:
                usage[outer][inner] = value
    return usage


def _object(value: object) -> dict[str, Any]:
    """An attribute's object, which may be JSON in a text; an empty one where it is none."""
    found: Any = value
    if type(value) is str and len(value) <= _MOST_DETAILS:
        try:
            found = decode(value)
        except NotJsonError:
            return {}
    return found if type(found) is dict else {}


def _media(found: dict[str, int], prefix: str) -> dict[str, Any]:
    return {slot.removeprefix(prefix): amount for slot, amount in found.items() if slot.startswith(prefix)}
