"""Helicone's requests, as its API and its exports give them.

    {"request_id": "6f0c…", "request_created_at": "2026-03-01 10:00:00.1", "response_status": 200, "delay_ms": 2400, "provider": "ANTHROPIC",
     "response_model": "claude-sonnet-4-5-20250929", "prompt_tokens": 21, "prompt_cache_read_tokens": 1886, "prompt_cache_write_tokens": 188,
     "completion_tokens": 393, "reasoning_tokens": null, "total_tokens": 2488, "cost": 0.0074268, "properties": {"Team": "payments"}}

- `prompt_tokens` EXCLUDES cached, cache-written and audio tokens, which Helicone subtracts; only where total_tokens is just prompt
  and completion, and they fit, it INCLUDES them (older records). `completion_tokens` INCLUDES reasoning, unless the total
  says that it came on top; audio is taken the same way.
- A cache_reference_id other than the zero UUID: the answer came from Helicone's cache.
- id: request_id, Helicone's own. Properties are labels, by their names in lower case. Times are UTC.

70,000 to 90,000 lines a second: a record has more than forty keys, and properties that are labels.

Source: Helicone's HeliconeRequest schema, and the code of its pull request 5652.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail
from llm_cost_exporter.formats.failures import of_error, of_status
from llm_cost_exporter.formats.fields import usd, vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds, utc
from llm_cost_exporter.formats.totals import split_totals, the_larger
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "helicone"
KEYS = (
    frozenset(("request_created_at", "delay_ms")),
    frozenset(("request_created_at", "helicone_user")),
    frozenset(("request_created_at", "prompt_tokens")),
    frozenset(("helicone_user", "prompt_tokens")),
    frozenset(("request_created_at", "response_status")),
)

_MODELS = ("response_model", "model", "model_override", "request_model")
_NONE = frozenset(("00000000-0000-0000-0000-000000000000", ""))
_MOST_PROPERTIES = 64
_STATUSES: dict[int, Failure] = {
    -1: "timeout",
    -3: "other",
    -4: "other",
}  # Helicone's own: timed out, cancelled, threat
_GROK = frozenset(("x", "grok"))


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module."""
    if "request_id" not in record and "prompt_tokens" not in record and "completion_tokens" not in record:
        return None
    model = next((name for key in _MODELS if (name := words(record.get(key))) is not None), None)
    provider = words(record.get("provider"))
    if provider is not None:
        provider = "xai" if provider.lower() in _GROK else provider.lower()
    call = Usage(model, provider if provider != "custom" else None, _tokens(record))
    call.id, call.id_is_vendors = vendor_id(record.get("request_id")), False
    call.logged_time = utc(record.get("request_created_at"))
    call.latency_ns = nanoseconds(record.get("delay_ms"), 1e6)
    cost = usd(record.get("cost"))
    call.reported_usd = cost if cost is not None else usd(record.get("costUSD"))
    reference = record.get("cache_reference_id")
    call.gateway_cache_hit = type(reference) is str and reference not in _NONE
    status = record.get("response_status")
    if type(status) is int:
        call.failure = _STATUSES.get(status) if status < 100 else of_status(status)
    elif status is None:
        call.failure = of_error(detail(detail(record, "response_body"), "error"))
    call.without_usage = (
        not call.tokens
        and call.failure is None
        and record.get("prompt_tokens") is None
        and record.get("completion_tokens") is None
    )
    said = {
        key.lower(): value
        for name in ("request_properties", "properties")
        for key, value in list(detail(record, name).items())[:_MOST_PROPERTIES]
    }
    call.said = said or None
    return [call]


def _tokens(record: dict[str, Any]) -> Tokens:
    into = count(record.get("prompt_tokens"), "prompt_tokens")
    out = count(record.get("completion_tokens"), "completion_tokens")
    read_ = the_larger(record, "prompt_cache_read_tokens")
    written = the_larger(record, "prompt_cache_write_tokens")
    audio, spoken = the_larger(record, "prompt_audio_tokens"), the_larger(record, "completion_audio_tokens")
    reasoning = the_larger(record, "reasoning_tokens")
    total = record.get("total_tokens")
    extra = read_ + written + audio
    apart = spoken + reasoning
    if (
        total != into + out or extra > into
    ):  # else the total is that of the two, and what there is beside them is in them
        plain = into + extra + out
        if apart and (total == plain + apart or apart > out):
            out += apart
        elif spoken and total == plain + spoken:
            out += spoken
        elif reasoning and total == plain + reasoning:
            out += reasoning
        into += extra
    return split_totals(
        into, out, read=read_, written=written, reasoning=reasoning,
        details={"audio_tokens": audio}, out_of={"audio_tokens": spoken},
    )  # fmt: skip
