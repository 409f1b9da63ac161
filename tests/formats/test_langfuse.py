"""Langfuse's observations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip
from tests.reading import call_of, outcome_of, total

DETAILS = {
    "input": 100,
    "output": 60,
    "total": 960,
    "input_cached_tokens": 700,
    "input_audio_tokens": 0,
    "output_reasoning_tokens": 100,
}
API: dict[str, Any] = {
    "id": "obs-9", "traceId": "tr-9", "type": "GENERATION", "startTime": "2026-03-01T10:00:00.000Z", "endTime": "2026-03-01T10:00:02.500Z",
    "model": "gpt-5-mini", "input": {"prompt_tokens": 1}, "usage": {"input": 100, "output": 60, "total": 960, "unit": "TOKENS"},
    "level": "DEFAULT", "statusMessage": None, "usageDetails": DETAILS, "costDetails": {"total": 0.01}, "calculatedTotalCost": 0.01, "latency": 2.5,
    "metadata": {"app": "shop"},
}  # fmt: skip
BLOB: dict[str, Any] = {
    "id": "obs-9", "trace_id": "tr-9", "type": "GENERATION", "start_time": "2026-03-01 10:00:00.000000", "end_time": "2026-03-01 10:00:02.500000",
    "provided_model_name": "gpt-5-mini", "usage_details": {key: str(value) for key, value in DETAILS.items()}, "level": "DEFAULT",
    "cost_details": {"total": "0.01"}, "total_cost": "0.01", "latency": 2.5, "metadata": {"app": "shop"},
}  # fmt: skip
V2 = {key: value for key, value in API.items() if key not in ("model", "usage", "calculatedTotalCost")} | {
    "providedModelName": "gpt-5-mini", "totalCost": 0.01,
}  # fmt: skip
TOKENS = {"input": 100, "cache_read": 700, "output": 60, "reasoning": 100}


@pytest.mark.parametrize("record", [API, V2, BLOB], ids=["v1", "v2", "blob"])
def test_a_generation(record: dict[str, Any]) -> None:
    """input excludes the cached ones and output the reasoning, in the API and in the export."""
    call = call_of(record)
    assert call.tokens == TOKENS
    assert (call.model, call.id, call.id_is_vendors, call.time, call.latency_ns, call.labels[0]) == (
        "gpt-5-mini", "obs-9", False, 1772359200.0, 2_500_000_000, "shop",
    )  # fmt: skip
    assert call.reported_usd == 10**22


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        ({"input": 5, "output": 7, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 30},
         {"input": 5, "cache_read": 20, "cache_write": 30, "output": 7}),
        ({"input": 5, "output": 7, "input_cache_read": 20, "input_cache_creation_5m": 10, "input_cache_creation_1h": 4},
         {"input": 5, "cache_read": 20, "cache_write_5m": 10, "cache_write_1h": 4, "output": 7}),
        ({"input": 5, "output": 7, "input_cache_creation": 14, "input_cache_creation_5m": 10, "input_cache_creation_1h": 4},
         {"input": 5, "cache_write_5m": 10, "cache_write_1h": 4, "output": 7}),
        ({"input": 900, "output": 60, "total": 960, "input_cached_tokens": 700}, {"input": 200, "cache_read": 700, "output": 60}),
        ({"input": 5, "output": 7, "input_audio_tokens": 3, "output_audio_tokens": 2, "output_accepted_prediction_tokens": 1, "web_searches": 9},
         {"input": 5, "audio_input": 3, "output": 8, "audio_output": 2}),
        ({"input_tokens": 5, "output_tokens": 7, "total": 12}, {"input": 5, "output": 7}),
        ({"prompt_tokens": 5, "completion_tokens": 7}, {"input": 5, "output": 7}),
    ],
)  # fmt: skip
def test_keys_are_free(details: dict[str, int], tokens: dict[str, int]) -> None:
    """Details are told by their names, whoever chose them; a total that leaves no room for them says that they are included."""
    assert call_of({**API, "usageDetails": details}).tokens == tokens


def test_details_as_text_and_a_total_alone() -> None:
    """An export may write maps as text; a total that is of no kind leaves a call whose tokens can't be told."""
    assert call_of({**BLOB, "usage_details": json.dumps(DETAILS)}).tokens == TOKENS
    assert call_of({**API, "usage": None, "usageDetails": {"total": 50}}).without_usage
    assert call_of({**BLOB, "usage_details": "{broken"}).without_usage


def test_older_observations() -> None:
    """Before usageDetails there was `usage`, and promptTokens before that; characters are no tokens."""
    assert call_of({**API, "usageDetails": {}}).tokens == {"input": 100, "output": 60}
    older = {**API, "usageDetails": None, "usage": None, "promptTokens": 8, "completionTokens": 9}
    assert call_of(older).tokens == {"input": 8, "output": 9}
    assert call_of({**API, "usageDetails": {}, "usage": {"input": 5, "unit": "CHARACTERS"}}).without_usage


def test_what_is_around_generations_is_no_call() -> None:
    """Spans, agents and tools are skipped, also with the sum of what is below them."""
    for kind in ("SPAN", "AGENT", "TOOL", "EVENT", "CHAIN"):
        assert isinstance(outcome_of({**API, "type": kind}), Skip)
        assert isinstance(outcome_of({**BLOB, "type": kind}), Skip)
    assert call_of({**API, "type": "EMBEDDING"}).tokens == TOKENS


def test_an_error_is_a_failure() -> None:
    """The level says that a generation failed, its message why."""
    call = call_of(
        {**API, "level": "ERROR", "statusMessage": "Error code: 429 - rate limit", "usageDetails": {}, "usage": None}
    )
    assert (call.failure, call.without_usage) == ("rate_limited", False)
    assert call_of({**API, "usageDetails": {}, "usage": None}).without_usage


COUNTS = st.integers(0, 10_000)


@given(into=COUNTS, out=COUNTS, read=COUNTS, written=COUNTS, reasoning=COUNTS, audio=COUNTS)
def test_meters_add_up(into: int, out: int, read: int, written: int, reasoning: int, audio: int) -> None:
    """The meters add up to Langfuse's total of what it counted apart; none is negative."""
    all_ = into + out + read + written + reasoning + audio
    details = {"input": into, "output": out, "input_cached_tokens": read, "input_cache_creation": written, "input_audio_tokens": audio,
               "output_reasoning_tokens": reasoning, "total": all_}  # fmt: skip
    call = call_of({**API, "usageDetails": details})
    assert total(call) == all_
    assert all(count > 0 for count in call.tokens.values())
