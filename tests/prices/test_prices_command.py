"""The command `prices`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_cost_exporter.commands import main

EXAMPLE = Path(__file__).parents[2] / "prices.example.yml"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["prices", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def test_a_models_prices_are_shown_with_their_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds, tiers, variants, dates and where they come from must be on the screen."""
    status, out, _ = run(capsys, "gemini-2.5-pro", "--at", "2026-11-01")
    assert status == 0
    for text in (
        "gemini-2.5-pro (google) at 2026-11-01 UTC",
        "up to 200,000",
        "above 200,000",
        "processing=batch",
        "2026-10-14",
        "0.125",
    ):
        assert text in out
    assert "from genai-prices" in out


def test_a_price_is_that_of_the_day_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """--at must show the price of that time, and until when it holds."""
    _, out, _ = run(capsys, "deepseek-v4-flash", "--at", "2026-08-16T12:00", "--format", "json")
    prices = {row["token_type"]: row for row in json.loads(out)["prices"]}
    assert prices["output"]["usd_per_million_tokens"] == "0.28"
    assert prices["output"]["valid_until"] == "2026-08-17T00:00:00Z"


def test_json_has_plain_decimals_and_no_bound_as_null(capsys: pytest.CaptureFixture[str]) -> None:
    """Prices must be exact decimals as text, and what has no bound is null."""
    _, out, _ = run(capsys, "gpt-4o", "--provider", "azure", "--format", "json")
    row = json.loads(out)["prices"][0]
    assert row["provider"] == "azure"
    assert row["usd_per_million_tokens"] == "2.5"
    assert row["above_input_tokens"] is None
    assert row["valid_from"] is None


def test_a_fee_is_shown_by_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    """What a call costs besides its tokens must not be shown as a price of a million tokens."""
    assert "0.012 a call" in run(capsys, "sonar")[1]
    rows = json.loads(run(capsys, "sonar", "--format", "json")[1])["prices"]
    assert [row["usd_per_call"] for row in rows if row["token_type"] == "fee"] == ["0.012"]


def test_a_model_without_a_provider_of_its_own_is_shown_for_all_who_list_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that says nothing of its provider must be looked for in every list."""
    status, out, _ = run(capsys, "llama-3.3-70b-versatile")
    assert status == 0
    assert "(groq)" in out


def test_all_models_of_a_provider_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a model, the list of a provider must have each of its models in a row."""
    status, out, _ = run(capsys, "--provider", "xai")
    assert status == 0
    assert "grok-4-0709" in out
    assert "models. `prices MODEL`" in out


def test_the_price_file_is_in_the_list(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With a configuration its price file and aliases must count, and the entry be named."""
    config = tmp_path / "exporter.yml"
    config.write_text(f"prices: {{file: {EXAMPLE}, aliases: {{my-deployment: azure/gpt-4o}}}}\n")
    assert "prices[0]" in run(capsys, "gpt-4.1", "--provider", "holysheep", "--config", str(config))[1]
    assert "2.25" in run(capsys, "my-deployment", "--config", str(config))[1]
    assert "deepseek-v3.2" in run(capsys, "--provider", "holysheep", "--config", str(config))[1]


def test_an_alias_that_leads_nowhere_is_a_warning(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A misspelt target would leave a deployment unpriced: check-config must say so, and pass (a later catalogue may have it)."""
    config = tmp_path / "exporter.yml"
    config.write_text("sources: [{paths: ['*.jsonl']}]\nprices: {aliases: {Good: azure/gpt-4o, Bad: azure/gpt-4oo}}\n")
    with pytest.raises(SystemExit) as end:
        main(["check-config", str(config)])
    assert end.value.code == 0
    err = capsys.readouterr().err
    assert "warning: prices.aliases.Bad: no price is known for azure/gpt-4oo\n" in err
    assert "Good" not in err


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["gpt-4oo"], 1, "no price is known for gpt-4oo of openai; did you mean gpt-4o"),
        (["gpt-4o", "--provider", "groq"], 1, "no price is known for gpt-4o of groq"),
        (["zzzzzz"], 1, "no price is known for zzzzzz"),
        (["--provider", "opnai"], 1, "no price list of opnai; did you mean 'openai'?"),
        (
            ["gpt-4o", "--at", "yesterday"],
            2,
            "--at: 'yesterday' is no time; 2026-01-31 or 2026-01-31T08:00 would be right",
        ),
        (["gpt-4o", "--config", "none.yml"], 2, "none.yml: no such file"),
    ],
)
def test_what_is_not_there_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, says: str
) -> None:
    """Nothing found ends in status 1, a wrong command line in 2, each with one line on stderr and nothing on stdout."""
    got, out, err = run(capsys, *arguments)
    assert (got, out) == (status, "")
    assert says in err
    assert err.count("\n") == 1
