"""The ids of the last calls, so that one call on several lines is counted once.

Bounded by number (`window`) and by age in event time (`max_age`). An id is kept as an eight-byte hash; an entry says
where the first line's call went and what it counted, so that a larger repeat adds just the difference. Entries lie in a ring; a save
writes the ring's changed chunks, not one row an id.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_cost_exporter.tariffs import Context
    from llm_cost_exporter.types import Usage

__all__ = ["Entry", "Ids", "key_of", "renumbered"]

_CHUNK = 512  # entries a saved row; a busy second changes two or three
_SLOT_BYTES = 8
_STREAMS = 128  # ids kept where `window` is 0, so that the parts of a stream still find their call


@dataclass(slots=True)
class Entry:
    """What the first line of a call (and its larger repeats) counted."""

    account: int
    time: float
    tokens: dict[str, int]
    context: Context = ()
    reported: int | None = None
    failed: bool = False
    free: bool = False  # a gateway's cache hit: tokens cost nothing
    trusted: bool = False  # the reported cost is the cost

    def pack(self) -> bytes:
        row: list[Any] = [self.account, self.time, self.tokens]
        flags = self.failed | self.free << 1 | self.trusted << 2
        if flags or self.context or self.reported is not None:
            row += [flags, self.context, None if self.reported is None else str(self.reported)]
        return orjson.dumps(row)

    @classmethod
    def unpack(cls, data: bytes | str) -> Entry:
        account, time, tokens, *more = orjson.loads(data)
        if not more:
            return cls(account, time, tokens)
        flags, context, reported = more
        return cls(
            account, time, tokens, tuple((name, value) for name, value in context),
            None if reported is None else int(reported), bool(flags & 1), bool(flags & 2), bool(flags & 4),
        )  # fmt: skip


def key_of(call_id: str, scope: str) -> bytes:
    """The key of a call: a vendor's id is global (`scope` is empty), any other is its source entry's."""
    text = f"{scope}\0{call_id}" if scope else call_id
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def renumbered(chunk: bytes, moved: Mapping[int, int]) -> bytes | None:
    """A saved chunk after accounts (keys) went into others (values); None where it names none of them."""
    rows, changed = orjson.loads(chunk), False
    for row in rows:
        entry = Entry.unpack(row[2])
        if entry.account in moved:
            entry.account, changed = moved[entry.account], True
            row[2] = entry.pack().decode()
    return orjson.dumps(rows) if changed else None


class Ids:
    """Key -> Entry for the last `window` calls that are at most `max_age` seconds of event time apart."""

    def __init__(self, window: int, max_age: float) -> None:
        self.repeats = window > 0  # whether the same id on another line is the same call
        self._window = window or _STREAMS
        self._max_age = max_age
        self._entries: dict[bytes, bytes] = {}  # key -> slot number, then the packed entry
        self._ring: list[bytes | None] = []
        self._next = 0  # slots ever used; the ring holds the last `window` of them
        self._dirty: set[int] = set()
        self._gone: set[int] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: bytes, when: float) -> Entry | None:
        """The entry of `key`, unless the call of time `when` is further than max_age from it."""
        data = self._entries.get(key)
        if data is None:
            return None
        entry = Entry.unpack(data[_SLOT_BYTES:])
        return entry if abs(when - entry.time) <= self._max_age else None

    def add(self, key: bytes, entry: Entry) -> None:
        """Remember a new call, forgetting the oldest when the window is full."""
        self._put(key, entry.pack())

    def add_call(self, key: bytes, account: int, usage: Usage, *, trusted: bool) -> None:
        """`add` of a call just posted to `account`; on the path of every line, so plain calls are packed without an Entry."""
        if usage.reported_usd is None and usage.failure is None and not usage.context and not usage.gateway_cache_hit:
            self._put(key, orjson.dumps((account, usage.time, usage.tokens)))
            return
        flags = (usage.failure is not None) | usage.gateway_cache_hit << 1 | trusted << 2
        reported = None if usage.reported_usd is None else str(usage.reported_usd)
        self._put(key, orjson.dumps((account, usage.time, usage.tokens, flags, usage.context, reported)))

    def _put(self, key: bytes, packed: bytes) -> None:
        slot = self._next
        self._next = slot + 1
        at = slot % self._window
        if at < len(self._ring):
            old = self._ring[at]
            if old is not None:
                held = self._entries.get(old)
                if held is not None and int.from_bytes(held[:_SLOT_BYTES], "little") == slot - self._window:
                    del self._entries[old]
            self._ring[at] = key
            if (slot - self._window + 1) % _CHUNK == 0:
                self._gone.add((slot - self._window) // _CHUNK)
        else:
            self._ring.append(key)
        self._entries[key] = slot.to_bytes(_SLOT_BYTES, "little") + packed
        self._dirty.add(slot // _CHUNK)

    def update(self, key: bytes, entry: Entry) -> None:
        """The call of `key` has grown."""
        slot = self._entries[key][:_SLOT_BYTES]
        self._entries[key] = slot + entry.pack()
        self._dirty.add(int.from_bytes(slot, "little") // _CHUNK)

    def changed(self) -> tuple[list[tuple[int, bytes]], list[int]]:
        """Chunks to write and numbers of chunks to delete since the last `saved`."""
        rows = [(chunk, self._pack_chunk(chunk)) for chunk in sorted(self._dirty - self._gone)]
        return rows, sorted(self._gone)

    def everything(self) -> None:
        """Let the next save write all (a new database)."""
        first = max(0, self._next - self._window)
        self._dirty = set(range(first // _CHUNK, (self._next + _CHUNK - 1) // _CHUNK))

    def saved(self) -> None:
        self._dirty.clear()
        self._gone.clear()

    def _pack_chunk(self, chunk: int) -> bytes:
        first = max(chunk * _CHUNK, self._next - self._window, 0)
        rows = []
        for slot in range(first, min((chunk + 1) * _CHUNK, self._next)):
            key = self._ring[slot % self._window]
            data = self._entries.get(key) if key is not None else None
            if key is None or data is None or int.from_bytes(data[:_SLOT_BYTES], "little") != slot:
                continue
            rows.append([slot, key.hex(), data[_SLOT_BYTES:].decode()])
        return orjson.dumps(rows)

    def load(self, chunks: Iterable[bytes]) -> None:
        """Take back what `changed` gave, oldest chunk first. Raises ValueError (or a kind of it) for garbage."""
        rows = sorted(
            (slot, bytes.fromhex(key), data.encode()) for blob in chunks for slot, key, data in orjson.loads(blob)
        )
        rows = rows[-self._window :]
        if not rows:
            return
        first, last = rows[0][0], rows[-1][0]
        first = max(first, last + 1 - self._window)
        self._next = last + 1
        filled = min(self._next, self._window)
        self._ring = [None] * filled
        for slot, key, data in rows:
            if slot >= first:
                Entry.unpack(data)
                self._ring[slot % self._window] = key
                self._entries[key] = slot.to_bytes(_SLOT_BYTES, "little") + data
