"""The templates by themselves: what they say of one alert, of many, of what is missing; that each name is there."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.alertmanager.payloads import ALERTS, budget, data, rate
from tests.alertmanager.templates import DEFINED, TEMPLATES, VERSIONS, messages, render, rendered, texts, used
from tests.processes import ROOT

MAY_BE_EMPTY = {"pagerduty.component", "pagerduty.group", "pagerduty.class", "opsgenie.entity"}

# Case -> the title, and the lines below it.
ONES = {
    "one": (
        "[Critical] Daily budget company: $91.20 of $100.00 (91.2%)",
        ["Most of it: model gpt-4o, app checkout, team search, $61.20", "Left of the day: 6h 12m"],
    ),
    "forecast": (
        "[Warning] Daily budget company, forecast: $60.00 of $100.00, heading for $140.00",
        [
            "Most of it: model gpt-4o, app checkout, team search, $61.20",
            "Lasts at this rate: 1h 44m",
            "Left of the day: 6h 12m",
        ],
    ),
    "burn rate": (
        "[Critical] Monthly budget company, burn rate: 14.5x the even pace",
        [
            "Most of it: model gpt-4o, app checkout, team search, $61.20",
            "Spent: $820.00 of $1000.00",
            "Left of the month: 12d 6h 30m",
        ],
    ),
    "rate": (
        "[Warning] Model gpt-4o, spend rate: $60.00 a minute, limit $50.00",
        ["Most of it: app checkout"],
    ),
    "pipeline": (
        "[Critical] An exporter is down, or none is left: exporter-1:9478",
        [
            "The exporter exporter-1:9478 can't be scraped: new spend is not seen until it is back. The log keeps it.",
        ],
    ),
    "resolved": (
        "[Resolved] Daily budget company: $91.20 of $100.00 (91.2%)",
        [
            "Fired for: 3h 12m",
            "Came to: $91.20 of $100.00 (91.2%)",
            "Most of it: model gpt-4o, app checkout, team search, $61.20",
        ],
    ),
    "origin": (
        "[Critical] prod · Daily budget company: $91.20 of $100.00 (91.2%)",
        ["Most of it: model gpt-4o, app checkout, team search, $61.20", "Left of the day: 6h 12m"],
    ),
    "two origins": (
        "[Critical] prod, live · Model gpt-4o, spend rate: $60.00 a minute, limit $50.00, and 1 more",
        [f"• [Critical] Model {name}, spend rate: $60.00 a minute, limit $50.00" for name in ("gpt-4o", "o3")],
    ),
    "origin resolved": (
        "[Resolved] prod · Daily budget company: $91.20 of $100.00 (91.2%)",
        [
            "Fired for: 3h 12m",
            "Came to: $91.20 of $100.00 (91.2%)",
            "Most of it: model gpt-4o, app checkout, team search, $61.20",
        ],
    ),
    "mixed": (
        "[Emergency] Daily budget b: $91.20 of $100.00 (91.2%), and 2 more",
        [
            "• [Emergency] Daily budget b: $91.20 of $100.00 (91.2%)",
            "• [Warning] Daily budget a: $91.20 of $100.00 (91.2%)",
            "• [Info] Daily budget c: $91.20 of $100.00 (91.2%)",
            "• [Resolved] Model gpt-4o, spend rate: $60.00 a minute, limit $50.00",
        ],
    ),
    "several resolved": (
        "[Resolved] Model gpt-0, spend rate: $60.00 a minute, limit $50.00, and 2 more",
        [f"• [Resolved] Model gpt-{n}, spend rate: $60.00 a minute, limit $50.00" for n in range(3)],
    ),
    "only a name": ("[Alert] SomethingElse", ["Labels: alertname=SomethingElse"]),
    "no name": ("[Alert] Alert", ["Labels: severity=page"]),
    "no figures": ("[Warning] Budget company", ["Labels: alertname=LlmCostBudget budget=company severity=warning"]),
    "no budget": (
        "[Critical] LlmCostBudget: $1.00 of $2.00 (50%)",
        ["Labels: alertname=LlmCostBudget severity=critical"],
    ),
}


def test_no_template_is_missing_and_none_is_left_over():
    """Alertmanager takes a configuration that names a template which is not there; so what is called is defined, and what is defined is called."""
    called = {name for version in VERSIONS.values() for _, text in texts(messages(version)) for name in used(text)}
    for path in TEMPLATES.glob("*.tmpl"):
        called |= used(path.read_text())
    assert called == set(DEFINED)


def test_a_name_is_defined_once():
    """A second definition would silently take the place of the first."""
    names = [name for path in TEMPLATES.glob("*.tmpl") for name in re.findall(r'define "([^"]+)"', path.read_text())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", ONES)
def test_what_a_message_says(case, generation):
    """The title says the level, what, and how much of which limit; the lines below who spends it, what is left, and of what is over how long it took."""
    title, lines = ONES[case]
    made = rendered(generation, case)
    for path in ("slack.title", "slack.fallback", "email.headers.Subject", "pagerduty.description"):
        assert made[path] == title
    assert made["slack.text"].splitlines() == lines
    assert made["discord.title"] == title.replace("[", "", 1).replace("]", " ·", 1)
    for line in lines:
        assert line in made["email.text"].splitlines()


@pytest.mark.parametrize("case", ALERTS)
def test_nothing_is_a_hole_or_an_error(case, generation):
    """Whatever is missing in an alert: no empty text, no trace of a template, no label or sign that waits for its value."""
    made = rendered(generation, case)
    for path, text in made.items():
        # A vendor takes these empty, or Alertmanager leaves them out.
        assert text.strip() or path in MAY_BE_EMPTY or re.fullmatch(r"pagerduty\.links\.\d\.href", path), path
        assert not re.search(r"<no value>|%!|ZgotmplZ", text), path
        if not re.fullmatch(r"evil (origin )?(template|yaml)|evil fifty", case):
            assert "{{" not in text, path
    for path in ("slack.title", "slack.text", "text", "discord.message", "pagerduty.details.firing"):
        assert not re.search(r":[ \t]*$|, *,|\( *\)|: *[,:]", made[path], re.MULTILINE), path
    for path, text in made.items():
        if path.endswith(("url", "title_link", "href")) and text:
            assert re.fullmatch(r"https?://[^\s<>\"]+", text), path
            assert len(text) <= 3000, path


@pytest.mark.parametrize("case", ALERTS)
def test_both_generations_say_the_same(case):
    """Nothing that is shown depends on what Alertmanager 0.33 has more than 0.25 (but for the tab that keeps YAML away)."""
    old, new = (rendered(generation, case) for generation in ("old", "new"))
    assert old.keys() == new.keys()
    for path, text in old.items():
        assert text == new[path].removeprefix("\t"), path


@pytest.mark.parametrize(
    ("case", "more"), [("fifty", 40), ("a hundred", 90), ("evil fifty", len(ALERTS["evil fifty"]) - 10)]
)
def test_many_alerts_are_a_short_list(case, more, generation):
    """Ten lines, the worst first, and how many more; each channel within what its vendor takes."""
    made = rendered(generation, case)
    for path in ("slack.text", "pagerduty.details.firing", "pushover.message"):
        *lines, last = made[path].strip().splitlines()
        assert len(lines) == 10, path
        assert last == f"and {more} more"
    assert made["slack.title"].endswith(f", and {more + 9} more")
    assert len(made["slack.text"]) < 8000
    assert len(made["discord.message"]) <= 4096
    assert len(made["telegram.message"]) <= 4096
    assert len(made["pagerduty.description"]) <= 1024
    assert sum(len(text) for path, text in made.items() if path.startswith("pagerduty")) < 100_000
    assert len(made["email.html"]) < 100_000, "Gmail cuts a letter there"


def test_the_worst_alert_is_the_one_that_is_spoken_of(generation):
    """One that is critical among a hundred warnings stands in the title, on top of the list, and gives colour and severity."""
    made = rendered(generation, "a hundred")
    assert made["slack.title"].startswith("[Critical] Model gpt-70, spend rate: $60.00 a minute")
    assert made["slack.text"].startswith("• [Critical] Model gpt-70,")
    assert made["slack.color"] == rendered(generation, "one")["slack.color"]
    assert made["pagerduty.severity"] == "critical"
    assert made["pagerduty.component"] == "gpt-70"


def test_levels_are_told_apart_by_colour(generation):
    """Each level has a colour of its own, what is resolved another, and what has no level another."""
    cases = ("emergency", "one", "forecast", "info", "resolved", "only a name")
    colours = [rendered(generation, case)["slack.color"] for case in cases]
    assert len(set(colours)) == len(cases)
    for case, colour in zip(cases, colours, strict=True):
        assert re.fullmatch("#[0-9A-F]{6}", colour)
        assert f"background:{colour}" in rendered(generation, case)["email.html"]


@pytest.mark.parametrize(
    ("case", "severity"),
    [("emergency", "critical"), ("one", "critical"), ("forecast", "warning"), ("info", "info"), ("no name", "error")],
)
def test_pagerduty_knows_the_severity(case, severity, generation):
    """It is one of PagerDuty's four; what the rules don't know is an error."""
    assert rendered(generation, case)["pagerduty.severity"] == severity


def test_pagerduty_has_a_table(generation):
    """Figure, limit, top contributor and what is left stand in rows of their own; where there is nothing, it says so."""
    made = {path.removeprefix("pagerduty.details."): text.strip() for path, text in rendered(generation, "one").items()}
    assert made["what"] == "Daily budget company"
    assert made["figure"] == "$91.20 of $100.00 (91.2%)"
    assert made["limit"] == "$100.00"
    assert made["most of it"] == "model gpt-4o, app checkout, team search, $61.20"
    assert made["left"] == "6h 12m"
    assert made["firing"] == "[Critical] Daily budget company: $91.20 of $100.00 (91.2%)"
    assert made["resolved"] == "none"
    assert made["from"] == "none"
    assert rendered(generation, "two origins")["pagerduty.details.from"].strip() == "cluster prod, env live"
    assert rendered(generation, "rate")["pagerduty.details.limit"].strip() == "$50.00"
    for row in ("figure", "limit", "most of it", "left"):
        assert rendered(generation, "pipeline")[f"pagerduty.details.{row}"].strip() == "none"
    over = rendered(generation, "several resolved")["pagerduty.details.resolved"].strip()
    assert over.splitlines()[0] == "Model gpt-0, spend rate: $60.00 a minute, limit $50.00, Fired for 3h 12m"


def test_a_list_tells_apart_what_rates_are_by(generation):
    """A policy may have rates by any label: each line names whose it is, beside the model where there is one."""
    alerts = [rate("gpt-4o"), rate("gpt-4o"), rate("gpt-4o")]
    for made, of in zip(alerts, ("customer acme", "customer <b>", "no customer"), strict=True):
        made["annotations"]["of"] = of
    del alerts[0]["labels"]["model"]
    channels = messages(VERSIONS[generation])
    said = render(generation, channels["slack"]["title"] + "\n" + channels["slack"]["text"], data(alerts)).splitlines()
    rest = ": $60.00 a minute, limit $50.00"
    assert said == [
        f"[Critical] customer acme, spend rate{rest}, and 2 more",
        f"• [Critical] customer acme, spend rate{rest}",
        f"• [Critical] Model gpt-4o, customer &lt;b&gt;, spend rate{rest}",
        f"• [Critical] Model gpt-4o, no customer, spend rate{rest}",
    ]


@pytest.mark.parametrize(
    ("case", "pushover", "opsgenie"),
    [
        ("emergency", "2", "P1"),
        ("one", "2", "P2"),
        ("forecast", "0", "P3"),
        ("info", "-1", "P5"),
        ("no name", "0", "P3"),
        ("resolved", "0", "P2"),
    ],
)
def test_a_phone_rings_for_what_is_critical_alone(case, pushover, opsgenie, generation):
    """Pushover's 2 rings until somebody confirms it: a warning is a message, info a silent one, and no end rings."""
    assert rendered(generation, case)["pushover.priority"] == pushover
    assert rendered(generation, case)["opsgenie.priority"] == opsgenie


def test_a_policy_that_makes_an_alert_milder_is_heard(generation):
    """Where the policy gives a level another severity, the message has that severity and not the level's name."""
    mild = budget("emergency")
    mild["labels"]["severity"] = "info"
    channels = messages(VERSIONS[generation])
    asked = (channels["slack"]["title"], channels["pushover"]["priority"], channels["opsgenie"]["priority"])
    title, pushover, opsgenie = render(generation, "\n".join(asked), data([mild])).splitlines()
    assert title.startswith("[Info] ")
    assert (pushover, opsgenie) == ("-1", "P5")


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ("2026-11-24T14:02:09Z", "9s"),
        ("2026-11-24T14:06:20Z", "4m"),
        ("2026-11-24T16:02:00Z", "2h 0m"),
        ("2026-11-25T14:02:00Z", "1d"),
        ("2026-11-25T14:07:00Z", "1d 5m"),
        ("2026-12-11T18:07:10Z", "17d 4h 5m"),
        ("2026-11-24T14:02:00Z", "0s"),
    ],
)
def test_how_long_it_fired_is_said_as_people_say_it(ended, said, generation):
    """Days, hours and minutes; seconds only where it was less than a minute."""
    text = messages(VERSIONS[generation])["slack"]["text"]
    lines = render(generation, text, data([budget(ended=ended)])).splitlines()
    assert lines[0] == f"Fired for: {said}"


def test_the_documented_message_is_what_is_sent():
    """docs/alertmanager.md shows a message that fires as it really is."""
    title, lines = ONES["one"]
    shown = textwrap.indent("\n".join([title, *lines]), "    ")
    assert shown in (ROOT / "docs/alertmanager.md").read_text()


@pytest.mark.parametrize(
    "copied",
    [
        r"\(stringSlice \"\w+\" (\.Status .*?)\)",
        r"(\{\{ \$lead := index \.Alerts 0 \}\}.*\n.*\n.*)",
        r"(\(stringSlice \"replica\" .*?\))",
        r"(\(\.GroupLabels\.Remove .*?\)\))",
        r"(\{\{ \$level := or \.Labels\.severity.*\n.*)",
    ],
    ids=[
        "the record of an alert",
        "the worst alert",
        "labels of a replica",
        "labels of every group",
        "the level of an alert",
    ],
)
def test_what_templates_must_repeat_is_alike(copied):
    """A template gives no value back, so these stand wherever they are needed; one that is changed alone would be wrong in silence."""
    found = [copy for path in TEMPLATES.glob("*.tmpl") for copy in re.findall(copied, path.read_text())]
    assert len(found) >= 2
    assert len(set(found)) == 1
