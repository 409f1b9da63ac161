"""A canary in every message, tool argument and broken line: it is in no metric, page, state, message or explanation."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from tests.formats.test_mutations import SEEDS

CANARY = "zxcanary"
KEPT_LINE = 300_000  # bytes: more than one part of a split line


def lines() -> list[str]:
    now = int(time.time())
    text = f"tell {CANARY} nothing"
    chat = {
        "id": "chatcmpl-9",
        "object": "chat.completion",
        "created": now,
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": text}],
        "choices": [{"message": {"content": text, "tool_calls": [{"function": {"arguments": text}}]}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        "metadata": {"note": text},
        "headers": {"authorization": text},
    }
    message = {
        "id": "msg_0123456789abcdefghij",
        "type": "message",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}, {"type": "tool_use", "input": {"q": text}}],
        "usage": {
            "input_tokens": 3,
            "output_tokens": 4,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }
    failed = {"type": "error", "error": {"type": "overloaded_error", "message": text}, "request_id": "req_1"}
    plain = {
        "timestamp": now,
        "model": "gpt-4o",
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "prompt": text,
        "response": text,
    }
    whole = json.dumps(chat)
    split = json.dumps({**chat, "id": "chatcmpl-10", "input": text * (KEPT_LINE // len(text))})
    half = len(split) // 2
    stamp = "2026-01-02T03:04:05.000000000Z stdout"
    return [
        whole,
        json.dumps(message),
        json.dumps(failed),
        json.dumps(plain),
        json.dumps({"event": text, "log": plain, "error": text}),
        whole.replace('"prompt_tokens": 10', f'"prompt_tokens": "{CANARY}"').replace("chatcmpl-9", "chatcmpl-8"),
        json.dumps({**plain, "timestamp": CANARY}),
        whole[:-30],
        f"{CANARY} usage tokens {{not json",
        json.dumps({**plain, "prompt": text * 100_000}),
        json.dumps(
            {
                "log": whole.replace("chatcmpl-9", "chatcmpl-7") + "\n",
                "stream": "stdout",
                "time": "2026-01-02T03:04:05Z",
            }
        ),
        f"{stamp} P {split[:half]}",
        f"{stamp} F {split[half:]}",
        *(json.dumps(telling(record, text)) for record in SEEDS),
        f"{stamp} P {split[:half]}",  # and a part that stays open
    ]


def telling(record: Any, text: str) -> Any:
    """A record of any format with the canary in every prompt, completion, tool argument and header, at every depth."""
    if isinstance(record, list):
        return [telling(one, text) for one in record]
    if not isinstance(record, dict):
        return record
    said: dict[str, Any] = dict.fromkeys(
        ("prompt", "completion", "content", "text", "arguments", "output_text", "reasoning"), text
    )
    said |= {
        "messages": [{"role": "user", "content": text}],
        "tool_calls": [{"function": {"name": "f", "arguments": text}}],
    }
    said |= {name: {"authorization": text, "x-note": text} for name in ("headers", "HTTPHeaders", "requestHeaders")}
    return said | {key: telling(value, text) for key, value in record.items()}


def test_the_canary_is_nowhere(servers, tmp_path):
    """Metrics in both formats, page, state directory, standard error, report and explain know nothing of it."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    log.write_text("".join(line + "\n" for line in lines()))
    exporter = servers.exporter(config={"sources": [{"paths": [str(log)]}], "new_series_hold": "0s"}, state=state)
    assert (exporter.value("llm_requests_total") or 0) >= 7 + len(SEEDS) // 2, "the samples are calls"
    seen = [
        exporter.metrics(),
        exporter.metrics("application/openmetrics-text; version=1.0.0"),
        exporter.get("/").text,
        *(file.read_bytes().decode("latin-1") for file in state.iterdir()),
    ]
    exporter.stop()
    seen += [exporter.process.said(), *(file.read_bytes().decode("latin-1") for file in state.iterdir())]
    for command in (["report", log, "--format", "json"], ["explain", log], ["state", "export", state], ["report", log]):
        ended = subprocess.run(
            [sys.executable, "-m", "llm_cost_exporter", *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        seen += [ended.stdout, ended.stderr]
    assert all(seen[:3])
    assert [text[max(0, text.find(CANARY) - 60) : text.find(CANARY) + 60] for text in seen if CANARY in text] == []
