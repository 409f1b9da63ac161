"""`report`: what a log cost, in every form, and every line accounted for."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import pty
import random
import re
import subprocess
import sys
import termios
from decimal import Decimal
from pathlib import Path

import pytest

from llm_cost_exporter.commands.report_output import usd
from llm_cost_exporter.money import ONE_USD

LIST = {"gpt-4o": ("2.5", "10"), "gpt-4o-mini": ("0.15", "0.6"), "claude-sonnet-4-5": ("3", "15")}


def report(*arguments: str | Path, stdin: bytes | None = None) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "report", *arguments],
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stderr == b""
    return ended.stdout.decode()


def as_json(*arguments: str | Path, stdin: bytes | None = None):
    return json.loads(report(*arguments, "--format", "json", stdin=stdin))


def call(when: str, model: str = "gpt-4o", tokens: tuple[int, int] = (1000, 0), **more: object) -> str:
    record = {"timestamp": when, "model": model, "prompt_tokens": tokens[0], "completion_tokens": tokens[1], **more}
    return json.dumps(record) + "\n"


@pytest.fixture
def log(tmp_path):
    """A log of three days, with a failure, a repeat, an unknown model and lines that are none."""
    path = tmp_path / "usage.jsonl"
    path.write_text(
        call("2026-01-01T23:30:00Z", app="a", request_id="1")
        + call("2026-01-02T00:30:00Z", app="b", request_id="2")
        + call("2026-01-02T00:30:00Z", app="b", request_id="2")
        + call("2026-01-03T10:00:00Z", "in-house", (7, 3), app="a")
        + "a line of text\n"
        + call("2026-01-03T10:00:00Z", tokens=(-1, 0))
        + '{"model": "gpt-4o", "status": 429, "error": {"type": "rate_limit_error"}, "timestamp": "2026-01-03T10:00:00Z"}'
    )
    return path


def test_the_json_form_is_what_was_promised(log):
    """Rows by provider and model, priced and unpriced apart; every line is exactly one thing."""
    got = as_json(log)
    assert got == {
        "rows": [
            {
                "provider": "openai",
                "model": "gpt-4o",
                "requests": 3,
                "failures": 1,
                "tokens": {"input": 2000},
                "cost_usd": "0.005",
            },
            {
                "provider": "unknown",
                "model": "in-house",
                "requests": 1,
                "failures": 0,
                "tokens": {"input": 7, "output": 3},
                "cost_usd": None,
            },
        ],
        "total_cost_usd": "0.005",
        "requests": 4,
        "lines": 7,
        "skipped": 1,
        "duplicates": 1,
        "joined": 0,
        "outside": 0,
        "rejected": {"bad_count": 1},
        "unpriced": [
            {"provider": "unknown", "model": "in-house", "requests": 1, "tokens": {"input": 7, "output": 3}},
        ],
        "calls_without_usage": [],
    }


def test_rows_group_by_any_key(log):
    """Dates and months in the zone, hours with their offset, labels, and any other key of the record."""
    by_date = {row["date"]: row["requests"] for row in as_json(log, "--by", "date")["rows"] if row["model"] == "gpt-4o"}
    assert by_date == {"2026-01-01": 1, "2026-01-02": 1, "2026-01-03": 1}
    bangkok = as_json(log, "--by", "date,app", "--timezone", "Asia/Bangkok")["rows"]
    assert {(row["date"], row["app"]) for row in bangkok if row["cost_usd"] == "0.0025"} == {
        ("2026-01-02", "a"),
        ("2026-01-02", "b"),
    }
    assert {row["hour"] for row in as_json(log, "--by", "model,hour", "--timezone", "Asia/Kolkata")["rows"]} == {
        "2026-01-02T05:00+05:30",
        "2026-01-02T06:00+05:30",
        "2026-01-03T15:00+05:30",
    }
    assert {row["month"] for row in as_json(log, "--by", "month")["rows"]} == {"2026-01"}
    assert {row["request_id"] for row in as_json(log, "--by", "request_id")["rows"]} == {"1", "2", ""}


def test_since_is_inclusive_and_until_exclusive(log):
    """The bounds are instants; lines whose calls lie outside are told as such."""
    got = as_json(log, "--since", "2026-01-02T00:30:00", "--until", "2026-01-03T10:00:00Z")
    assert (got["requests"], got["total_cost_usd"], got["outside"]) == (1, "0.0025", 3)
    assert as_json(log, "--since", "2026-01-02T00:30:01")["requests"] == 2
    assert as_json(log, "--since", "1h")["requests"] == 0
    got = as_json(log, "--since", "2026-01-02")
    classes = got["skipped"] + got["duplicates"] + got["joined"] + got["outside"] + sum(got["rejected"].values())
    assert got["lines"] - classes == 3, "the lines that gave calls"


def test_files_gz_and_standard_input_give_the_same(log, tmp_path):
    """However the bytes come in; a last line needs no newline."""
    data = log.read_bytes()
    packed = tmp_path / "usage.jsonl.gz"
    packed.write_bytes(gzip.compress(data))
    assert as_json(packed) == as_json(log) == as_json("-", stdin=data) == as_json("-", stdin=gzip.compress(data))


def test_a_request_id_is_its_sources_own(tmp_path):
    """The same request id in two files is two calls; the same file given twice is read once."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(call("2026-01-01T00:00:00Z", request_id="1"))
    assert as_json(tmp_path / "a", tmp_path / "b")["requests"] == 2
    assert as_json(tmp_path / "a", tmp_path / "a")["requests"] == 1


def test_the_total_is_exact(tmp_path):
    """Fifty thousand calls of random sizes: the total equals the Decimal sum to the last digit, in rows and in all."""
    choose = random.Random(11)
    want = dict.fromkeys(LIST, Decimal(0))
    with (tmp_path / "big.jsonl").open("w") as file:
        for _ in range(50_000):
            model = choose.choice(list(LIST))
            tokens = choose.randrange(0, 10 ** choose.randrange(1, 6)), choose.randrange(0, 5000)
            rates = (Decimal(rate) for rate in LIST[model])
            want[model] += sum((rate * n for rate, n in zip(rates, tokens, strict=True)), Decimal(0)) / 10**6
            file.write(call("2025-12-01T00:00:00Z", model, tokens))
    got = as_json(tmp_path / "big.jsonl")
    assert {row["model"]: Decimal(row["cost_usd"]) for row in got["rows"]} == want
    assert Decimal(got["total_cost_usd"]) == sum(want.values())


def test_the_table_tells_what_is_not_in_the_dollars(log):
    """A person sees unpriced models and unreadable lines below the table, and no figure is cut."""
    shown = report(log, "--by", "app")
    assert "no price" in shown
    assert "No price is known for in-house (unknown): 1 call, 10 tokens are NOT in these dollars." in shown
    assert "Lines that can't be read and may have been spend: 1 bad_count" in shown
    assert "4 calls in 7 lines, $0.00500 in all" in shown
    assert "…" not in shown


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (200, ["calls", "failed", "input", "output", "cost"]),
        (70, ["calls", "tokens", "cost"]),
        (20, ["calls", "tokens", "cost"]),
    ],
)
def test_a_narrow_terminal_cuts_no_name(tmp_path, width, columns):
    """Kinds of tokens are one column where all of them are too wide; what is still too wide is folded by the terminal, line by line."""
    path = tmp_path / "usage.jsonl"
    path.write_text(call("2026-01-05T10:00:00Z", "claude-sonnet-4-5-20250929", (120_000, 18_158), app="support-chat"))
    shown = on_terminal(width, "report", str(path), "--by", "date,app").splitlines()
    assert shown[0].split() == ["provider", "model", "date", "app", *columns]
    assert shown[1].split()[:4] == ["anthropic", "claude-sonnet-4-5-20250929", "2026-01-05", "support-chat"]


def on_terminal(width: int, *arguments: str) -> str:
    """What a command prints on a terminal of that width, without colours."""
    reader, writer = pty.openpty()
    termios.tcsetwinsize(writer, (50, width))
    ended = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", *arguments], stdout=writer, timeout=60, check=True,
        env={**{k: v for k, v in os.environ.items() if k != "COLUMNS"}, "NO_COLOR": "1", "TERM": "xterm"},
    )  # fmt: skip
    assert ended.returncode == 0
    os.close(writer)
    shown = b""
    with contextlib.suppress(OSError):  # Linux' way of saying that the other end is closed
        while piece := os.read(reader, 65536):
            shown += piece
    os.close(reader)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())


def test_csv_has_a_line_a_row_and_an_empty_cost_for_what_is_unpriced(log):
    """For spreadsheets."""
    rows = list(csv.DictReader(io.StringIO(report(log, "--format", "csv", "--by", "app"))))
    assert {row["model"]: row["cost_usd"] for row in rows if row["app"] == "a"} == {"gpt-4o": "0.0025", "in-house": ""}
    assert rows[0]["input_tokens"] == "1000"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (ONE_USD * 1234567, "$1,234,567.00"),
        (ONE_USD, "$1.00"),
        (ONE_USD // 2, "$0.5000"),
        (ONE_USD // 10**4, "$0.000100"),
        (1, "$0.000000000000000000000001"),
    ],
)
def test_dollars_read_as_people_write_them(amount, text):
    """Cents from a dollar on, significant digits below, and never $0.00 for something."""
    assert usd(amount) == text


@pytest.mark.parametrize("key", ["requests", "failures", "tokens", "cost_usd", "reported_cost_usd", "input_tokens"])
def test_a_key_that_is_a_column_of_the_report(log, key):
    """What a record has under that name would take the column's place."""
    ended = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "report", log, "--by", f"app,{key}", "--format", "csv"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = f"--by {key}: the report has a column of that name; date, month, hour or a label would be right"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"llm-cost-exporter: {said}\n")


def test_what_can_have_no_answer_is_told(log):
    """A key that no record has (a typo) is a column of dashes, and an end before the beginning is an empty table: both say why."""
    command = [sys.executable, "-m", "llm_cost_exporter", "report", log, "--format", "csv"]
    ended = subprocess.run([*command, "--by", "app,Date"], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "--by Date: no record has it\n")
    between = ["--since", "1h", "--until", "2h"]
    ended = subprocess.run([*command, *between], capture_output=True, text=True, timeout=60, check=False)
    said = "llm-cost-exporter: --until '2h': is not after --since '1h'; no call can be between them\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", said)


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    """By a link, by a glob and by its own name, as a shell spells out a pattern."""
    path, link = tmp_path / "app-2026.jsonl", tmp_path / "app-current.jsonl"
    path.write_text(call("2026-01-01T00:00:00Z") + "\n")
    link.symlink_to(path)
    assert as_json(link, path, path, str(tmp_path / "app-*"))["requests"] == 1


def test_a_file_and_its_gz_count_once(tmp_path):
    """As `run` counts them; what is left out is said, and of another content nothing is."""
    log = tmp_path / "usage.jsonl"
    log.write_text(call("2026-01-03T10:00:00Z"))
    (tmp_path / "usage.jsonl.1").write_text(call("2026-01-02T10:00:00Z") * 3)
    (tmp_path / "usage.jsonl.1.gz").write_bytes(gzip.compress(call("2026-01-02T10:00:00Z").encode() * 3))
    (tmp_path / "usage.jsonl.2.gz").write_bytes(gzip.compress(call("2026-01-01T10:00:00Z").encode()))
    ended = subprocess.run(
        [sys.executable, "-m", "llm_cost_exporter", "report", f"{log}*", "--format", "json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, json.loads(ended.stdout)["requests"]) == (0, 5)
    assert ended.stderr == f"{log}.1.gz: left out, its content is that of {log}.1\n"
    assert as_json(f"{log}.1.gz", f"{log}.2.gz")["requests"] == 4


def test_a_stream_whose_lines_are_days_apart_is_one_call(tmp_path):
    """Its end has no time of its own, and the line before it may have any: it is known by its id all the same."""
    start = {"type": "message_start", "message": {"id": f"msg_{1:024}", "type": "message", "role": "assistant", "model": "claude-opus-4-1",
             "usage": {"input_tokens": 472, "output_tokens": 2}}}  # fmt: skip
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 89}}
    path = tmp_path / "log"
    path.write_text("\n".join([json.dumps(start), "2025-12-01T00:00:00Z INFO something", json.dumps(end), ""]))
    rows = as_json(path)
    assert rows["requests"] == 1
    assert sum(rows["rows"][0]["tokens"].values()) == 472 + 89


def test_ollamas_ids_among_those_of_others(tmp_path):
    """Also among lines that go the quick way: what another server answers with such an id is no repeat of Ollama's call."""

    def answer(call_id, fingerprint):
        body = {
            "object": "chat.completion",
            "created": 1_767_225_600,
            "model": "gpt-4o",
            "system_fingerprint": fingerprint,
        }
        return json.dumps({"id": call_id, **body, "usage": {"prompt_tokens": 10, "completion_tokens": 5}})

    path = tmp_path / "log"
    others = [answer(f"chatcmpl-{number:030}", "fp_1") for number in range(4)]
    ollamas = [answer("chatcmpl-42", "fp_ollama")] * 3
    path.write_text("\n".join([*others, *ollamas, answer("chatcmpl-42", "fp_1"), ""]))
    assert as_json(path)["requests"] == 8
