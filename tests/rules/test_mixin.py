"""The rule pack as a monitoring mixin: jsonnet users import it and override `_config`, without the policy file."""

from __future__ import annotations

import json
from typing import Any

import _jsonnet
import pytest
import yaml

from tests.processes import ROOT

RULES = ROOT / "rules"


def mixin(override: str = "{}", field: str = "prometheusAlerts") -> Any:
    """A field of the mixin, with `override` over its `_config`."""
    snippet = f"((import 'mixin.libsonnet') + {{ _config+:: {override} }}).{field}"
    return json.loads(_jsonnet.evaluate_snippet("user.jsonnet", snippet, jpathdir=[str(RULES)]))


def named(groups: Any, name: str) -> list[Any]:
    """The rules that record or alert under `name`."""
    return [
        rule for group in groups["groups"] for rule in group["rules"] if name in (rule.get("record"), rule.get("alert"))
    ]


@pytest.mark.parametrize(
    "field, file", [("prometheusRules", "llm-cost.rules.yml"), ("prometheusAlerts", "llm-cost.alerts.yml")]
)
def test_without_an_override_it_is_the_committed_rules(field: str, file: str):
    """Both ways to the rules give the same."""
    assert mixin(field=field) == yaml.safe_load((RULES / "prometheus" / file).read_text())


def test_a_part_of_a_setting_can_be_overridden():
    """jsonnet's `+:` reaches into the configuration as it does into any mixin's."""
    alerts = mixin(
        "{ levels+: { critical: 0.85, info: null }, spend_rate+: { minute+: { critical: 70 } }, selectors+: { metrics: { cluster: 'a' } } }"
    )
    levels = {rule["labels"]["level"]: rule["expr"] for rule in named(alerts, "LlmCostBudget")}
    assert "ratio >= 0.85" in levels["critical"]
    assert "info" not in levels
    assert [rule["expr"].rpartition(" ")[2] for rule in named(alerts, "LlmCostSpendRateMinute")] == ["70", "10"]
    (record,) = named(alerts, "model:llm_cost_usd:increase1m")
    assert record["expr"].count('llm_cost_usd_total{cluster="a"}') == 2


def test_a_budget_needs_only_its_name_and_a_limit():
    """The other keys of a budget have defaults for jsonnet users too."""
    rules = mixin("{ budgets+: [{ name: 'search', match: { team: 'search' }, monthly_usd: 300 }] }", "prometheusRules")
    labels = [rule["labels"] for rule in named(rules, "budget:llm_cost_usd:spent")]
    assert labels == [
        {"budget": "company", "period": "day"},
        {"budget": "company", "period": "month"},
        {"budget": "search", "period": "month"},
    ]


@pytest.mark.parametrize(
    "override, says",
    [
        ("{ budgets+: [{ name: 'company', daily_usd: 5 }] }", "two have one name"),
        ("{ budgets: [{ name: 'a' }] }", "a has no limit"),
        ("{ levels+: { info: 0.8 } }", "out of order"),
        ("{ scrape_interval: '15' }", "not a duration"),
        ("{ scrape_interval: '1x' }", "not a duration"),
    ],
)
def test_what_can_not_be_meant_fails_loudly(override: str, says: str):
    """A mistake in jsonnet is an error that says what, as it is in a policy file."""
    with pytest.raises(RuntimeError, match=says):
        mixin(override)
