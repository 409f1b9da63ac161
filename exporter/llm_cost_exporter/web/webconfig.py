"""The web configuration: TLS, users and headers, in the form that Prometheus' own exporters share.

Source: docs/web-configuration.md of prometheus/exporter-toolkit. What Python's ssl module can't do is refused with the
word for what it can, never ignored: a setting that is silently not in force is worse than none. TLS below 1.2 is not to be had.
Errors never show a value from `basic_auth_users`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictBool, StrictStr, ValidationError

from llm_cost_exporter.config import checks, parse_duration, yamlfile
from llm_cost_exporter.config.messages import config_error, one_of
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.web.tls import CIPHERS, CURVES, TLS13_CIPHERS

__all__ = ["HttpConfig", "RateLimit", "TlsConfig", "WebConfig", "load"]

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)
_HIGHEST_COST = 17  # about ten seconds for one password


def _version(value: object) -> object:
    if value in ("TLS10", "TLS11", "TLS1.0", "TLS1.1", "SSL30"):
        raise ValueError("TLS below 1.2 is refused; TLS12 or TLS13 would be right")
    return value


def _not_inline(_value: object) -> object:
    raise ValueError("a certificate or key in the file itself is not supported; cert_file and key_file would be right")


def _client_auth(value: object) -> object:
    if value in ("RequestClientCert", "RequireAnyClientCert"):
        raise ValueError(
            f"{value} does not verify the certificate, which this exporter can't leave out; RequireAndVerifyClientCert would be right"
        )
    return value


def _cipher(value: str) -> str:
    if value not in CIPHERS and value not in TLS13_CIPHERS:
        raise ValueError(
            f"{value[:60]!r} is no secure cipher suite; {one_of([*CIPHERS][:2])} would be right, for example"
        )
    return value


def _curves(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) > 1:
        raise ValueError(
            "has more than one curve; one, or leaving the key out for OpenSSL's own choice, would be right"
        )
    for curve in value:
        if curve not in CURVES:
            raise ValueError(f"{curve[:60]!r} is not known; {one_of([*CURVES])} would be right")
    return value


def _header(*allowed: str, beginning: str = "") -> AfterValidator:
    def check(value: str) -> str:
        if not value.isprintable() or not value.isascii() or len(value) > 4096:
            raise ValueError("has characters that a header can't have")
        if value and allowed and value.lower() not in allowed:
            raise ValueError(f"{one_of(list(allowed))} would be right")
        if value and not value.lower().startswith(beginning):
            raise ValueError(f"{beginning}… would be right")
        return value

    return AfterValidator(check)


def _user(name: str) -> str:
    if not name or ":" in name or not name.isprintable():
        raise ValueError("a user's name has no `:`, no control characters, and is not empty")
    return name


def _bcrypt(value: object) -> str:
    found = _BCRYPT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            "is no bcrypt hash; what `htpasswd -nBC 10 \"\" | tr -d ':\\n'` prints would be right, in quotes"
        )
    if not 4 <= int(found[1]) <= _HIGHEST_COST:
        raise ValueError(f"has cost {int(found[1])}; from 4 to {_HIGHEST_COST} would be right, such as 10")
    return found[0]


def _interval(value: object) -> float:
    return parse_duration(value)


def _burst(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a whole number of requests would be right")
    return value


def _file_name(value: str) -> str:
    if value:
        checks.file_path(value)
    return value


FileName = Annotated[StrictStr, AfterValidator(_file_name)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TlsConfig(_Model):
    """`tls_server_config`. Paths are relative to the file's folder."""

    cert: Annotated[None, BeforeValidator(_not_inline)] = None
    key: Annotated[None, BeforeValidator(_not_inline)] = None
    client_ca: StrictStr = ""
    cert_file: FileName = ""
    key_file: FileName = ""
    client_auth_type: Annotated[
        Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"], BeforeValidator(_client_auth)
    ] = "NoClientCert"
    client_ca_file: FileName = ""
    client_allowed_sans: tuple[StrictStr, ...] = ()
    min_version: Annotated[Literal["TLS12", "TLS13"], BeforeValidator(_version)] = "TLS12"
    max_version: Annotated[Literal["TLS12", "TLS13"], BeforeValidator(_version)] = "TLS13"
    cipher_suites: tuple[Annotated[StrictStr, AfterValidator(_cipher)], ...] = ()
    prefer_server_cipher_suites: StrictBool = True
    curve_preferences: Annotated[tuple[StrictStr, ...], AfterValidator(_curves)] = ()


_HEADER_NAMES = {
    "csp": "Content-Security-Policy",
    "frame_options": "X-Frame-Options",
    "content_type_options": "X-Content-Type-Options",
    "xss_protection": "X-XSS-Protection",
    "strict_transport_security": "Strict-Transport-Security",
}


class Headers(_Model):
    """Headers of every answer; an empty text leaves the exporter's own header out."""

    model_config = ConfigDict(alias_generator=lambda name: _HEADER_NAMES[name])

    csp: Annotated[StrictStr, _header()] | None = None
    frame_options: Annotated[StrictStr, _header("deny", "sameorigin")] | None = None
    content_type_options: Annotated[StrictStr, _header("nosniff")] | None = None
    xss_protection: Annotated[StrictStr, _header()] | None = None
    strict_transport_security: Annotated[StrictStr, _header(beginning="max-age=")] | None = None


class HttpConfig(_Model):
    """`http_server_config`. HTTP/1.1 is what is spoken; `http2: true`, the form's default, only allows more."""

    http2: StrictBool = True
    headers: Headers = Headers()

    def set_headers(self) -> dict[str, str]:
        """The headers that the file sets, by name; an empty value is one to leave out."""
        return {name: value for name, value in self.headers.model_dump(by_alias=True).items() if value is not None}


class RateLimit(_Model):
    """`rate_limit`: one request an interval (seconds; 0: no limit), and `burst` at once."""

    interval: Annotated[float, BeforeValidator(_interval)] = 0.0
    burst: Annotated[int, BeforeValidator(_burst)] = 0


class WebConfig(_Model):
    """The whole file. Everything in it may be left out: an empty file is plain HTTP for everyone."""

    tls_server_config: TlsConfig | None = None
    http_server_config: HttpConfig = HttpConfig()
    basic_auth_users: dict[
        Annotated[StrictStr, AfterValidator(_user)], Annotated[StrictStr, BeforeValidator(_bcrypt)]
    ] = {}
    rate_limit: RateLimit = RateLimit()

    @property
    def files(self) -> tuple[str, ...]:
        """The other files that this one names."""
        tls = self.tls_server_config
        return tuple(name for name in (tls.cert_file, tls.key_file, tls.client_ca_file) if name) if tls else ()


MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): WebConfig,
    ("tls_server_config",): TlsConfig,
    ("http_server_config",): HttpConfig,
    ("http_server_config", "headers"): Headers,
    ("rate_limit",): RateLimit,
}


def load(path: Path) -> WebConfig:
    """The web configuration in the file `path`. Raises ConfigError in one line."""
    file = str(path)
    data = yamlfile.read(path)
    if data is not None and not isinstance(data, dict):
        raise ConfigError(
            file, "", "must be a mapping (key: value); tls_server_config, basic_auth_users or both would be right"
        )
    given = {key: value for key, value in (data or {}).items() if value is not None}
    try:
        config = WebConfig.model_validate(given)
    except ValidationError as bad:
        raise config_error(bad, file, MODELS) from None
    return _with_paths(config, file)


def _with_paths(config: WebConfig, file: str) -> WebConfig:
    tls = config.tls_server_config
    if tls is None:
        return config
    folder = Path(file).absolute().parent
    for key in ("cert_file", "key_file"):
        if not getattr(tls, key):
            raise ConfigError(file, f"tls_server_config.{key}", "is missing; TLS needs cert_file and key_file")
    if tls.client_ca and tls.client_ca_file:
        raise ConfigError(
            file, "tls_server_config.client_ca", "stands beside client_ca_file; one of them would be right"
        )
    has_ca, verifies = bool(tls.client_ca or tls.client_ca_file), tls.client_auth_type != "NoClientCert"
    if has_ca and not verifies:
        raise ConfigError(
            file,
            "tls_server_config.client_auth_type",
            "is missing beside a client CA; RequireAndVerifyClientCert would be right",
        )
    if verifies and not has_ca:
        raise ConfigError(
            file,
            "tls_server_config.client_ca_file",
            f"is missing; {tls.client_auth_type} needs the CA that signed the clients",
        )
    if tls.client_allowed_sans and tls.client_auth_type != "RequireAndVerifyClientCert":
        raise ConfigError(
            file, "tls_server_config.client_allowed_sans", "needs client_auth_type: RequireAndVerifyClientCert"
        )
    if tls.min_version > tls.max_version:
        raise ConfigError(file, "tls_server_config.max_version", f"is below min_version {tls.min_version}")
    paths = {
        key: str(folder / getattr(tls, key)) for key in ("cert_file", "key_file", "client_ca_file") if getattr(tls, key)
    }
    return config.model_copy(update={"tls_server_config": tls.model_copy(update=paths)})
