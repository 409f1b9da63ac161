"""Who may talk to the server, and how: the web configuration in force, read anew when its files change.

Prometheus' exporters read the file for every request, so that a renewed certificate or a removed user needs no restart.
Here the files' stamps are compared at most once a second, and SIGHUP reads them in any case. A change that is wrong is said
once and the old settings stay, until one of the files that it names changes or appears.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.web.auth import Authenticator
from llm_cost_exporter.web.tls import build_context

if TYPE_CHECKING:
    from llm_cost_exporter.web.webconfig import WebConfig

__all__ = ["Guard", "Settings", "TokenBucket"]

_LOOK_EVERY_SECONDS = 1.0

_Stamp = tuple[int, int, int, int] | None


class TokenBucket:
    """`rate_limit`: `burst` requests at once, one more every `interval` seconds. An interval of 0 is no limit."""

    def __init__(self, interval: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._burst, self._now = interval, burst, now
        self._tokens, self._at = float(burst), now()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether one more request may be answered now."""
        if self._interval <= 0:
            return True
        with self._lock:
            now = self._now()
            self._tokens = min(float(self._burst), self._tokens + (now - self._at) / self._interval)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Settings:
    """What one state of the web configuration (None: there is none) asks of every connection. Nothing in it changes."""

    def __init__(self, config: WebConfig | None, file: str) -> None:
        tls = config.tls_server_config if config else None
        self.context: ssl.SSLContext | None = build_context(tls, file) if tls else None
        self.allowed_sans = tls.client_allowed_sans if tls else ()
        self.authenticator = Authenticator(config.basic_auth_users if config else {})
        self.headers = config.http_server_config.set_headers() if config else {}
        self.bucket = (
            TokenBucket(config.rate_limit.interval, config.rate_limit.burst) if config else TokenBucket(0.0, 0)
        )


class Guard:
    """The settings in force. Raises ConfigError where the web configuration is wrong at the start."""

    def __init__(self, path: Path | None, log: logging.Logger, now: Callable[[], float] = time.monotonic) -> None:
        self._path, self._log, self._now = path, log, now
        self._lock = threading.Lock()
        self._stamps: dict[
            str, _Stamp
        ] = {}  # of the files of the last read, whatever came of it; each from before its read
        self._settings = self._read()
        self._looked_at = now()

    def settings(self) -> Settings:
        """What is in force now."""
        if self._path is not None and self._now() - self._looked_at >= _LOOK_EVERY_SECONDS:
            with self._lock:
                if self._now() - self._looked_at >= _LOOK_EVERY_SECONDS:
                    if any(_stamp(name) != stamp for name, stamp in self._stamps.items()):
                        self._reload()
                    self._looked_at = self._now()
        return self._settings

    def reload(self) -> None:
        """Read the files anew, whether or not they look changed (any thread)."""
        if self._path is not None:
            with self._lock:
                self._reload()

    def _reload(self) -> None:
        if self._path is not None and self._path.exists() and not self._path.is_file():
            # A pipe gives nothing a second time, and nothing is a web configuration: one without users.
            self._stamps[str(self._path)] = _stamp(str(self._path))
            self._log.warning("%s: is no regular file, and so is read only once; the old settings stay", self._path)
            return
        try:
            settings = self._read()
        except Exception as bad:  # noqa: BLE001 - a defect in what reads a file must not end what serves
            said = bad if isinstance(bad, ConfigError) else " ".join(f"{type(bad).__name__}: {bad}".split())
            self._log.error("the web configuration was not read anew, the old one stays: %s", said)
            return
        if (settings.context is None) != (self._settings.context is None):
            self._log.warning("%s: TLS is turned on or off only by a restart; the old settings stay", self._path)
            return
        self._settings = settings
        self._log.info("the web configuration was read anew")

    def _read(self) -> Settings:
        if self._path is None:
            return Settings(None, "")
        from llm_cost_exporter.web import webconfig  # noqa: PLC0415 - its models are made for those only who have such a file

        self._stamps = {str(self._path): _stamp(str(self._path))}
        config = webconfig.load(self._path)
        # Also where they can't be used: a file that is not there yet is waited for.
        self._stamps |= {name: _stamp(name) for name in config.files}
        return Settings(config, str(self._path))


def _stamp(name: str) -> _Stamp:
    """What changes with a file. The time of the last change of its owner or mode is in it: those may be what was wrong."""
    try:
        stat = Path(name).stat()
    except (OSError, ValueError):
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
