"""TLS as the web configuration asks for it, and never below 1.2."""

from __future__ import annotations

import os
import socket
import ssl
import time

import pytest
from cryptography import x509

from llm_cost_exporter.web import guard
from tests.web_kit import Certificate, ask, connect, parse, raw, read_all


def client(ca: Certificate | None = None, own: Certificate | None = None) -> ssl.SSLContext:
    """A client that trusts `ca` (none: anyone) and shows its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(ca.cert_file)
    if own is not None:
        context.load_cert_chain(own.cert_file, own.key_file)
    return context


def tls(certificate: Certificate, more: str = "") -> str:
    return f"tls_server_config: {{cert_file: {certificate.cert_file}, key_file: {certificate.key_file}{more}}}\n"


def test_https(serve, issue):
    """With a certificate all is served over TLS that a client can verify, and the page's address says https."""
    server = serve(tls(issue("server")))
    ca = issue("server2")
    assert server.url.startswith("https://")
    assert ask(server, context=client()).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(server, context=client(ca))


@pytest.mark.parametrize(
    ("version", "served"), [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)]
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_versions_below_1_2_are_refused(serve, issue, version, served):
    """A client that speaks only TLS 1.0 or 1.1 is sent away in the handshake; 1.2 and 1.3 are served."""
    server = serve(tls(issue("server")))
    context = client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    if served:
        assert ask(server, context=context).status == 200
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(server, context=context)
    assert ask(server, context=client()).status == 200


def test_min_and_max_version(serve, issue):
    """min_version: TLS13 refuses 1.2; max_version: TLS12 refuses 1.3."""
    certificate = issue("server")
    for text, refused in ((", min_version: TLS13", "TLSv1_2"), (", max_version: TLS12", "TLSv1_3")):
        server = serve(tls(certificate, text))
        context = client()
        context.minimum_version = context.maximum_version = ssl.TLSVersion[refused]
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(server, context=context)
        assert ask(server, context=client()).status == 200


def test_cipher_suites_and_curves(serve, issue):
    """Of TLS 1.2 only the named suites are spoken; with suites of 1.3 alone, only 1.3 is."""
    certificate = issue("server")
    server = serve(
        tls(certificate, ", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384], curve_preferences: [CurveP384]")
    )
    context = client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(server, context) as sock:
        assert isinstance(sock, ssl.SSLSocket)
        assert (sock.cipher() or ("",))[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(server, context=context)
    server = serve(tls(certificate, ", cipher_suites: [TLS_AES_128_GCM_SHA256]"))
    context = client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(server, context=context)


def test_client_certificates(serve, app, issue):
    """RequireAndVerifyClientCert serves those whom the CA signed, and shows the others nothing."""
    ca, other_ca = issue("ca"), issue("other-ca")
    server = serve(
        tls(issue("server"), f", client_auth_type: RequireAndVerifyClientCert, client_ca_file: {ca.cert_file}")
    )
    assert ask(server, context=client(own=issue("client", ca))).status == 200
    app.accepts.clear()
    for stranger in (None, issue("stranger", other_ca), issue("self")):
        with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):  # IndexError: closed without an answer
            ask(server, context=client(own=stranger))
    assert app.accepts == []


def test_client_certificates_where_given(serve, issue):
    """VerifyClientCertIfGiven serves those who show none, and refuses a wrong one."""
    ca = issue("ca")
    server = serve(tls(issue("server"), f", client_auth_type: VerifyClientCertIfGiven, client_ca: {str_of(ca)}"))
    assert ask(server, context=client()).status == 200
    assert ask(server, context=client(own=issue("client", ca))).status == 200
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        ask(server, context=client(own=issue("self")))


def str_of(certificate: Certificate) -> str:
    """PEM as a YAML text on one line."""
    return '"' + certificate.cert_file.read_text().replace("\n", "\\n") + '"'


def test_names_of_client_certificates(serve, issue):
    """client_allowed_sans lets in only whose certificate has one of the names, of whatever kind."""
    import ipaddress

    ca = issue("ca")
    server = serve(
        tls(
            issue("server"),
            f", client_auth_type: RequireAndVerifyClientCert, client_ca_file: {ca.cert_file}, "
            "client_allowed_sans: [prometheus.example, 'spiffe://x/prometheus', 'p@x.example', '2001:db8::7']",
        )
    )
    for name in (
        x509.DNSName("prometheus.example"),
        x509.UniformResourceIdentifier("spiffe://x/prometheus"),
        x509.RFC822Name("p@x.example"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    ):
        assert ask(server, context=client(own=issue("good", ca, (x509.DNSName("other"), name)))).status == 200
    for name in (x509.DNSName("evil.prometheus.example"), x509.DNSName("prometheus.example.evil")):
        with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
            ask(server, context=client(own=issue("bad", ca, (name,))))


def test_plain_http_on_an_https_port(serve, app, issue):
    """A client that forgot the s is told so, and sees nothing else."""
    server = serve(tls(issue("server")))
    reply = parse(raw(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert (reply.status, reply.body, app.accepts) == (400, b"this is an HTTPS server\n", [])


def test_a_stuck_handshake_holds_up_nobody(serve, issue):
    """Clients that connect and never finish a handshake don't keep others from theirs."""
    server = serve(tls(issue("server")))
    stuck = [connect(server) for _ in range(40)]
    for sock in stuck[::2]:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
    begun = time.monotonic()
    assert ask(server, context=client()).status == 200
    assert time.monotonic() - begun < 1
    for sock in stuck:
        sock.close()


def test_a_renewed_certificate_is_taken_without_a_restart(serve, issue, caplog):
    """When the files change, new connections get the new certificate; a half-written pair changes nothing and is said."""
    certificate = issue("server")
    server = serve(tls(certificate))
    first = seen_by(server)
    assert first == certificate.certificate.public_bytes(encoding()).hex()
    key = certificate.key_file.read_bytes()
    renewed = issue("server")
    new_key = renewed.key_file.read_bytes()
    certificate.key_file.write_bytes(key)  # the certificate is there already, its key not yet
    until(lambda: "the old one stays" in caplog.text, server)
    assert seen_by(server) == first
    certificate.key_file.write_bytes(new_key)
    os.utime(certificate.key_file, (1, 1))
    until(lambda: seen_by(server) != first, server)
    assert seen_by(server) == renewed.certificate.public_bytes(encoding()).hex()


def test_files_that_come_after_what_names_them(serve, issue, tmp_path, caplog):
    """A web configuration may name files that are not there yet: once they are, they are taken, and before the old ones serve."""
    certificate = issue("server")
    server = serve(tls(certificate))
    first = seen_by(server)
    later = issue("later")
    moved = [(path, path.rename(f"{path}.hidden")) for path in (later.cert_file, later.key_file)]
    (tmp_path / "web.yml").write_text(tls(later))
    for path, hidden in moved:
        caplog.clear()
        until(
            lambda: "the old one stays" in caplog.text, server
        )  # first for the file, then for the key that is still missing
        assert seen_by(server) == first
        hidden.rename(path)
    until(lambda: seen_by(server) != first, server)
    assert seen_by(server) == later.certificate.public_bytes(encoding()).hex()


def test_a_reload_reads_files_that_look_unchanged(serve, issue, tmp_path, monkeypatch):
    """SIGHUP reads the files whatever their stamps are."""
    monkeypatch.setattr(guard, "_stamp", lambda _: None)
    certificate = issue("server")
    server = serve(tls(certificate))
    first = seen_by(server)
    issue("server")
    assert seen_by(server) == first
    server.reload()
    assert seen_by(server) != first


def test_a_key_that_may_not_be_read_is_taken_once_it_may(issue, tmp_path):
    """A change of mode alone changes no content and no modification time, and may be what was waited for."""
    key = issue("server").key_file
    before = guard._stamp(str(key))
    time.sleep(0.01)
    key.chmod(0o400)
    assert guard._stamp(str(key)) != before


def test_a_defect_in_what_reads_the_files_does_not_end_what_serves(serve, issue, monkeypatch, caplog):
    """What nobody foresaw is one line in the log, and the old settings serve on."""

    def fails(*_):
        raise AttributeError("a\ndefect")

    server = serve(tls(issue("server")))
    monkeypatch.setattr(guard, "build_context", fails)
    server.reload()
    assert caplog.messages == ["the web configuration was not read anew, the old one stays: AttributeError: a defect"]
    assert seen_by(server)


def encoding():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def seen_by(server) -> str:
    with connect(server, client()) as sock:
        assert isinstance(sock, ssl.SSLSocket)
        certificate = sock.getpeercert(binary_form=True)
        assert certificate is not None
        return certificate.hex()


def until(condition, server) -> None:
    """Wait for what the server notices when it next looks."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        seen_by(server)
        time.sleep(0.02)


def test_large_answers_and_slow_readers_over_tls(serve, app, issue):
    """An answer larger than any buffer arrives whole over TLS, also with pauses."""
    app.body = b"a_metric_with_a_name 1\n" * 200_000
    with connect(serve(tls(issue("server"))), client()) as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        start = sock.recv(10)
        time.sleep(0.05)
        assert parse(start + read_all(sock)).body == app.body


def test_garbage_instead_of_a_handshake(serve, issue, capfd):
    """Random bytes on the TLS port end that connection and nothing else."""
    server = serve(tls(issue("server")))
    for data in (b"\x16\x03\x01" + b"\xff" * 100, b"\x00" * 50, b"\x80\x2e\x01\x00\x02", b""):
        with connect(server) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)
    assert ask(server, context=client()).status == 200
    assert capfd.readouterr().err == ""
