"""Two heaps for all threads.

glibc gives threads heaps of their own, up to eight for each core. What a scrape took and gave back stays with that of its connection's thread, so
that connections at the same time add up to many times the largest exposition. In Python threads take turns anyway. (With one heap for all what is
read leaves more holes in what stays: 2.2 % more memory after ten million lines, where it is 1.2 to 1.6 % with two.)
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import Final

__all__ = ["use_few_heaps"]

_ARENA_MAX: Final = -8  # M_ARENA_MAX of malloc.h
_HEAPS: Final = 2


def use_few_heaps() -> None:
    """For threads that begin from here on. Nothing happens with another C library, or where MALLOC_ARENA_MAX says how many."""
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)
