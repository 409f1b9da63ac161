"""What the web tests share: an application whose answers are known, a client that shows what came back, certificates."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from llm_cost_exporter.web import PageModel, WebServer
from tests import page_models

LOG = logging.getLogger("test.web")


@dataclass
class App:
    """An application that says what it was asked for."""

    body: bytes = b"# TYPE llm_cost_usd_total counter\nllm_cost_usd_total 4.2 dollars\n"
    is_ready: bool = True
    fails: bool = False
    accepts: list[str] = field(default_factory=list)
    pages: int = 0

    def metrics(self, accept: str, write: Callable[[bytes], object]) -> str:
        self.accepts.append(accept)
        if self.fails:
            raise RuntimeError("a defect")
        write(self.body)
        return f"{accept}; charset=utf-8"

    def ready(self) -> bool:
        return self.is_ready

    def page(self) -> PageModel:
        self.pages += 1
        return page_models.realistic()


@dataclass
class Reply:
    """What came back, as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


def connect(server: WebServer, context: ssl.SSLContext | None = None, timeout: float = 10) -> socket.socket:
    """A connection to the server."""
    sock = socket.create_connection(server.address, timeout=timeout)
    return context.wrap_socket(sock, server_hostname="localhost") if context else sock


def read_all(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    got = bytearray()
    while chunk := sock.recv(65_536):
        got += chunk
    return bytes(got)


def is_cut(sock: socket.socket) -> bool:
    """The server has ended the connection: with a FIN, or with a reset where it had not even taken it."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def parse(raw: bytes) -> Reply:
    """One answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Reply(int(first.split()[1]), headers, body)


def ask(
    server: WebServer,
    path: str = "/metrics",
    method: str = "GET",
    context: ssl.SSLContext | None = None,
    **headers: str,
) -> Reply:
    """One request on a connection of its own."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    with connect(server, context) as sock:
        sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode("latin-1"))
        return parse(read_all(sock))


def raw(server: WebServer, data: bytes) -> bytes:
    """What the server says to these bytes, until it closes."""
    with connect(server) as sock:
        sock.sendall(data)
        return read_all(sock)


@dataclass
class Certificate:
    """A certificate with its key, and its files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    cert_file: Path
    key_file: Path


def issue_certificate(
    folder: Path, name: str, signer: Certificate | None = None, sans: tuple[x509.GeneralName, ...] = ()
) -> Certificate:
    """A certificate, self-signed (then it is a CA) or signed by another one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    names = sans or (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(signer.key if signer else key, hashes.SHA256())
    )
    cert_file, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificate(certificate, key, cert_file, key_file)
