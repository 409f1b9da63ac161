"""Basic authentication against bcrypt hashes, cheap for the honest client and useless to the other one.

A bcrypt check takes 50 ms and more, by design. So a right password is remembered (as a keyed hash, one a user) and a
scrape costs none; wrong ones are remembered too, bounded. A user that does not exist costs the same check as a wrong
password. Checks run one at a time, so that guessing never takes more than one core. Who waits for one is served by address
in turn, so that a host that guesses holds up no other host; of one host, the newest is served first, since the honest one
among many at once is not the one that has been trying for long.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping

__all__ = ["Authenticator", "TooBusyError"]

_MOST_WRONG = 1024  # remembered wrong credentials
_LONGEST_PASSWORD = 72  # bytes that bcrypt looks at; htpasswd and Go cut there, too
_NOBODYS_SALT = "abcdefghijklmnopqrstuu"
_NOBODYS_HASH = "abcdefghijklmnopqrstuvwxyzABCDE"
_PATIENCE_SECONDS = 10.0
_MOST_WAITING = 64

Check = Callable[[bytes, bytes], bool]


def _checkpw(password: bytes, hashed: bytes) -> bool:
    import bcrypt  # noqa: PLC0415 - a library that only those need load who have users

    return bcrypt.checkpw(password, hashed)


class TooBusyError(Exception):
    """Too many others are guessing passwords; try again."""


class Authenticator:
    """Says whether an Authorization header is that of a user. Safe to use from many threads."""

    def __init__(self, users: Mapping[str, str], check: Check | None = None) -> None:
        self._users = {name.encode(): hashed.encode() for name, hashed in users.items()}
        costliest = max((hashed[4:6] for hashed in users.values()), default="10")
        self._nobody = f"$2b${costliest}${_NOBODYS_SALT}{_NOBODYS_HASH}".encode()
        self._check = check or _checkpw
        self._key = secrets.token_bytes(32)  # of the remembered hashes: they are of no use outside this process
        self._right: dict[bytes, bytes] = {}
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._turns = _Turns()
        self._lock = threading.Lock()

    @property
    def needed(self) -> bool:
        """Whether there are users at all; without any, everyone may read."""
        return bool(self._users)

    def allows(self, header: str | None, address: str = "") -> bool:
        """Whether the Authorization header names a user and its password. Raises TooBusyError.

        `address` is the host that asks.
        """
        if not self._users:
            return True
        credentials = _credentials(header)
        if credentials is None:
            return False
        user, password = credentials
        seen = hmac.digest(self._key, len(user).to_bytes(8, "big") + user + password, "sha256")
        with self._lock:
            known = self._right.get(user, b"")
            if hmac.compare_digest(known, seen):
                return True
            if seen in self._wrong:
                self._wrong.move_to_end(seen)
                return False
        with self._turns.of(address):
            right = self._is_right(user, password)
        with self._lock:
            if right:
                self._right[user] = seen
            else:
                self._wrong[seen] = None
                while len(self._wrong) > _MOST_WRONG:
                    self._wrong.popitem(last=False)
        return right

    def _is_right(self, user: bytes, password: bytes) -> bool:
        hashed = self._users.get(user)
        try:
            fits = self._check(password[:_LONGEST_PASSWORD], hashed or self._nobody)
        except ValueError:  # a password with a NUL, for some versions
            return False
        return fits and hashed is not None


def _credentials(header: str | None) -> tuple[bytes, bytes] | None:
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(token.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


class _Turn:
    """A place among those waiting; `granted` tells whether it came or was given up."""

    __slots__ = ("event", "granted")

    def __init__(self) -> None:
        self.event, self.granted = threading.Event(), False


class _Turns:
    """A lock that hosts get in turn. Where many of one host wait, its oldest is sent away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: dict[str, list[_Turn]] = {}  # by address; the first address is the one to be served next

    @contextlib.contextmanager
    def of(self, address: str) -> Iterator[None]:
        """Hold the lock in the name of `address`. Raises TooBusyError where it does not come."""
        self._take(address)
        try:
            yield
        finally:
            self._give()

    def _take(self, address: str) -> None:
        turn = _Turn()
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            self._waiting.setdefault(address, []).append(turn)
            if sum(map(len, self._waiting.values())) > _MOST_WAITING:
                most = max(self._waiting, key=lambda each: len(self._waiting[each]))
                self._leave(most, self._waiting[most][0])
        turn.event.wait(_PATIENCE_SECONDS)
        with self._lock:
            if turn.granted:
                return
            self._leave(address, turn)
        raise TooBusyError

    def _leave(self, address: str, turn: _Turn) -> None:
        turns = self._waiting.get(address, [])
        if turn in turns:
            turns.remove(turn)
            turn.event.set()
        if not turns:
            self._waiting.pop(address, None)

    def _give(self) -> None:
        with self._lock:
            if not self._waiting:
                self._taken = False
                return
            address = next(iter(self._waiting))
            turns = self._waiting.pop(address)
            turn = turns.pop()
            if turns:
                self._waiting[address] = turns  # behind the others
            turn.granted = True
            turn.event.set()
