"""`render`: files for Prometheus from a policy, or from none."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from llm_cost_exporter import policy, rendering
from llm_cost_exporter.commands.render import command
from llm_cost_exporter.errors import ExporterError, UsageError
from tests.processes import ROOT, find_program

FILES = (
    "kubernetes/llm-cost-prometheusrule.yml",
    "prometheus/llm-cost.alerts.yml",
    "prometheus/llm-cost.rules.yml",
    "prometheus/prometheus.yml",
    "alertmanager/alertmanager.yml",
)
BOARDS = tuple(
    f"grafana/dashboards/llm-cost-{name}.json" for name in ("budgets", "efficiency", "exporter", "models", "overview")
)
PROVISIONING = (
    "grafana/provisioning/dashboards/llm-cost.yml",
    "grafana/provisioning/datasources/llm-cost.yml",
    "kubernetes/llm-cost-dashboards.yml",
)
TEMPLATES = tuple(sorted(f"alertmanager/templates/{path.name}" for path in (ROOT / "alertmanager/templates").iterdir()))

# A policy with something of everything: two budgets with matchers of each kind, an owner, levels, a zone, other labels.
FULL = r"""
timezone: Asia/Bangkok
scrape_interval: 1m
grouping_labels: [model, app, user]
selectors: {metrics: {cluster: prod}, targets: {job: [a, "b.c"]}}
budgets:
  - {name: search, match: {team: search}, monthly_usd: 300, team: search, levels: {critical: 0.8}}
  - {name: 'the "rest"', match: {team: ["a.b", 'c"d'], model: '=~gpt-4\..*', app: '!=batch', provider: '!~x|y'}, daily_usd: 12.5}
levels: {info: null, emergency: 1.2}
spend_rate: {by: [model, app], minute: {warning: 0.5, critical: null}, hour: {warning: null, critical: 500}}
burn_rate: [{severity: info, factor: 2.5, long: 1h30m, short: 5m}]
minimum_usd: 0
alerts: {LlmCostUnpriced: {enabled: false}, LlmCostLogStalled: {severity: info}, LlmCostBudget: {severity: {critical: warning}}}
links: {runbooks: "https://wiki.example/cost/", dashboards: "https://grafana.example"}
"""


@cache
def render(text: str) -> dict[str, str]:
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(text)
        file.flush()
        return rendering.rules(policy.load(file.name))


def rules(files: dict[str, str]) -> list[dict[str, Any]]:
    groups = yaml.safe_load(files["kubernetes/llm-cost-prometheusrule.yml"])["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_no_policy_gives_the_committed_files(tmp_path: Path):
    """What is in the repository is what users get with the defaults, and says not to edit it."""
    done = CliRunner().invoke(command, ["--out", str(tmp_path / "new" / "folder")], catch_exceptions=False)
    assert done.exit_code == 0
    names = (*FILES, *TEMPLATES, *BOARDS, *PROVISIONING)
    assert done.output.splitlines() == [str(tmp_path / "new" / "folder" / name) for name in names]
    for name in names:
        text = (tmp_path / "new" / "folder" / name).read_text()
        beside = (
            "" if name.startswith(("alertmanager/", "grafana/")) else "grafana/" if "dashboards" in name else "rules/"
        )
        assert text == (ROOT / f"{beside}{name}").read_text()
        assert text.startswith("# DO NOT EDIT") == (name in FILES or name in PROVISIONING)
    written = [path.name for path in (tmp_path / "new" / "folder" / "prometheus").iterdir()]
    assert sorted(written) == [name.split("/")[1] for name in FILES[1:4]]  # and no half-written file


def test_the_manifest_holds_the_same_groups():
    """The Prometheus Operator gets what the two rule files have, in their order."""
    files = render("")
    manifest = yaml.safe_load(files[FILES[0]])
    assert (manifest["apiVersion"], manifest["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    both = [yaml.safe_load(files[f"prometheus/llm-cost.{name}.yml"])["groups"] for name in ("rules", "alerts")]
    assert manifest["spec"]["groups"] == both[0] + both[1]
    names = [group["name"] for group in manifest["spec"]["groups"]]
    assert len(set(names)) == len(names)


def test_prometheus_takes_what_any_policy_gives(tmp_path: Path, generation: str):
    """Matchers of each kind, quotes in names, windows and zones are still PromQL, for both generations."""
    for name, text in render(FULL).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    promtool = find_program("promtool", generation)
    done = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus/prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout


def test_a_budget_counts_what_its_matchers_take():
    """Each matcher stands in each selector of the budget's rules, escaped; labels that only budgets match on are kept too."""
    found = rules(render(FULL))
    (spent,) = [
        r for r in found if r.get("record") == "budget:llm_cost_usd:spent" and r["labels"]["budget"] != "search"
    ]
    matchers = r'app!="batch", model=~"gpt-4\\..*", provider!~"x|y", team=~"a\\.b|c\"d"'
    assert spent["expr"].count(matchers) == 2
    assert f'llm_cost_day_usd{{cluster="prod", zone="Asia/Bangkok", {matchers}}}' in spent["expr"]
    assert spent["labels"] == {"budget": 'the "rest"', "period": "day"}
    (ledger,) = [r for r in found if r.get("record") == "ledger:llm_cost_day_usd:last"]
    assert "max by (ledger, zone, month, date, model, app, user, team, provider)" in ledger["expr"]


def test_an_owner_is_on_the_alerts_of_a_budget():
    """`team` is a label of the budget's own series, so its alerts carry it; others have none."""
    found = [r for r in rules(render(FULL)) if r.get("record") == "budget:llm_cost_usd:spent"]
    assert [rule["labels"].get("team") for rule in found] == ["search", None]


def test_levels_alerts_and_severities_are_as_the_policy_says():
    """A level of null and an alert that is off are gone; a budget's own level stands beside the common one."""
    alerts = [rule for rule in rules(render(FULL)) if "alert" in rule]
    names = {rule["alert"] for rule in alerts}
    assert "LlmCostUnpriced" not in names
    levels = {r["labels"]["level"]: r for r in alerts if r["alert"] == "LlmCostBudget"}
    assert list(levels) == ["emergency", "critical", "warning"]  # what inhibits ends before what it inhibits
    assert {level: rule["labels"]["severity"] for level, rule in levels.items()} == dict.fromkeys(levels, "warning")
    limit = " / on (budget, period) group_left () budget:llm_cost_usd:limit >= "
    assert f'spent{{budget="search"}}{limit}0.8' in levels["critical"]["expr"]
    assert f'spent{{budget="the \\"rest\\""}}{limit}0.9' in levels["critical"]["expr"]
    assert f"spent{limit}1.2" in levels["emergency"]["expr"]
    (stalled,) = [rule for rule in alerts if rule["alert"] == "LlmCostLogStalled"]
    assert stalled["labels"] == {"severity": "info"}
    assert stalled["annotations"]["runbook_url"] == "https://wiki.example/cost/pipeline.md#llmcostlogstalled"
    severities = [(r["alert"], r["labels"]["severity"]) for r in alerts if r["alert"].startswith("LlmCostSpendRate")]
    assert severities == [("LlmCostSpendRateMinute", "warning"), ("LlmCostSpendRateHour", "critical")]


def test_windows_follow_the_scrape_interval():
    """A window spans exactly its time at the policy's interval; a minute's is never shorter than one interval."""
    for interval, window, scale in (
        ("15s", "1m14s999ms", ""),
        ("1m", "1m59s999ms", ""),
        ("2m", "3m59s999ms", " * 60 / 120"),
    ):
        found = rules(render(f"scrape_interval: {interval}"))
        (minute,) = [rule["expr"] for rule in found if rule.get("record") == "model:llm_cost_usd:increase1m"]
        selector = f"llm_cost_usd_total[{window}]"
        assert f"(last_over_time({selector}) - min_over_time({selector}))" in minute
        assert minute.endswith("))))"[1:] + scale)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path):
    """--out must be a folder: exit status 2, and the file stays as it is."""
    (tmp_path / "file").write_text("mine")
    for out in ("file", "file/below"):
        with pytest.raises(UsageError, match="is no folder"):
            CliRunner().invoke(command, ["--out", str(tmp_path / out)], catch_exceptions=False)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("in_the_way", ["prometheus", "prometheus/llm-cost.rules.yml"])
def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path: Path, in_the_way: str):
    """A disk's refusal names the file: exit status 1, and no file of the new policy stands beside those of the old."""
    if "/" in in_the_way:
        (tmp_path / in_the_way).mkdir(parents=True)
    else:
        (tmp_path / in_the_way).write_text("in the way")
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(ExporterError, match="can't be written") as bad:
        CliRunner().invoke(command, ["--out", str(tmp_path)], catch_exceptions=False)
    assert bad.value.exit_status == 1
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before


def test_what_falls_away_is_told(tmp_path: Path):
    """A default that a version can't have is a warning on stderr, and the rest is rendered: exit status 0."""
    (tmp_path / "policy.yml").write_text('alertmanager: {version: "0.25"}')
    done = CliRunner().invoke(command, [str(tmp_path / "policy.yml"), "--out", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: alertmanager.deadman: Alertmanager 0.25 can't take")


def test_the_command_itself_ends_with_its_status(tmp_path: Path):
    """As users run it: one line on stderr, no traceback."""
    (tmp_path / "policy.yml").write_text("budget: 5")
    done = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "render", "policy.yml", "--out", "out"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "llm-cost-exporter: policy.yml: budget: unknown key; did you mean 'budgets'?\n"
    assert done.stdout == ""
