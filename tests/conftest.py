"""Fixtures that any test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.processes import GENERATIONS, find_program
from tests.servers import Servers

# A slow machine is no failure (no deadline); in CI the same examples are tried every time.
settings.register_profile("any", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("any")

# Several files of the same fixture for the whole run, which takes a minute; and files whose tests are long, and share nothing.
TOGETHER = {"tests/grafana/test_drawn.py": "scene", "tests/grafana/test_queries.py": "scene"}
APART = ("tests/rules/test_promtool.py", "tests/rules/test_policies.py", "tests/rules/test_policies_with_budgets.py")


class ByFile(LoadScopeScheduling):
    """Gives the tests of a file to one process, since they share fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else TOGETHER.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    """Which test goes to which process."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Starts real servers; whatever still runs at the end of the test is killed."""
    started = Servers(tmp_path / "servers")
    yield started
    started.close()


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    """Which generation of servers: the test runs once with each."""
    return str(request.param)


@pytest.fixture
def promtool(generation: str) -> Path:
    """The promtool of the generation."""
    return find_program("promtool", generation)
