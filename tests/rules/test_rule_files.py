"""The committed rule files, as the tools of those who load them see them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.processes import ROOT, find_program
from tests.rules.engines import RULES


def check(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_vmalert_takes_the_rules(generation: str) -> None:
    """vmalert's own check accepts both files: expressions, durations and templates."""
    check(find_program("vmalert", generation), "-dryRun", *(f"-rule={path}" for path in RULES))


def test_vmalert_refuses_a_broken_rule(generation: str, tmp_path: Path) -> None:
    """The check above can fail: an expression that is cut off is refused."""
    broken = tmp_path / "broken.yml"
    broken.write_text(RULES[0].read_text().replace(" / 300\n", " / (300\n", 1))
    with pytest.raises(AssertionError):
        check(find_program("vmalert", generation), "-dryRun", f"-rule={broken}")


def test_prometheus_takes_the_example_configuration(promtool: Path) -> None:
    """The rendered prometheus.yml is valid and finds its rule files, which are valid too."""
    check(promtool, "check", "config", ROOT / "rules/prometheus/prometheus.yml")


def test_the_kubernetes_manifest_has_the_same_groups() -> None:
    """Who uses the Prometheus Operator gets exactly the rules of the two files, in their order."""
    manifest = yaml.safe_load((ROOT / "rules/kubernetes/llm-cost-prometheusrule.yml").read_text())
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    assert manifest["spec"]["groups"] == groups
    assert (manifest["kind"], manifest["apiVersion"]) == ("PrometheusRule", "monitoring.coreos.com/v1")
