"""Fetching a newer catalogue: bounded in size and time, checked whole, and kept on disk for the next start.

Nothing is fetched unless the configuration names a URL. Whatever goes wrong, the catalogue before stays.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from llm_cost_exporter import __version__
from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.prices import cataloguefile

if TYPE_CHECKING:
    from llm_cost_exporter.prices.catalogue import Catalogue

__all__ = ["FETCHED", "fetch", "kept_at", "read_kept", "shown_url", "update"]

FETCHED: Final = "fetched catalogue"  # what is shown as the source of its prices
_FILE: Final = "catalogue.json"
_CONNECT_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 20.0
_ALL_SECONDS: Final = 60.0
_MOST_REDIRECTS: Final = 5
_CHUNK: Final = 1 << 16


def kept_at(state_dir: Path) -> Path:
    """Where the last catalogue that was fetched is kept."""
    return state_dir / _FILE


def read_kept(state_dir: Path) -> Catalogue | None:
    """The last catalogue that was fetched; None without one. Raises ValueError where it can't be read."""
    try:
        with kept_at(state_dir).open("rb") as file:
            data = file.read(cataloguefile.MOST_BYTES + 1)
            fetched = os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except OSError as bad:
        raise ValueError(f"can't be read: {bad.strerror}") from None
    return cataloguefile.parse(data, FETCHED, not_after=fetched)


def update(url: str, state_dir: Path, current: Catalogue, now: float, *, seconds: float = _ALL_SECONDS) -> Catalogue:
    """Fetch the catalogue at `url`, check it, keep it in `state_dir`, and give it. Raises ExporterError; then nothing has changed.

    One that is older than `current`, or has less than half of its models, is refused.
    """
    try:
        data = fetch(url, seconds=seconds)
        fresh = cataloguefile.parse(data, FETCHED, not_after=now)
        _compare(fresh, current)
    except ValueError as bad:
        raise ExporterError(f"prices: what is at {shown_url(url)} {bad}; the catalogue in use stays") from None
    path = kept_at(state_dir)
    try:
        _write(path, data)
    except OSError as bad:
        raise ExporterError(f"prices: {path}: can't be written: {bad.strerror}; the catalogue in use stays") from None
    return fresh


def _compare(fresh: Catalogue, current: Catalogue) -> None:
    if fresh.timestamp < current.timestamp:
        raise ValueError("is older than the one in use")
    if 2 * cataloguefile.models(fresh) < cataloguefile.models(current):
        raise ValueError("has less than half of the models of the one in use")


def fetch(url: str, *, seconds: float = _ALL_SECONDS, most: int = cataloguefile.MOST_BYTES) -> bytes:
    """What is at `url`, at most `most` bytes and within `seconds`. Raises ValueError in words, without the URL.

    A server that sends a byte now and then would be waited for by any client library: so the work is done in a thread that is
    left to itself when the time is over (it ends with the next bytes that come, or that don't).
    """
    answer: list[bytes | ValueError] = []

    def work() -> None:
        try:
            answer.append(_get(url, monotonic() + seconds, most))
        except ValueError as bad:
            answer.append(bad)

    thread = threading.Thread(target=work, name="prices-fetch", daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise ValueError(f"took longer than {seconds:g} seconds")
    if isinstance(answer[0], ValueError):
        raise answer[0]
    return answer[0]


def _get(url: str, until: float, most: int) -> bytes:
    import requests  # noqa: PLC0415 - a tenth of a second that only those need take who fetch

    headers = {
        "User-Agent": f"llm-cost-exporter/{__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    found = bytearray()
    try:
        with requests.Session() as session:
            session.max_redirects = _MOST_REDIRECTS
            timeout = (_CONNECT_SECONDS, _SILENCE_SECONDS)
            with session.get(url, stream=True, timeout=timeout, headers=headers) as answer:
                if url.startswith("https:") and not answer.url.startswith("https:"):
                    raise ValueError("leads to an address without TLS")
                if answer.status_code != 200:
                    raise ValueError(f"answers with status {answer.status_code}")
                for chunk in answer.iter_content(_CHUNK):
                    found += chunk
                    if len(found) > most:
                        raise ValueError(f"is larger than {most >> 20} MiB")
                    if monotonic() > until:
                        raise ValueError("took too long")
    except requests.exceptions.SSLError:
        raise ValueError("has a certificate that can't be verified") from None
    except requests.exceptions.Timeout:
        raise ValueError("took too long") from None
    except requests.exceptions.TooManyRedirects:
        raise ValueError(f"leads on more than {_MOST_REDIRECTS} times") from None
    except requests.exceptions.RequestException as bad:
        raise ValueError(f"can't be fetched ({type(bad).__name__})") from None
    return bytes(found)


def shown_url(url: str) -> str:
    """`url` without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
