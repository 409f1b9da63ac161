"""check-config tells whether a configuration is right and finds what it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llm_cost_exporter.commands.check_config import command
from llm_cost_exporter.errors import ConfigError


def run(path: Path) -> Result:
    return CliRunner().invoke(command, [str(path)])


def test_a_good_file_is_ok_with_a_summary(tmp_path: Path) -> None:
    """`FILE: ok` comes first, then what will be read, with how many files are there now."""
    (tmp_path / "usage1.jsonl").touch()
    (tmp_path / "usage2.jsonl").touch()
    path = tmp_path / "exporter.yml"
    path.write_text(
        "state_dir: state\ntimezone: Asia/Tokyo\nsources: [{paths: ['usage*.jsonl', '-'], labels: {team: x}}]\nlabels: {user: [u]}"
    )
    result = run(path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{path}: ok",
        f"  listens on 0.0.0.0:9478, keeps its state in {tmp_path}/state",
        "  days and months are those of Asia/Tokyo",
        f"  reads {tmp_path}/usage*.jsonl: 2 files now, format auto",
        "  reads standard input, format auto",
        "  labels: provider, model, app, team, user",
    ]


def test_what_may_be_wrong_is_a_warning(tmp_path: Path) -> None:
    """A glob that matches nothing, or folders only, and path labels that do not fit are said; the status is still 0."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").touch()
    path = tmp_path / "exporter.yml"
    path.write_text("sources:\n- {paths: [nothing.jsonl, logs/, 'logs/*.log'], path_labels: 'logs/x-{app}.log'}\n")
    result = run(path)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"warning: sources[0].paths[0]: {tmp_path}/nothing.jsonl matches no file now",
        f"warning: sources[0].paths[1]: {tmp_path}/logs matches folders only; a glob of files, such as {tmp_path}/logs/*.jsonl, would be right",
        f"warning: sources[0].path_labels: does not fit 1 file, such as {tmp_path}/logs/a.log",
    ]


def test_a_file_of_two_sources_is_told(tmp_path: Path) -> None:
    """The first source that names a file is how it is read: what a later one says of it would be ignored without a word."""
    (tmp_path / "logs").mkdir()
    for name in ("a.log", "gateway.log"):
        (tmp_path / "logs" / name).touch()
    path = tmp_path / "exporter.yml"
    path.write_text(
        "sources: [{paths: ['logs/*.log']}, {paths: [logs/gateway.log], trust_reported: true}]\nstate_dir: .\n"
    )
    result = run(path)
    assert result.exit_code == 0
    assert result.stderr == (
        f"warning: sources[1].paths: 1 file of it, such as {tmp_path}/logs/gateway.log, is read as sources[0] says,"
        " which names it too and comes first; the narrower one before the wider would be right\n"
    )
    path.write_text("sources: [{paths: [logs/gateway.log]}, {paths: ['logs/a*.log', logs/a.log]}]\nstate_dir: .\n")
    assert run(path).stderr == ""


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ("/dev/null", "is no folder; `run` would end"),
        ("/proc", "can't be written by this user; `run` would end, or wait"),
    ],
)
def test_a_state_dir_that_cannot_be_is_told(
    tmp_path: Path, there: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` would not begin: better known before."""
    monkeypatch.setattr(
        os, "access", lambda path, mode: str(path) != "/proc" or not mode & os.W_OK
    )  # root may everything
    (tmp_path / "a.log").touch()
    path = tmp_path / "exporter.yml"
    path.write_text(f"sources: [{{paths: [a.log]}}]\nstate_dir: {there}/state\n")
    assert run(path).stderr == f"warning: state_dir: {there} {why}\n"


def test_a_wrong_file_is_a_config_error(tmp_path: Path) -> None:
    """What is wrong ends the command with the one line and the status of a ConfigError."""
    path = tmp_path / "exporter.yml"
    path.write_text("sources: [{paths: [a], start: end}]")
    result = run(path)
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_status == 2
    assert str(result.exception) == f"{path}: sources[0].start: unknown key; did you mean 'start_at'?"


def test_a_wrong_price_file_is_found(tmp_path: Path) -> None:
    """The price file that the configuration names is checked too."""
    path = tmp_path / "exporter.yml"
    path.write_text("sources: [{paths: [a]}]\nprices: {file: nowhere.yml}")
    result = run(path)
    assert isinstance(result.exception, ConfigError)
    assert "nowhere.yml" in str(result.exception)


@pytest.mark.parametrize("name", ["missing.yml", "."])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    """A FILE that is not there is said in the same way."""
    assert isinstance(run(tmp_path / name).exception, ConfigError)
