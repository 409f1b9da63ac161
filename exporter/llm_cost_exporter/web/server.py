"""The HTTP server: an address, a thread that accepts, a bounded number of threads that answer."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from llm_cost_exporter.config import parse_address
from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.web.answers import Application, Routes
from llm_cost_exporter.web.connections import Connections, Timeouts
from llm_cost_exporter.web.guard import Guard
from llm_cost_exporter.web.handler import Handler, Shared

__all__ = ["WebServer"]

_BACKLOG = 512
_POLL_SECONDS = 0.5
_LAST_ANSWERS_SECONDS = 0.5


class WebServer:
    """Serves an Application at `listen`, guarded by the web configuration. Raises ConfigError where that is wrong."""

    def __init__(
        self,
        listen: str,
        web_config: Path | None,
        app: Application,
        log: logging.Logger,
        *,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._listen, self._log = listen, log
        self._guard = Guard(web_config, log)
        self._connections = Connections()
        self._shared = Shared(self._guard, Routes(app), self._connections, timeouts or Timeouts(), log)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """Listen and serve from now on; the address that is served. Raises ExporterError where it can't be had."""
        self._server = _bind(self._listen, self._shared)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="http", daemon=True
        )
        self._thread.start()
        return self.address

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        assert self._server is not None
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    @property
    def url(self) -> str:
        """Where a person on this machine finds the page."""
        host, port = self.address
        shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
        return f"http{'s' if self._guard.settings().context else ''}://{shown}:{port}/"

    def reload(self) -> None:
        """Read the web configuration and the files that it names anew (any thread)."""
        self._guard.reload()

    def stop(self) -> None:
        """Accept nothing more and end what is open; answers under way get half a second."""
        if self._server is None or self._thread is None:
            return
        with contextlib.suppress(OSError):
            self._server.socket.shutdown(
                socket.SHUT_RDWR
            )  # wakes the thread that accepts, which else ends at its next look
        self._server.shutdown()
        self._server.server_close()
        self._connections.close(_LAST_ANSWERS_SECONDS)
        self._thread.join(timeout=1.0)
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    """Accepts; a connection's thread is started only when the connection is admitted."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = _BACKLOG

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int], shared: Shared) -> None:
        self.address_family = family
        self._shared = shared
        super().__init__(
            address, BaseHTTPRequestHandler, bind_and_activate=False
        )  # handlers are made in process_request

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's name, which can take seconds."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as bad:
            if bad.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                time.sleep(0.1)  # the connection stays in the queue: without a pause this would spin
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._shared.connections.admit(request, str(client_address[0]))
        handler = Handler(self._shared, connection)

        def serve() -> None:
            try:
                handler.serve()
            finally:
                self._shared.connections.drop(connection)

        try:
            threading.Thread(target=serve, name="http-connection", daemon=True).start()
        except RuntimeError:  # no more threads: the client tries again
            self._shared.connections.drop(connection)
            request.close()

    def service_actions(self) -> None:
        """Called by the base class at least every half second."""
        self._shared.routes.forget()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Not to stderr, as the base class does."""
        self._shared.log.error("a connection could not be served", exc_info=True)  # noqa: LOG014  (called where the exception is being handled)


def _bind(listen: str, shared: Shared) -> _Server:
    host, port = parse_address(listen)
    try:
        candidates = _candidates(host, port)
    except OSError:
        raise ExporterError(
            f"can't listen on {listen}: there is no host {host!r} here; 0.0.0.0 (all addresses) or 127.0.0.1 would be right"
        ) from None
    problem: OSError | None = None
    for family, address in candidates:
        try:
            server = _Server(family, address, shared)
        except OSError as bad:  # no IPv6 on this machine
            problem = bad
            continue
        try:
            server.server_bind()
            server.server_activate()
        except OSError as bad:
            server.server_close()
            problem = bad
            if bad.errno == errno.EADDRINUSE:
                break
        else:
            return server
    raise ExporterError(f"can't listen on {listen}: {_reason(problem)}")


def _candidates(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Where to listen, best first. An empty host is all addresses, of both families where the machine has both."""
    if not host:
        return [(socket.AF_INET6, ("::", port)), (socket.AF_INET, ("0.0.0.0", port))]  # noqa: S104
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # A name with addresses of both families (localhost) is served where most scrapers look.
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return [(entry[0], (str(entry[4][0]), port)) for entry in found]


def _reason(problem: OSError | None) -> str:
    number = problem.errno if problem is not None else None
    if number == errno.EADDRINUSE:
        return "the port is taken (by another exporter?); another port would be right"
    if number in (errno.EACCES, errno.EPERM):
        return "this user may not; a port of 1024 or more would be right"
    if number == errno.EADDRNOTAVAIL:
        return "this machine has no such address; 0.0.0.0 (all addresses) or 127.0.0.1 would be right"
    return os.strerror(number) if number else "no such address"
