"""From a policy to the files of Prometheus, Alertmanager and Grafana: `render` gives them as text, path by path (`rules` those of
Prometheus alone, `routes` those of Alertmanager); `warnings` what to say of it.
"""

from __future__ import annotations

from llm_cost_exporter.rendering.files import render, routes, rules, warnings

__all__ = ["render", "routes", "rules", "warnings"]
