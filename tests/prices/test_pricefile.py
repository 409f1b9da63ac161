"""The user's own price list: what an entry costs, which one holds, and what is said of a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from llm_cost_exporter import money
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.prices import PriceBook, Rates
from llm_cost_exporter.prices.listprice import Context
from llm_cost_exporter.prices.timing import midnight
from llm_cost_exporter.times import parse

BookOf = Callable[..., PriceBook]
EXAMPLE = Path(__file__).parents[2] / "prices.example.yml"
WHEN = 1_795_000_000.0  # 2026-11-18


@pytest.fixture
def book_of(tmp_path: Path) -> BookOf:
    """Makes a price book of the text of a price file."""

    def make(text: str, aliases: dict[str, str] | None = None) -> PriceBook:
        path = tmp_path / "prices.yml"
        path.write_text(text)
        return PriceBook(aliases, path)

    return make


def usd(amount: str) -> int:
    """The rate of so many USD a million tokens."""
    return money.from_decimal(Decimal(amount).scaleb(-6))


def rates(
    book: PriceBook, provider: str, model: str, when: float = WHEN, total: int = 10, context: Context = ()
) -> Rates:
    found = book.rates(*book.names(provider, model), when, total, context)
    assert found is not None
    return found


def test_the_example_has_the_prices_that_it_shows() -> None:
    """The shipped example must load, and price the reseller's models at the reseller's prices."""
    book = PriceBook(None, EXAMPLE)
    reseller = {"gpt-4.1": "8", "claude-sonnet-4.5": "15", "gemini-2.5-flash": "2.5", "deepseek-v3.2": "0.42"}
    for index, (model, price) in enumerate(reseller.items()):
        found = rates(book, "holysheep", model)
        assert found.meters["input"] == found.meters["output"] == found.meters["cache_read"] == usd(price)
        assert found.source == f"{EXAMPLE}: prices[{index}]"
    own = rates(book, "anyone", "my-llama", total=200_000)
    assert own.meters["input"] == usd("14.25")
    assert own.up_to == 200_000
    assert rates(book, "anyone", "my-llama", total=200_001).meters["output"] == usd("85.5")
    assert rates(book, "azure", "gpt-4o").meters["input"] == usd("2.25")
    assert rates(book, "azure", "gpt-4o", context=(("processing", "batch"),)).meters["input"] == usd("1.125")


def test_prices_are_read_digit_by_digit(book_of: BookOf) -> None:
    """A price with more digits than a float has must be charged with all of them."""
    book = book_of("prices: [{model: m, input_per_mtok: 0.123456789012345678, output_per_ktok: '1e-9'}]")
    assert rates(book, "p", "m").meters["input"] == 123456789012345678
    assert rates(book, "p", "m").meters["output"] == 10**12


def test_a_rate_is_rounded_once_and_half_to_even(book_of: BookOf) -> None:
    """Currency and multiplier must be applied before the one rounding to 1e-24 USD a token."""
    text = """
currencies: {XXX: {usd: "0.5"}}
prices:
  - {model: even, currency: XXX, input_per_mtok: 0.000000000000000005}
  - {model: odd, currency: XXX, input_per_mtok: 0.000000000000000003}
  - {model: thrice, currency: XXX, multiplier: 0.5, input_per_mtok: 0.00000000000000000000000000001, output_per_mtok: 0.000000000000000007}
"""
    book = book_of(text)
    assert rates(book, "p", "even").meters["input"] == 2  # 2.5
    assert rates(book, "p", "odd").meters["input"] == 2  # 1.5
    assert rates(book, "p", "thrice").meters == {**rates(book, "p", "thrice").meters, "input": 0, "output": 2}  # 1.75


def test_a_kind_without_a_price_costs_what_the_next_wider_one_does(book_of: BookOf) -> None:
    """Within an entry, cached audio is cached input first, and nothing is taken from the catalogue."""
    book = book_of(
        "prices: [{provider: openai, model: gpt-4o, input_per_mtok: 4, cache_read_per_mtok: 1, audio_input_per_mtok: 9}]"
    )
    found = rates(book, "openai", "gpt-4o").meters
    assert found["cache_read_audio"] == usd("1")
    assert found["audio_input"] == usd("9")
    assert found["cache_write_1h"] == found["image_input"] == usd("4")
    assert "output" not in found


def test_an_untold_cache_write_costs_what_five_minutes_cost(book_of: BookOf) -> None:
    """A write whose time to live is not told must cost what the default one costs, not plain input."""
    found = rates(
        book_of("prices: [{model: m, input_per_mtok: 4, cache_write_5m_per_mtok: 5, cache_write_1h_per_mtok: 8}]"),
        "p",
        "m",
    ).meters
    assert found["cache_write"] == usd("5")


def test_before_its_day_an_entry_is_not_there(book_of: BookOf) -> None:
    """Up to midnight UTC of valid_from the catalogue's price must hold, and the spans must meet there."""
    book = book_of(
        "prices: [{provider: openai, model: gpt-4o, valid_from: 2026-03-01, input_per_mtok: 1}, {provider: openai, model: gpt-4o, valid_from: 2026-06-01, input_per_mtok: 3}]"
    )
    march, june = midnight_of("2026-03-01"), midnight_of("2026-06-01")
    before, first, second = (rates(book, "openai", "gpt-4o", when) for when in (march - 1, march, june))
    assert [found.meters["input"] for found in (before, first, second)] == [usd("2.5"), usd("1"), usd("3")]
    assert before.valid_until == first.valid_from == march
    assert first.valid_until == second.valid_from == june
    assert before.source.startswith("genai-prices")


def midnight_of(day: str) -> float:
    found = parse(day)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        ("{provider: '*', model: gpt-4o, input_per_mtok: 1}, {provider: openai, model: '*', input_per_mtok: 2}", "1"),
        ("{provider: 'open*', model: gpt-4o, input_per_mtok: 1}, {provider: openai, model: gpt-4o, input_per_mtok: 2}", "2"),
        ("{model: 'gpt-*', input_per_mtok: 1}, {model: 'gpt-4?', input_per_mtok: 2}", "1"),
        ("{model: 'gpt-*', input_per_mtok: 1}, {model: 'gpt-4?', valid_from: 2026-01-01, input_per_mtok: 2}", "2"),
        ("{model: gpt-4o, valid_from: 2026-01-01, input_per_mtok: 1}, {model: gpt-4o, input_per_mtok: 2}", "1"),
        ("{model: gpt-4o, valid_from: 2027-01-01, input_per_mtok: 1}, {model: '*', input_per_mtok: 2}", "2"),
        ("{model: gpt-4o, input_per_mtok: 1}, {model: gpt-4o, when: {speed: fast}, input_per_mtok: 2}", "1"),
        ("{model: GPT-4O, input_per_mtok: 7}", "7"),
        ("{provider: OpenAI.Chat, model: gpt-4o, input_per_mtok: 7}", "7"),
        ("{model: openai/gpt-4o, input_per_mtok: 7}", "2.5"),
    ],
)  # fmt: skip
def test_of_several_entries_the_documented_one_holds(book_of: BookOf, entries: str, holds: str) -> None:
    """A full model name must beat a pattern, then a full provider, then a later day, then the order of the file."""
    assert rates(book_of(f"prices: [{entries}]"), "openai", "gpt-4o").meters["input"] == usd(holds)


SPELLINGS = [
    "azure-openai-prod", "meta_llama", "openai-eu-2", "my-bedrock", "bedrock/us-east-1", "openrouter/anthropic",
    "huggingface-together", "hf-together", "huggingface_together", "OpenAI.Chat", "gcp.vertex_ai", "azure", "acme-cloud",
    "ACME  Cloud (EU)", "ollama-openai", "n" * 200,
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_provider_is_taken_as_its_log_spells_it(book_of: BookOf, spelling: str) -> None:
    """An entry must hold for the calls whose log has that spelling, and for no other provider's."""
    book = book_of(f"prices: [{{provider: '{spelling}', model: m-1, input_per_mtok: 7}}]")
    assert rates(book, spelling, "m-1").meters["input"] == usd("7")
    assert rates(book, spelling.upper(), "m-1").meters["input"] == usd("7")
    assert book.rates(*book.names("mistral", "m-1"), WHEN, 10) is None
    book = book_of("prices: [{provider: mistral, model: m-1, input_per_mtok: 7}]")
    assert book.rates(*book.names(spelling, "m-1"), WHEN, 10) is None


def test_an_alias_names_a_provider_as_a_log_does(book_of: BookOf) -> None:
    """The same spelling must mean the same provider in an alias, in the file and in a log."""
    for spelling in SPELLINGS:
        if "/" not in spelling:
            aliases = {"dep": f"{spelling}/m-1"}
            book = book_of(f"prices: [{{provider: '{spelling}', model: m-1, input_per_mtok: 7}}]", aliases)
            assert rates(book, "", "dep").meters["input"] == usd("7")


def test_two_spellings_of_one_provider_are_one_entry(book_of: BookOf) -> None:
    """Two prices for what is one label must be refused, not one of them passed over."""
    with pytest.raises(ConfigError, match="is for the same provider, model and day as prices"):
        book_of(
            "prices: [{provider: azure, model: m, input_per_mtok: 1}, {provider: azure-prod, model: m, input_per_mtok: 2}]"
        )


def test_a_bracket_in_a_name_is_no_pattern(book_of: BookOf) -> None:
    """`claude-opus-5[1m]` must be a name like any other."""
    book = book_of("prices: [{model: 'claude-opus-5[1m]', input_per_mtok: 7}]")
    assert rates(book, "anthropic", "claude-opus-5[1m]").meters["input"] == usd("7")
    assert rates(book, "anthropic", "claude-opus-5").meters["input"] == usd("5")


def test_a_multiplier_alone_is_a_discount_on_the_catalogue(book_of: BookOf) -> None:
    """Tiers, dates and kinds must stay the catalogue's, each price multiplied; what it lacks stays unpriced."""
    plain, book = PriceBook(), book_of("prices: [{provider: google, model: '*', multiplier: 0.9}]")
    for total in (10, 200_001):
        listed, own = (
            rates(plain, "google", "gemini-2.5-pro", total=total),
            rates(book, "google", "gemini-2.5-pro", total=total),
        )
        assert own.meters == {meter: rate * 9 // 10 for meter, rate in listed.meters.items()}
        assert (own.above, own.up_to) == (listed.above, listed.up_to)
    assert book.rates("google", "no-such-model", WHEN, 0) is None


def test_a_multiplier_follows_the_hours_of_the_catalogue(book_of: BookOf) -> None:
    """A discount on a price with off-peak hours must end and begin with them."""
    plain, book = PriceBook(), book_of("prices: [{model: 'deepseek-*', multiplier: 0.5}]")
    day = midnight_of("2026-11-18")
    for second in (0, 1_799, 1_800, 59_399, 59_400, 86_399):
        listed, own = (rates(b, "deepseek", "deepseek-chat", day + second) for b in (plain, book))
        assert own.meters["input"] * 2 == listed.meters["input"]
        assert (own.valid_from, own.valid_until) == (listed.valid_from, listed.valid_until)


def test_an_alias_is_found_by_both_names(book_of: BookOf) -> None:
    """An entry for the deployment's own name must hold, and one for what the alias says; the label stays as logged."""
    aliases = {"my-deployment": "azure/gpt-4o", "other": "holysheep/gpt-4.1"}
    book = book_of(
        "prices: [{provider: azure, model: gpt-4o, input_per_mtok: 7}, {provider: holysheep, model: gpt-4.1, input_per_mtok: 8}]",
        aliases,
    )
    assert rates(book, "azure", "my-deployment").meters["input"] == usd("7")
    assert rates(book, "", "other").meters["input"] == usd("8")
    assert book.names(None, "other") == ("holysheep", "other")
    assert not book.aliases_without_price()
    book = book_of("prices: [{model: my-deployment, input_per_mtok: 1}]", {**aliases, "x": "azure/nonsense"})
    assert rates(book, "azure", "my-deployment").meters["input"] == usd("1")
    assert book.aliases_without_price() == [("other", "holysheep/gpt-4.1"), ("x", "azure/nonsense")]


def test_thresholds_have_those_of_the_file(book_of: BookOf) -> None:
    """Unpriced use is kept apart by these sizes, so a tier of the file must be among them."""
    book = book_of("prices: [{model: m, input_per_mtok: 1, tiers: [{above_input_tokens: 12345, input_per_mtok: 2}]}]")
    assert 12345 in book.thresholds()
    assert 200_000 in book.thresholds()
    assert book.thresholds() == sorted(book.thresholds())


def test_a_tier_changes_what_it_names_only(book_of: BookOf) -> None:
    """Above a tier's start the kinds that it leaves out must keep the price below it; at the start itself, the price below holds."""
    text = """
prices:
  - {model: m, input_per_mtok: 1, output_per_mtok: 4, tiers: [
      {above_input_tokens: 0, cache_read_per_mtok: 0.5}, {above_input_tokens: 100, input_per_mtok: 2}]}
"""
    book = book_of(text)
    assert [rates(book, "p", "m", total=n).meters["input"] for n in (0, 1, 100, 101)] == [
        usd("1"),
        usd("1"),
        usd("1"),
        usd("2"),
    ]
    assert [rates(book, "p", "m", total=n).meters["cache_read"] for n in (0, 1, 101)] == [
        usd("1"),
        usd("0.5"),
        usd("0.5"),
    ]
    assert rates(book, "p", "m", total=101).meters["reasoning"] == usd("4")


def test_a_price_of_zero_is_a_price(book_of: BookOf) -> None:
    """A model that is said to cost nothing must be priced at nothing, not be unpriced."""
    assert (
        rates(book_of("prices: [{model: m, input_per_mtok: 0, output_per_mtok: 0.0}]"), "p", "m").meters["output"] == 0
    )


ENTRY = "prices: [{model: m, input_per_mtok: 1, "

WRONG = [
    ("", "", "is empty; prices: [{provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00}] would be right"),
    ("- a", "", "must be a mapping (key: value); prices: [{provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00}] would be right"),
    ("price: []", "price", "unknown key; did you mean 'prices'?"),
    ("currencies: {}", "prices", "is missing; prices: [{provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00}] would be right"),
    ("prices: {a: 1}", "prices", "must be a list; [{provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00}] would be right"),
    ("prices: [1]", "prices[0]", "must be a mapping (key: value); {provider: openai, model: gpt-4.1, input_per_mtok: 2.00, output_per_mtok: 8.00} would be right"),
    ("prices: [{provider: openai, input_per_mtok: 1}]", "prices[0].model", 'is missing; a model\'s name, or "*" for all, would be right'),
    ("prices: [{model: m}]", "prices[0]", "has neither a price nor a multiplier; a price such as input_per_mtok: 2.50 would be right"),
    (ENTRY + "inputt_per_mtok: 1}]", "prices[0].inputt_per_mtok", "unknown key; did you mean 'input_per_mtok'?"),
    (ENTRY + "zzz: 1}]", "prices[0].zzz", "unknown key; provider, model, valid_from, currency, multiplier, tiers, when or a price such as input_per_mtok: 2.50 would be right"),
    (ENTRY + "output: 1}]", "prices[0].output", "unknown key; did you mean 'output_per_mtok'?"),
    (ENTRY + "output_per_mtok: -1}]", "prices[0].output_per_mtok", "is below 0; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: .nan}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: .inf}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: 'NaN'}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: true}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: $2}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: 1e99}]", "prices[0].output_per_mtok", "is too large; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: 1e999999999}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: 1e99999999999999999999}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: !!float x}]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "output_per_mtok: !!float [1]}]", "", "line 1: a value can't be read as float; one that can, or it without a tag (`!!…`), would be right"),
    (ENTRY + "!!float sNaN: 1}]", "", None),
    (ENTRY + "output_per_mtok: }]", "prices[0].output_per_mtok", "is no number; a number such as 2.50 would be right"),
    (ENTRY + "input_per_ktok: 1}]", "prices[0].input_per_ktok", "stands beside a price of input for another number of tokens; one of them would be right"),
    (ENTRY + "currency: THB}]", "prices[0].currency", "'THB' has no rate; currencies: {THB: {usd: \"…\"}} beside `prices` would be right"),
    (ENTRY + "valid_from: 2026-02-30}]", "prices[0].valid_from", "must be a day, such as 2026-01-31"),
    (ENTRY + "valid_from: 2026-02-03T10:00:00}]", "prices[0].valid_from", "must be a day, such as 2026-01-31"),
    (ENTRY + "multiplier: -0.5}]", "prices[0].multiplier", "is below 0; a factor such as 0.9 would be right"),
    (ENTRY + "tiers: {above_input_tokens: 1}}]", "prices[0].tiers", "must be a list; [{above_input_tokens: 200000, input_per_mtok: 5.00}] would be right"),
    (ENTRY + "tiers: [{input_per_mtok: 1}]}]", "prices[0].tiers[0].above_input_tokens", "is missing; {above_input_tokens: 200000, input_per_mtok: 5.00} would be right"),
    (ENTRY + "tiers: [{above_input_tokens: 2.5, input_per_mtok: 1}]}]", "prices[0].tiers[0].above_input_tokens", "must be a whole number of tokens, such as 200000"),
    (ENTRY + "tiers: [{above_input_tokens: 5}]}]", "prices[0].tiers[0]", "has no price; a price such as input_per_mtok: 2.50 would be right"),
    (ENTRY + "tiers: [{above_input_tokens: 5, model: x}]}]", "prices[0].tiers[0].model", None),
    (ENTRY + "tiers: [{above_input_tokens: 5, input_per_mtok: 1}, {above_input_tokens: 5, input_per_mtok: 2}]}]",
     "prices[0].tiers[1].above_input_tokens", "is not above the tier before it (5); tiers stand in ascending order"),
    ("prices: [{model: m, tiers: [{above_input_tokens: 5, input_per_mtok: 1}]}]", "prices[0].tiers", "has prices above a size only; a price such as input_per_mtok: 2.50 beside it would be right"),
    (ENTRY + "when: {}}]", "prices[0].when", "is empty; {processing: batch} would be right"),
    (ENTRY + "when: {processing: 1}}]", "prices[0].when.processing", "must be text; a word such as batch would be right"),
    (ENTRY + "when: {procesing: batch}}]", "prices[0].when.procesing", "no record tells such a thing; processing would be right"),
    (ENTRY + "when: {region: eu}}]", "prices[0].when.region", "no record tells such a thing; processing or service_tier or speed would be right"),
    (ENTRY + "when: {service_tier: flx}}]", "prices[0].when.service_tier", "no call is read as 'flx'; flex would be right"),
    (ENTRY + "when: {service_tier: standard}}]", "prices[0].when.service_tier", "no call is read as 'standard'; flex or priority or fast would be right"),
    ("prices: [{model: 4, input_per_mtok: 1}]", "prices[0].model", 'must be text; a model\'s name, or "*" for all, would be right'),
    ("prices: [{model: '', input_per_mtok: 1}]", "prices[0].model", 'must be a name of at most 256 characters; a model\'s name, or "*" for all, would be right'),
    ("prices: [{model: a, input_per_mtok: 1}, {model: A, output_per_mtok: 1}]", "prices[1]", "is for the same provider, model and day as prices[0]; one of them would be right"),
    ("currencies: {THB: 0.0285}\nprices: []", "currencies.THB", 'must be a mapping (key: value); {usd: "0.0285"} would be right'),
    ("currencies: {THB: {eur: 1}}\nprices: []", "currencies.THB.eur", "unknown key; usd would be right"),
    ("currencies: {THB: {usd: 0}}\nprices: []", "currencies.THB", 'needs the USD that one unit costs; {usd: "0.0285"} would be right'),
    ("currencies: {USD: {usd: 2}}\nprices: []", "currencies.USD", "is what prices are in; it needs no rate"),
    ("prices: [\n", "", None),
    ("prices: []\nprices: []\n", "", "line 2: the key 'prices' stands twice (first on line 1); once would be right"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "problem"), WRONG)
def test_a_wrong_file_is_refused_in_one_line(
    book_of: BookOf, tmp_path: Path, text: str, key: str, problem: str | None
) -> None:
    """The message must be one line with the file, the key, and what would be right."""
    with pytest.raises(ConfigError) as bad:
        book_of(text)
    assert bad.value.key == key
    assert "\n" not in str(bad.value)
    assert str(bad.value).startswith(str(tmp_path / "prices.yml"))
    if problem is not None:
        assert bad.value.problem == problem


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    """A price file that isn't there must be said, not passed over."""
    with pytest.raises(ConfigError, match="no such file"):
        PriceBook(None, tmp_path / "none.yml")


def test_midnight_is_the_start_of_a_utc_day() -> None:
    """The days of price files are days of UTC."""
    from datetime import date

    assert midnight(date(1970, 1, 2)) == 86_400.0
