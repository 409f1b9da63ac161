"""Which alert goes to whom, by the makers' own tool (amtool), in both generations."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_cost_exporter.policy import checks
from llm_cost_exporter.policy.model import ALERTS
from tests.alertmanager.rendered import check_config, for_version, render, routed, write

DOLLARS = (
    "LlmCostBudget",
    "LlmCostBudgetForecast",
    "LlmCostBudgetBurnRate",
    "LlmCostSpendRateMinute",
    "LlmCostSpendRateHour",
)
PIPELINE = tuple(name for name in ALERTS if name not in (*DOLLARS, "LlmCostWatchdog"))

DEFAULT = "alertmanager:\n  cooldown: 5m\n"

TEAMS = """
alertmanager:
  teams:
    search:
      slack: {channel: "#search"}
      email: {to: search@example.com}
      pagerduty: {routing_key_file: /s/search-pagerduty}
    shop: {slack: {url_file: /s/shop-slack}}
    data: {email: {to: data@example.com}, channels: {warning: [email], info: [email]}}
    platform: {slack: {channel: "#platform"}}
  platform: platform
"""

PAGE = "llm-cost/pagerduty,llm-cost/slack"
WARN = "llm-cost/slack,llm-cost/email"
WARN_ONCE = "llm-cost/slack-once,llm-cost/email-once"


def alert(name: str, severity: str = "", team: str = "", **more: str) -> dict[str, str]:
    """The labels of an alert."""
    labels = {"alertname": name, "severity": severity, "team": team, **more}
    return {label: value for label, value in labels.items() if value}


def budget(level: str, team: str = "", name: str = "LlmCostBudget") -> dict[str, str]:
    """The labels of an alert of a budget."""
    severity = "critical" if level == "emergency" else level
    return alert(name, severity, team, budget="b", period="day", level=level)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory):
    """By policy and generation an alertmanager.yml, rendered once."""
    made: dict[tuple[str, str], Path] = {}

    def file(text: str, generation: str) -> Path:
        if (text, generation) not in made:
            made[text, generation] = write(for_version(text, generation), tmp_path_factory.mktemp("routes"))
        return made[text, generation]

    return file


def test_each_generation_takes_its_file(files, generation: str):
    """With teams or without, amtool finds nothing wrong, and the templates."""
    for text in (DEFAULT, TEAMS):
        assert "1 templates" in check_config(files(text, generation), generation)


# Labels, and the receivers without teams; with teams where it differs.
CASES = [
    (budget("info"), "llm-cost/slack-once", ""),
    (budget("warning"), WARN_ONCE, ""),
    (budget("critical"), PAGE, ""),
    (budget("emergency"), PAGE, ""),
    (budget("warning", name="LlmCostBudgetForecast"), WARN, ""),
    (budget("critical", name="LlmCostBudgetForecast"), PAGE, ""),
    (budget("info", name="LlmCostBudgetBurnRate"), "llm-cost/slack", ""),
    (alert("LlmCostSpendRateMinute", "critical", model="m"), PAGE, ""),
    (alert("LlmCostSpendRateMinute", "warning", model="m"), WARN, ""),
    (alert("LlmCostSpendRateHour", "info", model="m"), "llm-cost/slack", ""),
    (alert("LlmCostWatchdog", "info"), "llm-cost/deadman", ""),
    (alert("LlmCostWatchdog", "critical", "search"), "llm-cost/deadman", ""),
    *((alert(name, "critical"), PAGE, "llm-cost/pagerduty,platform/slack") for name in PIPELINE),
    *((alert(name, "warning"), WARN, "platform/slack,llm-cost/email") for name in PIPELINE),
    *((alert(name, "info"), "llm-cost/slack", "platform/slack") for name in PIPELINE),
    # A team: its own channels, and the default's where it has none.
    (budget("info", "search"), "llm-cost/slack-once", "search/slack-once"),
    (budget("warning", "search"), WARN_ONCE, "search/slack-once,search/email-once"),
    (budget("critical", "search"), PAGE, "search/pagerduty,search/slack"),
    (budget("emergency", "search"), PAGE, "search/pagerduty,search/slack"),
    (budget("warning", "shop", "LlmCostBudgetForecast"), WARN, "shop/slack,llm-cost/email"),
    (budget("critical", "shop"), PAGE, "llm-cost/pagerduty,shop/slack"),
    (budget("critical", "data"), PAGE, ""),
    (budget("warning", "data"), WARN_ONCE, "data/email-once"),
    (budget("info", "data"), "llm-cost/slack-once", "data/email-once"),
    (alert("LlmCostSpendRateHour", "warning", "search"), WARN, "search/slack,search/email"),
    # The pipeline is the platform team's whatever `team` a target has.
    (alert("LlmCostExporterDown", "critical", "search"), PAGE, "llm-cost/pagerduty,platform/slack"),
    # No such team, or another by its case.
    (budget("critical", "nobody"), PAGE, ""),
    (budget("critical", "Search"), PAGE, ""),
    (budget("critical", "search2"), PAGE, ""),
    # What has no severity, or one of somebody's own.
    (alert("LlmCostBudget"), "llm-cost/slack", ""),
    (alert("LlmCostBudget", "page", "search"), "llm-cost/slack", "search/slack"),
    (alert("LlmCostSaveFailing", "page"), "llm-cost/slack", "platform/slack"),
    # What is none of ours reaches somebody all the same.
    (alert("InstanceDown", "critical"), "llm-cost/slack", ""),
    (alert("NotLlmCostBudget", "critical", "search"), "llm-cost/slack", ""),
    ({}, "llm-cost/slack", ""),
]


def test_the_default_tree(files, generation: str):
    """Critical pages and is on Slack, warnings are on Slack and in the mail, info on Slack, the watchdog at the dead man's switch."""
    default, old = files(DEFAULT, generation), generation == "old"
    for labels, receivers, _ in CASES:
        assert routed(default, generation, labels) == receivers, labels
    watchdog = [
        one for one in render(for_version(DEFAULT, generation))["receivers"] if one["name"] == "llm-cost/deadman"
    ]
    assert watchdog == ([{"name": "llm-cost/deadman"}] if old else [{"name": "llm-cost/deadman", "webhook_configs": [
        {"send_resolved": False, "url_file": "/etc/alertmanager/secrets/deadman-url", "max_alerts": 1}
    ]}])  # fmt: skip


def test_teams(files, generation: str):
    """A team's alerts go to its own channels and for the rest to the default's; the pipeline is the platform team's."""
    teams = files(TEAMS, generation)
    for labels, without, with_teams in CASES:
        assert routed(teams, generation, labels) == (with_teams or without), labels


def test_an_emergency_may_have_channels_of_its_own(files, generation: str):
    """It alone goes there, for a team too, and what is critical goes where it went."""
    text = """
alertmanager:
  teams:
    search: {slack: {channel: "#search"}, channels: {emergency: [slack]}}
  channels: {emergency: [pagerduty, slack, email]}
"""
    file = files(text, generation)
    assert routed(file, generation, budget("emergency")) == f"{PAGE},llm-cost/email"
    assert routed(file, generation, budget("critical")) == PAGE
    assert routed(file, generation, alert("LlmCostExporterDown", "critical")) == PAGE
    assert routed(file, generation, budget("emergency", "search")) == "search/slack"
    assert routed(file, generation, budget("critical", "search")) == "llm-cost/pagerduty,search/slack"


def test_a_severity_whose_channels_are_not_there_goes_to_what_there_is(files, generation: str):
    """Nothing is dropped: without PagerDuty pages are on Slack, without Slack info is in the mail."""
    slack = files("alertmanager:\n  slack: {url_file: /s/slack}\n", generation)
    mail = "alertmanager:\n  email: {to: a@example.com, from: b@example.com, smarthost: 'mail:25'}\n"
    key = "alertmanager:\n  pagerduty: {routing_key_file: /s/key}\n"
    for severity in ("critical", "warning", "info"):
        labels = alert("LlmCostSpendRateHour", severity)
        assert routed(slack, generation, labels) == "llm-cost/slack"
        assert routed(files(mail, generation), generation, labels) == "llm-cost/email"
        assert routed(files(key, generation), generation, labels) == "llm-cost/pagerduty"


def test_a_route_for_an_alertmanager_that_is_there(generation: str, tmp_path: Path):
    """The one route for LlmCost alerts works below any other root, whatever that hands down; the rest stays the others'."""
    ours = render(for_version(TEAMS, generation))
    (route,) = ours["route"]["routes"]
    theirs = {
        "receiver": "theirs",
        "group_by": ["..."],
        "group_wait": "7m",
        "group_interval": "8m",
        "repeat_interval": "9h",
    }
    whole = {
        **ours,
        "route": {**theirs, "routes": [route, {"matchers": ['severity="critical"'], "receiver": "their-pager"}]},
        "receivers": [*ours["receivers"], {"name": "theirs"}, {"name": "their-pager"}],
    }
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(whole))
    check_config(file, generation)
    for labels, without, with_teams in CASES:
        if labels.get("alertname", "").startswith("LlmCost"):
            assert routed(file, generation, labels) == (with_teams or without), labels
    assert routed(file, generation, alert("InstanceDown", "critical")) == "their-pager"
    assert routed(file, generation, {}) == "theirs"
    assert {"group_by", "group_wait", "group_interval", "repeat_interval", "receiver"} <= set(route)


def test_a_longer_memory_keeps_incidents_of_a_month(generation: str, tmp_path: Path):
    """Half of what Alertmanager remembers is written in a form that both generations read."""
    text = for_version("alertmanager:\n  data_retention: 800h\n", generation)
    check_config(write(text, tmp_path), generation)
    (ours,) = render(text)["route"]["routes"]
    (pager, _) = ours["routes"][1]["routes"]
    assert pager["routes"][0]["repeat_interval"] == "16d16h"


NAMES = [
    'we"ird', "back\\slash", 'both\\"', "end\\", "a,b", "{a}", "a=b", "a=~b", "a.*", "(", "[a", "a|search", "^search$", "'a'",
    "ทีม ค้นหา", "équipe", "日本 🙂", "שלום", "#", "- a", "a: b", "@", "a/slack", "llm-cost/slack", "null", "true", "0x1", "a{{ b }}", "%s %d", "$1", "..", "~",
]  # fmt: skip


def test_names_with_characters_that_mean_something(files, generation: str):
    """A team is found by its exact name in both parsers, old and new, and by nothing else."""
    teams = "".join(f"    {_yaml(name)}: {{slack: {{url_file: /s/{number}}}}}\n" for number, name in enumerate(NAMES))
    file = files(f"alertmanager:\n  teams:\n    search: {{slack: {{url_file: /s/s}}}}\n{teams}", generation)
    said = check_config(file, generation)
    assert "disagreement" not in said
    assert "incompatible" not in said
    for name in NAMES:
        assert routed(file, generation, budget("info", name)) == f"{name}/slack-once"
    for name in ("weird", "backslash", "axb", "aa", "search$", "a.b", "b"):
        assert routed(file, generation, budget("info", name)) == "llm-cost/slack-once"


def _is_name(text: str) -> bool:
    try:
        return checks.name(text) == text
    except ValueError:
        return False


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(min_size=1, max_size=20).filter(_is_name), min_size=4, max_size=12, unique=True))
def test_any_name_that_a_policy_may_have(tmp_path: Path, generation: str, names: list[str]):
    """Whatever texts are teams' names, the alerts of each find its own receivers."""
    teams = "".join(f"    {_yaml(name)}: {{slack: {{url_file: /s/a}}}}\n" for name in names)
    file = write(for_version(f"alertmanager:\n  teams:\n{teams}", generation), tmp_path)
    for name in names:
        assert routed(file, generation, budget("info", name)) == f"{name}/slack-once"


def _yaml(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
