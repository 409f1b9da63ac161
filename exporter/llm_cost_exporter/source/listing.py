"""Looking into folders for the pieces of a rotated file."""

# ruff: noqa: PTH114, PTH116, PTH118, PTH119, PTH120  (paths are text here: a listing has a hundred thousand)

from __future__ import annotations

import contextlib
import os
import stat
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.identity import UNSEEN, Glimpse
from llm_cost_exporter.source.names import in_order, rotated

if TYPE_CHECKING:
    from llm_cost_exporter.types import Clock

__all__ = ["Listings", "Piece", "real_path", "status"]

_REST_PER_WORK: Final = 20.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A file beside the one that it has the name of: `proper` where the name is one that rotation gives."""

    path: str
    st: os.stat_result
    proper: bool
    glimpse: Glimpse = UNSEEN  # where it was looked at and is new


@dataclass(slots=True)
class _Listing:
    names: list[str] = field(default_factory=list)  # sorted
    inodes: dict[int, str] = field(default_factory=dict)
    inode_of: dict[str, int] = field(default_factory=dict)  # by name, the same objects
    failed: bool = False  # made of half the names, or of none
    not_before: float = 0.0  # monotonic; what took long is not done again soon


class Listings:
    """Folder listings, made anew at most once a round, and seldom where that takes long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listings: dict[str, _Listing] = {}
        self._real: dict[str, str] = {}  # of folders, where symbolic links lead
        self.errors = 0  # looks that failed for other reasons than that nothing is there

    def new_round(self) -> None:
        now = self._clock.monotonic()
        self._real.clear()
        for folder in [folder for folder, listing in self._listings.items() if listing.not_before <= now]:
            del self._listings[folder]

    def with_inode(self, folder: str, device: int, inode: int) -> tuple[str, os.stat_result] | None:
        """The file of that inode in the folder, and its status."""
        name = self._of(folder).inodes.get(inode)
        if name is None:
            return None
        path = os.path.join(folder, name)
        st = self._status(path)
        return (path, st) if st is not None and (st.st_dev, st.st_ino) == (device, inode) else None

    def real_folder(self, path: str, st: os.stat_result) -> str:
        """The folder of the file at `path`, of that status, if a symbolic link leads there; else nothing."""
        folder, name = os.path.split(path)
        real = self._real.get(folder)
        if real is None:
            real = self._real[folder] = os.path.realpath(folder)
        if real == folder:
            return ""
        with contextlib.suppress(OSError):
            there = os.stat(os.path.join(real, name))
            if (there.st_dev, there.st_ino) == (st.st_dev, st.st_ino):
                return real
        return os.path.realpath(folder)  # the link was led elsewhere within this round

    def pieces(self, base: str) -> list[Piece]:
        """The files beside `base` that have its name with something after it (or a date within), the oldest first."""
        found = []
        for path in self._paths(base):
            st = self._status(path)
            if st is not None:
                piece = rotated(path)
                found.append(Piece(path, st, piece is not None and piece.base == base))
        by_path = {piece.path: piece for piece in found}
        return [by_path[path] for path in in_order((piece.path, piece.st.st_mtime_ns) for piece in found)]

    def places(self, base: str) -> dict[str, int]:
        """The paths of `pieces`, and what inode was there when the folder was listed."""
        inode_of = self._of(os.path.dirname(base)).inode_of
        return {path: inode_of[os.path.basename(path)] for path in self._paths(base)}

    def list_anew(self, folder: str) -> None:
        """What is asked from now on is as the folder is now, in this round too."""
        self._listings.pop(folder, None)

    def all_pieces(self, folder: str) -> list[tuple[str, str]]:
        """Each file in the folder that has the name of a rotated piece, and the path it is a piece of."""
        paths = (os.path.join(folder, name) for name in self._of(folder).names)
        return [(path, piece.base) for path in paths if (piece := rotated(path)) is not None]

    def compressed(self, folders: Iterable[str]) -> list[tuple[str, str]]:
        """Each .gz in the folders, and the path without."""
        paths = (
            os.path.join(folder, name) for folder in folders for name in self._of(folder).names if name.endswith(".gz")
        )
        return [(path, path.removesuffix(".gz")) for path in paths]

    def _paths(self, base: str) -> Iterator[str]:
        folder, name = os.path.split(base)
        names = self._of(folder).names
        stem, dot, ext = name.rpartition(".")
        for prefix in (name + ".", name + "-"):
            yield from (os.path.join(folder, other) for other in _starting_with(names, prefix))
        for prefix in (stem + sep for sep in "._-") if stem and dot else ():
            for other in _starting_with(names, prefix):
                if other.removesuffix(".gz").endswith("." + ext) and not other.startswith((name + ".", name + "-")):
                    path = os.path.join(folder, other)
                    piece = rotated(path)
                    if piece is not None and piece.base == base:
                        yield path

    def _status(self, path: str) -> os.stat_result | None:
        try:
            st = os.stat(path)
        except FileNotFoundError:
            return None
        except OSError:
            self.errors += 1
            return None
        return st if stat.S_ISREG(st.st_mode) else None

    def _of(self, folder: str) -> _Listing:
        listing = self._listings.get(folder)
        if listing is None:
            listing = self._listings[folder] = _Listing()
            start = self._clock.monotonic()
            try:
                with os.scandir(folder or ".") as entries:
                    for entry in entries:
                        name, inode = entry.name, entry.inode()
                        listing.names.append(name)
                        listing.inodes[inode] = name
                        listing.inode_of[name] = inode
            except FileNotFoundError:
                pass
            except OSError:  # whoever watches paths in it says so
                listing.failed = True
            listing.names.sort()
            end = self._clock.monotonic()
            listing.not_before = end + _REST_PER_WORK * (end - start) if end - start > 0.01 else 0.0
        self.errors += listing.failed  # to each who asks
        return listing


def _starting_with(names: list[str], prefix: str) -> Iterator[str]:
    at = bisect_left(names, prefix)
    while at < len(names) and names[at].startswith(prefix):
        yield names[at]
        at += 1


def real_path(path: str) -> str:
    """Where the file itself is: a symbolic link may lead elsewhere by and by. Its folder keeps the name by which pieces are known."""
    return os.path.realpath(path) if os.path.islink(path) else path


def status(path: str) -> os.stat_result | None:
    """The status of the regular file at `path`; None where there is none. Raises OSError where that can't be told now."""
    try:
        st = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return st if stat.S_ISREG(st.st_mode) else None
