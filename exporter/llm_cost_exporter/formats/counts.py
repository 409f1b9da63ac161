"""Token counts: reading one, and splitting a vendor's totals into disjoint meters.

A vendor's total is what is billed and is always kept. Details are parts of it; where they contradict it (larger than the
total, or overlapping without saying so) they are cut, in the order given below, so that no meter is negative and the sum stays.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.types import MOST_TOKENS

__all__ = [
    "BadCountError",
    "Tokens",
    "count",
    "detail",
    "first_count",
    "put",
    "split_input",
    "split_output",
    "split_written",
]

Tokens = dict[str, int]
"""Disjoint counts by meter (types.METERS), each above 0."""

_LONGEST_DIGITS = 20
_MEDIA = (("audio", "audio_tokens"), ("image", "image_tokens"), ("video", "video_tokens"))
_OUT_MEDIA = (("audio_output", "audio_tokens"), ("image_output", "image_tokens"))


class BadCountError(ValueError):
    """A count that is none: negative, fractional, NaN, enormous, or of another type. `key` is its key, never its value."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def count(value: object, key: str) -> int:
    """`value` as a count of tokens: an int, an integral float or a string of ASCII digits; null is 0. Raises BadCountError."""
    if type(value) is int and 0 <= value <= MOST_TOKENS:
        return value
    if value is None:
        return 0
    digits = type(value) is str and len(value) <= _LONGEST_DIGITS and value.isascii() and value.isdigit()
    if digits or (type(value) is float and value.is_integer()):
        number = int(value)  # type: ignore[call-overload]
        if 0 <= number <= MOST_TOKENS:
            return int(number)
    raise BadCountError(key)


def first_count(record: dict[str, Any], keys: tuple[str, ...]) -> int:
    """The count under the first of `keys` that is there and not null; 0 without any. Raises BadCountError."""
    for key in keys:
        value = record.get(key)
        if value is not None:
            return count(value, key)
    return 0


def detail(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The first of `keys` that holds an object; an empty one without any."""
    for key in keys:
        value = record.get(key)
        if type(value) is dict:
            return value
    return {}


def split_input(tokens: Tokens, total: int, details: dict[str, Any]) -> None:
    """Split an input `total` that INCLUDES cached, written and audio, image and video tokens, into `tokens`.

    `details` is OpenAI's object: cached_tokens, cache_write_tokens, audio_tokens, image_tokens, video_tokens and
    cached_tokens_details (audio_tokens and image_tokens of the cached ones). Cached tokens are cut to the total first, then
    written ones, then audio, image and video. Audio that finds no room beside the cached tokens must be among them.
    """
    room = total
    cached = written = 0
    found = details.get("cached_tokens")
    if found:
        cached = min(count(found, "cached_tokens"), room)
        room -= cached
    found = details.get("cache_write_tokens") or details.get("cache_creation_tokens")
    if found:
        written = min(count(found, "cache_write_tokens"), room)
        room -= written
    for medium, key in _MEDIA:
        found = details.get(key)
        if not found:
            continue
        amount = count(found, key)
        from_cache = min(count(detail(details, "cached_tokens_details").get(key), key), amount, cached)
        fresh = amount - from_cache
        if fresh > room:  # said to be input, but there is no room for it: it was cached, as far as cached tokens go
            from_cache += min(fresh - room, cached - from_cache)
            fresh = room
        cached -= from_cache
        room -= fresh
        put(tokens, f"cache_read_{medium}", from_cache)
        put(tokens, f"{medium}_input", fresh)
    if cached:
        tokens["cache_read"] = cached
    if written:
        tokens["cache_write"] = written
    if room:
        tokens["input"] = room


def split_written(tokens: Tokens, minutes: int, hour: int) -> None:
    """Give of the `cache_write` in `tokens` those their time to live that it is known of: five minutes, an hour."""
    left = tokens.pop("cache_write", 0)
    hour = min(hour, left)
    minutes = min(minutes, left - hour)
    put(tokens, "cache_write_1h", hour)
    put(tokens, "cache_write_5m", minutes)
    put(tokens, "cache_write", left - hour - minutes)


def split_output(tokens: Tokens, total: int, details: dict[str, Any], reasoning: int) -> None:
    """Split an output `total` that INCLUDES reasoning, audio and image tokens, into `tokens` (cut in that order)."""
    room = total
    if reasoning:
        reasoning = min(reasoning, room)
        room -= reasoning
        put(tokens, "reasoning", reasoning)
    for meter, key in _OUT_MEDIA:
        found = details.get(key)
        if found:
            amount = min(count(found, key), room)
            room -= amount
            put(tokens, meter, amount)
    if room:
        tokens["output"] = room


def put(tokens: Tokens, meter: str, amount: int) -> None:
    """Meters of no tokens are left out."""
    if amount:
        tokens[meter] = amount
