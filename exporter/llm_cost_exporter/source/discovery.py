"""Which paths the entries mean now: literal paths and globs, `**` too, expanded anew only when a folder has changed.

A folder's time stamp tells cheaply that something was made, renamed or removed in it; a full look every few seconds catches what
a coarse time stamp hid. Looking is paid for by its own cost: what took 100 ms is done at most every two seconds, so that a
hundred thousand names don't eat a core.
"""

# ruff: noqa: PTH100, PTH116, PTH118, PTH120  (paths are text here: a listing has a hundred thousand)

from __future__ import annotations

import errno
import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llm_cost_exporter.config import SourceConfig
    from llm_cost_exporter.types import Clock

__all__ = ["STDIN", "Discovery", "Pattern"]

STDIN: Final = "-"
_MAGIC: Final = re.compile(r"[*?\[]")
_FULL_LOOK_SECONDS: Final = 5.0
_REST_PER_WORK: Final = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One path of one entry, made absolute."""

    text: str
    entry: SourceConfig
    parts: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, text: str, entry: SourceConfig) -> Pattern:
        if text == STDIN:
            return cls(STDIN, entry)
        path = os.path.abspath(text)
        return cls(path, entry, tuple(part for part in path.split("/") if part))

    @property
    def literal(self) -> bool:
        """Names one path: it has no special characters, or a file of that very name exists."""
        return not _MAGIC.search(self.text) or os.path.lexists(self.text)

    def covers(self, path: str) -> bool:
        """Whether `path` is (or, made now, would be) matched."""
        if path == self.text:
            return True
        return bool(_MAGIC.search(self.text)) and _covers(self.parts, tuple(part for part in path.split("/") if part))


def _covers(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        if len(parts) == 1:
            return bool(names) and not any(name.startswith(".") for name in names)
        return any(
            _covers(parts[1:], names[skip:])
            for skip in range(len(names))
            if not any(name.startswith(".") for name in names[:skip])
        )
    return bool(names) and _fits(parts[0], names[0]) and _covers(parts[1:], names[1:])


def _fits(part: str, name: str) -> bool:
    if name.startswith(".") and not part.startswith("."):
        return False
    return fnmatch.fnmatchcase(name, part)


@dataclass(slots=True)
class _Folder:
    stamp: tuple[int, int, int] | None  # device, inode, mtime; None: can't be read
    folders: list[str]
    others: list[str]


class Discovery:
    """`found` maps each path to the pattern that means it: the first of the first entry where several do."""

    def __init__(self, entries: Sequence[SourceConfig], clock: Clock) -> None:
        self.patterns = [Pattern.of(path, entry) for entry in entries for path in entry.paths]
        self.found: dict[str, Pattern] = {}
        self.empty: list[Pattern] = []  # globs that match nothing now
        self.unreadable: dict[str, str] = {}  # folders that can't be listed, and why
        self._clock = clock
        self._folders: dict[str, _Folder] = {}
        self._listed: dict[str, _Folder] = {}  # as they were when they could be listed last
        self._seen: set[str] = set()
        self._literal: dict[str, bool] = {}
        self._next_look = float("-inf")
        self._next_full_look = float("-inf")

    def covering(self, path: str) -> Pattern | None:
        """The pattern that `path` falls to."""
        return self.found.get(path) or next((pattern for pattern in self.patterns if pattern.covers(path)), None)

    def refresh(self, *, now: bool = False) -> bool:
        """Look again where it is time to (or `now`). True: `found` was made anew."""
        start = self._clock.monotonic()
        full = start >= self._next_full_look
        if not now and not full and start < self._next_look:
            return False
        if full:
            self._folders.clear()
        changed = full or now or self._anything_changed()
        if changed:
            self._expand_all()
        end = self._clock.monotonic()
        rest = _REST_PER_WORK * (end - start)
        self._next_look = end + rest
        if full:
            self._next_full_look = end + max(_FULL_LOOK_SECONDS, rest)
        return changed

    def _anything_changed(self) -> bool:
        return any(_stamp(path) != folder.stamp for path, folder in self._folders.items()) or any(
            _is_there(text) != known for text, known in self._literal.items()
        )

    def _expand_all(self) -> None:
        for path in [path for path, folder in self._folders.items() if _stamp(path) != folder.stamp]:
            del self._folders[path]
        found: dict[str, Pattern] = {}
        self._seen, self.empty, self.unreadable, self._literal = set(), [], {}, {}
        for pattern in self.patterns:
            magic = _MAGIC.search(pattern.text)
            if magic:
                self._literal[pattern.text] = _is_there(pattern.text)
            if not magic or self._literal[pattern.text]:
                found.setdefault(pattern.text, pattern)
                continue
            paths = sorted(self._expand("/", pattern.parts, set()))
            for path in paths:
                found.setdefault(path, pattern)
            if not paths:
                self.empty.append(pattern)
        for path in self._folders.keys() - self._seen:
            del self._folders[path]
        for path in self._listed.keys() - self._seen:
            del self._listed[path]
        self.found = found

    def folders(self) -> Iterable[str]:
        """All folders that were listed, and those of literal paths."""
        literal = (os.path.dirname(p.text) for p in self.patterns if p.text != STDIN and p.literal)
        return dict.fromkeys([*self._folders, *literal])

    def _expand(self, folder: str, parts: tuple[str, ...], visited: set[tuple[int, int]]) -> Iterator[str]:
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._expand_all_below(folder, rest, visited)
        elif not _MAGIC.search(part):
            path = os.path.join(folder, part)
            if rest:
                yield from self._expand(path, rest, visited)
            elif _is_there(path):
                yield path
        else:
            listing = self._list(folder)
            if rest:
                for name in listing.folders:
                    if _fits(part, name):
                        yield from self._expand(os.path.join(folder, name), rest, set(visited))
            else:
                match = re.compile(fnmatch.translate(part)).match
                names = listing.others if not part.strip("*") else (*listing.others, *listing.folders)
                hidden = part.startswith(".")
                prefix = os.path.join(folder, "")
                yield from (prefix + name for name in names if match(name) and (hidden or name[0] != "."))

    def _expand_all_below(self, folder: str, rest: tuple[str, ...], visited: set[tuple[int, int]]) -> Iterator[str]:
        listing = self._list(folder)
        if listing.stamp is None or listing.stamp[:2] in visited:
            return  # a symbolic link that leads back up
        visited.add(listing.stamp[:2])
        yield from self._expand(folder, rest or ("*",), visited)
        for name in listing.folders:
            if not name.startswith("."):
                yield from self._expand_all_below(os.path.join(folder, name), rest, visited)

    def _list(self, path: str) -> _Folder:
        self._seen.add(path)
        folder = self._folders.get(path)
        if folder is None:
            folder = self._folders[path] = self._scan(path)
        return folder

    def _scan(self, path: str) -> _Folder:
        stamp = _stamp(path)  # before the listing: a change during it shows as one
        folders: list[str] = []
        others: list[str] = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    (folders if _is_folder(entry) else others).append(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            stamp = None
        except OSError as bad:
            self.unreadable[path] = bad.strerror or type(bad).__name__
            before = self._listed.get(path)
            if before is None or before.stamp is None:
                return _Folder(None, [], [])
            # What could be listed before is not gone because it can't be now. The stamp is none that a folder has: tried again.
            return _Folder((*before.stamp[:2], -1), before.folders, before.others)
        listed = _Folder(stamp, folders, others)
        if stamp is not None:
            self._listed[path] = listed
        return listed


def _is_there(path: str) -> bool:
    """Something has that name, or a disk that fails now can't tell."""
    try:
        os.lstat(path)
    except OSError as bad:
        return bad.errno == errno.EIO
    except ValueError:
        return False
    return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        st = os.stat(path)
    except OSError:
        return None
    return (st.st_dev, st.st_ino, st.st_mtime_ns)
