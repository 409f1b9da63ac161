"""Helicone's requests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import call_of, total

ROW: dict[str, Any] = {
    "response_id": "r-1", "response_created_at": "2026-03-01 10:00:02.5", "response_status": 200, "response_model": "claude-sonnet-4-5-20250929",
    "request_id": "5d1f-1", "request_created_at": "2026-03-01 10:00:00.5", "request_model": "claude-sonnet-4-5", "request_body": {"model": "x"},
    "request_user_id": "u", "request_properties": {"Team": "growth", "App": "shop"}, "helicone_user": None, "provider": "ANTHROPIC",
    "delay_ms": 2000, "total_tokens": 780, "prompt_tokens": 30, "prompt_cache_read_tokens": 600, "prompt_cache_write_tokens": 50,
    "completion_tokens": 100, "reasoning_tokens": None, "prompt_audio_tokens": 0, "completion_audio_tokens": 0, "cost": 0.005,
    "costUSD": None, "model": "claude-sonnet-4-5", "cache_reference_id": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip


def test_a_request() -> None:
    """prompt_tokens exclude the cached ones; properties are labels; times without a zone are UTC."""
    call = call_of(ROW)
    assert call.tokens == {"input": 30, "cache_read": 600, "cache_write": 50, "output": 100}
    assert (call.model, call.provider, call.time, call.latency_ns) == (
        "claude-sonnet-4-5-20250929",
        "anthropic",
        1772359200.5,
        2 * 10**9,
    )
    assert (call.id, call.id_is_vendors, call.labels) == ("5d1f-1", False, ("shop", "growth"))
    assert call.reported_usd == 5 * 10**21
    assert not call.gateway_cache_hit


@pytest.mark.parametrize(
    ("more", "tokens"),
    [
        ({"reasoning_tokens": 40}, {"input": 30, "cache_read": 600, "cache_write": 50, "output": 60, "reasoning": 40}),
        ({"reasoning_tokens": 40, "total_tokens": 820},
         {"input": 30, "cache_read": 600, "cache_write": 50, "output": 100, "reasoning": 40}),
        ({"prompt_tokens": 680, "total_tokens": 780}, {"input": 30, "cache_read": 600, "cache_write": 50, "output": 100}),
        ({"prompt_audio_tokens": 20, "total_tokens": 800},
         {"input": 30, "audio_input": 20, "cache_read": 600, "cache_write": 50, "output": 100}),
        ({"total_tokens": None, "prompt_cache_read_tokens": None, "prompt_cache_write_tokens": None}, {"input": 30, "output": 100}),
    ],
)  # fmt: skip
def test_the_total_tells(more: dict[str, Any], tokens: dict[str, int]) -> None:
    """Reasoning and older records are counted as the record's own total says."""
    assert call_of({**ROW, **more}).tokens == tokens


def test_its_cache_costs_nothing() -> None:
    """A reference to another request means that the answer came from Helicone's cache."""
    assert call_of({**ROW, "cache_reference_id": "6a1c7a52-0000-4000-8000-000000000001"}).gateway_cache_hit
    assert not call_of({**ROW, "cache_reference_id": None}).gateway_cache_hit


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "rate_limited"), (500, "server_error"), (-1, "timeout"), (-3, "other"), (201, None)]
)
def test_failures(status: int, reason: str | None) -> None:
    """The status says why a request failed, Helicone's own ones too."""
    assert call_of({**ROW, "response_status": status}).failure == reason
    nothing = {**ROW, "response_status": status, **{key: None for key in ROW if key.endswith("_tokens")}}
    assert call_of(nothing).without_usage == (reason is None)


COUNTS = st.integers(0, 10_000)


@given(prompt=COUNTS, completion=COUNTS, read=COUNTS, written=COUNTS, audio=COUNTS, reasoning=COUNTS)
def test_meters_add_up(prompt: int, completion: int, read: int, written: int, audio: int, reasoning: int) -> None:
    """The meters add up to total_tokens, be reasoning in it or on top; none is negative."""
    for extra in (0, reasoning):
        all_ = prompt + completion + read + written + audio + extra
        row = {**ROW, "prompt_tokens": prompt, "completion_tokens": completion, "prompt_cache_read_tokens": read, "total_tokens": all_,
               "prompt_cache_write_tokens": written, "prompt_audio_tokens": audio, "reasoning_tokens": min(reasoning, completion) if not extra else reasoning}  # fmt: skip
        call = call_of(row)
        assert total(call) == all_
        assert all(count > 0 for count in call.tokens.values())
