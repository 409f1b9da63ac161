"""Gemini's generateContent: bodies, streams, embeddings, errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Part, Skip
from tests.reading import MTIME, NOW, as_line, call_of, new_reader, outcome_of, outcomes_of, total

USAGE: dict[str, Any] = {
    "promptTokenCount": 400, "candidatesTokenCount": 90, "thoughtsTokenCount": 160, "cachedContentTokenCount": 200, "totalTokenCount": 650,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 140}, {"modality": "IMAGE", "tokenCount": 260}],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 60}, {"modality": "IMAGE", "tokenCount": 140}],
}  # fmt: skip
BODY: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": USAGE, "modelVersion": "gemini-2.5-flash", "responseId": "r-1",
}  # fmt: skip


def chunk(out: int, *, last: bool = False, usage: dict[str, Any] | None = None) -> dict[str, Any]:
    """A chunk of a stream that has said `out` tokens so far."""
    candidate: dict[str, Any] = {"content": {"parts": [{"text": "x"}]}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    counts = (
        {"promptTokenCount": 10, "candidatesTokenCount": out, "totalTokenCount": 10 + out} if usage is None else usage
    )
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini-2.5-pro", "responseId": "s-1"}


def test_a_body() -> None:
    """The prompt includes what was cached, by modality; thoughts come on top of the candidates."""
    call = call_of(BODY)
    assert call.tokens == {
        "cache_read": 60, "cache_read_image": 140, "input": 80, "image_input": 120, "output": 90, "reasoning": 160,
    }  # fmt: skip
    assert (call.model, call.provider, call.time) == ("gemini-2.5-flash", "google", MTIME)


def test_tool_use_is_input_on_top() -> None:
    """toolUsePromptTokenCount is not in promptTokenCount."""
    usage = {
        "promptTokenCount": 17, "candidatesTokenCount": 201, "thoughtsTokenCount": 213, "toolUsePromptTokenCount": 119,
        "toolUsePromptTokensDetails": [{"modality": "AUDIO", "tokenCount": 19}], "totalTokenCount": 550,
    }  # fmt: skip
    call = call_of({**BODY, "usageMetadata": usage})
    assert call.tokens == {"input": 117, "audio_input": 19, "output": 201, "reasoning": 213}


def test_media_out_of_the_model() -> None:
    """Images are told apart in the output; what the details leave unsaid is text."""
    usage = {
        "promptTokenCount": 33, "candidatesTokenCount": 1780, "totalTokenCount": 1813,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
    }  # fmt: skip
    assert call_of({**BODY, "usageMetadata": usage}).tokens == {"input": 33, "image_output": 1120, "output": 660}


def test_a_total_that_has_the_thoughts_in_the_candidates() -> None:
    """Where total = prompt + candidates the thoughts are a part of the candidates."""
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 90, "thoughtsTokenCount": 60, "totalTokenCount": 100}
    assert call_of({**BODY, "usageMetadata": usage}).tokens == {"input": 10, "reasoning": 60, "output": 30}


def test_the_python_sdks_spelling() -> None:
    """model_dump() writes the same in snake case, and its modalities as names of an enum."""
    record = {
        "candidates": [{"finish_reason": "STOP"}], "model_version": "gemini-2.5-pro", "create_time": "2026-03-01T10:00:00Z",
        "usage_metadata": {
            "prompt_token_count": 100, "candidates_token_count": 20, "cached_content_token_count": None, "thoughts_token_count": 5,
            "prompt_tokens_details": [{"modality": "MediaModality.AUDIO", "token_count": 40}],
        },
    }  # fmt: skip
    call = call_of(record)
    assert call.tokens == {"input": 60, "audio_input": 40, "output": 20, "reasoning": 5}
    assert (call.model, call.time) == ("gemini-2.5-pro", 1772359200)


def test_counts_that_an_application_put_elsewhere() -> None:
    """The counts are found beside a model, or in an object of another name."""
    counts = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}
    for record in ({"model": "gemini-2.0-flash", **counts}, {"model": "gemini-2.0-flash", "usage": counts}):
        call = call_of(record)
        assert (call.model, call.provider, call.tokens) == ("gemini-2.0-flash", "google", {"input": 7, "output": 3})


def test_others_usage_metadata_is_not_taken() -> None:
    """LangChain's usage_metadata, and Llama's prompt_token_count, are not Gemini's."""
    for record in (
        {"usage_metadata": {"input_tokens": 5, "output_tokens": 3}},
        {"prompt_token_count": 5, "generation_token_count": 9},
    ):
        found = outcome_of(record)
        assert isinstance(found, Skip) or (isinstance(found, list) and found[0].provider != "google")


def test_embeddings_have_no_model() -> None:
    """An embedding's usage names neither model nor output."""
    call = call_of(
        {"embeddings": [{"values": [0.1]}], "usageMetadata": {"promptTokenCount": 12, "promptTokenDetails": []}}
    )
    assert (call.model, call.tokens) == (None, {"input": 12})


def test_a_stream_is_one_call_with_the_last_counts() -> None:
    """Chunks repeat a growing usage; even where a later one splits it otherwise, each token is counted once."""
    last = {**USAGE, "promptTokenCount": 400}
    first = {"promptTokenCount": 400, "candidatesTokenCount": 5, "totalTokenCount": 405}
    found = outcomes_of(
        chunk(0, usage={"trafficType": "ON_DEMAND"}), chunk(0, usage=first), chunk(0, last=True, usage=last)
    )
    assert [type(each) for each in found] == [Part, Part, list]
    assert isinstance(found[2], list)
    assert total(found[2][0]) == 650
    assert found[2][0].context == ()


def test_a_stream_that_broke_off_has_what_its_last_chunk_says() -> None:
    """Without an end in sight the counts so far are the call's, also over a restart."""
    reader = new_reader()
    for out in (5, 50):
        assert isinstance(reader.read(as_line(chunk(out)), 0, MTIME, NOW), Part)
    (call,) = new_reader(state=reader.state).finish(MTIME, NOW)
    assert (call.tokens, call.without_usage, call.model) == ({"input": 10, "output": 50}, False, "gemini-2.5-pro")


def test_a_stream_without_usage() -> None:
    """A stream whose chunks carry no usage is a call without usage."""
    reader = new_reader()
    bare = {key: value for key, value in chunk(0).items() if key != "usageMetadata"}
    assert isinstance(reader.read(as_line(bare), 0, MTIME, NOW), Part)
    (call,) = reader.finish(MTIME, NOW)
    assert (call.without_usage, call.provider, call.tokens) == (True, "google", {})


def test_one_id_of_several_models_is_several_calls() -> None:
    """What tells calls of one responseId apart (model, size of the prompt) is in the id; the same line twice is one call."""
    other = {**BODY, "modelVersion": "gemini-2.5-pro"}
    longer = {**BODY, "usageMetadata": {**USAGE, "promptTokenCount": 500}}
    assert len({call_of(record).id for record in (BODY, other, longer, dict(BODY))}) == 3


@pytest.mark.parametrize(
    ("usage", "context"),
    [({"trafficType": "ON_DEMAND"}, ()), ({"trafficType": "PROVISIONED_THROUGHPUT"}, ()), ({"serviceTier": "standard"}, ()),
     ({"serviceTier": "flex"}, (("service_tier", "flex"),)), ({"trafficType": "ON_DEMAND_PRIORITY"}, (("service_tier", "priority"),))],
)  # fmt: skip
def test_price_variants(usage: dict[str, str], context: tuple[tuple[str, str], ...]) -> None:
    """How a call was served chooses its price."""
    assert call_of({**BODY, "usageMetadata": {**USAGE, **usage}}).context == context


def test_a_blocked_prompt_is_a_failure_with_its_tokens() -> None:
    """A prompt that was blocked was read."""
    record = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 9},
        "modelVersion": "gemini-2.5-pro",
    }
    call = call_of(record)
    assert (call.failure, call.tokens) == ("client_error", {"input": 9})


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [(429, "RESOURCE_EXHAUSTED", "rate_limited"), (503, "UNAVAILABLE", "server_error"), (400, "INVALID_ARGUMENT", "client_error"),
     (504, "DEADLINE_EXCEEDED", "timeout")],
)  # fmt: skip
def test_an_error_body(code: int, status: str, failure: str) -> None:
    """Google's form of an error is a failed call; anything that is not just that form is none."""
    error = {"code": code, "message": "secret", "status": status}
    call = call_of({"error": error})
    assert (call.failure, call.provider, call.tokens) == (failure, "google", {})
    for not_it in ({**error, "code": 200}, {**error, "status": "OH_NO"}, {**error, "charge": 1}):
        assert not isinstance(outcome_of({"error": not_it}), list)


COUNTS = st.integers(0, 50_000)
DETAILS = st.lists(
    st.builds(lambda m, n: {"modality": m, "tokenCount": n}, st.sampled_from(["TEXT", "AUDIO", "IMAGE", "VIDEO", "DOCUMENT"]), COUNTS),
    max_size=5,
)  # fmt: skip


@given(
    prompt=COUNTS,
    out=COUNTS,
    thoughts=COUNTS,
    tools=COUNTS,
    cached=COUNTS,
    into=DETAILS,
    of_cache=DETAILS,
    out_of=DETAILS,
)
def test_meters_are_disjoint_and_add_up_to_the_vendors_total(
    prompt: int, out: int, thoughts: int, tools: int, cached: int,
    into: list[dict[str, Any]], of_cache: list[dict[str, Any]], out_of: list[dict[str, Any]],
) -> None:  # fmt: skip
    """Whatever the details say, the meters add up to totalTokenCount and none is negative."""
    usage = {
        "promptTokenCount": prompt, "candidatesTokenCount": out, "thoughtsTokenCount": thoughts, "toolUsePromptTokenCount": tools,
        "cachedContentTokenCount": cached, "promptTokensDetails": into, "cacheTokensDetails": of_cache,
        "candidatesTokensDetails": out_of, "totalTokenCount": prompt + out + thoughts + tools,
    }  # fmt: skip
    call = call_of({**BODY, "usageMetadata": usage})
    assert all(amount > 0 for amount in call.tokens.values())
    assert total(call) == prompt + out + thoughts + tools


def test_a_stream_without_an_id_is_its_last_chunk() -> None:
    """Old servers send no responseId: the chunks repeat the prompt, and only the one with a finishReason is the call."""
    chunks: list[dict[str, Any]] = [
        {
            "candidates": [{"content": {"parts": [{"text": "x"}]}, **({"finishReason": "STOP"} if number == 3 else {})}],
            "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": number + 1, "totalTokenCount": 1001 + number},
            "modelVersion": "gemini-2.5-flash",
        }
        for number in range(4)
    ]  # fmt: skip
    *before, last = outcomes_of(*chunks)
    assert all(isinstance(outcome, Part) for outcome in before)
    assert isinstance(last, list)
    assert last[0].tokens == {"input": 1000, "output": 4}
