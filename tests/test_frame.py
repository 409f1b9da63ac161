"""What holds the project together: the Makefile, what the documents say about it, dependencies, and what may not be committed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from llm_cost_exporter.commands import group
from tests.processes import ROOT, missing

MAKEFILE = (ROOT / "Makefile").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")])
PYPROJECT = (ROOT / "pyproject.toml").read_text()

# Written in pieces, or this file would be found.
NOT_TO_COMMIT = {
    "a path of one developer's machine": r"/(?:work/(?:main|shared|\.)|root/)|/tmp/" + "plan",
    "a folder beside the repository": r"\.\./" + "shared",
    "the address of a package registry": "|".join(
        re.escape(host).replace("@", "")
        for host in (
            "py@pi.org",
            "python@hosted.org",
            "deb.deb@ian.org",
            "npm@js.org",
            "crat@es.io",
            "proxy.gol@ang.org",
            "maven.org/mav@en2",
        )
    ),
}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE))


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        missing("no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_make_help_names_every_target():
    """`make help` shows each target with what it does, and there are all that the documents promise."""
    said = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    shown = dict(re.findall(r"^  make (\S+) +(\S.*)$", said, re.MULTILINE))
    assert set(shown) == targets()
    assert {"help", "run", "test", "lint", "bench", "generate", "check-generated", "dist", "clean"} <= targets()


@pytest.mark.parametrize("name", group.list_commands(click.Context(group)))
def test_each_command_is_documented(name: str):
    """A document shows the command as it is called, and it has a help of its own."""
    assert any(f"llm-cost-exporter {name} " in document.read_text() for document in DOCUMENTS)
    shown = CliRunner().invoke(group, [name, "--help"])
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 5


def test_a_bare_make_only_helps():
    """`make` alone changes nothing."""
    assert ".DEFAULT_GOAL := help" in MAKEFILE


def test_every_target_is_phony():
    """A file that happens to be called `test` or `dist` stops no target."""
    assert set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)) == targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_command_in_a_document_exists(document: Path):
    """Whoever follows a document letter by letter meets no unknown target."""
    code = re.findall(
        r"`make ([a-z-]+)|^    (?:.*\$ )?make ([a-z-]+)|^make ([a-z-]+)", document.read_text(), re.MULTILINE
    )
    assert {name for names in code for name in names if name} <= targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path):
    """A relative link in a document names a file that is there."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("what", NOT_TO_COMMIT)
def test_what_must_not_be_committed(what: str):
    """No tracked file holds something that is true of one machine only."""
    pattern = re.compile(NOT_TO_COMMIT[what])
    found = []
    for path in tracked_files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def dependencies() -> list[str]:
    project = tomllib.loads(PYPROJECT)["project"]
    return [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]


@pytest.mark.parametrize("dependency", dependencies())
def test_each_dependency_says_what_it_is_for(dependency: str):
    """A comment stands behind every dependency in pyproject.toml."""
    assert re.search(rf'^    "{re.escape(dependency)}", +# \S.+$', PYPROJECT, re.MULTILINE)


MODULES = {
    "PyYAML": "yaml",
    "genai-prices": "genai_prices",
    "jsonnet": "_jsonnet",
    "google-re2": "re2",
    "prometheus-client": "prometheus_client",
}


def test_each_package_that_is_imported_is_a_dependency():
    """On a new machine there is what pyproject.toml names, and nothing else."""
    named = {re.split(r"[<>=]", one)[0] for one in tomllib.loads(PYPROJECT)["project"]["dependencies"]}
    provided = {MODULES.get(name, name) for name in named} | {"llm_cost_exporter"} | sys.stdlib_module_names
    for path in (ROOT / "exporter").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert {name.partition(".")[0] for name in names} <= provided, path


def test_each_runtime_dependency_is_used():
    """What users must install, the package imports; tzdata is data that zoneinfo finds by itself."""
    source = "\n".join(path.read_text() for path in (ROOT / "exporter").rglob("*.py"))
    names = [re.split(r"[<>=]", one)[0] for one in tomllib.loads(PYPROJECT)["project"]["dependencies"]]
    unused = [n for n in names if not re.search(rf"^\s*(?:import|from) {MODULES.get(n, n)}\b", source, re.MULTILINE)]
    assert unused == ["tzdata"]


def test_ci_runs_what_a_developer_runs():
    """Both CI entries run `make test` and nothing else, so that a green `make test` is a green CI."""
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert re.findall(r"^ +- run: (.*)$", workflow, re.MULTILINE) == ["make test"]
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec make test"
