"""One HTTP session to an Alertmanager: its address checked, user and TLS as asked for, and what fails told in words without the password."""

from __future__ import annotations

import re
import socket
import ssl
import warnings
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from llm_cost_exporter import __version__
from llm_cost_exporter.errors import ConfigError, ExporterError, UsageError
from llm_cost_exporter.testalert.httpconfig import HttpClientConfig

__all__ = ["Address", "NoAnswerError", "Session", "parse_url"]

_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 20.0
_MOST_REDIRECTS: Final = 5
_RIGHT: Final = "http://localhost:9093 or https://HOST/PATH would be right"


class NoAnswerError(ExporterError):
    """No answer came in time: what was asked may have been done, or not."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an Alertmanager is: `base` without user and without a `/` at its end; `user` where the URL had one."""

    base: str
    user: tuple[str, str] | None = None


def parse_url(url: str) -> Address:
    """The address that a person wrote. Raises UsageError, without what may be a password in it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise UsageError(f"--alertmanager: is no URL; {_RIGHT}") from None
    if parts.scheme not in ("http", "https"):
        if "@" in url:
            raise UsageError(f"--alertmanager: begins with neither http:// nor https://; {_RIGHT}")
        guess = f"http://{url}" if re.fullmatch(r"[\w.-]+(:\d+)?(/.*)?", url) else ""
        hint = f"{guess} would be right" if guess else _RIGHT
        raise UsageError(f"--alertmanager: {url[:80]!r} begins with neither http:// nor https://; {hint}")
    if not parts.hostname or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", url.strip()):
        raise UsageError(f"--alertmanager: has no host, or more than a host and a path; {_RIGHT}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    base = f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
    user = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    return Address(base, user)


class _Adapter(HTTPAdapter):
    """TLS by a context of our own: the machine's trust beside certifi's, a client certificate, another server name."""

    def __init__(self, pool: dict[str, Any]) -> None:
        self._pool = pool
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs, **self._pool)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, **self._pool)


class Session:
    """Asks one Alertmanager. Every failure is an ExporterError in one line."""

    def __init__(self, address: Address, config: HttpClientConfig) -> None:
        self.base = address.base
        self._http = requests.Session()
        self._http.trust_env = False  # as amtool: no proxy and no .netrc that nobody named
        self._http.headers["User-Agent"] = f"llm-cost-exporter/{__version__}"
        self._follow = config.follow_redirects
        user = address.user or config.user()
        header = config.header()
        if user is not None:
            pair = f"{user[0]}:{user[1]}".encode()  # in UTF-8, as Go's servers read it
            self._http.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        elif header:
            self._http.headers["Authorization"] = _latin(header)
        self._http.mount("https://", _Adapter(self._tls(config)))
        if config.proxy_url:
            self._http.proxies = {"http": config.proxy_url, "https": config.proxy_url}

    def _tls(self, config: HttpClientConfig) -> dict[str, Any]:
        tls = config.tls_config
        try:
            context = ssl.create_default_context(cafile=tls.ca_file or None)
        except (OSError, ssl.SSLError):
            raise ConfigError(
                tls.ca_file, "tls_config.ca_file", "holds no certificates; a PEM file would be right"
            ) from None
        if tls.cert_file:
            try:
                context.load_cert_chain(tls.cert_file, tls.key_file)
            except (OSError, ssl.SSLError):
                raise ConfigError(
                    tls.cert_file, "tls_config.cert_file", "and key_file are no certificate and its key, in PEM"
                ) from None
        pool: dict[str, Any] = {"ssl_context": context}
        if tls.insecure_skip_verify:
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")  # the user's file has answered it
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._http.verify = False
        elif tls.ca_file:
            self._http.verify = tls.ca_file
        if tls.server_name:
            pool["server_hostname"] = tls.server_name
        return pool

    def get(self, path: str, **parameters: str | list[str]) -> requests.Response:
        """GET `path`; redirects within the same host move `base`."""
        for _ in range(_MOST_REDIRECTS):
            answer = self._ask("GET", path, params=parameters)
            target = answer.headers.get("Location", "")
            if answer.status_code not in (301, 302, 303, 307, 308) or not target:
                return answer
            self._move(requests.compat.urljoin(answer.url, target), path)
        raise ExporterError(f"{self.base}: redirects on and on; the address of the Alertmanager itself would be right")

    def post(self, path: str, body: object) -> requests.Response:
        """POST `body` as JSON to `path`."""
        return self._ask("POST", path, json=body)

    def _move(self, target: str, path: str) -> None:
        """Go on at `target`, unless that is another host's business, where the password has no place."""
        new, old = urlsplit(target), urlsplit(self.base)
        base, found, _ = target.partition(path)
        same = new.hostname == old.hostname and not (old.scheme == "https" and new.scheme != "https")
        if not (self._follow and same and found):
            shown = (
                f"{new.scheme}://{new.hostname or ''}{f':{new.port}' if new.port else ''}{new.path.removesuffix(path)}"
            )
            raise ExporterError(
                f"{self.base}: redirects to {shown[:120]}; the address of the Alertmanager itself would be right"
            )
        self.base = base

    def _ask(self, method: str, path: str, **how: Any) -> requests.Response:
        try:
            answer = self._http.request(
                method, self.base + path, timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS), allow_redirects=False, **how
            )
        except requests.exceptions.ConnectTimeout:
            raise ExporterError(f"{self.base}: no connection within {_CONNECT_SECONDS:g} seconds") from None
        except requests.exceptions.ReadTimeout:
            raise NoAnswerError(f"{self.base}: no answer within {_ANSWER_SECONDS:g} seconds") from None
        except requests.exceptions.RequestException as bad:
            raise _failure(self.base, bad) from None
        if answer.status_code == 400 and b"HTTP request to an HTTPS server" in answer.content[:200]:
            raise ExporterError(
                f"{self.base}: speaks TLS there; https://{self.base.partition('://')[2]} would be right"
            )
        return answer


def _latin(header: str) -> str:
    """A header that can be sent. Raises UsageError without showing it."""
    if not header.isascii() or not header.isprintable():
        raise UsageError("--http.config.file: the token has characters that no header can have")
    return header


def _failure(base: str, bad: requests.exceptions.RequestException) -> ExporterError:
    """What went wrong, in words; never the library's own text, which may hold the whole URL."""
    causes = [bad, *_causes(bad)]
    text = " ".join(str(one) for one in causes)
    plain = f"http://{base.partition('://')[2]}"
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return ExporterError(f"{base}: its certificate is not trusted: {one.verify_message}; {_trust(one)}")
    if "CERTIFICATE_REQUIRED" in text or "certificate required" in text or "handshake failure" in text:
        return ExporterError(
            f"{base}: wants a client certificate; tls_config with cert_file and key_file in --http.config.file would be right"
        )
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text.lower():
        return ExporterError(f"{base}: speaks no TLS there; {plain} would be right")
    if isinstance(bad, requests.exceptions.ProxyError):
        return ExporterError(f"{base}: the proxy of proxy_url gives no connection")
    if isinstance(bad, requests.exceptions.SSLError):
        return ExporterError(f"{base}: TLS fails")
    for one in causes:
        if isinstance(one, socket.gaierror):
            return ExporterError(f"{base}: no such host")
        if isinstance(one, OSError) and one.strerror and not isinstance(one, requests.exceptions.RequestException):
            return NoAnswerError(f"{base}: {one.strerror[0].lower()}{one.strerror[1:]}")
    return NoAnswerError(f"{base}: gives no answer that can be read ({type(bad).__name__})")


def _trust(bad: ssl.SSLCertVerificationError) -> str:
    if "ostname mismatch" in bad.verify_message or "IP address mismatch" in bad.verify_message:
        return "the name in its certificate, or tls_config with server_name in --http.config.file, would be right"
    return "tls_config with ca_file in --http.config.file would be right"


def _causes(bad: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    queue: list[BaseException] = [bad]
    while queue and len(found) < 20:
        one = queue.pop(0)
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        for cause in inner:
            if isinstance(cause, BaseException) and cause not in found:
                found.append(cause)
                queue.append(cause)
    return found
