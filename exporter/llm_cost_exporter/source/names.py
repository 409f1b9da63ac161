"""The names that rotation gives: which file a name is a rotated piece of, and which of two pieces is the older.

app.log.1  app.log.2.gz  app.log-20260101  app.log.2026-01-01_10-00-00  app.log-1700000000.gz  app.log.old    -> app.log
app-20260101.log  app-2026-01-01T10-00-00.000.log                                                            -> app.log
"""

# ruff: noqa: PTH118, PTH119, PTH120  (paths are text here: a listing has a hundred thousand)

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Rotated", "order", "related", "rotated"]

_AFTER: Final = re.compile(r"(?P<base>.+?)[.-](?P<mark>\d[\d._:T-]*\d|\d|old|prev)(?P<gz>\.gz)?", re.DOTALL)
_WITHIN: Final = re.compile(
    r"(?P<stem>.+?)[._-](?P<mark>\d[\d._:T-]*\d)(?P<ext>\.[A-Za-z][A-Za-z0-9]*)(?P<gz>\.gz)?", re.DOTALL
)
_DATE_DIGITS: Final = 8  # a mark inside a name is a rotation's only if it is at least a date
_MOST_NUMBER_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Rotated:
    """`base` is the path that was rotated; `number` its place in a chain (1 is the newest), None where it is marked by date."""

    base: str
    number: int | None


def rotated(path: str) -> Rotated | None:
    """What `path` is a rotated piece of; None where its name says nothing of the kind."""
    folder, name = os.path.split(path)
    if not name or (name[-1] not in "0123456789zdvg" and not any(char.isdigit() for char in name)):
        return None
    found = _AFTER.fullmatch(name)
    if found:
        mark = found["mark"]
        number = (
            1 if mark in ("old", "prev") else int(mark) if mark.isdigit() and len(mark) <= _MOST_NUMBER_DIGITS else None
        )
        return Rotated(os.path.join(folder, found["base"]), number)
    found = _WITHIN.fullmatch(name)
    if found and sum(char.isdigit() for char in found["mark"]) >= _DATE_DIGITS and found["ext"] != ".gz":
        return Rotated(os.path.join(folder, found["stem"] + found["ext"]), None)
    return None


def order(path: str, mtime_ns: int, *, by_number: bool) -> tuple[int, int, str]:
    """A sort key, the oldest piece first. `by_number` where all pieces have one."""
    piece = rotated(path)
    if by_number and piece is not None and piece.number is not None:
        return (-piece.number, mtime_ns, path)
    return (0, mtime_ns, path)


def related(path: str, other: str) -> bool:
    """`path` has the name of a rotated or compressed piece of the file at `other`."""
    if path == other + ".gz":
        return True
    piece = rotated(path)
    if piece is None:
        return False
    if piece.base == other:
        return True
    sibling = rotated(other)
    return path.endswith(".gz") and sibling is not None and sibling.base == piece.base
