"""`explain` tells of every line how it was read and priced, or why not, and nothing of what was said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from llm_cost_exporter.commands.explain import command

WHEN = "2026-01-02T03:04:05Z"
CALL = {
    "timestamp": WHEN,
    "model": "gpt-4o",
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "request_id": "req-1",
    "app": "shop",
}


def explained(tmp_path: Path, *lines: Any, config: str | None = None) -> str:
    log = tmp_path / "usage.jsonl"
    log.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    arguments = [str(log)]
    if config is not None:
        (tmp_path / "exporter.yml").write_text(config)
        arguments += ["--config", str(tmp_path / "exporter.yml")]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_call(tmp_path: Path) -> None:
    """Format, model, provider, id, time and its source, labels, tokens with their rates, and the cost with its source."""
    assert explained(tmp_path, CALL).splitlines() == [
        "line 1: plain_prompt",
        "  call     gpt-4o, provider openai, request id req-1",
        "  time     2026-01-02T03:04:05.000Z, of the record",
        "  labels   app=shop",
        "  tokens   1000 input at $2.5 per million = $0.0025",
        "  tokens   200 output at $10 per million = $0.002",
        "  cost     $0.0045 (genai-prices 0.2.3: openai/gpt-4o)",
    ]  # fmt: skip


def test_where_it_was_found(tmp_path: Path) -> None:
    """The envelopes that came off, and the keys on the way to the usage."""
    inner = {
        "event": "x",
        "data": {
            "response": {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": "gpt-4o",
                "usage": {"prompt_tokens": 5},
            }
        },
    }
    line = {"log": "2026-01-02 03:04:05 INFO " + json.dumps(inner) + "\n", "stream": "stdout", "time": WHEN}
    output = explained(tmp_path, line)
    assert "line 1: openai_chat at data.response in text prefix in docker" in output
    assert "of what wraps the record" in output


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"hello", "line 1: skipped: no sign of usage"),
        (b"", "line 1: skipped: empty line"),
        (b'{"model": "gpt-4o", "prompt_tokens": -3}', "line 1: rejected: bad_count (prompt_tokens): a count"),
        (b'{"model": "gpt-4o", "prompt', "line 1: rejected: bad_json: it begins like a JSON object"),
        (b'{"prompt_tokens": 3, "time": "noon"}', "line 1: rejected: bad_time: "),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, "line 1: rejected: too_deep: "),
        (b'{"a": "' + b"x" * 2_000_000 + b'"}', "line 1: rejected: too_long (2000010 bytes): "),
        (b"2026-01-02T03:04:05Z stdout P begun", "line 1: joined in CRI: part of a split line"),
    ],
)  # fmt: skip
def test_a_line_that_gives_no_call(tmp_path: Path, line: bytes, why: str) -> None:
    """Why a line was skipped, joined or rejected; for a bad count its key."""
    assert explained(tmp_path, line).startswith(why)


def test_what_has_no_price(tmp_path: Path) -> None:
    """An unknown model is said to be unpriced, with what the record itself says it cost; it is never $0."""
    output = explained(tmp_path, {**CALL, "model": "nobodys-model-9", "cost_usd": 0.1})
    assert "tokens   1000 input, no price" in output
    assert "cost     unpriced: no price is known for nobodys-model-9 of unknown; the record says $0.1" in output


def test_a_failure(tmp_path: Path) -> None:
    """A failed call says why, how long it took, and that it cost nothing."""
    output = explained(tmp_path, {"model": "gpt-4o", "status": 429, "error": "Rate limit", "latency_ms": 120})
    assert "  failed   rate_limited" in output
    assert "  took     0.120 s" in output
    assert "  cost     none: no tokens" in output


def test_the_same_call_again(tmp_path: Path) -> None:
    """A repeat names the line that it repeats."""
    assert "request id req-1: the call of line 1 again" in explained(tmp_path, CALL, b"x", CALL)


def test_a_stream_without_usage(tmp_path: Path) -> None:
    """What was held to the end of the log is told, as a call whose cost is unknown."""
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "gpt-4o",
        "choices": [{"delta": {}, "finish_reason": "stop"}],
    }
    output = explained(tmp_path, chunk)
    assert "line 1: joined" in output
    assert "a stream whose usage never came:" in output
    assert "cost     unknown: the log has no usage of this call" in output


def test_labels_and_aliases_of_the_configuration(tmp_path: Path) -> None:
    """The configuration's labels and aliases hold for the file."""
    config = "labels: {user: [user_id]}\nprices: {aliases: {my-deployment: azure/gpt-4o}}\n"
    output = explained(tmp_path, {**CALL, "model": "my-deployment", "user_id": "u-7"}, config=config)
    assert "labels   app=shop, user=u-7" in output
    assert "$0.0045" in output


def test_nothing_said_is_shown(tmp_path: Path) -> None:
    """No part of a message, an error text or a broken line is printed."""
    secret = "my-secret-words"
    lines = [
        {**CALL, "prompt": secret, "error": f"{secret} timeout"}, f"tokens {{{secret}".encode(), secret.encode(), {**CALL, "prompt_tokens": secret},
        {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "choices": [{"message": {"content": secret}}], "usage": {"prompt_tokens": 5}},
        {"model": "gpt-4o", "error": secret}, {"time": secret, "prompt_tokens": 4},
    ]  # fmt: skip
    assert secret not in explained(tmp_path, *lines)


def test_no_escape_sequence_reaches_the_terminal(tmp_path: Path) -> None:
    """Names and labels with control characters or markup are shown harmless and whole."""
    output = explained(tmp_path, {**CALL, "model": "\x1b[31mred", "app": "[bold]x[/bold]\u202e", "request_id": "r\x07"})
    assert "\x1b" not in output
    assert "app=[bold]x[/bold]" in output
    assert "\x07" not in output


def test_standard_input() -> None:
    """`-` is standard input."""
    run = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "explain", "-"], input=json.dumps(CALL), capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "cost     $0.0045" in run.stdout


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is a usage error in one line."""
    run = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "explain", str(tmp_path / "none.jsonl")], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert "none.jsonl" in run.stderr
