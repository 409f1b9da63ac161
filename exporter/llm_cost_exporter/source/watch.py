"""Looking at the watched paths: what grew, what went, what came.

With up to a thousand paths every look is at all of them. With more, each look is at those that changed lately and at the next
thousand of the others, in turn.
"""

# ruff: noqa: PTH116  (paths are text here)

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.arrivals import Arrivals, say
from llm_cost_exporter.source.discovery import STDIN
from llm_cost_exporter.source.evidence import is_same
from llm_cost_exporter.source.file import FollowedFile, Name
from llm_cost_exporter.source.handles import MovedError

if TYPE_CHECKING:
    from llm_cost_exporter.source.rotation import Rotation
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["Watch"]

_ALL_AT_ONCE: Final = 1000
_IN_TURN: Final = 1000
_HOT_SECONDS: Final = 60.0
_MISSING_SECONDS: Final = 2.0  # between the renaming and the making anew a path is missing for a moment
_UNDECIDED_SECONDS: Final = 60.0
_TRY_AGAIN_SECONDS: Final = 1.0


class Watch:
    """The watched paths of all entries."""

    def __init__(self, tracker: Tracker, rotation: Rotation, arrivals: Arrivals) -> None:
        self._tracker = tracker
        self._rotation = rotation
        self._arrivals = arrivals
        self._cursor = 0
        self._order: list[Name] = []
        self._hot: dict[str, Name] = {}
        self._said: dict[str, str] = {}  # troubles of folders and patterns

    # the list of paths

    def take_names(self) -> None:
        """Take over what discovery found."""
        tracker, found = self._tracker, self._tracker.discovery.found
        for path in [path for path in tracker.names if path not in found]:
            self._leave(tracker.names[path])
        for path, pattern in found.items():
            if path == STDIN:
                continue
            name = tracker.names.get(path)
            if name is None:
                name = tracker.names[path] = Name(path, pattern)
            name.pattern = pattern
            if name.file is not None:
                name.file.entry = pattern.entry
        self._order = list(tracker.names.values())
        self._say_folders()

    def _leave(self, name: Name) -> None:
        """The path is not meant any more: gone, or its entry was removed."""
        tracker = self._tracker
        file = tracker.unsettle(name)
        tracker.names.pop(name.path, None)
        self._hot.pop(name.path, None)
        self._arrivals.left(name)
        if file is not None:
            if tracker.discovery.covering(name.path) is not None:
                self._rotation.displaced([file], tracker.clock.monotonic())
            else:
                tracker.drop(file)

    def _say_folders(self) -> None:
        tracker = self._tracker
        now = {path: f"the folder can't be read: {why}" for path, why in tracker.discovery.unreadable.items()}
        now |= {pattern.text: "matches no file" for pattern in tracker.discovery.empty}
        for path in now.keys() | self._said.keys():
            if path in now:
                tracker.say(path, self._said.get(path), now[path])
        self._said = now

    def _due(self) -> list[Name]:
        if len(self._order) <= _ALL_AT_ONCE or self._tracker.round == 1:
            return self._order
        now = self._tracker.clock.monotonic()
        self._hot = {path: name for path, name in self._hot.items() if now - name.changed_at < _HOT_SECONDS}
        self._cursor %= len(self._order)
        turn = (self._order + self._order[:_IN_TURN])[self._cursor : self._cursor + _IN_TURN]
        self._cursor += _IN_TURN
        hot = [name for name in list(self._hot.values())[-_ALL_AT_ONCE:] if name.path in self._tracker.names]
        return list(dict.fromkeys([*hot, *self._arrivals.undecided.values(), *turn]))

    # one look

    def look(self, now: float) -> None:
        """Look at the paths that are due, and act on what is seen."""
        tracker = self._tracker
        displaced, arrived = self._stat_all(now)
        newcomers = self._settle_known(arrived)
        self._rotation.displaced(displaced, now)
        newcomers += tracker.replaced
        tracker.replaced.clear()
        newcomers.sort(key=lambda pair: pair[1].st_mtime_ns)
        for name, st in newcomers:
            self._arrivals.arrive(name, st, now)
        for name in list(self._arrivals.undecided.values()):
            self._arrivals.decide(name, now)

    def _stat_all(self, now: float) -> tuple[list[FollowedFile], list[tuple[Name, os.stat_result]]]:
        tracker, many = self._tracker, len(self._order) > _ALL_AT_ONCE
        displaced: list[FollowedFile] = []
        arrived: list[tuple[Name, os.stat_result]] = []
        for name in self._due():
            try:
                st = os.stat(name.path)
            except OSError as bad:
                self._missing(name, bad, displaced, now)
                continue
            file = name.file
            if file is not None:
                position = file.position
                if st.st_ino == position.inode and st.st_dev == position.device:
                    if name.trouble is not None:
                        say(tracker, name, None)
                    if st.st_size == file.size and st.st_mtime_ns == file.mtime_ns and not file.suspect:
                        if file.trouble is not None and not file.damaged:
                            tracker.queue(file)
                        continue
                    if many:
                        name.changed_at = now
                        self._hot.pop(name.path, None)
                        self._hot[name.path] = name
                    self._grown(name, file, st, now)
                    continue
                gone = tracker.unsettle(name)
                if gone is not None:
                    displaced.append(gone)
            elif name.path in self._arrivals.undecided:
                continue  # see _decide
            arrived.append((name, st))
        return displaced, arrived

    def _grown(self, name: Name, file: FollowedFile, st: os.stat_result, now: float) -> None:
        if not file.attached:  # cut off under another of its names
            fresh = self._tracker.at.get((st.st_dev, st.st_ino))
            name.file = fresh
            return
        try:
            self._rotation.grown(file, st, now)
        except MovedError:
            pass  # renamed since: the next look finds it
        except OSError as bad:
            self._tracker.trouble(file, bad)

    def _missing(self, name: Name, bad: OSError, displaced: list[FollowedFile], now: float) -> None:
        if not isinstance(bad, (FileNotFoundError, NotADirectoryError)):
            say(self._tracker, name, f"can't be read: {bad.strerror or bad}")
            return
        gone = self._tracker.unsettle(name)
        if gone is not None:
            displaced.append(gone)
        name.waiting = None
        self._arrivals.undecided.pop(name.path, None)
        if name.missing_since is None:
            name.missing_since = now
        if name.had_file and now - name.missing_since < _MISSING_SECONDS:
            return
        say(self._tracker, name, "no such file")

    def _settle_known(self, arrived: list[tuple[Name, os.stat_result]]) -> list[tuple[Name, os.stat_result]]:
        """Files that moved from one watched path to another; the rest is returned."""
        tracker, rest = self._tracker, []
        for name, st in arrived:
            name.missing_since = None
            if not stat.S_ISREG(st.st_mode):
                say(tracker, name, "is a directory" if stat.S_ISDIR(st.st_mode) else "is not a regular file")
                continue
            file = tracker.at.get((st.st_dev, st.st_ino))
            try:
                is_known = file is not None and self._is_still(file, name.path)
            except OSError as bad:  # it can't be told now: the next look asks again
                say(tracker, name, f"can't be read: {bad.strerror or bad}")
                continue
            if file is None or not is_known:
                rest.append((name, st))
                continue
            say(tracker, name, None)
            self._arrivals.found_at(file, name, st)
            if file.name is name:
                self._grown(name, file, st, tracker.clock.monotonic())
        return rest

    def _is_still(self, file: FollowedFile, path: str) -> bool:
        """The file of that inode, and not another one that was given its inode. Raises OSError where that can't be told now."""
        tracker = self._tracker
        if tracker.handles.peek(file) is not None or file.name is not None or is_same(tracker, file, path):
            return True
        self._rotation.lost.lose(file, tracker.clock.monotonic())
        return False

    # what came
