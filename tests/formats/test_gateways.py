"""Gateways that have counts of input and output and little more: Portkey, Cloudflare, Kong, Envoy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip
from tests.reading import call_of, calls_of, outcome_of, total

PORTKEY: dict[str, Any] = {
    "id": "7e1b", "trace_id": "t", "created_at": "2026-03-01T10:00:00.000Z", "request": {"usage": {"prompt_tokens": 1}}, "is_success": True,
    "ai_org": "openai", "ai_model": "gpt-4o-mini", "req_units": 40, "res_units": 12, "total_units": 52, "cost": 0.25, "cost_currency": "USD",
    "response_time": 900, "response_status_code": 200, "metadata": {"_user": "u", "team": "growth"},
}  # fmt: skip
CLOUDFLARE: dict[str, Any] = {
    "id": "01JX", "cached": False, "cost": 0.25, "created_at": "2026-03-01T10:00:00Z", "duration": 900, "metadata": '{"team":"growth","user":1}',
    "model": "gpt-4o-mini", "path": "chat/completions", "provider": "openai", "status_code": 200, "success": True, "tokens_in": 40, "tokens_out": 12,
}  # fmt: skip
PROXY: dict[str, Any] = {
    "meta": {"plugin_id": "p", "provider_name": "openai", "request_model": "gpt-4o", "response_model": "gpt-4o-mini", "llm_latency": 900},
    "usage": {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52, "cost": 0.25},
}  # fmt: skip
KONG: dict[str, Any] = {
    "request": {"id": "4f0a", "method": "POST"}, "upstream_status": "200", "response": {"status": 200, "size": 700}, "latencies": {"request": 950},
    "started_at": 1772359200000, "team": "growth", "ai": {"proxy": PROXY},
}  # fmt: skip
ENVOY: dict[str, Any] = {
    "start_time": "2026-03-01T10:00:00.000Z", "duration": 900, "response_code": 200, "route_name": "r", "x-request-id": "83b6", "team": "growth",
    "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": 40, "gen_ai.usage.output_tokens": 12,
}  # fmt: skip
ALL = {
    "portkey": PORTKEY,
    "cloudflare": CLOUDFLARE,
    "kong": KONG,
    "kong-old": {**KONG, "ai": {"ai-proxy": PROXY}},
    "envoy": ENVOY,
}


@pytest.mark.parametrize("name", ALL)
def test_a_call(name: str) -> None:
    """Counts, model, provider, time, latency, cost, id and team are where each of them has them."""
    call = call_of(ALL[name])
    assert call.tokens == {"input": 40, "output": 12}
    assert (call.model, call.provider, call.time, call.latency_ns, call.labels[1]) == (
        "gpt-4o-mini", "openai", 1772359200.0, 900_000_000, "growth",
    )  # fmt: skip
    assert call.reported_usd == (None if name == "envoy" else 25 * 10**22)
    assert call.id
    assert not call.id_is_vendors
    assert (call.failure, call.gateway_cache_hit, call.without_usage) == (None, False, False)


@pytest.mark.parametrize(
    "record",
    [
        {**PORTKEY, "is_success": False, "response_status_code": 429, "req_units": 0, "res_units": 0},
        {**CLOUDFLARE, "success": False, "status_code": 429, "tokens_in": None, "tokens_out": None},
        {**KONG, "response": {"status": 429}, "ai": {"proxy": {"meta": PROXY["meta"]}}},
        {**ENVOY, "response_code": 429, "gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None},
    ],
)
def test_failures(record: dict[str, Any]) -> None:
    """A call that failed is one, without tokens, with its reason."""
    call = call_of(record)
    assert (call.failure, call.tokens, call.without_usage, call.model) == ("rate_limited", {}, False, call.model)


@pytest.mark.parametrize(
    "record",
    [
        {**PORTKEY, "cache_status": "SEMANTIC HIT"},
        {**CLOUDFLARE, "cached": True, "cost": 0},
        {**KONG, "ai": {"proxy": {**PROXY, "cache": {"cache_status": "Hit"}}}},
    ],
)
def test_what_the_gateways_cache_answers_costs_nothing(record: dict[str, Any]) -> None:
    """Tokens of a hit are counted, and free."""
    call = call_of(record)
    assert (call.gateway_cache_hit, total(call)) == (True, 52)


@pytest.mark.parametrize(
    "record",
    [
        {**PORTKEY, "req_units": None, "res_units": None},
        {**CLOUDFLARE, "tokens_in": None, "tokens_out": None},
        {**KONG, "ai": {"proxy": {**PROXY, "usage": {}}}},
        {**ENVOY, "gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": "-"},
    ],
)
def test_without_counts_a_call_is_one_without_usage(record: dict[str, Any]) -> None:
    """A call that went well and was logged without its counts is spend that the log can't tell."""
    assert call_of(record).without_usage


def test_kongs_plugins_are_calls_of_their_own() -> None:
    """A transformer asks a model too; the proxy's two names are the same call; what is not Kong's is left alone."""
    both = {**KONG, "ai": {"proxy": PROXY, "ai-proxy": PROXY, "ai-request-transformer": PROXY}}
    assert [call.id for call in calls_of(both)] == ["4f0a", "4f0a/ai-request-transformer"]
    assert isinstance(outcome_of({"ai": {"kind": {"meta": {"a": 1}}}}), Skip)


def test_kong_counts_as_the_vendor_does() -> None:
    """Cached tokens are in the prompt for OpenAI, and beside it for Anthropic."""
    usage = {
        "prompt_tokens": 40,
        "completion_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 30},
        "total_tokens": 52,
    }
    assert call_of({**KONG, "ai": {"proxy": {**PROXY, "usage": usage}}}).tokens == {
        "input": 10,
        "cache_read": 30,
        "output": 12,
    }
    anthropic = {"meta": {**PROXY["meta"], "provider_name": "anthropic"}, "usage": usage}
    assert call_of({**KONG, "ai": {"proxy": anthropic}}).tokens == {"input": 40, "cache_read": 30, "output": 12}


def test_an_applications_own_tokens_in_are_not_cloudflares() -> None:
    """A record that only shares the two names has no id and no latency that are known to be a call's."""
    call = call_of(
        {
            "time": "2026-03-01T10:00:00Z",
            "id": "user-7",
            "duration": 3,
            "model": "gpt-4o",
            "tokens_in": 5,
            "tokens_out": 2,
        }
    )
    assert (call.tokens, call.id, call.latency_ns) == ({"input": 5, "output": 2}, None, None)


def test_envoys_path_of_a_backend_is_no_provider() -> None:
    """The provider is left to the model's name; cached tokens are read where the operator logs them; lists of models are no calls."""
    path = {**ENVOY, "gen_ai.provider.name": "default/x/route/y/rule/0/ref/0", "llm_cached_input_token": 30}
    assert call_of(path).provider is None
    assert call_of(path).tokens == {"input": 10, "cache_read": 30, "output": 12}
    models = {
        **ENVOY,
        "gen_ai.request.model": None,
        "gen_ai.usage.input_tokens": None,
        "gen_ai.usage.output_tokens": None,
    }
    assert isinstance(outcome_of(models), Skip)
    assert call_of({**ENVOY, "gen_ai.response.model": "gpt-4o-mini-2024-07-18"}).model == "gpt-4o-mini-2024-07-18"


COUNTS = st.integers(0, 10_000)


@given(into=COUNTS, out=COUNTS, cached=COUNTS)
def test_meters_add_up(into: int, out: int, cached: int) -> None:
    """The meters add up to the gateway's two counts, with cached ones where they can't be in it; none is negative."""
    usage = {"prompt_tokens": into, "completion_tokens": out, "prompt_tokens_details": {"cached_tokens": cached}}
    more = cached if cached > into else 0
    for record, extra in (
        ({**PORTKEY, "req_units": into, "res_units": out}, 0),
        ({**CLOUDFLARE, "tokens_in": into, "tokens_out": out}, 0),
        ({**KONG, "ai": {"proxy": {**PROXY, "usage": usage}}}, more),
        (
            {
                **ENVOY,
                "gen_ai.usage.input_tokens": into,
                "gen_ai.usage.output_tokens": out,
                "llm_cached_input_token": cached,
            },
            more,
        ),
    ):
        call = call_of(record)
        assert total(call) == into + out + extra
        assert all(count > 0 for count in call.tokens.values())
