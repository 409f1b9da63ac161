"""Azure: the RequestResponse log, and API Management's log of language models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Part, Skip
from tests.reading import call_of, outcome_of, outcomes_of, total

CHAT = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06", "choices": [],
        "usage": {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 64}}}  # fmt: skip
ROW: dict[str, Any] = {
    "Type": "ApiManagementGatewayLlmLog", "TimeGenerated": "2026-03-01T10:00:00Z", "CorrelationId": "c0ffee", "RequestId": "chatcmpl-9",
    "ModelName": "gpt-4o-2024-08-06", "DeploymentName": "prod", "PromptTokens": 120, "CompletionTokens": 30, "TotalTokens": 150, "SequenceNumber": 0,
}  # fmt: skip


def diagnostic(body: Any, **more: Any) -> dict[str, Any]:
    """A record of the category RequestResponse."""
    properties = {
        "requestBody": "{}",
        "responseBody": body,
        "modelDeploymentName": "gpt-4o-deploy",
        "modelName": "gpt-4o",
    }
    return {
        "time": "2026-03-01T10:00:00Z", "category": "RequestResponse", "operationName": "ChatCompletions_Create", "resultType": "Success",
        "resultSignature": "200", "durationMs": 420, "correlationId": "corr-1", "properties": properties, **more,
    }  # fmt: skip


def test_the_body_is_json_in_a_string() -> None:
    """Tokens, cached ones too, come out of the responseBody; model, time and latency are the record's."""
    call = call_of(diagnostic(json.dumps(CHAT)))
    assert call.tokens == {"input": 36, "cache_read": 64, "output": 5}
    assert (call.model, call.provider, call.id, call.request_id) == ("gpt-4o", "azure", "chatcmpl-1", "corr-1")
    assert (call.time, call.latency_ns, call.failure) == (1772359200, 420 * 10**6, None)


def test_a_body_without_id_goes_by_the_correlation() -> None:
    """A short body is enough."""
    call = call_of(diagnostic('{"usage":{"prompt_tokens":10,"completion_tokens":5}}'))
    assert (total(call), call.id, call.id_is_vendors) == (15, "corr-1", False)


def test_other_bodies() -> None:
    """Responses, embeddings, a stream's text, and properties that are JSON in a string themselves."""
    responses = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "usage": {"input_tokens": 9, "output_tokens": 4},
    }
    embeddings = {"object": "list", "data": [{"object": "embedding"}], "usage": {"prompt_tokens": 7, "total_tokens": 7}}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": []}
    stream = f"data: {json.dumps(chunk)}\n\ndata: {json.dumps({**chunk, 'usage': CHAT['usage']})}\n\ndata: [DONE]\n"
    found = [total(call_of(diagnostic(json.dumps(body)))) for body in (responses, embeddings)]
    assert found == [13, 7]
    assert total(call_of(diagnostic(stream))) == 105
    record = diagnostic(json.dumps(CHAT))
    assert total(call_of({**record, "properties": json.dumps(record["properties"])})) == 105


@pytest.mark.parametrize("body", [None, "", "{cut", '{"choices": []}'])
def test_a_call_without_a_body(body: str | None) -> None:
    """Where bodies are not logged, or cut, the spend can't be told."""
    call = call_of(diagnostic(body))
    assert (call.without_usage, call.model, call.tokens) == (True, "gpt-4o", {})


@pytest.mark.parametrize(
    ("status", "failure"), [("429", "rate_limited"), ("500", "server_error"), (400, "client_error")]
)
def test_a_call_that_failed(status: Any, failure: str) -> None:
    """resultSignature is the HTTP status."""
    error = json.dumps({"error": {"code": "429", "message": "secret"}})
    call = call_of(diagnostic(error, resultSignature=status, resultType="Failure"))
    assert (call.failure, call.tokens, call.without_usage) == (failure, {}, False)


def test_other_operations_are_no_calls() -> None:
    """Lists of models and files, and other categories, cost nothing."""
    assert isinstance(outcome_of(diagnostic(None, operationName="Models_List")), Skip)
    assert isinstance(outcome_of(diagnostic(None, category="Audit")), Skip)


def test_a_row_of_api_management() -> None:
    """Tokens, model and time of the table's row."""
    call = call_of(ROW)
    assert call.tokens == {"input": 120, "output": 30}
    assert (call.model, call.provider, call.id, call.time) == ("gpt-4o-2024-08-06", "azure", "c0ffee", 1772359200)
    assert call_of({**ROW, "ModelName": None}).model == "prod"


def test_further_rows_of_one_call() -> None:
    """Rows with a SequenceNumber above 0 repeat the counts, or have none."""
    again, empty = (
        {**ROW, "SequenceNumber": 1},
        {**ROW, "SequenceNumber": 2, "PromptTokens": None, "CompletionTokens": None},
    )
    first, second, third = outcomes_of(ROW, again, empty)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert second[0].continues
    assert second[0].id == first[0].id
    assert isinstance(third, Part)


def test_rows_of_the_diagnostic_setting() -> None:
    """The same log as it goes to a storage account, with its columns in properties."""
    properties = {
        "modelName": "gpt-4o",
        "deploymentName": "prod",
        "promptTokens": 12,
        "completionTokens": 3,
        "correlationId": "c-2",
    }
    call = call_of({"time": "2026-03-01T10:00:00Z", "category": "GatewayLlmLogs", "properties": properties})
    assert (call.tokens, call.model, call.id) == ({"input": 12, "output": 3}, "gpt-4o", "c-2")


def test_a_row_without_counts_is_a_call_without_usage() -> None:
    """A stream that API Management could not count."""
    assert call_of({**ROW, "PromptTokens": None, "CompletionTokens": None}).without_usage


@given(prompt=st.integers(0, 9000), out=st.integers(0, 9000), cached=st.integers(0, 9999))
def test_meters_add_up(prompt: int, out: int, cached: int) -> None:
    """The meters add up to what the body and the row count."""
    usage = {"prompt_tokens": prompt, "completion_tokens": out, "prompt_tokens_details": {"cached_tokens": cached}}
    assert total(call_of(diagnostic(json.dumps({**CHAT, "usage": usage})))) == prompt + out
    assert total(call_of({**ROW, "PromptTokens": prompt, "CompletionTokens": out})) == prompt + out
