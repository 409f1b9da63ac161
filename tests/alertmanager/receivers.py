"""Stand-ins for those who get Alertmanager's notifications: they take what the vendor's API takes, refuse what it would refuse, and fail as told.

    slack = Slack(); slack.answers(500, HANG)       the next request is answered 500, the one after it never; then all is well again
    slack.answers(429, about="budget shop")         the next one with that text in it
    slack.taken                                     what was accepted, in order, with the time

Sources: Slack's pages on incoming webhooks (`ok`, 400 invalid_payload), attachments and the escaping of text; PagerDuty's OpenAPI document of
the Events API v2 (required fields, severities, 202).
"""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = ["HANG", "Notification", "PagerDuty", "Receiver", "Slack", "Webhook"]

HANG: Final = 0  # in place of a status: no answer until the client gives up
_LONGEST_HANG_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Notification:
    """One request: when it came (monotonic), its path, its decoded body, the status it got (HANG: none)."""

    when: float
    path: str
    body: Any
    status: int


class Receiver:
    """An HTTP server on loopback that takes POSTs of JSON. `url` is its address."""

    def __init__(self) -> None:
        self.requests: list[Notification] = []
        self.problems: list[str] = []  # what the vendor would have refused
        self._next: list[tuple[int, str]] = []
        self._closed = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._take(self, self.rfile.read(int(self.headers["Content-Length"] or 0)))

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def answers(self, *statuses: int, about: str = "") -> None:
        """The next requests with `about` in their body get these, whatever else they say; HANG is none at all."""
        self._next.extend((status, about) for status in statuses)

    @property
    def taken(self) -> list[Notification]:
        """What was accepted."""
        return [one for one in list(self.requests) if 200 <= one.status < 300]

    def check(self, body: Any) -> Iterator[str]:
        """What the vendor would refuse."""
        yield from ()

    def accept(self, body: Any) -> tuple[int, str]:
        """Status and text for what is right."""
        return 200, "{}"

    def refuse(self) -> tuple[int, str]:
        """Status and text for what is not."""
        return 400, "bad request"

    def close(self) -> None:
        """Nobody listens any more."""
        self._closed.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _take(self, handler: http.server.BaseHTTPRequestHandler, raw: bytes) -> None:
        when = time.monotonic()
        try:
            body = json.loads(raw)
            found = list(self.check(body))
        except ValueError:
            body, found = None, ["no JSON"]
        if "json" not in handler.headers.get("Content-Type", ""):
            found.append("not sent as JSON")
        self.problems += found
        told = next((one for one in self._next if one[1].encode() in raw), None)
        if told is not None:
            self._next.remove(told)
            status, text = told[0], "as told"
        else:
            status, text = self.refuse() if found else self.accept(body)
        self.requests.append(Notification(when, handler.path, body, status))
        handler.close_connection = True
        if status == HANG:
            self._hang(handler)
            return
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(text)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(text.encode())

    def _hang(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Until the client gives up."""
        handler.connection.settimeout(0.1)
        end = time.monotonic() + _LONGEST_HANG_SECONDS
        while not self._closed.is_set() and time.monotonic() < end:
            try:
                if not handler.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


class Webhook(Receiver):
    """Alertmanager's own JSON, version 4."""

    def check(self, body: Any) -> Iterator[str]:
        if not isinstance(body, dict) or body.get("version") != "4" or not body.get("alerts"):
            yield "no notification of Alertmanager"


_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_LINK = re.compile(r"<https?://[^<>|\s]+(?:\|[^<>]*)?>")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}|good|warning|danger")
_ATTACHMENT_TEXTS = ("title", "text", "fallback", "pretext", "footer", "author_name")


class Slack(Receiver):
    """An incoming webhook. `messages` are the accepted attachments."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The one attachment of each accepted message."""
        return [one.body["attachments"][0] for one in self.taken]

    def accept(self, body: Any) -> tuple[int, str]:
        return 200, "ok"

    def refuse(self) -> tuple[int, str]:
        return 400, "invalid_payload"

    def check(self, body: Any) -> Iterator[str]:
        if not isinstance(body, dict):
            yield "no object"
            return
        attachments = body.get("attachments", [])
        if not body.get("text") and not attachments:
            yield "no_text"
        if len(attachments) > 100:
            yield "too_many_attachments"
        yield from _markup("text", body.get("text", ""))
        if len(json.dumps(body)) > 40_000:
            yield "the message is longer than Slack keeps"
        for attachment in attachments:
            yield from self._check_attachment(attachment)

    def _check_attachment(self, one: Mapping[str, Any]) -> Iterator[str]:
        if not one.get("fallback"):
            yield "an attachment without fallback"
        for name in _ATTACHMENT_TEXTS:
            yield from _markup(name, one.get(name, ""))
        if len(one.get("text", "")) > 3000:
            yield "an attachment's text is longer than 3,000 characters"
        if one.get("color") and not _COLOUR.fullmatch(one["color"]):
            yield f"no colour: {one['color']}"
        if one.get("title_link") and not _is_url(one["title_link"]):
            yield f"title_link is no URL: {one['title_link']}"
        for field in one.get("fields") or ():
            yield from _markup("a field's title", field.get("title", ""))
            yield from _markup("a field's value", field.get("value", ""))
        actions = one.get("actions") or ()
        if len(actions) > 5:
            yield "more than five actions"
        for action in actions:
            if action.get("type") != "button" or not action.get("text"):
                yield f"no button with a text: {action}"
            if not _is_url(action.get("url", "")) or len(action["url"]) > 3000:
                yield f"a button without a URL: {action}"


def _markup(where: str, text: str) -> Iterator[str]:
    """`&`, `<` and `>` that are neither escaped nor part of a link to a page: there they could mention a channel."""
    rest = _LINK.sub("", text)
    if _ENTITY.search(text) or "<" in rest or ">" in rest:
        yield f"{where} has & < or > that are not escaped: {text[:200]}"


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"]", text)


class PagerDuty(Receiver):
    """The Events API v2. `incidents` is each incident's last event by its key."""

    @property
    def incidents(self) -> dict[str, dict[str, Any]]:
        """Dedup key -> the last event that was accepted."""
        return {one.body["dedup_key"]: one.body for one in self.taken}

    def triggered(self) -> list[dict[str, Any]]:
        """Accepted events that open or update an incident."""
        return [one.body for one in self.taken if one.body["event_action"] == "trigger"]

    def accept(self, body: Any) -> tuple[int, str]:
        return 202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": body.get("dedup_key")})

    def refuse(self) -> tuple[int, str]:
        return 400, json.dumps({"status": "invalid event", "message": "Event object is invalid"})

    def check(self, body: Any) -> Iterator[str]:
        if not isinstance(body, dict):
            yield "no object"
            return
        if len(body.get("routing_key", "")) != 32:
            yield "routing_key should be 32 characters"
        action = body.get("event_action")
        if action not in ("trigger", "acknowledge", "resolve"):
            yield f"event_action {action}"
        if action != "trigger" and not body.get("dedup_key"):
            yield "no dedup_key"
        if len(body.get("dedup_key") or "") > 255:
            yield "dedup_key is longer than 255 characters"
        if len(json.dumps(body)) > 512 << 10:
            yield "longer than 512 KiB"
        if action == "trigger":
            yield from self._check_payload(body.get("payload") or {})
            for link in body.get("links") or ():
                if not _is_url(link.get("href", "")):
                    yield f"a link without a URL: {link}"
            if body.get("client_url") and not _is_url(body["client_url"]):
                yield f"client_url is no URL: {body['client_url']}"

    def _check_payload(self, payload: Mapping[str, Any]) -> Iterator[str]:
        for name in ("summary", "source", "severity"):
            if not payload.get(name):
                yield f"payload.{name} is missing"
        if len(payload.get("summary", "")) > 1024:
            yield "payload.summary is longer than 1,024 characters"
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            yield f"payload.severity {payload.get('severity')}"
        if not isinstance(payload.get("custom_details", {}), dict):
            yield "payload.custom_details is no object"
