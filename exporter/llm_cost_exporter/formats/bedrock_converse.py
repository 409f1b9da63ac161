"""Amazon Bedrock's Converse: response bodies, boto3's dictionaries, the metadata event of a stream.

    {"output": {"message": {…}}, "stopReason": "end_turn", "metrics": {"latencyMs": 1917},
     "usage": {"inputTokens": 3, "outputTokens": 288, "totalTokens": 2365, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 2074,
               "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 2074, "cacheDetails": [{"ttl": "5m", "inputTokens": 2074}]},
     "ResponseMetadata": {"RequestId": "…", "HTTPHeaders": {"date": "Sat, 21 Nov 2026 10:00:00 GMT"}}}

- `inputTokens` EXCLUDES cached tokens: with those read and written it is the whole prompt. `outputTokens` INCLUDES reasoning,
  which is not told apart. Keys in …TokenCount are the same once more.
- `cacheDetails` splits the written ones by time to live.
- There is no model in it: a `modelId` of a record around it is taken, else the model is unknown.
- Id and time: boto3's ResponseMetadata, where it was logged too.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html, API_runtime_Converse.html.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail, first_count, put
from llm_cost_exporter.formats.fields import Context, named_provider, tier, vendor_id, words
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "converse_tokens", "latency_of", "put_written", "read", "tier_of"]

NAME = "bedrock_converse"
KEYS = (
    frozenset(("output", "stopReason")), frozenset(("usage", "stopReason")), frozenset(("usage", "metrics")), frozenset(("usage", "ResponseMetadata")),
    frozenset(("usage", "modelId")), frozenset(("usage", "output")), frozenset(("usage", "model")),
)  # fmt: skip

_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
_OWN_KEYS = frozenset((*_READ, *_WRITTEN, "cacheDetails", "serverToolUsage"))
_VERCELS = frozenset(("cachedInputTokens", "inputTokenDetails", "reasoningTokens", "outputTokenDetails", "raw"))
_MODEL = re.compile(
    r"arn:aws[a-z-]*:bedrock:|(?:(?:us|eu|apac|jp|au|ca|us-gov|global)\.)?"
    r"(?:ai21|amazon|anthropic|cohere|deepseek|luma|meta|mistral|openai|qwen|stability|twelvelabs|writer)\.[a-z]"
)
_TTL = {"5m": "cache_write_5m", "1h": "cache_write_1h"}
_MOST_DETAILS = 16
_LONGEST_LATENCY_MS = 7 * 86_400_000


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no answer of Converse."""
    usage = record.get("usage")
    if usage is None and type(record.get("stopReason")) is str and "message" in detail(record, "output"):
        usage = {"inputTokens": None, "serverToolUsage": None}  # an answer that was logged without it
    if type(usage) is not dict or "costUSD" in usage or type(usage.get("inputTokens", 0)) is dict:
        return None
    if "inputTokens" not in usage and "outputTokens" not in usage:
        return None
    told = "stopReason" in record or "ResponseMetadata" in record or not _OWN_KEYS.isdisjoint(usage)
    if not (told or "latencyMs" in detail(record, "metrics") or _is_bedrocks(record, usage)):
        return None  # the Vercel AI SDK counts by the same two names
    answered = detail(record, "ResponseMetadata")
    call = Usage(
        words(record.get("modelId")) or words(record.get("model")),
        named_provider(record) or "aws",
        converse_tokens(usage),
    )
    call.id = vendor_id(answered.get("RequestId"))
    call.logged_time = _header_time(detail(answered, "HTTPHeaders").get("date"))
    call.latency_ns = latency_of(record)
    call.without_usage = usage.get("inputTokens") is None and usage.get("outputTokens") is None
    call.context = tier_of(record)
    return [call]


def converse_tokens(usage: dict[str, Any]) -> Tokens:
    """The meters of a TokenUsage. Raises BadCountError."""
    tokens: Tokens = {}
    put(tokens, "input", count(usage.get("inputTokens"), "inputTokens"))
    put(tokens, "cache_read", first_count(usage, _READ))
    by_ttl: Tokens = {}
    details = usage.get("cacheDetails")
    for entry in details[:_MOST_DETAILS] if type(details) is list else ():
        ttl = entry.get("ttl") if type(entry) is dict else None
        meter = _TTL.get(ttl) if type(ttl) is str else None
        if meter is not None:
            by_ttl[meter] = by_ttl.get(meter, 0) + count(entry.get("inputTokens"), "inputTokens")
    told = any(usage.get(key) is not None for key in _WRITTEN)
    put_written(tokens, first_count(usage, _WRITTEN) if told else sum(by_ttl.values()), by_ttl)
    put(tokens, "output", count(usage.get("outputTokens"), "outputTokens"))
    return tokens


def put_written(tokens: Tokens, total: int, by_ttl: Tokens) -> None:
    """`total` written tokens, as far as known by their time to live."""
    for meter in ("cache_write_1h", "cache_write_5m"):
        part = min(by_ttl.get(meter, 0), total)
        put(tokens, meter, part)
        total -= part
    put(tokens, "cache_write", total)


def latency_of(body: dict[str, Any]) -> int | None:
    """Nanoseconds that `metrics.latencyMs` tells."""
    value = detail(body, "metrics").get("latencyMs")
    if (type(value) is int or type(value) is float) and 0 <= value <= _LONGEST_LATENCY_MS:
        return round(value * 1e6)
    return None


def tier_of(body: dict[str, Any]) -> Context:
    """The price variant of a body's serviceTier."""
    served = body.get("serviceTier")
    return tier(served.get("type") if type(served) is dict else served)


def _is_bedrocks(record: dict[str, Any], usage: dict[str, Any]) -> bool:
    """Whether an application's own record is of Bedrock: its model is named as only Bedrock names them."""
    model = record.get("modelId", record.get("model"))
    return type(model) is str and _MODEL.match(model) is not None and _VERCELS.isdisjoint(usage)


def _header_time(date: object) -> float | None:
    """Epoch seconds of an HTTP date."""
    if type(date) is not str or len(date) > 64:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
