"""The TLS context of a web configuration, and which client certificates may talk."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.files import refuse_pipe

if TYPE_CHECKING:
    from llm_cost_exporter.web.webconfig import TlsConfig

__all__ = ["CIPHERS", "CURVES", "TLS13_CIPHERS", "build_context", "client_is_allowed"]

# Go's names of the suites that it calls secure, and OpenSSL's. Those of TLS 1.3 are always on.
CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
TLS13_CIPHERS = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_VERIFY = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def build_context(config: TlsConfig, file: str) -> ssl.SSLContext:
    """The server's context; `file` is the web configuration's name in errors. Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    only_tls13 = bool(config.cipher_suites) and not any(name in CIPHERS for name in config.cipher_suites)
    context.minimum_version = _VERSIONS["TLS13" if only_tls13 else config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    if only_tls13 and config.max_version == "TLS12":
        raise ConfigError(file, "tls_server_config.cipher_suites", "has none for TLS 1.2, which max_version asks for")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if config.prefer_server_cipher_suites:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = [CIPHERS[name] for name in config.cipher_suites if name in CIPHERS]
    if suites:
        context.set_ciphers(":".join(suites))
    for curve in config.curve_preferences:
        try:
            context.set_ecdh_curve(CURVES[curve])
        except (ValueError, ssl.SSLError):
            problem = f"{curve} can't be set with this OpenSSL; CurveP256 would be right"
            raise ConfigError(file, "tls_server_config.curve_preferences", problem) from None
    context.set_alpn_protocols(["http/1.1"])
    _load_certificate(context, config, file)
    _load_client_ca(context, config, file)
    return context


def _load_certificate(context: ssl.SSLContext, config: TlsConfig, file: str) -> None:
    for key, path in (("cert_file", config.cert_file), ("key_file", config.key_file)):
        _readable(path, f"tls_server_config.{key}", file)
    try:
        # An encrypted key would be asked for on the terminal, where nobody may be.
        context.load_cert_chain(config.cert_file, config.key_file, password=_no_password)
    except _EncryptedKeyError:
        raise ConfigError(
            file, "tls_server_config.key_file", "is encrypted; a key without a passphrase would be right"
        ) from None
    except (ssl.SSLError, OSError, ValueError) as bad:
        reason = getattr(bad, "reason", "") or ""
        if "MISMATCH" in reason:
            raise ConfigError(
                file, "tls_server_config.key_file", "is not the key of the certificate in cert_file"
            ) from None
        raise ConfigError(
            file, "tls_server_config.cert_file", "is, with key_file, no certificate and key in PEM form"
        ) from None


class _EncryptedKeyError(Exception):
    """The key asks for a passphrase."""


def _no_password() -> str:
    raise _EncryptedKeyError


def _load_client_ca(context: ssl.SSLContext, config: TlsConfig, file: str) -> None:
    if config.client_ca_file:
        _readable(config.client_ca_file, "tls_server_config.client_ca_file", file)
    key = "client_ca" if config.client_ca else "client_ca_file"
    try:
        if config.client_ca:
            context.load_verify_locations(cadata=config.client_ca)
        elif config.client_ca_file:
            context.load_verify_locations(cafile=config.client_ca_file)
    except (ssl.SSLError, OSError, ValueError, TypeError):  # TypeError: it is not ASCII
        raise ConfigError(file, f"tls_server_config.{key}", "is no certificate in PEM form") from None
    context.verify_mode = _VERIFY[config.client_auth_type]


def _readable(path: str, key: str, file: str) -> None:
    try:
        refuse_pipe(path)
        with Path(path).open("rb"):
            pass
    except OSError as bad:
        raise ConfigError(file, key, f"{path} can't be read: {bad.strerror}") from None


def client_is_allowed(certificate: dict[str, Any] | None, allowed_sans: tuple[str, ...]) -> bool:
    """Whether a verified client certificate (as ssl gives it) has a name of the list; an empty list allows all."""
    if not allowed_sans:
        return True
    wanted = {_plain_name(name) for name in allowed_sans}
    names = (certificate or {}).get("subjectAltName", ())
    return any(kind in ("DNS", "IP Address", "email", "URI") and _plain_name(name) in wanted for kind, name in names)


def _plain_name(name: str) -> str:
    """Addresses in one form, since IPv6 has several ways of writing."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
