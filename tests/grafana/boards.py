"""The committed dashboards, and their queries as Grafana sends them to Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT

__all__ = ["FOLDER", "Query", "all_values", "filled", "load", "panels", "queries", "variable_queries"]

FOLDER = ROOT / "grafana" / "dashboards"

Dashboard = dict[str, Any]

# A day at a data source that is told of a scrape each minute.
_BUILT_IN = {"__interval": "5m", "__rate_interval": "6m", "__range": "86400s", "__range_s": "86400"}
_REFERENCE = re.compile(r"\$([A-Za-z_]\w*)|\$\{(\w+)(?::\w+)?\}")  # $1 is label_replace's


@dataclass(frozen=True)
class Query:
    """What one target of a panel asks: at the end of the time range (`instant`), or over it."""

    panel: str
    letter: str
    expr: str
    instant: bool


def load() -> dict[str, Dashboard]:
    """The dashboards by their file's name without .json."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(Path(FOLDER).glob("*.json"))}


def panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Every panel but rows, those inside of folded rows too."""
    for panel in dashboard["panels"]:
        yield from (one for one in [panel, *panel.get("panels", [])] if one["type"] != "row")


def queries(dashboard: Dashboard, values: Mapping[str, str]) -> Iterator[Query]:
    """Every query of every panel, and of every annotation, with `values` in the place of variables."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            expr = filled(target["expr"], values)
            yield Query(panel["title"], target["refId"], expr, bool(target.get("instant")))
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield Query(f"annotation {annotation['name']}", "", filled(annotation["expr"], values), instant=False)


def variable_queries(dashboard: Dashboard, values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Variables that are asked of Prometheus: the variable's name, the series it looks at, and the label that it lists."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            text = variable["query"]["query"]
            asked = re.fullmatch(r"label_values\((.+), *(\w+)\)", text)
            assert asked is not None, f"{variable['name']}: {text}"
            yield variable["name"], filled(asked[1], values), asked[2]


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with values for its variables; a variable that has none fails."""
    known = _BUILT_IN | dict(values)
    return _REFERENCE.sub(lambda found: known[found[1] or found[2]], text)


def all_values(dashboard: Dashboard) -> dict[str, str]:
    """What Grafana puts where All is chosen."""
    return {
        variable["name"]: variable["allValue"]
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    }
