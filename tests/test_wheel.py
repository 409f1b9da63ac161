"""The wheel: built as it is released, installed into a clean environment, used outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from llm_cost_exporter import __version__
from tests.processes import ROOT

LINE = {
    "timestamp": 1767654904.16,
    "model": "gpt-4o-mini",
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "request_id": "r1",
}


def run(command: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    # Nothing of this checkout or its environment may help.
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "COV_"))
    }
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT], cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the checkout with a clean environment in it, into which the wheel was installed."""
    home = tmp_path_factory.mktemp("elsewhere")
    run([sys.executable, "-m", "venv", home / "venv"], cwd=home)
    run([home / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel], cwd=home)
    return home


def test_the_wheel_carries_the_whole_package_and_nothing_else(wheel: Path):
    """Every module, py.typed and the licence are in it; tests and scripts are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = ROOT / "exporter"
    package = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    metadata = {name for name in names if name.startswith(f"llm_cost_exporter-{__version__}.dist-info/")}
    # What `render` renders from; what it gives, tests and runbooks stay in the checkout.
    sources = [ROOT / "rules" / name for name in ("config.libsonnet", "mixin.libsonnet", "render.jsonnet")]
    folders = (
        "rules/alerts",
        "rules/lib",
        "rules/recording",
        "alertmanager/lib",
        "alertmanager/templates",
        "grafana/lib",
    )
    for folder in folders:
        sources += (ROOT / folder).iterdir()
    for folder in ("alertmanager", "grafana"):
        sources += [path for path in (ROOT / folder).iterdir() if path.suffix in (".jsonnet", ".libsonnet")]
    carried = {f"llm_cost_exporter/_data/{path.relative_to(ROOT)}" for path in sources}
    assert names - metadata == package | carried
    assert "llm_cost_exporter/py.typed" in package
    assert any(name.endswith("licenses/LICENSE") for name in metadata)


def test_the_installed_command_tells_its_version(elsewhere: Path):
    """`pip install` gives the command, which runs from there."""
    said = run([elsewhere / "venv/bin/llm-cost-exporter", "--version"], cwd=elsewhere).stdout
    assert __version__ in said
    where = run(
        [elsewhere / "venv/bin/python", "-c", "import llm_cost_exporter as it; print(it.__file__)"], cwd=elsewhere
    ).stdout
    assert Path(where.strip()).is_relative_to(elsewhere)


def test_the_installed_command_reports(elsewhere: Path):
    """A log is read and priced with what the wheel and its dependencies bring, from any folder."""
    (elsewhere / "usage.jsonl").write_text(json.dumps(LINE) + "\n")
    command: list[str | Path] = [elsewhere / "venv/bin/llm-cost-exporter", "report", "usage.jsonl", "--format", "json"]
    report = json.loads(run(command, cwd=elsewhere).stdout)
    assert report["requests"] == 1
    assert report["total_cost_usd"] == "0.00021"  # 1000 x 0.15 and 100 x 0.60 USD per million


def test_the_installed_command_renders(elsewhere: Path):
    """`render` needs no checkout: the wheel brings the sources of rules, routes and dashboards, and gives what is committed here."""
    run([elsewhere / "venv/bin/llm-cost-exporter", "render", "--out", "rendered"], cwd=elsewhere)
    for path in (ROOT / "rules/prometheus").iterdir():
        assert (elsewhere / "rendered/prometheus" / path.name).read_text() == path.read_text()
    beside = [ROOT / "alertmanager/alertmanager.yml"]
    for pattern in ("alertmanager/templates/*.tmpl", "grafana/dashboards/*.json"):
        beside += ROOT.glob(pattern)
    for path in beside:
        assert (elsewhere / "rendered" / path.relative_to(ROOT)).read_text() == path.read_text()
