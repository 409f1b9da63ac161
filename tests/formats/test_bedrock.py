"""Amazon Bedrock: the invocation log and Converse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import MTIME, call_of, outcome_of, total

USAGE = {
    "inputTokens": 3, "outputTokens": 288, "totalTokens": 2465, "cacheReadInputTokens": 100, "cacheReadInputTokenCount": 100,
    "cacheWriteInputTokens": 2074, "cacheWriteInputTokenCount": 2074, "cacheDetails": [{"inputTokens": 74, "ttl": "1h"}, {"inputTokens": 2000, "ttl": "5m"}],
}  # fmt: skip
BODY: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "stopReason": "end_turn",
    "metrics": {"latencyMs": 1917}, "usage": USAGE,
}  # fmt: skip
LOG: dict[str, Any] = {
    "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-03-01T10:00:00Z", "accountId": "1",
    "requestId": "abcd-1", "operation": "Converse", "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "input": {"inputTokenCount": 12400, "cacheReadInputTokenCount": 40000, "cacheWriteInputTokenCount": 7}, "output": {"outputTokenCount": 850},
}  # fmt: skip


def test_converse_excludes_what_was_cached() -> None:
    """Input, read and written tokens are disjoint; keys in …Count are the same once more; there is no model and no time."""
    call = call_of(BODY)
    assert call.tokens == {"input": 3, "cache_read": 100, "cache_write_5m": 2000, "cache_write_1h": 74, "output": 288}
    assert (call.model, call.provider, call.latency_ns, call.time) == (None, "aws", 1917 * 10**6, MTIME)


def test_boto3s_dictionary_has_id_and_time() -> None:
    """ResponseMetadata is in it too; a model id around it is the model's."""
    metadata = {"RequestId": "r-1", "HTTPStatusCode": 200, "HTTPHeaders": {"date": "Sun, 01 Mar 2026 10:00:00 GMT"}}
    call = call_of({"modelId": "amazon.nova-pro-v1:0", "response": {**BODY, "ResponseMetadata": metadata}})
    assert (call.id, call.time, call.model) == ("r-1", 1772359200, "amazon.nova-pro-v1:0")
    assert call_of({**BODY, "ResponseMetadata": {**metadata, "HTTPHeaders": {"date": "yesterday"}}}).time == MTIME


def test_the_streams_metadata() -> None:
    """The last event of ConverseStream carries the usage."""
    assert total(call_of({"metadata": {"usage": USAGE, "metrics": {"latencyMs": 5}}})) == 2465


@pytest.mark.parametrize(
    "aliases",
    [("cacheReadInputTokens", "cacheWriteInputTokens"), ("cacheReadInputTokenCount", "cacheWriteInputTokenCount")],
)
def test_either_spelling_alone(aliases: tuple[str, str]) -> None:
    """Older and newer answers have one of both names."""
    usage = {"inputTokens": 3, "outputTokens": 8, aliases[0]: 10, aliases[1]: 20}
    assert call_of({**BODY, "usage": usage}).tokens == {"input": 3, "cache_read": 10, "cache_write": 20, "output": 8}


def test_the_invocation_log() -> None:
    """The counts exclude cached tokens; model, id and time are the record's."""
    call = call_of(LOG)
    assert call.tokens == {"input": 12400, "cache_read": 40000, "cache_write": 7, "output": 850}
    assert (call.model, call.provider, call.id, call.time) == (LOG["modelId"], "aws", "abcd-1", 1772359200)
    assert call_of({**LOG, "requestId": "00000000-0000-0000-0000-000000000000"}).id is None


def test_the_body_in_the_log_is_read_once() -> None:
    """outputBodyJson repeats the usage, and tells what the record leaves out."""
    into, out = {"inputTokenCount": 3}, {"outputTokenCount": 288, "outputBodyJson": BODY}
    call = call_of({**LOG, "input": into, "output": out})
    assert call.tokens == {"input": 3, "cache_read": 100, "cache_write_5m": 2000, "cache_write_1h": 74, "output": 288}
    assert call.latency_ns == 1917 * 10**6
    inclusive = call_of({**LOG, "input": {"inputTokenCount": 2177}, "output": out})
    assert inclusive.tokens == call.tokens
    assert call_of({**LOG, "input": {}, "output": {"outputBodyJson": BODY}}).tokens == call.tokens


def test_the_events_of_a_stream_in_the_log() -> None:
    """A stream's body is a list: the usage of its events, which repeat each other, counts once."""
    start = {
        "type": "message_start",
        "message": {"usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}},
    }
    delta = {"type": "message_delta", "usage": {"output_tokens": 20}}
    call = call_of(
        {
            **LOG,
            "input": {"inputTokenCount": 10},
            "output": {"outputTokenCount": 20, "outputBodyJson": [start, delta, 5]},
        }
    )
    assert call.tokens == {"input": 10, "cache_read": 5, "output": 20}


@pytest.mark.parametrize(
    ("code", "failure"),
    [("ThrottlingException", "rate_limited"), ("ModelTimeoutException", "timeout"), ("ServiceUnavailableException", "server_error"),
     ("ValidationException", "client_error"), ("AccessDeniedException", "client_error"), ("ModelNotReadyException", "rate_limited")],
)  # fmt: skip
def test_a_call_that_failed(code: str, failure: str) -> None:
    """A record with an errorCode has no counts and is a failure."""
    call = call_of({**LOG, "errorCode": code, "input": {"inputContentType": "application/json"}, "output": {}})
    assert (call.failure, call.tokens, call.without_usage) == (failure, {}, False)


def test_a_model_without_tokens_is_a_call_without_usage() -> None:
    """Images have no counts: what they cost can't be told from the log."""
    assert call_of({**LOG, "input": {}, "output": {}}).without_usage


def test_an_answer_logged_without_its_usage() -> None:
    """It is a call all the same, whose spend can't be told."""
    for record in (
        {**BODY, "usage": None},
        {key: value for key, value in BODY.items() if key != "usage"},
        {**BODY, "usage": {"inputTokens": None}},
    ):
        call = call_of(record)
        assert (call.without_usage, call.provider, call.tokens) == (True, "aws", {})


def test_in_cloudwatch() -> None:
    """An event of CloudWatch has the record as JSON in its message."""
    call = call_of({"timestamp": 1_772_359_201_000, "ingestionTime": 1_772_359_202_000, "message": json.dumps(LOG)})
    assert (total(call), call.time) == (53257, 1772359200)


def test_others_who_count_by_the_same_names() -> None:
    """inputTokens and outputTokens alone are not Bedrock's."""
    bare = {"inputTokens": 5, "outputTokens": 3}
    found = outcome_of({"model": "gpt-5", "usage": bare})
    assert not (isinstance(found, list) and found[0].provider == "aws")
    for model in (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
    ):
        call = call_of({"model": model, "usage": bare})
        assert (call.provider, call.model, total(call)) == ("aws", model, 8)


COUNTS = st.integers(0, 50_000)


@given(into=COUNTS, read=COUNTS, written=COUNTS, out=COUNTS, minutes=COUNTS, hour=COUNTS)
def test_meters_are_disjoint_and_add_up_to_the_vendors_total(
    into: int, read: int, written: int, out: int, minutes: int, hour: int
) -> None:
    """Whatever the details say, the meters add up to totalTokens, in Converse and in the log with its body."""
    usage = {
        "inputTokens": into, "outputTokens": out, "cacheReadInputTokens": read, "cacheWriteInputTokens": written,
        "totalTokens": into + read + written + out, "cacheDetails": [{"ttl": "5m", "inputTokens": minutes}, {"ttl": "1h", "inputTokens": hour}],
    }  # fmt: skip
    body = {**BODY, "usage": usage}
    counts = {"inputTokenCount": into, "cacheReadInputTokenCount": read, "cacheWriteInputTokenCount": written}
    for record in (body, {**LOG, "input": counts, "output": {"outputTokenCount": out, "outputBodyJson": body}}):
        call = call_of(record)
        assert all(amount > 0 for amount in call.tokens.values())
        assert total(call) == usage["totalTokens"]
