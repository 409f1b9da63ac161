"""A stand-in for a mail server: STARTTLS, then a user with a password, then mail that is parsed as a mail program would."""

from __future__ import annotations

import logging
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.processes import free_port
from tests.web_kit import Certificate, issue_certificate

__all__ = ["MailServer"]

logging.getLogger("mail.log").setLevel(
    logging.ERROR
)  # at each login aiosmtpd warns of an attribute that it sets itself


class MailServer:
    """Listens on `address` (host:port of loopback); `ca_file` is to be trusted by who sends."""

    def __init__(self, folder: Path, user: str = "alertmanager", password: str = "secret") -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self._login = LoginPassword(user.encode(), password.encode())
        folder.mkdir(parents=True, exist_ok=True)
        ca = issue_certificate(folder, "ca")
        own: Certificate = issue_certificate(folder, "mail", ca)
        self.ca_file = ca.cert_file
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own.cert_file, own.key_file)
        self.address = f"127.0.0.1:{free_port()}"
        # LOGIN is left out: aiosmtpd asks for the user in other words than Alertmanager waits for.
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=int(self.address.rpartition(":")[2]),
            tls_context=context,
            require_starttls=True,
            authenticator=self._authenticate,
            auth_required=True,
            auth_exclude_mechanism=["LOGIN"],
            ready_timeout=30,
        )
        self._controller.start()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=mechanism == "PLAIN" and data == self._login)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a letter."""
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"

    def close(self) -> None:
        """Nobody listens any more."""
        self._controller.stop()
