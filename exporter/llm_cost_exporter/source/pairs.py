"""A file and its own `.gz` beside it, of given files: what `gzip -k` leaves, and what is there while a log is compressed.

`run` counts such a pair once, since it knows a content that it has read. A report reads each file as it is, so it leaves one out.
"""

# ruff: noqa: PTH100  (paths are text here)

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from llm_cost_exporter.source.whole import Feed, WholeFile

__all__ = ["copies"]

_GZ: Final = ".gz"


def copies(files: Iterable[WholeFile]) -> dict[str, str]:
    """The paths whose content is in another one of `files`, and that one's path.

    Of `x.log` and `x.log.gz` the one that holds less, where all of it is how the other begins; of two alike the `.gz`. What can't be
    read is no copy: whoever reads it says so.
    """
    by_name = {os.path.abspath(file.path): file.path for file in files if file.size}
    found: dict[str, str] = {}
    for name, path in by_name.items():
        packed = by_name.get(name + _GZ)
        if packed is not None:
            holds_less = _shorter(path, packed)
            if holds_less is not None:
                found[holds_less] = path if holds_less == packed else packed
    return found


def _shorter(path: str, packed: str) -> str | None:
    """Which of the two the other one begins with; None: neither."""
    with suppress(OSError):
        one = Feed(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        try:
            other = Feed(os.open(packed, os.O_RDONLY | os.O_CLOEXEC))
            try:
                return _compared(one, other, path, packed)
            finally:
                other.close()
        finally:
            one.close()
    return None


def _compared(one: Feed, other: Feed, path: str, packed: str) -> str | None:
    ours, theirs, same = b"", b"", False
    while True:
        ours = ours or one.read()
        try:
            theirs = theirs or other.read()
        except OSError:  # still being written, or damaged: what was there was the other's
            return packed if same else None
        if not ours or not theirs:
            return (packed if not theirs else path) if same else None
        common = min(len(ours), len(theirs))
        if ours[:common] != theirs[:common]:
            return None
        ours, theirs, same = ours[common:], theirs[common:], True
