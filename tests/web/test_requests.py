"""Requests of every kind get the answer that HTTP asks for, and nobody learns more than that."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter import __version__
from llm_cost_exporter.web import OPENMETRICS, TEXT
from llm_cost_exporter.web.answers import Routes, accepts_gzip, negotiate
from tests.web_kit import ask, connect, parse, raw, read_all


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("/metrics", 200, f"{TEXT}; charset=utf-8"),
        ("/metrics?collect=x", 200, f"{TEXT}; charset=utf-8"),
        ("/", 200, "text/html; charset=utf-8"),
        ("/?rows=all&refresh=off", 200, "text/html; charset=utf-8"),
        ("/-/healthy", 200, "text/plain; charset=utf-8"),
        ("/-/ready", 200, "text/plain; charset=utf-8"),
        ("http://somewhere/metrics", 200, f"{TEXT}; charset=utf-8"),
    ],
)
def test_paths_that_are_there(serve, path, status, content_type):
    """The four paths answer, with a query or in a proxy's form too."""
    reply = ask(serve(), path)
    assert (reply.status, reply.headers["Content-Type"]) == (status, content_type)
    assert reply.headers["Content-Length"] == str(len(reply.body))


@pytest.mark.parametrize(
    "path",
    ["/metrics/", "/Metrics", "/../metrics", "/metrics/..", "/..%2f..%2fetc/passwd", "/../../../../etc/passwd", "/.", "/-/", "/-/quit", "//..//",
     "/%2e%2e/", "/%6detrics", "/index.html", "/favicon.ico", "/metrics%00", "*", "metrics", "/" + "a" * 7000],
)  # fmt: skip
def test_paths_that_are_not_there(serve, app, path):
    """Paths are compared and never resolved: everything else is 404, and asks the application for nothing."""
    assert ask(serve(), path).status == 404
    assert (app.accepts, app.pages) == ([], 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "X" * 100])
@pytest.mark.parametrize("path", ["/metrics", "/", "/nowhere"])
def test_other_methods_are_refused(serve, app, method, path):
    """Only GET and HEAD read; everything else is 405 with what is allowed."""
    reply = ask(serve(), path, method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert (app.accepts, app.pages) == ([], 0)


@pytest.mark.parametrize("path", ["/metrics", "/", "/-/ready"])
def test_head_has_no_body_and_is_no_scrape(serve, app, path):
    """HEAD gives headers only; a probe with it must not pass for the first scrape that series wait for."""
    reply = ask(serve(), path, "HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert (app.accepts, app.pages) == ([], 0)


def test_readiness_follows_the_application(serve, app):
    """/-/ready is 503 until the backlog is read; /-/healthy is 200 all the while."""
    server = serve()
    app.is_ready = False
    assert (ask(server, "/-/ready").status, ask(server, "/-/healthy").status) == (503, 200)
    app.is_ready = True
    assert ask(server, "/-/ready").status == 200


def test_a_defect_of_the_application_is_500_without_a_word(serve, app, caplog):
    """What went wrong inside is in the log, not in the answer; the next request is served."""
    app.fails = True
    server = serve()
    reply = ask(server)
    assert (reply.status, reply.body) == (500, b"Internal Server Error\n")
    assert "an answer could not be made" in caplog.text
    app.fails = False
    assert ask(server).status == 200


def test_no_answer_tells_what_serves_it(serve):
    """No version, no library, no Python in any answer's headers or error text."""
    server = serve()
    replies = [
        ask(server, "/nope"),
        ask(server, "/metrics", "POST"),
        parse(raw(server, b"\x16\x03\x01 nonsense\r\n\r\n")),
        ask(server),
    ]
    for reply in replies:
        seen = str(reply.headers).lower() + (reply.body.decode() if reply.status != 200 else "")
        assert "Server" not in reply.headers
        for word in ("python", "basehttp", __version__):
            assert word not in seen.lower()


def test_security_headers(serve):
    """Every answer says that it is no script, no frame, of its own type, and not to be kept."""
    server = serve()
    for path in ("/", "/metrics", "/nope"):
        headers = ask(server, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "deny"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "script" not in policy


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
        # Prometheus 2.42 and 3.5 as they ask.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OPENMETRICS,
        ),
        (
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
            ),
            OPENMETRICS,
        ),
        # scrape_protocols: [PrometheusText0.0.4, OpenMetricsText1.0.0]
        ("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.4", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=x, text/plain", TEXT),
        ("," * 500, TEXT),
    ],
)
def test_the_exposition_that_the_scraper_likes_best(serve, app, accept, chosen):
    """The application is asked for one of two formats, by the client's own weights."""
    assert negotiate(accept) == chosen
    ask(serve(), Accept=accept)
    assert app.accepts == [chosen]


@pytest.mark.parametrize(
    ("header", "yes"),
    [
        ("gzip", True),
        ("gzip, deflate", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*, gzip;q=0", False),
        ("*;q=0, gzip", True),
        ("*;q=0", False),
        ("", False),
        ("identity", False),
        ("br, GZIP;q=0.5", True),
    ],
)
def test_gzip_only_where_it_is_accepted(serve, app, header, yes):
    """A large answer is compressed for those who accept it, and is the same after."""
    app.body = b"a_metric 1\n" * 1000
    reply = ask(serve(), Accept_Encoding=header)
    assert accepts_gzip(header) == yes
    assert (reply.headers.get("Content-Encoding") == "gzip") == yes
    assert (gzip.decompress(reply.body) if yes else reply.body) == app.body
    assert reply.headers["Vary"] == "Accept, Accept-Encoding"


def test_an_answer_is_shared_for_a_moment_only(serve, app):
    """Requests in the same instant share one exposition; the next one sees what changed."""
    server = serve()
    first = {ask(server).body for _ in range(3)}
    assert len(first) == 1
    app.body = b"b 2\n"
    for _ in range(2000):
        if ask(server).body == app.body:
            break
    else:
        pytest.fail("the old answer stays")


def test_what_was_given_before_the_backlog_was_read_is_no_answer_after_it(app):
    """Also within the moment for which an answer is shared: the first full scrape comes as soon as it can."""
    app.is_ready = False
    routes = Routes(app)
    before = routes.answer("/metrics", "", TEXT, False, False)
    app.is_ready, app.body = True, b"c 3\n"
    assert before.body != app.body
    assert routes.answer("/metrics", "", TEXT, False, False).body == app.body


def test_keep_alive(serve):
    """One connection serves many requests, also when they are sent at once; HTTP/1.0 gets one."""
    server = serve()
    client = http.client.HTTPConnection(server.address[0], server.address[1], timeout=10)
    for _ in range(3):
        client.request("GET", "/-/healthy")
        assert client.getresponse().read() == b"healthy\n"
    client.close()
    one = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
    assert raw(server, (one + b"\r\n") * 5 + one + b"Connection: close\r\n\r\n").count(b"healthy\n") == 6
    assert raw(server, b"GET /-/healthy HTTP/1.0\r\n\r\n" * 2).count(b"healthy\n") == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1 x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET http://[x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n" + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 2000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5_000_000, 431),
        (b"a" * 1_000_000, 414),
        (b"\r\n\r\n", None),
        (b"\x00\xff\x00\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (
            b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        (
            b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 40\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        (
            b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        (b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /-/healthy HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nno header\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            405,
        ),
    ],
)
def test_requests_that_are_none(serve, app, data, status):
    """What is no request, or larger than any honest one, is refused and ends the connection; a body is never read as a request."""
    server = serve()
    got = raw(server, data)
    if status is None:
        assert got == b""
    else:
        assert parse(got).status == status
        assert len(re.findall(rb"HTTP/1\.1 \d\d\d ", got)) == 1
    assert app.accepts == []
    assert ask(server).status == 200


def test_any_bytes_end_in_an_answer_or_a_close(serve, app, caplog):
    """Whatever bytes come, the connection ends, nothing is scraped that was not asked for, and no handler fails."""
    server = serve()
    pieces = [b"GET ", b"HEAD ", b"/-/healthy", b"/nope", b"HTTP/1.1", b"HTTP/0.9", b"\r\n", b"\n", b"Host: x", b"Content-Length: ", b"Expect: 100-continue",
              b"Transfer-Encoding: chunked", b"Authorization: Basic ", b" ", b":", b"\x00", b"\xff", b"a" * 3000]  # fmt: skip

    @given(st.lists(st.sampled_from(pieces) | st.binary(max_size=8), max_size=14).map(b"".join))
    def hold(data):
        with connect(server) as sock:
            with contextlib.suppress(ConnectionError):
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                read_all(sock)

    hold()
    assert ask(server, "/-/healthy").status == 200
    assert app.accepts == []
    assert "could not be" not in caplog.text


def test_nothing_of_a_request_is_repeated_or_logged(serve, caplog):
    """What a client sends is in no answer and in no log line."""
    server = serve()
    with caplog.at_level("DEBUG"):
        for data in (
            b"GET /CANARY HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"CANARY / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/9.CANARY\r\n\r\n",
            b"CANARY CANARY CANARY CANARY\r\n\r\n",
            b"GET / HTTP/1.1\r\nCANARY\r\nConnection: close\r\n\r\n",
            b"GET /nope HTTP/1.1\r\nHost: CANARY\r\nConnection: close\r\nAuthorization: Basic CANARY\r\n\r\n",
        ):
            assert b"CANARY" not in raw(server, data)
    assert "CANARY" not in caplog.text


def test_a_client_that_leaves_early_harms_nobody(serve, app, capfd):
    """A reset in the middle of an answer is no news: nothing on stderr, and the next client is served."""
    app.body = b"a 1\n" * 2_000_000
    server = serve()
    for _ in range(5):
        with connect(server) as sock:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.recv(10)
    assert ask(server).status == 200
    assert capfd.readouterr().err == ""


def test_a_large_answer_arrives_whole(serve, app):
    """50,000 samples and more are sent to the last byte."""
    app.body = b"".join(b'llm_cost_usd_total{model="m%d"} %d\n' % (i, i) for i in range(100_000))
    assert ask(serve()).body == app.body


def test_half_closed_clients_get_their_answer(serve):
    """A client that shuts its own side after asking is answered all the same."""
    with connect(serve()) as sock:
        sock.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock).endswith(b"healthy\n")
