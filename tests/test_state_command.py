"""`state show|export|move`: what a state directory holds, exactly, also while an exporter runs."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.ledger.reading import read_contents

LINE = '{{"timestamp": "{when}", "model": "gpt-4o", "prompt_tokens": 1000, "completion_tokens": 0, "app": "shop"}}\n'


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "state", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def used(servers, tmp_path):
    """A running exporter, its log and its state directory."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    log.write_text(LINE.format(when="2026-01-01T10:00:00Z") + LINE.format(when="2026-01-02T10:00:00Z"))
    config = {"sources": [{"paths": [str(log)]}], "ledger": "mine", "state_dir": str(state)}
    return servers.exporter(config=config, state=state), log, state, config


def test_export_is_exact_and_works_beside_a_running_exporter(used):
    """Totals, days and positions as JSON; dollars by day as CSV."""
    _, log, state, _ = used
    exported = json.loads(command("export", state).stdout)
    assert exported["ledger"] == "mine"
    labels = {"provider": "openai", "model": "gpt-4o", "app": "shop", "team": ""}
    assert [(one["labels"], one["usd"], one["requests"]) for one in exported["series"]] == [
        (labels, {"input": "0.005"}, 2)
    ]
    assert [(day["date"], day["usd"]) for day in exported["days"]] == [
        ("2026-01-01", "0.0025"),
        ("2026-01-02", "0.0025"),
    ]
    assert log.stat().st_size in [file.get("done_until") for file in exported["files"]]
    rows = list(csv.DictReader(io.StringIO(command("export", state, "--format", "csv").stdout)))
    assert [(row["date"], row["app"], row["cost_usd"]) for row in rows] == [
        ("2026-01-01", "shop", "0.0025"),
        ("2026-01-02", "shop", "0.0025"),
    ]


def test_show_is_for_people(used):
    """Whose ledger, the total, days and files."""
    shown = command("show", used[2]).stdout
    assert "mine" in shown
    assert "$0.00500 in 1 label set" in shown
    assert str(used[1]) in shown


def test_a_file_whose_name_is_no_text(servers, tmp_path):
    """Names are bytes: such a file is followed, over a restart too, and shown with the byte spelled out."""
    log, state = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.jsonl")), tmp_path / "state"
    log.write_text(LINE.format(when="2026-01-01T10:00:00Z"))
    for _ in range(2):
        exporter = servers.exporter(log, state=state)
        assert exporter.value("llm_requests_total") == 1
        assert exporter.stop() == 0
    shown, exported = command("show", state), command("export", state)
    assert (shown.returncode, shown.stderr, exported.returncode, exported.stderr) == (0, "", 0, "")
    assert r"caf\udce9" in shown.stdout
    assert {file["path"] for file in json.loads(exported.stdout)["files"] if "path" in file} == {
        f"{tmp_path}/caf\\udce9\n.jsonl"
    }


def test_a_state_where_nothing_can_be_written_is_read(used, monkeypatch):
    """On a read-only mount SQLite can't make the files by which it shares a database; what a clean end has left is whole without."""
    used[0].stop()
    connect = sqlite3.connect

    def on_a_read_only_mount(database, **more):
        if "immutable=1" not in database:
            bad = sqlite3.OperationalError("unable to open database file")
            bad.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise bad
        return connect(database, **more)

    monkeypatch.setattr(sqlite3, "connect", on_a_read_only_mount)
    assert read_contents(used[2]).as_json()["ledger"] == "mine"
    (used[2] / "state.db-wal").write_bytes(b"what is not in the database yet")
    with pytest.raises(ExporterError, match="can't be read"):
        read_contents(used[2])


def test_a_state_that_is_in_use_is_not_moved(used, tmp_path):
    """One line, and nothing is touched."""
    moved = command("move", used[2], tmp_path / "new")
    assert moved.returncode == 1
    assert "is using it" in moved.stderr
    assert (used[2] / "state.db").exists()


@pytest.mark.parametrize("left", ["state.db", "state.db-wal", "state.db-shm"])
def test_a_state_is_not_moved_to_what_another_left(servers, used, tmp_path, left):
    """SQLite would replay a log that was left over, of another database, into this one."""
    exporter, _, state, _ = used
    exporter.stop()
    new = tmp_path / "new"
    new.mkdir()
    (new / left).write_bytes(b"")
    moved = command("move", state, new)
    assert (moved.returncode, (state / "state.db").exists()) == (2, True)
    assert "there is a state already; an empty directory would be right" in moved.stderr


def test_a_moved_state_goes_on_where_it_was(servers, used, tmp_path):
    """Totals, positions and the ledger's name are in the new place and nothing is read twice; the old place is empty."""
    exporter, log, state, config = used
    exporter.stop()
    new = tmp_path / "elsewhere" / "state"
    assert command("move", state, new).returncode == 0
    assert not (state / "state.db").exists()
    with log.open("a") as file:
        file.write(LINE.format(when="2026-01-02T11:00:00Z"))
    exporter = servers.exporter(config={**config, "state_dir": str(new), "new_series_hold": "0s"}, state=new)
    assert exporter.value("llm_requests_total") == 3
    assert exporter.value("llm_cost_exporter_lines_read_total") == 3
    assert command("move", state, new).returncode == 2, "there is nothing there any more"
