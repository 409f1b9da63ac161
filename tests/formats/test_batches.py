"""Files of batches, embeddings and images."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import call_of, calls_of, outcome_of, total

BATCH = (("processing", "batch"),)
CHAT: dict[str, Any] = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1772359200, "model": "gpt-4o-mini", "service_tier": "default",
    "usage": {"prompt_tokens": 24, "completion_tokens": 15, "total_tokens": 39},
}  # fmt: skip
EMBEDDINGS: dict[str, Any] = {
    "object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}], "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 13, "total_tokens": 13},
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
    "usage": {"input_tokens": 20, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 9, "service_tier": None},
}  # fmt: skip


def batch_line(body: Any, status: int = 200, error: Any = None) -> dict[str, Any]:
    """A line of OpenAI's output file."""
    return {
        "id": "batch_req_1",
        "custom_id": "request-2",
        "response": {"status_code": status, "request_id": "req_1", "body": body},
        "error": error,
    }


def test_the_envelope_says_that_it_is_a_batch() -> None:
    """The body's service tier says default; time and id are the body's."""
    call = call_of(batch_line(CHAT))
    assert (call.tokens, call.context) == ({"input": 24, "output": 15}, BATCH)
    assert (call.id, call.time, call.model) == ("chatcmpl-1", 1772359200, "gpt-4o-mini")
    assert call_of(batch_line(json.dumps(CHAT))).tokens == call.tokens


def test_other_bodies_in_a_batch() -> None:
    """Embeddings (by the line's id) and Responses; Groq's keep their provider."""
    call = call_of(batch_line(EMBEDDINGS))
    assert (call.tokens, call.id, call.context) == ({"input": 13}, "batch_req_1", BATCH)
    responses = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": "gpt-5",
        "usage": {"input_tokens": 9, "output_tokens": 4},
    }
    assert (total(call_of(batch_line(responses))), call_of(batch_line(responses)).context) == (13, BATCH)
    groq = call_of(batch_line({**CHAT, "model": "openai/gpt-oss-120b", "x_groq": {"id": "req_1"}}))
    assert (groq.provider, groq.context) == ("groq", BATCH)


@pytest.mark.parametrize(
    ("line", "failure"),
    [(batch_line({"error": {"code": "x", "message": "secret"}}, 400), "client_error"), (batch_line({"error": {}}, 500), "server_error"),
     ({"id": "b", "custom_id": "r", "response": None, "error": {"code": "batch_expired", "message": "secret"}}, "other"),
     (batch_line({}, 429), "rate_limited")],
)  # fmt: skip
def test_a_request_of_a_batch_that_failed(line: dict[str, Any], failure: str) -> None:
    """A line of the error file is a call that failed."""
    call = call_of(line)
    assert (call.failure, call.tokens, call.without_usage) == (failure, {}, False)


def test_others_with_a_custom_id() -> None:
    """A request, or some other record with a custom_id, is no result."""
    for record in ({"custom_id": "r", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o"}},
                   {"custom_id": "r", "response": {"ok": 1}}, {"custom_id": "r", "error": None}):  # fmt: skip
        assert not isinstance(outcome_of(record), list)


def test_anthropics_results() -> None:
    """A message has a batch's price also where it doesn't say so."""
    call = call_of({"custom_id": "r", "result": {"type": "succeeded", "message": MESSAGE}})
    assert call.tokens == {"input": 20, "cache_read": 7, "cache_write": 5, "output": 9}
    assert (call.context, call.id, call.provider) == (BATCH, "msg_1", "anthropic")


@pytest.mark.parametrize(
    ("result", "failure"),
    [({"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error", "message": "x"}, "request_id": None}}, "server_error"),
     ({"type": "errored", "error": {"type": "invalid_request_error", "message": "x"}}, "client_error"),
     ({"type": "errored"}, "other"), ({"type": "expired"}, "timeout"), ({"type": "canceled"}, "other")],
)  # fmt: skip
def test_anthropics_failures(result: dict[str, Any], failure: str) -> None:
    """What did not succeed is a call that failed, and not billed."""
    call = call_of({"custom_id": "r", "result": result})
    assert (call.failure, call.tokens, call.provider) == (failure, {}, "anthropic")


GEMINI = {
    "candidates": [{"finishReason": "STOP"}], "modelVersion": "gemini-2.5-flash",
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "thoughtsTokenCount": 2, "totalTokenCount": 14},
}  # fmt: skip


@pytest.mark.parametrize(
    "around", [{"recordId": "r1", "modelInput": {}}, {"custom_id": "r1", "request": {}, "status": ""}]
)
def test_claudes_batches_on_bedrock_and_vertex(around: dict[str, Any]) -> None:
    """What is around the message tells that it was a batch."""
    message = {
        "id": "msg_bdrk_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "usage": {"input_tokens": 7, "output_tokens": 5},
    }
    key = "modelOutput" if "recordId" in around else "response"
    call = call_of({**around, key: message})
    assert (call.tokens, call.context, call.id, call.request_id) == (
        {"input": 7, "output": 5},
        BATCH,
        "msg_bdrk_01",
        "r1",
    )


def test_geminis_results() -> None:
    """Both kinds of batch have the price of one; other records with a key and a response have not."""
    of_vertex = {
        "status": "",
        "processed_time": "2026-03-01T10:00:00Z",
        "request": {"contents": []},
        "response": GEMINI,
    }
    for record in (
        {"key": "request-1", "response": GEMINI},
        of_vertex,
        {"key": "r", "response": {**GEMINI, "candidates": [{}]}},
    ):
        call = call_of(record)
        assert (total(call), call.context, call.provider) == (14, BATCH, "google")
    assert call_of(of_vertex).time == 1772359200
    assert call_of({"key": "cache-key", "response": CHAT}).context == ()


def test_embeddings() -> None:
    """All is input; an answer with a total only has it as input; one without usage is a call without."""
    assert call_of(EMBEDDINGS).tokens == {"input": 13}
    assert call_of({**EMBEDDINGS, "usage": {"total_tokens": 13}}).tokens == {"input": 13}
    assert call_of({**EMBEDDINGS, "usage": None}).without_usage
    assert call_of({"event": "embed", "timestamp": 1772359200, "response": EMBEDDINGS}).time == 1772359200


IMAGE_USAGE = {
    "input_tokens": 250, "input_tokens_details": {"text_tokens": 50, "image_tokens": 200}, "output_tokens": 4160, "total_tokens": 4410,
}  # fmt: skip


def test_images() -> None:
    """The output is images; the text that newer answers tell apart is text."""
    body = {"created": 1772359200, "data": [{"b64_json": "x"}], "usage": IMAGE_USAGE}
    call = call_of(body)
    assert call.tokens == {"input": 50, "image_input": 200, "image_output": 4160}
    assert (call.provider, call.model, call.time) == ("openai", None, 1772359200)
    assert call_of({"model": "gpt-image-1", "response": body}).model == "gpt-image-1"
    told = {**IMAGE_USAGE, "output_tokens_details": {"text_tokens": 60, "image_tokens": 4100}}
    assert call_of({**body, "usage": told}).tokens["output"] == 60
    event = {"type": "image_generation.completed", "b64_json": "x", "created_at": 1772359200, "usage": IMAGE_USAGE}
    assert call_of(event).tokens == call.tokens


COUNTS = st.integers(0, 9000)


@given(into=COUNTS, out=COUNTS, text=COUNTS, image=COUNTS, image_out=COUNTS)
def test_meters_are_disjoint_and_add_up(into: int, out: int, text: int, image: int, image_out: int) -> None:
    """Whatever the details say, the meters add up to the total, and none is negative."""
    usage = {
        "input_tokens": into, "input_tokens_details": {"text_tokens": text, "image_tokens": image}, "output_tokens": out,
        "output_tokens_details": {"text_tokens": text, "image_tokens": image_out}, "total_tokens": into + out,
    }  # fmt: skip
    (call,) = calls_of({"created": 1772359200, "data": [{"url": "x"}], "usage": usage})
    assert all(amount > 0 for amount in call.tokens.values())
    assert total(call) == into + out
    counts = {"prompt_tokens": into, "completion_tokens": out}
    assert total(call_of(batch_line({**CHAT, "usage": counts}))) == into + out
