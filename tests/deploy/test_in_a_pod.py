"""The configurations of deploy/kubernetes at work: in the folders that a pod has, with what a kubelet does to them."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.deploy.kit import DEPLOY, call, documents, moved
from tests.processes import ROOT, wait_for

TEXTS = {
    name: next(one for one in documents(DEPLOY / f"kubernetes/{name}.yml") if one["kind"] == "ConfigMap")["data"]["exporter.yml"]
    for name in ("sidecar", "daemonset")
}  # fmt: skip


class ConfigMap:
    """A ConfigMap as the kubelet mounts it: the file is a link through `..data`, which is replaced as a whole."""

    def __init__(self, folder: Path, content: dict[str, object]) -> None:
        self._folder, self._number = folder, 0
        folder.mkdir(parents=True)
        self.file = folder / "exporter.yml"
        self.update(content)
        self.file.symlink_to("..data/exporter.yml")

    def update(self, content: dict[str, object]) -> None:
        self._number += 1
        fresh = self._folder / f"..{self._number}"
        fresh.mkdir()
        (fresh / "exporter.yml").write_text(yaml.safe_dump(content))
        link = self._folder / "..data_tmp"
        link.symlink_to(fresh.name)
        link.replace(self._folder / "..data")


@pytest.fixture
def pod(servers, tmp_path):
    """An exporter with one of the configurations, paths below `tmp_path`; and its ConfigMap."""

    def start(name: str):
        content = moved(TEXTS[name], tmp_path)
        mounted = ConfigMap(tmp_path / "etc/llm-cost-exporter", content)
        exporter = servers.exporter(config=mounted.file, state=Path(content["state_dir"]))
        return exporter, mounted, content

    return start


def append(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.writelines(lines)


def test_a_sidecar_starts_before_its_log_and_counts_it(pod, tmp_path):
    """Ready while the volume is empty; then calls are the application's and the team's that the configuration names."""
    exporter, _, _ = pod("sidecar")
    append(tmp_path / "var/log/app/usage.jsonl", call(1), call(2))
    wait_for(lambda: exporter.value("llm_requests_total", app="checkout", team="shop") == 2, what="the calls")
    assert exporter.value("llm_cost_usd_total", app="checkout", team="shop")
    assert exporter.stop() == 0


def test_a_changed_configmap_is_taken_by_the_documents_command(pod, tmp_path):
    """docs/deploy.md's `kubectl exec … python -c` sends the signal; what is behind `..data` by then is what is read."""
    exporter, mounted, content = pod("sidecar")
    (snippet,) = re.findall(
        r"kubectl exec .* -c llm-cost-exporter -- python -c '([^']+)'", (ROOT / "docs/deploy.md").read_text()
    )
    before = exporter.value("llm_cost_exporter_config_last_reload_timestamp_seconds")
    content["sources"][0]["labels"] = {"app": "cart", "team": "shop"}
    mounted.update(content)
    assert "kill(1, " in snippet
    subprocess.run(
        [sys.executable, "-c", snippet.replace("kill(1,", f"kill({exporter.process.popen.pid},")], check=True
    )
    wait_for(
        lambda: exporter.value("llm_cost_exporter_config_last_reload_timestamp_seconds") != before, what="a reload"
    )
    append(tmp_path / "var/log/app/usage.jsonl", call(1))
    wait_for(lambda: exporter.value("llm_requests_total", app="cart") == 1, what="the call")
    assert signal.SIGHUP.name in snippet


def cri(line: str) -> str:
    """A line as containerd and CRI-O write it; a long one in two parts."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    half = len(line) // 2
    return f"{now} stdout P {line[:half]}\n{now} stdout F {line[half:]}"


def test_a_daemonset_follows_what_the_kubelet_rotates(pod, tmp_path):
    """Renamed with a date, compressed, deleted; a container that restarts has a new number. Each call counts once, other namespaces never."""
    pods = tmp_path / "var/log/pods"
    log = pods / "shop_checkout-7d9f_0b5e2f5c/app/0.log"
    append(log, cri(call(1)))
    append(pods / "kube-system_dns-1_77aa/coredns/0.log", cri(call(99)))
    exporter, _, _ = pod("daemonset")

    def counted():
        return exporter.value("llm_requests_total", app="app", log_namespace="shop")

    assert counted() == 1
    append(log, cri(call(2)))
    first = log.rename(
        log.with_name("0.log.20260105-101500")
    )  # before it was looked at: the rest is in the rotated file
    append(log, cri(call(3)))
    wait_for(lambda: counted() == 3, what="the first rotation")
    (log.with_name("0.log.20260105-101500.gz")).write_bytes(gzip.compress(first.read_bytes()))
    first.unlink()
    log.rename(log.with_name("0.log.20260105-111500"))
    append(log, cri(call(4)))
    append(log.with_name("1.log"), cri(call(5)))
    append(pods / "shop_cart-0_91cc/worker/0.log", cri(call(6)))
    wait_for(lambda: counted() == 5, what="the second rotation and the restart")
    wait_for(lambda: exporter.value("llm_requests_total", app="worker", log_namespace="shop") == 1, what="a new pod")
    assert exporter.value("llm_requests_total") == 6


def test_a_daemonset_reads_on_after_it_was_away(pod, servers, tmp_path):
    """Rotated while the pod of the node was replaced: the state of the node says where to go on."""
    log = tmp_path / "var/log/pods/shop_checkout-7d9f_0b5e2f5c/app/0.log"
    append(log, cri(call(1)))
    exporter, _, _ = pod("daemonset")
    assert exporter.stop() == 0
    append(log, cri(call(2)))
    log.rename(log.with_name("0.log.20260105-101500"))
    append(log, cri(call(3)))
    exporter.start_again()
    exporter.wait_ready()
    assert exporter.value("llm_requests_total", app="app", log_namespace="shop") == 3


def test_a_daemonset_reads_through_dockers_links(pod, tmp_path):
    """Where Docker runs the containers, a pod's log is a link, and its lines are Docker's JSON."""
    target = tmp_path / "var/lib/docker/containers/c0ffee/c0ffee-json.log"
    record = {"log": call(1), "stream": "stdout", "time": datetime.now(UTC).isoformat()}
    append(target, json.dumps(record) + "\n")
    link = tmp_path / "var/log/pods/shop_checkout-7d9f_0b5e2f5c/app/0.log"
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    exporter, _, _ = pod("daemonset")
    assert exporter.value("llm_requests_total", app="app", log_namespace="shop") == 1
