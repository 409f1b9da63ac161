"""Draws dashboards with Grafana's own components: runs preview/ by node, with a headless Chromium."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.grafana import scene
from tests.grafana.tools import PREVIEW, chromium, modules, node
from tests.servers import PromServer

__all__ = ["Job", "draw", "problems"]

_MOST_S = 600


@dataclass(frozen=True)
class Job:
    """One picture: of a dashboard's file, into the file `picture` (None: only looked at), over the last `hours` of the scene."""

    dashboard: Path
    picture: Path | None = None
    width: int = 1400
    theme: str = "dark"
    hours: float = 24
    variables: Mapping[str, Sequence[str]] = field(default_factory=dict)


def draw(prometheus: PromServer, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Draw them all; the report of each (preview/src/report.ts, and `console`)."""
    modules()
    built = subprocess.run(
        [node(), "build.mjs"], cwd=PREVIEW, capture_output=True, text=True, timeout=_MOST_S, check=False
    )
    assert built.returncode == 0, built.stderr
    asked = {"chromium": str(chromium()), "prometheus": prometheus.url, "jobs": [_as_json(job) for job in jobs]}
    done = subprocess.run(
        [node(), "draw.mjs"],
        cwd=PREVIEW,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_MOST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    return reports


def _as_json(job: Job) -> dict[str, Any]:
    return {
        "dashboard": str(job.dashboard.resolve()),
        "picture": str(job.picture.resolve()) if job.picture else None,
        "width": job.width,
        "theme": job.theme,
        "from": scene.ENDS - job.hours * 3600,
        "to": scene.ENDS,
        "scrape": 60,
        "variables": {name: list(values) for name, values in job.variables.items()},
    }


def problems(report: dict[str, Any]) -> list[str]:
    """All that is wrong with what was drawn, in words."""
    found = [report["fatal"]] if "fatal" in report else []
    found += [*report["problems"], *(f"console: {line}" for line in report["console"])]
    for panel in report["panels"]:
        where = f"panel {panel['id']}, {panel['title']}"
        found += [f"{where}: {problem}" for problem in panel["problems"]]
        if panel["empty"]:
            found.append(f"{where}: no data")
    return found
