"""What the rendered receivers hold: where to, a secret's file, whether the end is told; and the warnings of what is otherwise than asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from llm_cost_exporter.policy.channels import CHANNELS, OLD
from tests.alertmanager.rendered import check_config, for_version, receivers_of, render, warnings, write
from tests.policy.test_alertmanager_keys import COMPLETE

EVERYTHING = "alertmanager:\n" + "".join(f"  {kind}: {section}\n" for kind, section in COMPLETE.items()) + """
  deadman: {url_file: /s/deadman}
  channels:
    emergency: [pagerduty, opsgenie, victorops, incidentio, line, telegram]
    warning: [slack, email, webhook, discord, msteams, mattermost, rocketchat, webex, pushover]
  teams:
    search: {telegram: {chat_id: 7}, slack: {channel: "#search"}, channels: {info: [telegram]}}
"""  # fmt: skip

# A key whose value would be a secret, in any kind of receiver.
SECRET = re.compile(r"(?:api_url|webhook_url|url|.*token|.*key|.*password|.*secret|.*credentials)")
# What tells installations apart by default; the end of each group's labels.
ORIGIN: list[str] = []
PAGERS = {"pagerduty", "opsgenie", "victorops", "incidentio"}


def walk(value: Any):
    """Every key with a plain value, at any depth."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(inner, (dict, list)):
            yield from walk(inner)
        else:
            yield str(key), inner


def test_every_kind_of_channel_is_taken_by_alertmanager(tmp_path: Path):
    """A receiver of each, with all that its section may have, passes the maker's check."""
    said = check_config(write(EVERYTHING, tmp_path), "new")
    assert f"{len(receivers_of(EVERYTHING))} receivers" in said
    names = set(receivers_of(EVERYTHING))
    assert {f"llm-cost/{kind}" for kind in CHANNELS} | {"search/telegram", "search/slack", "llm-cost/deadman"} <= names


def test_no_receiver_is_there_for_nothing():
    """Each receiver is named by a route; a channel that no severity goes to has none."""
    named: set[str] = set()

    def visit(route: dict[str, Any]):
        named.add(route.get("receiver", ""))
        for inner in route.get("routes", ()):
            visit(inner)

    visit(render(EVERYTHING)["route"])
    assert set(receivers_of(EVERYTHING)) == named - {""}
    slack_alone = "alertmanager:\n  slack: {url_file: /s/a}\n  telegram: {token_file: /s/b, chat_id: 1}\n"
    assert set(receivers_of(slack_alone)) == {"llm-cost/slack", "llm-cost/slack-once", "llm-cost/deadman"}


@pytest.mark.parametrize("text", [EVERYTHING, "alertmanager:\n", 'alertmanager: {version: "0.25"}'])
def test_no_secret_is_in_the_file(text: str):
    """What would be one is a file's path; the only addresses are those that everybody uses."""
    for receiver in render(text)["receivers"]:
        for key, value in walk({name: entries for name, entries in receiver.items() if name != "name"}):
            if key.endswith("_file"):
                assert str(value).startswith("/")
            elif SECRET.fullmatch(key) and "{{" not in str(value):
                assert value in ("https://api.line.me/v2/bot/message/push", "https://a.example", "a", "button"), (
                    key,
                    value,
                )


def test_the_end_is_told_but_for_info_and_warning_of_budgets():
    """send_resolved is written out everywhere: false for the dead man's switch and where a receiver is called once."""
    for name, entry in receivers_of(EVERYTHING).items():
        (inner,) = entry.values()
        assert inner["send_resolved"] is not (name.endswith("-once") or name == "llm-cost/deadman"), name


@pytest.mark.parametrize("severity", ["{warning: critical}", "critical"])
def test_a_pager_always_hears_of_the_end(severity: str):
    """A policy may page for a budget's first levels: then what it opened must be closed, while Slack is told once."""
    text = f"alerts: {{LlmCostBudget: {{severity: {severity}}}}}\nalertmanager:\n"
    names = set(receivers_of(text))
    assert "llm-cost/slack-once" in names
    assert "llm-cost/pagerduty-once" not in names
    ours = render(text)["route"]["routes"][0]["routes"]
    (page,) = [route for route in ours if route["matchers"] == ['severity="critical"']]
    slack = page["routes"][1]
    assert slack["routes"] == [
        {"matchers": ['alertname="LlmCostBudget"', 'level=~"info|warning"'], "receiver": "llm-cost/slack-once"}
    ]


def test_no_pager_tells_a_message_once():
    """None of those that open incidents has a receiver that leaves them open."""
    for name, entry in receivers_of(EVERYTHING).items():
        assert not (name.endswith("-once") and set(entry) & PAGERS), name


def test_a_team_has_what_it_says_and_the_rest_from_the_default():
    """A channel of Slack with the default's address; a chat with the default's token; of url_file and token_file the one that it chose."""
    found = receivers_of(EVERYTHING)
    assert found["search/telegram"]["telegram"].items() >= {"bot_token_file": "/s/a", "chat_id": 7}.items()
    assert found["search/slack"]["slack"].items() >= {"api_url_file": "/s/a", "channel": "#search"}.items()
    text = """
alertmanager:
  slack: {token_file: /s/bot, channel: "#all"}
  teams:
    bot: {slack: {channel: "#mine"}}
    hook: {slack: {url_file: /s/hook}}
"""
    found = receivers_of(text)
    bearer = {"authorization": {"credentials_file": "/s/bot"}}
    for name, channel in (("llm-cost/slack", "#all"), ("bot/slack", "#mine")):
        slack = found[name]["slack"]
        assert (slack["http_config"], slack["channel"]) == (bearer, channel)
        assert slack["api_url"] == "https://slack.com/api/chat.postMessage"
        assert "api_url_file" not in slack
    assert found["hook/slack"]["slack"]["api_url_file"] == "/s/hook"
    assert "http_config" not in found["hook/slack"]["slack"]


def test_line_is_a_webhook_with_lines_own_payload():
    """The push call of the Messaging API: a bearer token from a file, to whom, one message of text."""
    line = receivers_of(EVERYTHING)["llm-cost/line"]["webhook"]
    assert line["url"] == "https://api.line.me/v2/bot/message/push"
    assert line["http_config"] == {"authorization": {"credentials_file": "/s/a"}}
    assert line["payload"]["to"] == "U0123456789abcdef0123456789abcdef"
    (message,) = line["payload"]["messages"]
    assert message["type"] == "text"
    assert "template" in message["text"]


def test_every_leaf_of_warnings_has_the_business_hours(generation: str, tmp_path: Path):
    """Alertmanager hands hours down to no route below: each route for warnings that names or keeps a receiver has them, and no other."""
    hours = "timezone: {}, days: [monday:friday], from: '09:00', to: '18:00'"
    text = for_version(
        "alertmanager:\n"
        f"  business_hours: {{{hours.format('Europe/Berlin')}}}\n"
        "  teams:\n"
        f"    east: {{business_hours: {{{hours.format('Asia/Bangkok')}}}}}\n"
        "    always: {business_hours: null}\n"
        "    like-all: {slack: {channel: '#c'}}\n",
        generation,
    )
    check_config(write(text, tmp_path), generation)
    whole = render(text)
    default, east = "llm-cost business hours of llm-cost", "llm-cost business hours of east"
    assert {one["name"]: one["time_intervals"][0]["location"] for one in whole["time_intervals"]} == {
        default: "Europe/Berlin",
        east: "Asia/Bangkok",
    }
    assert whole["time_intervals"][0]["time_intervals"][0]["times"] == [{"start_time": "09:00", "end_time": "18:00"}]

    def leaves(route: dict[str, Any], matchers: tuple[str, ...] = ()):
        inside = (*matchers, *route.get("matchers", ()))
        yield inside, route
        for inner in route.get("routes", ()):
            yield from leaves(inner, inside)

    seen = set()
    for matchers, route in leaves(whole["route"]):
        if 'severity="warning"' in matchers and route.get("matchers") != ['severity="warning"']:
            of = {'team="east"': [east], 'team="always"': None}
            wanted = next((of[one] for one in matchers if one in of), [default])
            assert route.get("active_time_intervals") == wanted, matchers
            seen.add(str(wanted))
        else:
            assert "active_time_intervals" not in route, matchers
    assert len(seen) == 3


def test_info_may_be_gathered(generation: str, tmp_path: Path):
    """A digest is one group, told at each turn (a repetition due just then would wait for the next); the rest of the tree is as it was."""
    text = for_version("alertmanager:\n  info_digest: 1d\n", generation)
    check_config(write(text, tmp_path), generation)
    ours = render(text)["route"]["routes"][0]["routes"]
    (info,) = [route for route in ours if route["matchers"] == ['severity="info"']]
    assert (info["group_by"], info["group_interval"], info["repeat_interval"]) == (
        ["severity", *ORIGIN],
        "1d",
        "21h36m",
    )
    before = render(for_version("alertmanager:\n  cooldown: 5m\n", generation))["route"]["routes"][0]["routes"]
    assert [route for route in ours if route != info] == [
        route for route in before if route["matchers"] != ['severity="info"']
    ]


def test_pages_are_prompt_and_the_rest_cools_down():
    """What the groups of pages are and how soon they speak; everything else waits five minutes at least between two messages."""
    (ours,) = render("alertmanager:\n")["route"]["routes"]
    assert (ours["group_by"], ours["group_interval"]) == (["alertname", "budget", "period", *ORIGIN], "5m")
    _, page, warning, info = ours["routes"]
    assert page["group_by"] == ["alertname", "budget", "period", "level", "severity", *ORIGIN]
    assert (page["group_wait"], page["group_interval"], page["repeat_interval"]) == ("5s", "1m", "4h")
    for route, repeat in ((warning, "1d"), (info, "3d")):
        assert "group_interval" not in route
        assert "group_by" not in route
        assert route["repeat_interval"] == repeat


@pytest.mark.parametrize("origin", [[], ["datacenter", "tenant"]])
def test_what_tells_installations_apart_is_the_policys(origin: list[str], generation: str, tmp_path: Path):
    """Its labels, and no others, are what every group, every inhibition and a digest are told apart by."""
    text = for_version(f"alertmanager:\n  origin_labels: {origin}\n  info_digest: 4h\n", generation)
    check_config(write(text, tmp_path), generation)
    made = render(text)
    (ours,) = made["route"]["routes"]
    groups = [ours["group_by"], *(route["group_by"] for route in ours["routes"] if "group_by" in route)]
    assert groups == [
        ["alertname", "budget", "period", *origin],
        ["alertname", *origin],
        ["alertname", "budget", "period", "level", "severity", *origin],
        ["severity", *origin],
    ]
    assert [rule["equal"] for rule in made["inhibit_rules"]] == [["alertname", "budget", "period", *origin]] * 3


NO_DEADMAN = "alertmanager: there is no section deadman, so nobody is told when all alerts stop"
DEADMAN = "  deadman: {url_file: /s/d}\n"
HOURS = "  business_hours: {timezone: UTC, days: [monday:friday], from: '09:00', to: '17:00'}\n"
LEFT_OPEN = (
    "pagerduty opens incidents for warnings, and one that ends outside of these hours stays open; "
    "naming no pager in channels.warning would be right"
)
WITH_TELEGRAM = f"""
alertmanager:
{DEADMAN}
  slack: {{url_file: /s/a}}
  pagerduty: {{routing_key_file: /s/b}}
  telegram: {{token_file: /s/c, chat_id: 1}}
"""


@pytest.mark.parametrize(
    "text, says",
    [
        ("", []),
        ("alertmanager:\n", []),
        ("alertmanager:\n  cooldown: 10m\n", []),
        (
            'alertmanager: {version: "0.25"}',
            ["alertmanager.deadman: Alertmanager 0.25 can't take a webhook's address from a file, so nobody is told when all alerts stop"],
        ),
        (
            "alertmanager:\n  slack: {url_file: /s/a}\n",
            [NO_DEADMAN, "alertmanager: there is no section pagerduty, so what is critical goes to slack alone and pages nobody"],
        ),
        (
            f"alertmanager:\n{DEADMAN}  discord: {{url_file: /s/a}}\n",
            [
                "alertmanager: there is no section pagerduty or slack, so what is critical goes to discord",
                "alertmanager: there is no section slack or email, so what is warning goes to discord",
                "alertmanager: there is no section slack, so what is info goes to discord",
            ],
        ),
        (
            WITH_TELEGRAM,
            ["alertmanager.telegram: nothing goes there; naming it in alertmanager.channels would be right"],
        ),
        (
            "alertmanager:\n  teams: {a: {telegram: {token_file: /s/c, chat_id: 1}}}\n",
            ["alertmanager.teams.a.telegram: nothing goes there; naming it in alertmanager.teams.a.channels would be right"],
        ),
        (
            WITH_TELEGRAM + "  teams: {a: {channels: {info: [telegram]}}}\n",
            [],
        ),
        (
            "budgets: [{name: one, daily_usd: 5, team: a}, {name: two, daily_usd: 5, team: b}]\nalertmanager:\n  teams: {a: {}}\n",
            ["budgets: the team b of two is none of alertmanager.teams, so its alerts go to the default receivers"],
        ),
        ("budgets: [{name: one, daily_usd: 5, team: a}]\nalertmanager:\n", []),
        (
            'alertmanager:\n  teams: {a: {slack: {channel: "#a"}}, b: {slack: {url_file: /s/b, channel: "#b"}}}\n',
            [
                (
                    "alertmanager.teams.a.slack.channel: an incoming webhook writes to its own channel, and url_file is the default's;"
                    " a url_file of its own, or a token_file for all, would be right"
                )
            ],
        ),
        (f'alertmanager:\n{DEADMAN}  slack: {{token_file: /s/t, channel: "#x"}}\n  pagerduty: {{routing_key_file: /s/k}}\n  email: {{to: a@example.com, from: b@example.com, smarthost: "c:587"}}\n  teams: {{a: {{slack: {{channel: "#a"}}}}}}\n', []),
        *(
            (f"alertmanager:\n{HOURS}{section}", [f"{where}.business_hours: {LEFT_OPEN}"])
            for section, where in (
                ("  channels: {warning: [slack, email, pagerduty]}\n  teams: {b: {email: {to: b@example.com}}}\n", "alertmanager"),
                ("  teams: {a: {channels: {warning: [pagerduty]}}}\n", "alertmanager.teams.a"),
            )
        ),
    ],
)  # fmt: skip
def test_what_is_otherwise_than_somebody_may_expect_is_told(text: str, says: list[str]):
    """A line each for what falls away, goes elsewhere or goes nowhere; nothing where all is as asked."""
    assert warnings(text) == says


def test_the_old_generation_has_its_three():
    """Of the default receivers all but the dead man's switch are rendered for 0.25."""
    kinds = {kind for entry in receivers_of('alertmanager: {version: "0.25"}').values() for kind in entry}
    assert kinds == set(OLD)
