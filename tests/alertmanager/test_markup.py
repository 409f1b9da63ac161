"""Names that a log or a person brings stay text: in Slack's and markdown's syntax, in HTML, in the head of a letter, in an address."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.alertmanager.payloads import ALERTS, NAMES
from tests.alertmanager.templates import rendered

EVIL = [f"evil {name}" for name in NAMES]


class Page(HTMLParser):
    """A letter as a browser sees it: tags with their attributes' names, text, addresses."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, text: str) -> None:
        self.texts.append(text)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def seen(name: str) -> str:
    """A name as it must be read: on one line, cut, without what turns the direction."""
    flat = re.sub(r"[\u202a-\u202e\u2066-\u2069]", "", re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+", " ", name))
    return flat if len(flat) <= 300 else flat[:300] + "…"


def apart(text: str) -> str:
    """Without the space of no width that parts links and mentions, and the mark that brings the direction back."""
    return text.replace("\u200b", "").replace("\u200e", "")


def matchers(address: str) -> dict[str, str]:
    """The matchers that stand behind `?filter=` of a page of Alertmanager, as it reads them: values are JSON's strings."""
    encoded = re.fullmatch(r"[^#]+#/(?:silences/new|alerts)\?filter=([A-Za-z0-9%_.~-]+)", address)
    assert encoded is not None, address
    filters = unquote(encoded[1])
    assert filters.startswith("{")
    assert filters.endswith("}")
    found = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)', filters[1:-1])
    assert ",".join(f'{name}="{value}"' for name, value in found) == filters[1:-1]
    return {name: json.loads(f'"{value}"') for name, value in found}


@pytest.mark.parametrize("case", EVIL)
def test_slack_finds_nothing_in_a_name(case, generation):
    """& < > are entities, formatting is off where names stand, nothing is a link or a mention, and unescaped it is the name."""
    made = rendered(generation, case)
    assert made["slack.mrkdwn_in.0"] == "pretext"
    for path in ("slack.title", "slack.fallback", "slack.text"):
        assert "<" not in made[path], path
        assert ">" not in made[path], path
        assert not re.search(r"&(?!amp;|lt;|gt;)", made[path]), path
        assert "://" not in made[path], path
        assert not re.search(r"(?<!\w)@\w", made[path]), path
    name = seen(NAMES[case.removeprefix("evil ")])
    plain = apart(made["slack.title"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert plain == f"[Critical] Daily budget {name}: $91.20 of $100.00 (91.2%)"
    assert len(made["slack.text"].splitlines()) == 2


@pytest.mark.parametrize("case", EVIL)
def test_markdown_finds_nothing_in_a_name(case, generation):
    """What markdown takes for itself is escaped; unescaped it is the name."""
    title = rendered(generation, case)["discord.title"]
    bare = re.sub(r"\\[\\*_~`|<>\[\]#&]", "", title)
    assert not re.search(r"[\\*_~`|<>\[\]#]|://|(?<!\w)@\w|&#?\w+;", bare), title
    name = seen(NAMES[case.removeprefix("evil ")])
    assert re.sub(r"\\(.)", r"\1", apart(title)) == f"Critical · Daily budget {name}: $91.20 of $100.00 (91.2%)"
    assert "\n" not in title


@pytest.mark.parametrize("case", EVIL)
def test_html_finds_nothing_in_a_name(case, generation):
    """A letter has the elements and attributes that it has with a harmless name, and says the name wherever it stands."""
    page, harmless = (Page(rendered(generation, one)["email.html"]) for one in (case, "one"))
    assert page.tags == harmless.tags
    name = seen(NAMES[case.removeprefix("evil ")])
    assert apart(page.text).count(name) >= 2, "in the heading and in the title"
    for link in page.links:
        assert urlsplit(link).scheme in {"http", "https"}, link


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_in_an_origin_either(name, generation):
    """What a Prometheus calls its cluster is text in every channel, in one line before what it is about."""
    made = rendered(generation, f"evil origin {name}")
    read = seen(NAMES[name])
    slack = apart(made["slack.title"])
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", slack)
    assert (
        slack.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").startswith(f"[Critical] {read} · Daily")
    )
    markdown = apart(made["discord.title"])
    assert not re.search(r"[\\*_~`|<>\[\]#]", re.sub(r"\\[\\*_~`|<>\[\]#&]", "", markdown))
    assert re.sub(r"\\(.)", r"\1", markdown).startswith(f"Critical · {read} · Daily")
    assert apart(made["email.headers.Subject"]).startswith(f"[Critical] {read} · Daily")
    page, harmless = (Page(rendered(generation, one)["email.html"]) for one in (f"evil origin {name}", "origin"))
    assert page.tags == harmless.tags
    assert apart(page.text).count(read) >= 2, "in the heading and in the title"
    assert apart(made["pagerduty.details.from"]).strip() == f"cluster {read}"


def test_money_stays_behind_a_name_from_right_to_left(generation):
    """A mark follows the name: without it `: $91.20` would be shown before it. Other names have none."""
    made = rendered(generation, "evil right to left")
    name = NAMES["right to left"]
    assert made["slack.title"] == f"[Critical] Daily budget {name}\u200e: $91.20 of $100.00 (91.2%)"
    assert f"model {name}\u200e, $1.00" in made["slack.text"]
    assert f"{name}\u200e, $1.00" in Page(made["email.html"]).text
    assert "\u200e" not in "".join(rendered(generation, "one").values())


@pytest.mark.parametrize("case", EVIL)
def test_a_subject_is_one_line(case, generation):
    """A line's end in a name begins no header of its own."""
    subject = rendered(generation, case)["email.headers.Subject"]
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", subject)


@pytest.mark.parametrize("case", ["one", "origin", "pipeline", *EVIL])
def test_a_silence_is_filled_in_with_the_alert(case, generation):
    """The link's matchers, decoded, are the alert's labels; only a value too long for an address, or one with odd control characters, is left out."""
    made = rendered(generation, case)
    labels = {
        name: value
        for name, value in ALERTS[case][0]["labels"].items()
        if len(value.encode()) < 120 and "\x07" not in value
    }
    assert len(labels) >= 4
    html = [link for link in Page(made["email.html"]).links if "#/silences/" in link]
    for address in (made["slack.actions.3.url"], made["pagerduty.links.3.href"], *html):
        assert matchers(address) == labels
    assert len(html) == 1


def test_a_silence_of_several_has_what_they_share(generation):
    """It would else silence one of them only."""
    assert matchers(rendered(generation, "fifty")["slack.actions.3.url"]) == {
        "alertname": "LlmCostExporterDown",
        "job": "llm-cost-exporter",
        "severity": "critical",
    }


def test_a_silence_is_for_both_of_an_ha_pair(generation):
    """It has the cluster, so that another's alerts go on, but not which Prometheus it was: the other one would go on."""
    made = rendered(generation, "two origins")
    html = [link for link in Page(made["email.html"]).links if "#/silences/" in link]
    assert len(html) == 1
    for address in (made["slack.actions.3.url"], made["pagerduty.links.3.href"], *html):
        assert matchers(address) == {
            "alertname": "LlmCostSpendRateMinute",
            "cluster": "prod",
            "env": "live",
            "severity": "critical",
        }


@pytest.mark.parametrize(
    ("case", "until"),
    [("one", "now"), ("pipeline", "now"), ("resolved", "1795540460000")],
)
def test_a_dashboard_opens_at_the_time_of_the_alert(case, until, generation):
    """From an hour before it began until now, or until its end; the variables of the alert stay."""
    made = rendered(generation, case)
    html = [link for link in Page(made["email.html"]).links if "grafana" in link]
    given = ALERTS[case][0]["annotations"]["dashboard_url"]
    for address in (made["slack.actions.1.url"], made["pagerduty.links.1.href"], *html):
        assert address.startswith(given)
        asked = parse_qs(urlsplit(address).query)
        assert asked["from"] == ["1795525320000"]
        assert asked["to"] == [until]
        assert len(asked) == 2 + given.count("var-")
    assert len(html) == 1


def test_buttons_lead_where_they_say(generation):
    """Four buttons (Slack takes five); without an address of its own one leads to the alerts and says that."""
    made = rendered(generation, "one")
    texts = [made[f"slack.actions.{n}.text"] for n in range(4)]
    assert texts == ["Runbook", "Dashboard", "Query", "Silence"]
    assert "slack.actions.5.text" not in made
    assert made["slack.actions.0.url"] == ALERTS["one"][0]["annotations"]["runbook_url"]
    assert made["slack.actions.2.url"] == ALERTS["one"][0]["generatorURL"]
    bare = rendered(generation, "only a name")
    for n in (0, 1):
        assert bare[f"slack.actions.{n}.text"] == "Alerts"
        assert bare[f"slack.actions.{n}.url"].startswith("http://alertmanager.example:9093/#/alerts?filter=")
