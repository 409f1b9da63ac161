"""The real servers that other tests stand on."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from tests.processes import wait_for
from tests.servers import PromServer, Servers, scrape

pytestmark = pytest.mark.waits

METRICS = b"# TYPE spent_usd counter\nspent_usd_total 1.5\n"


class _Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Metrics) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def scraped(server: PromServer) -> None:
    assert wait_for(lambda: server.value("spent_usd_total"), what="a scrape") == 1.5


def test_prometheus_of_both_generations_scrapes_and_evaluates(servers: Servers, generation: str, target: str) -> None:
    """A Prometheus of each generation starts on a free port, scrapes a target and evaluates a rule."""
    rules = {"groups": [{"name": "g", "interval": "1s", "rules": [{"record": "twice", "expr": "2 * spent_usd_total"}]}]}
    prometheus = servers.prometheus(generation, [scrape(target)], rules=[rules])
    scraped(prometheus)
    assert wait_for(lambda: prometheus.value("twice"), what="a rule's value") == 3.0
    build = prometheus.get_json("/api/v1/status/buildinfo")
    assert int(build["version"].split(".")[0]) == {"old": 2, "new": 3}[generation]


def test_victoria_metrics_of_both_generations_scrapes(servers: Servers, generation: str, target: str) -> None:
    """A VictoriaMetrics of each generation scrapes a target and answers the same query."""
    scraped(servers.victoria_metrics(generation, [scrape(target)]))


def test_alertmanager_of_both_generations_starts(servers: Servers, generation: str) -> None:
    """An Alertmanager of each generation starts on a given configuration."""
    server = servers.alertmanager(generation, {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]})
    assert server.get("/api/v2/status").json()["config"]["original"]


def test_what_a_test_started_is_gone_after_it(servers: Servers, generation: str) -> None:
    """Closing stops every server; a later test finds no port taken and no process left."""
    prometheus = servers.prometheus(generation)
    servers.close()
    assert prometheus.process.exit_status() is not None
