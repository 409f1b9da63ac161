"""Inhibition on real Alertmanagers: a budget's higher level silences its lower ones and nothing else, and what was opened is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alertmanager.receivers import PagerDuty, Slack
from tests.alertmanager.rendered import for_version, write
from tests.processes import wait_for
from tests.servers import Server, Servers

ORIGIN = ("cluster", "environment", "env", "region")
LOWER = ("critical", "warning", "info")
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def pagerduty() -> Iterator[PagerDuty]:
    receiver = PagerDuty()
    yield receiver
    receiver.close()


@pytest.fixture
def slack() -> Iterator[Slack]:
    receiver = Slack()
    yield receiver
    receiver.close()


@pytest.fixture
def alertmanager(servers: Servers, generation: str, tmp_path: Path, pagerduty: PagerDuty, slack: Slack) -> Server:
    """One that has what is rendered, with pages at once, and forgets what it sent after two seconds, where it may."""
    (tmp_path / "slack").write_text(slack.url)
    (tmp_path / "key").write_text(KEY)
    policy = for_version(
        "alertmanager:\n"
        f"  origin_labels: {list(ORIGIN)}\n"
        f"  slack: {{url_file: {tmp_path}/slack}}\n"
        f"  pagerduty: {{routing_key_file: {tmp_path}/key, url: {pagerduty.url}}}\n",
        generation,
    )
    quick = {
        "group_wait: 5s": "group_wait: 0s",
        "group_interval: 1m": "group_interval: 1s",
        "repeat_interval: 4h": "repeat_interval: 1s",
    }
    return servers.alertmanager(generation, write(policy, tmp_path, quick), flags=["--data.maintenance-interval=1s"])  # fmt: skip


def level(name: str, budget: str = "b", period: str = "day") -> dict[str, str]:
    """The labels of a budget's alert at a level; an empty one is left out."""
    labels = {
        "alertname": "LlmCostBudget",
        "level": name,
        "severity": "critical" if name == "emergency" else name,
        "budget": budget,
        "period": period,
    }
    return {label: value for label, value in labels.items() if value}


def of(labels: Mapping[str, str], **external: str) -> dict[str, str]:
    """The same from a Prometheus with these external labels."""
    return {**labels, **external}


def post(alertmanager: Server, *alerts: Mapping[str, str], over: bool = False) -> None:
    """Tell it that these fire, or that they are over."""
    now = datetime.now(UTC)
    begin, end = now - timedelta(minutes=5), now if over else now + timedelta(hours=1)
    body = [{"labels": labels, "startsAt": begin.isoformat(), "endsAt": end.isoformat()} for labels in alerts]
    answer = alertmanager.http.post(alertmanager.url + "/api/v2/alerts", json=body, timeout=30)
    assert answer.status_code == 200, answer.text


def test_nothing_but_lower_levels_of_the_same_budget_is_silenced(alertmanager: Server):
    """Not another budget or period or cluster, not what lacks the labels (on either side), not a forecast, not the pipeline, not what others send."""
    silenced = [
        *(level(name) for name in LOWER),
        # One Prometheus of an HA pair may be ahead of the other.
        of(level("critical", "pair"), cluster="prod", replica="b", prometheus_replica="k8s-1"),
        of(level("warning", "both"), cluster="prod", env="live"),
    ]
    spoken = [
        level("emergency"),
        of(level("emergency", "pair"), cluster="prod", replica="a", prometheus_replica="k8s-0"),
        # Whichever of these names a cluster's Prometheus has it by; and what has none is another than what has one.
        *(of(level("emergency", lower), **{name: "staging"}) for name in ORIGIN for lower in LOWER),
        *(of(level(lower, lower), **{name: "prod"}) for name in ORIGIN for lower in LOWER),
        *(level(lower, lower) for lower in LOWER),
        of(level("emergency", "both"), cluster="prod", env="live"),
        of(level("critical", "both"), cluster="prod", env="trial"),
        of(level("critical", "both"), cluster="staging", env="live"),
        of(level("critical"), cluster="prod"),
        # Equal in what both lack: for Alertmanager alone that would do.
        level("emergency", budget="", period=""),
        level("critical", budget="", period=""),
        level("warning", budget="", period=""),
        level("emergency", budget="half", period=""),
        level("critical", budget="half", period=""),
        level("emergency", budget="", period="month"),
        level("critical", budget="", period="month"),
        # Another budget, another period.
        level("critical", period="month"),
        level("critical", budget="other"),
        level("info", budget="b "),
        {**level("critical"), "alertname": "LlmCostBudgetForecast"},
        {**level("warning"), "alertname": "LlmCostBudgetBurnRate"},
        {"alertname": "LlmCostLedgerStale", "severity": "critical"},
        {"alertname": "LlmCostExporterDown", "severity": "critical", "job": "j"},
        {"alertname": "LlmCostUnpriced", "severity": "warning", **{name: level("info")[name] for name in ("budget", "period", "level")}},
        {"alertname": "InstanceDown", "severity": "critical"},
        {"severity": "critical"},
    ]  # fmt: skip
    post(alertmanager, *silenced, *spoken)

    def inhibited() -> tuple[list[dict[str, str]], int]:
        found = alertmanager.get("/api/v2/alerts").json()
        return [one["labels"] for one in found if one["status"]["inhibitedBy"]], len(found)

    wait_for(lambda: inhibited()[1] == len(silenced) + len(spoken), what="all alerts are there")
    wait_for(lambda: len(inhibited()[0]) >= len(silenced), what="the lower levels are inhibited")

    def by_level(labels: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(sorted(labels.values()))

    assert sorted(inhibited()[0], key=by_level) == sorted(silenced, key=by_level)


def test_the_end_of_a_period_closes_every_incident(alertmanager: Server, pagerduty: PagerDuty, slack: Slack):
    """Critical was inhibited by emergency for longer than Alertmanager would by default remember its page: both are resolved all the same."""

    def collections() -> int:
        """How often it has cleaned up what it remembers."""
        found = re.search(
            r"^alertmanager_nflog_gc_duration_seconds_count (\S+)", alertmanager.get("/metrics").text, re.MULTILINE
        )
        return int(float(found[1])) if found else 0

    def opened() -> list[str]:
        return [key for key, event in pagerduty.incidents.items() if event["event_action"] == "trigger"]

    post(alertmanager, level("critical"))
    wait_for(lambda: len(opened()) == 1, what="critical pages")
    wait_for(lambda: slack.messages, what="critical is on Slack")
    post(alertmanager, level("critical"), level("emergency"))
    wait_for(lambda: len(opened()) == 2, what="emergency pages too, as an incident of its own")
    # Four times what it remembers a page for whose repetition is not put off.
    before = collections()
    wait_for(lambda: collections() >= before + 8, timeout=90, what="what has expired is forgotten")
    # In the order of the rules.
    post(alertmanager, level("emergency"), over=True)
    post(alertmanager, level("critical"), over=True)
    wait_for(lambda: not opened(), timeout=60, what="both incidents are resolved")
    assert len(pagerduty.incidents) == 2
    assert not pagerduty.problems


def test_two_clusters_are_two_incidents_and_an_ha_pair_is_one(alertmanager: Server, pagerduty: PagerDuty):
    """The same level of the same budget in two clusters calls twice, each by its name, and ends by itself; the two Prometheus of a pair call once."""

    def summaries(action: str) -> list[str]:
        return sorted(
            one["payload"]["summary"] for one in pagerduty.incidents.values() if one["event_action"] == action
        )

    staging, *prod = (
        of(level("critical"), cluster="staging"),
        of(level("critical"), cluster="prod", replica="a"),
        of(level("critical"), cluster="prod", replica="b"),
    )
    post(alertmanager, staging, *prod)
    wait_for(lambda: len(summaries("trigger")) == 2, what="both clusters page")
    wait_for(lambda: "1 more" in summaries("trigger")[0], what="the second Prometheus of the pair is there")
    named = ["[Critical] prod · Daily budget b, and 1 more", "[Critical] staging · Daily budget b"]
    assert summaries("trigger") == named
    post(alertmanager, staging, over=True)
    wait_for(lambda: summaries("resolve"), what="staging's incident is resolved")
    assert summaries("trigger") == named[:1]
    assert not pagerduty.problems
