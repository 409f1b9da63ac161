"""The server is where it was told to be, or says in one line why it can't."""

from __future__ import annotations

import socket
import time

import pytest

from llm_cost_exporter.errors import ConfigError, ExporterError
from llm_cost_exporter.web import WebServer
from tests.web_kit import LOG, App, ask, connect, is_cut


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_addresses_of_both_families(serve, listen):
    """IPv4, IPv6 and a name are listened on; port 0 is a free one."""
    server = serve(listen=listen)
    assert server.address[1] > 0
    assert ask(server, "/-/healthy").status == 200


@pytest.mark.parametrize("listen", [":0", "[::]:0"])
def test_all_addresses_of_both_families(serve, listen):
    """An empty host, or ::, is reached by IPv4 and by IPv6."""
    server = serve(listen=listen)
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, server.address[1]), timeout=5).close()


def test_the_address_for_a_person(serve):
    """The page's address can be opened as it is printed."""
    assert serve(listen="0.0.0.0:0").url.startswith("http://localhost:")
    assert serve(listen="127.0.0.1:0").url.startswith("http://127.0.0.1:")
    assert serve(listen="[::1]:0").url.startswith("http://[::1]:")


def test_a_taken_port(serve):
    """A second exporter on the same port is told so in one line."""
    port = serve().address[1]
    with pytest.raises(ExporterError) as error:
        serve(listen=f"127.0.0.1:{port}")
    assert (
        str(error.value)
        == f"can't listen on 127.0.0.1:{port}: the port is taken (by another exporter?); another port would be right"
    )
    with pytest.raises(ExporterError, match="the port is taken"):
        serve(listen=f":{port}")


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("192.0.2.1:0", "this machine has no such address; 0.0.0.0 (all addresses) or 127.0.0.1 would be right"),
        (
            "no-such-host.invalid:0",
            "there is no host 'no-such-host.invalid' here; 0.0.0.0 (all addresses) or 127.0.0.1 would be right",
        ),
    ],
)
def test_an_address_that_cannot_be_had(listen, why):
    """An address of another machine, or none, is said in one line."""
    server = WebServer(listen, None, App(), LOG)
    with pytest.raises(ExporterError) as error:
        server.start()
    assert str(error.value) == f"can't listen on {listen}: {why}"


def test_the_port_is_free_again_at_once(serve):
    """After a stop, a restarted exporter gets its port, although old connections linger in the kernel."""
    server = serve()
    port = server.address[1]
    assert ask(server).status == 200
    server.stop()
    again = serve(listen=f"127.0.0.1:{port}")
    assert ask(again).status == 200


def test_stop_is_quick_whatever_clients_do(serve):
    """Open connections of every kind don't keep the exporter from ending within a second."""
    server = serve()
    with connect(server) as idle, connect(server) as half:
        half.sendall(b"GET / HT")
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 1
        idle.settimeout(5)
        assert is_cut(idle)
    server.stop()  # a second time is no error


def test_a_missing_web_configuration(tmp_path):
    """A web configuration that is not there is refused before anything is served."""
    with pytest.raises(ConfigError, match=r"nowhere\.yml: no such file$"):
        WebServer("127.0.0.1:0", tmp_path / "nowhere.yml", App(), LOG)
