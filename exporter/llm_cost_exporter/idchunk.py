"""Chunks of remembered calls: rows while they are new, bytes in memory and in the state.

    first slot, number of rows   8 bytes each, little endian
    keys, accounts               8 bytes a row each
    times                        8 bytes a row, float64
    counts                       JSON, a row each

Counts are `[input, output, cached, reasoning, said]` for the calls of which all else is plain (what the quick path posts; said is
what the record says it cost, in 1e-9 USD, or null), and `[tokens by meter, flags, context, reported]` for any other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_cost_exporter.tariffs import Context

__all__ = [
    "CHUNK",
    "SAID_UNIT",
    "Entry",
    "Row",
    "count_rows",
    "counts_of",
    "find_key",
    "first_slot",
    "pack_rows",
    "renumbered",
    "unpack_rows",
]

CHUNK: Final = 512  # entries a saved row; a busy second changes two or three
SAID_UNIT: Final = 10**15  # of 1e-24 USD: the quick path counts what records say in 1e-9 USD
_HEAD: Final = struct.Struct("<QQ")
_QUICK: Final = ("input", "output", "cache_read", "reasoning")
_QUICK_METERS: Final = frozenset(_QUICK)
_MOST_SAID: Final = 1 << 63  # what JSON numbers hold here

Row = tuple[int, int, float, Any]
"""key, account, time, counts"""


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

    def row(self, key: int) -> Row:
        """The entry as a row of a chunk."""
        flags = self.failed | self.free << 1 | self.trusted << 2
        return key, self.account, self.time, counts_of(self.tokens, self.context, self.reported, flags)

    @classmethod
    def of(cls, row: Row) -> Entry:
        """The entry that a row is. Raises ValueError, TypeError or LookupError for garbage."""
        _, account, time, counts = row
        if type(counts) is bytes:
            counts = orjson.loads(counts)
        if len(counts) == 5:
            *quick, said = counts
            named = {meter: count for meter, count in zip(_QUICK, quick, strict=True) if count}
            return cls(account, time, named, (), None if said is None else said * SAID_UNIT)
        tokens, flags, context, reported = counts
        return cls(
            account, time, dict(tokens.items()), tuple((name, value) for name, value in context),
            None if reported is None else int(reported), bool(flags & 1), bool(flags & 2), bool(flags & 4),
        )  # fmt: skip


def counts_of(tokens: dict[str, int], context: Context, reported: int | None, flags: int) -> Any:
    """The counts of a row. `flags`: 1 failed, 2 free, 4 trusted.

    What is not plain is packed at once: a chunk of dicts would stay in no cache, and cost more to fill than to pack.
    """
    if not flags and not context and _QUICK_METERS.issuperset(tokens):
        of = tokens.get
        if reported is None:
            return of("input", 0), of("output", 0), of("cache_read", 0), of("reasoning", 0), None
        said, left = divmod(reported, SAID_UNIT)
        if not left and said < _MOST_SAID:
            return of("input", 0), of("output", 0), of("cache_read", 0), of("reasoning", 0), said
    return orjson.dumps((tokens, flags, context, None if reported is None else str(reported)))


def find_key(data: bytes, key: int) -> int:
    """The last row of a chunk that has `key`. Raises ValueError where none has."""
    text, end = key.to_bytes(8, "little"), _HEAD.size + 8 * count_rows(data)
    at = data.rindex(text, _HEAD.size, end)
    while at % 8:
        at = data.rindex(text, _HEAD.size, at + 7)
    return (at - _HEAD.size) // 8


def pack_rows(first: int, rows: Sequence[Row]) -> bytes:
    """The chunk whose first slot is `first`."""
    number = len(rows)
    keys, accounts, whens, counts = zip(*rows, strict=True)
    packed = [orjson.Fragment(count) if type(count) is bytes else count for count in counts]
    return (
        _HEAD.pack(first, number)
        + struct.pack(f"<{2 * number}Q{number}d", *keys, *accounts, *whens)
        + orjson.dumps(packed)
    )


def unpack_rows(data: bytes) -> list[Row]:
    """The rows of a chunk. Raises ValueError for anything that `pack_rows` did not give."""
    number, at = count_rows(data), _HEAD.size
    end = at + 24 * number
    if not 0 < number <= CHUNK or len(data) < end:
        raise ValueError("a chunk of ids is cut off")
    numbers = struct.unpack(f"<{2 * number}Q{number}d", data[at:end])
    counts = orjson.loads(data[end:])
    if type(counts) is not list or len(counts) != number:
        raise ValueError("a chunk of ids has other counts")
    return list(zip(numbers[:number], numbers[number : 2 * number], numbers[2 * number :], counts, strict=True))


def first_slot(data: bytes) -> int:
    """The slot of a chunk's first row. Raises ValueError for garbage."""
    return _head(data)[0]


def count_rows(data: bytes) -> int:
    """How many rows a chunk has. Raises ValueError for garbage."""
    return _head(data)[1]


def _head(data: bytes) -> tuple[int, int]:
    if len(data) < _HEAD.size:
        raise ValueError("a chunk of ids is cut off")
    first, number = _HEAD.unpack_from(data)
    return first, number


def renumbered(data: bytes, moved: Mapping[int, int]) -> bytes | None:
    """A saved chunk after accounts (keys) went into others (values); None where it names none of them."""
    rows = unpack_rows(data)
    if not any(account in moved for _, account, _, _ in rows):
        return None
    return pack_rows(
        first_slot(data), [(key, moved.get(account, account), when, counts) for key, account, when, counts in rows]
    )
