"""The running exporter from outside: files in, metrics out, signals, reload, restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.processes import wait_for

COMMAND = [sys.executable, "-m", "llm_cost_exporter"]


def call(number: int = 0, *, age: float = 0.0, model: str = "gpt-4o-mini", tokens: int = 1000, **more: object) -> str:
    record = {
        "timestamp": time.time() - age,
        "model": model,
        "prompt_tokens": tokens,
        "completion_tokens": 0,
        "total_tokens": tokens,
        "request_id": f"request-{number}",
        **more,
    }
    return json.dumps(record) + "\n"


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.write("".join(lines))


def settings(log: Path, **more: object) -> dict[str, object]:
    return {"sources": [{"paths": [str(log)]}], "new_series_hold": "0s", **more}


def run(*arguments: str | Path, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **how)  # type: ignore[call-overload,no-any-return]


def test_a_file_alone_is_enough(tmp_path):
    """`run FILE` needs no configuration: it serves what the file cost, and keeps a state of its own."""
    from tests.processes import free_port

    log = tmp_path / "usage.jsonl"
    append(log, call(age=600, tokens=1_000_000))
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "run", log, "--listen", f"127.0.0.1:{port}"],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "home")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        import requests

        def get(path: str) -> requests.Response | None:
            try:
                return requests.get(f"http://127.0.0.1:{port}{path}", timeout=5)
            except requests.ConnectionError:
                return None

        wait_for(lambda: (answer := get("/-/ready")) is not None and answer.status_code == 200, 30, "ready")
        metrics = get("/metrics")
        assert metrics is not None
        assert 'token_type="input"} 0.15\n' in metrics.text
        page = get("/")
        assert page is not None
        assert "gpt-4o-mini" in page.text
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert list((tmp_path / "home" / "llm-cost-exporter").glob("*/state.db"))


def test_lines_are_counted_as_they_come(servers, tmp_path):
    """A line written now is on /metrics soon after; an unfinished one waits for its newline."""
    log = tmp_path / "usage.jsonl"
    log.touch()
    exporter = servers.exporter(config=settings(log))
    append(log, call(1))
    wait_for(lambda: exporter.value("llm_requests_total") == 1)
    whole = call(2)
    append(log, whole[:50])
    append(tmp_path / "other", "x")
    append(log, whole[50:], call(3))
    wait_for(lambda: exporter.value("llm_requests_total") == 3)
    assert exporter.value("llm_cost_exporter_lines_read_total") == 3


def test_garbage_costs_nothing_else(servers, tmp_path):
    """What can't be read is counted by its reason; the lines around it count."""
    log = tmp_path / "usage.jsonl"
    garbage = [
        '{"model": "gpt-4o", "prompt_tokens": 1\n',
        call(10, tokens=-5),
        call(11).replace('"prompt_tokens": 1000', '"prompt_tokens": NaN'),
        call(12).replace('"prompt_tokens": 1000', '"prompt_tokens": 1e300'),
        call(13, pad="x" * (1 << 20)),
        '{"a":' * 3000 + "1" + "}" * 3000 + "\n",
        "plain text\n",
        "\0\0\0\n",
        "\n",
        call(14).replace('"timestamp": ', '"timestamp": "soon", "was": '),
        call(15).replace('"prompt_tokens": 1000', '"prompt_tokens": "1000"'),
    ]
    append(log, *(line for bad in garbage for line in (bad, call(garbage.index(bad) + 100))))
    exporter = servers.exporter(config=settings(log))
    rejected = {
        sample.labels["reason"]: sample.value
        for sample in exporter.samples()
        if sample.labels["__name__"] == "llm_cost_exporter_lines_rejected_total"
    }
    assert rejected == {"bad_json": 1, "bad_count": 3, "too_long": 1, "too_deep": 1, "bad_time": 1}
    assert exporter.value("llm_requests_total") == len(garbage) + 1, "a count as a string is a count"
    assert exporter.value("llm_tokens_total") == 1000 * (len(garbage) + 1)
    assert exporter.value("llm_cost_exporter_lines_skipped_total") == 3
    said = exporter.process.said()
    assert "soon" not in said
    assert "Traceback" not in said


def test_totals_survive_kill_and_restart(servers, tmp_path):
    """After SIGKILL and a restart each total is what one clean read of the log gives; no line is counted twice."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    number = 0
    exporter = None
    for _ in range(4):
        exporter = servers.exporter(config=settings(log), state=state, wait=log.exists())
        for _ in range(50):
            append(
                log, *(call(number + n, model=f"gpt-4o-mini-{n % 2}" if n % 5 == 0 else "gpt-4o") for n in range(20))
            )
            number += 20
        time.sleep(0.3)
        exporter.kill()
    exporter = servers.exporter(config=settings(log), state=state)
    wait_for(lambda: exporter.value("llm_requests_total") == number, 30, "all calls")
    report = json.loads(run("report", log, "--format", "json").stdout)
    assert report["requests"] == number
    assert exporter.value("llm_cost_usd_total") == pytest.approx(float(report["total_cost_usd"]), rel=1e-12)
    exporter.stop()
    exported = json.loads(run("state", "export", state).stdout)
    from decimal import Decimal

    total = sum(Decimal(usd) for series in exported["series"] for usd in series["usd"].values())
    assert total == Decimal(report["total_cost_usd"])


def test_start_at_end_is_for_the_first_start_alone(servers, tmp_path):
    """What was there at the first start is not read; after a lost state all that is still there is, and a metric says so."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    append(log, call(1), call(2))
    config = settings(log, sources=[{"paths": [str(log)], "start_at": "end"}])
    exporter = servers.exporter(config=config, state=state)
    append(log, call(3))
    wait_for(lambda: exporter.value("llm_requests_total") == 1)
    exporter.stop()
    append(log, call(4))
    exporter = servers.exporter(config=config, state=state)
    assert exporter.value("llm_requests_total") == 2, "what came while it was down"
    ledger = [sample.labels["ledger"] for sample in exporter.samples() if "ledger" in sample.labels]
    exporter.stop()
    (state / "state.db").write_bytes(b"\0" * 4096)
    exporter = servers.exporter(config=config, state=state)
    assert exporter.value("llm_requests_total") == 4
    assert exporter.value("llm_cost_exporter_state_resets_total", reason="corrupt") == 1
    assert {sample.labels["ledger"] for sample in exporter.samples() if "ledger" in sample.labels} == set(ledger)
    assert len(list(state.glob("state.db.broken-*"))) == 1


def test_a_stream_without_usage_is_counted_after_a_restart_too(servers, tmp_path):
    """Killed before the stream was given up, with no further line: the next start counts the call without usage."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    chunk = {
        "id": "chatcmpl-77",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": "gpt-4o",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        "usage": None,
    }
    append(log, json.dumps(chunk) + "\n")
    exporter = servers.exporter(config=settings(log), state=state)
    exporter.kill()
    exporter = servers.exporter(config=settings(log), state=state)
    wait_for(lambda: exporter.value("llm_calls_without_usage_total", model="gpt-4o") == 1, 20, "the call")
    assert exporter.value("llm_requests_total") == 1


def test_a_second_exporter_on_the_same_state_says_so(servers, tmp_path):
    """One line on stderr, exit status 1."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    log.touch()
    servers.exporter(config=settings(log), state=state)
    second = run("run", log, "--state-dir", state, "--listen", "127.0.0.1:0")
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "another llm-cost-exporter" in second.stderr


def test_sigterm_saves_and_ends_soon(servers, tmp_path):
    """The end takes less than two seconds and loses nothing, not even a line that was written just before."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    append(log, call(1))
    exporter = servers.exporter(config=settings(log), state=state)
    append(log, call(2))
    wait_for(lambda: exporter.value("llm_requests_total") == 2)
    append(log, call(3))
    began = time.monotonic()
    assert exporter.stop() == 0
    assert time.monotonic() - began < 2
    assert sum(one["requests"] for one in json.loads(run("state", "export", state).stdout)["series"]) == 3


@pytest.fixture
def reloaded(servers, tmp_path):
    """An exporter whose configuration file a test changes, and the change."""
    log = tmp_path / "usage.jsonl"
    append(log, call(1, model="in-house", user="u1"), call(2, model="in-house", user="u2"))
    file = tmp_path / "exporter.yml"
    file.write_text(yaml.safe_dump(settings(log, labels={"user": ["user"]})))
    exporter = servers.exporter(config=file)

    def change(content: str | dict[str, object], *, taken: bool = True) -> None:
        before = exporter.value("llm_cost_exporter_config_last_reload_timestamp_seconds")
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        exporter.process.send(signal.SIGHUP)
        if taken:
            wait_for(
                lambda: exporter.value("llm_cost_exporter_config_last_reload_timestamp_seconds") != before,
                what="a reload",
            )
        wait_for(
            lambda: exporter.value("llm_cost_exporter_config_last_reload_successful") == float(taken), what="its result"
        )

    return exporter, log, change


def test_a_bad_reload_is_refused_whole(reloaded):
    """The old configuration stays, a message and a metric say so; a good one afterwards is taken."""
    exporter, log, change = reloaded
    change("sources: [{paths: [x], start_at: middle}]", taken=False)
    assert "start_at" in exporter.process.said()
    append(log, call(3, model="in-house", user="u1"))
    wait_for(lambda: exporter.value("llm_requests_total", user="u1") == 2)
    change(settings(log, labels={"user": ["user"]}))


def test_a_reload_reads_the_web_configuration_too(servers, tmp_path):
    """SIGHUP does not wait for a connection, nor for files that look changed."""
    log, web = tmp_path / "usage.jsonl", tmp_path / "web.yml"
    log.touch()
    web.touch()
    exporter = servers.exporter(config=settings(log), args=["--web.config.file", web])
    exporter.process.send(signal.SIGHUP)
    wait_for(lambda: "the web configuration was read anew" in exporter.process.said(), 10, "the web configuration")


ON_A_FULL_DISK = """
import resource
from llm_cost_exporter.commands import main
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
main()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sets another process's limits")
def test_a_reload_while_the_state_is_waited_for(servers, tmp_path):
    """A good one is what the exporter starts with, a bad one is refused; neither is lost, and none ends it."""
    import resource

    log, file, web = (tmp_path / name for name in ("usage.jsonl", "exporter.yml", "web.yml"))
    append(log, call(1, user="u1"))
    web.touch()
    file.write_text(yaml.safe_dump(settings(log)))
    exporter = servers.exporter(
        config=file, args=["--web.config.file", web], wait=False, program=["-c", ON_A_FULL_DISK]
    )

    def reload(content: dict[str, object], then: str) -> None:
        file.write_text(yaml.safe_dump(content))
        exporter.process.send(signal.SIGHUP)
        wait_for(lambda: then in exporter.process.said(), 10, then)

    wait_for(lambda: "nothing is counted before" in exporter.process.said(), 10, "that it waits")
    reload(settings(log, prices={"file": "missing.yml"}), "reload refused")
    reload(settings(log, labels={"user": ["user"]}), "configuration reloaded")
    wait_for(
        lambda: exporter.process.said().count("the web configuration was read anew") == 2, 10, "both of its readings"
    )
    resource.prlimit(exporter.process.pid, resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE))
    reload(settings(log, labels={"user": ["user"]}, timezone="Asia/Tokyo"), "timezone: restart needed")
    exporter.wait_ready()
    assert exporter.value("llm_requests_total", user="u1") == 1
    assert exporter.value("llm_cost_exporter_config_last_reload_successful") == 0
    reload(settings(log, labels={"user": ["user"]}), "serving")
    wait_for(lambda: exporter.value("llm_cost_exporter_config_last_reload_successful") == 1, 10, "a reload")


def test_a_reload_that_needs_a_restart_says_so(reloaded):
    """listen, state_dir, timezone and ledger can't change while running."""
    exporter, log, change = reloaded
    change(settings(log, timezone="Asia/Bangkok"), taken=False)
    assert "restart needed" in exporter.process.said()


def test_a_dropped_label_merges_totals_at_once(reloaded):
    """Without the label the two users' sets are one, shown with the sum of both."""
    exporter, log, change = reloaded
    assert exporter.value("llm_requests_total", user="u1") == 1
    change(settings(log))
    assert exporter.value("llm_requests_total") == 2
    assert exporter.value("llm_requests_total", user="u1") is None
    append(log, call(3, model="in-house", user="u1"))
    wait_for(lambda: exporter.value("llm_requests_total") == 3)


def test_a_price_that_comes_with_a_reload_bills_what_was_unpriced(reloaded, tmp_path):
    """Unpriced use of a model gets its dollars when its price is added."""
    exporter, log, change = reloaded
    assert exporter.value("llm_unpriced_tokens_total", model="in-house") == 2000
    assert exporter.value("llm_cost_usd_total") is None
    (tmp_path / "prices.yml").write_text(
        "prices: [{provider: '*', model: in-house, input_per_mtok: 1, output_per_mtok: 1}]"
    )
    change(settings(log, labels={"user": ["user"]}, prices={"file": "prices.yml"}))
    assert exporter.value("llm_cost_usd_total", model="in-house") == 0.002
    append(log, call(3, model="in-house", user="u1"))
    wait_for(lambda: exporter.value("llm_cost_usd_total", model="in-house") == pytest.approx(0.003))
    assert exporter.value("llm_unpriced_tokens_total", model="in-house") == 2000


def test_new_sources_are_followed_after_a_reload(reloaded, tmp_path):
    """Nothing of the files already followed is read again."""
    exporter, log, change = reloaded
    other = tmp_path / "other.jsonl"
    append(other, call(7, model="in-house", user="u1"))
    change({**settings(log, labels={"user": ["user"]}), "sources": [{"paths": [str(log), str(other)]}]})
    wait_for(lambda: exporter.value("llm_requests_total") == 3)
    assert exporter.value("llm_cost_exporter_lines_read_total") == 3


def test_standard_input_is_followed(tmp_path):
    """`run -` counts what comes in on a pipe."""
    from tests.processes import free_port

    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "run", "-", "--listen", f"127.0.0.1:{port}", "--state-dir", tmp_path / "state"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(call(1) + call(2))
        process.stdin.flush()

        def counted() -> bool:
            if not (tmp_path / "state" / "state.db").exists():
                return False
            shown = run("state", "export", tmp_path / "state")
            return shown.returncode == 0 and sum(s["requests"] for s in json.loads(shown.stdout)["series"]) == 2

        wait_for(counted, 30, "two calls")
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "FILE"),
        (["run", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["run", "--config", "no-such.yml"], "no-such.yml"),
        (["report"], "FILE"),
        (["report", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["report", "/"], "/"),
        (["report", "--since", "whenever", "-"], "--since"),
        (["report", "--timezone", "Mars/Base", "-"], "--timezone"),
        (["report", "--format", "xml", "-"], "--format"),
        (["explain", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["check-config", "no-such.yml"], "no-such.yml"),
        (["state", "show", "no-such-dir"], "no-such-dir"),
        (["state", "move", "no-such-dir", "there"], "no-such-dir"),
        (["frobnicate"], "frobnicate"),
        (["prices", "--at", "whenever", "gpt-4o"], "--at"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(tmp_path, arguments, says):
    """Errors that a user can cause: one line on stderr that names what is wrong, no traceback."""
    ended = run(*arguments, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1
    assert says in ended.stderr
    assert ended.stdout == ""
