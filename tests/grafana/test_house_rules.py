"""What holds for every dashboard and every panel, as committed: what no linter and no schema can see."""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from typing import Any

import promql_parser
import pytest
import yaml

from tests.grafana import boards
from tests.grafana.known_series import series
from tests.processes import ROOT

DASHBOARDS = boards.load()
PANELS = [
    pytest.param(name, panel, id=f"{name.removeprefix('llm-cost-')}-{panel['title']}".replace(" ", "-"))
    for name, dashboard in DASHBOARDS.items()
    for panel in boards.panels(dashboard)
]
CORE = {"bargauge", "heatmap", "stat", "table", "timeseries"}
GRAFANAS = {"__all", "__range", "__interval", "__rate_interval", "__value", "__url_time_range"}


def variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def texts(value: Any) -> list[str]:
    """Every text in a piece of JSON."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


def referenced(value: Any) -> set[str]:
    """The names of variables in it."""
    found = [re.findall(r"\$([A-Za-z_]\w*)|\$\{(\w+)", text) for text in texts(value)]
    return {one or other for pairs in found for one, other in pairs}


def test_there_are_five():
    """The dashboards are those that alerts and documents name."""
    assert set(DASHBOARDS) == {
        f"llm-cost-{name}" for name in ("overview", "budgets", "models", "efficiency", "exporter")
    }


@pytest.mark.parametrize("name", DASHBOARDS)
def test_it_imports_as_it_is(name):
    """Its address is its file's name; it has no id, asks for nothing at import, and is of a version that Grafana 10 knows."""
    dashboard = DASHBOARDS[name]
    assert dashboard["uid"] == name
    assert dashboard.keys().isdisjoint({"id", "__inputs", "__requires", "__elements", "iteration"})
    assert dashboard["schemaVersion"] <= 38
    assert dashboard["title"].startswith("LLM cost / ")
    assert "DO NOT EDIT" in dashboard["description"]
    assert dashboard["editable"] is False
    assert len({one["title"] for one in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_it_links_to_the_others(name):
    """All have the tag that the link to the others looks for, and the link keeps time range and variables."""
    dashboard = DASHBOARDS[name]
    (link,) = dashboard["links"]
    assert dashboard["tags"] == ["llm-cost"] == link["tags"]
    assert link["type"] == "dashboards"
    assert link["keepTime"]
    assert link["includeVars"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_variables_can_be_all_and_several(name):
    """The data source can be chosen; each other variable has All and takes several, is refreshed with the time range, and lists what exists."""
    first, *others = DASHBOARDS[name]["templating"]["list"]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    assert "job" in variables(DASHBOARDS[name])
    for variable in others:
        assert variable["includeAll"], variable["name"]
        assert variable["multi"], variable["name"]
        # `.*` takes series without the label as well; job, instance and budget are never missing.
        assert variable["allValue"] == (".+" if variable["name"] in ("job", "instance", "budget") else ".*")
        assert variable["refresh"] == 2
        assert variable["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_variables_exist_and_are_used(name):
    """Each variable that is named is defined, and each that is defined and can be chosen has an effect."""
    dashboard = DASHBOARDS[name]
    defined, named = variables(dashboard), referenced([dashboard["panels"], dashboard["annotations"]])
    in_variables = referenced(dashboard["templating"])
    assert (named | in_variables) - set(defined) <= GRAFANAS
    hidden = {variable for variable, its in defined.items() if its["hide"] == 2}
    assert set(defined) - named == hidden


@pytest.mark.parametrize("name", DASHBOARDS)
def test_labels_are_compared_as_expressions(name):
    """A variable in a query stands in a =~ matcher of its own label, alone: several values and All work."""
    for panel in boards.panels(DASHBOARDS[name]):
        for target in panel["targets"]:
            for variable in referenced(target["expr"]) - GRAFANAS:
                uses = re.findall(rf'(\w+)([=!~]+)"\${variable}"', target["expr"])
                assert set(uses) == {(variable, "=~")}, target["expr"]
                assert len(uses) == target["expr"].count(f"${variable}"), target["expr"]


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_says_what_it_is(name, panel):
    """It has a title, a unit, a word for when it is empty, and a description that tells what to do when it looks bad."""
    assert panel["type"] in CORE
    assert panel["title"]
    what, bad = panel["description"].split("\n\n")
    assert what.strip().endswith(".")
    assert bad.startswith("When it looks bad: ")
    assert "%%" not in panel["description"], "a doubled % of a text that is no format"
    assert "%(" not in panel["description"]
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["noValue"]


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_asks_the_chosen_data_source(name, panel):
    """Panel and queries name the variable, and each query has a letter of its own."""
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert panel["datasource"] == chosen
    assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])
    letters = [target["refId"] for target in panel["targets"]]
    assert letters == sorted(set(letters))
    assert letters


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_figures_are_those_of_now(name, panel):
    """A figure, a bar or a row of a table is asked for at the end of the time range, and over a time that its words can tell.

    The last value over a range would stand there long after the exporter is gone; a step is as long as the panel is narrow.
    """
    if panel["type"] not in ("stat", "bargauge", "table"):
        return
    for target in panel["targets"]:
        assert (target["instant"], target["range"]) == (True, False), f"{target['refId']} is a course"
        assert referenced(target["expr"]).isdisjoint({"__interval", "__rate_interval"}), target["expr"]
    if panel["type"] == "stat":
        assert panel["options"]["graphMode"] == "none", "an instant has no course"


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_an_override_meets_what_it_means(name, panel):
    """Overrides by letter name a query of the panel; columns of a table are renamed from queries and labels that it has."""
    letters = {target["refId"] for target in panel["targets"]}
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["id"] == "byFrameRefID":
            assert override["matcher"]["options"] in letters
    for step in panel.get("transformations", []):
        for field in step["options"].get("renameByName", {}):
            if field.startswith("Value #"):
                assert field.removeprefix("Value #") in letters


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_lie_side_by_side(name):
    """Numbers are unique; on the grid of 24 columns nothing overlaps, and no gap lies between rows of panels."""
    dashboard = DASHBOARDS[name]
    everything = dashboard["panels"] + [inner for panel in dashboard["panels"] for inner in panel.get("panels", [])]
    numbers = [panel["id"] for panel in everything]
    assert len(set(numbers)) == len(numbers)
    for together in (dashboard["panels"], *(panel.get("panels", []) for panel in dashboard["panels"])):
        places = [panel["gridPos"] for panel in together]
        for place in places:
            assert 0 <= place["x"] < place["x"] + place["w"] <= 24
            assert place["h"] > 0
        for one, other in combinations(places, 2):
            apart_across = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            apart_down = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert apart_across or apart_down, (one, other)
        tops = sorted({place["y"] for place in places})
        bottoms = {place["y"] + place["h"] for place in places}
        assert all(top in bottoms for _, top in pairwise(tops))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_first_screen_answers(name):
    """The first row are tiles or bars, and what is below a screenful of 900 pixels stands under a row with a title."""
    top = [panel for panel in DASHBOARDS[name]["panels"] if panel["gridPos"]["y"] == 0]
    assert {panel["type"] for panel in top} <= {"stat", "bargauge", "timeseries"}
    assert top[0]["type"] in ("stat", "bargauge")
    rows = [panel for panel in DASHBOARDS[name]["panels"] if panel["type"] == "row"]
    assert rows
    assert min(row["gridPos"]["y"] for row in rows) <= 22  # of 38 pixels each


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_queries_name_what_exists(name, panel):
    """Each query parses, and names only series that the exporter, the rules or Prometheus have, by labels that these have."""
    known, values = series(), boards.all_values(DASHBOARDS[name])
    for target in panel["targets"]:
        expr = boards.filled(target["expr"], values)
        seen: set[str] = set()
        labels: set[str] = set()

        def visit(node: promql_parser.Expr, labels: set[str] = labels, seen: set[str] = seen) -> None:
            if isinstance(node, promql_parser.VectorSelector):
                assert node.name in known, f"no such series: {node.name}"
                matched = {matcher.name for matcher in node.matchers.matchers}
                assert matched <= known[node.name], f"{node.name} has no {matched - known[node.name]}"
                seen.add(node.name)
                labels |= known[node.name]

        promql_parser.walk(promql_parser.parse(expr), visit)
        assert seen, expr
        made = set(re.findall(r'label_replace\(.*?, "(\w+)", ', expr)) | set(
            re.findall(r'"(\w+)", "[^"]*", "\w+", "[^"]*"\)', expr)
        )
        for names in re.findall(r"(?:by|on) \(([^)]*)\)", expr):
            assert set(re.findall(r"\w+", names)) <= labels | made, names
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            assert label in labels | made


def test_recorded_series_are_used_where_they_exist():
    """No panel computes by rate() or increase() what a rule records: dollars, calls and failures by the policy's labels.

    By kind of token, by reason and in the last hour's cache there is no recorded series.
    """
    of_rules = re.compile(
        r"(?:rate|increase)\((llm_cost_usd_total|llm_requests_total|llm_request_failures_total)\{([^}]*)\}"
    )
    for name, dashboard in DASHBOARDS.items():
        for panel in boards.panels(dashboard):
            for target in panel["targets"]:
                for metric, matchers in of_rules.findall(target["expr"]):
                    by_kind = (
                        "by (token_type)" in target["expr"]
                        or "by (reason)" in target["expr"]
                        or "reason=~" in target["expr"]
                    )
                    by_model = "app=~" not in matchers  # beside a metric that knows provider and model alone
                    assert by_kind or by_model, f"{name}, {panel['title']}: {metric}"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_alerts_are_annotations(name):
    """Where an alert of this pack fires each graph shows it, and nothing is listed of others."""
    annotations = [one for one in DASHBOARDS[name]["annotations"]["list"] if "expr" in one]
    assert [one["enable"] for one in annotations] == [True]
    assert 'alertname=~"LlmCost.*"' in annotations[0]["expr"]
    assert annotations[0]["datasource"]["uid"] == "${datasource}"


def test_links_in_tables_lead_somewhere():
    """A name in a table leads to a dashboard and a variable that exist."""
    links = [text for dashboard in DASHBOARDS.values() for text in texts(dashboard) if text.startswith("/d/")]
    assert links
    for link in links:
        found = re.match(r"/d/([\w-]+)\?var-(\w+)=\$\{__value\.text:percentencode\}&", link)
        assert found is not None, link
        assert found[2] in variables(DASHBOARDS[found[1]])


def test_alerts_link_to_dashboards_that_exist():
    """The dashboard of each alert exists, and has the variables that the link sets."""
    groups = yaml.safe_load((ROOT / "rules/prometheus/llm-cost.alerts.yml").read_text())["groups"]
    urls = {rule["annotations"]["dashboard_url"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert len(urls) > 3
    for url in urls:
        found = re.fullmatch(r"http://localhost:3000/d/([\w-]+)(?:\?(.*))?", url)
        assert found is not None, url
        assert found[1] in DASHBOARDS
        for parameter in (found[2] or "").split("&"):
            if parameter:
                assert parameter.removeprefix("var-").split("=")[0] in variables(DASHBOARDS[found[1]]), url


def test_the_files_are_stable_json():
    """Two spaces deep, in the order of jsonnet, with a newline at the end: a change is a small difference."""
    for name, dashboard in DASHBOARDS.items():
        text = (boards.FOLDER / f"{name}.json").read_text()
        assert text == json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_nothing_is_null(name):
    """A setting that isn't made is left out; null is the lowest step of thresholds and no other value."""

    def nulls(value: Any, key: str = "") -> list[str]:
        if isinstance(value, dict):
            return [found for at, one in value.items() for found in nulls(one, at)]
        if isinstance(value, list):
            return [found for one in value for found in nulls(one, key)]
        return [key] if value is None else []

    in_thresholds = set(nulls(DASHBOARDS[name]["panels"]))
    assert in_thresholds == {"value"}
    rest = {key: value for key, value in DASHBOARDS[name].items() if key != "panels"}
    assert nulls(rest) == []
