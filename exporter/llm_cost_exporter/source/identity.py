"""Which file is which: fingerprints of a file's first bytes and of the bytes before an offset.

A file is known by device, inode and a hash of its first bytes (up to 1 KiB; it grows with the file): an inode alone is not
enough, since the inode of a deleted file is given to the next one that is made. That the content before an offset is still the
content that was read there is told by a hash of the up to 4 KiB before it. Both together tell a copy.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

__all__ = ["HEAD_BYTES", "TAIL_BYTES", "UNSEEN", "Glimpse", "before", "fingerprint", "head", "same_prefix"]

HEAD_BYTES: Final = 1024
TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What was seen of a content of which nothing is read: its first bytes, a size that it had, and a hash of the 4 KiB before."""

    head: bytes = b""
    seen: tuple[int, str] = (0, "")


UNSEEN: Final = Glimpse()


def fingerprint(data: bytes) -> str:
    """A hash of `data`, 24 hex digits."""
    return blake2b(data, digest_size=12).hexdigest()


def head(fd: int) -> bytes:
    """The first bytes of the open file, up to 1 KiB."""
    return os.pread(fd, HEAD_BYTES, 0)


def before(fd: int, offset: int) -> bytes:
    """The up to 4 KiB before `offset`; fewer where the file is shorter than that."""
    count = min(TAIL_BYTES, offset)
    return os.pread(fd, count, offset - count) if count else b""


def same_prefix(one: int, other: int, size: int) -> bool:
    """The first `size` bytes of two open files agree, as far as the first 1 KiB and the last 4 KiB of them tell."""
    first = min(HEAD_BYTES, size)
    return os.pread(one, first, 0) == os.pread(other, first, 0) and before(one, size) == before(other, size)
