"""Amazon Bedrock's model invocation log, in CloudWatch or S3.

    {"schemaType": "ModelInvocationLog", "timestamp": "2026-10-06T14:14:00Z", "requestId": "…", "operation": "Converse",
     "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "errorCode": null, "identity": {"arn": "…"},
     "input": {"inputTokenCount": 12400, "cacheReadInputTokenCount": 40000, "cacheWriteInputTokenCount": 0},
     "output": {"outputTokenCount": 850, "outputBodyJson": {…}}}

- `inputTokenCount` EXCLUDES cached tokens, as Converse's does, unless the body beside it says that it has them. `outputTokenCount`
  INCLUDES reasoning.
- `outputBodyJson` (where bodies are logged; an object, or a stream's list of events) repeats the usage: it is read for what the
  record itself leaves out (cached tokens, time to live, latency, thinking), and for all of it where the record has no counts.
- The model is modelId as it is: an id, a profile such as us.…, or an ARN.
- A record with an errorCode is a failure. One without any count (an image model) is a call without usage.
- Id: requestId, also that of the answer in the application's own log.

Source: docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.anthropic_messages import anthropic_tokens
from llm_cost_exporter.formats.bedrock_converse import converse_tokens, latency_of, put_written, tier_of
from llm_cost_exporter.formats.counts import Tokens, count, detail, put
from llm_cost_exporter.formats.failures import of_words
from llm_cost_exporter.formats.fields import vendor_id, words
from llm_cost_exporter.types import Failure, FileState, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "bedrock_log"
KEYS = (frozenset(("schemaType", "modelId")), frozenset(("operation", "modelId", "requestId")))

_OPERATIONS = frozenset(("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"))
_INPUT, _OUTPUT = "inputTokenCount", "outputTokenCount"
_READ, _WRITTEN = "cacheReadInputTokenCount", "cacheWriteInputTokenCount"
_MOST_EVENTS = 4096
_FAILURES: dict[str, Failure] = {"ModelNotReadyException": "rate_limited", "ModelErrorException": "server_error"}


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is none of this log."""
    operation = record.get("operation")
    known = type(operation) is str and operation in _OPERATIONS
    if record.get("schemaType") != "ModelInvocationLog" and not (known and ("input" in record or "output" in record)):
        return None
    into, out = detail(record, "input"), detail(record, "output")
    body = out.get("outputBodyJson")
    call = Usage(words(record["modelId"]), "aws", _tokens(into, out, _usage_of(body)))
    call.without_usage = not call.tokens and into.get(_INPUT) is None and out.get(_OUTPUT) is None
    if type(body) is dict:
        call.latency_ns = latency_of(body)
        call.context = tier_of(body)
    call.id = vendor_id(record.get("requestId"))
    code = record.get("errorCode")
    if type(code) is str and code:
        call.failure = _FAILURES.get(code) or of_words(code)
        call.without_usage = False
    return [call]


def _tokens(into: dict[str, Any], out: dict[str, Any], told: Tokens) -> Tokens:
    """What the record counts, and of `told` (what its body counts) what it leaves out."""
    tokens: Tokens = {}
    fresh = count(into.get(_INPUT), _INPUT)
    from_cache, to_cache = count(into.get(_READ), _READ), count(into.get(_WRITTEN), _WRITTEN)
    written = sum(amount for meter, amount in told.items() if meter.startswith("cache_write"))
    if into.get(_READ) is None and into.get(_WRITTEN) is None:
        from_cache, to_cache = told.get("cache_read", 0), written
        if from_cache + to_cache and fresh == told.get("input", 0) + from_cache + to_cache:
            fresh = told.get("input", 0)
    put(tokens, "input", told.get("input", 0) if into.get(_INPUT) is None else fresh)
    put(tokens, "cache_read", from_cache)
    put_written(tokens, to_cache, told)
    reasoning = told.get("reasoning", 0)
    output = told.get("output", 0) + reasoning if out.get(_OUTPUT) is None else count(out.get(_OUTPUT), _OUTPUT)
    reasoning = min(reasoning, output)
    put(tokens, "reasoning", reasoning)
    put(tokens, "output", output - reasoning)
    return tokens


def _usage_of(body: object) -> Tokens:
    """The meters of the usage in a model's answer, or in the events of its stream; none where it has none of a known form."""
    if type(body) is list:
        told: Tokens = {}
        for event in body[:_MOST_EVENTS]:
            if type(event) is dict:
                for part in (event, detail(event, "metadata"), detail(event, "message")):
                    for meter, amount in _usage_in(part).items():  # later events repeat and complete earlier ones
                        told[meter] = max(amount, told.get(meter, 0))
        return told
    return _usage_in(body) if type(body) is dict else {}


def _usage_in(body: dict[str, Any]) -> Tokens:
    usage = detail(body, "usage")
    if "inputTokens" in usage or "outputTokens" in usage:
        return converse_tokens(usage)
    if "input_tokens" in usage or "output_tokens" in usage:
        return anthropic_tokens(usage)
    return {}
