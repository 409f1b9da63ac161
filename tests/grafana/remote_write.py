"""Prometheus' remote write, as far as a test needs it: samples of any time, straight into the database.

Only numbers and labels; no metadata, no exemplars. Source: the remote write specification 1.0 of Prometheus.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

__all__ = ["STALE", "Series", "requests_of"]

Series = tuple[Mapping[str, str], Sequence[tuple[float, float]]]
"""Labels, the name among them as `__name__`, and (epoch seconds, value) in order of time."""

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The value that says: the series ended before this time."""

_MOST_BYTES = 4_000_000  # of a request

# A sample is always 16 bytes long: a double behind its tag, and milliseconds of this century, which are six bytes as a varint.
_SAMPLE = struct.Struct("<BBBdB6s")


def requests_of(series: Iterable[Series]) -> Iterator[bytes]:
    """Bodies of POST /api/v1/write, for Content-Encoding snappy."""
    parts: list[bytes] = []
    size = 0
    for labels, samples in series:
        head = b"".join(_field(1, _label(name, labels[name])) for name in sorted(labels))
        made = _field(1, head + b"".join([_sample(when, value) for when, value in samples]))
        parts.append(made)
        size += len(made)
        if size > _MOST_BYTES:
            yield _snappy(b"".join(parts))
            parts, size = [], 0
    if parts:
        yield _snappy(b"".join(parts))


def _sample(when: float, value: float) -> bytes:
    return _SAMPLE.pack(0x12, 16, 0x09, value, 0x10, _milliseconds(when))


@cache  # the same few thousand times for all series
def _milliseconds(when: float) -> bytes:
    return _varint(round(when * 1000))


def _label(name: str, value: str) -> bytes:
    return _field(1, name.encode()) + _field(2, value.encode())


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _snappy(content: bytes) -> bytes:
    """Snappy's block format with nothing compressed: one literal."""
    return _varint(len(content)) + b"\xfc" + struct.pack("<I", len(content) - 1) + content
