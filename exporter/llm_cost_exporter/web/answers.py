"""What is answered: the routes, what client and server agree on, and results that many clients share."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from llm_cost_exporter.web import page
from llm_cost_exporter.web.page import PageModel

__all__ = ["Answer", "Application", "Routes", "Write", "accepts_gzip", "negotiate", "plain"]

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TEXT = "text/plain; version=0.0.4"

_SHARED_SECONDS = 0.2
_PATIENCE_SECONDS = 10.0
_GZIP = 16 + zlib.MAX_WBITS  # the format, for zlib
_GZIP_LEVEL = 1  # half the time of 4, for hardly larger an answer: label sets repeat from line to line


Write = Callable[[bytes], object]
"""Takes the next piece of a body."""


class Application(Protocol):
    """What the server shows. `metrics` and `page` are never called twice at once; `ready` may be, from any thread."""

    def metrics(self, accept: str, write: Write) -> str:
        """Write the exposition; its content type. `accept` is OPENMETRICS or TEXT, what client and server agreed on."""

    def ready(self) -> bool:
        """Whether the backlog is read."""

    def page(self) -> PageModel:
        """What the page shows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers. The body is None where only the headers were asked for."""

    status: HTTPStatus
    content_type: str
    body: bytes | None
    headers: dict[str, str] = field(default_factory=dict)


def plain(status: HTTPStatus, text: str = "", **headers: str) -> Answer:
    """An answer of one line."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, "text/plain; charset=utf-8", f"{text or status.phrase}\n".encode(), named)


class Routes:
    """The four paths. Everything else is not found: paths are compared, never resolved."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._shared = _Shared()

    def answer(self, path: str, query: str, accept: str, gzipped: bool, head: bool) -> Answer:
        """The answer to GET (or HEAD: then nothing is made, so that it is no scrape). Raises what the application raises."""
        if path == "/metrics":
            return self._metrics(negotiate(accept), gzipped, head)
        if path == "/":
            return self._page("rows=all" in query, "refresh=off" not in query, gzipped, head)
        if path == "/-/healthy":
            return plain(HTTPStatus.OK, "healthy")
        if path == "/-/ready":
            if self._app.ready():
                return plain(HTTPStatus.OK, "ready")
            return plain(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the backlog is being read, or the state does not answer; / and the log say which",
            )
        return plain(HTTPStatus.NOT_FOUND, "not found; /metrics, /-/healthy, /-/ready and / are here")

    def forget(self) -> None:
        """Let go of what is too old to be given again: to be called now and then."""
        self._shared.forget()

    def _metrics(self, accept: str, gzipped: bool, head: bool) -> Answer:
        if head:
            return Answer(HTTPStatus.OK, accept, None)
        # What was given before the backlog was read is no answer after it, however young.
        return self._shared.get(
            ("metrics", accept, self._app.ready()), gzipped, lambda write: self._app.metrics(accept, write)
        )

    def _page(self, all_rows: bool, refresh: bool, gzipped: bool, head: bool) -> Answer:
        content_type = "text/html; charset=utf-8"
        if head:
            return Answer(HTTPStatus.OK, content_type, None)

        def make(write: Write) -> str:
            write(page.render(self._app.page(), all_rows=all_rows, refresh=refresh))
            return content_type

        return self._shared.get(("page", all_rows, refresh), gzipped, make)


class _Shared:
    """Results that are a moment old are given again, so that many clients at once cost the work of one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, tuple[float, Answer]] = {}

    def get(self, key: Hashable, gzipped: bool, make: Callable[[Write], str]) -> Answer:
        fresh = self._fresh((key, gzipped))
        if fresh is not None:
            return fresh
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        try:
            return self._fresh((key, gzipped)) or self._make(key, gzipped, make)
        finally:
            self._lock.release()

    def _make(self, key: Hashable, gzipped: bool, make: Callable[[Write], str]) -> Answer:
        """What is compressed is compressed piece by piece: an exposition of megabytes is never in memory as a whole."""
        self.forget()
        parts: list[bytes] = []
        if gzipped:
            packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)
            content_type = make(lambda part: parts.append(packer.compress(part)))
            parts.append(packer.flush())
        else:
            content_type = make(parts.append)
        headers = {"Content-Encoding": "gzip"} if gzipped else {}
        answer = Answer(HTTPStatus.OK, content_type, b"".join(parts), headers)
        self._made[key, gzipped] = (time.monotonic(), answer)
        return answer

    def forget(self) -> None:
        """Keep no answer that is too old to be given again; an exposition may be megabytes."""
        for key in list(self._made):
            if self._fresh(key) is None:
                self._made.pop(key, None)

    def _fresh(self, key: Hashable) -> Answer | None:
        made = self._made.get(key)
        return made[1] if made is not None and time.monotonic() - made[0] < _SHARED_SECONDS else None


def negotiate(accept: str) -> str:
    """OPENMETRICS where the client likes it at least as well as the text format, else TEXT."""
    open_metrics, text = 0.0, 0.0
    for media_type, quality in _preferences(accept):
        if media_type == "application/openmetrics-text":
            open_metrics = max(open_metrics, quality)
        elif media_type == "text/plain":
            text = max(text, quality)
    return OPENMETRICS if open_metrics > 0 and open_metrics >= text else TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip: `*` is for what the header does not name."""
    qualities = dict(_preferences(accept_encoding))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _preferences(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header[:1024].lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        found.append((name, quality if 0 < quality <= 1 else 0.0))
    return found
