"""`report --compare`: what is computed held against what the records say, and sources whose records are trusted."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_cost_exporter.commands import main
from llm_cost_exporter.config import load
from llm_cost_exporter.exporter import Exporter
from tests.kit import LOG, FakeClock, scrape

PRICES = "prices:\n- {provider: '*', model: own-*, input_per_mtok: 1, output_per_mtok: 2, cache_read_per_mtok: 0.1}\n"


def line(model: str, into: int, out: int, cost: object = None, **more: Any) -> str:
    record = {
        "model": model,
        "prompt_tokens": into,
        "completion_tokens": out,
        "cost_usd": cost,
        "timestamp": 1_767_225_600,
        **more,
    }
    return json.dumps(record) + "\n"


def write(folder: Path, log: str, *, trust: bool = False) -> tuple[Path, Path]:
    """The log and a configuration for it, in which a million tokens of own-… cost a dollar in and two out."""
    (folder / "prices.yml").write_text(PRICES)
    (folder / "usage.jsonl").write_text(log)
    config = folder / "exporter.yml"
    config.write_text(
        f"state_dir: state\nsources: [{{paths: [usage.jsonl], trust_reported: {str(trust).lower()}}}]\nprices: {{file: prices.yml}}\n"
    )
    return folder / "usage.jsonl", config


def report(capsys: pytest.CaptureFixture[str], log: Path, config: Path, *options: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(["report", str(log), "--config", str(config), *options])
    assert end.value.code == 0
    return capsys.readouterr().out


def compared(capsys: pytest.CaptureFixture[str], folder: Path, log: str, *, trust: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        report(capsys, *write(folder, log, trust=trust), "--compare", "--format", "json")
    )
    return found


def test_both_are_summed_exactly_and_those_that_differ_come_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """By model and in all; a thousandth is rounding, more is a difference."""
    log = (
        line("own-a", 1000, 500, 0.002) + line("own-a", 1000, 500, "0.002001")  # 0.025 % apart
        + line("own-b", 1000, 500, 0.0019) + line("own-b", 10, 10)  # the second says nothing: not compared
    )  # fmt: skip
    whole = compared(capsys, tmp_path, log)
    comparison = whole["comparison"]
    assert [(each["model"], each["differs"]) for each in comparison["models"]] == [("own-b", True), ("own-a", False)]
    worse = comparison["models"][0]
    assert (worse["requests"], worse["computed_cost_usd"], worse["reported_cost_usd"]) == (1, "0.002", "0.0019")
    assert (worse["difference_usd"], worse["difference_percent"]) == ("0.0001", 5.263)
    assert (comparison["requests"], comparison["reported_cost_usd"]) == (3, "0.005901")
    assert {row["model"]: row["reported_cost_usd"] for row in whole["rows"]} == {"own-a": "0.004001", "own-b": "0.0019"}
    assert {row["model"]: row["cost_usd"] for row in whole["rows"]} == {"own-a": "0.004", "own-b": "0.00203"}


def test_calls_without_a_price_are_told_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What they say they cost is shown, and in neither of the sums that are compared."""
    comparison = compared(capsys, tmp_path, line("mystery-9", 1000, 5, 0.5) + line("own-a", 1000, 0, 0.001))[
        "comparison"
    ]
    assert (comparison["unpriced_requests"], comparison["unpriced_reported_cost_usd"]) == (1, "0.5")
    assert (comparison["computed_cost_usd"], comparison["reported_cost_usd"], comparison["differs"]) == (
        "0.001",
        "0.001",
        False,
    )


def test_a_call_on_several_lines_is_compared_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With its largest counts and cost, also where only a later line says a cost."""
    log = (
        line("own-a", 1000, 0, request_id="r1") + line("own-a", 1000, 500, 0.002, request_id="r1")
        + line("own-a", 1000, 0, 0.001, request_id="r2") + line("own-a", 1000, 500, 0.003, request_id="r2")
        + line("own-a", 1000, 500, 0.003, request_id="r2")
    )  # fmt: skip
    (model,) = compared(capsys, tmp_path, log)["comparison"]["models"]
    assert (model["requests"], model["computed_cost_usd"], model["reported_cost_usd"]) == (2, "0.004", "0.005")


def test_a_trusted_source_counts_what_its_records_say(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A call that says nothing is priced; the comparison still shows what the tokens come to."""
    log = line("own-a", 1000, 500, 0.5) + line("own-a", 1000, 500) + line("mystery-9", 5, 5, 0.25)
    whole = compared(capsys, tmp_path, log, trust=True)
    assert whole["total_cost_usd"] == "0.752"
    assert whole["unpriced"] == []
    by_model = {each["model"]: each for each in whole["comparison"]["models"]}
    assert (by_model["own-a"]["computed_cost_usd"], by_model["own-a"]["reported_cost_usd"]) == ("0.002", "0.5")
    assert by_model["mystery-9"]["unpriced_reported_cost_usd"] == "0.25"


def test_the_table_names_what_differs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A person sees both sums, how far they are apart, and how many models differ."""
    log = line("own-a", 1000, 500, 0.002) + line("own-b", 1000, 500, 0.001) + line("mystery-9", 5, 5, 0.25)
    out = report(capsys, *write(tmp_path, log), "--compare")
    assert "+$0.00100" in out
    assert "+100.00 %" in out
    assert "Computed $0.00400, the records say $0.00300 of the same 2 calls; 1 model differs by more than 0.1 %." in out
    assert "1 more calls without a known price cost $0.2500 by their records." in out


def test_nothing_to_compare_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Rather than an empty table."""
    assert "there is nothing to compare" in report(capsys, *write(tmp_path, line("own-a", 5, 5)), "--compare")


def test_csv_has_a_column_more(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the records say stands beside what is computed."""
    out = report(capsys, *write(tmp_path, line("own-a", 1000, 500, 0.0021)), "--compare", "--format", "csv")
    assert [row.split(",")[-2:] for row in out.splitlines()] == [["cost_usd", "reported_cost_usd"], ["0.002", "0.0021"]]


def test_without_compare_nothing_of_it_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The keys of a plain report stay what they are."""
    whole = json.loads(report(capsys, *write(tmp_path, line("own-a", 1000, 500, 0.0021)), "--format", "json"))
    assert "comparison" not in whole
    assert "reported_cost_usd" not in whole["rows"][0]


@pytest.mark.parametrize("trust", [False, True])
def test_run_counts_what_report_counts(tmp_path: Path, trust: bool) -> None:
    """What a record says is a metric of its own, and the cost only where the source is trusted."""
    _, config = write(tmp_path, line("own-a", 1000, 500, 0.5) + line("own-a", 1000, 500), trust=trust)
    exporter = Exporter(load(config), FakeClock(), LOG)
    exporter.prepare()
    while exporter.tick() or not exporter.ready():
        pass
    text = scrape(exporter.metrics, "text/plain")
    exporter.stop()
    exporter.run()
    costs = {
        name: Decimal(value)
        for name, _, value in (row.rpartition(" ") for row in text.splitlines())
        if name.startswith(("llm_cost_usd_total{", "llm_reported_cost_usd_total{"))
    }
    sums = {
        kind: Decimal(sum(v for name, v in costs.items() if f'"{kind}"' in name))
        for kind in ("input", "output", "reported")
    }
    assert sum(value for name, value in costs.items() if name.startswith("llm_reported")) == Decimal("0.5")
    counted = ("0.001", "0.001", "0.5") if trust else ("0.002", "0.002", "0")
    assert sums == dict(zip(("input", "output", "reported"), map(Decimal, counted), strict=True))
