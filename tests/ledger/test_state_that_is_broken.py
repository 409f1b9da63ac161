"""The state directory: locked, set aside when broken, never deleted, never a crash loop."""

import random
import sqlite3

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.ledger import Ledger, StateDir
from llm_cost_exporter.ledger.merge import relabel
from llm_cost_exporter.ledger.store import Store
from llm_cost_exporter.saving import Saver
from llm_cost_exporter.source import Position
from llm_cost_exporter.times import Calendar
from tests.kit import LOG, Bench, FakeBook, FakeClock


def opened(folder, clock=None):
    """The state directory of `folder`, its ledger and its store."""
    state = StateDir(folder, LOG, clock or FakeClock())
    state.take()
    ledgers = []

    def load(store):
        ledgers.append(Ledger(Config(), Calendar("UTC"), FakeBook(), store, FakeClock().wall()))

    store = state.open("UTC", load)
    return state, ledgers[-1], store


@pytest.fixture
def used(tmp_path):
    """A state directory with something in it."""
    bench = Bench(tmp_path)
    for number in range(50):
        bench.call(id=str(number), model=f"model-{number % 7}")
    bench.ledger.ledger_id = "mine"
    bench.save()
    bench.store.close()
    StateDir(tmp_path, LOG, FakeClock()).learn("mine")
    return tmp_path


def test_a_second_exporter_is_refused_in_one_line(tmp_path):
    """The directory is locked while it is used."""
    first = StateDir(tmp_path, LOG, FakeClock())
    first.take()
    with pytest.raises(ExporterError, match="another llm-cost-exporter") as refused:
        StateDir(tmp_path, LOG, FakeClock()).take()
    assert "\n" not in str(refused.value)
    first.release()
    again = StateDir(tmp_path, LOG, FakeClock())
    again.take()
    again.release()


def test_an_unusable_directory_is_one_line(tmp_path):
    """A state_dir that can't be made says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ExporterError, match="state_dir"):
        StateDir(tmp_path / "file" / "state", LOG, FakeClock()).take()


def test_a_good_state_is_read_back(used):
    """Nothing is set aside where nothing is wrong."""
    state, ledger, store = opened(used)
    assert sum(s.value for a in ledger.alive("series") for s in a.requests.values()) == 50
    assert state.resets == {"corrupt": 0, "version": 0, "removed": 0}
    store.close()
    state.release()


@pytest.mark.parametrize("damage", ["truncated", "nul", "random", "empty-json", "not a database"])
@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_state_is_set_aside_and_counted(used, damage, seed):
    """Cut at any byte, filled with NULs or noise: a new state begins, the old one is kept under a new name."""
    choose = random.Random(seed)
    path = used / "state.db"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        data = data[: choose.randrange(1, len(data))]
    elif damage == "nul":
        data = bytearray(len(data))
    elif damage == "random":
        start = choose.randrange(0, len(data) - 4096)
        data[start : start + 4096] = choose.randbytes(4096)
    elif damage == "not a database":
        data = bytearray(b"hello")
    else:
        db = sqlite3.connect(path)
        db.execute("UPDATE account SET data = '[]'")
        db.commit()
        db.close()
        data = bytearray(path.read_bytes())
    path.write_bytes(data)
    state, ledger, store = opened(used)
    counted = sum(s.value for a in ledger.alive("series") for s in a.requests.values())
    aside = [file for file in used.glob("state.db.broken-*") if not file.name.endswith(("-wal", "-shm"))]
    if aside:
        assert counted == 0
        assert state.resets["corrupt"] == 1
        assert state.ledger == "mine", "the ledger's identity outlives its state"
        assert aside[0].read_bytes()[: len(data)] == bytes(data) or damage == "empty-json"
    else:
        assert damage in ("random", "truncated")
        assert counted == 50, "what was hit was free space: nothing is lost"
    store.close()
    state.release()
    state, _, store = opened(used)
    assert state.resets["corrupt"] == (1 if aside else 0), "the next start finds a good state: no crash loop"
    store.close()
    state.release()


def test_a_state_of_a_future_version_is_set_aside(used):
    """A version that this program does not read is kept for the program that does."""
    db = sqlite3.connect(used / "state.db")
    db.execute("PRAGMA user_version=99")
    db.close()
    state, _, store = opened(used)
    assert state.resets["version"] == 1
    assert list(used.glob("state.db.broken-*"))
    store.close()
    state.release()


def test_a_state_that_is_gone_is_told(used):
    """With the identity still there, a missing database is a loss and not a first start."""
    (used / "state.db").unlink()
    state, _, store = opened(used)
    assert state.resets["removed"] == 1
    store.close()
    state.release()


def test_a_state_cut_to_nothing_is_told(used):
    """An empty file in the place of the database is a loss too."""
    (used / "state.db").write_bytes(b"")
    state, _, store = opened(used)
    assert sum(state.resets.values()) == 1
    store.close()
    state.release()


def test_a_kill_while_the_database_is_made_is_no_loss(tmp_path):
    """A header without tables is what a kill at the first start leaves."""
    sqlite3.connect(tmp_path / "state.db").execute("PRAGMA journal_mode=WAL").close()
    state, _, store = opened(tmp_path)
    assert sum(state.resets.values()) == 0
    store.close()
    state.release()


def test_a_first_start_is_no_loss(tmp_path):
    """An empty directory is a beginning."""
    state, _, store = opened(tmp_path)
    assert sum(state.resets.values()) == 0
    store.close()
    state.release()


def test_a_spoilt_identity_is_written_anew(used):
    """ledger.json full of NULs does not stop the exporter."""
    (used / "ledger.json").write_bytes(b"\0" * 40)
    state, ledger, store = opened(used)
    assert ledger.ledger_id == "mine", "the database knows it too"
    store.close()
    state.release()


def test_dropped_labels_merge_totals_and_days(tmp_path):
    """When a label leaves the configuration, sets that differed in it alone become one; nothing is lost."""
    config = Config.model_validate({"labels": {"user": ["user_id"]}})
    bench = Bench(tmp_path, config)
    for user in ("a", "b", "c"):
        bench.call(labels=("checkout", "search", user))
        bench.call(labels=("checkout", "search", user), model="mystery")
    bench.ready()
    before, shown = bench.counted("usd"), bench.shown("usd")
    bench.store.close()
    bench.config = Config()
    store = Store(tmp_path / "state.db", "UTC")
    relabel(store, ("provider", "model", "app", "team"))
    store.close()
    bench.open()
    assert {labels for labels, *_ in bench.samples("requests")} == {
        ("openai", "gpt", "checkout", "search"),
        ("openai", "mystery", "checkout", "search"),
    }
    assert (bench.counted("usd"), bench.shown("usd")) == (before, shown)
    assert bench.counted() == 6
    assert sum(bench.ledger.days.on("2026-01-01").values()) == before
    assert {row.meter: count for row, count in bench.store.unpriced()} == {"input": 30, "output": 15, "fee": 3}


def test_a_new_label_is_empty_in_what_came_before(tmp_path):
    """A label that is added later leaves the old sets with an empty value."""
    bench = Bench(tmp_path)
    bench.call()
    bench.save()
    bench.store.close()
    bench.config = Config.model_validate({"labels": {"user": ["user_id"]}})
    store = Store(tmp_path / "state.db", "UTC")
    relabel(store, ("provider", "model", "app", "team", "user"))
    store.close()
    bench.open()
    assert [labels for labels, *_ in bench.samples("requests")] == [("openai", "gpt", "checkout", "search", "")]


def test_a_price_added_later_bills_what_was_unpriced_as_a_base(tmp_path):
    """Unpriced use gets its dollars on its own day, by its tier, shown at once; the counters of unpriced use stay."""
    bench = Bench(tmp_path)
    bench.call(model="mystery", time=bench.clock.wall() - 3 * 86_400)
    bench.call(model="mystery", tokens={"input": 2000}, time=bench.clock.wall() - 3 * 86_400)
    bench.ready()
    assert bench.counted("usd") == 0
    bench.book.known.add("mystery")
    bench.ledger.bill(bench.book)
    bench.save()
    bill = (10 + 2 * 5 + 2 * 2000) * 10**18
    assert (bench.counted("usd"), bench.shown("usd")) == (bill, bill)
    assert sum(bench.ledger.days.on("2025-12-29").values()) == bill
    assert list(bench.store.unpriced()) == []
    bench.ledger.bill(bench.book)
    bench.save()
    assert bench.counted("usd") == bill, "billed once"


def test_old_days_and_idle_sets_leave_the_state(tmp_path):
    """Days stay for 400 days, counters for 35 days without news."""
    bench = Bench(tmp_path)
    bench.call(time=bench.clock.wall() - 500 * 86_400)
    bench.call(time=bench.clock.wall() - 100 * 86_400, model="other")
    bench.save()
    now = bench.clock.wall()
    bench.store.prune(idle_before=now + 1, days_before=bench.ledger.calendar.day_of(now - 400 * 86_400).date)
    assert len(list(bench.store.all_days())) == 1
    assert list(bench.store.accounts(0)) == []
    bench.killed()
    bench.call(model="other")
    bench.save()
    assert bench.counted() == 1, "a set that left begins anew"
    assert len(list(bench.store.all_days())) == 2


def test_a_clock_far_ahead_does_not_make_everything_old(tmp_path):
    """Counters and days without news leave by the log's time: a clock that is set to another year takes none with it."""
    bench = Bench(tmp_path)
    bench.call()
    bench.ready()
    state = StateDir(tmp_path, LOG, bench.clock)
    saver = Saver(state, bench.store, bench.ledger, NoLog(), bench.clock, LOG)  # type: ignore[arg-type]
    for days in (0, 36, 500):
        bench.clock.pass_(days * 86_400)
        assert saver.save()
    assert len(list(bench.store.accounts(0))) == 2
    assert len(list(bench.store.all_days())) == 1


class NoLog:
    """As much of a source as saving needs."""

    def changed_positions(self) -> list[Position]:
        return []

    def forgotten(self) -> list[str]:
        return []

    def saved(self) -> None: ...
    def save_all(self) -> None: ...
