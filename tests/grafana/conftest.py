"""Fixtures of the dashboards' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.grafana import history
from tests.processes import GENERATIONS
from tests.servers import PromServer, Servers


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, PromServer]]:
    """A Prometheus of each generation that has lived through the scene."""
    folder = tmp_path_factory.mktemp("scene")
    servers = Servers(folder / "servers")
    try:
        yield {generation: history.serve(servers, generation, folder) for generation in GENERATIONS}
    finally:
        servers.close()
