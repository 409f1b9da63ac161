"""How often is saved: every second, and less often where a save is much work."""

import itertools

import pytest

from llm_cost_exporter.config import Config
from tests.kit import NOON, FakeClock
from tests.ledger.faults import Process, line, make_faulty


class Cpu:
    """CPU seconds of a thread whose saves take `work` each: it is asked before and after."""

    def __init__(self) -> None:
        self.work = self.spent = 0.0
        self._asked = itertools.count(1)

    def __call__(self) -> float:
        if next(self._asked) % 2 == 0:
            self.spent += self.work
        return self.spent


@pytest.fixture
def cpu():
    return Cpu()


@pytest.fixture
def process(tmp_path, cpu):
    clock = FakeClock()
    clock.cpu = cpu  # type: ignore[method-assign]
    process = Process(tmp_path, Config(), clock, [])
    assert process.become_ready()
    return process


def seconds_to_the_next_save(process):
    """With a new line every half second, as long as it takes."""
    began = process.clock.monotonic()
    while True:
        process.lines.append(line("gpt-4o", NOON, (5, 6), None))
        process.read_all()
        process.clock.pass_(0.5)
        if process.saver.due():
            process.saver.save()
            return process.clock.monotonic() - began


@pytest.mark.parametrize(
    ("work", "seconds"),
    [(0.0, 1.0), (0.009, 1.0), (0.014, 1.5), (0.03, 3.0), (0.2, 5.0)],
    ids=["no work", "little", "1,000 label sets", "2,000", "10,000: five seconds are the most"],
)
def test_a_save_takes_one_percent_of_a_core_at_most(process, cpu, work, seconds):
    """The next save waits a hundred times as long as the last one took of a core, between one and five seconds."""
    cpu.work = work
    seconds_to_the_next_save(process)
    assert seconds_to_the_next_save(process) == seconds
    cpu.work = 0.0
    seconds_to_the_next_save(process)
    assert seconds_to_the_next_save(process) == 1.0


def test_a_save_that_fails_is_tried_again_every_second(process, cpu):
    """However much work it was."""
    cpu.work = 0.2
    seconds_to_the_next_save(process)
    make_faulty(process.saver.store).writes = 1.0
    seconds_to_the_next_save(process)
    assert process.saver.failing
    assert seconds_to_the_next_save(process) == 1.0
