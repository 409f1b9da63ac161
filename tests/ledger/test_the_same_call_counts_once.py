"""Deduplication: the larger count wins, the difference goes to the first line's series and day."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.accounting import Taken, larger
from llm_cost_exporter.config import Config
from llm_cost_exporter.dedup import Entry, Ids, key_of
from llm_cost_exporter.idchunk import pack_rows, unpack_rows
from llm_cost_exporter.money import ONE_USD
from tests.kit import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def dollars(bench: Bench) -> Decimal:
    return Decimal(bench.counted("usd")) / ONE_USD


def test_a_repeat_adds_nothing(bench):
    """The same line twice is one call."""
    assert bench.call(id="a") is Taken.NEW
    assert bench.call(id="a") is Taken.DUPLICATE
    assert bench.counted() == 1
    assert bench.counted("tokens") == 15
    assert dollars(bench) == Decimal("0.00002")


def test_without_an_id_nothing_is_deduplicated(bench):
    """Two equal lines without an id are two calls."""
    bench.call()
    bench.call()
    assert bench.counted() == 2


def test_a_larger_repeat_adds_the_difference_to_the_first_lines_series_and_day(bench):
    """The growth goes where the call was first seen, also when the repeat has other labels and another day."""
    yesterday = bench.clock.wall() - 86_400 + 60
    bench.call(id="a", time=yesterday)
    bench.call(id="a", tokens={"input": 10, "output": 50, "cache_read": 100}, labels=("other", "team"))
    assert bench.counted() == 1
    assert {name: value for _, name, value, _ in bench.samples("tokens")} == {
        "input": 10,
        "output": 50,
        "cache_read": 100,
    }
    assert {labels for labels, *_ in bench.samples("tokens")} == {("openai", "gpt", "checkout", "search")}
    assert sum(bench.ledger.days.on("2025-12-31").values()) == bench.counted("usd")
    assert bench.ledger.days.on("2026-01-01") == {}


def test_growth_into_a_dearer_tier_reprices_the_whole_call(bench):
    """A repeat that passes a tier's threshold costs the tier's rate for all of its tokens."""
    bench.call(id="a", tokens={"input": 1000})
    assert dollars(bench) == Decimal("0.001")
    bench.call(id="a", tokens={"input": 1001})
    assert dollars(bench) == Decimal("0.002002")


def test_a_smaller_repeat_is_a_conflict(bench):
    """A repeat that is smaller in some kind changes nothing downwards and is counted."""
    bench.call(id="a", tokens={"input": 10, "output": 5})
    bench.call(id="a", tokens={"input": 4, "output": 7})
    assert bench.counted("tokens") == 17
    assert bench.ledger.stats.conflicting_duplicates == 1


@pytest.mark.parametrize(
    ("plain", "detailed"),
    [
        ({"output": 300}, {"output": 108, "reasoning": 192}),
        ({"cache_write": 188}, {"cache_write_5m": 100, "cache_write_1h": 88}),
        (
            {"input": 100, "output": 20},
            {"input": 20, "cache_read": 20, "audio_input": 60, "output": 10, "audio_output": 10},
        ),
        ({"input": 2095}, {"input": 21, "cache_read": 1886, "cache_write_5m": 188}),
        ({"input": 30, "cache_read": 50}, {"input": 30, "cache_read": 10, "cache_read_audio": 40}),
    ],
)
def test_the_same_tokens_in_more_detail_or_less_are_counted_once(plain, detailed):
    """Where two logs tell a call in different detail, its tokens stay those that it had, in whichever order they come."""
    assert larger(plain, detailed) == plain
    assert larger(detailed, plain) == detailed
    assert sum(larger(plain, {**detailed, "output": detailed.get("output", 0) + 7}).values()) == sum(plain.values()) + 7


def test_growth_beside_more_detail_is_counted():
    """An output of 100 that has grown to 120 with its reasoning told adds 20."""
    assert larger({"output": 100}, {"output": 40, "reasoning": 80}) == {"output": 100, "reasoning": 20}
    assert larger({"output": 40, "reasoning": 80}, {"output": 130}) == {"output": 50, "reasoning": 80}


def test_a_part_of_a_stream_is_joined_and_no_conflict(bench):
    """A later part of the same call adds its growth, is no duplicate and no conflict."""
    bench.call(id="m", tokens={"input": 472, "output": 2})
    assert bench.call(id="m", tokens={"output": 89}, continues=True) is Taken.JOINED
    assert bench.counted("tokens") == 561
    assert bench.ledger.stats.conflicting_duplicates == 0


def test_a_success_after_a_failure_keeps_the_failure_and_is_no_second_request(bench):
    """Retried under the same id: one request, one failure, and the tokens."""
    bench.call(id="a", tokens={}, failure="rate_limited")
    bench.call(id="a")
    assert (bench.counted(), bench.counted("failures"), bench.counted("tokens")) == (1, 1, 15)


def test_a_failure_after_a_success_is_counted_once(bench):
    """A stream that broke off after its first part failed, however often that is said."""
    bench.call(id="a")
    bench.call(id="a", tokens={}, failure="server_error", continues=True)
    bench.call(id="a", tokens={}, failure="server_error", continues=True)
    assert (bench.counted(), bench.counted("failures")) == (1, 1)


def test_a_failed_call_without_tokens_is_not_unpriced(bench):
    """A failed call of a model without a price is a call and a failure, and nothing that lacks a price."""
    bench.call(model="mystery", tokens={}, failure="other")
    assert (bench.counted(), bench.counted("failures"), bench.counted("unpriced_requests")) == (1, 1, 0)


def test_an_unpriced_call_that_grows_stays_unpriced(bench):
    """Growth of a call without a price is unpriced growth."""
    bench.call(id="a", model="mystery")
    bench.call(id="a", model="mystery", tokens={"input": 10, "output": 9})
    assert bench.counted("unpriced_tokens") == 19
    assert bench.counted("unpriced_requests") == 1
    assert bench.counted("usd") == 0


def test_a_gateways_cache_hit_costs_nothing_and_is_not_unpriced(bench):
    """Its tokens are counted, its dollars are 0, also for a model that has no price."""
    bench.call(model="mystery", gateway_cache_hit=True)
    assert (bench.counted("tokens"), bench.counted("usd"), bench.counted("unpriced_tokens")) == (15, 0, 0)


def test_ids_of_other_entries_are_their_own_unless_a_vendor_gave_them(bench):
    """A request id of one source is not the same id of another; a vendor's response id is, everywhere."""
    bench.call(id="1", id_is_vendors=False)
    bench.call(id="v")
    bench.scope = "another source"
    assert bench.call(id="1", id_is_vendors=False) is Taken.NEW
    assert bench.call(id="v") is Taken.DUPLICATE


def test_an_id_is_forgotten_by_age_of_event_time(bench):
    """A call of the same id more than max_age later is another call."""
    bench.call(id="a", time=bench.clock.wall() - 86_401)
    assert bench.call(id="a") is Taken.NEW
    assert bench.call(id="a") is Taken.DUPLICATE


def test_a_trusted_cost_is_the_cost_and_grows_by_its_difference(bench):
    """With trust_reported the record's own cost counts, under a kind of its own."""
    take = bench.accountant.take
    from llm_cost_exporter.types import Usage

    first = Usage(
        model="gpt", tokens={"input": 5}, id="a", reported_usd=ONE_USD, labels=("", ""), time=bench.clock.wall()
    )
    later = Usage(
        model="gpt", tokens={"input": 6}, id="a", reported_usd=3 * ONE_USD, labels=("", ""), time=bench.clock.wall()
    )
    take(first, "s", trust_reported=True)
    take(later, "s", trust_reported=True)
    assert {name: value for _, name, value, _ in bench.samples("usd")} == {"reported": 3 * ONE_USD}
    assert bench.counted("reported") == 3 * ONE_USD


def test_ids_survive_a_restart_with_the_rest(bench):
    """What was saved is a repeat after a restart; what was not is read again and counted."""
    bench.call(id="a")
    bench.save()
    bench.call(id="b")
    bench.killed()
    assert bench.call(id="a") is Taken.DUPLICATE
    assert bench.call(id="b") is Taken.NEW
    assert bench.counted() == 2


def test_a_larger_repeat_after_a_restart_adds_just_the_difference(bench):
    """The counts of a call are saved with its id."""
    bench.call(id="a", tokens={"output": 5})
    bench.save()
    bench.killed()
    bench.call(id="a", tokens={"output": 8})
    assert bench.counted("tokens") == 8


def entry(number: int) -> Entry:
    return Entry(number, 1e9 + number, {"input": number})


@given(st.integers(1, 40), st.lists(st.integers(0, 60), max_size=300), st.integers(0, 300))
def test_the_window_holds_the_last_ids_through_any_number_of_saves(window, numbers, cut):
    """Ids behave as a dict of the last `window` first sights would, saved and loaded in the middle."""
    model: list[int] = []
    chunks: dict[int, bytes] = {}
    ids = Ids(window, 1e12)
    for at, number in enumerate(numbers):
        if at == cut or at % 17 == 0:
            rows, gone = ids.changed()
            chunks = {n: data for n, data in (chunks | dict(rows)).items() if n not in gone}
            ids.saved()
        if at == cut:
            ids = Ids(window, 1e12)
            ids.load(data for _, data in sorted(chunks.items()))
        key = key_of(str(number), "")
        assert (ids.find(key, 1e9) is not None) == (number in model)
        if number not in model:
            ids.add(key, entry(number))
            model = [*model, number][-window:]
    assert len(ids) == len(model)


def test_memory_of_ids_is_bounded():
    """A million different ids leave no more than the window behind."""
    ids = Ids(1000, 1e12)
    for number in range(20_000):
        ids.add(key_of(str(number), ""), entry(number))
        if number % 3000 == 0:
            ids.changed()
            ids.saved()
    rows, gone = ids.changed()
    assert len(ids) == 1000
    assert len(rows) <= 3 + 20_000 // 512
    assert all(number < (20_000 - 1000) // 512 for number in gone)


def test_a_window_of_zero_remembers_nothing(tmp_path):
    """`dedup.window: 0` turns deduplication off."""
    bench = Bench(tmp_path, Config.model_validate({"dedup": {"window": 0}}))
    bench.call(id="a")
    assert bench.call(id="a") is Taken.NEW
    assert bench.call(id="a", tokens={"output": 9}, continues=True) is Taken.JOINED, "but for the parts of a stream"
    assert bench.counted("tokens") == 34


@given(
    st.builds(
        Entry,
        account=st.integers(0, 2**40),
        time=st.floats(9e8, 4e9),
        tokens=st.dictionaries(st.sampled_from(["input", "output", "cache_write_1h"]), st.integers(1, 10**10)),
        context=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=2).map(tuple),
        reported=st.none() | st.integers(0, 10**40),
        failed=st.booleans(),
        free=st.booleans(),
        trusted=st.booleans(),
    )
)
def test_an_entry_is_read_back_as_it_was(one):
    """Packing loses nothing."""
    assert Entry.of(unpack_rows(pack_rows(512, [one.row(7)]))[0]) == one
