"""From a line in a log to a message at Slack, PagerDuty and in the mail: everything between is real, of both generations.

One story, told at once on three ways: Prometheus and Alertmanager of each generation, and vmalert as the sender. Its stages follow each other since
each needs the ones before: what was sent once must not be sent again by what comes later.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.alertmanager.made import PAGE_INTERVAL_SECONDS, RULES_FACTOR
from tests.alertmanager.receivers import HANG, Notification, Receiver
from tests.alertmanager.stack import CHANNELS, DEFAULT_KEY, TEAM_KEY, Stack
from tests.processes import wait_for
from tests.servers import Exporter, Servers

pytestmark = pytest.mark.waits
WAYS = (("prometheus", "old"), ("prometheus", "new"), ("vmalert", "new"))
PATIENCE_SECONDS = 120.0  # for a machine that has other things to do
APPS = [f"app-{number}" for number in range(20)]
DOWN_FOR_SECONDS = 300 / RULES_FACTOR

# What speaks of hours to come is left to the rules' own tests.
POLICY = """
timezone: {zone}
budgets:
  - {{name: search, match: {{team: search}}, daily_usd: {limit}, team: search}}
  - {{name: shop, match: {{team: shop}}, daily_usd: 10}}
spend_rate: {{by: [model, app], minute: {{warning: 10, critical: 50}}, hour: {{warning: null, critical: null}}}}
alerts:
  LlmCostBudgetForecast: {{enabled: false}}
  LlmCostBudgetBurnRate: {{enabled: false}}
"""


class Story:
    """A log that is written, the exporter that reads it, and the ways from there to people."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._log = folder / "usage.jsonl"
        self._log.touch()
        self.zone = _zone_of_noon()
        config = {"sources": [{"paths": [str(self._log)]}], "timezone": self.zone, "new_series_hold": "5s"}
        self.exporter: Exporter = servers.exporter(config=config)
        self.ways: list[Stack] = []
        self._servers, self._folder = servers, folder

    def start(self) -> None:
        for sender, generation in WAYS:
            self.ways.append(
                Stack.start(self._servers, self._folder, sender, generation, self.policy(10), self.exporter.address)
            )

    def policy(self, limit: int) -> str:
        """With so many dollars a day for the team search."""
        return POLICY.format(zone=self.zone, limit=limit) + CHANNELS

    def spend(self, usd: float, *apps: str, team: str) -> None:
        """One call of each app at that price (gpt-4 has $30 a million), all of them written at once."""
        call = {
            "timestamp": datetime.now(UTC).isoformat(),
            "model": "gpt-4",
            "prompt_tokens": round(usd / 30 * 1_000_000),
            "completion_tokens": 0,
            "team": team,
        }
        with self._log.open("a") as out:
            out.write("".join(json.dumps({**call, "app": app}) + "\n" for app in apps))

    def each(self, condition: Callable[[Stack], object], what: str) -> None:
        """Wait until it is so on each way."""
        for way in self.ways:
            wait_for(lambda way=way: condition(way), PATIENCE_SECONDS, f"{way.name}: {what}")  # type: ignore[misc]

    def close(self) -> None:
        for way in self.ways:
            way.close()


def _zone_of_noon() -> str:
    """A zone in which no day begins or ends while the test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.fixture
def story(servers: Servers, tmp_path: Path) -> Iterator[Story]:
    with ExitStack() as stack:
        story = Story(servers, tmp_path)
        stack.callback(story.close)
        story.start()
        yield story


def test_from_the_log_to_people(story: Story) -> None:
    """Each incident is one message to those it concerns, on each channel, whatever fails on the way; and it is resolved."""
    each = story.each
    story.spend(0.5, "web", team="search")
    story.spend(0.5, "web", team="shop")
    story.spend(0.01, *APPS, team="batch")
    each(lambda way: _is_spent(way, "search", 0.5), "what is spent at first")

    # 50 %: to the team's Slack alone. 75 %: to its mail too.
    story.spend(5, "web", team="search")
    each(lambda way: way.titles("[Info] Daily budget search: $5.50 of $10.00", "/search"), "the budget's info")
    story.spend(2.5, "web", team="search")

    # Meanwhile: a burst of 20 apps, and PagerDuty is ill.
    for way in story.ways:
        way.pagerduty.answers(500, 503, about="spend rate")
    story.spend(60, *APPS, team="batch")
    each(lambda way: way.titles("[Critical] Model gpt-4, App app-", "/company"), "Slack's page of the burst")
    each(lambda way: way.events("spend rate: $60.0"), "PagerDuty's page of the burst, after two failures")
    each(lambda way: way.titles("[Warning] Daily budget search: $8.00 of $10.00", "/search"), "the budget's warning")
    each(lambda way: _mail(way, "search@example.com", "Daily budget search"), "the budget's warning in the mail")
    each(lambda way: _mail(way, "cost@example.com", "spend rate"), "the burst's warning in the mail")
    each(lambda way: _is_inhibited(way, "info"), "the warning inhibits the info")

    # 90 %: a page. Slack has too much to do, and is asked again at the next group_interval; PagerDuty need not wait for it.
    for way in story.ways:
        way.slack.answers(429, about="[Critical] Daily budget search")
    story.spend(1.2, "cart", team="search")
    each(lambda way: way.events("[Critical] Daily budget search: $9.20 of $10.00"), "PagerDuty's critical page")
    each(lambda way: way.titles("[Critical] Daily budget search", "/search"), "Slack's critical page")
    for way in story.ways:
        refused, taken = _requests(way.slack, 2, "[Critical] Daily budget search")
        assert taken.when - refused.when > 0.4 * PAGE_INTERVAL_SECONDS, f"{way.name}: asked again at once"
        (page,) = _requests(way.pagerduty, 1, "[Critical] Daily budget search")
        assert page.when < taken.when, f"{way.name}: the page waited for Slack"

    # 98 %: now PagerDuty hangs, and Slack need not wait for it.
    for way in story.ways:
        way.pagerduty.answers(HANG, about="[Emergency] Daily budget search")
    story.spend(0.7, "cart", team="search")
    each(
        lambda way: way.titles("[Emergency] Daily budget search: $9.90 of $10.00", "/search"), "Slack's emergency page"
    )
    each(lambda way: way.events("[Emergency] Daily budget search"), "PagerDuty's emergency page, after it hung")
    each(lambda way: all(_is_inhibited(way, level) for level in ("info", "warning", "critical")), "inhibition")
    for way in story.ways:
        _, page = _requests(way.pagerduty, 2, "[Emergency] Daily budget search")
        (other,) = _requests(way.slack, 1, "[Emergency] Daily budget search")
        assert other.when < page.when, f"{way.name}: Slack waited for the page"

    # The burst is over: both who were paged are told.
    each(lambda way: way.events("spend rate", "resolve"), "PagerDuty's end of the burst")
    each(lambda way: way.titles("[Resolved] Model gpt-4, App app-", "/company"), "Slack's end of the burst")

    # Alertmanager is restarted. What it sent is not sent again; a budget that crosses all levels at once sends the last alone.
    for way in story.ways:
        assert way.alertmanager.stop() == 0
        way.alertmanager.start_again()
    each(lambda way: _is_up(way) and way.alerts(budget="search", level="emergency"), "alerts after the restart")
    story.spend(9.4, "web", team="shop")
    each(lambda way: way.titles("[Emergency] Daily budget shop", "/company"), "another budget's page")
    each(lambda way: way.events("[Emergency] Daily budget shop"), "another budget's page at PagerDuty")

    # The exporter is gone. Meanwhile the limit is raised: every page is resolved, also the one that was inhibited; and somebody tries the
    # way of a page.
    killed = time.monotonic()
    story.exporter.kill()
    for way in story.ways:
        way.load_rules(story.policy(1000))
    each(lambda way: _open_incidents(way, TEAM_KEY) == [], "the team's incidents are resolved")
    each(lambda way: len(way.titles("[Resolved] Daily budget search", "/search")) == 2, "Slack's end of both pages")
    _try_the_way_of_a_page(story)
    # By its address: where VictoriaMetrics is slow to show its first samples, there was no exporter at all for a while.
    gone = f"The exporter {story.exporter.address} can't be scraped"
    each(lambda way: any(gone in str(one.body) for one in way.pagerduty.taken), "the page that the exporter is down")
    for way in story.ways:
        (down,) = _requests(way.pagerduty, 1, gone)
        assert down.when - killed > 0.5 * DOWN_FOR_SECONDS, f"{way.name}: paged before its time"
        assert down.body["routing_key"] == DEFAULT_KEY

    for way in story.ways:
        _everything_once(way)
        assert way.problems() == [], way.name
    assert story.ways[-1].deadman.taken, "the dead man's switch has heard of the watchdog"


def _requests(receiver: Receiver, count: int, text: str) -> list[Notification]:
    """The requests with that text in them, taken or not; there must be so many."""
    found = [one for one in receiver.requests if text in str(one.body)]
    assert len(found) == count, "\n".join(str(one) for one in found)
    return found


def _is_spent(way: Stack, budget: str, usd: float) -> bool:
    return way.storage.value(f'max(budget:llm_cost_usd:spent{{budget="{budget}",period="day"}})') == pytest.approx(
        usd, abs=0.001
    )


def _is_inhibited(way: Stack, level: str) -> bool:
    (alert,) = way.alerts(budget="search", level=level)
    return bool(alert["status"]["inhibitedBy"])


def _is_up(way: Stack) -> bool:
    return way.alertmanager.is_ready()


def _mail(way: Stack, to: str, subject: str) -> bool:
    """A letter to that person, complete in text and in HTML."""
    for letter in list(way.mail.letters):
        if to in str(letter["To"]) and subject in str(letter["Subject"]):
            parts = [letter.get_body((kind,)) for kind in ("plain", "html")]
            assert all(part is not None and subject in part.get_content() for part in parts), letter.as_string()
            return True
    return False


def _open_incidents(way: Stack, routing_key: str) -> list[str]:
    incidents = way.pagerduty.incidents.values()
    return [
        one["payload"]["summary"]
        for one in incidents
        if one["routing_key"] == routing_key and one["event_action"] != "resolve"
    ]


def _try_the_way_of_a_page(story: Story) -> None:
    """`test-alert` finds the team's receivers, and both get it, marked as a test."""
    with ExitStack() as stack:
        running = []
        for way in story.ways:
            command = [sys.executable, "-m", "llm_cost_exporter", "test-alert", "--alertmanager", way.alertmanager.url]
            command += ["--severity", "critical", "--team", "search", "--wait", "4s"]
            running.append(stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        for way, process in zip(story.ways, running, strict=True):
            out, _ = process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0, f"{way.name}: {out}"
            assert "goes to: search/pagerduty, search/slack\n" in out, way.name
    story.each(lambda way: way.events("Daily budget test-alert"), "the test alert at PagerDuty")
    story.each(lambda way: way.titles("[Critical] Daily budget test-alert", "/search"), "the test alert at Slack")


def _everything_once(way: Stack) -> None:
    """However often each of them was evaluated, sent on, inhibited and retried: one message."""
    # VictoriaMetrics shows what one scrape brought not all at once: there the group may grow, and is told again.
    most = 1 if way.storage is way.sender else 2
    for severity in ("Critical", "Warning"):
        found = way.titles(f"[{severity}] Model gpt-4, App app-", "/company")
        assert 1 <= len(found) <= most, f"{way.name}: {found}"
        assert found[-1].endswith("and 19 more"), f"{way.name}: {found}"
    bursts = way.events("spend rate")
    assert 1 <= len(bursts) <= most, f"{way.name}: {bursts}"
    assert len({one["dedup_key"] for one in bursts}) == 1, way.name
    for budget, levels in (("search", ("Info", "Warning", "Critical", "Emergency")), ("shop", ("Emergency",))):
        for level in ("Info", "Warning", "Critical", "Emergency"):
            found = way.titles(f"[{level}] Daily budget {budget}")
            pages = way.events(f"[{level}] Daily budget {budget}")
            if most > 1 and level not in levels:  # for the same reason a lower level may come an evaluation earlier
                assert len(found) <= 1, f"{way.name}: {found}"
                continue
            assert len(found) == (level in levels), f"{way.name}: {found}"
            assert len(pages) == (level in levels and level in ("Critical", "Emergency")), f"{way.name}: {pages}"
        subjects = [one for one in way.subjects() if f"Daily budget {budget}" in one]
        assert len(subjects) == ("Warning" in levels), f"{way.name}: {subjects}"
    ended = way.titles("[Resolved] Daily budget search")
    assert len(ended) == 2, f"{way.name}: {ended}"  # of the two pages; info and warning would be two more each midnight
