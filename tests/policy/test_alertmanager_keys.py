"""The section `alertmanager` of a policy: a mistake is one clear line and nothing is written; what it leaves out is completed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from llm_cost_exporter import policy
from llm_cost_exporter.commands.render import command
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.policy.channels import CHANNELS, OLD, Channels
from tests.processes import ROOT

# A section of each kind that lacks nothing.
COMPLETE = {
    "slack": "{url_file: /s/a}",
    "email": "{to: a@example.com, from: b@example.com, smarthost: 'mail:25'}",
    "pagerduty": "{routing_key_file: /s/a}",
    "webhook": "{url_file: /s/a}",
    "discord": "{url_file: /s/a}",
    "msteams": "{url_file: /s/a}",
    "telegram": "{token_file: /s/a, chat_id: -5}",
    "mattermost": "{url_file: /s/a}",
    "rocketchat": "{url: 'https://a.example', token_file: /s/a, token_id_file: /s/b}",
    "webex": "{token_file: /s/a, room_id: a}",
    "pushover": "{token_file: /s/a, user_key_file: /s/b}",
    "line": "{token_file: /s/a, to: U0123456789abcdef0123456789abcdef}",
    "opsgenie": "{api_key_file: /s/a}",
    "victorops": "{api_key_file: /s/a, routing_key: a}",
    "incidentio": "{url_file: /s/a, token_file: /s/b}",
}
HOURS = "timezone: UTC, days: [monday:friday], from: '09:00', to: '17:00'"


def refusal(tmp_path: Path, text: str) -> str:
    """The one line that says what is wrong with a policy, without the file's name; nothing was written."""
    file, out = tmp_path / "policy.yml", tmp_path / "out"
    file.write_text(text)
    with pytest.raises(ConfigError) as bad:
        CliRunner().invoke(command, [str(file), "--out", str(out)], catch_exceptions=False)
    assert bad.value.exit_status == 2
    assert not out.exists()
    line = str(bad.value)
    assert "\n" not in line
    assert line.startswith(f"{file}: alertmanager")
    return line.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    "section, says",
    [
        ("[]", "alertmanager: must be a mapping"),
        ("yes", "alertmanager: must be a mapping"),
        ("{slak: {}}", "alertmanager.slak: unknown key; did you mean 'slack'?"),
        ("{receivers: []}", "alertmanager.receivers: unknown key"),
        # Versions.
        ("{version: 0.24}", 'alertmanager.version: is not known; "0.33" would be right, or "0.25"'),
        ("{version: 1}", "alertmanager.version: is no version"),
        ("{version: }", "alertmanager.version: is no version"),
        # Secrets, and their files.
        ("{slack: {api_url: 'https://a.example'}}", "alertmanager.slack.api_url: would put a secret into the rendered file; url_file,"),
        ("{slack: {url: x}}", "alertmanager.slack.url: would put a secret into the rendered file; url_file,"),
        ("{slack: {token: x}}", "alertmanager.slack.token: would put a secret into the rendered file; token_file,"),
        ("{pagerduty: {routing_key: x}}", "alertmanager.pagerduty.routing_key: would put a secret into the rendered file; routing_key_file,"),
        ("{email: {password: x}}", "alertmanager.email.password: would put a secret into the rendered file; password_file,"),
        ("{telegram: {bot_token: x}}", "alertmanager.telegram.bot_token: would put a secret into the rendered file; token_file,"),
        ("{deadman: {url: x}}", "alertmanager.deadman.url: would put a secret into the rendered file; url_file,"),
        ("{teams: {a: {discord: {webhook_url: x}}}}", "alertmanager.teams.a.discord.webhook_url: would put a secret into the rendered file; url_file,"),
        ('{teams: {"a\\nb": {slack: {token: x}}}}', "alertmanager.teams.'a\\nb'.slack.token: would put"),
        ("{slack: {url_file: slack-url}}", "alertmanager.slack.url_file: the whole path of a file on the machine of Alertmanager"),
        ("{slack: {url_file: 'https://hooks.example/x'}}", "alertmanager.slack.url_file: the whole path of a file"),
        ("{slack: {url_file: 5}}", "alertmanager.slack.url_file: must be text"),
        ('{slack: {url_file: "/a\\nb"}}', "alertmanager.slack.url_file: the whole path of a file"),
        # Missing and contradictory keys.
        ("{slack: {}}", "alertmanager.slack.url_file: is missing; token_file would do too"),
        ("{slack: {url_file: /s/a, token_file: /s/b, channel: c}}", "alertmanager.slack.token_file: stands beside url_file; one of them"),
        ("{slack: {token_file: /s/a}}", "alertmanager.slack.channel: is missing; a bot's token"),
        ("{slack: }", "alertmanager.slack: is empty"),
        ("{slack: '#a'}", "alertmanager.slack: must be a mapping"),
        ("{slack: {url_file: /s/a, chanel: x}}", "alertmanager.slack.chanel: unknown key; did you mean 'channel'?"),
        ("{slack: {url_file: /s/a, channel: ' '}}", "alertmanager.slack.channel: a short text would be right"),
        ("{email: {to: a@example.com, from: b@example.com}}", "alertmanager.email.smarthost: is missing"),
        ("{email: {to: a@example.com, smarthost: 'a:25'}}", "alertmanager.email.from: is missing"),
        ("{email: {to: nobody, from: b@example.com, smarthost: 'a:25'}}", "alertmanager.email.to: 'nobody' is no email address"),
        ("{email: {to: [], from: b@example.com, smarthost: 'a:25'}}", "alertmanager.email.to: an address, or a list of them"),
        ("{email: {to: [a@b, 5], from: b@example.com, smarthost: 'a:25'}}", "alertmanager.email.to: an address, or a list"),
        ('{email: {to: "a@b\\nBcc: c@d", from: b@example.com, smarthost: "a:25"}}', "alertmanager.email.to: "),
        ("{email: {to: a@b, from: 'a@b, c@d', smarthost: 'a:25'}}", "alertmanager.email.from: 'a@b, c@d' is no email address"),
        ("{email: {to: a@b, from: c@d, smarthost: mail}}", "alertmanager.email.smarthost: HOST:PORT would be right"),
        ("{email: {to: a@b, from: c@d, smarthost: 'mail:70000'}}", "alertmanager.email.smarthost: HOST:PORT would be right"),
        ("{email: {to: a@b, from: c@d, smarthost: 'a:25', username: x}}", "alertmanager.email.password_file: is missing beside username"),
        ("{email: {to: a@b, from: c@d, smarthost: 'a:25', password_file: /x}}", "alertmanager.email.username: is missing beside"),
        ("{email: {to: a@b, from: c@d, smarthost: 'a:25', require_tls: 'no'}}", "alertmanager.email.require_tls: must be true or false"),
        ("{pagerduty: {url: 'https://a.example'}}", "alertmanager.pagerduty.routing_key_file: is missing"),
        ("{pagerduty: {routing_key_file: /s/a, url: events}}", "alertmanager.pagerduty.url: is no URL"),
        ("{pagerduty: {routing_key_file: /s/a, url: 'https://a:key@b.example/v2'}}", "alertmanager.pagerduty.url: would put what may be a secret"),
        ("{opsgenie: {api_key_file: /s/a, url: 'https://b.example/?key=5'}}", "alertmanager.opsgenie.url: would put what may be a secret"),
        ("{slack: {url_file: /s/a, channel: '{{ .Status'}}", "alertmanager.slack.channel: {{ begins a template of Alertmanager"),
        ("{email: {to: '{{.Status}}@example.com', from: b@example.com, smarthost: 'a:25'}}", "alertmanager.email.to: '{{.Status}}@example.com' is no"),
        ("{deadman: {every: 5m}}", "alertmanager.deadman.url_file: is missing"),
        ("{deadman: {url_file: /s/a, every: 10s}}", "alertmanager.deadman.every: from 1m to 1d"),
        ("{deadman: {url_file: /s/a, each: []}}", "alertmanager.deadman.each: is empty"),
        ("{deadman: {url_file: /s/a, each: {cluster: prod}}}", "alertmanager.deadman.each: must be a list"),
        ("{deadman: {each: [{url_file: /s/a}]}}", "alertmanager.deadman.each[0].match: is missing; the labels of a Prometheus, such as {cluster: prod}"),
        ("{deadman: {each: [{match: {}, url_file: /s/a}]}}", "alertmanager.deadman.each[0].match: is missing"),
        ("{deadman: {each: [{match: {cluster: prod}}]}}", "alertmanager.deadman.each[0].url_file: is missing"),
        ("{deadman: {each: [{match: {cluster: 5}, url_file: /s/a}]}}", "alertmanager.deadman.each[0].match.cluster: must be text"),
        ("{deadman: {each: [{match: {a-b: c}, url_file: /s/a}]}}", "alertmanager.deadman.each[0].match.a-b: is no label"),
        ("{deadman: {each: [{match: {cluster: prod}, url: x}]}}", "alertmanager.deadman.each[0].url: would put a secret into the rendered file; url_file,"),
        ("{deadman: {each: [{match: {cluster: prod}, url_fil: /s/a}]}}", "alertmanager.deadman.each[0].url_fil: unknown key; did you mean 'url_file'?"),
        (
            "{deadman: {each: [{match: {a: b}, url_file: /s/a}, {match: {a: c}, url_file: /s/b}, {match: {a: b, d: e}, url_file: /s/c}]}}",
            "alertmanager.deadman.each[2].match: is never asked, since each[0] fits whatever it fits; labels that differ, or this one first",
        ),
        # What tells installations apart.
        ("{origin_labels: cluster}", "alertmanager.origin_labels: must be a list"),
        ("{origin_labels: }", "alertmanager.origin_labels: is empty; give it a value or leave the key out"),
        ("{origin_labels: [5]}", "alertmanager.origin_labels[0]: must be text"),
        ("{origin_labels: [cluster, cluster]}", "alertmanager.origin_labels: cluster stands twice"),
        ("{origin_labels: [my-cluster]}", "alertmanager.origin_labels[0]: is no label: letters, digits and _"),
        ("{origin_labels: ['...']}", "alertmanager.origin_labels[0]: is no label"),
        *(
            (
                f"{{origin_labels: [cluster, {name}]}}",
                f"alertmanager.origin_labels[1]: {name} tells apart the Prometheus of an HA pair, and each of them would page; a label such as cluster",
            )
            for name in ("replica", "prometheus_replica", "__replica__", "ruler_replica")
        ),
        *(
            (f"{{origin_labels: [{name}]}}", f"alertmanager.origin_labels[0]: {name} says what an alert is about, not which installation sent it;")
            for name in ("instance", "job", "pod", "alertname", "budget", "period", "level", "severity", "team", "ledger", "alertgroup")
        ),
        ("{telegram: {token_file: /s/a}}", "alertmanager.telegram.chat_id: is missing"),
        ("{telegram: {token_file: /s/a, chat_id: '@a'}}", "alertmanager.telegram.chat_id: a whole number, such as -100"),
        ("{telegram: {token_file: /s/a, chat_id: 0}}", "alertmanager.telegram.chat_id: a whole number"),
        ("{line: {token_file: /s/a, to: me}}", "alertmanager.line.to: the id of a user"),
        ("{webhook: {url_file: /s/a, max_alerts: -1}}", "alertmanager.webhook.max_alerts: "),
        # Which severity goes where.
        ("{channels: {critical: [pagerduty, telegram]}}", "alertmanager.channels.critical[1]: there is no section alertmanager.telegram"),
        ("{slack: {url_file: /s/a}, channels: {info: [email]}}", "alertmanager.channels.info[0]: there is no section alertmanager.email"),
        ("{channels: {critical: [pager]}}", "alertmanager.channels.critical[0]: 'pager' is not known; did you mean 'pagerduty'?"),
        ("{channels: {critical: [deadman]}}", "alertmanager.channels.critical[0]: 'deadman' is not known"),
        ("{channels: {critical: slack}}", "alertmanager.channels.critical: must be a list"),
        ("{channels: {critical: []}}", "alertmanager.channels.critical: is empty"),
        ("{channels: {critical: [slack, slack]}}", "alertmanager.channels.critical: slack stands twice"),
        ("{channels: {page: [slack]}}", "alertmanager.channels.page: unknown key"),
        ("{channels: {info: }}", "alertmanager.channels.info: must be a list"),
        # Teams.
        ("{teams: [search]}", "alertmanager.teams: must be a mapping"),
        ("{teams: {search: }}", "alertmanager.teams.search: is empty"),
        ("{teams: {search: {slack: {chanel: x}}}}", "alertmanager.teams.search.slack.chanel: unknown key; did you mean 'channel'?"),
        ("{teams: {search: {slak: {}}}}", "alertmanager.teams.search.slak: unknown key; did you mean 'slack'?"),
        ("{teams: {search: {deadman: {url_file: /s/a}}}}", "alertmanager.teams.search.deadman: unknown key"),
        ("{teams: {' ': {}}}", "alertmanager.teams. : a short name"),
        ("{teams: {5: {}}}", "alertmanager.teams[5]: must be text"),
        ("{teams: {llm-cost: {}}}", "alertmanager.teams.llm-cost: is what the default receivers are called by"),
        ("{teams: {a: {telegram: {chat_id: 5}}}}", "alertmanager.teams.a.telegram.token_file: is missing"),
        ("{teams: {a: {slack: {token_file: /s/a, url_file: /s/b}}}}", "alertmanager.teams.a.slack.token_file: stands beside url_file"),
        ("{slack: {url_file: /s/a}, teams: {a: {slack: {token_file: /s/a}}}}", "alertmanager.teams.a.slack.channel: is missing"),
        ("{incidentio: {url_file: /s/a, token_file: /s/b}, teams: {a: {incidentio: {token_file: /s/c}}}}", "alertmanager.teams.a.incidentio.url_file: is missing"),
        ("{teams: {a: {channels: {info: [discord]}}}}", "alertmanager.teams.a.channels.info[0]: there is no section alertmanager.teams.a.discord"),
        ("{platform: sre}", "alertmanager.platform: 'sre' is none of alertmanager.teams (there is none)"),
        ("{platform: b, teams: {a: {}, c: {}}}", "alertmanager.platform: 'b' is none of alertmanager.teams (a, c)"),
        # Times.
        ("{repeat_interval: {critical: 1}}", "alertmanager.repeat_interval.critical: 1 has no unit"),
        ("{repeat_interval: {critical: 1m}}", "alertmanager.repeat_interval.critical: from 5m to 31d"),
        ("{repeat_interval: {page: 1h}}", "alertmanager.repeat_interval.page: unknown key"),
        ("{repeat_interval: {info: 6d}}", "alertmanager.repeat_interval.info: 6d is longer than data_retention, 5d"),
        ("{data_retention: 2d}", "alertmanager.repeat_interval.info: 3d is longer than data_retention, 2d"),
        ("{cooldown: 1m}", "alertmanager.cooldown: from 5m to 1d"),
        ("{info_digest: daily}", "alertmanager.info_digest: 'daily' is no duration"),
        ("{info_digest: 5m}", "alertmanager.info_digest: from 1h to 4d"),
        ("{business_hours: {}}", "alertmanager.business_hours.timezone: is missing"),
        ("{business_hours: {timezone: Mars/Olympus}}", "alertmanager.business_hours.timezone: "),
        (f"{{business_hours: {{{HOURS.replace('UTC', 'Local')}}}}}", "alertmanager.business_hours.timezone: "),
        (f"{{business_hours: {{{HOURS.replace('monday:', 'mon:')}}}}}", "alertmanager.business_hours.days: 'mon:friday' is no day; did you mean 'monday'?"),
        (f"{{business_hours: {{{HOURS.replace('monday:friday', 'friday:monday')}}}}}", "alertmanager.business_hours.days: 'friday:monday' does not go"),
        (f"{{business_hours: {{{HOURS.replace('17:00', '08:00')}}}}}", "alertmanager.business_hours.to: 08:00 is not after from, 09:00"),
        (f"{{business_hours: {{{HOURS.replace('17:00', '25:00')}}}}}", 'alertmanager.business_hours.to: a time such as "09:00"'),
        (f"{{business_hours: {{{HOURS.replace('09:00', '9:00')}}}}}", 'alertmanager.business_hours.from: a time such as "09:00"'),
        (f"{{teams: {{a: {{business_hours: {{{HOURS.replace('to:', 'until:')}}}}}}}}}", "alertmanager.teams.a.business_hours.until: unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_nothing_is_written(tmp_path: Path, section: str, says: str):
    """The line names the key and what would be right; the exit status is 2 and there is no folder."""
    assert refusal(tmp_path, f"alertmanager: {section}\n").startswith(says)


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_key_of_a_channel_that_must_be_there(tmp_path: Path, kind: str):
    """A section without one of its keys is told as such, for each; the whole is taken."""
    section = yaml.safe_load(COMPLETE[kind])
    file = tmp_path / "policy.yml"
    file.write_text(f"alertmanager: {{{kind}: {COMPLETE[kind]}}}")
    assert policy.load(file)["alertmanager"][kind] == section
    for key in section:
        rest = {other: value for other, value in section.items() if other != key}
        assert refusal(tmp_path, yaml.safe_dump({"alertmanager": {kind: rest}})).startswith(
            f"alertmanager.{kind}.{key}: is missing"
        )


@pytest.mark.parametrize("kind", sorted(set(CHANNELS) - set(OLD)))
def test_what_the_old_alertmanager_has_no_file_for_is_refused(tmp_path: Path, kind: str):
    """Version 0.25 takes Slack, email and PagerDuty, of the default and of teams; the line says which version would do."""
    says = f'alertmanager.{kind}: Alertmanager 0.25 can\'t take what a {kind} receiver needs from a file; version: "0.33" would be right'
    assert refusal(tmp_path, f"alertmanager: {{version: 0.25, {kind}: {COMPLETE[kind]}}}").startswith(says)
    of_team = refusal(tmp_path, f'alertmanager: {{version: "0.25", teams: {{a: {{{kind}: {COMPLETE[kind]}}}}}}}')
    assert of_team.startswith(says.replace(f"alertmanager.{kind}", f"alertmanager.teams.a.{kind}"))


def test_a_dead_mans_switch_is_refused_for_the_old_alertmanager(tmp_path: Path):
    """Its address is a webhook's: asked for at version 0.25, it is an error; the default's falls away."""
    assert "alertmanager.deadman: Alertmanager 0.25 can't take the address of a webhook" in refusal(
        tmp_path, "alertmanager: {version: 0.25, deadman: {url_file: /s/a}}"
    )


def test_kinds_are_known_by_one_name_everywhere():
    """The keys of a section, the words of `channels` and the example are the same."""
    assert set(Channels.model_fields) == set(CHANNELS) == set(COMPLETE)
    text = (ROOT / "policy.example.yml").read_text()
    for kind, channel in CHANNELS.items():
        assert f"\n  {kind}:" in text or f"\n  #{kind}:" in text
        for name, field in channel.model.model_fields.items():
            assert f"{field.alias or name}:" in text or f"{name}," in text


def test_the_example_is_right_with_its_comments_taken_off(tmp_path: Path):
    """What the example shows as further possibilities can be used as it stands there."""
    lines = (ROOT / "policy.example.yml").read_text().partition("\nalertmanager:")[2].splitlines()
    shown = [
        line.replace("  #", "  ", 1) if line.startswith(tuple(f"  #{kind}:" for kind in CHANNELS)) else line
        for line in lines
    ]
    shown = [line.replace("    #emergency", "    emergency") for line in shown if line != "  teams: {}"]
    at = shown.index("  #  search:")
    shown[at:at] = ["  teams:"]
    shown = [line.replace("  #  ", "    ", 1) if line.startswith("  #  ") else line for line in shown]
    file = tmp_path / "policy.yml"
    file.write_text("\n".join(["alertmanager:", *shown]))
    complete = policy.load(file)["alertmanager"]
    assert set(CHANNELS) <= set(complete)
    assert complete["teams"]["search"]["channels"] == {"info": ["email"]}
    assert complete["channels"]["emergency"] == ["pagerduty", "slack", "telegram"]


@pytest.mark.parametrize("version", ["0.25", "'0.25'", "0.33", '"0.33"'])
def test_a_version_may_be_text_or_what_yaml_makes_of_it(tmp_path: Path, version: str):
    """Quotes may be forgotten."""
    file = tmp_path / "policy.yml"
    file.write_text(f"alertmanager: {{version: {version}}}")
    assert policy.load(file)["alertmanager"]["version"] == version.strip("'\"")


def test_channels_that_are_named_take_the_place_of_the_examples(tmp_path: Path):
    """With one named, no example address is left; with none, all are; the dead man's switch alone leaves the others."""
    file, default = tmp_path / "policy.yml", policy.defaults()["alertmanager"]
    kinds = {"slack", "email", "pagerduty", "deadman"}

    def kept(section: str) -> dict[str, object]:
        file.write_text(f"alertmanager: {section}")
        complete: dict[str, object] = policy.load(file)["alertmanager"]
        return {kind: complete[kind] for kind in complete if kind in kinds}

    assert kept("{slack: {url_file: /s/a}}") == {"slack": {"url_file": "/s/a"}}
    assert set(kept("{cooldown: 10m}")) == kinds
    assert set(kept("{teams: {a: {slack: {channel: b}}}}")) == kinds
    assert kept("{deadman: {url_file: /s/a}}") == {
        **{kind: default[kind] for kind in kinds},
        "deadman": {"url_file": "/s/a", "every": "5m"},
    }


def test_labels_that_tell_installations_apart_may_be_others_or_none(tmp_path: Path):
    """A list is taken as it is; without one all installations are one."""
    file = tmp_path / "policy.yml"

    def kept(section: str) -> object:
        file.write_text(f"alertmanager: {section}")
        return policy.load(file)["alertmanager"]["origin_labels"]

    assert kept("{cooldown: 10m}") == []
    assert kept("{origin_labels: [datacenter]}") == ["datacenter"]
    assert kept("{origin_labels: []}") == []
