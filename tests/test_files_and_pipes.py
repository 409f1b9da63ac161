"""Where the output goes nowhere and the input is no file: one line, the right exit status, and no hanging."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from llm_cost_exporter.files import read_bounded, refuse_pipe

PROGRAM = [sys.executable, "-m", "llm_cost_exporter"]
CALL = {"timestamp": 1767268800, "model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6, "app": "日本"}


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "usage.jsonl"
    path.write_text("".join(json.dumps(CALL | {"request_id": f"r{n}"}, ensure_ascii=False) + "\n" for n in range(500)))
    return path


def run(*arguments, **more):
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], stderr=subprocess.PIPE, text=True, timeout=60, check=False, **more
    )


COMMANDS = [
    ["report"], ["report", "--format", "json"], ["report", "--format", "csv"], ["explain"], ["prices"], ["--help"], ["--version"],
]  # fmt: skip


def of(command, log):
    return [*command, log] if command[0] in ("report", "explain") else command


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_disk_behind_standard_output(log, command):
    """One line and status 1."""
    with Path("/dev/full").open("w") as full:
        done = run(*of(command, log), stdout=full)
    assert (done.returncode, done.stderr) == (1, "llm-cost-exporter: standard output: no space left on device\n")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_goes_away(log, command):
    """As with `| head`: no error."""
    process = subprocess.Popen(
        [*PROGRAM, *map(str, of(command, log))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_closed_standard_output(log, command):
    """Nobody wants to know: no error."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, *map(str, of(command, log))], stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["report", "explain"])
def test_closed_standard_input(command):
    """Said in one line."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *PROGRAM, command, "-"], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "llm-cost-exporter: standard input: is closed\n")


@pytest.mark.parametrize("command", [["report", "--by", "app"], ["explain"]], ids=" ".join)
def test_an_output_of_ascii(log, command):
    """What it has no character for is spelled out."""
    done = run(*command, log, stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u65e5\\u672c" in done.stdout


@pytest.mark.parametrize(
    "option", [("run", "--config"), ("run", "--state-dir"), ("run", "--web.config.file"), ("report", "--config"), ("explain", "--config")], ids=" ".join
)  # fmt: skip
def test_an_empty_name_is_no_option_left_out(log, option):
    """`--web.config.file "$UNSET"` must not serve without users and TLS in silence."""
    command, name = option
    done = run(command, log, name, "", stdout=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr == f"llm-cost-exporter: Invalid value for '{name}': is empty; a name would be right\n"


def test_a_device_that_never_ends_is_no_log(log):
    """The null device is an empty one."""
    done = run("report", "/dev/zero", stdout=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (
        2,
        "llm-cost-exporter: /dev/zero: is a device; a log file would be right\n",
    )
    assert run("report", "/dev/null", stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize("command", ["report", "explain"])
def test_a_log_that_can_not_be_read_to_its_end(tmp_path, log, command):
    """What could be read is shown, what could not is said, and the status tells."""
    whole, cut = tmp_path / "whole.jsonl.gz", tmp_path / "cut.jsonl.gz"
    subprocess.run(["gzip", "-k", "-S", ".jsonl.gz", log], check=True)
    log.with_name("usage.jsonl.jsonl.gz").rename(whole)
    cut.write_bytes(whole.read_bytes()[:-20])
    good, bad = (run(command, path, stdout=subprocess.PIPE) for path in (whole, cut))
    assert (good.returncode, good.stderr) == (0, "")
    assert bad.returncode == 1
    assert f"{cut}: read up to byte " in bad.stderr
    assert "gpt-4o" in bad.stdout


@pytest.mark.parametrize("command", ["report", "explain"])
@pytest.mark.parametrize("name", [b"caf\xe9.jsonl", b"two\nlines.jsonl", b"\x01\x1b[31m.jsonl", b" ", b"*[x]?.jsonl"])
def test_a_file_is_read_whatever_its_name(log, command, name):
    """A name is any bytes but NUL and `/`; what is there is read."""
    path = os.fsdecode(os.fsencode(log.parent) + b"/" + name)
    log.rename(path)
    done = run(command, path, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gpt-4o" in done.stdout


@pytest.mark.parametrize("command", ["report", "explain", "run"])
@pytest.mark.parametrize("name", ["x" * 300, "d/" * 3000, "d/" * 3000 + "*", "no\nsuch", "no\udce9such"])
def test_a_name_that_no_file_has_is_one_line(tmp_path, command, name):
    """Also one that no file can have."""
    done = run(command, tmp_path / name, stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("llm-cost-exporter: ")


def test_a_configuration_from_a_pipe(log):
    """As `--config <(…)` gives one."""
    done = subprocess.run(
        ["bash", "-c", 'exec "$@" --config <(sleep 0.2; echo "labels: {user: [user_id]}")', "bash", *PROGRAM, "report", log, "--by", "user", "--format", "json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["requests"] == 500


def test_reading_what_is_no_file(tmp_path):
    """A pipe is read to its end, a device up to the bound, and one that nobody writes into is given up."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(TimeoutError, match="nothing comes out of it"):
        read_bounded(pipe, 10, patience=0.05)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"text" * 50_000))
    writer.start()
    assert read_bounded(pipe, 1 << 20) == b"text" * 50_000
    writer.join()
    assert len(read_bounded("/dev/zero", 1000)) == 1001
    began = time.monotonic()
    assert read_bounded("/dev/null", 1000) == b""
    read_end, write_end = os.pipe()
    os.close(write_end)
    assert read_bounded(f"/dev/fd/{read_end}", 1000) == b""
    os.close(read_end)
    assert time.monotonic() - began < 5
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path, 10)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "missing", 10)
    (tmp_path / "empty").touch()
    assert read_bounded(tmp_path / "empty", 10) == b""
    refuse_pipe(tmp_path / "empty")
    with pytest.raises(OSError, match="not a regular file"):
        refuse_pipe(pipe)


def test_asked_to_end_or_to_reload_while_it_starts(tmp_path, log):
    """Hung at a pipe in the place of its settings it ends all the same; a reload that comes too early waits."""
    pipe = tmp_path / "web.yml"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*PROGRAM, "run", str(log), "--listen", "127.0.0.1:0", "--state-dir", str(tmp_path / "state"), "--web.config.file", str(pipe)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    held = tmp_path / "state" / "lock"
    until = time.monotonic() + 30
    while not held.exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=5)
    assert "Traceback" not in said
    assert process.returncode == 0
