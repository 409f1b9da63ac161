"""The HTTP client configuration that Prometheus' tools share: users, tokens, TLS, a proxy. The file that `amtool --http.config.file` takes.

Source: <http_config> of Alertmanager's configuration. Paths are relative to the file's folder, as with amtool 0.28 and later (before, it
was the folder above). What is not supported is refused, never ignored. Errors never show a secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool, StrictStr, ValidationError

from llm_cost_exporter.config import yamlfile
from llm_cost_exporter.config.messages import config_error
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.files import read_bounded

__all__ = ["Authorization", "BasicAuth", "HttpClientConfig", "TlsClientConfig", "load"]

_LONGEST_SECRET = 64 << 10

_PATHS = {
    "basic_auth": ("username_file", "password_file"),
    "authorization": ("credentials_file",),
    "tls_config": ("ca_file", "cert_file", "key_file"),
}


def _refused(right: str) -> BeforeValidator:
    def refuse(_value: object) -> object:
        raise ValueError(f"is not supported; {right} would be right")

    return BeforeValidator(refuse)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BasicAuth(_Model):
    """`basic_auth`: a user and a password, each in the file or in a file of its own."""

    username: StrictStr = ""
    username_file: StrictStr = ""
    password: StrictStr = ""
    password_file: StrictStr = ""


class Authorization(_Model):
    """`authorization`: the header's type and what follows it."""

    type: StrictStr = "Bearer"
    credentials: StrictStr = ""
    credentials_file: StrictStr = ""


class TlsClientConfig(_Model):
    """`tls_config`: whom to trust, as whom to show oneself, and the name that the server's certificate must have."""

    ca_file: StrictStr = ""
    cert_file: StrictStr = ""
    key_file: StrictStr = ""
    server_name: StrictStr = ""
    insecure_skip_verify: StrictBool = False
    ca: Annotated[None, _refused("ca_file")] = None
    cert: Annotated[None, _refused("cert_file")] = None
    key: Annotated[None, _refused("key_file")] = None


class HttpClientConfig(_Model):
    """The whole file; an empty one is plain HTTP or the machine's own trust, without a user."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    bearer_token: StrictStr = ""
    bearer_token_file: StrictStr = ""
    tls_config: TlsClientConfig = TlsClientConfig()
    proxy_url: StrictStr = ""
    follow_redirects: StrictBool = True
    enable_http2: StrictBool = True  # HTTP/1.1 is what is spoken; this only allows more
    oauth2: Annotated[None, _refused("basic_auth or authorization")] = None

    def header(self) -> str:
        """The value of the header Authorization that the file asks for beside basic_auth; empty: none."""
        token = _secret(self.bearer_token, self.bearer_token_file, "bearer_token_file")
        if token:
            return f"Bearer {token}"
        if self.authorization is None:
            return ""
        one = self.authorization
        return f"{one.type} {_secret(one.credentials, one.credentials_file, 'authorization.credentials_file')}"

    def user(self) -> tuple[str, str] | None:
        """User and password of basic_auth."""
        if self.basic_auth is None:
            return None
        one = self.basic_auth
        return (
            _secret(one.username, one.username_file, "basic_auth.username_file"),
            _secret(one.password, one.password_file, "basic_auth.password_file"),
        )


MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): HttpClientConfig,
    ("basic_auth",): BasicAuth,
    ("authorization",): Authorization,
    ("tls_config",): TlsClientConfig,
}


def load(path: Path) -> HttpClientConfig:
    """The client configuration in the file `path`. Raises ConfigError in one line."""
    file = str(path)
    data = yamlfile.read(path)
    if data is not None and not isinstance(data, dict):
        raise ConfigError(
            file, "", "must be a mapping (key: value); basic_auth, authorization or tls_config would be right"
        )
    given = {key: value for key, value in (data or {}).items() if value is not None}
    try:
        config = HttpClientConfig.model_validate(given)
    except ValidationError as bad:
        raise config_error(bad, file, MODELS) from None
    for key, problem in _problems(config):
        raise ConfigError(file, key, problem)
    return _with_paths(config, file)


def _problems(config: HttpClientConfig) -> Iterator[tuple[str, str]]:
    twice = "stands beside {}; one of them would be right"
    ways = {
        "basic_auth": config.basic_auth,
        "authorization": config.authorization,
        "bearer_token": config.bearer_token,
        "bearer_token_file": config.bearer_token_file,
    }
    given = [name for name, value in ways.items() if value]
    if len(given) > 1:
        yield given[1], twice.format(given[0])
    basic, header, tls = config.basic_auth, config.authorization, config.tls_config
    if basic is not None:
        if bool(basic.username) == bool(basic.username_file):
            yield "basic_auth.username", twice.format("username_file") if basic.username else "is missing"
        if basic.password and basic.password_file:
            yield "basic_auth.password", twice.format("password_file")
    if header is not None:
        if header.type.casefold() == "basic":
            yield "authorization.type", "Basic has a section of its own; basic_auth would be right"
        if bool(header.credentials) == bool(header.credentials_file):
            yield (
                "authorization.credentials",
                twice.format("credentials_file") if header.credentials else "is missing; credentials_file is right too",
            )
    if bool(tls.cert_file) != bool(tls.key_file):
        lacks = "key_file" if tls.cert_file else "cert_file"
        yield f"tls_config.{lacks}", "is missing; a client certificate needs cert_file and key_file"


def _with_paths(config: HttpClientConfig, file: str) -> HttpClientConfig:
    """With every path from the file's folder; each must be readable. Raises ConfigError."""
    folder = Path(file).absolute().parent
    changed: dict[str, Any] = {}
    for section, keys in _PATHS.items():
        part = getattr(config, section)
        if part is not None:
            paths = {key: _path(folder, getattr(part, key), file, f"{section}.{key}") for key in keys}
            changed[section] = part.model_copy(update=paths)
    changed["bearer_token_file"] = _path(folder, config.bearer_token_file, file, "bearer_token_file")
    return config.model_copy(update=changed)


def _path(folder: Path, value: str, file: str, key: str) -> str:
    if not value:
        return ""
    path = folder / value
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY))  # a pipe's writer may be late
    except (OSError, ValueError) as bad:
        reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else "no such file"
        raise ConfigError(file, key, f"{path} can't be read: {reason}") from None
    return str(path)


def _secret(text: str, path: str, key: str) -> str:
    """The secret itself, or what its file holds without the white space around it. Raises ConfigError without the secret."""
    if not path:
        return text
    try:
        data = read_bounded(path, _LONGEST_SECRET)
        if len(data) > _LONGEST_SECRET:
            raise ConfigError(path, key, f"is longer than {_LONGEST_SECRET >> 10} KiB; that is no secret")
        return data.decode().strip()
    except UnicodeDecodeError:
        raise ConfigError(path, key, "is no text in UTF-8") from None
    except OSError as bad:
        raise ConfigError(path, key, f"can't be read: {bad.strerror}") from None
