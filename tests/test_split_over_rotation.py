"""A line that is split into parts, with a rotation between them: docker and the kubelet rotate at any part. Read as one, also over kills."""

import json
import random
from pathlib import Path

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.exporter import Exporter
from tests.kit import LOG, FakeClock, scrape

STAMP = "2026-01-01T10:00:00.000000001Z"


def calls(number):
    return json.dumps({"timestamp": 1767261600, "model": "gpt-4o", "prompt_tokens": number, "completion_tokens": 1, "pad": "x" * 40})  # fmt: skip


def cri(text, stream, size):
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    tags = ["P"] * (len(pieces) - 1) + ["F"]
    return [f"{STAMP} {stream} {tag} {piece}\n" for tag, piece in zip(tags, pieces, strict=True)]


def docker(text, stream, size):
    text += "\n"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [json.dumps({"log": piece, "stream": stream, "time": STAMP}) + "\n" for piece in pieces]


class Life:
    """An exporter that may be killed, and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, FakeClock()
        self.log = folder / "0.log"
        self.log.touch()
        self.start()
        self.look()

    def start(self) -> None:
        config = {"state_dir": self.folder / "state", "sources": [{"paths": [str(self.log)]}], "new_series_hold": "0s"}
        self.exporter = Exporter(Config.model_validate(config), self.clock, LOG)
        self.exporter.prepare()

    def kill(self) -> None:
        self.exporter._source.close()
        self.exporter._saver.store.close()
        self.exporter._state.release()
        self.start()

    def look(self, seconds: float = 0.5) -> None:
        self.clock.pass_(seconds)
        while self.exporter.tick():
            pass

    def rotate(self, number: int) -> None:
        self.log.rename(self.folder / f"0.log.2026010{number}-120000")
        self.log.touch()

    def value(self, name: str) -> float:
        rows = [row for row in scrape(self.exporter.metrics, "").splitlines() if row.startswith(name)]
        return sum(float(row.rsplit(" ", 1)[1]) for row in rows)


@pytest.mark.parametrize("form", [cri, docker])
@pytest.mark.parametrize(("most_rotations", "kills"), [(9, 0.0), (1, 0.08)], ids=["many rotations", "many kills"])
@pytest.mark.parametrize("seed", range(12))
def test_parts_on_both_sides_of_a_rotation(tmp_path, form, most_rotations, kills, seed):
    """Two streams in turn, rotated between any two lines, looked at and killed at any time: each call once, and no line is rejected."""
    rng, life = random.Random(seed), Life(tmp_path)
    streams = [[part for n in range(1, 13) for part in form(calls(n * k), stream, rng.choice((30, 60, 5000)))] for stream, k in (("stdout", 1), ("stderr", 100))]  # fmt: skip
    rotations = 0
    while any(streams):
        with life.log.open("a") as log:
            log.write(rng.choice([stream for stream in streams if stream]).pop(0))
        if rng.random() < 0.15 and rotations < most_rotations:
            if rng.random() < 0.7:
                life.look()
            rotations += 1
            life.rotate(rotations)
        if rng.random() < 0.3:
            life.look(rng.choice((0.5, 1.1)))
        if rng.random() < kills:
            life.kill()
            life.look()
    for _ in range(4):
        life.look(1.1)
    assert life.value("llm_requests_total") == 24
    assert life.value("llm_tokens_total") == sum(n * 101 + 2 for n in range(1, 13))
    assert life.value("llm_cost_exporter_lines_rejected_total") == 0
    life.exporter.stop()
    life.exporter.run()


def test_a_reload_and_a_long_rest_between_the_parts(tmp_path):
    """What came from the file before is kept, also where this one has no part of its own."""
    life = Life(tmp_path)
    parts = cri(calls(5), "stdout", 60)
    life.log.write_text(parts[0])
    life.look()
    life.rotate(1)
    life.log.write_text(f"{STAMP} stderr F text\n")
    life.look(1.1)
    life.exporter._pipeline.use(life.exporter._config, life.exporter._accountant(), life.exporter._ledger)
    for _ in range(6):
        life.look(300)
    with life.log.open("a") as log:
        log.write("".join(parts[1:]))
    life.look(1.1)
    life.look(1.1)
    assert life.value("llm_requests_total") == 1
    (position,) = (file for file in life.exporter._source.followed() if file.where == str(life.log))
    assert position.position.offset == life.log.stat().st_size
    assert "from_before" not in position.position.format_state
    life.exporter.stop()
    life.exporter.run()


def test_a_part_whose_end_never_came_is_not_waited_for_for_ever(tmp_path):
    """Over further rotations and a restart files are read from where they were, not from their beginnings."""
    life = Life(tmp_path)
    life.log.write_text(cri(calls(5), "stdout", 30)[0])
    life.look(1.1)
    for number in range(1, 4):
        life.rotate(number)
        life.log.write_text("".join(cri(calls(number), stream, 5000)[0] for stream in ("stderr", "stdout")))
        life.look(1.1)
        life.look(61)
        life.kill()
        life.look(1.1)
    assert life.value("llm_requests_total") == 6
    for file in life.exporter._source.followed():
        assert file.position.offset == file.position.done_until or file.position.parts
        assert "from_before" not in file.position.format_state
    life.exporter.stop()
    life.exporter.run()


def test_what_was_broken_off_spoils_no_other_line(tmp_path):
    """A container that died in mid-line: the next file begins with a whole line, which is read."""
    life = Life(tmp_path)
    life.log.write_text(cri(calls(5), "stdout", 30)[0])
    life.look()
    life.rotate(1)
    life.log.write_text("".join(cri(calls(7), "stdout", 5000)))
    for _ in range(4):
        life.look(1.1)
    assert life.value("llm_requests_total") == 1
    assert life.value("llm_tokens_total") == 8
    life.exporter.stop()
    life.exporter.run()
