"""deploy/systemd: the unit is one that systemd knows, starts what there is, and fits the configuration beside it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llm_cost_exporter.config import parse_duration
from llm_cost_exporter.errors import ConfigError, UsageError
from tests.deploy.kit import DEPLOY, configured, lies_in, measured_mib, options, size_mib
from tests.processes import ROOT

UNIT = DEPLOY / "systemd/llm-cost-exporter.service"
CONFIGURATION = (DEPLOY / "systemd/exporter.yml").read_text()


def unit() -> dict[str, dict[str, str]]:
    """Sections, keys and values; a key that stands several times has its values with a space between."""
    sections: dict[str, dict[str, str]] = {}
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section[key] = f"{section[key]} {value}" if key in section else value
    return sections


SERVICE = unit()["Service"]


def test_systemd_knows_every_line(tmp_path):
    """`systemd-analyze verify` is silent: an unknown key would be a warning in a journal, and a protection that is not there."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd-analyze here; the other tests hold what matters")
    # It wants the program to be there.
    copy = tmp_path / UNIT.name
    program = shlex.split(SERVICE["ExecStart"])[0]
    copy.write_text(UNIT.read_text().replace(f"={program} ", f"={sys.executable} "))
    done = subprocess.run([verify, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if UNIT.name in line)
    assert (done.returncode, said) == (0, "")


def test_it_starts_what_the_document_installs():
    """The program is in the environment that docs/deploy.md makes; the command line is one that it takes."""
    program, *arguments = shlex.split(SERVICE["ExecStart"])
    document = (ROOT / "docs/deploy.md").read_text()
    environment = str(Path(program).parents[1])
    assert f"python3 -m venv {environment}\n" in document
    assert Path(program).name == "llm-cost-exporter"
    file = options(arguments)["config_file"]
    assert f"install -D -m 0644 deploy/systemd/exporter.yml {file}\n" in document
    assert shlex.split(SERVICE["ExecReload"]) == ["/bin/kill", "-HUP", "$MAINPID"]


def test_the_configuration_fits_the_unit(tmp_path):
    """The state is the folder that systemd makes, the logs are where it may look, and the end is waited for."""
    config = configured(CONFIGURATION, tmp_path)
    assert str(config.state_dir) == f"/var/lib/{SERVICE['StateDirectory']}"
    readable = [path.removeprefix("-") for path in SERVICE["ReadOnlyPaths"].split()]
    assert [path for source in config.sources for path in source.paths if not lies_in(path, readable)] == []
    assert 0 < config.shutdown_linger + 2 < parse_duration(SERVICE["TimeoutStopSec"])


def test_it_is_started_again_where_that_may_help(tmp_path):
    """Not after a wrong configuration; and what fails all the time reaches the limit, which it would not if starts were too far apart."""
    assert SERVICE["Restart"] == "on-failure"
    assert {ConfigError.exit_status, UsageError.exit_status} == {int(SERVICE["RestartPreventExitStatus"])}
    limits = unit()["Unit"]
    failing = int(limits["StartLimitBurst"]) * parse_duration(SERVICE["RestartSec"])
    interval = parse_duration(limits["StartLimitIntervalSec"].removesuffix("in"))
    assert failing == 300  # for: 5m of LlmCostExporterDown
    assert failing < interval
    (tmp_path / "exporter.yml").write_text("sources: []\n")
    command = [sys.executable, "-m", "llm_cost_exporter", "run", "--config", tmp_path / "exporter.yml"]
    done = subprocess.run(command, env=os.environ, capture_output=True, timeout=60, check=False)
    assert done.returncode == int(SERVICE["RestartPreventExitStatus"])


def test_it_is_shut_in():
    """A user of its own, nothing to write but its state, no capability; and /proc whole, or the process's own metrics are gone."""
    for key in (
        "DynamicUser", "LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectClock",
        "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
        "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
    ):  # fmt: skip
        assert SERVICE[key] == "yes", key
    assert SERVICE["ProtectSystem"] == "strict"
    assert SERVICE["CapabilityBoundingSet"] == SERVICE["AmbientCapabilities"] == ""
    assert SERVICE["SystemCallFilter"].split()[0] == "@system-service"
    assert "ProcSubset" not in SERVICE
    assert size_mib(SERVICE["MemoryMax"]) >= 1.5 * measured_mib()
