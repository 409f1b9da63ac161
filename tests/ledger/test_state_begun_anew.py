"""A state that turns out broken while running is written anew from memory. Killed at any step of that, no call is counted twice or lost."""

from pathlib import Path

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.ledger.store import Store
from tests.kit import NOON, FakeClock
from tests.ledger.faults import Process, line

OLD = NOON - 9 * 86_400
CALLS = 12


class Killed(BaseException):
    """The process ends here."""


class Steps:
    """Ends the process before the step of that number: a change of the directory, or a transaction."""

    def __init__(self, monkeypatch):
        self.left = None
        for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (Store, "save")):
            monkeypatch.setattr(owner, name, self._step(getattr(owner, name)))

    def _step(self, real):
        def step(*args, **more):
            if self.left is not None:
                if not self.left:
                    raise Killed
                self.left -= 1
            return real(*args, **more)

        return step

    def reach_the_end(self, number, work):
        """Whether `work` ends before that step."""
        self.left = number
        try:
            work()
        except Killed:
            return False
        finally:
            self.left = None
        return True


@pytest.fixture
def steps(monkeypatch):
    return Steps(monkeypatch)


def halfway(folder):
    """A process that found its state broken while it posted a batch."""
    folder.mkdir()
    process = Process(folder, Config(), FakeClock(), [line("gpt", OLD, (10, 5), f"old {n}") for n in range(CALLS - 2)])
    process.read_all()
    process.saver.save()
    process.lines.append(line("gpt", NOON, (10, 5), "of today"))  # with which the old day leaves memory
    process.read_all()
    process.saver.save()
    process.saver.save()
    process.saver.store._db.execute("UPDATE day SET usd = 'garbage' WHERE date < '2026'")
    process.lines.append(line("gpt", OLD, (10, 5), "late"))
    process.pipeline.step()
    assert process.ledger.midway
    return process


def requests(process):
    return sum(sample.value for account in process.ledger.alive("series") for sample in account.requests.values())


def go_on(process):
    """Three saves: the day is found broken, the state is begun anew, and saved whole."""
    for _ in range(3):
        process.read_all()
        process.saver.save()


def test_killed_at_any_step_of_it(tmp_path, steps):
    """Each step, and after each of them each step of the start that finds what was left: all calls are there, once."""
    number, ended = 0, False
    while not ended:
        again, started = 0, False
        while not started:
            process = halfway(tmp_path / f"{number} {again}")
            ended = steps.reach_the_end(number, lambda process=process: go_on(process))
            process.kill()
            started = steps.reach_the_end(again, process.start)
            process.kill()
            process.start()
            go_on(process)
            assert requests(process) == CALLS, f"killed at step {number}, and at step {again} of the start"
            assert not (tmp_path / f"{number} {again}" / "begun-anew").exists()
            process.kill()
            again += 1
        number += 1
    assert number > 8


def test_the_one_before_is_taken_up_and_said(tmp_path, caplog):
    """A start that finds a state that was never saved whole says so, and goes on from the one before."""
    process = halfway(tmp_path / "state")
    process.saver.save()
    assert (tmp_path / "state" / "begun-anew").read_text().startswith("state.db.broken-")
    process.kill()
    process.start()
    assert "was begun anew and never saved whole; the one before, state.db.broken-" in caplog.text
    assert not process.state.lost
    assert requests(process) == CALLS - 1
    go_on(process)
    assert requests(process) == CALLS


@pytest.mark.parametrize(
    "name", ["", "../elsewhere", "ledger.json", "state.db.broken-gone", "state.db.\0", "\udcff" * 5000]
)
def test_garbage_in_its_place(tmp_path, name):
    """What names no state that was set aside changes nothing."""
    process = Process(tmp_path, Config(), FakeClock(), [line("gpt", NOON, (10, 5), "one")])
    process.read_all()
    process.saver.save()
    process.kill()
    (tmp_path / "begun-anew").write_bytes(name.encode("utf-8", "surrogateescape"))
    process.start()
    assert requests(process) == 1
    assert not (tmp_path / "begun-anew").exists()


def test_one_that_was_saved_whole_is_kept(tmp_path):
    """The mark may have outlived that, by another version of this program or on a disk that failed: a state with positions stays."""
    process = halfway(tmp_path / "state")
    process.saver.save()
    mark = (tmp_path / "state" / "begun-anew").read_text()
    go_on(process)
    process.kill()
    (tmp_path / "state" / "begun-anew").write_text(mark)
    process.start()
    assert requests(process) == CALLS
    assert not (tmp_path / "state" / "begun-anew").exists()
