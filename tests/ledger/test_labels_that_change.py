"""Labels come and go by a reload or a restart: totals, days and remembered calls go on under the new names."""

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.ledger import Store, day_view
from llm_cost_exporter.ledger.merge import relabel
from llm_cost_exporter.metrics import Exposition, View
from tests.kit import Bench, scrape

WITH_USER = Config.model_validate({"labels": {"user": ["user_id"]}})


def relabelled(bench: Bench, config: Config) -> None:
    """A restart with another configuration."""
    bench.store.close()
    bench.config = config
    store = Store(bench.folder / "state.db", "UTC")
    relabel(store, ("provider", "model", *config.label_names))
    store.close()
    bench.open()


def test_a_repeat_of_a_call_whose_set_was_merged_goes_to_the_merged_set(tmp_path):
    """Growth of a call counted before the label was dropped is added where that call is now, whatever the repeat's labels say."""
    bench = Bench(tmp_path, WITH_USER)
    for user in "abc":
        bench.call(id=user, labels=("checkout", "search", user))
    bench.ready()
    relabelled(bench, Config())
    bench.call(id="c", tokens={"input": 10, "output": 500}, labels=("other", ""))
    assert {labels: value for labels, name, value, _ in bench.samples("tokens") if name == "output"} == {
        ("openai", "gpt", "checkout", "search"): 510
    }


def test_numbers_of_merged_sets_are_not_given_again(tmp_path):
    """A new account with an old number would take the growth of calls that were another's."""
    bench = Bench(tmp_path, WITH_USER)
    for user in "abc":
        bench.call(id=user, labels=("checkout", "search", user))
    bench.ready()
    highest = bench.store.highest_number()
    relabelled(bench, Config())
    assert bench.store.highest_number() < highest
    bench.call(model="another", labels=("new", "new"))
    assert min(account.number for account in bench.ledger.alive("span") if account.labels[1] == "another") > highest


def test_a_merged_series_is_shown_at_once_and_then_held(tmp_path):
    """Its sum is a first value that scrapes must see before it grows."""
    bench = Bench(tmp_path, WITH_USER)
    for user in "ab":
        bench.call(labels=("checkout", "search", user))
    bench.ready()
    bench.clock.pass_(100)
    bench.ledger.release(bench.clock.monotonic() - 75)
    bench.save()
    relabelled(bench, Config())
    bench.ready()
    bench.call()
    bench.save()
    assert (bench.counted(), bench.shown()) == (3, 2)


@pytest.mark.parametrize(("before", "after"), [(WITH_USER, Config()), (Config(), WITH_USER)])
def test_a_call_read_under_other_labels_does_not_spoil_the_state(tmp_path, before, after):
    """Streams held since before the change carry the old number of labels; what is shown must not."""
    bench = Bench(tmp_path, after)
    labels = ("checkout", "search", "x", "y")[: len(before.label_names)]
    bench.call(labels=labels)
    bench.ready()
    exposition = Exposition(bench.ledger)
    exposition.view = View(ready=True, days=day_view(bench.ledger, bench.clock.wall()))
    assert 'app="checkout"' in scrape(exposition.render)


def test_a_scrape_between_the_new_ledger_and_its_view_is_answered(tmp_path):
    """The day gauges of the view before have the label names they were made with."""
    bench = Bench(tmp_path, WITH_USER)
    bench.call(labels=("checkout", "search", "a"))
    bench.ready()
    exposition = Exposition(bench.ledger)
    exposition.view = View(ready=True, days=day_view(bench.ledger, bench.clock.wall()))
    relabelled(bench, Config())
    exposition.ledger = bench.ledger
    assert 'user="a"' in scrape(exposition.render)


def test_a_view_of_the_ledger_before_does_not_hold(tmp_path):
    """Two ledgers that posted nothing are at the same version, and still not the same."""
    bench = Bench(tmp_path, WITH_USER)
    bench.call(labels=("checkout", "search", "a"))
    bench.ready()
    bench.killed()
    view = day_view(bench.ledger, bench.clock.wall())
    assert view.holds(bench.clock.wall(), bench.ledger.days)
    relabelled(bench, Config())
    assert not view.holds(bench.clock.wall(), bench.ledger.days)


def test_a_series_that_scrapes_know_does_not_jump_by_what_is_merged_into_it(tmp_path):
    """A set that had the dropped label empty goes on from its own value: the others' history is counted, and no burst to increase()."""
    bench = Bench(tmp_path, WITH_USER)
    for user in ("", "a", "a", "b"):
        bench.call(labels=("checkout", "search", user))
    bench.ready()
    bench.clock.pass_(100)
    bench.ledger.release(bench.clock.monotonic() - 75)
    bench.save()
    relabelled(bench, Config())
    bench.ready()
    assert (bench.counted(), bench.shown()) == (4, 1)
    bench.call()
    bench.save()
    assert (bench.counted(), bench.shown()) == (5, 2), "what is new is seen"
    bench.killed()
    bench.ready()
    assert (bench.counted(), bench.shown()) == (5, 2), "after a restart too"
    bench.clock.pass_(90_000)
    assert bench.ledger.sweep(bench.clock.wall())
    bench.accountant.tariffs.forget_routes()
    bench.call()
    bench.save()
    assert (bench.counted(), bench.shown()) == (6, 5), "after a day away nobody has the series: all of it is its base"


def test_what_was_held_of_a_merged_set_is_still_seen(tmp_path):
    """A first spend that no scrape has seen when the label is dropped comes out of the series it was merged into."""
    bench = Bench(tmp_path, WITH_USER)
    bench.ready()
    bench.call(labels=("checkout", "search", ""))
    bench.save()
    bench.clock.pass_(100)
    bench.ledger.release(bench.clock.monotonic() - 75)
    bench.call(labels=("checkout", "search", "a"))
    bench.save()
    assert (bench.counted(), bench.shown()) == (2, 1)
    relabelled(bench, Config())
    bench.ready()
    bench.save()
    assert (bench.counted(), bench.shown()) == (2, 2)
