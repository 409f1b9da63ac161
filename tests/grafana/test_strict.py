"""The dashboards against Grafana's own types."""

from __future__ import annotations

import copy
import json
import subprocess
from typing import Any

import pytest

from tests.grafana import boards, mistakes
from tests.grafana.tools import PREVIEW, modules, node

DASHBOARDS = boards.load()


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What the types say of each dashboard and of each planted mistake; in one go, since reading the types takes seconds."""
    small = mistakes.small(DASHBOARDS["llm-cost-overview"])
    asked: dict[str, Any] = dict(DASHBOARDS) | {"small": small}
    for name, plant in mistakes.STRICT.items():
        plant(asked.setdefault(name, copy.deepcopy(small)))
    modules()
    done = subprocess.run(
        [node(), "strict/check.mjs"],
        cwd=PREVIEW,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, list[str]] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", [*DASHBOARDS, "small"])
def test_a_dashboard_is_of_grafanas_types(name, told):
    """A dashboard says nothing that Grafana's types don't name, and all in their form."""
    assert told[name] == []


@pytest.mark.parametrize("mistake", mistakes.STRICT)
def test_a_mistake_is_told(mistake, told):
    """Each planted mistake is told, in a line that names where it is."""
    assert told[mistake]
    assert all(line.startswith((" ", "/", "panel ")) for line in told[mistake])


def test_the_preview_is_of_their_types_too():
    """The preview's own code uses Grafana's components as their types say."""
    modules()
    command = [str(node()), "node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]
    done = subprocess.run(command, cwd=PREVIEW, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
