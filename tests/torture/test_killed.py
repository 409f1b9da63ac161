"""SIGKILL at random instants, inside saves too, while a writer appends and rotates: each total is that of one clean read of the log."""

from __future__ import annotations

import gzip
import json
import logging.handlers
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import wait_for
from tests.scale import scaled

pytestmark = pytest.mark.torture

HOW = ["rename", "copytruncate", "RotatingFileHandler", "gzip"]
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5")
DEADLY = Path(__file__).with_name("faulty_run.py")
Totals = dict[tuple[str, ...], Decimal]


class Writer:
    """Appends calls, some of them twice, and rotates the log in one of the ways that logs are rotated."""

    def __init__(self, log: Path, how: str, choose: random.Random) -> None:
        self.log, self.how, self.choose = log, how, choose
        self.number = 0
        self.recent: list[dict[str, Any]] = []  # since the last rotation: a report reads the pieces in another order
        self.handler: logging.handlers.RotatingFileHandler | None = None
        if how == "RotatingFileHandler":
            self.handler = logging.handlers.RotatingFileHandler(log, backupCount=1000)
        else:
            log.touch()

    def _call(self) -> dict[str, Any]:
        if self.recent and self.choose.random() < 0.05:
            again = dict(self.choose.choice(self.recent))
            again["completion_tokens"] += self.choose.randrange(-5, 50)
            return again
        self.number += 1
        call = {
            "timestamp": round(time.time() - self.choose.choice([0, 0, 0, 90_000]), 3),  # some of them late, of the day before
            "request_id": f"call-{self.number}",
            "model": self.choose.choice(MODELS),
            "app": self.choose.choice(["shop", "search"]),
            "prompt_tokens": self.choose.randrange(1, 5000),
            "completion_tokens": self.choose.randrange(5, 500),
        }  # fmt: skip
        self.recent = [*self.recent[-50:], call]
        return call

    def write(self, count: int) -> None:
        text = "".join(json.dumps(self._call()) + "\n" for _ in range(count))
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
        self.recent = []
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
                file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 1))
                file.unlink()

    def for_a_while(self, seconds: float) -> None:
        """Write at a rate that changes, and rotate now and then."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.write(self.choose.choice([1, 10, 200]))
            if self.choose.random() < 0.05:
                self.rotate()
            time.sleep(self.choose.uniform(0, 0.03))


class Scraper:
    """Scrapes all the while, over kills and starts, and keeps what went back."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.scrapes = 0
        self.went_back: list[str] = []
        self._seen: dict[tuple[str, ...], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._scrape, name="scraper")
        self._thread.start()

    def _scrape(self) -> None:
        session = requests.Session()
        session.trust_env = False
        while not self._ended.wait(0.05):
            try:
                text = session.get(f"http://{self.address}/metrics", timeout=5).text
            except requests.RequestException:
                continue
            self._look_at(text)

    def _look_at(self, text: str) -> None:
        self.scrapes += 1
        for family in text_string_to_metric_families(text):
            if family.type == "gauge" or family.name.startswith(("llm_cost_exporter_", "process_")):
                continue
            for sample in family.samples:
                key = (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items())))
                if sample.value < self._seen.get(key, 0):
                    self.went_back.append(f"{key}: {self._seen[key]} -> {sample.value}")
                self._seen[key] = sample.value

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def ask(*arguments: str | Path) -> Any:
    """What a command of the exporter prints as JSON."""
    command = [sys.executable, "-m", "llm_cost_exporter", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=600).stdout)


def of_the_log(folder: Path) -> Totals:
    """Requests, tokens by kind, dollars and dollars by day, by model and app: one clean read of all that was written."""
    totals: Totals = Counter()  # type: ignore[assignment]
    for row in ask("report", *sorted(folder.iterdir()), "--format", "json", "--by", "app,date")["rows"]:
        where = (row["model"], row["app"])
        totals["requests", *where] += row["requests"]
        totals["usd", *where] += Decimal(row["cost_usd"])
        totals["day", row["date"], *where] += Decimal(row["cost_usd"])
        for kind, count in row["tokens"].items():
            totals["tokens", kind, *where] += count
    return dict(totals)


def of_the_state(state: Path) -> Totals:
    """The same of what the exporter has saved."""
    totals: Totals = Counter()  # type: ignore[assignment]
    contents = ask("state", "export", state)
    for series in contents["series"]:
        where = (series["labels"]["model"], series["labels"]["app"])
        totals["requests", *where] += series["requests"]
        totals["usd", *where] += sum(map(Decimal, series["usd"].values()))
        for kind, count in series["tokens"].items():
            totals["tokens", kind, *where] += count
    for day in contents["days"]:
        totals["day", day["date"], day["labels"]["model"], day["labels"]["app"]] += Decimal(day["usd"])
    return dict(totals)


class Life:
    """One log with its writer, one state, one scraper, and exporters that are killed one after the other."""

    def __init__(self, servers, folder: Path, how: str) -> None:
        self.servers, self.choose = servers, random.Random(how)
        self.logs, self.state = folder / "logs", folder / "state"
        self.logs.mkdir()
        self.writer = Writer(self.logs / "usage.log", how, self.choose)
        self.config = {"sources": [{"paths": [str(self.logs / "usage.log")]}], "new_series_hold": "0s"}
        self.scraper = Scraper()
        self.start().stop()  # what is rotated before a first start is not meant

    def start(self, **how: Any) -> Any:
        exporter = self.servers.exporter(config=self.config, state=self.state, **how)
        self.scraper.address = exporter.address
        return exporter

    def rotate_while_down(self) -> None:
        if self.choose.random() < 0.5:
            self.writer.write(50)
            self.writer.rotate()
            self.writer.write(50)

    def end(self) -> None:
        """The last exporter reads to the end: all is there, once."""
        exporter = self.start()
        wait_for(
            lambda: exporter.value("llm_requests_total") == self.writer.number, 60, f"all {self.writer.number} calls"
        )
        time.sleep(0.2)  # one more scrape
        assert exporter.stop() == 0
        self.scraper.end()
        assert self.scraper.went_back == []
        assert self.scraper.scrapes > 0
        assert of_the_state(self.state) == of_the_log(self.logs)


@pytest.fixture
def life(servers, tmp_path, request):
    one = Life(servers, tmp_path, request.param)
    yield one
    one.scraper.end()
    if one.writer.handler is not None:
        one.writer.handler.close()


@pytest.mark.parametrize("life", HOW, indirect=True)
def test_killed_at_any_instant(life):
    """Kinds of rotation, kills before the exporter is ready and after, late lines, repeated calls: one clean read gives the same."""
    for _ in range(scaled(5, 50)):
        exporter = life.start(wait=life.choose.random() < 0.7)
        life.writer.for_a_while(life.choose.uniform(0, 1.5))
        exporter.kill()
        life.rotate_while_down()
    life.end()


@pytest.mark.parametrize("life", scaled(HOW[:2], HOW), indirect=True)
def test_killed_inside_a_save(life):
    """Before and after any statement of the transaction that holds totals and positions."""
    inside = 0
    for number in range(scaled(3, 30)):
        exporter = life.start(wait=False, program=(DEADLY, str(number), "0.1"))
        end = time.monotonic() + 8
        while exporter.process.exit_status() is None and time.monotonic() < end:
            life.writer.for_a_while(0.2)
        inside += exporter.process.exit_status() is not None
        exporter.kill()
        life.rotate_while_down()
    assert inside > 0
    life.end()
