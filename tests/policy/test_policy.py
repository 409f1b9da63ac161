"""A policy with a mistake is one clear line, exit status 2, and nothing written; a right one is completed with the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from llm_cost_exporter import policy
from llm_cost_exporter.commands.render import command
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.policy.model import ALERTS, Policy
from tests.processes import ROOT


def load(tmp_path: Path, text: str):
    file = tmp_path / "policy.yml"
    file.write_text(text)
    return policy.load(file)


@pytest.mark.parametrize(
    "text, says",
    [
        ("budget: []", "budget: unknown key; did you mean 'budgets'?"),
        ("levels: {warn: 0.5}", "levels.warn: unknown key; did you mean 'warning'?"),
        ("budgets: [{name: a, monthly: 5}]", "budgets[0].monthly: unknown key; did you mean 'monthly_usd'?"),
        ("budgets: {name: a}", "budgets: must be a list"),
        ("budgets: []", "budgets: is empty"),
        ("budgets: [{monthly_usd: 5}]", "budgets[0].name: is missing"),
        ("budgets: [{name: a}]", "budgets[0]: 'a' has no limit; daily_usd, monthly_usd or both"),
        ("budgets: [{name: a, daily_usd: many}]", "budgets[0].daily_usd: a number from 0.01"),
        ("budgets: [{name: a, daily_usd: '5'}]", "budgets[0].daily_usd: a number from 0.01"),
        ("budgets: [{name: a, daily_usd: true}]", "budgets[0].daily_usd: a number from 0.01"),
        ("budgets: [{name: a, daily_usd: -5}]", "budgets[0].daily_usd: a number from 0.01"),
        ("budgets: [{name: a, daily_usd: 0}]", "budgets[0].daily_usd: a number from 0.01"),
        ("budgets: [{name: a, daily_usd: 0.5}]", "budgets[0].daily_usd: 0.5 is below minimum_usd, 1"),
        ("budgets: [{name: 7, daily_usd: 5}]", "budgets[0].name: must be text"),
        ("budgets: [{name: ' ', daily_usd: 5}]", "budgets[0].name: a short name"),
        (
            "budgets: [{name: a, daily_usd: 5}, {name: a, daily_usd: 6}]",
            "budgets[1].name: 'a' is the name of budgets[0] too",
        ),
        ("budgets: [{name: a, daily_usd: 5, match: 'team=x'}]", "budgets[0].match: must be a mapping"),
        ("budgets: [{name: a, daily_usd: 5, match: {'my-team': x}}]", "budgets[0].match.my-team: is no label"),
        ("budgets: [{name: a, daily_usd: 5, match: {__name__: x}}]", "budgets[0].match.__name__: is no label"),
        ("budgets: [{name: a, daily_usd: 5, match: {team: '=~(a'}}]", "budgets[0].match.team: '(a' is no regular"),
        (
            "budgets: [{name: a, daily_usd: 5, match: {team: '=~(?!x)a'}}]",
            "budgets[0].match.team: '(?!x)a' is no regular",
        ),
        (
            "budgets: [{name: a, daily_usd: 5, match: {team: '~a'}}]",
            "budgets[0].match.team: '~a' begins with no operator",
        ),
        ("budgets: [{name: a, daily_usd: 5, match: {team: 5}}]", "budgets[0].match.team: is no matcher"),
        ("budgets: [{name: a, daily_usd: 5, match: {team: []}}]", "budgets[0].match.team: is no list of texts"),
        ("budgets: [{name: a, daily_usd: 5, match: {instance: x}}]", "budgets[0].match.instance: instance says which"),
        ("budgets: [{name: a, daily_usd: 5, match: {date: x}}]", "budgets[0].match.date: date has a meaning"),
        ("budgets: [{name: a, daily_usd: 5, levels: {critical: 0.7}}]", "budgets[0].levels.critical: 0.7 is not above"),
        (r"budgets: [{name: a, daily_usd: 5, match: {team: '=~\u0041'}}]", "is no regular expression"),
        ("budgets: [{name: a, daily_usd: 5, match: {team: '=~a{1001}'}}]", "is no regular expression"),
        ("budgets: [{name: a, daily_usd: 5, match: {team: '=~(?<n>a)'}}]", "not every Prometheus takes"),
        ("budgets: [{name: a, daily_usd: 5, match: {Inf: x}}]", "budgets[0].match.Inf: Inf has a meaning"),
        ("grouping_labels: [model, without]", "grouping_labels[1]: without has a meaning"),
        (
            "budgets: [{name: a, daily_usd: 5}, {name: A, daily_usd: 6}]",
            "budgets[1].name: 'A' is the name of budgets[0]",
        ),
        ("budgets: [{name: 'a ', daily_usd: 5}]", "budgets[0].name: a short name without spaces"),
        ("minimum_usd: 20", "spend_rate.minute.warning: 10 is below minimum_usd, 20"),
        ("levels: {info: 0.8}", "levels.warning: 0.75 is not above info, 0.8"),
        (
            "levels: {info: 50, warning: 75, critical: 90, emergency: 98}",
            "levels.info: is a share, of which 1 is the whole budget: 0.5 would be 50 %",
        ),
        (
            "budgets: [{name: a, daily_usd: 5, levels: {emergency: 98}}]",
            "budgets[0].levels.emergency: is a share, of which 1 is the whole budget: 0.98",
        ),
        (
            "budgets: [{name: a, daily_usd: 5, match: {app: [shop, '=~cart-.*']}}]",
            "budgets[0].match.app: '=~cart-.*' in a list would be taken as it is written",
        ),
        ("budgets: [{name: a, daily_usd: 5, match: {app: ['!=x']}}]", "budgets[0].match.app: '!=x' in a list would be"),
        ("levels: {info: half}", "levels.info: a number from"),
        ("levels: [0.5]", "levels: must be a mapping"),
        ("spend_rate: {minute: {warning: 50}}", "spend_rate.minute: warning (50) is not below critical (50)"),
        ("spend_rate: {second: {warning: 50}}", "spend_rate.second: unknown key; by, minute or hour would be right"),
        ("spend_rate: {by: []}", "spend_rate.by: is empty"),
        ("spend_rate: {by: [pod]}", "spend_rate.by[0]: pod says which sidecar"),
        ("grouping_labels: [model, model]", "grouping_labels: model stands twice"),
        ("grouping_labels: model", "grouping_labels: must be a list"),
        ("scrape_interval: 15", "scrape_interval: 15 has no unit"),
        ("scrape_interval: 1500ms", "scrape_interval: has a part of a second"),
        ("scrape_interval: 2h", "scrape_interval: from 1s to 2m"),
        ("timezone: Mars/Olympus", "timezone:"),
        ("selectors: {targets: {}}", "selectors.targets: is empty"),
        ("selectors: {metrics: {a b: x}}", "selectors.metrics.a b: is no label"),
        ("burn_rate: [{severity: critical, factor: 2, long: 5m, short: 5m}]", "burn_rate[0].short: 5m is not shorter"),
        ("burn_rate: [{severity: page, factor: 2, long: 1h, short: 5m}]", "burn_rate[0].severity: 'page' is not known"),
        (
            "alerts: {LlmCostBudgets: {enabled: false}}",
            "alerts.LlmCostBudgets: is not known; did you mean 'LlmCostBudget'?",
        ),
        ("alerts: {LlmCostBudget: {severity: page}}", "alerts.LlmCostBudget.severity: 'page' is no severity"),
        ("alerts: {LlmCostBudget: {enabled: 'no'}}", "alerts.LlmCostBudget.enabled: must be true or false"),
        ("alerts: {LlmCostBudget: off}", "alerts.LlmCostBudget: must be a mapping"),
        ("links: {runbooks: wiki}", "links.runbooks: is no URL"),
        ("minimum_usd: 1e400", "minimum_usd: a number from 0"),
        ("minimum_usd: -1", "minimum_usd: a number from 0"),
        ("catalogue_stale_after: 90", "catalogue_stale_after: 90 has no unit"),
        ("reading_behind: {for: 15}", "reading_behind.for: 15 has no unit"),
        ("[]", "must be a mapping"),
        ("levels: {info: 0.5", "line 1"),
        ("levels: {info: 0.5, info: 0.6}", "stands twice"),
        ("nonsense:", "nonsense: unknown key"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(tmp_path: Path, text: str, says: str):
    """The line names the file, the key and what would be right; the exit status is 2 and the folder stays empty."""
    file, out = tmp_path / "policy.yml", tmp_path / "out"
    file.write_text(text)
    with pytest.raises(ConfigError) as bad:
        CliRunner().invoke(command, [str(file), "--out", str(out)], catch_exceptions=False)
    assert says in str(bad.value)
    assert str(bad.value).startswith(f"{file}: ")
    assert "\n" not in str(bad.value)
    assert bad.value.exit_status == 2
    assert not out.exists()


def test_a_missing_policy_is_one_line(tmp_path: Path):
    """A file that is not there is said as such."""
    with pytest.raises(ConfigError, match="no such file"):
        policy.load(tmp_path / "policy.yml")


@pytest.mark.parametrize("text", ["", "# nothing\n", "levels:\n", "alerts: {}\n"])
def test_an_empty_policy_is_the_defaults(tmp_path: Path, text: str):
    """A file with comments alone, or sections that are empty, says nothing."""
    assert load(tmp_path, text) == policy.defaults()


def test_the_example_shows_every_key_with_its_default(tmp_path: Path):
    """policy.example.yml as it is means the defaults, and names every key that there is."""
    text = (ROOT / "policy.example.yml").read_text()
    assert load(tmp_path, text) == policy.defaults()
    given = yaml.safe_load(text)
    assert set(given) | {"timezone"} == set(Policy.model_fields)
    for key in ("team", "levels", "match", "daily_usd", "monthly_usd", "timezone", "enabled", "severity"):
        assert f"{key}:" in text


def test_what_is_given_beats_the_default_key_by_key(tmp_path: Path):
    """The rest of a section stays; budgets, burn rates and selectors are replaced as a whole."""
    complete = load(
        tmp_path,
        "{levels: {info: 0.6, emergency: null}, spend_rate: {hour: {critical: 900}}, selectors: {targets: {app: cost}}, "
        "budgets: [{name: search, match: {team: search}, monthly_usd: 300, team: search}], scrape_interval: 90s}",
    )
    assert complete["levels"] == {"info": 0.6, "warning": 0.75, "critical": 0.9, "emergency": None}
    assert complete["spend_rate"]["hour"] == {"warning": 100, "critical": 900}
    assert complete["spend_rate"]["minute"] == {"warning": 10, "critical": 50}
    assert complete["selectors"] == {"metrics": {}, "targets": {"app": "cost"}}
    assert [budget["name"] for budget in complete["budgets"]] == ["search"]
    assert complete["scrape_interval"] == "1m30s"


def test_the_alerts_that_a_policy_may_name_are_those_of_the_rules():
    """Every alert can be turned off by its name, and there are no other names."""
    rules = yaml.safe_load((ROOT / "rules/prometheus/llm-cost.alerts.yml").read_text())
    names = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    # This one speaks of labels that budgets match on, too; the default budget needs none.
    assert names == set(ALERTS)
