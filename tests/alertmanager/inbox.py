"""Where the messages of a test end: one HTTP server for all vendors, told apart by path, and one mail server. They take everything.

inbox = Inbox();  inbox.url + "/slack/one"       an address of Slack's webhook
inbox.posts["/slack/one"]                        what came there, decoded, in order
inbox.letters["one@example.org"]                 the mails to an address, parsed
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.processes import free_port

__all__ = ["Inbox"]


class Inbox:
    """Listens on loopback until `close`."""

    def __init__(self) -> None:
        self.posts: dict[str, list[Any]] = defaultdict(list)
        self.letters: dict[str, list[EmailMessage]] = defaultdict(list)
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posts[self.path].append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                # Each vendor's word for «taken»: PagerDuty's status, Slack's text, Telegram's answer.
                self.send_response(202 if self.path.startswith("/pagerduty") else 200)
                telegram = self.path.startswith("/telegram")
                self.send_header("Content-Type", "application/json" if telegram else "text/plain")
                self.end_headers()
                sent = {"ok": True, "result": {"message_id": 1, "chat": {"id": 1, "type": "private"}}}
                self.wfile.write(json.dumps(sent).encode() if telegram else b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        port = free_port()
        self.smarthost = f"127.0.0.1:{port}"
        self._smtp = Controller(self, hostname="127.0.0.1", port=port, ready_timeout=30)
        self._smtp.start()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a letter."""
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        for to in envelope.rcpt_tos:
            self.letters[to].append(letter)
        return "250 OK"

    def close(self) -> None:
        """Nobody listens any more."""
        self._smtp.stop()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
