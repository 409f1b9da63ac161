"""Calls priced by a gateway, held against the same calls priced here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_cost_exporter.commands import main

# Costs as LiteLLM 1.106.2 works them out (completion_cost with its own price map): provider, model, prompt, cached, written for five
# minutes and for an hour, completion, reasoning, cost. Its prompt tokens include what was cached, for every provider.
CALLS = (
    ("openai", "gpt-4o", 1000, 200, 0, 0, 500, 0, 0.00725),
    ("openai", "gpt-4o-mini-2024-07-18", 1200, 0, 0, 0, 90, 0, 0.000234),
    ("openai", "gpt-4.1", 3000, 1024, 0, 0, 10, 0, 0.004544),
    ("openai", "gpt-5-2025-08-07", 9703, 8576, 0, 0, 638, 576, 0.00886075),
    ("openai", "gpt-5.4", 300000, 1000, 0, 0, 700, 100, 1.51125),
    ("openai", "o3", 400, 0, 0, 0, 1200, 1024, 0.0104),
    ("openai", "text-embedding-3-small", 800, 0, 0, 0, 0, 0, 1.6e-05),
    ("anthropic", "claude-sonnet-4-5-20250929", 2095, 1886, 100, 88, 393, 0, 0.0074268),
    ("anthropic", "claude-opus-4-5-20251101", 210000, 100000, 5000, 0, 2000, 0, 0.6562500000000001),
    ("anthropic", "claude-haiku-4-5-20251001", 50, 0, 0, 0, 20, 0, 0.00015000000000000001),
    ("gemini", "gemini-2.5-pro", 1000, 0, 0, 0, 300, 250, 0.00425),
    ("gemini", "gemini-2.5-pro", 250000, 10000, 0, 0, 300, 250, 0.607),
    ("vertex_ai", "gemini-2.5-flash", 5000, 2000, 0, 0, 300, 0, 0.00171),
    ("azure", "azure/gpt-4o-2024-11-20", 5000, 2000, 0, 0, 300, 0, 0.013000000000000001),
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 5000, 2000, 300, 0, 300, 0, 0.015757500000000004),
    ("bedrock", "us.amazon.nova-pro-v1:0", 5000, 0, 0, 0, 300, 0, 0.00496),
    ("mistral", "mistral/mistral-small-latest", 5000, 0, 0, 0, 300, 0, 0.00093),
)
WRITTEN = "metadata.usage_object.prompt_tokens_details.cache_creation_token_details"
MAPPING = {
    "where": "litellm_call_id && status == 'success'",
    "model": "model", "provider": "custom_llm_provider", "time": "startTime", "id": "id", "cost": "response_cost", "status": "status",
    "latency_s": "response_time", "input": "prompt_tokens", "output": "completion_tokens", "input_includes_cache": True,
    "cache_read": "metadata.usage_object.prompt_tokens_details.cached_tokens",
    "cache_write_5m": f"{WRITTEN}.ephemeral_5m_input_tokens", "cache_write_1h": f"{WRITTEN}.ephemeral_1h_input_tokens",
    "reasoning": "metadata.usage_object.completion_tokens_details.reasoning_tokens",
}  # fmt: skip


def payload(number: int, call: tuple[Any, ...]) -> dict[str, Any]:
    """A record of LiteLLM's standard logging payload, as far as a price needs it."""
    provider, model, prompt, cached, minutes, hour, completion, reasoning, cost = call
    split = {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour}
    usage = {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_creation_tokens": minutes + hour, "cache_creation_token_details": split},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }  # fmt: skip
    return {
        "id": f"chatcmpl-{number:08}", "litellm_call_id": f"call-{number}", "call_type": "acompletion", "status": "success",
        "custom_llm_provider": provider, "model": model, "startTime": 1795292691.5 + number, "response_time": 0.5,
        "metadata": {"usage_object": usage}, "response_cost": cost, "prompt_tokens": prompt, "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }  # fmt: skip


def test_a_gateways_own_costs_agree_within_a_thousandth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Caches, tiers, reasoning and every big vendor: each model's sum is the gateway's."""
    log, config = tmp_path / "litellm.jsonl", tmp_path / "exporter.yml"
    log.write_text("".join(json.dumps(payload(number, call)) + "\n" for number, call in enumerate(CALLS)))
    config.write_text(yaml.safe_dump({"sources": [{"paths": ["litellm.jsonl"], "format": MAPPING}]}))
    with pytest.raises(SystemExit) as end:
        main(["report", str(log), "--config", str(config), "--compare", "--format", "json"])
    assert end.value.code == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["unpriced"] == []
    assert whole["comparison"]["requests"] == len(CALLS)
    assert [each["model"] for each in whole["comparison"]["models"] if each["differs"]] == []
