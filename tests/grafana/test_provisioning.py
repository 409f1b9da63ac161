"""The files that bring the dashboards into Grafana: provisioning, and ConfigMaps."""

from __future__ import annotations

import json

import yaml

from llm_cost_exporter import policy
from llm_cost_exporter.rendering import dashboards, render
from tests.grafana import boards
from tests.processes import ROOT


def test_config_maps_hold_the_dashboards():
    """Each dashboard is one ConfigMap with the label of the sidecar, and in it unchanged; kubectl can apply it (256 KiB)."""
    text = (ROOT / "grafana/kubernetes/llm-cost-dashboards.yml").read_text()
    assert "DO NOT EDIT" in text.splitlines()[0]
    maps = list(yaml.safe_load_all(text))
    assert {one["kind"] for one in maps} == {"ConfigMap"}
    found = {}
    for one in maps:
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        ((name, content),) = one["data"].items()
        assert name == one["metadata"]["name"] + ".json"
        assert len(content.encode()) < 256 * 1024
        found[name.removesuffix(".json")] = json.loads(content)
    assert found == boards.load()


def test_provisioning_names_its_files():
    """Grafana's provisioning gets one provider of dashboards, and a data source with the scrape interval of the policy."""
    (provider,) = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/llm-cost.yml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("/")
    made = dashboards.provisioning({**policy.load(None), "scrape_interval": "30s"})
    (source,) = made["grafana/provisioning/datasources/llm-cost.yml"][1]["datasources"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == "30s"


def test_render_writes_them_all():
    """`render` gives dashboards, provisioning and ConfigMaps beside the rules."""
    paths = set(render(policy.load(None)))
    wanted = {f"grafana/dashboards/{name}.json" for name in boards.load()}
    wanted |= {f"grafana/provisioning/{kind}/llm-cost.yml" for kind in ("dashboards", "datasources")}
    assert wanted | {"kubernetes/llm-cost-dashboards.yml"} <= paths
