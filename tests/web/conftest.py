"""Servers on loopback, and certificates for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llm_cost_exporter.web import Timeouts, WebServer
from tests.web_kit import LOG, App, Certificate, issue_certificate

Serve = Callable[..., WebServer]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def serve(app: App, tmp_path: Path) -> Iterator[Serve]:
    """Starts servers on free ports of loopback; `web_config` is the text of a web configuration."""
    servers = []

    def start(
        web_config: str | None = None, listen: str = "127.0.0.1:0", timeouts: Timeouts | None = None
    ) -> WebServer:
        path = None
        if web_config is not None:
            path = tmp_path / "web.yml"
            path.write_text(web_config, encoding="utf-8")
        server = WebServer(listen, path, app, LOG, timeouts=timeouts)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


Issue = Callable[..., Certificate]


@pytest.fixture
def issue(tmp_path: Path) -> Issue:
    """Makes certificates."""
    return functools.partial(issue_certificate, tmp_path)
