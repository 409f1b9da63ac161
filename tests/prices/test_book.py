"""The price book: spans, tiers, contexts, what has no price, and what it costs to ask."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from genai_prices import types as genai
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.prices import Catalogue, PriceBook, Rates
from llm_cost_exporter.prices.listed import load
from llm_cost_exporter.prices.listed.types import Constraint, StartDateConstraint, TimeOfDateConstraint
from llm_cost_exporter.prices.listprice import Context
from llm_cost_exporter.prices.meters import CATALOGUE_KEYS, CHARGED_AS, resolve
from llm_cost_exporter.prices.sheet import ALL_SIZES
from llm_cost_exporter.prices.timing import DAY, is_active, span
from llm_cost_exporter.times import parse
from llm_cost_exporter.types import METERS

BOOK = PriceBook()
PROVIDERS = load().providers
MODELS = [(provider.id, model.id) for provider in PROVIDERS for model in provider.models]


def at(text: str) -> float:
    found = parse(text)
    assert found is not None
    return found


WHEN = at("2026-11-18T12:00")


def rates(provider: str, model: str, when: float = WHEN, total: int = 10, context: Context = ()) -> Rates:
    found = BOOK.rates(provider, model, when, total, context)
    assert found is not None
    return found


def test_a_tier_begins_above_its_start() -> None:
    """A call of exactly 200,000 tokens must be at the base price, one token more puts all of them into the tier."""
    base, tier = rates("google", "gemini-2.5-pro", total=200_000), rates("google", "gemini-2.5-pro", total=200_001)
    assert base.meters["output"] == 10 * 10**18
    assert tier.meters["output"] == 15 * 10**18
    assert (base.above, base.up_to) == (-1, 200_000)
    assert (tier.above, tier.up_to) == (200_000, ALL_SIZES)


@pytest.mark.parametrize(
    ("moment", "price"),
    [
        ("2026-11-18T00:29:59.999", "0.135"),
        ("2026-11-18T00:30", "0.27"),
        ("2026-11-18T16:29:59", "0.27"),
        ("2026-11-18T16:30", "0.135"),
        ("2026-11-18T23:59:59", "0.135"),
    ],
)
def test_off_peak_hours_are_of_the_event(moment: str, price: str) -> None:
    """DeepSeek's hours must be taken from the call's own time, and the rates must say until when they hold."""
    found = rates("deepseek", "deepseek-chat", at(moment))
    assert found.meters["input"] == int(Decimal(price) * 10**18)
    assert found.valid_from <= at(moment) < found.valid_until
    assert found.valid_until - found.valid_from in (16 * 3600, 8 * 3600)


def test_a_new_price_starts_at_midnight_utc() -> None:
    """The old price must hold up to the last instant before the day, and both must say so."""
    day = at("2026-08-17")
    old, new = rates("deepseek", "deepseek-v4-flash", day - 1), rates("deepseek", "deepseek-v4-flash", day)
    assert old.meters["output"] == 28 * 10**16
    assert new.meters["output"] == 66 * 10**16
    assert old.valid_until == new.valid_from == day


@pytest.mark.parametrize(
    ("context", "price"),
    [
        ((), "2"),
        ((("service_tier", "default"),), "2"),
        ((("service_tier", "priority"),), "3.5"),
        ((("service_tier", "Priority"), ("speed", "x")), "3.5"),
        ((("service_tier", "flex"),), "2"),
        ((("processing", "batch"),), "1"),
        ((("service_tier", "batch"),), "1"),
        ((("processing", "batch"), ("service_tier", "priority")), "3.5"),
    ],
)
def test_how_a_call_was_made_changes_its_price(context: Context, price: str) -> None:
    """Of a model's variants the first that fits must hold, for each kind apart; a variant that it lacks is the standard price."""
    assert rates("openai", "gpt-4.1", context=context).meters["input"] == int(Decimal(price) * 10**18)


def test_a_resellers_batches_are_not_the_vendors() -> None:
    """Azure's batch price is not in the catalogue, so OpenAI's must not be taken for it."""
    assert rates("azure", "gpt-4.1", context=(("processing", "batch"),)).meters == rates("azure", "gpt-4.1").meters


def test_free_models_cost_nothing_and_are_priced() -> None:
    """Where the catalogue says that a model is free every kind must have a rate of 0; where it says nothing, none."""
    assert set(rates("openrouter", "agentica-org/deepcoder-14b-preview:free").meters.values()) == {0}
    assert set(rates("openrouter", "agentica-org/deepcoder-14b-preview:free").meters) == set(METERS)
    assert set(rates("openai", "omni-moderation-latest").meters.values()) == {0}
    assert BOOK.rates("cerebras", "qwen-3-coder-480b", WHEN, 0) is None


def test_what_has_no_price_has_no_rate() -> None:
    """Output of an embedding model, or tokens of a model that is priced by the hour, must not be charged at anything else."""
    assert "output" not in rates("openai", "text-embedding-3-small").meters
    assert "reasoning" not in rates("openai", "text-embedding-3-small").meters
    assert BOOK.rates("groq", "whisper-large-v3", WHEN, 0) is None
    assert BOOK.rates("openai", "unknown", WHEN, 0) is None
    assert BOOK.rates("nobody", "gpt-4o", WHEN, 0) is None


def test_a_fee_for_the_call_itself_is_kept_apart() -> None:
    """Perplexity asks for a fee a request besides its tokens; it must be known, and in no meter's rate."""
    found = rates("perplexity", "sonar")
    assert found.per_call == 12 * 10**21
    assert found.meters["input"] == 10**18
    assert rates("openai", "gpt-4o").per_call == 0


def test_base_rates_are_the_list_as_metrics_show_it() -> None:
    """Token types must be those of the price metric, cache writes of five minutes and an hour apart, only what has its own price."""
    found = BOOK.base_rates("anthropic", "claude-opus-5", WHEN)
    assert found == {
        "input": Decimal(5), "cache_read": Decimal("0.5"), "cache_write_5m": Decimal("6.25"), "cache_write_1h": Decimal(10), "output": Decimal(25),
    }  # fmt: skip
    assert BOOK.base_rates("openai", "gpt-4o", WHEN) == {
        "input": Decimal("2.5"),
        "cache_read": Decimal("1.25"),
        "output": Decimal(10),
    }
    assert BOOK.base_rates("google", "gemini-2.5-pro", WHEN)["input"] == Decimal("1.25")
    assert BOOK.base_rates("openai", "no-such-model", WHEN) == {}


def test_the_same_rates_are_one_object() -> None:
    """A caller that keeps rates by identity must get the same object while they hold."""
    assert rates("openai", "gpt-4o") is rates("openai", "gpt-4o", WHEN + 1, 20)


def test_names_without_end_are_not_kept() -> None:
    """A log with a new model on every line must not fill the memory."""
    book = PriceBook(catalogue=BOOK.catalogue)
    for number in range(9_000):
        book.rates(*book.names("openai", f"m{number}"), WHEN, 0)
    for number in range(100):
        book.names("openai", "x" * 100_000 + str(number))
    assert len(book._names) <= 4096
    assert len(book._quotes) <= 4096
    assert max(len(model or "") for _, model in book._names) <= 256


def test_times_without_end_are_not_kept() -> None:
    """Hours repeat every day: rates of a model with off-peak hours must not be kept for each of them."""
    quotes = BOOK.quotes("deepseek", "deepseek-chat")
    for day in range(1000):
        quotes.rates(WHEN + day * DAY, 0)
    assert len(quotes._kept) <= 8


def test_the_catalogue_is_loaded_when_it_is_needed() -> None:
    """`check-config` and `--help` need no prices: making a book must not load 1.6 MB of them."""
    code = (
        "import sys; from llm_cost_exporter.prices import PriceBook; book = PriceBook({'a': 'azure/gpt-4o'});"
        "assert 'catalogue' not in vars(book); book.names('x', 'a'); assert vars(book)['catalogue'].ids"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_catalogue_tells_its_age() -> None:
    """The newest day that the data names and that had come when it was installed is the day of its prices."""
    assert at("2026-11-01") <= BOOK.catalogue_timestamp < at("2027-06-01")
    assert BOOK.version.startswith("genai-prices 0.")
    old = Catalogue(PROVIDERS, "old", not_after=at("2026-10-16"))
    assert old.timestamp == at("2026-10-15")
    assert Catalogue(PROVIDERS, "given", as_of=5.0).timestamp == 5.0


def test_over_midnight_hours_wrap() -> None:
    """Hours that end before they start must go over midnight, and a zone must be counted in."""
    night = TimeOfDateConstraint(start_time=time(22, 0), end_time=time(6, 0, tzinfo=UTC))
    assert [is_active(night, at(f"2026-01-05T{hour}")) for hour in ("21:59:59", "22:00", "00:00", "05:59:59", "06:00")] == [
        False, True, True, True, False,
    ]  # fmt: skip
    start, end = span([night], at("2026-01-05T23:00"))
    assert (start, end) == (at("2026-01-05T22:00"), at("2026-01-06T06:00"))


TIMES = st.builds(time, hour=st.integers(0, 23), minute=st.integers(0, 59), tzinfo=st.sampled_from([None, UTC]))
CONSTRAINTS = st.one_of(
    st.none(),
    st.builds(StartDateConstraint, start_date=st.dates(date(2020, 1, 1), date(2030, 1, 1))),
    st.builds(TimeOfDateConstraint, start_time=TIMES, end_time=TIMES),
)
INSTANTS = st.integers(1_577_836_800, 1_893_456_000)


@given(constraint=CONSTRAINTS, when=INSTANTS)
def test_constraints_are_active_as_in_the_library(constraint: Constraint, when: int) -> None:
    """Whether a price is in force must be what genai-prices itself says."""
    library = (
        None if constraint is None else getattr(genai, type(constraint).__name__)(*dataclasses.astuple(constraint))
    )
    theirs = library is None or library.active(datetime.fromtimestamp(when, UTC))
    assert is_active(constraint, when) == theirs


@given(constraints=st.lists(CONSTRAINTS, max_size=4), when=INSTANTS, other=st.integers(-200_000, 200_000))
def test_within_a_span_nothing_changes(constraints: list[Constraint], when: int, other: int) -> None:
    """As long as a span says, the same prices must be in force, and the instant itself must be in it."""
    start, end = span(constraints, when)
    assert start <= when < end
    if start <= when + other < end:
        assert [is_active(c, when + other) for c in constraints] == [is_active(c, when) for c in constraints]


@given(own=st.dictionaries(st.sampled_from(METERS), st.integers(0, 10)))
def test_a_meter_is_charged_at_the_nearest_price(own: dict[str, int]) -> None:
    """A price of its own must win, no price is invented, and output never costs what input does."""
    found = resolve(own)
    for meter in METERS:
        if meter in own:
            assert found[meter] == own[meter]
        elif meter in found:
            assert found[meter] in {own[other] for other in CHARGED_AS[meter] if other in own}
        else:
            assert not any(other in own for other in CHARGED_AS[meter])
    assert set(CHARGED_AS) == set(CATALOGUE_KEYS) == set(METERS)


@given(name=st.sampled_from(MODELS), when=INSTANTS, total=st.integers(0, 2_000_000), more=st.integers(1, 1000))
def test_rates_are_whole_and_never_below_zero(name: tuple[str, str], when: int, total: int, more: int) -> None:
    """Any model's rates at any time and size must be integers from 0 on that hold where they say, so that more tokens never cost less."""
    found = BOOK.rates(*name, when, total)
    if found is None:
        return
    assert all(type(rate) is int and rate >= 0 for rate in found.meters.values())
    assert found.above < total <= found.up_to
    assert found.valid_from <= when < found.valid_until
    assert set(found.meters) <= set(METERS)
    again = BOOK.rates(*name, when, min(total + more, found.up_to))
    assert again is not None
    assert again.meters == found.meters


@given(
    provider=st.one_of(st.none(), st.text(max_size=40)),
    model=st.one_of(st.none(), st.text(max_size=200)),
    when=INSTANTS,
)
def test_any_text_is_a_name(provider: str | None, model: str | None, when: int) -> None:
    """Whatever stands in a log as provider and model must give clean labels and at most a price, never an exception."""
    labels = BOOK.names(provider, model)
    for label in labels:
        assert label
        assert len(label) <= 128
        label.encode()
    BOOK.rates(*labels, when, 5)
    assert BOOK.names(*labels)[1] == labels[1]


@given(
    head=st.sampled_from(["", "my-", "acme/", "us.", "x"]),
    name=st.sampled_from([model for provider in PROVIDERS for model in [m.id.lower() for m in provider.models[:40]]]),
    tail=st.text(alphabet="abcdefghijklmnop-0123456789", min_size=1, max_size=12),
    provider=st.sampled_from(sorted(BOOK.catalogue.ids)),
)
def test_a_changed_name_is_no_other_model_than_the_library_finds(
    head: str, name: str, tail: str, provider: str
) -> None:
    """Where a changed name has a price, a step that is documented must have led to a name that the library knows in that list."""
    from llm_cost_exporter.prices.modelnames import candidates

    found = BOOK.catalogue.find(provider, head + name + tail)
    if found is not None:
        names = candidates(provider, head + name + tail)
        assert any(found.model.match.is_match(candidate) or found.model.id.lower() == candidate for candidate in names)
