"""SIGHUP: a new configuration is taken whole, or the old one goes on; nothing is counted twice by it."""

import json

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.exporter import Exporter
from tests.kit import LOG, FakeClock, scrape
from tests.ledger.faults import line, make_faulty


class Running:
    """An exporter on a real file, driven tick by tick."""

    def __init__(self, folder, **config):
        self.log, self.folder, self.clock = folder / "usage.jsonl", folder, FakeClock()
        self.log.touch()
        self.config = self.configured(**config)
        self.exporter = Exporter(self.config, self.clock, LOG, lambda: self.config)
        self.exporter.prepare()
        self.ticks()

    def configured(self, **config):
        whole = {"state_dir": self.folder / "state", "sources": [{"paths": [str(self.log)]}], "new_series_hold": "0s"}
        return Config.model_validate(whole | config)

    def ticks(self):
        for _ in range(6):
            self.clock.pass_(1)
            while self.exporter.tick():
                pass

    def write(self, user="", model="gpt-4o-mini", call=None):
        record = json.loads(line(model, self.clock.now, (1000, 10), call))
        with self.log.open("a") as log:
            log.write(json.dumps(record | {"user_id": user}) + "\n")
        self.ticks()

    def reload(self, **config):
        self.config = self.configured(**config)
        self.exporter.reload()
        self.ticks()

    def shown(self, name):
        lines = scrape(self.exporter.metrics, "").splitlines()
        return {row.rsplit(" ", 1)[0]: float(row.rsplit(" ", 1)[1]) for row in lines if row.startswith(name + "{")}


@pytest.fixture
def running(tmp_path):
    return Running(tmp_path, labels={"user": ["user_id"]})


def test_a_dropped_label_merges_what_it_told_apart(running):
    """Totals and days are those of before, under fewer labels, and go on."""
    for user in "abc":
        running.write(user)
    days = sum(running.shown("llm_cost_day_usd").values())
    assert len(running.shown("llm_requests_total")) == 3
    running.reload()
    assert list(running.shown("llm_requests_total").values()) == [3]
    assert sum(running.shown("llm_cost_day_usd").values()) == pytest.approx(days)
    running.write("d")
    assert list(running.shown("llm_requests_total").values()) == [4]


def test_a_reload_before_any_call_of_this_process_is_answered(running):
    """After a restart nothing was posted yet: the view of the labels before must not be kept for the new ones."""
    running.write("a")
    running.exporter._end()
    running.exporter._source.close()
    running.exporter._saver.store.close()
    running.exporter._state.release()
    again = Running(running.folder, labels={"user": ["user_id"]})
    again.reload()
    assert len(again.shown("llm_cost_day_usd")) == 1
    assert 'user="' not in next(iter(again.shown("llm_cost_day_usd")))


@pytest.mark.parametrize("bad", [ConfigError("x.yml", "a", "is wrong"), KeyError("a\ndefect of ours")])
def test_a_reload_that_fails_leaves_all_as_it_was(running, caplog, bad):
    """Also what nobody foresaw is one line in the log and a metric; calls go on being counted, and the next reload is taken."""

    def load():
        raise bad

    running.write("a")
    load_config, running.exporter._load_config = running.exporter._load_config, load
    running.exporter.reload()
    running.write("a")
    assert "llm_cost_exporter_config_last_reload_successful 0.0" in scrape(running.exporter.metrics, "")
    assert list(running.shown("llm_requests_total").values()) == [2]
    [said] = [line for line in caplog.messages if "reload" in line]
    assert said.startswith("reload refused, the configuration before stays: ")
    assert "\n" not in said
    running.exporter._load_config = load_config
    running.reload()
    assert "llm_cost_exporter_config_last_reload_successful 1.0" in scrape(running.exporter.metrics, "")


def test_a_reload_that_the_state_refuses_is_put_off(running):
    """With a full disk the old labels stay in memory and on disk, until the state can be saved again."""
    for user in "abc":
        running.write(user)
    faulty = make_faulty(running.exporter._saver.store)
    running.write("d")
    begins = []

    def full(statement):
        if statement == "BEGIN IMMEDIATE":
            begins.append(statement)
            faulty.writes = 1 if len(begins) > 1 else 0  # the save goes through, what comes after does not

    faulty.before = full
    running.config = running.configured()
    running.exporter.reload()
    running.exporter.tick()
    assert len(begins) == 2
    assert len(running.shown("llm_requests_total")) == 4
    faulty.before, faulty.writes = None, 0
    running.ticks()
    assert list(running.shown("llm_requests_total").values()) == [4]


@pytest.mark.parametrize(("as_one", "requests"), [(False, 1), (True, 2)])
def test_request_ids_are_known_within_the_paths_of_a_source(running, as_one, requests):
    """What docs/operation.md says of new paths: in an entry of their own the other's repeats stay known, added to it they do not."""
    running.write("a", call="r1")
    ours, other = str(running.log), str(running.folder / "other.jsonl")
    running.reload(sources=[{"paths": [ours, other]}] if as_one else [{"paths": [ours]}, {"paths": [other]}])
    running.write("a", call="r1")
    assert list(running.shown("llm_requests_total").values()) == [requests]


def test_midnight_without_an_answer_keeps_the_view(running):
    """The day gauges stand while the state can't be read, and go on with the new day when it can."""
    running.write("a")
    before = running.shown("llm_cost_day_usd")
    faulty = make_faulty(running.exporter._saver.store)
    faulty.reads = 1
    running.clock.pass_(2 * 86_400)
    running.ticks()
    assert running.shown("llm_cost_day_usd") == before
    faulty.reads = 0
    running.ticks()
    assert running.shown("llm_cost_day_usd") != before
