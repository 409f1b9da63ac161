"""From the line in the log to the alert in Prometheus: the real exporter, real servers, the committed rules as they are."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.processes import ROOT, wait_for
from tests.servers import scrape

pytestmark = pytest.mark.waits

RULES = [ROOT / "rules/prometheus" / f"llm-cost.{name}.yml" for name in ("rules", "alerts")]


def call(model: str, millions: float, *, age: float = 0, app: str = "checkout") -> str:
    """A line of so many million input tokens (gpt-4: $30 a million)."""
    tokens = int(millions * 1_000_000)
    when = datetime.fromtimestamp(time.time() - age, UTC).isoformat()
    record = {
        "timestamp": when,
        "model": model,
        "prompt_tokens": tokens,
        "completion_tokens": 0,
        "app": app,
        "team": "search",
    }
    return json.dumps(record) + "\n"


def firing(server) -> dict[tuple[str, ...], Any]:
    """Alerts that fire: (name, model or budget, severity) -> the alert with its annotations."""
    return {
        (
            one["labels"]["alertname"],
            one["labels"].get("model") or one["labels"].get("budget", ""),
            one["labels"]["severity"],
        ): one
        for one in server.get_json("/api/v1/alerts")["alerts"]
        if one["state"] == "firing"
    }


def test_one_expensive_call_pages_and_history_does_not(servers, generation, tmp_path):
    """$50,000 of last week wakes nobody; a $60 call on a new series does, by its exact dollars, and says who spent them."""
    log = tmp_path / "usage.jsonl"
    log.write_text("".join(call("gpt-4", 1, age=7 * 86_400) for _ in range(1667)))
    config = {"sources": [{"paths": [str(log)]}], "new_series_hold": "8s"}
    exporter = servers.exporter(config=config)
    prometheus = servers.prometheus(generation, [scrape(exporter.address, interval="2s")], rules=RULES)
    assert (exporter.value("llm_cost_usd_total", model="gpt-4") or 0) > 50_000
    wait_for(
        lambda: prometheus.value("sum(model:llm_cost_usd:increase1m)") == 0,
        60,
        "the first evaluation: nothing is spent",
    )
    with log.open("a") as out:
        out.write(call("gpt-4-0613", 2))
    page = ("LlmCostSpendRateMinute", "gpt-4-0613", "critical")
    wait_for(lambda: page in firing(prometheus), 60, "the page")
    alert = firing(prometheus)[page]
    assert alert["labels"] == {"alertname": page[0], "model": page[1], "severity": page[2]}
    assert float(alert["value"]) == 60.0
    said = alert["annotations"]["description"]
    assert said == "gpt-4-0613 costs $60.00 a minute; more than $50 is critical. Most of it: app checkout, team search."
    wait_for(lambda: prometheus.value("model:llm_cost_usd:increase1h{model='gpt-4-0613'}") == 60.0, 30, "the hour")
    money = [name for name in firing(prometheus) if name[0].startswith("LlmCostSpendRate")]
    assert sorted(money) == [page, ("LlmCostSpendRateMinute", "gpt-4-0613", "warning")], "nothing of the history"


def test_a_budget_of_today_reads_what_the_log_says(servers, generation, tmp_path):
    """The ledger is right from its first evaluation on: today's dollars, a month with what was spent before this Prometheus was there."""
    log = tmp_path / "usage.jsonl"
    log.write_text(call("gpt-4", 1) + call("gpt-4", 2, app="cart"))
    exporter = servers.exporter(config={"sources": [{"paths": [str(log)]}], "ledger": "shop"})
    groups = tmp_path / "rules.yml"
    # Every second, for the test; the rules are the committed ones.
    groups.write_text(RULES[0].read_text().replace("interval: 1m", "interval: 1s"))
    prometheus = servers.prometheus(generation, [scrape(exporter.address)], rules=[groups])

    def spent(period: str):
        return prometheus.value(f'budget:llm_cost_usd:spent{{budget="company", period="{period}"}}')

    wait_for(lambda: spent("day") == 90.0, 40, "today's dollars")
    assert spent("month") == 90.0
    assert prometheus.value('group:llm_cost_usd:day_to_date{app="cart"}') == 60.0
    assert prometheus.value('budget:llm_cost_usd:ratio{period="day"}') == 0.9
    exporter.kill()
    wait_for(lambda: not prometheus.query("llm_cost_day_usd"), 30, "the exporter is gone")
    before = prometheus.value("ledger:llm_cost_evaluation_timestamp_seconds:last") or 0
    wait_for(
        lambda: (prometheus.value("ledger:llm_cost_evaluation_timestamp_seconds:last") or 0) > before + 2,
        20,
        "later evaluations",
    )
    assert spent("day") == 90.0, "the ledger outlives the sidecar"
    top = prometheus.query('topk(1, budget:llm_cost_usd:top3{period="day"})')
    assert [(one.labels["app"], one.value) for one in top] == [("cart", 60.0)]
