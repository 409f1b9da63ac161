"""`test-alert` where there is no Alertmanager, or none is meant: one line that says what would be right, and no password in it."""

from __future__ import annotations

import socket

import pytest

from tests.alertmanager.calling import one_line
from tests.processes import free_port


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "<html>hello</html>", "no Alertmanager is there: "),
        (200, '{"status": "success"}', "no Alertmanager is there: "),
        (200, "[1]", "no Alertmanager is there: "),
        (404, "404 page not found", "no Alertmanager is there (404): "),
        (401, "who are you", "unauthorised (401): "),
        (403, "", "forbidden (403): "),
        (500, "out of\nmemory", "answers with status 500: out of memory"),
        (503, "", "answers with status 503"),
    ],
)
def test_what_is_no_alertmanager_is_told_in_one_line(web, capsys, status, body, said):
    """Whatever answers at the address, the line says what is wrong, and nothing is sent."""
    url = web(status, body)
    assert one_line(capsys, "--alertmanager", url)[1].startswith(f"{url}: {said}")


def test_no_server_and_a_silent_one(capsys, monkeypatch):
    """Refused, a host that is not known, and a server that takes a connection and says nothing, end in one line each."""
    from llm_cost_exporter.testalert import session

    monkeypatch.setattr(session, "_ANSWER_SECONDS", 0.3)
    url = f"http://127.0.0.1:{free_port()}"
    assert one_line(capsys, "--alertmanager", url) == (1, f"{url}: connection refused")
    assert one_line(capsys, "--alertmanager", "http://nobody.invalid") == (1, "http://nobody.invalid: no such host")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert one_line(capsys, "--alertmanager", url) == (1, f"{url}: no answer within 0.3 seconds")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--alertmanager", "localhost:9093"],
            "--alertmanager: 'localhost:9093' begins with neither http:// nor https://; http://localhost:9093 would be right",
        ),
        (
            ["--alertmanager", "am"],
            "--alertmanager: 'am' begins with neither http:// nor https://; http://am would be right",
        ),
        (["--alertmanager", "ftp://u:secret@am"], "--alertmanager: begins with neither http:// nor https://; "),
        (["--alertmanager", "http://"], "--alertmanager: has no host"),
        (["--alertmanager", "http://a:b:secret@[am"], "--alertmanager: is no URL; "),
        (["--alertmanager", "http://am:x"], "--alertmanager: is no URL; "),
        (["--alertmanager", "http://am/?secret"], "--alertmanager: has no host, or more than a host and a path"),
        (["--alertmanager", "http://am", "--wait", "5"], "--wait: '5' is no duration"),
        (["--alertmanager", "http://am", "--wait", "2h"], "--wait: '2h' is not within 1s to 1h"),
        (["--alertmanager", "http://am", "--wait", "0s"], "--wait: '0s' is not within"),
        (["--alertmanager", "http://am", "--team", " "], "--team: is empty"),
        (["--alertmanager", "http://am", "--severity", "loud"], "Invalid value for '--severity'"),
        ([], "Missing option '--alertmanager'"),
    ],
)
def test_wrong_usage_is_one_line(capsys, arguments, said):
    """A command line that can't be meant ends with status 2 before anything is sent, and shows no password."""
    status, line = one_line(capsys, *arguments)
    assert (status, line[: len(said)]) == (2, said)
    assert "secret" not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("basic_auth: {user: a}", "basic_auth.user: unknown key; did you mean 'username'?"),
        ("basic_auth: {username: a, password: [secret]}", "basic_auth.password: must be text"),
        ("basic_auth: {password: secret}", "basic_auth.username: is missing"),
        ("basic_auth: {username: a, password: secret, password_file: x}", "basic_auth.password: stands beside password_file"),
        ("basic_auth: {username: a, password_file: nowhere}", "basic_auth.password_file: "),
        ("bearer_token: secret\nbasic_auth: {username: a}", "bearer_token: stands beside basic_auth"),
        ("authorization: {type: Basic, credentials: secret}", "authorization.type: Basic has a section of its own"),
        ("authorization: {type: X}", "authorization.credentials: is missing"),
        ("oauth2: {client_id: a, client_secret: secret}", "oauth2: is not supported; basic_auth or authorization would be right"),
        ("tls_config: {ca: secret}", "tls_config.ca: is not supported; ca_file would be right"),
        ("tls_config: {cert_file: http.yml}", "tls_config.key_file: is missing"),
        ("tls_config: {ca_file: http.yml}", "tls_config.ca_file: holds no certificates"),
        ("tls_config: {cert_file: http.yml, key_file: http.yml}", "tls_config.cert_file: and key_file are no certificate"),
        ("[secret]", "must be a mapping"),
        (None, "no such file"),
    ],
)  # fmt: skip
def test_a_wrong_http_config_is_one_line(tmp_path, capsys, text, said):
    """What can't be meant, or is not supported, names the file and the key, ends with status 2, and shows no secret."""
    file = tmp_path / "http.yml"
    if text is not None:
        file.write_text(text)
    status, line = one_line(capsys, "--alertmanager", "http://127.0.0.1:1", "--http.config.file", str(file))
    assert (status, line[: len(said) + len(str(file)) + 2]) == (2, f"{file}: {said}")
    assert "secret" not in line
