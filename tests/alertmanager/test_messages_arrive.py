"""Messages as a real Alertmanager sends them: to stand-ins for Slack, PagerDuty, a mail server, Discord, Teams, Telegram and a webhook.

The templates by themselves are tried elsewhere; here is what Alertmanager does around them: JSON, MIME, and reading a text once more as YAML.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from tests.alertmanager.inbox import Inbox
from tests.alertmanager.payloads import ALERTS, NAMES, budget
from tests.alertmanager.templates import TEMPLATES, VERSIONS, messages
from tests.processes import GENERATIONS, wait_for
from tests.servers import Servers

# One group each; the end of the name is the end of addresses.
CASES = (
    "one",
    "origin",
    "fifty",
    "only a name",
    "evil html",
    "evil lines",
    "evil yaml",
    "evil template",
    "evil emoji",
    "evil right to left",
)
RESOLVED = "comes to its end"


class Post:
    """Where the messages of all cases have come to."""

    def __init__(self, generation: str, inbox: Inbox) -> None:
        self.generation = generation
        self._inbox = inbox

    def to(self, vendor: str, case: str, number: int = 0) -> Any:
        """What a vendor got for a case."""
        (path,) = [path for path in self._inbox.posts if path.startswith(f"/{vendor}/{slug(case)}")]
        return self._inbox.posts[path][number]

    def letter(self, case: str, number: int = 0) -> EmailMessage:
        """The mail for a case."""
        return self._inbox.letters[f"{slug(case)}@example.org"][number]


def slug(case: str) -> str:
    return case.replace(" ", "-")


def receiver(case: str, generation: str, inbox: Inbox) -> dict[str, Any]:
    """Every channel at once, each to an address of the case."""
    look = messages(VERSIONS[generation])
    channels: dict[str, dict[str, Any]] = {
        "slack": {"api_url": f"{inbox.url}/slack/{slug(case)}", "channel": "#cost"},
        "pagerduty": {"url": f"{inbox.url}/pagerduty/{slug(case)}", "routing_key": "0" * 32},
        "email": {
            "to": f"{slug(case)}@example.org",
            "from": "alertmanager@example.org",
            "smarthost": inbox.smarthost,
            "require_tls": False,
        },
    }
    if generation == "new":
        channels |= {
            "discord": {"webhook_url": f"{inbox.url}/discord/{slug(case)}"},
            "msteamsv2": {"webhook_url": f"{inbox.url}/teams/{slug(case)}"},
            "telegram": {"api_url": f"{inbox.url}/telegram/{slug(case)}", "bot_token": "1:a", "chat_id": 1},
        }
    made = {f"{kind}_configs": [where | {"send_resolved": True} | look[kind]] for kind, where in channels.items()}
    if generation == "new":
        payload = {"messages": [{"type": "text", "text": look["text"]}]}
        made["webhook_configs"] = [{"url": f"{inbox.url}/webhook/{slug(case)}", "payload": payload}]
    return {"name": case, **made}


@pytest.fixture(scope="module", params=GENERATIONS)
def post(request, tmp_path_factory):
    """All cases sent through one Alertmanager; one of them came to its end."""
    generation = str(request.param)
    cases = (*CASES, RESOLVED)
    inbox = Inbox()
    servers = Servers(tmp_path_factory.mktemp("messages"))
    try:
        alertmanager = servers.alertmanager(
            generation,
            {
                "templates": [str(TEMPLATES / "*.tmpl")],
                "route": {
                    "receiver": "nobody",
                    "group_by": ["alertname", "cluster"],
                    "group_wait": "500ms",
                    "group_interval": "1s",
                    "repeat_interval": "1h",
                    "routes": [{"receiver": case, "matchers": [f'case="{case}"']} for case in cases],
                },
                "receivers": [{"name": "nobody"}, *(receiver(case, generation, inbox) for case in cases)],
            },
        )
        began = datetime.now(UTC) - timedelta(hours=3, minutes=12)

        def send(case: str, alerts: list[dict[str, Any]], **times: str) -> None:
            told = [
                {
                    "labels": one["labels"] | {"case": case},
                    "annotations": one["annotations"],
                    "generatorURL": one["generatorURL"],
                    "startsAt": began.isoformat(),
                    **times,
                }
                for one in alerts
            ]
            answer = alertmanager.http.post(f"{alertmanager.url}/api/v2/alerts", json=told, timeout=30)
            assert answer.status_code == 200, answer.text

        def arrived(case: str, number: int) -> bool:
            vendors = ["slack", "pagerduty"] + ["discord", "teams", "telegram", "webhook"] * (generation == "new")
            posts = dict(inbox.posts)
            there = [
                any(len(got) >= number for path, got in posts.items() if path.startswith(f"/{vendor}/{slug(case)}"))
                for vendor in vendors
            ]
            return all(there) and len(inbox.letters[f"{slug(case)}@example.org"]) >= number

        for case in CASES:
            send(case, ALERTS[case])
        send(RESOLVED, [budget()])
        wait_for(lambda: all(arrived(case, 1) for case in cases), 60, "that every message arrives")
        send(RESOLVED, [budget()], endsAt=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
        wait_for(lambda: arrived(RESOLVED, 2), 60, "that it is resolved")
        yield Post(generation, inbox)
    finally:
        servers.close()
        inbox.close()


def test_slack_gets_an_attachment(post):
    """Title, text, colour and four buttons in JSON; formatting off."""
    (attachment,) = post.to("slack", "one")["attachments"]
    assert attachment["title"] == attachment["fallback"] == "[Critical] Daily budget company: $91.20 of $100.00 (91.2%)"
    assert (
        attachment["text"] == "Most of it: model gpt-4o, app checkout, team search, $61.20\nLeft of the day: 6h 12m\n"
    )
    assert attachment["mrkdwn_in"] == ["pretext"]
    (named,) = post.to("slack", "origin")["attachments"]
    assert named["title"] == "[Critical] prod · Daily budget company: $91.20 of $100.00 (91.2%)"
    assert [action["text"] for action in attachment["actions"]] == ["Runbook", "Dashboard", "Query", "Silence"]
    assert all(action["url"].startswith("http") for action in attachment["actions"])
    (harmful,) = post.to("slack", "evil html")["attachments"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in harmful["title"]


def test_pagerduty_gets_an_event(post):
    """Events API v2: severity, class, component, group, links; details are texts or numbers, never what a name would make of them."""
    event = post.to("pagerduty", "one")
    assert event["event_action"] == "trigger"
    assert event["payload"] | {"custom_details": 0} == {
        "summary": "[Critical] Daily budget company: $91.20 of $100.00 (91.2%)",
        "source": "Alertmanager",
        "severity": "critical",
        "class": "LlmCostBudget",
        "component": "company",
        "group": "search",
        "custom_details": 0,
    }
    assert event["client"] == "Alertmanager"
    assert [link["text"] for link in event["links"]] == ["Runbook", "Dashboard", "Query", "Silence"]
    assert [link["text"] for link in post.to("pagerduty", "only a name")["links"]] == ["Query", "Silence"]
    for case in CASES:
        event = post.to("pagerduty", case)
        assert len(event["payload"]["summary"]) <= 1024
        for row, told in event["payload"]["custom_details"].items():
            assert isinstance(told, str) or row in {"num_firing", "num_resolved"}, f"{case}: {row}"


@pytest.mark.parametrize("name", ["yaml", "template"])
def test_a_name_is_neither_yaml_nor_a_template(post, name):
    """Newer Alertmanagers read details and payloads once more, as YAML with templates in it: names stay as they are."""
    details = post.to("pagerduty", f"evil {name}")["payload"]["custom_details"]
    assert details["what"].strip() == f"Daily budget {NAMES[name]}"
    assert NAMES[name] in details["firing"]
    if post.generation == "new":
        (message,) = post.to("webhook", f"evil {name}")["messages"]
        assert message["text"].startswith(f"\t[Critical] Daily budget {NAMES[name]}: $91.20")


def test_a_group_that_ends_closes_its_incident(post):
    """The second event resolves what the first opened: one dedup_key. The messages say for how long it fired and what it came to."""
    opened, closed = (post.to("pagerduty", RESOLVED, number) for number in (0, 1))
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"]
    (attachment,) = post.to("slack", RESOLVED, 1)["attachments"]
    assert attachment["title"] == "[Resolved] Daily budget company: $91.20 of $100.00 (91.2%)"
    assert attachment["text"].splitlines()[:2] == ["Fired for: 3h 12m", "Came to: $91.20 of $100.00 (91.2%)"]
    assert attachment["color"] != post.to("slack", RESOLVED, 0)["attachments"][0]["color"]
    assert post.letter(RESOLVED, 1)["Subject"] == attachment["title"]


@pytest.mark.parametrize("case", CASES)
def test_a_letter_has_both_parts(post, case):
    """multipart/alternative with text and HTML, of which both name the alert; a subject, and nothing that a name put into the head."""
    letter = post.letter(case)
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert {name.lower() for name in letter.keys()} == {  # noqa: SIM118 - a letter is no dict
        "from",
        "to",
        "subject",
        "auto-submitted",
        "message-id",
        "date",
        "content-type",
        "mime-version",
    }
    assert not letter.defects
    text, html = (part.get_content() for part in letter.iter_parts())
    assert letter["Subject"]
    assert text.splitlines()[0] == letter["Subject"]
    assert "</html>" in html
    assert "http://" in text


def test_a_subject_keeps_what_is_not_ascii(post):
    """Emoji and right-to-left names arrive as they were."""
    for name in ("emoji", "right to left"):
        assert NAMES[name] in post.letter(f"evil {name}")["Subject"]


def test_other_channels_get_theirs(post):
    """Discord, Teams and Telegram take the texts as they are."""
    if post.generation == "old":
        pytest.skip("Alertmanager 0.25 reads their addresses from no file, so nothing is rendered for them")
    (embed,) = post.to("discord", "one")["embeds"]
    assert embed["title"] == "Critical · Daily budget company: $91.20 of $100.00 (91.2%)"
    title, text = post.to("teams", "one")["attachments"][0]["content"]["body"]
    assert title["text"] == embed["title"]
    assert text["text"] == embed["description"]
    assert "[Runbook](https://example.org/runbooks/budgets.md#llmcostbudget)" in text["text"]
    telegram = post.to("telegram", "evil html")
    assert "parse_mode" not in telegram
    assert "<script>alert(1)</script>" in telegram["text"]
