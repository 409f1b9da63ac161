"""Mistakes that are easily made in a dashboard's JSON, each planted by a function in a small dashboard of ours.

`STRICT` are those that Grafana's types tell, `DRAWN` those that show only when it is drawn.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

__all__ = ["DRAWN", "STRICT", "small"]

Dashboard = dict[str, Any]
Planted = Callable[[Dashboard], None]


def small(dashboard: Dashboard) -> Dashboard:
    """The first panel of each kind of `dashboard`, beside each other."""
    made = copy.deepcopy(dashboard)
    found = [one for panel in made["panels"] for one in [panel, *panel.get("panels", [])] if one["type"] != "row"]
    made["panels"] = [
        next(panel for panel in found if panel["type"] == kind) for kind in ("stat", "timeseries", "table")
    ]
    for index, panel in enumerate(made["panels"]):
        panel["gridPos"] = {"x": 8 * index, "y": 0, "w": 8, "h": 8}
    return made


def _stat(dashboard: Dashboard) -> dict[str, Any]:
    panel: dict[str, Any] = dashboard["panels"][0]
    return panel


def _series(dashboard: Dashboard) -> dict[str, Any]:
    panel: dict[str, Any] = dashboard["panels"][1]
    return panel


def _table(dashboard: Dashboard) -> dict[str, Any]:
    panel: dict[str, Any] = dashboard["panels"][2]
    return panel


def _renamed(where: dict[str, Any], key: str, other: str) -> None:
    where[other] = where.pop(key)


def _override(property_id: str, matcher: str = "byName") -> dict[str, Any]:
    return {"matcher": {"id": matcher, "options": "a"}, "properties": [{"id": property_id, "value": "red"}]}


STRICT: dict[str, Planted] = {
    "a kind of panel that there is not": lambda d: _series(d).update(type="timeserie"),
    "an option misspelt": lambda d: _renamed(_stat(d)["options"], "colorMode", "colourMode"),
    "an option of a wrong value": lambda d: _stat(d)["options"].update(graphMode="areaa"),
    "an option of a wrong type": lambda d: _series(d)["options"]["legend"].update(showLegend="yes"),
    "a field option misspelt": lambda d: _renamed(
        _series(d)["fieldConfig"]["defaults"]["custom"], "lineWidth", "linewidth"
    ),
    "a field option of a wrong value": lambda d: _series(d)["fieldConfig"]["defaults"]["custom"].update(
        lineInterpolation="smoth"
    ),
    "a colour mode that there is not": lambda d: _stat(d)["fieldConfig"]["defaults"].update(color={"mode": "treshold"}),
    "decimals as text": lambda d: _stat(d)["fieldConfig"]["defaults"].update(decimals="2"),
    "thresholds without a mode": lambda d: _stat(d)["fieldConfig"]["defaults"].update(thresholds={"steps": []}),
    "a panel's key misspelt": lambda d: _renamed(_stat(d), "title", "titel"),
    "a panel without a description": lambda d: _stat(d).pop("description"),
    "a panel without a place": lambda d: _stat(d).pop("gridPos"),
    "a place as text": lambda d: _stat(d)["gridPos"].update(h="5"),
    "a query's key misspelt": lambda d: _renamed(_series(d)["targets"][0], "expr", "exp"),
    "a query that is no list": lambda d: _stat(d).update(targets=_stat(d)["targets"][0]),
    "a query without a data source": lambda d: _stat(d)["targets"][0].pop("datasource"),
    "a format of a query that there is not": lambda d: _table(d)["targets"][0].update(format="tabel"),
    "a variable of a kind that there is not": lambda d: d["templating"]["list"][1].update(type="qery"),
    "a tooltip that there is not": lambda d: d.update(graphTooltip="shared"),
    "a dashboard without its address": lambda d: d.pop("uid"),
    "a dashboard's key misspelt": lambda d: _renamed(d, "refresh", "refersh"),
}

DRAWN: dict[str, tuple[Planted, str]] = {
    "a unit that there is not": (
        lambda d: _series(d)["fieldConfig"]["defaults"].update(unit="currencyUDS"),
        "unknown unit currencyUDS",
    ),
    "a reducer that there is not": (
        lambda d: _stat(d)["options"]["reduceOptions"].update(calcs=["lastNotNul"]),
        "unknown reducer lastNotNul",
    ),
    "a transformation that there is not": (
        lambda d: _table(d)["transformations"].append({"id": "organise", "options": {}}),
        "unknown transformation organise",
    ),
    "an override of nothing": (
        lambda d: _series(d)["fieldConfig"]["overrides"].append(_override("colour")),
        "unknown override property colour",
    ),
    "an override by a matcher that there is not": (
        lambda d: _series(d)["fieldConfig"]["overrides"].append(_override("color", "byNam")),
        "byNam",
    ),
    "a query that can't be read": (
        lambda d: _stat(d)["targets"][0].update(expr="sum(rate(llm_requests_total[5m])"),
        "bad_data",
    ),
    "a metric that there is not": (
        lambda d: _stat(d)["targets"][0].update(expr="sum(llm_cost_us_total)"),
        "no data",
    ),
    "a variable that there is not": (
        lambda d: _stat(d)["targets"][0].update(expr='sum(llm_requests_total{model=~"$modell"})'),
        "there is no variable $modell",
    ),
    "a variable without values": (
        lambda d: d["templating"]["list"][1].update(
            query={"qryType": 1, "query": "label_values(upp, job)", "refId": "A"}
        ),
        "no values",
    ),
    "a panel without a place": (lambda d: _stat(d).pop("gridPos"), "gridPos"),
    "a kind of panel that there is not": (lambda d: _stat(d).update(type="statt"), "statt"),
}
