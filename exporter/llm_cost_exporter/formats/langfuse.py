"""Langfuse's observations: its public API (v1, v2) in camel case, and the blob export in snake case.

    {"id": "obs-1", "traceId": "tr-1", "type": "GENERATION", "startTime": "2026-05-13T09:00:00.000Z", "model": "gpt-5-mini-2025-08-07",
     "usageDetails": {"input": 86, "input_cached_tokens": 1920, "output": 108, "output_reasoning_tokens": 192, "total": 2306},
     "costDetails": {"total": 0.0006695}, "calculatedTotalCost": 0.0006695, "level": "DEFAULT", "latency": 2.1}

- usageDetails.input EXCLUDES every detail beside it, `output` EXCLUDES reasoning: on ingestion Langfuse subtracts each detail it
  gets. Only where `total` is just input and output, and the details fit into them, they INCLUDE the details (details of one's own).
- The keys are free: those with `input` or `prompt` are input, those with `output` or `completion` are output; of them `cache` with `creation`
  or `write` is a cache write (5m, 1h), other `cache` a read, and reasoning, audio, image and video are what they say. Others are no tokens.
- Generations and embeddings are calls. Spans, agents, tools and events are none, also where they carry the sum of what is below them.
- A map written as JSON in a string is read too. A `total` by itself is of no kind: a call without usage.
- id: the observation's, unique in its project; not the vendor's. `level` ERROR is a failure. Times without a zone are UTC.

60,000 to 90,000 lines a second: a record has some thirty keys, and details by the name.

Source: langfuse fern/apis/server/definition/commons.yml, packages/shared/src/server/ingestion/types.ts, its docs on blob storage export.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any

from llm_cost_exporter.decode import strict
from llm_cost_exporter.formats.counts import Tokens, count, detail
from llm_cost_exporter.formats.failures import of_words
from llm_cost_exporter.formats.fields import named_provider, usd, vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds, utc
from llm_cost_exporter.formats.totals import split_totals
from llm_cost_exporter.types import FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "langfuse"
KEYS = (
    frozenset(("usageDetails",)),
    frozenset(("usage_details",)),
    frozenset(("traceId", "type", "usage")),
    frozenset(("traceId", "type", "promptTokens")),
    frozenset(("trace_id", "type", "provided_model_name")),
    frozenset(("traceId", "type", "providedModelName")),
)

_CALLS = frozenset(("GENERATION", "EMBEDDING"))
_MODELS = ("model", "providedModelName", "provided_model_name", "internalModelId")
_COSTS = ("calculatedTotalCost", "totalCost", "total_cost")
_UNITS = (None, "", "TOKENS")  # not of tokens: characters, seconds, images
_WHOLE = (
    "input",
    "input_tokens",
    "prompt_tokens",
    "prompttokens",
    "output",
    "output_tokens",
    "completion_tokens",
    "completiontokens",
)
_MOST_DETAILS = 200
_NO_CALL = Skip("an observation that is no generation")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:  # noqa: ARG001
    """See the module. None where the record is no observation."""
    details = record.get("usageDetails", record.get("usage_details"))
    if type(details) is str:
        details = _decoded(details)
    if not ("traceId" in record or "trace_id" in record or type(details) is dict):
        return None
    kind = record.get("type")
    if type(kind) is str and kind.upper() not in _CALLS:
        return _NO_CALL
    counted = details if type(details) is dict and details else _old_usage(record)
    if detail(record, "usage").get("unit") not in _UNITS:
        counted = {}
    model = next((name for key in _MODELS if (name := words(record.get(key))) is not None), None)
    if not counted and type(kind) is not str:
        return None
    call = Usage(model, named_provider(record), _tokens(counted))
    told = any(_role(key) and type(value) is not dict and value is not None for key, value in counted.items())
    call.id, call.id_is_vendors = vendor_id(record.get("id")), False
    call.logged_time = utc(record.get("startTime", record.get("start_time")))
    call.latency_ns = nanoseconds(record.get("latency"), 1e9)
    call.reported_usd = _cost(record)
    if record.get("level") == "ERROR":
        message = record.get("statusMessage", record.get("status_message"))
        call.failure = of_words(message) if type(message) is str and message else "other"
    call.without_usage = not told and call.failure is None
    return [call]


def _decoded(text: str) -> object:
    """The details of an export that writes maps as text."""
    try:
        return strict(text)
    except ValueError:
        return None


def _old_usage(record: dict[str, Any]) -> dict[str, Any]:
    """The counts of observations from before usageDetails."""
    usage = detail(record, "usage")
    if usage.get("input") is not None or usage.get("output") is not None:
        return {key: usage.get(key) for key in ("input", "output", "total")}
    into, out = record.get("promptTokens"), record.get("completionTokens")
    return {} if into is None and out is None else {"input": into, "output": out}


def _cost(record: dict[str, Any]) -> int | None:
    for key in _COSTS:
        cost = usd(record.get(key))
        if cost is not None:
            return cost
    return usd(detail(record, "costDetails", "cost_details").get("total"))


@lru_cache(maxsize=1024)
def _role(key: str) -> str | None:
    """What a key of usageDetails counts; None where it counts no tokens, or all of them."""
    name = key.lower()
    is_out = "output" in name or "completion" in name
    if name.startswith("total") or not (
        is_out or any(word in name for word in ("input", "prompt", "cache", "reasoning"))
    ):
        return None
    if "cache" in name:
        if not ("creation" in name or "write" in name):
            return "read"
        return "hour" if "1h" in name else "minutes" if "5m" in name else "written"
    if any(word in name for word in ("reasoning", "thinking", "thought")):
        return "reasoning"
    if name in _WHOLE:
        return "out" if is_out else "in"
    medium = next((medium for medium in ("audio", "image", "video") if medium in name), "other")
    return f"{'out' if is_out else 'in'}.{medium}_tokens"


def _tokens(counted: dict[str, Any]) -> Tokens:
    found: dict[str, int] = {}
    for key, value in islice(counted.items(), _MOST_DETAILS):
        role = _role(key) if value else None
        if role is None:
            continue
        amount = count(value, key)
        before = found.get(role, 0)  # details add up, but the same thing under two names is one
        found[role] = before + amount if "." in role or role in ("hour", "minutes") else max(before, amount)
    get = found.get
    into, out, reasoning = get("in", 0), get("out", 0), get("reasoning", 0)
    minutes, hour, written = get("minutes", 0), get("hour", 0), get("written", 0)
    written = written if written == minutes + hour else written + minutes + hour
    extra_in, extra_out = get("read", 0) + written, reasoning
    media: dict[str, int] = {}
    out_media: dict[str, int] = {}
    for role, amount in found.items():
        if role.startswith("in."):
            media[role[3:]] = amount
            extra_in += amount
        elif role.startswith("out."):
            out_media[role[4:]] = amount
            extra_out += amount
    told = counted.get("total")
    total = count(told, "total") if told is not None else None
    if not (
        total == into + out and extra_in <= into and extra_out <= out
    ):  # else the total says that they are in the two
        into, out = into + extra_in, out + extra_out
    return split_totals(
        into, out, read=get("read", 0), written=written, minutes=minutes, hour=hour, reasoning=reasoning,
        details=media, out_of=out_media,
    )  # fmt: skip
