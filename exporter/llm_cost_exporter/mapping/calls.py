"""From a mapped record to a call.

Nothing is guessed of a mapped record: what the mapping does not name is not read, but for the configured labels and,
without `time`, the usual keys of a time. Counts, costs, statuses and ids are read as in the formats.

Whether `input` includes what was cached, and `output` the reasoning, the mapping says. Where it does not, they are included
(as in most vendors' and gateways' records), but for a record in which that can't be: more cached tokens than input.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from llm_cost_exporter.formats.counts import Tokens, count, put, split_input, split_output
from llm_cost_exporter.formats.failures import failure_in, of_error
from llm_cost_exporter.formats.fields import looks_like_vendors, tier, usd, vendor_id, words
from llm_cost_exporter.mapping.paths import Path
from llm_cost_exporter.mapping.settings import COUNTS, Mapping
from llm_cost_exporter.types import Failure, Usage

__all__ = ["CallReader"]

_LONGEST_LATENCY_NS: Final = 7 * 86_400 * 10**9
_LONGEST_NUMBER: Final = 40
_WHOLE: Final = re.compile(
    r"\s*(\d{1,20})(?:\.0*)?\s*", re.ASCII
)  # tables write 812 as 812.0 where a cell may be empty
_MEDIA_IN: Final = (("audio_input", "audio_tokens"), ("image_input", "image_tokens"), ("video_input", "video_tokens"))
_MEDIA_OUT: Final = (("audio_output", "audio_tokens"), ("image_output", "image_tokens"))


class CallReader:
    """Reads the calls of one mapping."""

    __slots__ = (
        "_cost",
        "_counts",
        "_includes_cache",
        "_includes_reasoning",
        "_latency",
        "_mapping",
        "_simple",
        "_unit",
    )

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._counts = mapping.counts
        self._simple = all(key in ("input", "output") for key in mapping.counts)
        self._includes_cache = mapping.input_includes_cache
        self._includes_reasoning = mapping.output_includes_reasoning
        self._cost = mapping.paths.get("cost")
        self._latency = mapping.paths.get("latency_ms") or mapping.paths.get("latency_s")
        self._unit = 1e6 if "latency_ms" in mapping.paths else 1e9

    def read(self, record: dict[str, Any]) -> Usage | None:
        """The call of `record`; None where the mapping does not count it. Raises BadCountError with the mapping's key.

        Without `where` a record counts that has a count or a cost.
        """
        mapping = self._mapping
        if mapping.where is not None and not mapping.where(record):
            return None
        said = {key: value for key, each in self._counts.items() if (value := each.get(record)) is not None}
        reported = usd(_number(self._cost.get(record))) if self._cost is not None else None
        if mapping.where is None and not said and reported is None:
            return None
        call = Usage(self._name("model", record), self._name("provider", record), self._tokens(said))
        call.reported_usd = reported
        paths = mapping.paths
        if paths:
            self._more(call, record, paths)
        call.without_usage = not said and call.failure is None
        return call

    def _name(self, key: str, record: dict[str, Any]) -> str | None:
        fixed = self._mapping.fixed.get(key)
        if fixed is not None:
            return fixed
        each = self._mapping.paths.get(key)
        return words(each.get(record)) if each is not None else None

    def _more(self, call: Usage, record: dict[str, Any], paths: dict[str, Path]) -> None:
        if "time" in paths:
            call.logged_time = paths["time"].get(record)
        if "id" in paths:
            value = paths["id"].get(record)
            call.id = vendor_id(str(value) if type(value) is int else value)
            if call.id is not None:
                call.id_is_vendors = looks_like_vendors(call.id)
                call.request_id = call.id
        if "status" in paths:
            call.failure = _failure(paths["status"].get(record))
        if "service_tier" in paths:
            call.context = tier(paths["service_tier"].get(record))
        if self._latency is not None:
            call.latency_ns = _nanoseconds(self._latency.get(record), self._unit)

    def _tokens(self, said: dict[str, object]) -> Tokens:
        found = {key: _count(said[key], key) for key in COUNTS if key in said}
        tokens: Tokens = {}
        if self._simple:
            put(tokens, "input", found.get("input", 0))
            put(tokens, "output", found.get("output", 0))
            return tokens
        self._split_input(tokens, found)
        self._split_output(tokens, found)
        return tokens

    def _split_input(self, tokens: Tokens, found: Tokens) -> None:
        total, read = found.get("input"), found.get("cache_read", 0)
        minutes, hour = found.get("cache_write_5m", 0), found.get("cache_write_1h", 0)
        written = max(found.get("cache_write", 0), minutes + hour)
        media = {key: found[meter] for meter, key in _MEDIA_IN if meter in found}
        if total is None:
            total = read + written + sum(media.values())
        elif self._includes_cache is False or (self._includes_cache is None and read + written > total):
            total += read + written
        split_input(tokens, total, {**media, "cached_tokens": read, "cache_write_tokens": written})
        left = tokens.pop("cache_write", 0)
        for meter, amount in (("cache_write_5m", minutes), ("cache_write_1h", hour)):
            part = min(amount, left)
            put(tokens, meter, part)
            left -= part
        put(tokens, "cache_write", left)

    def _split_output(self, tokens: Tokens, found: Tokens) -> None:
        total, reasoning = found.get("output"), found.get("reasoning", 0)
        media = {key: found[meter] for meter, key in _MEDIA_OUT if meter in found}
        if total is None:
            total = reasoning + sum(media.values())
        elif self._includes_reasoning is False or (self._includes_reasoning is None and reasoning > total):
            total += reasoning
        split_output(tokens, total, media, reasoning)


def _count(value: object, key: str) -> int:
    if type(value) is str:
        whole = _WHOLE.fullmatch(value) if len(value) <= _LONGEST_NUMBER else None
        return count(whole[1] if whole is not None else value, key)
    return count(value, key)


def _number(value: object) -> object:
    """A number that is text may have spaces around it."""
    return value.strip() if type(value) is str and len(value) <= _LONGEST_NUMBER else value


def _nanoseconds(value: object, unit: float) -> int | None:
    if type(value) is str and len(value) <= _LONGEST_NUMBER:
        try:
            value = float(value)
        except ValueError:
            return None
    if (type(value) is int or type(value) is float) and 0 <= value <= _LONGEST_LATENCY_NS:
        nanoseconds = value * unit
        if math.isfinite(nanoseconds) and nanoseconds <= _LONGEST_LATENCY_NS:
            return round(nanoseconds)
    return None


def _failure(value: object) -> Failure | None:
    """An HTTP status, a word such as `error`, false for a call that did not succeed, or an error's object."""
    if value is False:
        return "other"
    if type(value) is dict:
        return of_error(value)
    if type(value) is str:
        value = value.strip()
    elif type(value) is float and value.is_integer():
        value = int(value)
    return failure_in({"status": value})[1]
