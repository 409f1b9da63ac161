"""Dashboards of other policies than the default: thresholds, labels, budgets and time zone are the policy's."""

from __future__ import annotations

from functools import cache
from typing import Any

import promql_parser
import pytest

from llm_cost_exporter import policy
from llm_cost_exporter.rendering import dashboards
from tests.grafana import boards

POLICY = """
timezone: Asia/Bangkok
scrape_interval: 30s
budgets:
  - {name: company, daily_usd: 40, monthly_usd: 900}
  - {name: 'R&D "labs" (50%)', match: {team: 'r"d', model: "=~gpt-.*"}, monthly_usd: 70, levels: {info: null, warning: 0.25}}
levels: {info: 0.11, warning: 0.22, critical: 0.33, emergency: null}
spend_rate: {minute: {warning: 1, critical: 2}, hour: {warning: 123, critical: 456}}
burn_rate: [{severity: warning, factor: 7, long: 6h, short: 30m}, {severity: warning, factor: 5, long: 1d, short: 2h}]
catalogue_stale_after: 33d
reading_behind: {bytes: 5MiB, for: 15m}
calls_without_usage_ratio: 0.07
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """From the text of a policy to its dashboards, each drawn once."""

    @cache
    def draw(text: str) -> dict[str, dict[str, Any]]:
        path = tmp_path_factory.mktemp("policy") / "policy.yml"
        path.write_text(text)
        return dashboards.boards(policy.load(path))

    return draw


def panel(dashboard: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = [one for one in boards.panels(dashboard) if one["title"] == title]
    return found


def steps(field: dict[str, Any]) -> list[float]:
    """The figures at which colours change."""
    return [step["value"] for step in field["thresholds"]["steps"][1:]]


def of(made: dict[str, dict[str, Any]], name: str, title: str) -> list[float]:
    return steps(panel(made[f"llm-cost-{name}"], title)["fieldConfig"]["defaults"])


def column(found: dict[str, Any], name: str) -> dict[str, Any]:
    (properties,) = [
        one["properties"] for one in found["fieldConfig"]["overrides"] if one["matcher"]["options"] == name
    ]
    return {one["id"]: one["value"] for one in properties}


def test_thresholds_are_the_policys(drawn):
    """Each colour changes where the policy says, and a level that it takes out is no step."""
    made = drawn(POLICY)
    levels = [0.11, 0.22, 0.33]
    assert of(made, "overview", "Budget") == levels
    assert of(made, "overview", "Against budget") == levels
    assert of(made, "budgets", "Used of each budget") == levels
    assert steps(column(panel(made["llm-cost-budgets"], "Each budget"), "Used")) == levels
    assert of(made, "budgets", "Days of the month: company") == pytest.approx([4.4, 8.8, 13.2])
    assert of(made, "budgets", "Months: company") == pytest.approx([99, 198, 297])
    assert of(made, "overview", "Dollars of the last hour") == [123, 456]
    assert of(made, "budgets", "Burn rate of monthly budgets") == [5]
    assert of(made, "exporter", "Unread") == [5 * 1024**2]
    assert of(made, "exporter", "Prices") == [33 * 86_400]
    assert of(made, "exporter", "Time of a scrape") == [30]
    assert of(made, "models", "Calls without usage, share of all") == [0.07]


def test_a_budget_has_levels_of_its_own(drawn):
    """Bars of a budget with levels of its own change colour at these."""
    made = drawn(POLICY)
    for name, title in (("overview", "Against budget"), ("budgets", "Used of each budget")):
        assert steps(column(panel(made[f"llm-cost-{name}"], title), 'R&D "labs" (50%), month')) == [0.25, 0.33]
    assert of(made, "budgets", 'Months: R&D "labs" (50%)') == pytest.approx([0.25 * 70, 0.33 * 70])


def test_a_budget_counts_what_it_matches(drawn):
    """Its days and months are those of its own matchers, whatever characters are in them."""
    budgets = drawn(POLICY)["llm-cost-budgets"]
    days = panel(budgets, 'Days of the month: R&D "labs" (50%)')["targets"][0]["expr"]
    assert 'date:llm_cost_usd:sum{zone="Asia/Bangkok", model=~"gpt-.*", team="r\\"d"}' in days
    course = panel(budgets, 'Spent this month: R&D "labs" (50%)')["targets"][0]["expr"]
    assert 'budget="R&D \\"labs\\" (50%)"' in course
    titles = {one["title"] for one in boards.panels(budgets)}
    assert 'Spent this day: R&D "labs" (50%)' not in titles, "it has no limit a day"


def test_days_are_those_of_the_policys_zone(drawn):
    """The dashboards show time in the zone of the policy, and only that zone's money; without one, in the browser's."""
    made = drawn(POLICY)
    assert {dashboard["timezone"] for dashboard in made.values()} == {"Asia/Bangkok"}
    assert 'zone="Asia/Bangkok"' in panel(made["llm-cost-overview"], "Today")["targets"][0]["expr"]
    default = drawn("")
    assert {dashboard["timezone"] for dashboard in default.values()} == {"browser"}
    assert "zone" not in panel(default["llm-cost-overview"], "Today")["targets"][0]["expr"]


@pytest.mark.parametrize(
    "text",
    [
        POLICY,
        "grouping_labels: [app]",
        "grouping_labels: [provider]\nspend_rate: {by: [provider, app]}",
        "budgets: [{name: heavy, match: {user: ['a', 'b|c']}, daily_usd: 5}]",
        "selectors: {metrics: {cluster: prod}, targets: {job: '=~llm-.*'}}",
        "levels: {info: null, warning: null, critical: null}\nburn_rate: []\nspend_rate: {minute: {warning: null, critical: null}, hour: {warning: null, critical: null}}",
        "budgets:\n" + "".join(f"  - {{name: b{number}, daily_usd: 10, monthly_usd: 100}}\n" for number in range(40)),
    ],
    ids=[
        "all keys",
        "one label",
        "provider alone",
        "user",
        "selectors",
        "no thresholds",
        "forty budgets",
    ],
)
def test_every_policy_gives_whole_dashboards(drawn, text):
    """Each query parses, has a variable for each that it names, and a ConfigMap holds the dashboard."""
    made = drawn(text)
    assert len(made) == 5
    for name, dashboard in made.items():
        values = boards.all_values(dashboard)
        for one in boards.queries(dashboard, values):
            promql_parser.parse(one.expr)
        titles = [one["title"] for one in boards.panels(dashboard)]
        assert len(set(titles)) == len(titles), name
        numbers = [one["id"] for one in boards.panels(dashboard)]
        assert len(set(numbers)) == len(numbers), name
    parts = dashboards.config_maps(made).split("---\n")
    assert len(parts) == 5
    assert max(len(part.encode()) for part in parts) < 1024**2


def test_labels_of_the_policy_are_variables(drawn):
    """There is a variable, a graph and a column for each label that dollars are told apart by, and for no other."""
    made = drawn(
        "grouping_labels: [provider, model, user]\nbudgets: [{name: all, match: {env_name: prod}, daily_usd: 5}]"
    )
    overview = made["llm-cost-overview"]
    names = [variable["name"] for variable in overview["templating"]["list"]]
    assert names == ["datasource", "job", "provider", "model", "user", "env_name"]
    titles = {one["title"] for one in boards.panels(overview)}
    assert {f"Dollars an hour by {label}" for label in names[2:]} <= titles
    assert "Dollars an hour by app" not in titles
    histogram = panel(made["llm-cost-models"], "Latency")["targets"][0]["expr"]
    assert "user" not in histogram, "histograms have no such label"
