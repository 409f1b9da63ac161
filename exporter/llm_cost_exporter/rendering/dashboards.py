"""Grafana's dashboards as JSON, and what brings them into Grafana: provisioning files, ConfigMaps for its sidecar.

The JSON says DO NOT EDIT in each dashboard's description, since JSON has no comments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from llm_cost_exporter.rendering import sources

__all__ = ["boards", "config_maps", "files", "provisioning"]

# Where the example of provisioning looks for the JSON.
_FOLDER: Final = "/var/lib/grafana/dashboards/llm-cost"


def boards(policy: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each dashboard of a complete `policy` by its uid. Raises ExporterError."""
    made: dict[str, dict[str, Any]] = sources.evaluate("grafana", "import 'render.jsonnet'", config=policy)
    return made


def files(made: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The dashboards to import: relative path -> JSON."""
    return {
        f"grafana/dashboards/{uid}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        for uid, board in made.items()
    }


def provisioning(policy: Mapping[str, Any]) -> dict[str, tuple[list[str], Any]]:
    """Files for Grafana's folder `provisioning`: relative path -> lines of comment, content."""
    provider = {
        "name": "llm-cost",
        "folder": "LLM cost",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": _FOLDER},
    }
    source = {
        "name": "Prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": "http://localhost:9090",
        "jsonData": {"httpMethod": "POST", "timeInterval": policy["scrape_interval"]},
    }
    return {
        "grafana/provisioning/dashboards/llm-cost.yml": (
            ["Tells Grafana where the dashboards are: put grafana/dashboards/*.json into `path`, or change it."],
            {"apiVersion": 1, "providers": [provider]},
        ),
        "grafana/provisioning/datasources/llm-cost.yml": (
            [
                "An example of a data source; not needed where Grafana has your Prometheus already.",
                "timeInterval is the scrape interval of the policy: $__rate_interval follows from it.",
            ],
            {"apiVersion": 1, "datasources": [source]},
        ),
    }


def config_maps(made: Mapping[str, Mapping[str, Any]]) -> str:
    """A ConfigMap for each dashboard, with the label that the sidecar of Grafana's Helm chart looks for.

    One each, since an object of Kubernetes holds no more than 1 MiB. The JSON is a line of a literal block: YAML takes it as it is.
    """
    return "---\n".join(
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        f"  name: {uid}\n"
        "  labels:\n"
        "    app.kubernetes.io/name: llm-cost-exporter\n"
        '    grafana_dashboard: "1"\n'
        "  annotations:\n"
        "    grafana_folder: LLM cost\n"
        "data:\n"
        f"  {uid}.json: |-\n"
        f"    {json.dumps(board, separators=(',', ':'), ensure_ascii=False)}\n"
        for uid, board in made.items()
    )
