"""What has no price yet is kept for as long as a price may come, and billed once."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.exporter import Exporter
from llm_cost_exporter.ledger import unpriced
from llm_cost_exporter.ledger.reading import read_contents
from llm_cost_exporter.money import ONE_USD
from tests.kit import LOG, Bench, FakeClock


def test_saves_of_the_same_rows_do_not_fill_the_room_for_rows(tmp_path, monkeypatch):
    """One unpriced model saved every second for hours is a few rows, and goes on being kept."""
    monkeypatch.setattr(unpriced, "_MOST_ROWS", 20)
    bench = Bench(tmp_path)
    for _ in range(50):
        bench.call(model="mystery")
        bench.save()
    assert {row.meter: count for row, count in bench.store.unpriced()} == {"input": 500, "output": 250, "fee": 50}


def test_rows_are_bounded(tmp_path, monkeypatch):
    """Past the bound only the counters tell."""
    monkeypatch.setattr(unpriced, "_MOST_ROWS", 20)
    bench = Bench(tmp_path)
    for number in range(50):
        bench.call(model=f"mystery-{number}")
        bench.save()
    assert len(list(bench.store.unpriced())) <= 20 + 3
    assert bench.counted("unpriced_requests") == 50


def test_a_price_of_the_call_is_billed_for_each_call(tmp_path):
    """A price that comes later with so much a call is charged for as many calls as there were."""
    bench = Bench(tmp_path)
    bench.call(model="mystery", id="a")
    bench.call(model="mystery", id="a", tokens={"input": 10, "output": 9})
    bench.call(model="mystery")
    bench.save()
    bench.book.known.add("mystery")
    bench.book.per_call = ONE_USD
    bench.ledger.bill(bench.book)
    assert {name: value for _, name, value, _ in bench.samples("usd")}["fee"] == 2 * ONE_USD


def test_what_was_billed_is_not_billed_again_after_the_state_was_removed(tmp_path):
    """The rows come over with the copy of a database that was removed; those billed before its first save must go."""
    bench = Bench(tmp_path)
    bench.call(model="mystery")
    bench.save()
    bench.book.known.add("mystery")
    assert bench.ledger.bill(bench.book) > 0
    bench.ledger.use_store(bench.store)
    bench.save()
    assert list(bench.store.unpriced()) == []
    billed = bench.counted("usd")
    bench.killed()
    assert bench.counted("usd") == billed


def test_billing_later_is_no_burst_of_a_series_that_scrapes_know(tmp_path):
    """A model whose other calls had a price all along: its counter does not jump by what is billed; the days have it at once."""
    bench = Bench(tmp_path, Config.model_validate({"limits": {"series": 1}}))
    bench.call(model="gpt")
    for model in ("gpt-other", "mystery"):  # folded into one set
        bench.call(model=model)
    bench.ready()
    bench.clock.pass_(100)
    bench.ledger.release(bench.clock.monotonic() - 75)
    bench.save()
    counted, shown = bench.counted("usd"), bench.shown("usd")
    assert counted == shown
    bench.book.known.add("mystery")
    assert bench.ledger.bill(bench.book) > 0
    bench.save()
    one_call = (10 + 2 * 5) * ONE_USD // 1_000_000
    assert bench.counted("usd") == counted + one_call
    assert bench.shown("usd") == shown
    assert sum(bench.ledger.days.on("2026-01-01").values()) == counted + one_call
    bench.call(model="gpt-other")
    bench.save()
    assert bench.shown("usd") == shown + one_call, "what is spent from now on is seen"


def test_billing_later_is_the_base_of_a_new_series(tmp_path):
    """Several days billed at once begin a counter at their sum."""
    bench = Bench(tmp_path)
    for age in (0, 86_400, 2 * 86_400):
        bench.call(model="mystery", time=bench.clock.wall() - age)
    bench.ready()
    bench.book.known.add("mystery")
    bench.ledger.bill(bench.book)
    bench.save()
    assert bench.shown("usd") == bench.counted("usd") == 3 * (10 + 2 * 5) * ONE_USD // 1_000_000


def test_a_price_that_comes_later_may_have_tiers_of_its_own(tmp_path):
    """The size of the prompt is kept by usual thresholds too, not by those alone that some price had when the line was read."""
    bench = Bench(tmp_path)
    for tokens in (60_000, 255_000, 410_000, 31_999):
        bench.call(model="mystery", tokens={"input": tokens, "output": 1})
    bench.save()
    assert {row.size for row, _ in bench.store.unpriced()} == {1000, 50_000, 250_000, 400_000}  # 1000 is the book's


PRICES = "prices: [{provider: acme, model: m1, valid_from: 2025-12-30, input_per_mtok: 1, output_per_mtok: 1}]\n"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Bangkok", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("later", [False, True], ids=["priced from the beginning", "priced later"])
def test_a_price_that_begins_within_a_day_of_another_zone(tmp_path, zone, later):
    """Restarts and reloads bill what the price is for, whenever it came, and nothing from before its first day, which is one of UTC."""
    moments = [datetime(2025, 12, 29 + hour // 24, hour % 24, 30, tzinfo=UTC) for hour in range(0, 48, 2)]
    calls = [{"time": at.isoformat(), "provider": "acme", "model": "m1", "prompt_tokens": 10**6} for at in moments]
    (tmp_path / "usage.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    prices, clock = tmp_path / "prices.yml", FakeClock()
    prices.write_text("prices: []\n" if later else PRICES)
    whole = {
        "state_dir": tmp_path / "state",
        "timezone": zone,
        "sources": [{"paths": [str(tmp_path / "usage.jsonl")]}],
        "prices": {"file": prices},
    }
    config = Config.model_validate(whole)
    for _ in range(3):
        exporter = Exporter(config, clock, LOG, lambda: config)
        exporter.prepare()
        for _ in range(6):
            clock.pass_(1)
            while exporter.tick():
                pass
        prices.write_text(PRICES)
        exporter.reload()
        exporter.stop()
        exporter.run()
    days: dict[str, int] = {}
    for at in moments:
        if at.day == 30:
            date = at.astimezone(ZoneInfo(zone)).date().isoformat()
            days[date] = days.get(date, 0) + 1
    assert {row["date"]: float(row["usd"]) for row in read_contents(tmp_path / "state").as_json()["days"]} == days
