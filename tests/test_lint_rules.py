"""The part of `make lint` that runs other people's tools on rules and dashboards: what it does where they can't be had, and what where they find something."""

from __future__ import annotations

from pathlib import Path

import pytest

import lint_rules

GO = """#!/bin/sh
case "$1" in
install) {install} ;;
version) printf '\\tmod\\tgithub.com/cloudflare/pint\\tv0.87.0\\th1:x=\\n' ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A .tools of its own without promtool, and a PATH on which only what the test puts there and a shell are found."""
    monkeypatch.setattr(lint_rules, "TOOLS", tmp_path / "tools")
    (tmp_path / "tools").mkdir()
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    return tmp_path


def have_go(tools: Path, install: str) -> None:
    go = tools / "path/go"
    go.write_text(GO.format(install=install))
    go.chmod(0o755)


def test_no_go(tools: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Go the checks that need it are left out, each with its reason in a line, and nothing fails."""
    monkeypatch.setenv("PATH", str(tools / "path"))
    assert lint_rules.main() == 0
    assert "pint is skipped: no go on the PATH" in capsys.readouterr().out


def test_a_module_proxy_that_refuses(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be installed is left out; the line says why, without the proxy's address."""
    have_go(tools, 'echo "go: m@v1: reading https://proxy.example/m: 403 Forbidden" >&2; exit 1')
    assert lint_rules.main() == 0
    said = capsys.readouterr().out
    assert "pint is skipped" in said
    assert "403 Forbidden" in said
    assert "proxy.example" not in said


@pytest.mark.parametrize("status", [0, 1])
def test_what_a_tool_finds_is_an_error(tools: Path, capsys: pytest.CaptureFixture[str], status: int) -> None:
    """A pint that could be installed is run, and its finding ends lint with 1."""
    tool = f'for t in pint jsonnetfmt dashboard-linter; do printf "#!/bin/sh\\necho a finding; exit {status}\\n" > "$GOBIN/$t"; chmod +x "$GOBIN/$t"; done'
    have_go(tools, tool)
    assert lint_rules.main() == status
    assert ("a finding" in capsys.readouterr().err) is bool(status)


def test_each_dashboard_is_checked(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every committed dashboard is given to Grafana's linter, in strict mode."""
    tool = 'for t in pint jsonnetfmt dashboard-linter; do printf "#!/bin/sh\\necho \\$@ >> $GOBIN/asked\\n" > "$GOBIN/$t"; chmod +x "$GOBIN/$t"; done'
    have_go(tools, tool)
    assert lint_rules.main() == 0
    asked = (tools / "tools/go/bin/asked").read_text()
    for path in (lint_rules.ROOT / "grafana/dashboards").glob("*.json"):
        assert f"lint --strict {path}" in asked
