"""The rule pack's promtool tests (rules/tests/*.test.yml): they pass on both generations, and no alert goes untested.

What a test of an alert shows stands at the beginning of its name:

    fires: LlmCostX …               it fires with these labels and annotations
    silent: LlmCostX …              close by it doesn't
    fires, resolves: LlmCostX …     it fires, and then no more
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_cost_exporter.config.units import parse_duration
from tests.processes import ROOT

RULES = ROOT / "rules" / "prometheus"
FILES = sorted((ROOT / "rules" / "tests").glob("*.test.yml"))
NAME = re.compile(r"(fires|silent|fires, resolves): (LlmCost\w+)\b.+")

# It always fires, which is its purpose: it can be neither silent nor resolved.
ALWAYS = "LlmCostWatchdog"


@dataclass(frozen=True)
class Case:
    """One promtool test: what its name says it shows, and each evaluation's alerts in the order of time."""

    name: str
    shows: frozenset[str]
    alert: str
    evaluations: tuple[list[dict[str, Any]], ...]


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text())
    return data


@cache
def committed() -> list[dict[str, Any]]:
    groups = read(RULES / "llm-cost.alerts.yml")["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


@cache
def cases() -> list[Case]:
    """The tests of alerts in all files."""
    found = []
    for path in FILES:
        for test in read(path)["tests"]:
            asked = test.get("alert_rule_test", [])
            if not asked:
                continue
            named = NAME.fullmatch(test["name"])
            assert named is not None, f"{path.name}: what does {test['name']!r} show, and of which alert?"
            assert {one["alertname"] for one in asked} == {named[2]}, f"{path.name}: {test['name']} asks for another"
            in_time = sorted(asked, key=lambda one: parse_duration(one["eval_time"]))
            found.append(
                Case(
                    test["name"],
                    frozenset(named[1].split(", ")),
                    named[2],
                    tuple(one["exp_alerts"] for one in in_time),
                )
            )
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".test.yml"))
def test_rules_do_what_their_tests_say(path, promtool):
    """Each file passes with the promtool of both generations."""
    done = subprocess.run(
        [promtool, "test", "rules", path.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".test.yml"))
def test_tests_load_what_users_load_in_one_order(path):
    """Each file loads the committed rules, and names all their groups in order: else promtool evaluates them in any."""
    data = read(path)
    loaded = [(path.parent / name).resolve() for name in data["rule_files"]]
    assert loaded, path
    assert set(loaded) <= {RULES / "llm-cost.rules.yml", RULES / "llm-cost.alerts.yml"}
    assert data["group_eval_order"] == [group["name"] for file in loaded for group in read(file)["groups"]]


def test_names_say_what_the_tests_show():
    """A test that is named «fires» expects alerts, one named «silent» none, one named «resolves» none in the end."""
    for case in cases():
        if "fires" in case.shows:
            assert any(case.evaluations), f"{case.name}: expects no alert"
        if "silent" in case.shows:
            assert not any(case.evaluations), f"{case.name}: expects an alert"
        if "resolves" in case.shows:
            assert not case.evaluations[-1], f"{case.name}: still fires in the end"


@pytest.mark.parametrize("alert", sorted({rule["alert"] for rule in committed()}))
def test_every_alert_fires_is_silent_close_by_and_resolves(alert):
    """For each alert of the committed rules there is a test of all three."""
    shown = frozenset[str]().union(*(case.shows for case in cases() if case.alert == alert))
    assert shown == ({"fires"} if alert == ALWAYS else {"fires", "silent", "resolves"})


@pytest.mark.parametrize(
    "rule",
    committed(),
    ids=lambda rule: "-".join([rule["alert"], *(rule["labels"][key] for key in sorted(rule["labels"]))]),
)
def test_every_severity_is_seen_with_its_annotations(rule):
    """For each alerting rule, severity by severity and level by level, a test shows the message as people get it."""
    fixed = rule["labels"].items()
    seen = [
        alert["exp_annotations"]
        for case in cases()
        if case.alert == rule["alert"]
        for alerts in case.evaluations
        for alert in alerts
        if fixed <= alert["exp_labels"].items()
    ]
    assert seen
    for message in seen:
        assert message.keys() == rule["annotations"].keys()
        assert not re.search(r"\{\{|<no value>|%!", " ".join(message.values()))


def test_money_in_messages_has_two_decimals():
    """Where a message names dollars spent, it does so as $1234.50; only limits that the policy sets may be round."""
    told = [
        alert["exp_annotations"]["description"] for case in cases() for alerts in case.evaluations for alert in alerts
    ]
    for text in told:
        for amount in re.findall(r"\$\S*\d", text.replace("more than $", "more than ")):
            assert re.fullmatch(r"\$\d+\.\d\d", amount), text
