"""deploy/compose.yml: its files are there and right, and what it starts of ours is started here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_cost_exporter.config import Config, parse_address, parse_duration
from tests.deploy.kit import DEPLOY, configured, documents, lies_in, measured_mib, moved, size_mib
from tests.processes import ROOT, Process, find_program, wait_for

(COMPOSE,) = documents(DEPLOY / "compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONFIGURATION = (DEPLOY / "compose/exporter/exporter.yml").read_text()
SECRETS = "/etc/alertmanager/secrets"


def mounts(service: str) -> dict[str, tuple[str, bool]]:
    """Where something is mounted in a service: what, and whether it is writable."""
    found = {}
    for volume in SERVICES[service]["volumes"]:
        source, target, *how = volume.split(":")
        found[target] = (source, how != ["ro"])
    return found


def laid_out(service: str, root: Path) -> None:
    """What a service's container sees of this repository, below `root`."""
    for target, (source, _) in mounts(service).items():
        path = root / target.removeprefix("/")
        if source.startswith("."):
            path.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (DEPLOY / source).is_dir() else shutil.copy
            copy(DEPLOY / source, path)


def test_all_that_is_mounted_is_there():
    """A path of this repository exists and is not writable in a container; a volume is declared, and used."""
    declared, used = set(COMPOSE["volumes"]), set()
    for service in SERVICES:
        for source, writable in mounts(service).values():
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
                assert not writable, source
            else:
                used.add(source)
    assert used == declared


def test_it_listens_on_loopback_only():
    """Nothing here has a password, so nobody else may reach it; ports are those that the programs listen on."""
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]
    assert len(ports) == 4
    for port in ports:
        host, outside, inside = port.rsplit(":", 2)
        assert (host, outside) == ("127.0.0.1", inside)
    assert SERVICES["exporter"]["ports"][0].endswith(f":{parse_address(Config().listen)[1]}")


def test_the_exporters_configuration_fits_its_mounts(tmp_path):
    """Its state is on a volume of its own, its log is what the application writes and is read-only, and it is where the image looks."""
    config = configured(CONFIGURATION, tmp_path)
    seen = mounts("exporter")
    (state,) = (target for target, (_, writable) in seen.items() if writable)
    assert lies_in(config.state_dir, [state])
    assert sum(name == seen[state][0] for service in SERVICES for name, _ in mounts(service).values()) == 1
    logs = [target for target, (name, _) in seen.items() if mounts("app").get(target, ("", False)) == (name, True)]
    assert [path for source in config.sources for path in source.paths if not lies_in(path, logs)] == []
    folder, writable = seen["/etc/llm-cost-exporter"]
    assert (DEPLOY / folder / "exporter.yml").read_text() == CONFIGURATION
    assert not writable


def test_the_exporter_is_shut_in(tmp_path):
    """It needs nothing but its volumes; it may take what was measured, and has its time to end."""
    exporter = SERVICES["exporter"]
    assert exporter["read_only"] is True
    assert exporter["cap_drop"] == ["ALL"]
    assert exporter["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in exporter  # the image's
    assert size_mib(exporter["mem_limit"]) >= 1.5 * measured_mib()
    linger = configured(CONFIGURATION, tmp_path).shutdown_linger
    assert 0 < linger + 2 < parse_duration(exporter["stop_grace_period"])


def test_it_is_built_from_this_repository():
    """`up --build` makes the image that it starts."""
    build = SERVICES["exporter"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).exists()


def taken_targets(config: dict[str, Any]) -> list[str]:
    """Whom a Prometheus sends to and whom it scrapes; what is left of `config` has none."""
    (alertmanager,) = config["alerting"]["alertmanagers"][0]["static_configs"]
    (exporter,) = config["scrape_configs"][0]["static_configs"]
    return [*alertmanager.pop("targets"), *exporter.pop("targets")]


def test_prometheus_has_the_rendered_example_with_the_services_names():
    """compose/prometheus.yml is rules/prometheus/prometheus.yml but for its targets, which are services and their ports."""
    (rendered,) = documents(ROOT / "rules/prometheus/prometheus.yml")
    (ours,) = documents(DEPLOY / "compose/prometheus.yml")
    assert taken_targets(rendered) == ["localhost:9093", "localhost:9478"]
    assert taken_targets(ours) == ["alertmanager:9093", "exporter:9478"]
    assert ours == rendered
    for name, port in (("alertmanager", "9093"), ("exporter", "9478")):
        assert SERVICES[name]["ports"][0].endswith(f":{port}")


def test_prometheus_and_alertmanager_take_what_they_are_given(tmp_path):
    """Laid out as the containers see it, their own tools find each file and nothing wrong."""
    for service, tool, check, found in (
        ("prometheus", "promtool", ["check", "config"], "SUCCESS: 2 rule files found"),
        ("alertmanager", "amtool", ["check-config"], " - 1 templates"),
    ):
        laid_out(service, tmp_path / service)
        (flag,) = (word for word in SERVICES[service]["command"] if word.startswith("--config.file="))
        file = tmp_path / service / flag.removeprefix("--config.file=/")
        done = subprocess.run([find_program(tool, "new"), *check, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert found in done.stdout
    assert list((tmp_path / "alertmanager/etc/alertmanager/templates").glob("*.tmpl"))


def test_secrets_are_files_that_git_never_sees():
    """Each that the routes name lies in the mounted folder, is named in the comment and in the document, and is ignored by git."""
    named = set(re.findall(rf"{SECRETS}/([\w-]+)", (ROOT / "alertmanager/alertmanager.yml").read_text()))
    folder, _ = mounts("alertmanager")[SECRETS]
    assert len(named) == 4
    for text in ((DEPLOY / "compose.yml").read_text(), (ROOT / "docs/deploy.md").read_text()):
        assert {name for name in named if name not in text} == set()
    for name in named:
        path = DEPLOY / folder / name
        ignored = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode
        assert ignored in (0, 128)  # 128: no git checkout


def test_grafana_has_the_rendered_provisioning_with_prometheus_name():
    """The data source is the rendered one but for its address; the dashboards are where the provider looks."""
    (rendered,) = documents(ROOT / "grafana/provisioning/datasources/llm-cost.yml")
    (ours,) = documents(DEPLOY / "compose/datasource.yml")
    assert rendered["datasources"][0].pop("url") == "http://localhost:9090"
    assert ours["datasources"][0].pop("url") == "http://prometheus:9090"
    assert ours == rendered
    seen = mounts("grafana")
    (provider,) = documents(ROOT / "grafana/provisioning/dashboards/llm-cost.yml")
    assert seen[provider["providers"][0]["options"]["path"]][0] == "../grafana/dashboards"
    assert {target for target in seen if target.startswith("/etc/grafana/")} == {
        f"/etc/grafana/provisioning/{what}/llm-cost.yml" for what in ("dashboards", "datasources")
    }


def test_versions_are_those_that_were_tried():
    """Alertmanager's is named in its document, Grafana's is the one whose components draw the dashboards in tests."""
    tags = {name: one["image"].partition(":")[2].removeprefix("v") for name, one in SERVICES.items()}
    assert tags["alertmanager"] in (ROOT / "docs/alertmanager.md").read_text()
    assert f'"@grafana/ui": "{tags["grafana"]}"' in (ROOT / "tests/grafana/preview/package.json").read_text()
    assert not any("." in one["image"].rpartition("/")[0] for one in SERVICES.values())  # the default registry


@pytest.fixture
def stand_in(tmp_path):
    """The command of `app`, writing below `tmp_path`, a call each twentieth of a second; started by the test."""
    program, option, script = SERVICES["app"]["command"]
    assert (program, option) == ("python", "-c")
    script = script.replace('"/var/log/app/', f'"{tmp_path}/var/log/app/').replace("sleep(5)", "sleep(0.05)")
    started: list[Process] = []

    def start() -> None:
        started.append(Process("app", [sys.executable, "-c", script], tmp_path))

    yield start
    for process in started:
        process.kill()


def test_the_stand_ins_calls_are_counted(servers, tmp_path, stand_in):
    """With the configuration as it is: ready before there is a log, then what the stand-in writes is counted, and has a price."""
    exporter = servers.exporter(config=moved(CONFIGURATION, tmp_path), state=tmp_path / "var/lib/llm-cost-exporter")
    (tmp_path / "var/log/app").mkdir(parents=True)
    stand_in()
    wait_for(lambda: (exporter.value("llm_requests_total", app="stand-in") or 0) > 5, what="the calls")
    assert (exporter.value("llm_tokens_total", app="stand-in", token_type="input") or 0) >= 6000
    assert exporter.value("llm_cost_usd_total", app="stand-in")
    assert yaml.safe_load(CONFIGURATION)["sources"][0]["paths"] == ["/var/log/app/*.jsonl"]
