"""Holds: a new series is seen at 0 first, history is a base, and no counter goes back."""

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.metrics import Exposition, View
from tests.kit import Bench, FakeClock, scrape


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def hold(bench: Bench, seconds: float) -> None:
    bench.clock.pass_(seconds)
    bench.ledger.release(bench.clock.monotonic() - bench.config.new_series_hold)
    bench.save()


def test_a_new_series_stands_at_zero_for_the_hold(bench):
    """A series born while running is shown at 0 until the hold is over, then at its whole value."""
    bench.ready()
    bench.call()
    bench.save()
    assert (bench.counted(), bench.shown()) == (1, 0)
    bench.call()
    hold(bench, 74)
    assert (bench.counted(), bench.shown()) == (2, 0)
    hold(bench, 2)
    assert bench.shown() == 2
    bench.call()
    bench.save()
    assert bench.shown() == 3, "a series that is known moves with every save"


def test_a_value_is_shown_only_once_it_is_saved(bench):
    """What is counted and not yet saved is not shown."""
    bench.ready()
    bench.call()
    bench.save()
    hold(bench, 76)
    bench.call()
    assert (bench.counted(), bench.shown()) == (2, 1)


def test_old_backlog_is_a_base_and_young_backlog_is_held(bench):
    """Of a backlog, what is older than late_after is shown at once; what is younger is held at the value before it."""
    for _ in range(9):
        bench.call(time=bench.clock.wall() - 3600)
    bench.call(time=bench.clock.wall() - 10)
    bench.ready()
    assert (bench.counted(), bench.shown()) == (10, 9)
    hold(bench, 76)
    assert bench.shown() == 10


def test_a_state_read_again_after_a_loss_shows_no_burst(bench):
    """A whole log of last week, read at a first start, is a base: nothing of it is kept back."""
    bench.call(time=bench.clock.wall() - 7 * 86_400)
    bench.ready()
    assert (bench.counted(), bench.shown()) == (1, 1)


def test_what_comes_before_a_scrape_has_seen_the_base_is_held_too(bench):
    """A base that no scrape saw yet must not grow: a new series' first value is lost to increase()."""
    bench.call(time=bench.clock.wall() - 7 * 86_400)
    bench.ready()
    bench.call()
    bench.save()
    assert (bench.counted(), bench.shown()) == (2, 1)
    hold(bench, 76)
    assert bench.shown() == 2


def test_what_was_shown_before_a_restart_goes_on_at_once(bench):
    """Scrapes know a series that was not held when the process before ended: it moves with the first save."""
    bench.ready()
    bench.call()
    bench.save()
    hold(bench, 76)
    bench.killed()
    bench.ready()
    bench.call()
    bench.save()
    assert bench.shown() == 2


def test_a_series_that_begins_with_a_free_call_is_held(bench):
    """A first value of 0 dollars must be seen too, before the first dollars come."""
    bench.ready()
    bench.call(gateway_cache_hit=True)
    bench.save()
    bench.call()
    bench.save()
    assert bench.counted("usd") > 0
    assert bench.shown("usd") == 0
    hold(bench, 76)
    assert bench.shown("usd") == bench.counted("usd")


def test_every_kind_of_a_set_that_rested_is_held(bench):
    """A set comes back with the call of one kind; a call of another kind in the next second must not be lost either."""
    bench.ready()
    bench.call(tokens={"input": 1})
    bench.call(tokens={"output": 1})
    bench.save()
    hold(bench, 76)
    bench.clock.pass_(25 * 3600)
    assert bench.ledger.sweep(bench.clock.wall())
    bench.accountant.tariffs.forget_routes()
    bench.call(tokens={"input": 1})
    bench.save()
    bench.call(tokens={"output": 1})
    bench.save()
    assert {name: public for _, name, _, public in bench.samples("tokens")} == {"input": 1, "output": 1}
    hold(bench, 76)
    assert bench.shown("tokens") == 4


def test_holds_that_the_next_start_turns_off_end(bench):
    """With `new_series_hold: 0s` after a restart nothing stays behind for want of a further call."""
    bench.ready()
    bench.call()
    bench.save()
    bench.config = Config.model_validate({"new_series_hold": "0s"})
    bench.killed()
    bench.ready()
    assert bench.shown() == 1


def test_a_restart_during_a_hold_begins_it_anew_and_never_goes_back(bench):
    """After a kill within the hold the value before it is shown again, for a whole hold, then the value."""
    bench.ready()
    bench.call()
    bench.save()
    bench.clock.pass_(50)
    bench.killed()
    bench.ready()
    assert (bench.counted(), bench.shown()) == (1, 0)
    hold(bench, 50)
    assert bench.shown() == 0
    hold(bench, 30)
    assert bench.shown() == 1
    bench.killed()
    bench.ready()
    assert bench.shown() == 1, "what was shown is shown after the next restart"


def test_a_kill_while_the_backlog_is_read_keeps_what_is_base(bench):
    """Saved in the midst of a backlog, read on by the next process: base and held part stay what they were."""
    bench.call(time=bench.clock.wall() - 3600)
    bench.call()
    bench.save()
    bench.killed()
    bench.call(time=bench.clock.wall() - 3600)
    bench.ready()
    assert (bench.counted(), bench.shown()) == (3, 2)


def test_an_existing_series_is_held_at_its_value_over_a_restart(bench):
    """What came while the exporter was down and is young is held at the value shown before."""
    bench.ready()
    bench.call()
    bench.save()
    hold(bench, 76)
    bench.killed()
    bench.call()
    bench.ready()
    assert (bench.counted(), bench.shown()) == (2, 1)
    hold(bench, 76)
    assert bench.shown() == 2


def test_a_new_kind_of_token_is_a_new_series(bench):
    """The first cache read of a known model is a series of its own and is held too."""
    bench.ready()
    bench.call()
    bench.save()
    hold(bench, 76)
    bench.call(tokens={"cache_read": 7})
    bench.save()
    shown = {name: public for _, name, _, public in bench.samples("tokens")}
    assert shown == {"input": 10, "output": 5, "cache_read": 0}


def test_without_a_hold_values_are_shown_at_once(tmp_path):
    """`new_series_hold: 0s` turns it off."""
    bench = Bench(tmp_path, Config.model_validate({"new_series_hold": "0s"}))
    bench.call()
    bench.ready()
    assert bench.shown() == 1
    bench.call(model="other-model")
    bench.save()
    assert bench.shown() == 2


def test_holds_that_end_with_the_process_are_taken_back_when_nobody_saw_them(bench):
    """At the end all is shown; if no scrape came to see it, the next start holds it anew."""
    bench.ready()
    bench.call()
    bench.save()
    ended = bench.ledger.end_holds()
    bench.save()
    assert bench.shown() == 1
    bench.ledger.hold_again(ended, bench.ledger.scrapes)
    bench.save()
    assert bench.shown() == 0
    bench.killed()
    bench.ready()
    assert (bench.counted(), bench.shown()) == (1, 0)


def test_holds_that_a_scrape_saw_end_are_not_taken_back(bench):
    """A scrape in the last moment saw the values: taking them back would make a counter fall."""
    bench.ready()
    bench.call()
    bench.save()
    ended = bench.ledger.end_holds()
    bench.save()
    before = bench.ledger.scrapes
    exposition = Exposition(bench.ledger)
    exposition.view = View(ready=True)
    assert "llm_requests_total" in scrape(exposition.render)
    bench.ledger.hold_again(ended, before)
    assert bench.shown() == 1


def test_a_set_that_rested_comes_back_at_its_old_value(bench):
    """After a day without news a set leaves /metrics and memory; it comes back at its old value first."""
    bench.ready()
    bench.call()
    bench.save()
    hold(bench, 76)
    bench.clock.pass_(25 * 3600)
    assert bench.ledger.sweep(bench.clock.wall())
    bench.accountant.tariffs.forget_routes()
    assert bench.ledger.label_sets() == 0
    bench.call()
    bench.save()
    assert (bench.counted(), bench.shown()) == (2, 1)
    hold(bench, 76)
    assert bench.shown() == 2


def test_histograms_are_held_like_counters(bench):
    """The buckets of a new histogram are shown at 0 during the hold."""
    bench.ready()
    bench.call(latency_ns=2_000_000_000)
    bench.save()
    (span,) = bench.ledger.alive("span")
    assert sum(span.histograms["duration"].counts) == 1
    assert sum(span.histograms["duration"].public_counts) == 0
    hold(bench, 76)
    assert sum(span.histograms["duration"].public_counts) == 1
    assert span.histograms["duration"].public_sum == 2_000_000_000


def test_random_kills_and_scrapes_never_see_a_counter_go_back(tmp_path):
    """Any order of calls, saves, holds that end, kills and restarts: the public value of no series ever falls."""
    import random

    choose = random.Random(7)
    bench = Bench(tmp_path, clock=FakeClock())
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    bench.ready()
    for _ in range(1500):
        what = choose.random()
        if what < 0.6:
            bench.call(
                model=choose.choice(["gpt", "claude", "gemini"]), time=bench.clock.wall() - choose.choice([0, 1000])
            )
        elif what < 0.8:
            bench.save()
        elif what < 0.95:
            hold(bench, choose.uniform(0, 60))
        else:
            bench.killed()
            if choose.random() < 0.5:
                bench.call(time=bench.clock.wall() - choose.choice([0, 1000]))
            bench.ready()
        for labels, name, _, public in bench.samples("tokens"):
            assert public >= seen.get((labels, name), 0)
            seen[labels, name] = public
    bench.save()
    hold(bench, 100)
    assert bench.counted("tokens") == bench.shown("tokens")
