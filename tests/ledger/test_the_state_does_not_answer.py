"""The state fails in the midst of work: nothing is lost, nothing is counted twice, and the exporter goes on."""

import sqlite3
from collections import Counter
from collections.abc import Collection

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.ledger import day_view
from llm_cost_exporter.ledger.days import DayBook
from llm_cost_exporter.ledger.store import UnreadableError
from llm_cost_exporter.money import ONE_USD
from llm_cost_exporter.times import Calendar
from tests.kit import NOON, Bench, FakeClock
from tests.ledger.faults import Process, line, make_faulty


@pytest.fixture
def process(tmp_path):
    lines = [line("gpt", NOON - day * 86_400, (10, 5), f"call-{day}", f"app-{day}") for day in range(12)]
    return Process(tmp_path, Config.model_validate({}), FakeClock(), lines)


def requests(process: Process) -> int:
    return sum(s.value for a in process.ledger.alive("series") for s in a.requests.values())


def test_a_read_that_fails_leaves_its_call_for_later(process):
    """A batch met by an unreadable state waits where it is; when the state answers every line is counted once."""
    faulty = make_faulty(process.saver.store)
    steps = 0
    faulty.reads = 0.4
    while process.log.file.position.done_until < len(process.lines):
        process.pipeline.step()
        steps += 1
        assert steps < 10_000
    assert steps > 2
    faulty.reads = 0
    assert process.saver.save()
    assert requests(process) == 12
    assert len(list(process.saver.store.all_days())) == 12
    assert {int(usd) for *_, usd in process.saver.store.all_days()} == {20 * ONE_USD // 1_000_000}


def test_nothing_is_saved_while_a_batch_is_posted_in_part(process):
    """A save in the midst of a batch would count its beginning again after a kill."""
    faulty = make_faulty(process.saver.store)
    process.pipeline.step()
    assert process.saver.save()
    faulty.reads = 1
    assert not process.pipeline.step()
    assert process.ledger.midway
    assert not process.saver.save()
    assert process.saver.failures == 1
    process.kill()
    process.start()
    process.read_all()
    process.saver.save()
    assert requests(process) == 12


def test_a_state_that_turns_out_broken_is_set_aside_in_the_midst_of_a_batch(process):
    """What is in memory and what can still be read go into a new state; the batch goes on, and a restart finds all."""
    process.pipeline.step()
    assert process.saver.save()
    process.saver.store._db.execute("UPDATE day SET usd = 'garbage' WHERE date = '2025-12-23'")
    process.lines.append(line("gpt", NOON - 9 * 86_400, (10, 5), "late"))
    for _ in range(2):  # a day stays in memory until a save without news of it
        process.read_all()
        assert process.saver.save()
    process.saver.store._db.execute("UPDATE day SET usd = 'garbage' WHERE date = '2025-12-23'")
    process.lines.append(line("gpt", NOON - 9 * 86_400, (10, 5), "later"))
    process.pipeline.step()
    assert process.ledger.midway
    process.saver.save()
    assert process.state.resets["corrupt"] == 1
    assert process.pipeline.step()
    assert process.saver.save()
    process.kill()
    process.start()
    process.read_all()
    assert requests(process) == 14
    days = {date: int(usd) for _, date, _, usd in process.saver.store.all_days()}
    assert len(days) == 12, "days that were not in memory are in the new state too"
    process.kill()


def test_a_day_that_could_not_be_read_is_not_taken_for_another(tmp_path):
    """After a failed read the next call of that day must not be posted to the day before it."""
    bench = Bench(tmp_path)
    bench.call()
    faulty = make_faulty(bench.store)
    yesterday = bench.clock.wall() - 86_400
    faulty.reads = 1
    with pytest.raises(UnreadableError):
        bench.call(time=yesterday)
    faulty.reads = 0
    bench.call(time=yesterday)
    assert (len(bench.ledger.days.on("2025-12-31")), bench.counted()) == (1, 2)


def test_a_call_that_could_not_be_posted_leaves_nothing_behind(tmp_path):
    """Unpriced, grown, conflicting: whatever read fails, a second try finds the ledger as it was."""
    calls: list[dict[str, object]] = [
        {"model": "mystery", "id": "a"},
        {"id": "b"},
        {"id": "b", "tokens": {"input": 5, "output": 50}},
        {"model": "mystery", "id": "a", "tokens": {"input": 20}},
        {"tokens": {}, "without_usage": True, "model": "mute"},
    ]
    (tmp_path / "wanted").mkdir()
    wanted, bench = Bench(tmp_path / "wanted"), Bench(tmp_path)
    faulty = make_faulty(bench.store)
    for call in calls:
        wanted.call(**call, time=NOON - 86_400)
        while True:
            faulty.reads = 0.5
            try:
                bench.call(**call, time=NOON - 86_400)
            except UnreadableError:
                continue
            break
    for family in ("requests", "tokens", "usd", "unpriced_tokens", "unpriced_requests", "without_usage"):
        assert bench.counted(family) == wanted.counted(family) > 0
    assert bench.ledger.stats.conflicting_duplicates == wanted.ledger.stats.conflicting_duplicates == 2
    assert sum(bench.ledger.days.on("2025-12-31").values()) == bench.counted("usd")


def test_a_view_that_can_not_be_read_is_no_other_error(tmp_path):
    """The day gauges need a read at midnight: without an answer UnreadableError says so, and nothing else does."""
    bench = Bench(tmp_path)
    bench.call()
    bench.save()
    make_faulty(bench.store).reads = 1
    with pytest.raises(UnreadableError):
        day_view(bench.ledger, bench.clock.wall() + 5 * 86_400)


def test_text_that_is_no_utf8_is_a_broken_state(tmp_path):
    """Python's own errors about a database carry no SQLite code: they too set it aside instead of ending every start."""
    process = Process(tmp_path, Config(), FakeClock(), [line("gpt", NOON, (1, 1), None)])
    process.read_all()
    process.saver.save()
    process.kill()
    db = sqlite3.connect(tmp_path / "state.db")
    db.execute("UPDATE account SET labels = CAST(x'ff5b22ff' AS TEXT) WHERE kind = 'series'")
    db.commit()
    db.close()
    process.start()
    assert process.state.resets["corrupt"] == 1
    process.kill()


@pytest.mark.parametrize(
    "data", [b"[[],[]]", b"[1,2]", b"{}", b'[{"usd":3},{}]', b'[{"usd":{"input":[]}},{}]', b"null"]
)
def test_any_json_in_the_place_of_counters_is_a_broken_state(tmp_path, data):
    """Whatever stands where counters stood, the start goes on with a new state."""
    process = Process(tmp_path, Config(), FakeClock(), [line("gpt", NOON, (1, 1), None)])
    process.read_all()
    process.saver.save()
    process.kill()
    db = sqlite3.connect(tmp_path / "state.db")
    db.execute("UPDATE account SET data = ? WHERE kind = 'series'", (data,))
    db.commit()
    db.close()
    process.start()
    assert process.state.resets["corrupt"] == 1
    process.kill()


def test_a_month_that_is_first_asked_for_while_a_new_state_is_not_written_yet():
    """The state was replaced and nothing of it is saved: the month has the days that are in memory, then and after the save."""

    class Rows:
        """What is on disk."""

        def __init__(self) -> None:
            self.rows: dict[str, dict[int, int]] = {}

        def day(self, date: str) -> dict[int, int]:
            return dict(self.rows.get(date, {}))

        def month(self, month: str, without: Collection[str]) -> dict[int, int]:
            total: Counter[int] = Counter()
            for date, day in self.rows.items():
                if date.startswith(month) and date not in without:
                    total.update(day)
            return dict(total)

        def save(self, book: DayBook) -> None:
            for date, account, usd in book.changed():
                self.rows.setdefault(date, {})[account] = usd
            book.saved(NOON)

    rows, calendar = Rows(), Calendar("UTC")
    book, today = DayBook(calendar, rows), calendar.day_of(NOON)
    book.turn_to(today)
    book.post(1, 100)
    rows.save(book)
    rows.rows.clear()
    book.write_all()
    assert book.in_month(today.month) == {1: 100}
    rows.save(book)
    assert book.in_month(today.month) == {1: 100}
    book.turn_to(today)
    book.post(1, 5)
    assert (book.in_month(today.month), book.on(today.date)) == ({1: 105}, {1: 105})
