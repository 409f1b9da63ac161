"""Every series that a dashboard may ask for, with its labels: read from the tables of docs/metrics.md and docs/rules.md.

That these tables are true is what tests/test_exposition.py and tests/rules/test_documents.py hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tests.processes import ROOT

__all__ = ["series"]

_DIMENSIONS = {"provider", "model", "app", "team"}
_TARGET = {"job", "instance"}
_ALERTS = {"alertname", "severity", "budget", "period", "level", "team", "model", "app", "job", "instance"}

# What Prometheus knows itself: of targets, alerts and rules.
_PROMETHEUS = {
    "up": _TARGET,
    "scrape_duration_seconds": _TARGET,
    "scrape_samples_scraped": _TARGET,
    "process_resident_memory_bytes": _TARGET,
    "process_cpu_seconds_total": _TARGET,
    "ALERTS": _ALERTS | {"alertstate"},
    "ALERTS_FOR_STATE": _ALERTS,
    "prometheus_rule_group_last_duration_seconds": _TARGET | {"rule_group"},
}


@cache
def series() -> dict[str, set[str]]:
    """Labels by the name of the series."""
    known = dict(_PROMETHEUS)
    for names, labels in _rows("docs/rules.md"):
        known |= {name: labels for name in names if ":" in name}
    for names, labels in _rows("docs/metrics.md"):
        for name in names:
            full = name if name.startswith("llm_") else f"llm_cost_exporter_{name}"
            known[full] = labels | _TARGET
            known |= {
                f"{full}_bucket": labels | _TARGET | {"le"},
                f"{full}_count": labels | _TARGET,
                f"{full}_sum": labels | _TARGET,
            }
    return known


def _rows(document: str) -> Iterator[tuple[list[str], set[str]]]:
    """The rows of a document's tables whose second or third column is that of labels: names, and labels."""
    column = None
    for line in (ROOT / document).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            column = None
        elif "labels" in cells:
            column = cells.index("labels")
        elif column is not None and "`" in cells[0]:
            yield re.findall(r"`([\w:]+)`", cells[0]), _labels(cells[column])


def _labels(cell: str) -> set[str]:
    words = set(re.findall(r"\w+", cell))
    return words | (_DIMENSIONS if words & {"D", "group"} else set())
