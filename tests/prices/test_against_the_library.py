"""Our integers against genai-prices' own calculation, over the whole catalogue."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path

import genai_prices.data
import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import ModelInfo as TheirModel
from genai_prices.types import Provider as TheirProvider

from llm_cost_exporter.prices.catalogue import Catalogue, Found, conditional_prices
from llm_cost_exporter.prices.listed import bundled, load, plain
from llm_cost_exporter.prices.listed.types import (
    ClauseEquals,
    ClauseOr,
    ModelInfo,
    StartDateConstraint,
    TimeOfDateConstraint,
)
from llm_cost_exporter.prices.listprice import ListPrice, contexts, plain_context
from llm_cost_exporter.prices.meters import CHARGED_AS
from llm_cost_exporter.prices.quotes import Quotes
from llm_cost_exporter.prices.timing import DAY, midnight
from llm_cost_exporter.types import METERS

CATALOGUE = Catalogue(plain(providers), "the catalogue")
# The library's provider and model, and ours of it.
MODELS = [
    (provider, theirs, ours)
    for provider in providers
    for theirs, ours in zip(provider.models, CATALOGUE.providers[provider.id].models, strict=True)
]
INPUT = [meter for meter in METERS if CHARGED_AS[meter][-1] == "input"]


def library_usage(tokens: dict[str, int]) -> Usage:
    """Disjoint counts as the nested ones that the library wants: input_tokens is all input, cached audio is in three sums."""
    count = dict.fromkeys(METERS, 0) | tokens
    cached = sum(count[f"cache_read{kind}"] for kind in ("", "_audio", "_image", "_video"))
    return Usage(
        input_tokens=sum(count[meter] for meter in INPUT),
        cache_read_tokens=cached,
        cache_audio_read_tokens=count["cache_read_audio"],
        cache_image_read_tokens=count["cache_read_image"],
        cache_video_read_tokens=count["cache_read_video"],
        cache_write_tokens=count["cache_write"] + count["cache_write_5m"] + count["cache_write_1h"],
        cache_write_5m_tokens=count["cache_write_5m"],
        cache_write_1h_tokens=count["cache_write_1h"],
        input_audio_tokens=count["audio_input"] + count["cache_read_audio"],
        input_image_tokens=count["image_input"] + count["cache_read_image"],
        input_video_tokens=count["video_input"] + count["cache_read_video"],
        output_tokens=count["output"] + count["reasoning"] + count["audio_output"] + count["image_output"],
        output_reasoning_tokens=count["reasoning"],
        output_audio_tokens=count["audio_output"],
        output_image_tokens=count["image_output"],
    )


def times(model: ModelInfo, chance: random.Random) -> Iterator[float]:
    """Any time, and the seconds around each change of the model's price."""
    yield float(chance.randrange(1_690_000_000, 1_830_000_000))
    for dated in (*conditional_prices(model), *(model.price_variants or ())):
        if isinstance(dated.constraint, StartDateConstraint):
            first = midnight(dated.constraint.start_date)
            yield from (first - 1, first)
        elif isinstance(dated.constraint, TimeOfDateConstraint):
            day = chance.randrange(20_000, 21_000) * DAY
            for moment in (dated.constraint.start_time, dated.constraint.end_time):
                second = day + moment.hour * 3600 + moment.minute * 60
                yield from (second - 1, second)


def some_tokens(meters: list[str], chance: random.Random) -> dict[str, int]:
    chosen = chance.sample(meters, chance.randint(1, len(meters)))
    size = chance.choice((10, 5_000, 150_000, 600_000))
    return {meter: chance.randint(1, size) for meter in chosen}


def library_price(
    provider: TheirProvider, model: TheirModel, tokens: dict[str, int], when: float, context: dict[str, str]
) -> Decimal:
    return model.calc_price(
        library_usage(tokens),
        provider,
        genai_request_timestamp=datetime.fromtimestamp(when, UTC),
        price_context=context,
    ).total_price


@pytest.mark.parametrize("seed", range(2))
def test_every_model_costs_what_the_library_says(seed: int) -> None:
    """For each model of the catalogue, counts times rates must equal the library's price to the last digit: at any time, size and context."""
    chance = random.Random(seed)
    compared = 0
    with localcontext(prec=100):
        for provider, theirs, model in MODELS:
            known = [dict(context) for context in contexts(model)]
            for when in times(model, chance):
                context = chance.choice([{}, {"processing": "batch", "service_tier": "flex"}, {"no": "such"}, *known])
                quotes = Quotes(
                    (), "", ListPrice(Found(provider.id, model, own=True), plain_context(context.items())), ""
                )
                tokens = some_tokens(INPUT, chance) | some_tokens([m for m in METERS if m not in INPUT], chance)
                rates = quotes.rates(when, sum(tokens[meter] for meter in INPUT if meter in tokens))
                if rates is None:
                    assert library_price(provider, theirs, tokens, when, context) == 0, (provider.id, model.id)
                    continue
                unpriced = {meter: count for meter, count in tokens.items() if meter not in rates.meters}
                priced = {meter: count for meter, count in tokens.items() if meter in rates.meters}
                ours = rates.per_call + sum(count * rates.meters[meter] for meter, count in priced.items())
                price = library_price(provider, theirs, tokens, when, context)
                assert Decimal(ours).scaleb(-24) == price, (provider.id, model.id, when, context, tokens)
                if unpriced:
                    fee = Decimal(rates.per_call).scaleb(-24)
                    assert library_price(provider, theirs, unpriced, when, context) == fee, (provider.id, model.id)
                compared += bool(priced)
    assert compared > 2_500


def equal_names(model: ModelInfo) -> list[str]:
    clauses = model.match.or_ if isinstance(model.match, ClauseOr) else [model.match]
    return [clause.equals for clause in clauses if isinstance(clause, ClauseEquals)]


def test_every_name_of_the_catalogue_finds_its_model() -> None:
    """A name that the catalogue spells out must mean for us the model that it means for the library."""
    for provider, _, model in MODELS:
        for name in equal_names(model):
            theirs = provider.find_model(name, all_providers=providers)
            found = CATALOGUE.find(provider.id, name)
            assert found is not None, (provider.id, name)
            assert found.model == plain(theirs), (provider.id, name)


def test_every_id_of_the_catalogue_finds_its_model() -> None:
    """A model's id must find it, whether or not its clauses take it."""
    for provider, _, model in MODELS:
        found = CATALOGUE.find(provider.id, model.id)
        assert found is not None, (provider.id, model.id)
        theirs = provider.find_model(model.id, all_providers=providers)
        assert found.model == (plain(theirs) or model), (provider.id, model.id)


def test_no_name_finds_a_model_that_the_library_would_not_find() -> None:
    """What a loose clause takes for us, it must take for the library too: the guard only refuses."""
    chance = random.Random(3)
    tails = [
        "",
        "-latest",
        "-20260101",
        "-2026-01-01",
        "-fast",
        "-mini",
        "@default",
        ":0",
        "-v1:0",
        "-for-sales",
        "-8b",
        "x",
    ]
    for provider, _, model in MODELS:
        for name in {model.id.lower(), *(n.lower() for n in equal_names(model))}:
            changed = name + chance.choice(tails)
            table = CATALOGUE._table(provider.id)
            found = table.find(changed)
            if found is not None:
                assert found.match.is_match(changed), (provider.id, changed)


def test_the_list_is_read_as_the_library_has_it() -> None:
    """Read without the library's own classes, the installed list has what the library's objects have, and the library is not imported."""
    assert load().providers == plain(providers)
    code = (
        "import sys; from llm_cost_exporter.prices.listed import load; load(); assert 'genai_prices' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_list_that_asks_for_more_is_read_by_the_library(monkeypatch) -> None:
    """A version to come whose data needs a class that is not known here is read through the library itself."""
    monkeypatch.delattr("llm_cost_exporter.prices.listed.types.Tier")
    monkeypatch.setattr("llm_cost_exporter.prices.listed.types.__all__", ["Provider"])
    with pytest.raises(NameError):
        bundled._run(Path(genai_prices.data.__file__ or ""))
    monkeypatch.undo()

    def refuse(path: Path) -> None:
        raise NameError(path)

    monkeypatch.setattr(bundled, "_run", refuse)
    assert load().providers == plain(providers)
