"""The committed rules on Prometheus and on VictoriaMetrics with vmalert, two generations of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.engines import ENGINES, FACTOR, Alert, spans_apart
from tests.rules.replay import Replay
from tests.servers import Servers

pytestmark = pytest.mark.waits

MINUTE = 60 / FACTOR

# Every alert of the replayed day.
FIRED = {
    "LlmCostSpendRateMinute critical gpt-5",
    "LlmCostSpendRateMinute warning gpt-5",
    "LlmCostSpendRateMinute warning gpt-5-mini",
    "LlmCostSpendRateMinute warning gpt-4o",
    "LlmCostBudget day info info",
    "LlmCostBudget day warning warning",
    "LlmCostBudget day critical critical",
    "LlmCostBudget day emergency critical",
    "LlmCostBudget month info info",
    "LlmCostBudgetForecast day critical critical",
    "LlmCostBudgetForecast day warning warning",
    "LlmCostBudgetBurnRate month critical critical",
    "LlmCostUnpriced warning gpt-new",
    "LlmCostCallsWithoutUsage warning gpt-new",
    "LlmCostLinesRejected warning bad_json",
    "LlmCostExporterDown critical",
    "LlmCostWatchdog info",
}
# Its windows are hours, which don't shrink with the rules' time: whether enough whole minutes of spending lie in them depends on how long the
# replay takes. promtool's tests hold it (rules/tests/burn-rate.test.yml).
BY_CHANCE = {"LlmCostBudgetBurnRate month warning warning"}


@pytest.fixture
def replay(servers: Servers, tmp_path: Path) -> Iterator[Replay]:
    replay = Replay(servers, tmp_path)
    yield replay
    replay.close()


def test_one_day_is_told_alike_by_every_engine(replay: Replay) -> None:
    """Ledgers are equal, rates close and the same alerts fire at the same time, whichever engine the rules run on."""
    checkout = {"provider": "openai", "model": "gpt-4o", "app": "checkout", "team": "search"}
    book = replay.open_book(
        "shop",
        ("checkout", "gpt-5"),
        ("checkout", "gpt-5-mini"),
        ("checkout", "gpt-4.1"),
        ("batch", "gpt-4o-mini"),
        ("batch", "o3"),
        ("batch", "o3-mini"),
    )
    book.earlier_month("2026-03", 280, checkout)
    book.earlier("2026-03-29", 200, checkout)
    book.earlier("2026-03-30", 5, checkout)
    book.count("llm_cost_usd_total", 485, token_type="output", **checkout)
    book.count("llm_requests_total", 5000, **checkout)
    for counter in ("llm_unpriced_tokens_total", "llm_calls_without_usage_total"):
        book.count(counter, 0, provider="openai", model="gpt-new")
    book.count("llm_cost_exporter_lines_rejected_total", 0, reason="bad_json")
    replay.publish()
    replay.ledger_says(day=5, month=485)

    # a burst
    replay.spend(12, model="gpt-4o")
    replay.fires("LlmCostSpendRateMinute", model="gpt-4o", severity="warning")
    replay.ledger_says(day=17, month=497)

    # every engine is restarted, and money is spent meanwhile
    replay.restart_engines()
    replay.ledger_says(day=19, month=499)

    # the levels of the day's budget, the first together with a greater burst and with trouble
    book.count("llm_unpriced_tokens_total", 900, provider="openai", model="gpt-new")
    book.count("llm_calls_without_usage_total", 5, provider="openai", model="gpt-new")
    book.count("llm_cost_exporter_lines_rejected_total", 3, reason="bad_json")
    replay.spend(51, model="gpt-5")
    replay.fires("LlmCostSpendRateMinute", model="gpt-5", severity="critical")
    replay.fires("LlmCostBudget", period="day", level="info")
    replay.ledger_says(day=70, month=550)
    replay.spend(7, model="gpt-4.1")
    replay.fires("LlmCostBudget", period="day", level="warning")
    replay.spend(5, app="batch", model="gpt-4o-mini")
    replay.spend(9, app="batch", model="o3")
    replay.fires("LlmCostBudget", period="day", level="critical")
    replay.spend(7.5, app="batch", model="o3-mini")
    replay.fires("LlmCostBudget", period="day", level="emergency")
    replay.ledger_says(day=98.5, month=578.5)

    # the only sidecar dies; what it told is kept
    replay.sidecar.close()
    replay.fires("LlmCostExporterDown", severity="critical")
    replay.ledger_says(day=98.5, month=578.5)

    # another takes its place, with its state
    replay.replace_sidecar()
    replay.publish()
    replay.fires("LlmCostExporterDown", everywhere=False)
    replay.spend(0.5, model="gpt-4o")
    replay.ledger_says(day=99, month=579)

    # late lines of yesterday
    replay.spend(3, date="2026-03-29", model="gpt-4o")
    replay.ledger_says(day=99, month=582)
    replay.fires("LlmCostBudgetForecast", period="day", severity="warning")

    # past the limit a forecast has no more to say
    replay.spend(2, model="gpt-4o")
    replay.fires("LlmCostBudgetForecast", everywhere=False, period="day")
    replay.ledger_says(day=101, month=584)

    replay.midnight()
    replay.fires("LlmCostBudget", everywhere=False, period="day")
    replay.ledger_says(day=0, month=584)
    replay.spend(20, model="gpt-5-mini")
    replay.ledger_says(day=20, month=604)

    # a sidecar with a log and a ledger of its own takes the place
    replay.replace_sidecar()
    replay.open_book("warehouse", ("checkout", "gpt-4o"))
    replay.publish()
    replay.scraped()
    replay.spend(4, model="gpt-4o")
    replay.ledger_says(day=24, month=608)

    # the month's end
    replay.midnight()
    replay.fires("LlmCostBudget", everywhere=False)
    replay.ledger_says(day=0, month=0)

    unhealthy = [
        (engine.name, rule["name"], rule.get("lastError"))
        for engine in replay.engines
        for rule in engine.rules()
        if rule.get("lastError") or rule["health"] != "ok"
    ]
    assert unhealthy == []

    spans = {alert: by_engine for alert, by_engine in replay.watch.spans().items() if brief(alert) not in BY_CHANCE}
    assert {brief(alert) for alert in spans} == FIRED
    for alert, by_engine in spans.items():
        assert set(by_engine) == set(ENGINES), f"{brief(alert)} fired on {set(by_engine)} alone"
        apart = spans_apart(by_engine)
        assert apart <= allowed(alert), f"{brief(alert)} is {apart:.1f} s apart: {by_engine}"


def brief(alert: Alert) -> str:
    """What tells an alert of the replay from others."""
    labels = dict(alert)
    kept = ("alertname", "period", "level", "severity", "model", "reason")
    return " ".join(labels[name] for name in kept if name in labels)


def allowed(alert: Alert) -> float:
    """How many seconds two engines may be apart: two evaluations, the scrape that one of them saw first, and the look that saw it."""
    interval = MINUTE / 4 if dict(alert)["alertname"].startswith("LlmCostSpendRate") else MINUTE
    return 2 * interval + 1 + 1
