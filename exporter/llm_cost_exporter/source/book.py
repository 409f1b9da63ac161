"""All positions: those of the files being followed, and those of files that were.

Files are looked up by device and inode, and by their first bytes (a copy has another inode). What changed since the last save is
kept until the save is known to be on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from llm_cost_exporter.source.identity import fingerprint
from llm_cost_exporter.source.position import Position

__all__ = ["Book"]

_KEEP_VANISHED_SECONDS: Final = 35 * 86_400.0
_MOST_VANISHED: Final = 200_000
_MOST_ALIKE: Final = 256  # positions looked at for one head: so many files that begin alike tell nothing


class Book:
    """Positions by key, and indexes over them."""

    def __init__(self, saved: Iterable[Position], log: logging.Logger) -> None:
        self.patterns: set[str] = set()  # patterns that have been followed before
        self._positions: dict[str, Position] = {}
        self._at: dict[tuple[int, int], Position | list[Position]] = {}  # one position an inode is the rule
        self._heads: dict[int, dict[str, Position | list[Position]]] = {}  # by length and hash
        self._changed: dict[str, Position] = {}
        self._handed: dict[str, Position] = {}
        self._forgotten: dict[str, None] = {}
        self._sweep: Iterator[str] = iter(())
        self._vanished = 0
        broken = 0
        for position in saved:
            if position.broken:
                broken += 1
                self._forgotten[position.key] = None
            elif position.pattern:
                self.patterns.add(position.pattern)
                self._positions[position.key] = position
            else:
                self._vanished += position.vanished is not None
                self._put(position)
        if broken:
            log.warning("state: %d saved positions can't be read and are dropped; their files are read anew", broken)

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[Position]:
        return (position for position in list(self._positions.values()) if not position.pattern)

    # finding

    @property
    def knows_contents(self) -> bool:
        """Any file's first bytes are known."""
        return bool(self._heads)

    def at(self, device: int, inode: int) -> list[Position]:
        """Positions of files that had this inode, the latest first."""
        there = self._at.get((device, inode))
        return [] if there is None else there[::-1] if isinstance(there, list) else [there]

    def beginning_with(self, head: bytes) -> list[Position]:
        """Positions of files that began with the first bytes of `head`, those that were read furthest first."""
        found: list[Position] = []
        for length, hashes in self._heads.items():
            if 0 < length <= len(head):
                there = hashes.get(fingerprint(head[:length]))
                if there is not None:
                    found += there if isinstance(there, list) else [there]
        return sorted(found, key=lambda position: -position.done_until)

    def alike(self, position: Position) -> list[Position]:
        """Positions of other files that began as this one."""
        there = self._heads.get(position.head_length, {}).get(position.head_hash)
        found = [] if there is None else there if isinstance(there, list) else [there]
        return [other for other in found if other is not position]

    # changing

    def add(self, position: Position) -> None:
        """A new position; it is saved with the next save."""
        self._put(position)
        self.changed(position)

    def followed(self, pattern: str) -> None:
        """`pattern` is followed from now on."""
        if pattern not in self.patterns:
            self.patterns.add(pattern)
            position = Position.marker(pattern)
            self._positions[position.key] = self._changed[position.key] = position

    def changed(self, position: Position) -> None:
        """The position must be saved."""
        if position.key in self._positions:
            self._changed[position.key] = position
            self._index_head(position)

    def move(self, position: Position, path: str, device: int, inode: int, *, gz: bool) -> None:
        """The file is at another place now."""
        if position.key in self._positions:
            self._leave(position)
        position.moved_to(path, device, inode, gz=gz)
        if position.vanished is not None:
            position.vanished = None
            self._vanished -= 1
        if position.key in self._positions:
            self._settle(position)
        self.changed(position)

    def vanished(self, position: Position, now: float) -> None:
        """The file is found nowhere; `now` is epoch seconds."""
        if position.vanished is None and position.key in self._positions:
            position.vanished = now
            position.latest = False
            self._vanished += 1
            self.changed(position)

    def found(self, position: Position) -> None:
        """The file is there (again)."""
        if position.vanished is not None:
            position.vanished = None
            self._vanished -= 1
            self.changed(position)

    def forget(self, position: Position) -> None:
        """The position is of no more use."""
        if self._positions.pop(position.key, None) is None:
            return
        self._vanished -= position.vanished is not None
        self._leave(position)
        self._leave_head(position)
        self._changed.pop(position.key, None)
        self._handed.pop(position.key, None)
        self._forgotten[position.key] = None

    def sweep(self, now: float, count: int) -> list[Position]:
        """The next `count` positions in turn; those that vanished long ago (or are too many) are forgotten on the way."""
        keys = list(islice(self._sweep, count))
        if not keys:
            self._sweep = iter(list(self._positions))
            keys = list(islice(self._sweep, count))
        swept = []
        for key in keys:
            position = self._positions.get(key)
            if position is None or position.pattern:
                continue
            gone = position.vanished
            if gone is not None and (now - gone > _KEEP_VANISHED_SECONDS or self._vanished > _MOST_VANISHED):
                self.forget(position)
            else:
                swept.append(position)
        return swept

    # saving

    def unsaved(self) -> list[Position]:
        """What changed since the last save that is known to be on disk."""
        self._handed.update(self._changed)
        self._changed.clear()
        return list(self._handed.values())

    def forgotten(self) -> list[str]:
        """Keys to delete with the same save."""
        return list(self._forgotten)

    def saved(self) -> None:
        """What `unsaved` and `forgotten` last gave is on disk."""
        self._handed.clear()
        self._forgotten.clear()

    def all_unsaved(self) -> None:
        """Nothing of it is on disk any more."""
        self._changed.update(self._positions)

    # indexes

    def _put(self, position: Position) -> None:
        self._positions[position.key] = position
        self._settle(position)
        self._index_head(position)

    def _settle(self, position: Position) -> None:
        place = (position.device, position.inode)
        there = self._at.setdefault(place, position)
        if isinstance(there, list):
            there.append(position)
        elif there is not position:
            self._at[place] = [there, position]

    def _leave(self, position: Position) -> None:
        place = (position.device, position.inode)
        there = self._at.get(place)
        if isinstance(there, list) and position in there:
            there.remove(position)
        if there is position or not there:
            self._at.pop(place, None)

    def _index_head(self, position: Position) -> None:
        if (position.head_length, position.head_hash) == position.indexed_by or not position.head_length:
            return
        self._leave_head(position)
        position.indexed_by = (position.head_length, position.head_hash)
        hashes = self._heads.setdefault(position.head_length, {})
        there = hashes.setdefault(position.head_hash, position)
        if isinstance(there, list):
            there.append(position)
            if len(there) > _MOST_ALIKE:
                del there[0]
        elif there is not position:
            hashes[position.head_hash] = [there, position]

    def _leave_head(self, position: Position) -> None:
        length, head = position.indexed_by
        hashes = self._heads.get(length, {})
        there = hashes.get(head)
        if isinstance(there, list) and position in there:
            there.remove(position)
        if there is position or (isinstance(there, list) and not there):
            del hashes[head]
