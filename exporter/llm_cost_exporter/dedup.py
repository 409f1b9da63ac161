"""The ids of the last calls, so that one call on several lines is counted once.

Bounded by number (`window`) and by age in event time (`max_age`). An id is kept as a hash; an entry says where the first
line's call went and what it counted, so that a larger repeat adds just the difference.

The last `window` calls are the slots of a ring, in chunks of 512. The newest chunks are lists of rows, all others are packed
(idchunk.py), some 45 bytes a call. A packed chunk is what a save writes, so a save packs what is new and nothing twice.

Dicts lead from a key to its chunk. There is one for each fifth of the window, and the oldest is dropped as a whole: one dict for
all would need a deletion a call, and to be copied (10 MB) each time that it has turned over. (A fifth of 100,000 nearly fills a dict
that has room for 21,845; what comes and goes with it is 1.3 MB.)
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from xxhash import xxh3_64_intdigest

from llm_cost_exporter.idchunk import CHUNK, Entry, Row, counts_of, find_key, first_slot, pack_rows, unpack_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_cost_exporter.types import Usage

__all__ = ["Entry", "Ids", "key_of"]

_PARTS: Final = 5
_STREAMS: Final = 128  # ids kept where `window` is 0, so that the parts of a stream still find their call
_MOST_UNPACKED: Final = 16  # packed chunks that repeats were looked up in and that are kept as rows meanwhile
_KEY_BITS: Final = 60  # what a Python int holds in two digits
Older = tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, int], dict[int, int]]


def key_of(call_id: str, scope: str) -> int:
    """The key of a call: a vendor's id is global (`scope` is empty), any other is its source entry's.

    60 bits of XXH3: among 100,000 remembered ids a new one is taken for one of them once in 10**13 times. Not a cryptographic
    hash: who can write chosen ids into the log can also just repeat one.
    """
    text = f"{scope}\0{call_id}" if scope else call_id
    return xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) >> (64 - _KEY_BITS)


class _Part:
    """Where the keys of some consecutive chunks are: key -> number of the chunk, less `first`."""

    __slots__ = ("chunks", "first")

    def __init__(self, first: int) -> None:
        self.first = first
        self.chunks: dict[int, int] = {}


class Ids:
    """Key -> Entry for the last `window` calls that are at most `max_age` seconds of event time apart.

    What is public and no method is for the quick path (quick/posting.py) alone, which does what `add_call` does without the
    call: `rows.append((key, account, time, counts))`, `newest[key] = at`, and `turn()` when there are CHUNK rows.
    """

    def __init__(self, window: int, max_age: float) -> None:
        self.repeats = window > 0  # whether the same id on another line is the same call
        self.rows: list[Row] = []  # of the chunk that is being filled
        self.older: Older = ({}, {}, {}, {}, {})  # the dicts before `newest`
        self.newest: dict[int, int] = {}
        self.at = 0  # what `newest` has for keys of the chunk that is being filled
        self._window = window or _STREAMS
        self._max_age = max_age
        self._parts = [_Part(0)]  # oldest first
        # Chunks a part, so that one part more holds the window at any time.
        self._most = -(-self._window // (_PARTS * CHUNK))
        self._chunk = 0  # number of the chunk that is being filled; slot // CHUNK
        self._packed: dict[int, bytes] = {}  # by number, oldest first
        self._unpacked: dict[int, list[Row]] = {}  # of some chunks; the only ones where the packed one is out of date
        self._dirty: set[int] = set()
        self._gone: set[int] = set()
        self._point()

    def _point(self) -> None:
        last = self._parts[-1]
        self.newest, self.at = last.chunks, self._chunk - last.first
        older = [part.chunks for part in self._parts[-2::-1]]
        if len(older) > _PARTS:  # never in a ring that has grown here: one loaded with another window may have more
            older = [*older[: _PARTS - 1], dict.fromkeys(chain(*older[_PARTS - 1 :]), 0)]
        self.older = (*older, {}, {}, {}, {}, {})[:_PARTS]  # type: ignore[assignment]

    def _next_slot(self) -> int:
        return self._chunk * CHUNK + len(self.rows)

    def __len__(self) -> int:
        low = self._next_slot() - self._window
        known: set[int] = set()
        for number in sorted({*self._packed, *self._unpacked}):
            known.update(row[0] for row in self._rows_of(number)[max(0, low - number * CHUNK) :])
        known.update(row[0] for row in self.rows[max(0, low - self._chunk * CHUNK) :])
        return len(known)

    def _slot(self, key: int) -> int | None:
        """The newest slot of `key`, if it is one of the window's."""
        for part in reversed(self._parts):
            at = part.chunks.get(key)
            if at is not None:
                number = part.first + at
                if number * CHUNK + CHUNK <= self._next_slot() - self._window:
                    return None  # let go of, with its chunk
                slot = number * CHUNK + self._row_of(number, key)
                return slot if slot >= self._next_slot() - self._window else None
        return None

    def _row_of(self, number: int, key: int) -> int:
        data = self._packed.get(number)
        if data is not None:
            return find_key(data, key)
        rows = self._rows_of(number)
        return next(
            at for at in range(len(rows) - 1, -1, -1) if rows[at][0] == key
        )  # repeats are mostly of the last calls

    def find(self, key: int, when: float | None) -> Entry | None:
        """The entry of `key`, unless the call of time `when` is further than max_age from it. None: whatever its time."""
        slot = self._slot(key)
        if slot is None:
            return None
        row = self._rows_of(slot // CHUNK)[slot % CHUNK]
        return Entry.of(row) if when is None or abs(when - row[2]) <= self._max_age else None

    def add(self, key: int, entry: Entry) -> None:
        """Remember a new call, forgetting the oldest when the window is full."""
        self._put(entry.row(key))

    def add_call(self, key: int, account: int, usage: Usage, *, trusted: bool) -> None:
        """`add` of a call just posted to `account`."""
        flags = (usage.failure is not None) | usage.gateway_cache_hit << 1 | trusted << 2
        self._put((key, account, usage.time, counts_of(usage.tokens, usage.context, usage.reported_usd, flags)))

    def _put(self, row: Row) -> None:
        self.newest[row[0]] = self.at
        self.rows.append(row)
        if len(self.rows) == CHUNK:
            self.turn()

    def update(self, key: int, entry: Entry) -> None:
        """The call of `key`, which was found, has grown."""
        slot = self._slot(key)
        if slot is None:
            return
        number = slot // CHUNK
        self._rows_of(number)[slot % CHUNK] = entry.row(key)
        self._packed.pop(number, None)
        self._dirty.add(number)

    def turn(self) -> None:
        """The chunk is full: begin the next one, and let go of what is out of the window."""
        self._dirty.add(self._chunk)
        self._packed[self._chunk] = pack_rows(self._chunk * CHUNK, self.rows)
        self.rows = []
        self._chunk += 1
        if self._chunk - self._parts[-1].first >= self._most:
            self._parts.append(_Part(self._chunk))
        out = (self._chunk * CHUNK - self._window) // CHUNK  # chunks before this one are out as a whole
        for number in [number for number in {*self._packed, *self._unpacked} if number < out]:
            self._packed.pop(number, None)
            self._unpacked.pop(number, None)
            self._dirty.discard(number)
            self._gone.add(number)
        while len(self._parts) > 1 and self._parts[1].first <= out:
            del self._parts[0]
        self._point()

    def _rows_of(self, number: int) -> list[Row]:
        if number == self._chunk:
            return self.rows
        rows = self._unpacked.get(number)
        if rows is None:
            if len(self._unpacked) >= _MOST_UNPACKED:
                self._pack()
            rows = self._unpacked[number] = unpack_rows(self._packed[number])
        return rows

    def _pack(self) -> None:
        """Let no chunk be unpacked."""
        for number, rows in self._unpacked.items():
            if number not in self._packed:
                self._packed[number] = pack_rows(number * CHUNK, rows)
        self._unpacked = {}

    def changed(self) -> tuple[list[tuple[int, bytes]], list[int]]:
        """Chunks to write and numbers of chunks to delete since the last `saved`."""
        self._pack()
        chunks = [(number, self._packed[number]) for number in sorted(self._dirty) if number in self._packed]
        if self.rows:
            chunks.append((self._chunk, pack_rows(self._chunk * CHUNK, self.rows)))
        return chunks, sorted(self._gone)

    def everything(self) -> None:
        """Let the next save write all (a new database)."""
        self._dirty = {*self._packed, *self._unpacked}

    def saved(self) -> None:
        self._dirty.clear()
        self._gone.clear()

    def load(self, chunks: Iterable[bytes]) -> None:
        """Take back what `changed` gave, oldest chunk first. Raises ValueError (or a kind of it) for garbage."""
        found = {first_slot(data) // CHUNK: data for data in chunks}
        if not found:
            return
        numbers = sorted(found)
        last = numbers[-1]
        self._parts = []
        for number in numbers:
            data = found[number]
            rows = unpack_rows(data)
            if number != last and len(rows) != CHUNK:
                raise ValueError("a chunk of ids is not full")
            if (last + 1 - number) * CHUNK > self._window + 2 * CHUNK:
                continue  # the window is smaller now
            if not self._parts or number - self._parts[-1].first >= self._most:
                self._parts.append(_Part(number))
            part = self._parts[-1]
            for row in rows:
                Entry.of(row)
                part.chunks[row[0]] = number - part.first
            self._packed[number] = data
        self._chunk = last
        self.rows = unpack_rows(self._packed.pop(last))
        if len(self.rows) == CHUNK:
            self.turn()
        self._point()
