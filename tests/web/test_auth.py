"""Without right credentials nothing is seen; with them a scrape costs no hashing; guessing is slow and harms nobody."""

from __future__ import annotations

import base64
import os
import threading
import time
from pathlib import Path

import bcrypt
import pytest

from llm_cost_exporter.web import WebServer
from llm_cost_exporter.web.auth import Authenticator, TooBusyError
from llm_cost_exporter.web.guard import TokenBucket
from tests.web_kit import LOG, ask, raw


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy", "/-/ready", "/nowhere", "/..", "/?rows=all"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_nothing_is_seen_without_credentials(serve, app, path, method):
    """Every path and method is 401, with the same body, and the application is asked for nothing."""
    reply = ask(serve(f"basic_auth_users: {{alice: '{hashed('secret')}'}}"), path, method)
    assert reply.status == 401
    assert reply.body == (b"" if method == "HEAD" else b"Unauthorized\n")
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="llm-cost-exporter", charset="UTF-8"'
    assert (app.accepts, app.pages) == ([], 0)


@pytest.mark.parametrize(
    "header",
    [basic("alice", "wrong"), basic("alice", ""), basic("bob", "secret"), basic("", ""), basic("Alice", "secret"), basic("alice", "secret "),
     basic("alice", "secret\0"), "Basic", "Basic ", "Basic !!!", "Basic YWxpY2U=", "Bearer secret", "basic alice:secret", "Digest x", "é" * 100,
     "Basic " + "A" * 7000],
)  # fmt: skip
def test_wrong_credentials(serve, app, header):
    """Wrong, empty, half and malformed credentials are all the same 401."""
    reply = ask(serve(f"basic_auth_users: {{alice: '{hashed('secret')}'}}"), Authorization=header)
    assert (reply.status, reply.body, app.accepts) == (401, b"Unauthorized\n", [])


@pytest.mark.parametrize("password", ["secret", "pass:word", "pässwörd", "x" * 72, ""])
def test_right_credentials(serve, password):
    """A user and its password see everything, with the hash in the form of any tool."""
    for prefix in ("$2a", "$2b", "$2y"):
        server = serve(f"basic_auth_users: {{alice: '{prefix + hashed(password)[3:]}'}}")
        for _ in range(2):
            assert ask(server, Authorization=basic("alice", password)).status == 200
        assert ask(server, Authorization=basic("alice", password + "x" if len(password) < 72 else "y")).status == 401


def test_a_password_longer_than_bcrypt_looks_at(serve):
    """A password of more than 72 bytes is no error: bcrypt sees the first 72, as in the tools that made the hash."""
    server = serve(f"basic_auth_users: {{alice: '{hashed('x' * 72)}'}}")
    assert ask(server, Authorization=basic("alice", "x" * 100)).status == 200
    assert ask(server, Authorization=basic("alice", "y" * 100)).status == 401


class Counting:
    """bcrypt's check, counted; `hold` makes it wait."""

    def __init__(self) -> None:
        self.checks: list[tuple[bytes, bytes]] = []
        self.hold: threading.Event | None = None

    def __call__(self, password: bytes, hash_: bytes) -> bool:
        self.checks.append((password, hash_))
        if self.hold is not None:
            assert self.hold.wait(10)
        return bcrypt.checkpw(password, hash_)


def test_a_scrape_costs_no_hashing_after_the_first():
    """The right credentials are hashed once; a flood of wrong ones does not push them out."""
    check = Counting()
    guard = Authenticator({"alice": hashed("secret")}, check)
    for _ in range(5):
        assert guard.allows(basic("alice", "secret"))
    assert len(check.checks) == 1
    for i in range(1500):
        assert not guard.allows(basic("alice", f"wrong{i}"))
    assert not guard.allows(basic("alice", "wrong1499"))
    assert len(check.checks) == 1501
    assert guard.allows(basic("alice", "secret"))
    assert len(check.checks) == 1501
    assert len(guard._wrong) <= 1024


def test_an_unknown_user_costs_what_a_wrong_password_costs():
    """For a name that is no user, a hash of the same cost is checked: time tells nobody which names exist."""
    check = Counting()
    guard = Authenticator({"alice": hashed("secret", 5), "bob": hashed("other", 5)}, check)
    assert not guard.allows(basic("nobody", "secret"))
    assert not guard.allows(basic("alice", "wrong"))
    costs = [hash_[:7] for _, hash_ in check.checks]
    assert costs == [b"$2b$05$", b"$2b$05$"]
    assert len(check.checks[0][1]) == 60


def test_credentials_are_not_kept_in_the_clear():
    """What is remembered of credentials is a keyed hash."""
    guard = Authenticator({"alice": hashed("secret")})
    guard.allows(basic("alice", "secret"))
    guard.allows(basic("alice", "guess"))
    remembered = repr([vars(guard)])
    assert "secret" not in remembered
    assert "guess" not in remembered


def crowd_and_honest(honest_address: str) -> list[bytes]:
    """The passwords that were checked, in order, where 80 guesses from one host were before the honest client."""
    check = Counting()
    check.hold = threading.Event()
    guard = Authenticator({"alice": hashed("secret")}, check)
    results: list[str] = []

    def attempt(password: str, address: str) -> None:
        try:
            if guard.allows(basic("alice", password), address):
                results.append(password)
        except TooBusyError:
            results.append("busy")

    threads = [threading.Thread(target=attempt, args=(f"wrong{i}", "guesser")) for i in range(80)]
    for thread in threads:
        thread.start()
    wait_for(lambda: results.count("busy") == 80 - 1 - 64)  # one is checked, 64 wait
    honest = threading.Thread(target=attempt, args=("secret", honest_address))
    honest.start()
    wait_for(lambda: results.count("busy") == 80 - 64)
    if honest_address != "guesser":
        threads += [threading.Thread(target=attempt, args=(f"more{i}", "guesser")) for i in range(100)]
        for thread in threads[80:]:
            thread.start()
        wait_for(lambda: results.count("busy") == 180 - 64)
    check.hold.set()
    for thread in (*threads, honest):
        thread.join(20)
    assert "secret" in results
    return [password for password, _ in check.checks]


def test_the_newest_is_next_however_many_guess():
    """Checks run one at a time, and of one host the newest goes first: it waits for one check, not for all before it."""
    assert crowd_and_honest("guesser")[1] == b"secret"


def test_a_host_that_guesses_holds_up_no_other_host():
    """Hosts take turns: whoever comes from another host waits for two checks at most, however many come after."""
    assert b"secret" in crowd_and_honest("elsewhere")[:3]


def wait_for(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_users_can_be_changed_without_a_restart(serve, tmp_path, caplog):
    """A new password counts as soon as the file is seen to have changed; a broken file changes nothing and is said."""
    server = serve(f"basic_auth_users: {{alice: '{hashed('one')}'}}")
    path = tmp_path / "web.yml"
    assert ask(server, Authorization=basic("alice", "one")).status == 200
    path.write_text("basic_auth_users: {alice: broken}")
    wait_for(
        lambda: ask(server, Authorization=basic("alice", "one")).status == 200 and "the old one stays" in caplog.text
    )
    assert "broken" not in caplog.text
    path.write_text(f"basic_auth_users: {{alice: '{hashed('two')}'}}")
    wait_for(lambda: ask(server, Authorization=basic("alice", "two")).status == 200)
    assert ask(server, Authorization=basic("alice", "one")).status == 401
    path.unlink()
    wait_for(lambda: ask(server).status == 401 and caplog.text.count("the old one stays") == 2)
    assert ask(server, Authorization=basic("alice", "two")).status == 200


def test_users_from_a_pipe_stay_at_a_reload(serve, app, caplog):
    """What `--web.config.file <(…)` gave is not there a second time: nothing must not be taken for a file without users."""
    read_end, write_end = os.pipe()
    os.write(write_end, f"basic_auth_users: {{alice: '{hashed('secret')}'}}".encode())
    os.close(write_end)
    server = WebServer("127.0.0.1:0", Path(f"/dev/fd/{read_end}"), app, LOG)
    server.start()
    try:
        server.reload()
        assert "is no regular file" in caplog.text
        assert ask(server).status == 401
        assert ask(server, Authorization=basic("alice", "secret")).status == 200
    finally:
        server.stop()
        os.close(read_end)


def test_headers_of_the_web_configuration(serve):
    """Headers that the file names replace the exporter's own; an empty one leaves it out."""
    server = serve(
        "http_server_config: {headers: {X-Frame-Options: sameorigin, Content-Security-Policy: '', Strict-Transport-Security: max-age=60}}"
    )
    headers = ask(server, "/").headers
    assert headers["X-Frame-Options"] == "sameorigin"
    assert headers["Strict-Transport-Security"] == "max-age=60"
    assert "Content-Security-Policy" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_rate_limit(serve):
    """Past the burst requests are 429; those without credentials don't use it up."""
    server = serve(f"basic_auth_users: {{alice: '{hashed('secret')}'}}\nrate_limit: {{interval: 1h, burst: 3}}")
    for _ in range(5):
        assert ask(server).status == 401
    assert [ask(server, Authorization=basic("alice", "secret")).status for _ in range(5)] == [200, 200, 200, 429, 429]


def test_the_bucket_fills_with_time():
    """One request more for each interval, never more than the burst; no interval is no limit."""
    now = [0.0]
    bucket = TokenBucket(2.0, 2, lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] = 2.0
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 1000.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    assert all(TokenBucket(0, 0).take() for _ in range(5))


def test_a_refused_request_asks_for_no_credentials(serve):
    """What can't be parsed is 400 without a word of what is here."""
    server = serve(f"basic_auth_users: {{alice: '{hashed('secret')}'}}")
    assert raw(server, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
