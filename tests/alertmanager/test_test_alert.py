"""`test-alert`, as a person runs it, on real Alertmanagers of both generations."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from tests.alertmanager.calling import one_line, run
from tests.alertmanager.receivers import PagerDuty, Slack
from tests.processes import wait_for
from tests.servers import Server, Servers
from tests.web_kit import Certificate, issue_certificate

pytestmark = pytest.mark.waits
SECRET = "pass: wörd/%"  # what would break a URL, a header or YAML, were it not encoded


@pytest.fixture
def receivers() -> Iterator[tuple[PagerDuty, Slack]]:
    pagerduty, slack = PagerDuty(), Slack()
    yield pagerduty, slack
    pagerduty.close()
    slack.close()


def config(pagerduty: PagerDuty, slack: Slack, **more: Any) -> dict[str, Any]:
    """Pages to PagerDuty and Slack, a team's own Slack, the rest to nobody."""
    return {
        "global": {"pagerduty_url": f"{pagerduty.url}/v2/enqueue", "slack_api_url": f"{slack.url}/hook"},
        "route": {
            "receiver": "nobody",
            "group_by": ["alertname", "budget"],
            "group_wait": "100ms",
            "group_interval": "1s",
            "routes": [
                {"receiver": "search", "matchers": ['team="search"']},
                {"receiver": "page", "matchers": ['severity="critical"'], "continue": True},
                {"receiver": "room", "matchers": ['severity="critical"']},
            ],
        },
        "receivers": [
            {"name": "nobody"},
            {"name": "page", "pagerduty_configs": [{"routing_key": "0123456789abcdef" * 2}]},
            {"name": "room", "slack_configs": [{"send_resolved": True, "title": "{{ .CommonLabels.budget }}"}]},
            {"name": "search", "slack_configs": [{"send_resolved": True, "text": "{{ .CommonAnnotations.summary }}"}]},
        ],
        **more,
    }


def firing(alertmanager: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = alertmanager.get("/api/v2/alerts").json()
    return found


def test_it_goes_where_a_page_goes_and_is_resolved(servers, generation, receivers, capsys):
    """Every receiver of the route has it, marked as a test, then resolved; the command says to whom it went."""
    pagerduty, slack = receivers
    alertmanager = servers.alertmanager(generation, config(pagerduty, slack))
    status, out, err = run(capsys, "--alertmanager", alertmanager.url, "--severity", "emergency", "--wait", "3s")
    assert (status, err) == (0, "")
    assert "budget=test-alert 20" in out
    assert "period=day, level=emergency, severity=critical" in out
    assert "goes to: page, room\n" in out
    assert "\nresolved; " in out
    assert "1 to pagerduty, 1 to slack" in out
    assert firing(alertmanager) == []
    wait_for(lambda: len(slack.taken) == 2 and len(pagerduty.taken) == 2, what="both are told that it is resolved")
    assert [event["event_action"] for event in (one.body for one in pagerduty.taken)] == ["trigger", "resolve"]
    assert slack.messages[0]["title"].startswith("test-alert ")
    assert (pagerduty.problems, slack.problems) == ([], [])


def test_a_team_has_its_own_routes(servers, generation, receivers, capsys):
    """--team is the label that routes go by; the message says that it is a test."""
    alertmanager = servers.alertmanager(generation, config(*receivers))
    status, out, _ = run(capsys, "--alertmanager", alertmanager.url + "/", "--team", "search", "--wait", "2s")
    assert (status, "goes to: search\n" in out) == (0, True)
    assert receivers[1].messages[0]["text"] == "This is a test: no budget has reached a level of its limit."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_is_resolved_at_once(servers, generation, receivers, number):
    """Ctrl-C, or a SIGTERM, ends the wait, not the resolution."""
    alertmanager = servers.alertmanager(generation, config(*receivers))
    command = [sys.executable, "-m", "llm_cost_exporter", "test-alert", "--alertmanager", alertmanager.url]
    with subprocess.Popen([*command, "--wait", "10m"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        wait_for(lambda: "at once" in process.stdout.readline(), 60, "the wait")  # type: ignore[union-attr]
        assert len(firing(alertmanager)) == 1
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(30) == 0
    assert rest.startswith("resolved")
    assert firing(alertmanager) == []


def test_killed_it_ends_by_itself(servers, generation, receivers):
    """Alertmanager knows from the first moment when the alert ends, should nobody be left to say so."""
    alertmanager = servers.alertmanager(generation, config(*receivers))
    command = [sys.executable, "-m", "llm_cost_exporter", "test-alert", "--alertmanager", alertmanager.url]
    with subprocess.Popen([*command, "--wait", "100s"], stdout=subprocess.PIPE) as process:
        (alert,) = wait_for(lambda: firing(alertmanager), 60, "the alert")
        process.kill()
    seconds = {what: _seconds(alert[what]) for what in ("startsAt", "endsAt")}
    assert seconds["endsAt"] - seconds["startsAt"] == pytest.approx(160, abs=0.01)


def _seconds(text: str) -> float:
    from llm_cost_exporter import times

    when = times.parse(text)
    assert when is not None
    return when


def test_what_keeps_it_from_people_is_told(servers, generation, receivers, capsys):
    """A silence, or an alert that inhibits it, makes the test fail, with the reason; Alertmanager 0.33 tells of a time interval too."""
    rules = [{"source_matchers": ["alertname=Storm"], "target_matchers": ["severity=info"], "equal": []}]
    more: dict[str, Any] = {"inhibit_rules": rules, "time_intervals": [{"name": "always", "time_intervals": [{}]}]}
    made = config(*receivers, **more)
    muted: dict[str, Any] = {"receiver": "room", "matchers": ['severity="warning"'], "mute_time_intervals": ["always"]}
    made["route"]["routes"] += [muted, {"receiver": "search", "matchers": ['severity="warning"', 'team="shop"']}]
    muted["continue"] = True
    alertmanager = servers.alertmanager(generation, made)
    silence = {
        "matchers": [{"name": "severity", "value": "critical", "isRegex": False}],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "me",
        "comment": "quiet",
    }
    identity = alertmanager.http.post(alertmanager.url + "/api/v2/silences", json=silence, timeout=30).json()[
        "silenceID"
    ]
    alertmanager.http.post(alertmanager.url + "/api/v2/alerts", json=[{"labels": {"alertname": "Storm"}}], timeout=30)
    wait_for(lambda: len(firing(alertmanager)) == 1, what="the alert that inhibits")
    base = ("--alertmanager", alertmanager.url, "--wait", "1s", "--severity")
    status, _, err = run(capsys, *base, "critical")
    assert (status, f"reached nobody: it is silenced by the silence {identity}" in err) == (1, True)
    status, _, err = run(capsys, *base, "info")
    assert (status, "reached nobody: it is inhibited by the alert with fingerprint" in err) == (1, True)
    known = generation == "new"  # before 0.28 the API does not tell
    status, _, err = run(capsys, *base, "warning")
    assert (status, "reached nobody: it is muted by the time interval always" in err) == (int(known), known)
    status, _, err = run(capsys, *base, "warning", "--team", "shop")
    assert (status, err == "warning: room is muted by the time interval always\n") == (0, known)


def test_a_receiver_that_refuses_is_told(servers, generation, receivers, capsys):
    """That Alertmanager took the alert is not all: requests to receivers that fail are seen."""
    pagerduty, slack = receivers
    slack.answers(*[404] * 10)
    alertmanager = servers.alertmanager(generation, config(pagerduty, slack))
    status, out, err = run(capsys, "--alertmanager", alertmanager.url, "--severity", "critical", "--wait", "3s")
    assert status == 0
    assert "1 to pagerduty" in out
    assert "failed)" in out.partition("to slack (")[2]
    assert err == "warning: requests to receivers failed; Alertmanager's log says why\n"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return issue_certificate(tmp_path_factory.mktemp("ca"), "ca")


@pytest.fixture
def guarded(servers: Servers, generation: str, ca: Certificate, tmp_path: Path) -> Server:
    """An Alertmanager behind TLS, a user and a path, which also wants the client's certificate."""
    own = issue_certificate(tmp_path, "server", ca)
    hashed = bcrypt.hashpw(SECRET.encode(), bcrypt.gensalt(4)).decode()
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {own.cert_file}, key_file: {own.key_file}, client_ca_file: {ca.cert_file},"
        " client_auth_type: VerifyClientCertIfGiven}\n"
        f"basic_auth_users: {{alice: '{hashed}'}}\n"
    )
    flags = (f"--web.config.file={web}", "--web.route-prefix=/am", "--web.external-url=https://alerts.example/am")
    plain = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    server = servers.alertmanager(generation, plain, flags=flags, wait=False)
    server.url = f"https://{server.address}/am"
    server.http.verify = str(ca.cert_file)
    server.http.auth = (b"alice", SECRET.encode())  # type: ignore[assignment]
    server.wait_ready()
    return server


def test_tls_and_a_user_as_amtool_has_them(guarded, ca, tmp_path, capsys):
    """The file of amtool's --http.config.file, paths from its folder, and a user in the URL, both lead in; no password is shown."""
    (tmp_path / "password").write_text(SECRET + "\n")
    client = issue_certificate(tmp_path, "client", ca)
    file = tmp_path / "http.yml"
    tls = f"tls_config: {{ca_file: {ca.cert_file}, cert_file: {client.cert_file.name}, key_file: {client.key_file.name}}}\n"
    file.write_text(f"basic_auth: {{username: alice, password_file: password}}\n{tls}")
    status, out, err = run(capsys, "--alertmanager", guarded.url, "--http.config.file", str(file), "--wait", "1s")
    assert (status, err, "goes to: nobody" in out) == (0, "", True)
    file.write_text(tls)
    with_user = guarded.url.replace("://", f"://alice:{requests_quote(SECRET)}@")
    status, out, err = run(capsys, "--alertmanager", with_user, "--http.config.file", str(file), "--wait", "1s")
    assert (status, err, "goes to: nobody" in out) == (0, "", True)
    assert "alice" not in out


def requests_quote(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def test_who_is_not_let_in_is_told_in_one_line(guarded, ca, tmp_path, capsys):
    """A missing or wrong user, a certificate that nobody vouches for, another name, the wrong scheme: each says what would be right."""
    file = tmp_path / "http.yml"
    base = ("--alertmanager", guarded.url, "--http.config.file", str(file))

    def said(text: str, url: str = guarded.url) -> str:
        file.write_text(text)
        status, line = one_line(capsys, "--alertmanager", url, *base[2:])
        assert status == 1
        assert "secret" not in line
        return line.removeprefix(f"{url}: ")

    trust = f"tls_config: {{ca_file: {ca.cert_file}}}\n"
    unauthorised = "unauthorised (401): the user or token is missing or wrong;"
    assert said(trust).startswith(unauthorised)
    assert said(trust + "basic_auth: {username: alice, password: secret-but-wrong}").startswith(unauthorised)
    assert said(trust + "authorization: {credentials: secret-token}").startswith(unauthorised)
    assert said("tls_config: {insecure_skip_verify: true}").startswith(unauthorised)
    untrusted = said("")
    assert untrusted.startswith("its certificate is not trusted: ")
    assert untrusted.endswith("tls_config with ca_file in --http.config.file would be right")
    other = said(f"tls_config: {{ca_file: {ca.cert_file}, server_name: alerts.example}}")
    assert "alerts.example" in other
    assert "server_name" in other
    plain = guarded.url.replace("https:", "http:")
    assert said("", plain) == f"speaks TLS there; {guarded.url} would be right"
    elsewhere = f"https://{guarded.address}/other"
    assert said(trust + f'basic_auth: {{username: alice, password: "{SECRET}"}}', elsewhere).startswith(
        "no Alertmanager is there (404)"
    )


def test_a_redirect_is_followed_within_the_host_alone(web, servers, generation, capsys):
    """A proxy that leads to its own path is followed; another host gets neither alert nor password, unless named."""
    plain = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    alertmanager = servers.alertmanager(generation, plain)
    front = web(302, Location=f"{alertmanager.url}/api/v2/status")
    status, out, _ = run(capsys, "--alertmanager", front, "--wait", "1s")
    assert (status, f"sent to {alertmanager.url} (" in out) == (0, True)
    elsewhere = web(302, Location=f"http://localhost:{alertmanager.address.rpartition(':')[2]}/api/v2/status")
    line = one_line(capsys, "--alertmanager", elsewhere.replace("://", "://bob:secret@"))[1]
    assert line.startswith(f"{elsewhere}: redirects to http://localhost:")
    assert "secret" not in line
    loop = web(302, Location="/api/v2/status")
    assert "redirects on and on" in one_line(capsys, "--alertmanager", loop)[1]
