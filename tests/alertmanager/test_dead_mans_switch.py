"""The dead man's switch on a real Alertmanager: each Prometheus gives signs of its own, and its silence is not covered by another's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alertmanager.receivers import Webhook
from tests.alertmanager.rendered import check_config, render, write
from tests.processes import wait_for
from tests.servers import Server, Servers

PROMETHEUS = {"prod": {"cluster": "prod"}, "eu": {"cluster": "staging", "region": "eu"}, "us": {"cluster": "staging", "region": "us"}}  # fmt: skip


@pytest.fixture
def service() -> Iterator[Webhook]:
    receiver = Webhook()
    yield receiver
    receiver.close()


def alive(alertmanager: Server, *names: str, over: bool = False) -> None:
    """What these Prometheus send all the time; over: what Alertmanager takes their silence for."""
    now = datetime.now(UTC)
    end = now if over else now + timedelta(hours=1)
    body = [
        {
            "labels": {"alertname": "LlmCostWatchdog", "severity": "info", **PROMETHEUS[name]},
            "startsAt": (now - timedelta(minutes=5)).isoformat(),
            "endsAt": end.isoformat(),
        }
        for name in names
    ]
    assert alertmanager.http.post(alertmanager.url + "/api/v2/alerts", json=body, timeout=30).status_code == 200


def test_a_silent_prometheus_is_missed_by_its_own_service(servers: Servers, tmp_path: Path, service: Webhook):
    """Each address gets the signs of its own Prometheus, the default's those of the rest; who falls silent is missed while others go on."""
    for name in ("prod", "eu", "rest"):
        (tmp_path / name).write_text(f"{service.url}/{name}")
    policy = (
        "alertmanager:\n"
        "  origin_labels: [cluster, region]\n"
        f"  deadman:\n    url_file: {tmp_path}/rest\n    each:\n"
        f"      - {{match: {{cluster: prod}}, url_file: {tmp_path}/prod}}\n"
        f"      - {{match: {{cluster: staging, region: eu}}, url_file: {tmp_path}/eu}}\n"
    )
    quick = {"group_interval: 1m": "group_interval: 1s", "repeat_interval: 5m": "repeat_interval: 1s"}
    alertmanager = servers.alertmanager("new", write(policy, tmp_path, quick))

    def signs(path: str, after: int = 0) -> list[str]:
        heard = service.taken[after:]
        return [one.body["groupLabels"].get("region", one.body["groupLabels"]["cluster"]) for one in heard if one.path == path]  # fmt: skip

    alive(alertmanager, *PROMETHEUS)
    wait_for(lambda: all(len(signs(path)) >= 2 for path in ("/prod", "/eu", "/rest")), what="each is heard, and again")
    assert (set(signs("/prod")), set(signs("/eu")), set(signs("/rest"))) == ({"prod"}, {"eu"}, {"us"})
    alive(alertmanager, "prod", over=True)
    wait_for(lambda: len(alertmanager.get("/api/v2/alerts").json()) == 2, what="prod's alert is over")
    before = len(service.taken) + 1  # one may be on its way
    wait_for(lambda: len(signs("/eu", before)) >= 3 and len(signs("/rest", before)) >= 3, what="the others go on")
    assert signs("/prod", before) == []


def test_one_address_hears_every_prometheus_apart():
    """Each has a group of its own there too, so that what is sent says whose sign of life it is."""
    (ours,) = render("alertmanager:\n  origin_labels: [cluster]\n")["route"]["routes"]
    assert ours["routes"][0]["receiver"] == "llm-cost/deadman"
    assert ours["routes"][0]["group_by"] == ["alertname", "cluster"]


def test_without_an_address_of_all_the_rest_is_heard_by_nobody(tmp_path: Path):
    """A policy that has one for each Prometheus need not have another: the watchdog of a further one comes to nobody, and to no person."""
    text = "alertmanager:\n  deadman: {every: 10m, each: [{match: {cluster: prod}, url_file: /s/prod}]}\n"
    made = render(text)
    named = {one["name"]: one for one in made["receivers"]}
    assert named["llm-cost/deadman"] == {"name": "llm-cost/deadman"}
    (config,) = named["llm-cost/deadman cluster=prod"]["webhook_configs"]
    assert config == {"send_resolved": False, "url_file": "/s/prod", "max_alerts": 1}
    for route in made["route"]["routes"][0]["routes"][:2]:
        assert route["repeat_interval"] == "10m"
    check_config(write(text, tmp_path), "new")
