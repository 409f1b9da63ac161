"""A web configuration is taken as Prometheus' exporters take it, or refused in one line that shows no secret."""

from __future__ import annotations

import base64
import re
import ssl
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization

from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.web import WebServer, webconfig
from tests.web_kit import LOG, App, ask

HASH = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"
TLS = "tls_server_config: {cert_file: c, key_file: k"

WRONG = {
    "[]": "must be a mapping (key: value); tls_server_config, basic_auth_users or both would be right",
    "tls_config: {}": "tls_config: unknown key; did you mean 'tls_server_config'?",
    "tls_server_config: {}": "tls_server_config.cert_file: is missing; TLS needs cert_file and key_file",
    "tls_server_config: {cert_file: c}": "tls_server_config.key_file: is missing; TLS needs cert_file and key_file",
    "tls_server_config: {cert: x, key: y}": "tls_server_config.cert: a certificate or key in the file itself is not supported; cert_file and "
    "key_file would be right",
    TLS
    + ", min_version: TLS10}": "tls_server_config.min_version: TLS below 1.2 is refused; TLS12 or TLS13 would be right",
    TLS
    + ", max_version: TLS11}": "tls_server_config.max_version: TLS below 1.2 is refused; TLS12 or TLS13 would be right",
    TLS
    + ", min_version: TLS14}": "tls_server_config.min_version: 'TLS14' is not known; 'TLS12' or 'TLS13' would be right",
    TLS + ", min_version: TLS13, max_version: TLS12}": "tls_server_config.max_version: is below min_version TLS13",
    TLS
    + ", client_auth_type: RequestClientCert}": "tls_server_config.client_auth_type: RequestClientCert does not verify the certificate, which "
    "this exporter can't leave out; RequireAndVerifyClientCert would be right",
    TLS
    + ", client_auth_type: Always}": "tls_server_config.client_auth_type: 'Always' is not known; 'NoClientCert', 'VerifyClientCertIfGiven' or "
    "'RequireAndVerifyClientCert' would be right",
    TLS
    + ", client_auth_type: RequireAndVerifyClientCert}": "tls_server_config.client_ca_file: is missing; RequireAndVerifyClientCert needs the "
    "CA that signed the clients",
    TLS
    + ", client_ca_file: ca}": "tls_server_config.client_auth_type: is missing beside a client CA; RequireAndVerifyClientCert would be right",
    TLS
    + ", client_ca_file: ca, client_ca: x}": "tls_server_config.client_ca: stands beside client_ca_file; one of them would be right",
    TLS
    + ", client_allowed_sans: [a]}": "tls_server_config.client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert",
    TLS
    + ", cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}": "tls_server_config.cipher_suites[0]: 'TLS_RSA_WITH_RC4_128_SHA' is no secure cipher suite; "
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 would be right, for example",
    TLS
    + ", curve_preferences: [CurveP256, X25519]}": "tls_server_config.curve_preferences: has more than one curve; one, or leaving the key out "
    "for OpenSSL's own choice, would be right",
    TLS
    + ", curve_preferences: [P256]}": "tls_server_config.curve_preferences: 'P256' is not known; CurveP256, CurveP384, CurveP521 or X25519 "
    "would be right",
    'tls_server_config: {cert_file: "\\0", key_file: k}': "tls_server_config.cert_file: has a control character; a path would be right",
    'tls_server_config: {cert_file: c, key_file: "a\\ud800"}': "tls_server_config.key_file: has a control character; a path would be right",
    TLS + ', client_ca_file: " "}': "tls_server_config.client_ca_file: is empty; a path would be right",
    TLS
    + f", client_ca_file: {'a' * 4097}}}": "tls_server_config.client_ca_file: is longer than 4096 characters; a path would be right",
    TLS + ", certfile: x}": "tls_server_config.certfile: unknown key; did you mean 'cert_file'?",
    "http_server_config: {http2: maybe}": "http_server_config.http2: must be true or false",
    "http_server_config: {headers: {X-Frame-Options: allow}}": "http_server_config.headers.X-Frame-Options: deny or sameorigin would be right",
    "http_server_config: {headers: {Strict-Transport-Security: x}}": "http_server_config.headers.Strict-Transport-Security: max-age=… would be right",
    'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a=b"}}': "http_server_config.headers.X-XSS-Protection: has characters that "
    "a header can't have",
    "http_server_config: {headers: {Set-Cookie: a}}": "http_server_config.headers.Set-Cookie: unknown key; Content-Security-Policy, X-Frame-Options, "
    "X-Content-Type-Options, X-XSS-Protection or Strict-Transport-Security would be right",
    "rate_limit: {interval: 1}": "rate_limit.interval: 1 has no unit; a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right",
    "rate_limit: {burst: -1}": "rate_limit.burst: a whole number of requests would be right",
    "basic_auth_users: {'a:b': x}": "basic_auth_users.a:b: a user's name has no `:`, no control characters, and is not empty",
    "basic_auth_users: [alice]": "basic_auth_users: must be a mapping (key: value)",
    "basic_auth_users: {alice: SECRET}": "basic_auth_users.alice: is no bcrypt hash; what `htpasswd -nBC 10 \"\" | tr -d ':\\n'` prints would be "
    "right, in quotes",
    "basic_auth_users: {alice: !!int SECRET}": "line 1: a value can't be read as int; one that can, or it without a tag (`!!…`), would be right",
    "basic_auth_users: {alice: 5}": "basic_auth_users.alice: is no bcrypt hash; what `htpasswd -nBC 10 \"\" | tr -d ':\\n'` prints would be right, in quotes",
    f"basic_auth_users: {{alice: '{HASH.replace('$10$', '$31$')}'}}": "basic_auth_users.alice: has cost 31; from 4 to 17 would be right, such as 10",
    "basic_auth_users: {alice: x\n": "line 2: expected ',' or '}', but got '<stream end>' (while parsing a flow mapping)",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, message):
    """Each mistake is a ConfigError of one line, without the secret that stands there."""
    path = tmp_path / "web.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        WebServer("127.0.0.1:0", path, App(), LOG)
    assert str(error.value) == f"{path}: {message}"
    assert "SECRET" not in str(error.value)


def test_everything_that_is_supported(tmp_path):
    """All keys that Python's TLS can do, in the form of the toolkit's documentation, are taken; paths are relative to the file."""
    path = tmp_path / "web.yml"
    path.write_text(f"""
tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519]
http_server_config:
  http2: true
  headers: {{X-Frame-Options: SAMEORIGIN, Strict-Transport-Security: max-age=31536000, Content-Security-Policy: ""}}
basic_auth_users:
  alice: {HASH}
  bob: {HASH.replace("$2y", "$2b")}
rate_limit: {{interval: 1s, burst: 20}}
""")
    config = webconfig.load(path)
    assert config.tls_server_config is not None
    assert (config.tls_server_config.cert_file, config.tls_server_config.key_file) == (
        str(tmp_path / "server.crt"),
        "/keys/server.key",
    )
    assert config.http_server_config.set_headers() == {
        "X-Frame-Options": "SAMEORIGIN",
        "Strict-Transport-Security": "max-age=31536000",
        "Content-Security-Policy": "",
    }
    assert set(config.basic_auth_users) == {"alice", "bob"}
    assert (config.rate_limit.interval, config.rate_limit.burst) == (1.0, 20)


def test_the_example_works_as_it_stands(serve, issue):
    """web.example.yml is served from, with a certificate beside it, and its user's password is the one it says."""
    example = (Path(__file__).parents[2] / "web.example.yml").read_text(encoding="utf-8")
    issue("server")
    server = serve(example)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    credentials = "Basic " + base64.b64encode(b"prometheus:change-me").decode()
    reply = ask(server, context=context, Authorization=credentials)
    assert (reply.status, reply.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
    assert ask(server, context=context).status == 401
    named = set(yaml.safe_load(re.sub(r"(?m)^( *)#(\w+: )", r"\1\2", example))["tls_server_config"])
    assert named == set(webconfig.TlsConfig.model_fields) - {"cert", "key", "client_ca"}


def test_an_empty_file_is_plain_http(tmp_path):
    """An empty web configuration, and one of empty sections, changes nothing."""
    path = tmp_path / "web.yml"
    for text in ("", "# nothing\n", "tls_server_config:\nbasic_auth_users:\n"):
        path.write_text(text)
        assert webconfig.load(path) == webconfig.WebConfig()


def test_certificates_that_cannot_be_used(tmp_path, issue):
    """A missing, wrong, foreign or encrypted certificate or key is said by its key, and never asked for on a terminal."""
    one, other = issue("one"), issue("other")
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        one.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    garbage = tmp_path / "garbage"
    garbage.write_text("no PEM")
    path = tmp_path / "web.yml"
    for text, message in (
        (
            f"{{cert_file: nowhere, key_file: {one.key_file}}}",
            rf"cert_file: {tmp_path}/nowhere can't be read: No such file or directory",
        ),
        (f"{{cert_file: {one.cert_file}, key_file: {tmp_path}}}", "key_file: .* can't be read: Is a directory"),
        (
            f"{{cert_file: {one.cert_file}, key_file: {other.key_file}}}",
            "key_file: is not the key of the certificate in cert_file",
        ),
        (
            f"{{cert_file: {one.cert_file}, key_file: {encrypted}}}",
            "key_file: is encrypted; a key without a passphrase would be right",
        ),
        (
            f"{{cert_file: {garbage}, key_file: {garbage}}}",
            "cert_file: is, with key_file, no certificate and key in PEM form",
        ),
        (
            f"{{cert_file: {one.cert_file}, key_file: {one.key_file}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: {garbage}}}",
            "client_ca_file: is no certificate in PEM form",
        ),
        (
            f"{{cert_file: {one.cert_file}, key_file: {one.key_file}, client_auth_type: RequireAndVerifyClientCert, client_ca: garbage}}",
            "client_ca: is no certificate in PEM form",
        ),
        (
            f"{{cert_file: {one.cert_file}, key_file: {one.key_file}, client_auth_type: RequireAndVerifyClientCert, client_ca: Grüße}}",
            "client_ca: is no certificate in PEM form",
        ),
        (f"{{cert_file: {'x' * 300}, key_file: y}}", "cert_file: .* can't be read: File name too long"),
    ):
        path.write_text(f"tls_server_config: {text}")
        with pytest.raises(ConfigError, match=rf"^{re.escape(str(path))}: tls_server_config\.{message}$"):
            WebServer("127.0.0.1:0", path, App(), LOG)
