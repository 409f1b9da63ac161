"""The state's disk is full, becomes read-only, or the state is removed while the exporter runs: it serves, says so, and loses nothing."""

from __future__ import annotations

import contextlib
import logging
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit import NOON
from tests.processes import wait_for
from tests.torture.inside import Inside, call_line, clean_read

pytestmark = pytest.mark.torture


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A tmpfs of one MiB; skipped where this user may not mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a tmpfs can't be mounted here; the limit of a file's size takes its place")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(filler: Path) -> None:
    """Write until the disk has no room left."""
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(512)):
            pass


class Run:
    """A real exporter of one log, whose saves are made to fail and to work again."""

    def __init__(self, servers: Any, log: Path, state: Path) -> None:
        self.log, self.calls = log, 0
        self.log.touch()
        self.config = {"sources": [{"paths": [str(log)]}], "new_series_hold": "0s"}
        self.exporter = servers.exporter(config=self.config, state=state)
        self.write(1)
        self.shows_all()

    def write(self, count: int) -> None:
        with self.log.open("a") as file:
            file.write(
                "".join(
                    call_line(NOON, 1_000_000, number=self.calls + n, request_id=f"call-{self.calls + n}")
                    for n in range(count)
                )
            )
        self.calls += count

    def shows_all(self) -> None:
        wait_for(lambda: self.exporter.value("llm_requests_total") == self.calls, 30, f"{self.calls} calls")

    def fails(self) -> None:
        """It serves, counts the failure, says it once, and its counters stand still."""
        before = self.exporter.value("llm_requests_total")
        self.write(5_000)
        wait_for(lambda: self.exporter.value("llm_cost_exporter_save_failures_total"), 30, "a failed save")
        wait_for(lambda: "can't be saved" in self.exporter.process.said(), 10, "a message")
        assert self.exporter.value("llm_requests_total") == before
        assert self.exporter.get("/-/healthy").status_code == 200
        assert self.exporter.get("/").status_code == 200

    def recovers(self) -> None:
        self.shows_all()
        wait_for(lambda: "saved again" in self.exporter.process.said(), 10, "a message")
        assert self.exporter.value("llm_cost_exporter_state_resets_total") == 0
        assert self.exporter.stop() == 0


def test_full_disk(servers, tmp_path, small_disk):
    """A small tmpfs filled to its last byte, and emptied again."""
    run = Run(servers, tmp_path / "usage.log", small_disk / "state")
    filler = small_disk / "filler"
    fill(filler)
    run.fails()
    filler.unlink()
    run.recovers()


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_disk_in_trouble_at_the_start(servers, tmp_path, small_disk, trouble):
    """As after a power cut: it serves that it can't count, and begins once it can; nothing is lost or counted twice."""
    log, state = tmp_path / "usage.log", small_disk / "state"
    run = Run(servers, log, state)
    run.exporter.kill()
    run.write(100)
    filler = small_disk / "filler"
    if trouble == "full":
        fill(filler)
    else:
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    run.exporter = servers.exporter(config=run.config, state=state, wait=False)
    wait_for(run.exporter.is_healthy, 30, "an answer")
    wait_for(lambda: (run.exporter.value("llm_cost_exporter_save_failures_total") or 0) >= 2, 30, "another try")
    assert run.exporter.get("/-/ready").status_code == 503
    if trouble == "read-only":
        assert "Nothing is counted" in run.exporter.get("/").text
        assert "nothing is counted before" in run.exporter.process.said()
    else:  # what is there can be read, or not: it depends on the last few bytes of room
        assert any(text in run.exporter.process.said() for text in ("nothing is counted before", "can't be saved"))
    if trouble == "full":
        filler.unlink()
    else:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    run.exporter.wait_ready()
    run.shows_all()
    assert run.exporter.value("llm_cost_exporter_state_resets_total") == 0
    assert run.exporter.stop() == 0


def test_ended_while_its_disk_is_full(servers, tmp_path, small_disk):
    """SIGTERM ends it, with status 0."""
    log = tmp_path / "usage.log"
    log.touch()
    fill(small_disk / "filler")
    exporter = servers.exporter(log, state=small_disk / "state", wait=False)
    wait_for(exporter.is_healthy, 30, "an answer")
    assert exporter.stop() == 0


def test_no_more_room_for_its_files(servers, tmp_path):
    """The same by a limit on the size of files, for machines where nothing may be mounted."""
    run = Run(servers, tmp_path / "usage.log", tmp_path / "state")
    pid, unlimited = run.exporter.process.pid, resource.prlimit(run.exporter.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, unlimited[1]))
    run.fails()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    run.recovers()


def test_removed_while_running(servers, tmp_path):
    """The whole directory goes: it is written anew from what is open, told and counted, and a kill after that loses nothing."""
    log, state = tmp_path / "usage.log", tmp_path / "state"
    run = Run(servers, log, state)
    shutil.rmtree(state)
    run.write(100)
    run.shows_all()
    assert run.exporter.value("llm_cost_exporter_state_resets_total", reason="removed") == 1
    assert "written anew from memory" in run.exporter.process.said()
    run.exporter.kill()
    again = servers.exporter(config={"sources": [{"paths": [str(log)]}], "new_series_hold": "0s"}, state=state)
    assert again.value("llm_requests_total") == run.calls


def test_read_only_while_running(tmp_path, caplog):
    """SQLite says that the database is read-only (as after an error of the disk): counters stand still, days go on, then all is there."""
    caplog.set_level(logging.ERROR)
    log = tmp_path / "usage.log"
    log.write_text(call_line(NOON, 10))
    exporter = Inside(log, tmp_path / "state").until_ready()
    exporter.exporter._saver.store._db.execute("PRAGMA query_only = 1")
    with log.open("a") as file:
        file.write(call_line(NOON, 10) * 3)
    exporter.go_on(5)
    assert exporter.value("llm_requests_total") == 1
    assert exporter.value("llm_cost_day_usd") == pytest.approx(4 * 10 * 0.15e-6)
    assert exporter.value("llm_cost_exporter_save_failures_total") > 0
    assert "readonly" in caplog.text
    exporter.exporter._saver.store._db.execute("PRAGMA query_only = 0")
    exporter.go_on(5)
    counted = exporter.counted()
    assert counted == clean_read(log, tmp_path / "clean", exporter.clock)
    exporter.kill()
