"""Every query of every dashboard, asked of real Prometheus servers."""

from __future__ import annotations

import pytest

from tests.grafana import boards, scene
from tests.servers import PromServer, Sample

DASHBOARDS = boards.load()

# One value for each variable: of an app that has failures, cached tokens and calls without usage in the scene.
ONE = {
    "job": "llm-cost-exporter",
    "instance": r"10\\.1\\.0\\.7:9478",
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "app": "support-chat",
    "team": "support",
    "budget": "support",
}

RIGHTLY_EMPTY: dict[tuple[str, str, str], str] = {
    ("llm-cost-models", "Input from the cache by model", "A"): "the model that costs most, the agent's, caches nothing",
    ("llm-cost-models", "What the cache saves, dollars an hour", "A"): "the same",
    (
        "llm-cost-models",
        "Prices in force, dollars a million tokens",
        "F",
    ): "no model of the scene prices reasoning apart",
}
"""Queries that give nothing though all is chosen, by dashboard, panel and letter: and why that is right."""

EMPTY_FOR_ONE: dict[tuple[str, str], str] = {
    ("llm-cost-models", "Use without a price"): "the model chosen has a price",
}
"""Panels that are empty where one value of each variable is chosen."""


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_gives_data(name, generation, lived):
    """All queries of a dashboard are answered, and with data, but for those that are rightly empty.

    Those of a further rank (the fourth app) may be: the scene has no more. The first rank may not.
    """
    asked = boards.queries(DASHBOARDS[name], boards.all_values(DASHBOARDS[name]))
    empty = {
        (name, query.panel, query.letter)
        for query in asked
        if not _answer(lived[generation], query) and not ("topk(" in query.expr and query.letter > "A")
    }
    assert empty == {key for key in RIGHTLY_EMPTY if key[0] == name}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_has_data_for_one_value(name, generation, lived):
    """Where each variable is set to one value all queries are answered, and each panel has data."""
    asked = list(boards.queries(DASHBOARDS[name], ONE))
    filled = {(name, query.panel) for query in asked if _answer(lived[generation], query)}
    empty = {(name, query.panel) for query in asked} - filled
    assert empty == {key for key in EMPTY_FOR_ONE if key[0] == name}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_variable_has_values(name, generation, lived):
    """Each variable that is asked of Prometheus has values there, and one of them is that of the test above."""
    dashboard = DASHBOARDS[name]
    for variable, selector, label in boards.variable_queries(dashboard, boards.all_values(dashboard)):
        parameters = {"match[]": selector, "start": str(scene.ENDS - 86_400), "end": str(scene.ENDS)}
        values = lived[generation].get_json(f"/api/v1/label/{label}/values", **parameters)
        assert ONE[variable].replace("\\", "") in values, variable


def _answer(prometheus: PromServer, query: boards.Query) -> list[Sample]:
    """What Prometheus answers; fails where it refuses."""
    if query.instant:
        return prometheus.query(query.expr, scene.ENDS)
    return prometheus.query_range(query.expr, scene.ENDS - 86_400, scene.ENDS, "5m")
