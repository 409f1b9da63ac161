"""The sample log, and `make run`, which serves it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from itertools import islice, takewhile
from pathlib import Path

import requests

import run_sample
import sample_log
from tests.processes import ROOT, Process, free_port, wait_for

NOON = 1_767_700_800.0  # 2026-01-06 12:00 UTC


def record(line: str) -> dict[str, object]:
    return dict(json.loads(line.partition(" - INFO - ")[2]))


def test_a_line_has_the_shape_and_says_the_same_time_twice():
    """The prefix and the record tell one instant, and the record has the keys of the tutorial shape."""
    when, row = next(sample_log.calls(NOON))
    line = sample_log.line(when, row)
    assert line.startswith("2026-01-06 12:0")
    assert list(record(line)) == [
        "timestamp", "model", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd", "request_id", "user_id", "endpoint",
        "app", "team",
    ]  # fmt: skip
    assert record(line)["timestamp"] == when
    assert f"{when:.3f}"[-3:] == line[20:23]


def test_four_hours_replay_every_row_once_in_order():
    """No row is lost or doubled by the quarters, times only rise, and every call has an id of its own."""
    start = NOON - NOON % (4 * 3600)
    four_hours = list(takewhile(lambda call: call[0] < start + 4 * 3600, sample_log.calls(start)))
    assert Counter(row.number for _, row in four_hours) == Counter(row.number for row in sample_log.excerpt())
    times = [when for when, _ in four_hours]
    assert times == sorted(times)
    assert (
        len({record(sample_log.line(*call))["request_id"] for call in islice(sample_log.calls(start), 10_000)})
        == 10_000
    )


def test_every_caller_and_model_occurs():
    """The sample shows several apps and models, the unpriced one among them."""
    models = {record(sample_log.line(*call))["model"] for call in islice(sample_log.calls(NOON), 1000)}
    assert models == set(sample_log.OWN_PRICES)


def test_a_log_is_continued_as_if_the_writer_had_never_stopped(tmp_path: Path):
    """Stopping and starting gives the same bytes as one run, and nothing twice."""
    once, twice = tmp_path / "once.log", tmp_path / "twice.log"
    sample_log.catch_up(twice, NOON)
    sample_log.catch_up(twice, NOON)
    sample_log.catch_up(twice, NOON + 3600)
    sample_log.catch_up(once, NOON)
    first = once.read_text()
    assert twice.read_text().startswith(first)
    times = [record(line)["timestamp"] for line in twice.read_text().splitlines()]
    assert times == [
        when for when, _ in takewhile(lambda call: call[0] <= NOON + 3600, sample_log.calls(NOON - 26 * 3600))
    ]


def test_a_torn_last_line_is_ended_and_written_anew(tmp_path: Path):
    """A writer killed in the middle of a line costs that line only."""
    log = tmp_path / "usage.log"
    sample_log.catch_up(log, NOON)
    whole = log.read_text().splitlines()
    log.write_text("\n".join(whole)[:-30])
    sample_log.catch_up(log, NOON)
    assert log.read_text().splitlines() == [*whole[:-1], whole[-1][:-30], whole[-1]]


def test_a_taken_port_is_said_in_one_line(tmp_path: Path):
    """`make run` on a port in use says so, and what to do, and starts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        command: list[str | Path] = [
            sys.executable,
            ROOT / "scripts/run_sample.py",
            "--listen",
            listen,
            "--home",
            tmp_path / "run",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"make run: can't listen on {listen}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_make_run_serves_the_sample_until_it_is_stopped(tmp_path: Path):
    """The page and the metrics show spend by model; Ctrl-C ends exporter and writer; the log goes on from there next time."""
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        sys.executable,
        ROOT / "scripts/run_sample.py",
        "--listen",
        address,
        "--home",
        tmp_path / "run",
    ]
    process = Process("make-run", command, tmp_path)
    try:
        process.wait_until(lambda: f"http://{run_sample.page(address)}/" in process.said())
        assert "gpt-4o-mini" in requests.get(f"http://{address}/", timeout=10).text
        metrics = requests.get(f"http://{address}/metrics", timeout=10).text
        assert set(re.findall(r'^llm_unpriced_requests_total{.*model="([^"]+)"', metrics, re.MULTILINE)) == {
            "acme-code-7b"
        }
        process.send(signal.SIGINT)
        assert wait_for(lambda: process.exit_status() is not None, what="the end after Ctrl-C")
        assert process.exit_status() == 0, process.said()
        assert "Traceback" not in process.said()
    finally:
        process.terminate()  # not SIGKILL, which would leave the exporter behind
