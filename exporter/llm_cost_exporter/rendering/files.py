"""The rendered files as text: YAML that people read, with a line on top that says where to change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from llm_cost_exporter.rendering import dashboards, sources

__all__ = ["render", "routes", "rules", "warnings"]

_DO_NOT_EDIT: Final = "DO NOT EDIT: made by `llm-cost-exporter render`. Change the policy and render it anew."
_MIXIN: Final = """
    function(config)
      local mixin = (import 'mixin.libsonnet') + { _config:: config };
      { rules: mixin.prometheusRules, alerts: mixin.prometheusAlerts }
"""


def render(policy: Mapping[str, Any]) -> dict[str, str]:
    """Every file for a complete `policy`: relative path -> text. Raises ExporterError."""
    return {**rules(policy), **routes(policy), **_dashboards(policy)}


def rules(policy: Mapping[str, Any]) -> dict[str, str]:
    """Those of Prometheus alone. Raises ExporterError."""
    mixin = sources.evaluate("rules", _MIXIN, config=policy)
    # In two steps: jsonnet evaluates a field anew wherever it is used, and the rules stand in two files.
    made = sources.evaluate("rules", "import 'render.jsonnet'", config=policy, **mixin)
    return {path: _yaml(file["comment"], file["content"]) for path, file in made.items()}


def _dashboards(policy: Mapping[str, Any]) -> dict[str, str]:
    boards = dashboards.boards(policy)
    return {
        **dashboards.files(boards),
        **{path: _yaml(*file) for path, file in dashboards.provisioning(policy).items()},
        "kubernetes/llm-cost-dashboards.yml": _head(
            ["The dashboards as ConfigMaps, for the sidecar of Grafana's Helm chart."]
        )
        + dashboards.config_maps(boards),
    }


def routes(policy: Mapping[str, Any]) -> dict[str, str]:
    """Those of Alertmanager alone. Raises ExporterError."""
    made = _alertmanager(policy)
    files = {"alertmanager/alertmanager.yml": _yaml(made["comment"], made["content"])}
    for template in sorted((sources.folder("alertmanager") / "templates").glob("*.tmpl")):
        files[f"alertmanager/templates/{template.name}"] = template.read_text(encoding="utf-8")
    return files


def warnings(policy: Mapping[str, Any]) -> list[str]:
    """What is rendered otherwise than the user of a complete `policy` may expect, a line each. Raises ExporterError."""
    return [str(line) for line in _alertmanager(policy)["warnings"]]


def _alertmanager(policy: Mapping[str, Any]) -> dict[str, Any]:
    # In two steps, for the same reason: which receivers there are follows from the routes.
    route = sources.evaluate("alertmanager", "(import 'render.jsonnet').tree", config=policy)
    made: dict[str, Any] = sources.evaluate(
        "alertmanager", "(import 'render.jsonnet').rendered", config=policy, route=route
    )
    return made


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block, so that an expression reads as it was written."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)

# Keys that are read first stand first; the others follow as they come.
_FIRST: Final = (
    "name", "record", "alert", "interval", "expr", "for", "labels", "annotations",
    "templates", "route", "time_intervals", "inhibit_rules", "receivers",
    "matchers", "receiver", "continue", "group_by", "group_wait", "group_interval", "repeat_interval", "active_time_intervals", "routes",
    "source_matchers", "target_matchers", "equal", "send_resolved",
)  # fmt: skip


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        rest = [key for key in value if key not in _FIRST]
        return {key: _ordered(value[key]) for key in (*_FIRST, *rest) if key in value}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def _head(comment: list[str]) -> str:
    return "".join(f"# {line}\n" for line in (_DO_NOT_EDIT, *comment))


def _yaml(comment: list[str], content: Any) -> str:
    return _head(comment) + yaml.dump(
        _ordered(content), Dumper=_Dumper, sort_keys=False, width=1_000_000, allow_unicode=True
    )
