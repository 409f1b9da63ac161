"""The policy: what a team wants of rules, routes and dashboards, in one YAML file. `load` reads it, checks it and completes it."""

from __future__ import annotations

from llm_cost_exporter.policy.load import defaults, load

__all__ = ["defaults", "load"]
