"""What the linters of rules can't see: names that exist, texts that stand still, groups that are evaluated often enough."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
import yaml

from llm_cost_exporter.config.units import parse_duration
from tests.processes import ROOT

GROUPS: list[dict[str, Any]] = [
    group
    for name in ("rules", "alerts")
    for group in yaml.safe_load((ROOT / f"rules/prometheus/llm-cost.{name}.yml").read_text())["groups"]
]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
PROMETHEUS_OWN = {"up", "ALERTS"}
FIGURES = {"figure", "limit", "projected", "used_up_in", "spent", "top", "left"}


def selected(expression: str) -> set[str]:
    """The metrics that a query names."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name, f"a selector without a name in {expression}"
            found.add(node.name)

    promql_parser.walk(promql_parser.parse(expression), visit)
    assert found or "vector(" in expression, expression
    return found


def asked_in(text: str) -> list[str]:
    """The queries of a template, with something in place of each label's value."""
    quoted = re.findall(r'printf ("(?:[^"\\]|\\.)*?") (?:\$labels\.\w+ ?)+\| query', text)
    return [yaml.safe_load(query).replace("%q", '"x"') for query in quoted]


def test_every_metric_in_a_rule_exists(servers, tmp_path):
    """Rules and the queries in messages name what the exporter really serves, or what a rule records."""
    log = tmp_path / "usage.jsonl"
    log.write_text('{"timestamp": 1767654904, "model": "gpt-4o-mini", "prompt_tokens": 10, "completion_tokens": 1}\n')
    served = set(re.findall(r"^# TYPE (\S+)", servers.exporter(log).metrics(), re.MULTILINE))
    assert "llm_cost_usd_total" in served
    asked = [rule["expr"] for rule in RULES]
    in_messages = [query for rule in ALERTS for text in rule["annotations"].values() for query in asked_in(text)]
    assert len(in_messages) > 10
    for query in asked + in_messages:
        assert selected(query) - served - RECORDED <= PROMETHEUS_OWN, query


def test_a_rule_that_asks_whether_it_fires_means_itself():
    """An alert that stays while it fires names its own alert and level: another one's would keep it on."""
    asking = 0
    for rule in ALERTS:
        for matchers in re.findall(r"ALERTS\{([^}]*)\}", rule["expr"]):
            level = rule["labels"]["level"]
            assert matchers == f'alertname="{rule["alert"]}", alertstate="firing", level="{level}"'
            asking += 1
    assert asking


def test_every_recorded_series_is_of_use_under_its_name():
    """level:metric:operations, and no name records two things (but for the labels that tell them apart)."""
    for name in RECORDED:
        assert re.fullmatch(r"[a-z]+:[a-z0-9_]+:[a-z0-9_]+", name), name
        labels = [tuple(sorted(rule.get("labels", {}).items())) for rule in RULES if rule.get("record") == name]
        assert len(set(labels)) == len(labels), name


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["name"])
def test_a_group_is_evaluated_within_the_lookback(group):
    """A minute at the most: a rule's result is gone five minutes after it. Pages have theirs each 15 s."""
    assert 0 < parse_duration(group["interval"]) <= 60
    if any(rule.get("alert", "").startswith("LlmCostSpendRate") for rule in group["rules"]):
        assert group["interval"] == "15s"
        assert all("for" not in rule for rule in group["rules"])


def test_a_summary_stands_still_and_a_description_gives_the_figure():
    """Summaries are one sentence without templates, alike in all severities of an alert; severities are the three that routes know."""
    summaries: dict[str, set[str]] = {}
    for rule in ALERTS:
        texts = rule["annotations"]
        assert set(texts) - FIGURES == {"summary", "description", "runbook_url", "dashboard_url"}
        assert re.fullmatch(r"[A-Z][^{}]*\.|[A-Z][^{}]*: [^{}]*\.", texts["summary"]), texts["summary"]
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert "\n" not in texts["description"]
        summaries.setdefault(rule["alert"], set()).add(texts["summary"])
    assert all(len(texts) == 1 for texts in summaries.values())


def test_alerts_about_dollars_have_their_figures_and_no_others():
    """Titles of messages go by `figure`: each alert of a budget or a spend rate has it, and of the pipeline none has any."""
    for rule in ALERTS:
        told = FIGURES & set(rule["annotations"])
        if rule["alert"].startswith("LlmCostBudget"):
            assert told >= {"figure", "top", "left"}, rule["alert"]
        elif rule["alert"].startswith("LlmCostSpendRate"):
            assert told == {"figure", "limit", "top"}, rule["alert"]
        else:
            assert not told, rule["alert"]


def test_one_condition_at_two_severities_is_one_name():
    """No name says its severity, and no two rules give an alert the same labels."""
    for rule in ALERTS:
        assert rule["alert"].startswith("LlmCost")
        assert not re.search("Critical|Warning|Info|Page", rule["alert"])
    told = [(rule["alert"], tuple(sorted(rule["labels"].items()))) for rule in ALERTS]
    assert len(set(told)) == len(told)


def test_each_for_that_is_not_a_minute_or_more_has_its_reason_beside_it():
    """The jsonnet says why an alert waits as it does: a comment stands above each `hold` (or argument of that kind)."""
    for path in sorted((ROOT / "rules/alerts").glob("*.libsonnet")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.fullmatch(r"\s*(?:hold=)?'\d+[mhs]',", line):
                assert lines[number - 1].lstrip().startswith("//"), f"{path.name}:{number + 1}"
