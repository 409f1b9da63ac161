"""How far a file is read, and by what it is known again after a restart.

The state keeps one JSON object a position, under a key that never changes while the file is followed, also when it is renamed,
compressed, or found again as a copy. A position without a file (`pattern`) says that a pattern was followed before: its
`start_at: end` is for what was there then, not for what came since.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, fields
from typing import Any, Final

__all__ = ["MOST_CHECKPOINTS", "Position"]

MOST_CHECKPOINTS: Final = 3


def _new_key() -> str:
    return secrets.token_hex(8)


@dataclass(slots=True, eq=False)
class Position:
    """Where reading goes on. Offsets are bytes; of a gz file, those of the decompressed content."""

    key: str = field(default_factory=_new_key)
    device: int = 0
    inode: int = 0
    head_length: int = 0  # bytes that head_hash is of
    head_hash: str = ""
    tail_hash: str = ""  # of the up to 4 KiB before done_until; empty: not known
    seen: tuple[int, str] = (0, "")  # while nothing is read of it: a size that it had, and a hash of the 4 KiB before
    checkpoints: list[tuple[int, str]] = field(default_factory=list)  # earlier (done_until, tail_hash), newest first
    path: str = ""  # where the file was seen last
    folder: str = ""  # the real one, where a symbolic link led there: it may lead elsewhere by and by
    followed_as: str = ""  # the path under which it was first followed: labels are taken from it
    entry: str = ""  # name of the source entry
    offset: int = 0  # reading goes on here
    done_until: int = 0  # lines before it are counted, but for the open parts
    parts: list[int] = field(default_factory=list)  # offsets of the lines in [offset, done_until) to be read again
    format_state: dict[str, Any] = field(default_factory=dict)
    previous_time: float | None = None
    finished: bool = False  # known to be final, and read to its end
    gz: bool = False
    size: int = -1  # on disk, and mtime_ns, when last read: both unchanged means nothing new
    mtime_ns: int = 0
    vanished: float | None = None  # epoch seconds since when it is not found
    latest: bool = False  # the last piece that was rotated away from its path: its writer may go on with it, whatever `finished` says
    blank: bool = False  # others may have come and gone unseen before it, at its path: they are still to be looked for
    pattern: str = ""  # a marker: this pattern has been followed
    broken: bool = False  # could not be read from the state; the source drops it
    indexed_by: tuple[int, str] = (0, "")  # the head under which the book finds it

    @classmethod
    def marker(cls, pattern: str) -> Position:
        """The note that `pattern` is being followed."""
        # Names on disk are bytes, and SQLite takes no text with those that are no UTF-8.
        return cls(key=f"pattern:{pattern}".encode("utf-8", "backslashreplace").decode(), pattern=pattern)

    def to_json(self) -> str:
        """One line of JSON, without the key."""
        values = {name: getattr(self, name) for name in _SAVED}
        return json.dumps(
            {name: value for name, value in values.items() if value != _DEFAULTS[name]}, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, key: str, text: str) -> Position:
        """The position saved under `key`. Of garbage one that is `broken`, which the source says and drops: never an error."""
        try:
            values = json.loads(text)
            known = {name: _checked(name, value) for name, value in values.items() if name in _DEFAULTS}
            position = cls(key=key, **known)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls(key=str(key), broken=True)
        position.broken = not 0 <= position.offset <= position.done_until or position.head_length < 0
        position.checkpoints = [(offset, tail) for offset, tail in position.checkpoints]
        position.seen = position.seen[0], position.seen[1]
        return position

    @property
    def tells_copies(self) -> bool:
        """Its content is told from others that begin alike."""
        return self.done_until > 0 or self.seen[0] > 0

    def moved_to(self, path: str, device: int, inode: int, *, gz: bool) -> None:
        """The file is now there (renamed, or found again as a copy)."""
        if gz != self.gz or (device, inode) != (self.device, self.inode):
            self.size = -1
        self.path, self.device, self.inode, self.gz = path, device, inode, gz

    def successor(self) -> Position:
        """The position at the start of the file that takes this one's place: what formats remember goes on."""
        return Position(
            entry=self.entry, followed_as=self.followed_as,
            format_state=json.loads(json.dumps(self.format_state)), previous_time=self.previous_time,
        )  # fmt: skip

    def same_place(self) -> Position:
        """A further position with this one's content and progress, for a copy of the same file."""
        copy = Position(**{name: getattr(self, name) for name in _SAVED})
        copy.parts, copy.checkpoints, copy.latest = list(self.parts), list(self.checkpoints), False
        return copy


_SAVED: Final = tuple(f.name for f in fields(Position) if f.name not in ("key", "broken", "indexed_by"))
_DEFAULTS: Final = {name: getattr(Position(), name) for name in _SAVED}


def _checked(name: str, value: Any) -> Any:
    default = _DEFAULTS[name]
    if name == "checkpoints":
        good = isinstance(value, list) and all(
            isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int and isinstance(pair[1], str)
            for pair in value
        )
    elif name == "seen":
        good = isinstance(value, list) and [type(one) for one in value] == [int, str]
    elif name == "parts":
        good = isinstance(value, list) and all(type(offset) is int for offset in value)
    elif default is None:
        good = value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
    else:
        good = type(value) is type(default)
    if not good:
        raise ValueError(name)
    return value
