"""Garbage in lines, envelopes, configurations and price files; far more files, users and models than anyone has."""

from __future__ import annotations

import json
import random
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from llm_cost_exporter import config as configuration
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.prices import PriceBook
from llm_cost_exporter.record import DEFECT
from llm_cost_exporter.types import METERS, REJECT_REASONS, Rejected
from tests.formats.test_mutations import SEEDS
from tests.kit import NOON
from tests.reading import MTIME, NOW, new_reader
from tests.scale import scaled
from tests.torture.inside import Inside, call_line

pytestmark = pytest.mark.torture

ROOT = Path(__file__).parents[2]
STAMP = "2026-01-02T03:04:05.000000000Z stdout"


def wrapped(line: str, choose: random.Random) -> str:
    """The line as it is, or in one of the envelopes."""
    return choose.choice(
        [
            line, line, line, f"{STAMP} F {line}", f"{STAMP} P {line[: len(line) // 2]}", f"2026-01-02 03:04:05,678 - api - INFO - {line}",
            json.dumps({"log": line + "\n", "stream": "stdout", "time": "2026-01-02T03:04:05Z"}), json.dumps({"timestamp": 1760000000000, "message": line}),
        ]
    )  # fmt: skip


def spoilt(data: bytes, choose: random.Random) -> bytes:
    """Some bytes changed, dropped, doubled, or moved about."""
    spoiled = bytearray(data)
    for _ in range(choose.choice([1, 1, 2, 5, 20])):
        at = choose.randrange(len(spoiled) + 1)
        what = choose.randrange(6)
        if what == 0 and spoiled:
            spoiled[at % len(spoiled)] = choose.randrange(256)
        elif what == 1:
            del spoiled[at : at + choose.choice([1, 2, 10])]
        elif what == 2:
            spoiled[at:at] = choose.randbytes(choose.choice([1, 4]))
        elif what == 3:
            spoiled[at:at] = spoiled[at : at + choose.randrange(30)]
        elif what == 4:
            spoiled[at:at] = choose.choice(
                [b'"', b"{", b"}", b"[", b"\\", b"\0", b"1e999", b"-", b"null", b'"usage":{']
            )
        else:
            other = choose.randrange(len(spoiled) + 1)
            spoiled[at:at] = spoiled[other : other + 10]
    return bytes(spoiled).replace(b"\n", b" ")


@pytest.mark.parametrize("seed", range(scaled(2, 10)))
def test_spoilt_lines(seed):
    """No crash, no hang, exactly one outcome, no count below 0 or beyond what a call can have; what is held between lines is bounded."""
    choose, reader, offset = random.Random(seed), new_reader(), 0
    slowest = 0.0
    lines = [json.dumps(record) for record in SEEDS]
    for _ in range(scaled(10_000, 100_000)):
        line = spoilt(wrapped(choose.choice(lines), choose).encode(), choose)
        began = time.thread_time()
        outcome = reader.read(line, offset, MTIME, NOW)
        slowest = max(slowest, time.thread_time() - began)
        offset += len(line) + 1
        if isinstance(outcome, Rejected):
            assert outcome.reason in REJECT_REASONS
            assert DEFECT not in outcome.detail
        elif isinstance(outcome, list):
            for usage in outcome:
                assert set(usage.tokens) <= set(METERS)
                assert all(type(count) is int and 0 <= count <= 10**12 for count in usage.tokens.values())
    assert slowest < 1
    assert len(json.dumps(reader.state)) < 1_000_000


def test_noise_moves_no_counter(tmp_path):
    """Random bytes between calls: the calls are counted, and nothing else."""
    choose, log = random.Random(3), tmp_path / "usage.log"
    calls = 0
    with log.open("wb") as file:
        for _ in range(scaled(2_000, 200_000)):
            noise = choose.randbytes(choose.randrange(300)).replace(b"\n", b"")
            file.write(noise + b"\n")
            if choose.random() < 0.1:
                calls += 1
                file.write(call_line(NOON - 10_000, 7).encode())
    exporter = Inside(log, tmp_path / "state").until_ready()
    counted = exporter.counted()
    exporter.kill()
    assert sum(value for (name, _), value in counted.items() if name == "llm_requests_total") == calls
    assert sum(value for (name, _), value in counted.items() if name == "llm_tokens_total") == 7 * calls


@pytest.mark.parametrize("name", ["exporter.example.yml", "prices.example.yml"])
def test_spoilt_files_of_settings(tmp_path, name):
    """A configuration or a price file is taken, or refused in one line: never another error."""
    choose, good = random.Random(name), (ROOT / name).read_bytes()
    path = tmp_path / "spoilt.yml"
    refusals: list[str] = []
    taken = 0
    for _ in range(scaled(60, 3_000)):
        spoiled = bytearray(good)
        for _ in range(choose.choice([1, 2, 10])):
            at = choose.randrange(len(spoiled))
            spoiled[at : at + choose.choice([0, 1, 5])] = choose.choice(
                [choose.randbytes(1), b"", b":", b"- ", b"[", b"{}", b"\t", b"\0", b"!!python/object:os.system ", b"&a *a ", b"99999999999999999999", b"-1", b"null"]
            )  # fmt: skip
        path.write_bytes(bytes(spoiled))
        try:
            if name.startswith("prices"):
                PriceBook({}, path)
            else:
                configuration.load(str(path), sources_needed=False)
            taken += 1
        except ConfigError as bad:
            refusals.append(str(bad))
    assert [text for text in refusals if "\n" in text] == []
    assert taken, "some of them are right"


def test_a_hundred_thousand_files(tmp_path):
    """All are read, and a look with nothing new stays cheap."""
    many = scaled(1_500, 100_000)
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(many):
        (folder / f"{number}.log").write_text(call_line(NOON - 10_000, 1))
    exporter = Inside(folder / "*.log", tmp_path / "state").until_ready()
    assert exporter.value("llm_requests_total") == many
    began = time.thread_time()
    exporter.go_on(5)
    # Ten looks. By the clock of the test they take no time, so that no rest is taken for what they cost.
    assert time.thread_time() - began < 10 * scaled(0.125, 0.6)
    with (folder / "7.log").open("a") as file:
        file.write(call_line(NOON, 1))
    exporter.go_on(scaled(10, 200))
    assert exporter.value("llm_requests_total") == many + 1
    exporter.kill()


@pytest.mark.parametrize(("what", "many"), [("user", scaled(20_000, 1_000_000)), ("model", scaled(5_000, 50_000))])
def test_far_too_many(tmp_path, what, many):
    """Users and models without end: dollars and tokens are complete, label sets and memory bounded, and it is told."""
    log = tmp_path / "usage.log"
    with log.open("w") as file:
        for number in range(many):
            name = {"model": f"gpt-4o-mini-{number}"} if what == "model" else {"user_id": str(number)}
            file.write(call_line(NOON - 10_000, 10, **{"model": "gpt-4o-mini", **name}))
    labels: dict[str, Any] = {"labels": {"user": ["user_id"]}} if what == "user" else {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    exporter = Inside(log, tmp_path / "state", limits={"series": 200}, **labels).until_ready()
    assert exporter.value("llm_requests_total") == many
    assert exporter.value("llm_tokens_total") == 10 * many
    assert exporter.value("llm_cost_exporter_label_sets") <= 200 * 1.4
    assert exporter.value("llm_cost_exporter_folded_total", label=what) >= many - 201
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000, "KiB"
    exporter.kill()
