"""Fixtures that any test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.processes import GENERATIONS, find_program
from tests.servers import Servers

# A slow machine is no failure (no deadline); in CI the same examples are tried every time.
settings.register_profile("any", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("any")


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
