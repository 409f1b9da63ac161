"""Fixtures that any test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import GENERATIONS, find_program
from tests.servers import Servers


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
