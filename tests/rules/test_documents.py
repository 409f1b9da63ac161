"""What people read at three in the morning holds: runbooks and docs/rules.md against the committed rules, the metrics and the commands."""

from __future__ import annotations

import re
import shlex
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
import promql_parser
import pytest
import yaml

from llm_cost_exporter import commands
from tests.processes import ROOT

RUNBOOKS = ROOT / "rules/runbooks"
DOCUMENT = ROOT / "docs/rules.md"
PARTS = ("What it means.", "First three checks", "Stop the spend", "Silence")
# What Prometheus makes by itself, and every client library (docs/metrics.md says so).
NOT_OURS = {"up", "ALERTS", "process_cpu_seconds_total", "process_start_time_seconds"}


@cache
def rules() -> list[dict[str, Any]]:
    """The committed rules, recording and alerting."""
    files = [ROOT / "rules/prometheus" / f"llm-cost.{name}.yml" for name in ("rules", "alerts")]
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, list[dict[str, Any]]]:
    """The rules of each alert."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in rules():
        if "alert" in rule:
            found.setdefault(rule["alert"], []).append(rule)
    return found


def recorded() -> set[str]:
    """The names of the recorded series."""
    return {rule["record"] for rule in rules() if "record" in rule}


def metrics() -> set[str]:
    """What docs/metrics.md lists, histograms with their series."""
    text = (ROOT / "docs/metrics.md").read_text()
    own = text.index("## The exporter itself")
    names = set()
    for match in re.finditer(r"^\| (`[^|]*`) \|([^|]*)", text, re.MULTILINE):
        for name in re.findall(r"`([a-z_]+)`", match[1]):
            if match.start() > own:
                names.add(f"llm_cost_exporter_{name}")
            elif match[2].strip() == "histogram":
                names.update(f"{name}_{end}" for end in ("bucket", "sum", "count"))
            else:
                names.add(name)
    assert {"llm_cost_usd_total", "llm_request_cost_usd_bucket", "llm_cost_exporter_unread_bytes"} <= names
    return names


def sections(text: str) -> dict[str, str]:
    """The text below each `##` heading."""
    return {
        part.partition("\n")[0]: part.partition("\n")[2] for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    }


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def fenced(text: str, language: str) -> list[str]:
    """The contents of the fenced blocks of a language, at any indentation."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block).strip() for _, block in blocks]


def part(section: str, name: str) -> str:
    """What stands below a part's name, up to the next one; empty where it is missing."""
    pieces = re.split(rf"^\*\*({'|'.join(map(re.escape, PARTS))})\*\*", section, flags=re.MULTILINE)
    texts: dict[str, str] = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    return texts.get(name, "").strip()


class Query(NamedTuple):
    """A query of a runbook."""

    file: str
    text: str


def queries() -> list[Query]:
    """Each query that a runbook gives."""
    return [
        Query(path.name, text) for path in sorted(RUNBOOKS.glob("*.md")) for text in fenced(path.read_text(), "promql")
    ]


def names_in(expression: promql_parser.Expr) -> list[str | None]:
    """The names that an expression selects; None where a selector has none."""
    found: list[str | None] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node.name)

    promql_parser.walk(expression, visit)
    return found


def labels_of(rule: dict[str, Any]) -> set[str]:
    """The labels that an alert can have: its own, those it is grouped by, those of the target that it is about."""
    grouped: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            grouped.update(node.modifier.labels)

    expression = promql_parser.parse(rule["expr"])
    promql_parser.walk(expression, visit)
    for name in names_in(expression):
        for other in rules():
            if other.get("record") == name:
                promql_parser.walk(promql_parser.parse(other["expr"]), visit)
    return {"alertname", "job", "instance"} | grouped | set(rule["labels"])


@pytest.mark.parametrize("name", alerts())
def test_the_link_in_a_message_leads_to_a_runbook(name: str):
    """runbook_url names a file that is there, and in it a heading with the alert's name."""
    for rule in alerts()[name]:
        path, _, fragment = rule["annotations"]["runbook_url"].rpartition("/")[2].partition("#")
        headings = sections((RUNBOOKS / path).read_text())
        assert name in headings
        assert fragment == anchor(name)


def test_no_runbook_is_left_over():
    """A heading of a runbook with an alert's form is that of an alert there is."""
    found = [heading for path in RUNBOOKS.glob("*.md") for heading in sections(path.read_text())]
    assert sorted(found) == sorted(alerts())


@pytest.mark.parametrize("name", alerts())
def test_a_runbook_has_its_four_parts(name: str):
    """What it means, three checks with something to paste in each, what stops the spend, and how to silence it and when not to."""
    path = alerts()[name][0]["annotations"]["runbook_url"].rpartition("/")[2].partition("#")[0]
    section = sections((RUNBOOKS / path).read_text())[name]
    assert re.findall(rf"^\*\*({'|'.join(PARTS)})\*\*", section, re.MULTILINE) == list(PARTS)
    assert 10 <= len(part(section, "What it means.").split()) <= 60, "a few sentences"
    checks = re.split(r"^\d\. ", part(section, "First three checks"), flags=re.MULTILINE)[1:]
    assert len(checks) == 3
    for check in checks:
        assert fenced(check, "promql") or fenced(check, "sh"), check
    assert any(fenced(check, "promql") for check in checks)
    assert re.search(r"^- \S", part(section, "Stop the spend"), re.MULTILINE)
    (command,) = fenced(part(section, "Silence"), "sh")
    assert f" alertname={name}" in command
    assert re.search(r"\b(not|never|only|don't)\b", part(section, "Silence").rpartition("```")[2], re.IGNORECASE), (
        "when not"
    )


@pytest.mark.parametrize("name", [name for name in alerts() if name != "LlmCostWatchdog"])
def test_a_silence_fits_its_alert(name: str):
    """amtool's matchers are labels that the alert has, a severity and level of it, an end and a comment; nothing for the shell to replace."""
    path = alerts()[name][0]["annotations"]["runbook_url"].rpartition("/")[2].partition("#")[0]
    (command,) = fenced(part(sections((RUNBOOKS / path).read_text())[name], "Silence"), "sh")
    words = shlex.split(command)
    assert words[0] == "amtool"
    assert words[2:4] == ["silence", "add"]
    assert "`" not in command
    assert '"' not in command, "a $ would be the shell's"
    matchers = dict(word.split("=", 1) for word in words[4 : words.index("-d")])
    assert len(words) == words.index("-d") + 4
    assert words[-2] == "-c"
    fitting = [
        rule
        for rule in alerts()[name]
        if all(matchers.get(label, value) == value for label, value in rule["labels"].items())
    ]
    assert fitting, "no rule has this severity and level"
    assert set(matchers) <= set.union(*(labels_of(rule) for rule in fitting))


@pytest.mark.parametrize("query", queries(), ids=lambda query: f"{query.file}: {query.text[:60]}")
def test_a_query_can_be_pasted(query: Query):
    """It is PromQL, and names only what the exporter or the rules have."""
    names = names_in(promql_parser.parse(query.text))
    assert names
    assert set(names) <= metrics() | recorded() | NOT_OURS


@pytest.mark.parametrize("path", [*sorted(RUNBOOKS.glob("*.md")), DOCUMENT], ids=lambda path: path.name)
def test_a_command_exists(path: Path):
    """Each `llm-cost-exporter …` is a command there is, with options that it has."""
    said = re.findall(r"llm-cost-exporter ([a-z][^|;`'#\n]*)", path.read_text())
    for line in said:
        words = line.split()
        command: click.Command | None = commands.group
        while isinstance(command, click.Group) and words:
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("path", [*sorted(RUNBOOKS.glob("*.md")), DOCUMENT], ids=lambda path: path.name)
def test_a_link_leads_somewhere(path: Path):
    """Each relative link is to a file that is there, each anchor to a heading in it."""
    for link in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if "://" in link:
            continue
        file, _, fragment = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.exists(), link
        if fragment:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), link


def test_the_document_lists_the_recorded_series():
    """docs/rules.md has each recorded series once, and no other."""
    text = sections(DOCUMENT.read_text())["Recorded series"]
    cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    listed = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(listed) == sorted(recorded())


def test_the_document_lists_the_alerts():
    """docs/rules.md has each alert with each of its severities, and how long it waits."""
    text = sections(DOCUMENT.read_text())["Alerts"]
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\w+) \| (\w+) \|$", text, re.MULTILINE)
    made = {
        (name, rule["labels"]["severity"], rule.get("for", "0s")) for name, those in alerts().items() for rule in those
    }
    assert sorted(rows) == sorted(made)
