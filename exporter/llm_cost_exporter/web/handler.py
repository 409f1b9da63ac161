"""One connection: TLS, requests one after another, answers. Nothing that a client sends is logged or repeated."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import string
import time
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.utils import formatdate
from http import HTTPStatus
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from llm_cost_exporter.web.answers import Answer, Routes, accepts_gzip, plain
from llm_cost_exporter.web.auth import TooBusyError
from llm_cost_exporter.web.connections import Connection, Connections, HeadReader, HeadTooLargeError, Timeouts
from llm_cost_exporter.web.guard import Guard, Settings
from llm_cost_exporter.web.style import STYLE_HASH
from llm_cost_exporter.web.tls import client_is_allowed

__all__ = ["Handler", "Shared"]

_LARGEST_HEAD = 16 << 10
_LONGEST_LINE = 8 << 10
_LINGER_SECONDS = 0.5
_NOT_PLAIN = (
    FirstHeaderLineIsContinuationDefect,
    MissingHeaderBodySeparatorDefect,
)  # a line that is no header, `X : y` too
_LETTERS = string.ascii_letters.encode()

_OWN_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src '{STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding",
}


def _is_plain(headers: HTTPMessage) -> bool:
    """Whether a proxy before this server can't have read another request in them, by another length or by a header that is passed over here."""
    lengths = {length.strip() for value in headers.get_all("Content-Length", []) for length in value.split(",")}
    return (
        len(lengths) <= 1
        and all(length.isascii() and length.isdigit() for length in lengths)
        and len(headers.get_all("Host", [])) <= 1
        and not any(isinstance(defect, _NOT_PLAIN) for defect in headers.defects)
    )


class Shared:
    """What all connections of one server have in common."""

    def __init__(
        self, guard: Guard, routes: Routes, connections: Connections, timeouts: Timeouts, log: logging.Logger
    ) -> None:
        self.guard, self.routes, self.connections, self.timeouts, self.log = guard, routes, connections, timeouts, log


class Handler(BaseHTTPRequestHandler):
    """Parses with the standard library's parser, within bounds of its own; answers GET and HEAD."""

    protocol_version = "HTTP/1.1"
    headers: HTTPMessage

    def __init__(self, shared: Shared, connection: Connection) -> None:
        # Not the base class's: that would read and write without bounds, and on its own.
        self._shared, self._connection = shared, connection
        self._reader = HeadReader(connection, _LARGEST_HEAD)
        self._answered = False
        self.command = self.requestline = self.request_version = ""

    def serve(self) -> None:
        """Serve until the client, its time or a refusal ends the connection."""
        self._connection.enter("head", self._shared.timeouts.head)
        try:
            if self._secured():
                self.rfile = self._buffered = io.BufferedReader(self._reader, _LONGEST_LINE)
                while self._one_request():
                    pass
        except (OSError, HeadTooLargeError):
            pass  # a broken or hostile connection is no news: it ends, and that is all
        except Exception:
            self._shared.log.exception("a connection could not be served")
        finally:
            self._close()

    def _secured(self) -> bool:
        """Do the TLS handshake, if there is one to do; whether requests may follow."""
        settings = self._shared.guard.settings()
        if settings.context is None:
            return True
        connection = self._connection
        connection.wait()
        first = connection.socket.recv(1, socket.MSG_PEEK)
        if first and first in _LETTERS:
            self.close_connection = True
            self._send(plain(HTTPStatus.BAD_REQUEST, "this is an HTTPS server"), settings)
            return False
        connection.wait()
        secure = settings.context.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
        connection.socket = secure
        secure.do_handshake()
        return client_is_allowed(secure.getpeercert(), settings.allowed_sans)

    def _one_request(self) -> bool:
        """Read one request and answer it; whether another may follow."""
        timeouts = self._shared.timeouts
        if self._answered:
            self._connection.enter("idle", timeouts.idle)
            self._reader.next_request()
            if not self._buffered.peek(1):
                return False
            self._connection.enter("head", timeouts.head)
        self.close_connection = True
        self.command = self.requestline = self.request_version = ""
        try:
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
            if len(self.raw_requestline) > _LONGEST_LINE:
                self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
                return False
            if not self.raw_requestline.endswith(b"\n") or not self.parse_request():
                return False
        except HeadTooLargeError:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        if (
            not self.request_version.startswith("HTTP/1.")
            or (self.request_version >= "HTTP/1.1" and "Host" not in self.headers)
            or not _is_plain(self.headers)
        ):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return False
        if (
            self.request_version < "HTTP/1.1"
            or self.headers.get("Content-Length", "0") != "0"
            or "Transfer-Encoding" in self.headers
        ):
            self.close_connection = True  # a body is not read, and what follows it can't be told apart
        settings = self._shared.guard.settings()
        self._send(self._answer(settings), settings)
        return not self.close_connection

    def _answer(self, settings: Settings) -> Answer:
        try:
            if not settings.authenticator.allows(self.headers.get("Authorization"), self._connection.address):
                return plain(
                    HTTPStatus.UNAUTHORIZED, WWW_Authenticate='Basic realm="llm-cost-exporter", charset="UTF-8"'
                )
        except TooBusyError:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "busy", Retry_After="1")
        if not settings.bucket.take():
            return plain(HTTPStatus.TOO_MANY_REQUESTS)
        if self.command not in ("GET", "HEAD"):
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        try:
            target = urlsplit(self.path)
        except ValueError:
            return plain(HTTPStatus.BAD_REQUEST)
        accept, encoding = ", ".join(self.headers.get_all("Accept", [])), self.headers.get("Accept-Encoding", "")
        self._connection.enter("make", self._shared.timeouts.answer)
        try:
            return self._shared.routes.answer(
                target.path, target.query, accept, accepts_gzip(encoding), self.command == "HEAD"
            )
        except Exception:
            self._shared.log.exception("an answer could not be made")
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _send(self, answer: Answer, settings: Settings) -> None:
        headers = {**_OWN_HEADERS, **settings.headers, **answer.headers}
        headers["Content-Type"] = answer.content_type
        headers["Date"] = formatdate(time.time(), usegmt=True)
        if answer.body is not None:
            headers["Content-Length"] = str(len(answer.body))
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
            *(f"{name}: {value}" for name, value in headers.items() if value),
        ]
        body = answer.body if answer.body is not None and self.command != "HEAD" else b""
        self._connection.enter("answer", self._shared.timeouts.answer, body)
        self._shared.connections.holding()
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if len(body) < 65_536:
            self._connection.send(head + body)
        else:
            self._connection.send(head)
            self._connection.send(body)
        self._answered = True

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer a request that can't be understood. It shows nothing, so it asks for no credentials."""
        self.close_connection = True
        self._send(plain(status), self._shared.guard.settings())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser of the base class calls; its own text would repeat what the client sent."""
        self._refuse(HTTPStatus(code))

    def handle_expect_100(self) -> bool:
        """A body is never read, so none is asked for."""
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Requests are not logged: their paths and headers are content of others."""

    def _close(self) -> None:
        """End the connection so that an answer still arrives where the client was cut short."""
        sock = self._connection.socket
        with contextlib.suppress(OSError, ValueError):
            socket.socket.shutdown(sock, socket.SHUT_WR)
            self._connection.enter("idle", _LINGER_SECONDS)
            self._connection.wait()
            while socket.socket.recv(sock, 65_536):  # the bare bytes, under TLS too: they only have to be taken
                self._connection.wait()
        with contextlib.suppress(OSError):
            sock.close()
