"""The connections that are open, bounded in number, time and memory.

A thread serves each. When a new one comes and there is no room, one is closed of the host that has the most, the one that
has waited longest for its client: a client that sends its request gets its answer, however many others hold connections open
and say nothing.
A new connection has a quarter of a second before it can be closed in this way; until then the next one waits to be accepted.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Connection", "Connections", "HeadReader", "HeadTooLargeError", "Timeouts"]

Stage = Literal["head", "idle", "answer"]

_GRACE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Whole seconds that a client may take, however it spends them: a byte now and then does not make it longer."""

    head: float = (
        10.0  # from the connection (or the last answer's end, once a byte came) to the end of the request, TLS included
    )
    idle: float = 120.0  # between two requests: more than a usual scrape interval
    answer: float = 30.0  # to take the answer


@dataclass(eq=False, slots=True)
class Connection:
    """One client. `socket` is the plain or the TLS one; `body` is what it is being sent."""

    socket: socket.socket
    address: str = ""  # the client's host
    stage: Stage = "head"
    since: float = field(default_factory=time.monotonic)
    deadline: float = 0.0
    body: bytes = b""

    def enter(self, stage: Stage, seconds: float, body: bytes = b"") -> None:
        """Begin a stage that must be over in `seconds`."""
        self.since = time.monotonic()
        self.deadline = self.since + seconds
        self.stage, self.body = stage, body

    def wait(self) -> None:
        """Let the next operation on the socket take what is left of the stage. Raises TimeoutError."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)

    def send(self, data: bytes) -> None:
        """Send all of `data` within the stage. Raises OSError."""
        view = memoryview(data)
        while view:
            self.wait()
            view = view[self.socket.send(view[:262_144]) :]

    def cut(self) -> None:
        """End the connection from another thread: whatever waits on it wakes up."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # not SSLSocket's own, which its thread may be using


class Connections:
    """All that are open: at most `most`, holding at most `most_bytes` of answers."""

    def __init__(self, most: int = 128, most_bytes: int = 64 << 20) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._open: dict[Connection, None] = {}
        self._lock = threading.Lock()

    def admit(self, sock: socket.socket, address: str = "") -> Connection:
        """Register a new connection from the host `address`; where there is no room, one that has waited long is cut."""
        while True:
            with self._lock:
                wait = self._make_room()
                if wait <= 0:
                    connection = Connection(sock, address)
                    self._open[connection] = None
                    return connection
            time.sleep(wait)

    def _make_room(self) -> float:
        """Seconds to wait before there can be room (0: there is)."""
        if len(self._open) < self._most:
            return 0.0
        hosts = Counter(each.address for each in self._open)
        # Those that are being answered go last: they have asked for something.
        victim = min(self._open, key=lambda each: (-hosts[each.address], each.stage == "answer", each.since))
        young = _GRACE_SECONDS - (time.monotonic() - victim.since)
        if young > 0:
            return min(young, 0.05)
        self._remove(victim)
        return 0.0

    def holding(self) -> None:
        """Called when an answer begins: cuts the oldest answers while all together hold too much memory."""
        with self._lock:
            answering = sorted((each for each in self._open if each.stage == "answer"), key=lambda each: each.since)
            while (
                len(answering) > 1
                and sum({id(each.body): len(each.body) for each in answering}.values()) > self._most_bytes
            ):
                self._remove(answering.pop(0))

    def _remove(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        connection.cut()

    def drop(self, connection: Connection) -> None:
        """The connection's thread is done with it."""
        with self._lock:
            self._open.pop(connection, None)

    def close(self, patience_seconds: float) -> None:
        """Cut all that wait for a client now, and all that are being answered after `patience_seconds`."""
        end = time.monotonic() + patience_seconds
        while True:
            with self._lock:
                late = time.monotonic() >= end
                for connection in list(self._open):
                    if late or connection.stage != "answer":
                        self._remove(connection)
                if not self._open:
                    return
            time.sleep(0.01)

    def __len__(self) -> int:
        return len(self._open)


class HeadTooLargeError(Exception):
    """A request's line and headers are larger than any honest client's."""


class HeadReader(io.RawIOBase):
    """What a client sends, within the stage's time and a bound of bytes for each request."""

    def __init__(self, connection: Connection, most_bytes: int) -> None:
        super().__init__()
        self._connection, self._most, self._left = connection, most_bytes, most_bytes

    def readable(self) -> bool:
        return True

    def next_request(self) -> None:
        """The bound counts anew."""
        self._left = self._most

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's buffer type has no name here
        if self._left <= 0:
            raise HeadTooLargeError
        self._connection.wait()
        count = self._connection.socket.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count
