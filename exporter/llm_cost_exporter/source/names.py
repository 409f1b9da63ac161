"""The names that rotation gives: which file a name is a rotated piece of, and which of two pieces is the older.

app.log.1  app.log.2.gz  app.log-20260101  app.log.2026-01-01_10-00-00  app.log-1700000000.gz  app.log.old    -> app.log
app-20260101.log  app-2026-01-01T10-00-00.000.log                                                            -> app.log

Each of them with .tmp at its end is one that is being made (kubelet compresses so).
"""

# ruff: noqa: PTH118  (paths are text here: a listing has a hundred thousand)

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Rotated", "in_order", "made_of", "related", "rotated"]

_AFTER: Final = re.compile(r"(?P<base>.+?)[.-](?P<mark>\d[\d._:T-]*\d|\d|old|prev)(?P<gz>\.gz)?", re.DOTALL)
_WITHIN: Final = re.compile(
    r"(?P<stem>.+?)[._-](?P<mark>\d[\d._:T-]*\d)(?P<ext>\.[A-Za-z][A-Za-z0-9]*)(?P<gz>\.gz)?", re.DOTALL
)
_NUMBER_WITHIN: Final = re.compile(r"(?P<stem>.+)\.\d{1,3}(?P<ext>\.[A-Za-z][A-Za-z0-9]*)(?:\.gz)?", re.DOTALL)
_BEING_MADE: Final = ".tmp"
_DATE_DIGITS: Final = 8  # a mark inside a name is a rotation's only if it is at least a date
_MOST_NUMBER_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Rotated:
    """`base` is the path that was rotated; `number` its place in a chain (1 is the newest), or `date` the digits of its date."""

    base: str
    number: int | None
    date: str = ""


def rotated(path: str) -> Rotated | None:
    """What `path` is a rotated piece of; None where its name says nothing of the kind."""
    folder, name = os.path.split(path.removesuffix(_BEING_MADE))
    if not name or (name[-1] not in "0123456789zdvg" and not any(char.isdigit() for char in name)):
        return None
    found = _AFTER.fullmatch(name)
    if found:
        mark = found["mark"]
        number = (
            1 if mark in ("old", "prev") else int(mark) if mark.isdigit() and len(mark) <= _MOST_NUMBER_DIGITS else None
        )
        return Rotated(os.path.join(folder, found["base"]), number, _digits(mark))
    found = _WITHIN.fullmatch(name)
    if found and len(_digits(found["mark"])) >= _DATE_DIGITS and found["ext"] != ".gz":
        return Rotated(os.path.join(folder, found["stem"] + found["ext"]), None, _digits(found["mark"]))
    return None


def _base_of(path: str) -> str | None:
    """What `path` may be a rotated piece of, app.1.log too where its content says so: the name alone may be an instance's, or a model's."""
    piece = rotated(path)
    if piece is not None:
        return piece.base
    folder, name = os.path.split(path)
    found = _NUMBER_WITHIN.fullmatch(name)
    return os.path.join(folder, found["stem"] + found["ext"]) if found and found["ext"] != ".gz" else None


def _digits(mark: str) -> str:
    return "".join(char for char in mark if char.isdigit())


def in_order(pieces: Iterable[tuple[str, int]]) -> list[str]:
    """Paths of pieces, each given with its mtime, the oldest first.

    By number where all have one: the highest is the oldest. By date where all have one of the same form; else by the time of last writing.
    """
    known = [(path, mtime, rotated(path)) for path, mtime in pieces]
    proper = [piece for _, _, piece in known if piece is not None]
    if proper and all(piece.number is not None for piece in proper):
        key = {path: -(piece.number or 0) for path, _, piece in known if piece is not None}
    elif len({len(piece.date) for piece in proper if piece.number is None}) == 1 and all(
        p.number is None for p in proper
    ):
        key = {path: int(piece.date) for path, _, piece in known if piece is not None}
    else:
        key = {}
    return [path for path, _, _ in sorted(known, key=lambda one: (key.get(one[0], 0), one[1], one[0]))]


def made_of(path: str) -> str | None:
    """The path of what a compressed piece at `path`, or one that is being made there, is made of; None for other names."""
    return next((path.removesuffix(end) for end in (".gz", _BEING_MADE) if path.endswith(end)), None)


def related(path: str, other: str) -> bool:
    """`path` has the name of a rotated or compressed piece of the file at `other`, or of a copy (app.log.bak, app.log~, app.log-before)."""
    if path != other and path.startswith(other) and "/" not in path[len(other) :]:
        return True
    base = _base_of(path)
    return base is not None and (base == other or (made_of(path) is not None and _base_of(other) == base))
