"""The dashboards as people see them: drawn with Grafana's own components in a browser, of the Prometheus that lived through the scene."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.grafana import boards, mistakes
from tests.grafana.drawing import Job, draw, problems
from tests.grafana.tools import chromium, modules

DASHBOARDS = boards.load()


@pytest.fixture(scope="module")
def tools() -> None:
    """What draws is there: asked before the scene is made, which takes a minute."""
    modules()
    chromium()


@pytest.fixture(scope="module")
def reports(tools, lived, tmp_path_factory) -> dict[str, dict[str, Any]]:
    """The report of each dashboard and of each planted mistake; one browser draws them all."""
    folder: Path = tmp_path_factory.mktemp("drawn")
    small = mistakes.small(DASHBOARDS["llm-cost-overview"])
    asked: dict[str, Any] = dict(DASHBOARDS) | {"small": small}
    for name, (plant, _) in mistakes.DRAWN.items():
        plant(asked.setdefault(name, copy.deepcopy(small)))
    jobs = []
    for number, dashboard in enumerate(asked.values()):
        (folder / f"{number}.json").write_text(json.dumps(dashboard))
        jobs.append(Job(folder / f"{number}.json", folder / f"{number}.png"))
    drawn = draw(lived["new"], jobs)
    for job, report in zip(jobs, drawn, strict=True):
        report["picture"] = job.picture
    return dict(zip(asked, drawn, strict=True))


@pytest.mark.parametrize("name", [*DASHBOARDS, "small"])
def test_a_dashboard_is_drawn(name, reports):
    """All panels of a dashboard are drawn, with data, and neither they nor the browser's console complain."""
    assert problems(reports[name]) == []
    assert reports[name]["picture"].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("mistake", mistakes.DRAWN)
def test_a_mistake_shows(mistake, reports):
    """Each planted mistake is a problem that names what is wrong."""
    found = problems(reports[mistake])
    assert [line for line in found if mistakes.DRAWN[mistake][1] in line], found
