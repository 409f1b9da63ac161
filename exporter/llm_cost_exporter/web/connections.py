"""The connections that are open, bounded in number, time and memory.

A thread serves each. When a new one comes and there is no room, one is closed of the host that has the most, the one that
has waited longest for its client: a client that sends its request gets its answer, however many others hold connections open
and say nothing, or take no answer.
A connection has a quarter of a second, and while its answer is being made two, before it can be closed in this way; until one
has had it, the next one waits to be accepted.
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

Stage = Literal["head", "idle", "answer", "make"]

# How long a connection in a stage is safe, and which goes first: those that are being answered have asked for something, and
# where an answer is still being made it is not the client that keeps anyone waiting.
_GRACE_SECONDS: dict[Stage, float] = {"head": 0.25, "idle": 0.25, "answer": 0.25, "make": 2.0}
_RANKS: dict[Stage, int] = {"head": 0, "idle": 0, "answer": 1, "make": 2}


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
        most = max(hosts.values())
        now = time.monotonic()
        crowd = [(each, each.stage, each.since) for each in self._open if hosts[each.address] == most]
        safe = min(_GRACE_SECONDS[stage] - (now - since) for _, stage, since in crowd)
        if safe > 0:
            return min(safe, 0.05)
        victim, *_ = min(
            (entry for entry in crowd if now - entry[2] >= _GRACE_SECONDS[entry[1]]),
            key=lambda entry: (_RANKS[entry[1]], entry[2]),
        )
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
                    if late or connection.stage in ("head", "idle"):
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
