"""What the two plain shapes share: an application's own record with its token counts on the top level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llm_cost_exporter.formats.counts import (
    Tokens,
    count,
    detail,
    first_count,
    put,
    split_input,
    split_output,
    split_written,
)
from llm_cost_exporter.formats.fields import named_provider, tier, words
from llm_cost_exporter.formats.totals import by_total
from llm_cost_exporter.types import MOST_TOKENS, FileState, Usage

__all__ = ["OPTIONAL_COUNTS", "Names", "quick", "read"]


@dataclass(frozen=True, slots=True)
class Names:
    """What the four counts and details of a shape are called."""

    input: str
    output: str
    input_details: str
    output_details: str


_READ = (
    "cached_tokens", "cached_prompt_tokens", "cached_input_tokens", "cache_read_tokens", "cache_read_input_tokens",
    "prompt_cache_hit_tokens", "num_cached_tokens",
)  # fmt: skip
_WRITTEN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens", "cache_write_input_tokens")
_REASONING = ("reasoning_tokens", "thinking_tokens")
_OTHERS = ("service_tier", "speed", "provider", "llm_provider", "custom_llm_provider", "api_provider",
           "model_provider")  # fmt: skip


OPTIONAL_COUNTS = frozenset(
    (*_READ, *_WRITTEN, *_REASONING, "input_token_details", "output_token_details", "cache_creation")
)
"""Keys that change how the two counts are read, besides the details of a shape's own name."""


def _optional(names: Names) -> frozenset[str]:
    return OPTIONAL_COUNTS | {names.input_details, names.output_details, *_OTHERS}


def quick(keys: frozenset[str], names: Names) -> Callable[[dict[str, Any], FileState], list[Usage] | None] | None:
    """A reader for records with `keys` if those are just both counts and nothing else of interest: the bulk of such logs."""
    if names.input not in keys or names.output not in keys or not keys.isdisjoint(_optional(names)):
        return None
    key_in, key_out, has_model, has_total = names.input, names.output, "model" in keys, "total_tokens" in keys

    def read_two(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
        into, out = record[key_in], record[key_out]
        model = record["model"] if has_model else None
        plain = type(into) is int and type(out) is int and 0 < into <= MOST_TOKENS and 0 < out <= MOST_TOKENS
        if plain and (not has_total or record["total_tokens"] == into + out):
            return [Usage(model if type(model) is str else words(model), None, {"input": into, "output": out})]
        return read(record, names, includes_cache=True)

    return read_two


def read(record: dict[str, Any], names: Names, *, includes_cache: bool) -> list[Usage] | None:
    """One call from a record that has at least one of the two counts. Raises BadCountError."""
    call = Usage(
        words(record.get("model")), named_provider(record), _tokens(record, names, includes_cache=includes_cache),
        context=tier(record.get("service_tier"), record.get("speed")),
    )  # fmt: skip
    call.without_usage = record.get(names.input) is None and record.get(names.output) is None
    return [call]


def _tokens(record: dict[str, Any], names: Names, *, includes_cache: bool) -> Tokens:
    into = count(record.get(names.input), names.input)
    out = count(record.get(names.output), names.output)
    details = detail(record, names.input_details, "input_token_details")
    read_ = first_count(record, _READ) or first_count(details, ("cached_tokens",))
    split = detail(record, "cache_creation")
    minutes = first_count(split, ("ephemeral_5m_input_tokens",))
    hour = first_count(split, ("ephemeral_1h_input_tokens",))
    written = first_count(record, _WRITTEN) or first_count(details, ("cache_write_tokens", "cache_creation_tokens"))
    written = max(written, minutes + hour)
    out_of = detail(record, names.output_details, "output_token_details")
    reasoning = first_count(record, _REASONING) or first_count(out_of, _REASONING)
    total = record.get("total_tokens")
    told = out
    out, reasoning = by_total(into, out, reasoning, total, record.get("model"))
    tokens: Tokens = {}
    if read_ or written or details:
        on_top = (
            not includes_cache
            or read_ + written > into
            or (out == told and total == into + out + read_ + written > into + out)
        )
        whole = into + read_ + written if on_top else into
        split_input(tokens, whole, {**details, "cached_tokens": read_, "cache_write_tokens": written})
        split_written(tokens, minutes, hour)
    else:
        put(tokens, "input", into)
    if reasoning or out_of:
        split_output(tokens, out, out_of, reasoning)
    else:
        put(tokens, "output", out)
    return tokens
