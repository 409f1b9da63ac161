"""deploy/kubernetes: names that lead somewhere, configurations that fit their volumes, a pod that is shut in, one writer a state."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from llm_cost_exporter.config import Config, parse_address
from tests.deploy.kit import DEPLOY, configured, documents, lies_in, measured_mib, options, size_mib
from tests.processes import ROOT

FOLDER = DEPLOY / "kubernetes"
WORKLOADS = {"sidecar": "StatefulSet", "daemonset": "DaemonSet"}
POLICY: dict[str, Any] = yaml.safe_load((ROOT / "policy.example.yml").read_text())


class Manifest:
    """One of the two files: its workload, the exporter in it and what belongs to it."""

    def __init__(self, name: str) -> None:
        self.objects = {one["kind"]: one for one in documents(FOLDER / f"{name}.yml")}
        self.workload = self.objects[WORKLOADS[name]]
        self.template: dict[str, Any] = self.workload["spec"]["template"]
        self.pod: dict[str, Any] = self.template["spec"]
        self.containers = [*self.pod.get("initContainers", ()), *self.pod["containers"]]
        (self.exporter,) = (one for one in self.containers if one["name"] == "llm-cost-exporter")
        self.texts: dict[str, str] = self.objects["ConfigMap"]["data"]
        claims = self.workload["spec"].get("volumeClaimTemplates", ())
        self.claims = {claim["metadata"]["name"] for claim in claims}
        self.volumes = {volume["name"]: volume for volume in self.pod["volumes"]}

    def mounts(self, *, writable: bool) -> list[str]:
        """Where the exporter has volumes that it can write, or can't."""
        return [m["mountPath"] for m in self.exporter["volumeMounts"] if m.get("readOnly", False) is not writable]


@pytest.fixture(params=WORKLOADS)
def manifest(request: pytest.FixtureRequest) -> Manifest:
    return Manifest(request.param)


def test_every_file_is_tested():
    """A manifest that is added is looked at here."""
    assert {path.name for path in FOLDER.iterdir()} == {"sidecar.yml", "daemonset.yml", "podmonitor.yml"}
    for name in WORKLOADS:
        assert len(documents(FOLDER / f"{name}.yml")) == len(Manifest(name).objects)  # one of each kind


def test_selectors_find_their_pods(manifest):
    """The workload's own, the Service's and the PodMonitor's, and the port that each names is one of the exporter."""
    labels = manifest.template["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in manifest.exporter["ports"]}
    (monitor,) = documents(FOLDER / "podmonitor.yml")
    assert manifest.workload["spec"]["selector"]["matchLabels"].items() <= labels
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports
    service = manifest.objects.get("Service")
    if service is not None:
        assert service["spec"]["selector"].items() <= labels
        assert service["spec"]["ports"][0]["targetPort"] in ports
        assert manifest.workload["spec"]["serviceName"] == service["metadata"]["name"]
        assert service["spec"]["clusterIP"] == "None"
    assert all(len(name) <= 15 for name in ports)  # more the API refuses


def test_it_is_scraped_as_the_rules_expect():
    """The job is the one that the policy looks for, the interval its own, and our labels stay ours."""
    (endpoint,) = documents(FOLDER / "podmonitor.yml")[0]["spec"]["podMetricsEndpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["interval"] == POLICY["scrape_interval"]
    job, instance = endpoint["relabelings"]
    assert {job["targetLabel"]: job["replacement"]} == POLICY["selectors"]["targets"]
    assert instance["targetLabel"] == "instance"
    assert not any("address" in label or "ip" in label for label in instance["sourceLabels"])


def test_every_mount_has_its_volume(manifest):
    """And every volume is mounted, every ConfigMap there."""
    mounted = {mount["name"] for one in manifest.containers for mount in one["volumeMounts"]}
    assert mounted == set(manifest.volumes) | manifest.claims
    maps = {volume["configMap"]["name"] for volume in manifest.volumes.values() if "configMap" in volume}
    assert maps == {manifest.objects["ConfigMap"]["metadata"]["name"]}
    assert not any("subPath" in mount for mount in manifest.exporter["volumeMounts"])


def test_its_arguments_are_a_command_line(manifest):
    """The program takes them, and the file that they name is one of the ConfigMap, where that is mounted."""
    file = options(manifest.exporter["args"])["config_file"]
    (volume,) = (name for name, volume in manifest.volumes.items() if "configMap" in volume)
    (place,) = (m["mountPath"] for m in manifest.exporter["volumeMounts"] if m["name"] == volume)
    assert file.removeprefix(f"{place}/") in manifest.texts


def test_its_configuration_fits_its_volumes(manifest, tmp_path):
    """The state is on the only volume that it can write, and each log on one that it can't."""
    config = configured(manifest.texts["exporter.yml"], tmp_path)
    (state,) = manifest.mounts(writable=True)
    assert lies_in(config.state_dir, [state])
    paths = [path for source in config.sources for path in source.paths]
    assert [path for path in paths if not lies_in(path, manifest.mounts(writable=False))] == []
    assert manifest.exporter["ports"][0]["containerPort"] == parse_address(config.listen)[1]
    assert config.ledger is None  # pods that read different logs are not one ledger


def test_it_may_do_what_it_needs_and_no_more(manifest):
    """Nothing to write but its volumes, no capability, the runtime's filter of system calls, no token."""
    security = manifest.exporter["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert manifest.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert manifest.pod["automountServiceAccountToken"] is False


def test_the_sidecar_is_no_root_and_shares_a_group_with_the_log():
    """fsGroup owns the claim and the log's folder; the user is the image's, whose group that is."""
    manifest = Manifest("sidecar")
    assert manifest.pod["securityContext"]["runAsNonRoot"] is True
    security = manifest.exporter["securityContext"]
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}\n" in (DEPLOY / "Dockerfile").read_text()
    assert manifest.pod["securityContext"]["fsGroup"] == security["runAsGroup"]


def test_the_sidecar_never_stands_between():
    """It outlives the application, starts it once it lives, and is no reason to send it no calls."""
    exporter = Manifest("sidecar").exporter
    assert exporter in Manifest("sidecar").pod["initContainers"]
    assert exporter["restartPolicy"] == "Always"
    assert exporter["startupProbe"]["httpGet"]["path"] == "/-/healthy"
    assert "readinessProbe" not in exporter
    assert "cpu" not in exporter["resources"]["limits"]


def test_the_application_writes_where_the_exporter_reads():
    """One volume at one place in both."""
    manifest = Manifest("sidecar")
    (app,) = manifest.pod["containers"]
    (written,) = app["volumeMounts"]
    assert {**written, "readOnly": True} in manifest.exporter["volumeMounts"]


def test_one_writer_a_state(manifest):
    """Each pod has a claim of its own, or the old pod of a node ends before the new one starts."""
    if manifest.claims:
        (state,) = (m["name"] for m in manifest.exporter["volumeMounts"] if not m.get("readOnly"))
        assert state in manifest.claims
    else:
        assert manifest.workload["spec"]["updateStrategy"]["rollingUpdate"]["maxSurge"] == 0


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_probes_ask_what_is_answered(manifest, probe: str):
    """By the port's name; only readiness asks whether the backlog is read, or a long one would be killed again and again."""
    if probe in manifest.exporter:
        asked = manifest.exporter[probe]["httpGet"]
        assert asked["path"] == ("/-/ready" if probe == "readinessProbe" else "/-/healthy")
        assert asked["port"] == manifest.exporter["ports"][0]["name"]


def test_it_has_its_time_to_end(manifest, tmp_path):
    """The grace is longer than the linger, and in a sidecar the application's own end comes before it."""
    linger = configured(manifest.texts["exporter.yml"], tmp_path).shutdown_linger
    ends = 30 if manifest.claims else 0  # what Kubernetes itself gives an application
    assert manifest.pod["terminationGracePeriodSeconds"] >= ends + linger + 2


def test_its_memory_is_what_was_measured(manifest):
    """The scheduler keeps as much as it ever took, and the limit half as much again."""
    resources = manifest.exporter["resources"]
    assert size_mib(resources["requests"]["memory"]) >= measured_mib()
    assert size_mib(resources["limits"]["memory"]) >= 1.5 * measured_mib()


def test_the_default_port_is_the_images():
    """No `listen` in the configurations: what the image exposes is what pods name."""
    assert f"EXPOSE {parse_address(Config().listen)[1]}\n" in (DEPLOY / "Dockerfile").read_text()
