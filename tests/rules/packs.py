"""The rules of a policy and promtool to try them on; the series and results that the tests of policies speak in."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from llm_cost_exporter import policy, rendering

RULES, ALERTS = "llm-cost.rules.yml", "llm-cost.alerts.yml"
RUNBOOKS = "https://github.com/llm-cost-exporter/llm-cost-exporter/blob/main/rules/runbooks"


@cache
def rendered(text: str) -> dict[str, str]:
    """The rules of a policy; once for both generations, since it takes a second."""
    with TemporaryDirectory() as folder:
        given = Path(folder) / "policy.yml"
        given.write_text(text)
        return rendering.rules(policy.load(given))


class Pack:
    """The rules of one policy, and promtool to try them. Series are written as promtool does: name and labels -> values."""

    def __init__(self, folder: Path, promtool: Path, text: str) -> None:
        self.folder, self.promtool = folder, promtool
        made = rendered(text)
        self.groups: list[dict[str, Any]] = []
        for name in (RULES, ALERTS):
            (folder / name).write_text(made[f"prometheus/{name}"])
            self.groups += yaml.safe_load(made[f"prometheus/{name}"])["groups"]

    def rules(self, alert: str) -> list[dict[str, Any]]:
        """The alerting rules of that name."""
        return [rule for group in self.groups for rule in group["rules"] if rule.get("alert") == alert]

    def gives(
        self,
        series: dict[str, str],
        results: dict[tuple[str, str], dict[str, float]] | None = None,
        alerts: dict[tuple[str, str], list[tuple[dict[str, str], dict[str, str]]]] | None = None,
        evaluated: str = "1m",
    ) -> None:
        """Fails unless (query, time) gives these labels and values, and (alert, time) these labels and annotations."""
        test = {
            "interval": "15s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {"expr": expr, "eval_time": when, "exp_samples": [{"labels": k, "value": v} for k, v in rows.items()]}
                for (expr, when), rows in (results or {}).items()
            ],
            "alert_rule_test": [
                {
                    "alertname": name,
                    "eval_time": when,
                    "exp_alerts": [{"exp_labels": labels, "exp_annotations": texts} for labels, texts in expected],
                }
                for (name, when), expected in (alerts or {}).items()
            ],
        }
        whole = {
            "rule_files": [RULES, ALERTS],
            "evaluation_interval": evaluated,
            "group_eval_order": [group["name"] for group in self.groups],
            "tests": [test],
        }
        (self.folder / "policy.test.yml").write_text(yaml.safe_dump(whole))
        self._promtool("test", "rules", "policy.test.yml")

    def is_valid(self) -> None:
        """Fails unless Prometheus would load it."""
        self._promtool("check", "rules", RULES, ALERTS)

    def _promtool(self, *arguments: str) -> None:
        done = subprocess.run(
            [self.promtool, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def day(usd: str, ledger: str = "L", zone: str = "UTC", **labels: str) -> dict[str, str]:
    """Dollars of 1970-01-01 on one sidecar, a sample each 15 s."""
    whose = {"provider": "p", "model": "m", "app": "checkout", "team": "search", "instance": ledger} | labels
    pairs = {"ledger": ledger, "zone": zone, "month": "1970-01", "date": "1970-01-01"} | whose
    return {"llm_cost_day_usd{" + ",".join(f'{key}="{value}"' for key, value in pairs.items()) + "}": usd}


def bounds(zone: str = "UTC", start: int = 0) -> dict[str, str]:
    """Bounds of that day and of its month of 31 days."""
    ends = {("day", "date", "1970-01-01"): 86_400, ("month", "month", "1970-01"): 31 * 86_400}
    made = {}
    for (period, label, value), length in ends.items():
        for what, when in (("start", start), ("end", start + length)):
            made[f'llm_cost_{period}_{what}_timestamp_seconds{{zone="{zone}",{label}="{value}"}}'] = f"{when}x1000"
    return made


def firing(alert: str, when: str, *labels: str) -> dict[tuple[str, str], dict[str, float]]:
    """That exactly these alerts of that name fire; `labels` are their own ones, as promtool writes them."""
    own = f'alertname="{alert}",alertstate="firing"'
    return {(f"ALERTS{{{own}}}", when): {f"ALERTS{{{own},{one}}}": 1 for one in labels}}


def spent(when: str, **usd: float) -> dict[tuple[str, str], dict[str, float]]:
    """What budgets say is spent today."""
    return {
        ('sum by (budget) (budget:llm_cost_usd:spent{period="day"})', when): {
            f'{{budget="{name}"}}': value for name, value in usd.items()
        }
    }


def texts(page: str, alert: str, dashboard: str, summary: str, description: str, **figures: str) -> dict[str, str]:
    return {
        "summary": summary,
        "description": description,
        "runbook_url": f"{RUNBOOKS}/{page}.md#{alert.lower()}",
        "dashboard_url": f"http://localhost:3000/d/{dashboard}",
        **figures,
    }
