"""SIGKILL at random instants while a writer appends and rotates: every total is that of the lines written."""

from __future__ import annotations

import gzip
import json
import logging.handlers
import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.processes import wait_for

MODELS = ("gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5")
KILLS = 20


class Writer:
    """Appends calls whose sums are known, and rotates the log in one of the ways that logs are rotated."""

    def __init__(self, log: Path, how: str, choose: random.Random) -> None:
        self.log, self.how, self.choose = log, how, choose
        self.calls: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.number = 0
        self.rotations = 0
        self.handler: logging.handlers.RotatingFileHandler | None = None
        if how == "RotatingFileHandler":
            self.handler = logging.handlers.RotatingFileHandler(log, backupCount=50)
        else:
            log.touch()

    def write(self, count: int) -> None:
        text = ""
        for _ in range(count):
            model, tokens = self.choose.choice(MODELS), self.choose.randrange(1, 5000)
            self.number += 1
            self.calls[model] += 1
            self.tokens[model] += tokens
            text += json.dumps(
                {
                    "timestamp": time.time(),
                    "model": model,
                    "prompt_tokens": tokens,
                    "completion_tokens": 0,
                    "total_tokens": tokens,
                    "number": self.number,
                }
            )
            text += "\n"
        if self.handler is not None and self.handler.stream is not None:
            self.handler.stream.write(text)
            self.handler.flush()
            return
        with self.log.open("a") as file:
            # now and then in two pieces, so that a reader meets an unfinished line
            cut = self.choose.randrange(len(text)) if text else 0
            file.write(text[:cut])
            file.flush()
            file.write(text[cut:])

    def rotate(self) -> None:
        self.rotations += 1
        if self.handler is not None:
            self.handler.doRollover()
            return
        target = self.log.with_name(f"{self.log.name}.{time.time_ns()}")
        if self.how == "copytruncate":
            shutil.copyfile(self.log, target)
            os.truncate(self.log, 0)
            return
        self.log.rename(target)
        self.log.touch()
        if self.how == "gzip":
            older = sorted(file for file in self.log.parent.glob(f"{self.log.name}.*") if file.suffix != ".gz")[:-1]
            for file in older:
                file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
                file.unlink()

    def close(self) -> None:
        if self.handler is not None:
            self.handler.close()


@pytest.mark.parametrize("how", ["rename", "copytruncate", "RotatingFileHandler", "gzip"])
def test_every_call_is_counted_once_and_no_counter_goes_back(servers, tmp_path, how):
    """Killed twenty times within a hundred rotations or so: calls and tokens by model are what was written."""
    choose = random.Random(how)
    folder = tmp_path / "logs"
    folder.mkdir()
    writer = Writer(folder / "usage.log", how, choose)
    settings = {"sources": [{"paths": [str(folder / "usage.log")]}], "new_series_hold": "0s"}
    state = tmp_path / "state"
    seen: dict[str, float] = {}

    def look(exporter) -> None:
        for sample in exporter.samples():
            if sample.labels["__name__"] in ("llm_requests_total", "llm_tokens_total", "llm_cost_usd_total"):
                key = json.dumps(sample.labels, sort_keys=True)
                assert sample.value >= seen.get(key, 0), f"{key} went back"
                seen[key] = sample.value

    for _ in range(KILLS):
        exporter = servers.exporter(config=settings, state=state)
        look(exporter)
        end = time.monotonic() + choose.uniform(0, 0.8)
        while time.monotonic() < end:
            writer.write(choose.randrange(1, 200))
            if choose.random() < 0.05:
                writer.rotate()
            time.sleep(choose.uniform(0, 0.03))
        if choose.random() < 0.5:
            look(exporter)
        exporter.kill()
        if choose.random() < 0.5:
            writer.write(50)
            writer.rotate()
            writer.write(50)
    exporter = servers.exporter(config=settings, state=state)
    wait_for(lambda: exporter.value("llm_requests_total") == writer.number, 20, f"all {writer.number} calls")
    look(exporter)
    assert {model: exporter.value("llm_requests_total", model=model) for model in MODELS} == writer.calls
    assert {model: exporter.value("llm_tokens_total", model=model) for model in MODELS} == writer.tokens
    writer.close()
