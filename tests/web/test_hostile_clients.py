"""However many clients misbehave, an honest scrape is answered within a second, and memory and threads stay bounded."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from llm_cost_exporter.web import Timeouts
from llm_cost_exporter.web.connections import Connection, Connections
from tests.web_kit import LOG, App, ask, connect, is_cut, parse, read_all

pytestmark = pytest.mark.alone

MANY = 200
SHORT = Timeouts(head=0.3, idle=0.3, answer=0.3)


@pytest.fixture
def crowd(serve) -> Iterator[Callable[..., list[socket.socket]]]:
    """Opens many connections that each send something, and closes them at the end."""
    opened: list[socket.socket] = []

    def gather(server, data: bytes, number: int = MANY) -> list[socket.socket]:
        for _ in range(number):
            sock = connect(server)
            opened.append(sock)
            with contextlib.suppress(OSError):
                sock.sendall(data)
        return opened

    yield gather
    for sock in opened:
        sock.close()


@pytest.fixture
def pairs() -> Iterator[Callable[[int], list[tuple[socket.socket, socket.socket]]]]:
    """So many connections: the server's end and the client's, which waits ten seconds at most."""
    made: list[tuple[socket.socket, socket.socket]] = []

    def make(number: int) -> list[tuple[socket.socket, socket.socket]]:
        made.extend(socket.socketpair() for _ in range(number))
        for _, client in made:
            client.settimeout(10)
        return made

    yield make
    for server, client in made:
        server.close()
        client.close()


def is_open(client: socket.socket) -> bool:
    """Nothing came, not its end either."""
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True


def web_threads() -> int:
    return sum(thread.name == "http-connection" for thread in threading.enumerate())


def honest_scrape(server) -> float:
    """Seconds that an honest client waits for the whole answer."""
    begun = time.monotonic()
    reply = ask(server)
    assert reply.status == 200
    assert reply.body.startswith(b"# TYPE")
    return time.monotonic() - begun


def is_ended(sock: socket.socket) -> bool:
    """Whether the server has hung up on a client that reads nothing."""
    gone = select.poll()
    gone.register(sock, select.POLLRDHUP)
    return bool(gone.poll(0))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    "data",
    [b"", b"GET /metrics HT", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n",
     b"\x16\x03\x01"],
    ids=["silent", "half a line", "half the headers", "idle after an answer", "half a post", "garbage"],
)  # fmt: skip
def test_an_honest_scrape_among_200_bad_clients(serve, crowd, data):
    """200 clients at once that say nothing, or half of something, keep the scrape from nothing."""
    server = serve()
    crowd(server, data)
    assert max(honest_scrape(server) for _ in range(3)) < 1
    assert web_threads() <= 200


def test_an_honest_scrape_among_200_that_read_nothing(serve, app, crowd):
    """200 clients that ask for a large answer and don't read it hold it in memory once, and nobody up."""
    app.body = b"# TYPE a counter\n" + b"a_total 1\n" * 2_000_000
    server = serve()
    crowd(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    app.body = b"# TYPE b counter\n"
    assert max(honest_scrape(server) for _ in range(3)) < 1
    assert len(app.accepts) < MANY


def test_an_honest_scrape_among_200_that_come_again(serve, app, crowd):
    """Whoever is cut and comes again waits behind the honest client."""
    app.body = b"# TYPE a counter\n" + b"a_total 1\n" * 100_000
    server = serve()
    clients = crowd(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    stop = threading.Event()

    def again() -> None:
        while not stop.is_set():
            sock = clients.pop(0)
            if is_ended(sock):
                sock.close()
                crowd(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 1)
            else:
                clients.append(sock)
                time.sleep(0.001)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        assert max(honest_scrape(server) for _ in range(10)) < 1
    finally:
        stop.set()
        thread.join()


def test_an_honest_scrape_among_200_that_trickle(serve, crowd):
    """A byte now and then does not make a client's time longer."""
    server = serve(timeouts=Timeouts(head=1.0))
    clients = crowd(server, b"G", 100)
    begun = time.monotonic()
    alive = list(clients)
    while alive and time.monotonic() - begun < 5:
        for sock in list(alive):
            try:
                sock.sendall(b"E")
                sock.setblocking(False)
                if sock.recv(1) == b"":
                    alive.remove(sock)
            except BlockingIOError:
                pass
            except OSError:
                alive.remove(sock)
        assert honest_scrape(server) < 1
        time.sleep(0.1)
    assert alive == []


def test_an_honest_scrape_while_clients_come_and_go(serve):
    """A storm of connections that are opened and dropped, 200 at a time, does not keep the scrape waiting."""
    server = serve()
    stop = threading.Event()

    def storm() -> None:
        """No more at a time than the system's queue of connections holds: past that it would be the system that keeps a client waiting."""
        while not stop.is_set():
            clients = [connect(server) for _ in range(MANY // 4)]
            for sock in clients:
                with sock, contextlib.suppress(OSError):
                    sock.sendall(b"GET / HT")
                    sock.shutdown(socket.SHUT_WR)
                    read_all(sock)

    threads = [threading.Thread(target=storm) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        times = [honest_scrape(server) for _ in range(50)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert max(times) < 1


def test_two_hundred_honest_clients_at_once(serve, app):
    """Many scrapers in the same instant are all answered, for the work of few."""
    server = serve()
    replies: list[int] = []
    threads = [threading.Thread(target=lambda: replies.append(ask(server).status)) for _ in range(MANY)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [200] * MANY
    assert len(app.accepts) <= 5 + (time.monotonic() - begun) / 0.1


def test_two_hundred_honest_clients_at_once_of_a_slow_exposition(serve, app: App, monkeypatch):
    """Nobody is cut while its answer is still being made: it is not the client that keeps the others waiting."""
    made = app.metrics

    def slow(accept: str, write: Callable[[bytes], object]) -> str:
        time.sleep(0.6)  # longer than a connection has for itself
        return made(accept, write)

    monkeypatch.setattr(app, "metrics", slow)
    server = serve()
    replies: list[int] = []
    threads = [threading.Thread(target=lambda: replies.append(ask(server).status)) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [200] * MANY


def test_a_slow_exposition_is_made_once_for_all(serve):
    """Scrapes that come while one is made share it: metrics() is never called twice at once."""
    inside, most, gate = [0], [0], threading.Event()

    class Slow(App):
        def metrics(self, accept: str, write: Callable[[bytes], object]) -> str:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            gate.wait(5)
            inside[0] -= 1
            return super().metrics(accept, write)

    from llm_cost_exporter.web import WebServer

    slow = Slow()
    server = WebServer("127.0.0.1:0", None, slow, LOG)
    server.start()
    threads = [threading.Thread(target=ask, args=(server,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: web_threads() >= 20)
    gate.set()
    for thread in threads:
        thread.join()
    server.stop()
    assert (most[0], len(slow.accepts)) == (1, 1)


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTT", b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["silent", "half", "idle"]
)
def test_a_silent_connection_ends(serve, data):
    """Whoever says nothing, or nothing more, is hung up on after its time, and its thread ends."""
    server = serve(timeouts=SHORT)
    with connect(server) as sock:
        sock.sendall(data)
        read_all(sock)
    until(lambda: web_threads() == 0)


def test_a_slow_reader_ends(serve, app):
    """Whoever does not take its answer in time is hung up on, and the answer's memory is free."""
    app.body = b"a_total 1\n" * 3_000_000
    server = serve(timeouts=SHORT)
    with connect(server) as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: web_threads() == 1)
        until(lambda: web_threads() == 0)


def test_idle_connections_outlive_a_scrape_interval(serve):
    """By default a scraper's connection stays for the next scrape a minute later."""
    assert Timeouts().idle > 60


def test_the_longest_waiting_goes_first(pairs):
    """Without room the connection that has kept the server waiting longest is cut; one that is being answered goes last."""
    connections = Connections(most=3)
    ends = pairs(4)
    answering, old, newer = (connections.admit(server) for server, _ in ends[:3])
    now = time.monotonic()
    answering.stage, answering.since = "answer", now - 60
    old.since, newer.since = now - 30, now - 20
    connections.admit(ends[3][0])
    assert is_cut(ends[1][1])
    assert all(is_open(ends[at][1]) for at in (0, 2, 3))


def test_who_takes_no_answer_gives_way_at_once(pairs):
    """A connection that just came, and whose answer is still being made, do not keep the next one from a place that is held for long."""
    connections = Connections(most=3)
    ends = pairs(5)
    slow, making, _ = (connections.admit(server) for server, _ in ends[:3])
    now = time.monotonic()
    slow.stage, slow.since = "answer", now - 1
    making.stage, making.since = "make", now - 1
    connections.admit(ends[3][0])
    assert time.monotonic() - now < 0.2
    assert is_cut(ends[0][1])
    making.since = now - 10
    connections.admit(ends[4][0])
    assert time.monotonic() - now < 0.2
    assert is_cut(ends[1][1])


def test_a_host_with_many_connections_cuts_its_own(pairs):
    """A host that opens as many as it can takes no place of another host's, however old that one is."""
    connections = Connections(most=3)
    ends = pairs(4)
    other, first, second = (
        connections.admit(server, host) for (server, _), host in zip(ends, ("other", "many", "many"), strict=False)
    )
    now = time.monotonic()
    other.since, first.since, second.since = now - 60, now - 2, now - 1
    connections.admit(ends[3][0], "many")
    assert is_cut(ends[1][1])
    assert is_open(ends[0][1])


def test_a_new_connection_has_a_moment_before_it_can_be_cut(pairs):
    """With all places just taken, the next one waits to be admitted; an honest client in its first quarter second is safe."""
    connections = Connections(most=1)
    (first, _), (second, _) = pairs(2)
    begun = time.monotonic()
    connections.admit(first)
    connections.admit(second)
    assert 0.2 < time.monotonic() - begun < 2


def test_answers_in_memory_are_bounded(pairs):
    """Past the bound of bytes the oldest answers are cut; a body that many share counts once."""
    connections = Connections(most_bytes=100)
    shared = bytes(60)
    opened = [connections.admit(server) for server, _ in pairs(5)]
    for connection, body in zip(opened, (shared, shared, shared, bytes(30), bytes(31)), strict=True):
        connection.enter("answer", 10, body)
        connections.holding()
    assert len(connections) == 2


def test_a_cut_connection_wakes_its_thread():
    """A thread that waits for a client's bytes is woken when its connection is cut."""
    ours, theirs = socket.socketpair()
    connection = Connection(ours)
    connection.enter("head", 10)
    connection.wait()
    timer = threading.Timer(0.05, connection.cut)
    timer.start()
    assert is_cut(ours)
    timer.join()
    ours.close()
    theirs.close()


def test_an_answer_arrives_although_the_client_sends_on(serve):
    """A client that is refused in the middle of sending still gets the refusal, not a reset."""
    server = serve()
    for _ in range(20):
        with connect(server) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000)
            assert parse(read_all(sock)).status == 431
