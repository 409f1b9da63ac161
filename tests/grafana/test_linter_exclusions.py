"""What Grafana's linter is not asked for: grafana/dashboards/.lint."""

from __future__ import annotations

import yaml

from tests.grafana import boards


def test_every_exclusion_is_of_a_panel_that_there_is():
    """An exclusion names a dashboard and a panel that exist, and its reason: it goes when they go."""
    there = {
        (dashboard["title"], panel["title"])
        for dashboard in boards.load().values()
        for panel in boards.panels(dashboard)
    }
    titles = {title for title, _ in there}
    for rule, excluded in yaml.safe_load((boards.FOLDER / ".lint").read_text())["exclusions"].items():
        assert excluded.get("reason") or excluded.get("entries"), rule
        for entry in excluded.get("entries", []):
            assert entry["reason"], entry
            assert entry["dashboard"] in titles, entry
            assert "panel" not in entry or (entry["dashboard"], entry["panel"]) in there, entry
