"""Looking at the watched paths: what grew, what went, what came.

With up to a thousand paths every look is at all of them. With more, each look is at those that changed lately and at the next
thousand of the others, in turn.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.copies import Kind, Verdict, classify
from llm_cost_exporter.source.discovery import STDIN
from llm_cost_exporter.source.evidence import is_same, learn, looks_gz
from llm_cost_exporter.source.file import FollowedFile, Name, Waiting
from llm_cost_exporter.source.handles import MovedError
from llm_cost_exporter.source.names import rotated
from llm_cost_exporter.source.position import Position
from llm_cost_exporter.source.startend import end_of_lines

if TYPE_CHECKING:
    from llm_cost_exporter.source.discovery import Pattern
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

    def __init__(self, tracker: Tracker, rotation: Rotation, line_bytes: int) -> None:
        self.line_bytes = line_bytes
        self._tracker = tracker
        self._rotation = rotation
        self._cursor = 0
        self._order: list[Name] = []
        self._hot: dict[str, Name] = {}
        self._undecided: dict[str, Name] = {}
        self._since: dict[
            str, tuple[float, tuple[int, int, int]]
        ] = {}  # undecided paths: since when (monotonic), and what was there
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
        self._undecided.pop(name.path, None)
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
        return list(dict.fromkeys([*hot, *self._undecided.values(), *turn]))

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
            self._arrive(name, st, now)
        for name in list(self._undecided.values()):
            self._decide(name, now)

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
            elif name.path in self._undecided:
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
            self.trouble(file, bad)

    def trouble(self, file: FollowedFile, bad: OSError | None) -> None:
        """The file can't be read (None: it can again)."""
        reason = None if bad is None else f"can't be read: {bad.strerror or bad}"
        self._tracker.say(file.where, file.trouble, reason)
        file.trouble = reason

    def _missing(self, name: Name, bad: OSError, displaced: list[FollowedFile], now: float) -> None:
        gone = self._tracker.unsettle(name)
        if gone is not None:
            displaced.append(gone)
        name.waiting = None
        self._undecided.pop(name.path, None)
        if name.missing_since is None:
            name.missing_since = now
        if name.had_file and now - name.missing_since < _MISSING_SECONDS:
            return
        absent = isinstance(bad, (FileNotFoundError, NotADirectoryError))
        self._say(name, "no such file" if absent else f"can't be read: {bad.strerror or bad}")

    def _say(self, name: Name, trouble: str | None) -> None:
        if trouble != name.trouble:
            self._tracker.say(name.path, name.trouble, trouble)
            name.trouble = trouble

    def _settle_known(self, arrived: list[tuple[Name, os.stat_result]]) -> list[tuple[Name, os.stat_result]]:
        """Files that moved from one watched path to another; the rest is returned."""
        tracker, rest = self._tracker, []
        for name, st in arrived:
            name.missing_since = None
            if not stat.S_ISREG(st.st_mode):
                self._say(name, "is a directory" if stat.S_ISDIR(st.st_mode) else "is not a regular file")
                continue
            file = tracker.at.get((st.st_dev, st.st_ino))
            if file is None or not self._is_still(file, name.path):
                rest.append((name, st))
                continue
            self._say(name, None)
            if file.name is None:
                tracker.attach(file, _where(name.path), st, is_gz=file.position.gz)
                file.suspect = True  # have it looked at as if it had grown
            tracker.settle(file, name)
            self._mark_piece(file, name.path)
            if file.name is name:
                self._grown(name, file, st, tracker.clock.monotonic())
        return rest

    def _is_still(self, file: FollowedFile, path: str) -> bool:
        """The file of that inode, and not another one that was given its inode."""
        tracker = self._tracker
        if tracker.handles.peek(file) is not None or file.name is not None or is_same(tracker, file, path):
            return True
        self._rotation.lost.lose(file, tracker.clock.monotonic())
        return False

    def _mark_piece(self, file: FollowedFile, path: str) -> None:
        tracker, piece = self._tracker, rotated(path)
        if piece is not None and tracker.discovery.covering(piece.base) is not None:
            tracker.is_piece(file, tracker.clock.monotonic())
        elif file.rotated_at is not None:
            file.rotated_at, file.final = None, False
            tracker.closing.pop(file.position.key, None)

    # what came

    def _arrive(self, name: Name, st: os.stat_result, now: float) -> None:
        tracker = self._tracker
        file = tracker.at.get((st.st_dev, st.st_ino))
        if file is not None:  # by a second name, or found while looking for what was lost
            self._decided(name)
            tracker.settle(file, name)
            return
        try:
            verdict = classify(name.path, st, tracker)
        except OSError as bad:
            self._say(name, f"can't be read: {bad.strerror or bad}")
            self._start_unreadable_at_end(name, st)
            return
        if verdict.kind is Kind.WAIT and verdict.on is not None:
            self._wait(name, verdict, st)
        elif verdict.kind is Kind.LATER and now - self._undecided_since(name, st, now) < _UNDECIDED_SECONDS:
            self._undecided[name.path] = name
            name.waiting = None
            name.had_file = True
        else:
            self._decided(name)
            self._follow(name, verdict, st)

    def _undecided_since(self, name: Name, st: os.stat_result, now: float) -> float:
        """Since when it is undecided and unchanged."""
        seen = (st.st_ino, st.st_size, st.st_mtime_ns)
        before = self._since.get(name.path)
        if before is None or before[1] != seen:
            before = self._since[name.path] = (now, seen)
        return before[0]

    def _decided(self, name: Name) -> None:
        self._since.pop(name.path, None)
        self._undecided.pop(name.path, None)
        name.waiting = None

    def _wait(self, name: Name, verdict: Verdict, st: os.stat_result) -> None:
        assert verdict.on is not None
        self._undecided[name.path] = name
        name.had_file = True
        self._say(name, None)
        name.waiting = Waiting(
            verdict.on, st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns, verdict.verified, verdict.on.drained
        )  # fmt: skip

    def _decide(self, name: Name, now: float) -> None:
        """Look again at a path whose file was not taken for a new one yet."""
        waiting = name.waiting
        try:
            st = os.stat(name.path)
        except OSError:
            return  # seen as missing with the next look
        if waiting is None:
            if now - name.changed_at >= _TRY_AGAIN_SECONDS:
                name.changed_at = now
                self._arrive(name, st, now)
            return
        same = waiting.unchanged(st)
        if same and waiting.on.attached and (waiting.verified or waiting.on.drained == waiting.drained):
            return
        on = waiting.on
        if same and waiting.verified and not on.attached and on.offset >= st.st_size and not on.position.gz:
            self._decided(name)
            self._follow(name, Verdict(Kind.COVERED, on.position), st)
            return
        self._arrive(name, st, now)

    def _follow(self, name: Name, verdict: Verdict, st: os.stat_result) -> None:
        tracker, where = self._tracker, _where(name.path)
        position, is_gz = self._position(name, verdict, where, st)
        self._say(name, None)
        file = tracker.follow(name.pattern.entry, position, where, st, is_gz=is_gz)
        tracker.settle(file, name)
        file.final = False
        if file.ended and (position.size not in (-1, st.st_size) if is_gz else st.st_size > file.offset):
            file.ended = False  # written to since
        if verdict.kind is Kind.CONTINUES:
            tracker.goes_first(file)
        if verdict.kind is Kind.NEW:
            self._first_seen(name, file)
        elif not position.done_until and not position.head_length and st.st_size:
            tracker.to_bridge[name.path] = name  # empty when it was saved: nothing tells that it was not cut off since
        self._mark_piece(file, name.path)
        tracker.queue(file)

    def _position(self, name: Name, verdict: Verdict, where: str, st: os.stat_result) -> tuple[Position, bool]:
        """The position to follow the file by, and whether it is compressed (of a new one that is seen when it is read)."""
        position = verdict.position
        if position is not None and verdict.kind is Kind.SAME:
            return position, position.gz
        is_gz = position is not None and looks_gz(where)
        if position is not None and verdict.kind is Kind.CONTINUES:
            return position, is_gz
        if position is None:
            position = Position(entry=name.pattern.entry.name, followed_as=name.path)
        else:
            position = position.same_place()
            position.vanished = None
            position.finished = verdict.kind is Kind.COVERED or verdict.at_end
            if verdict.kind is Kind.COVERED:
                position.offset = position.done_until = st.st_size
                position.tail_hash, position.checkpoints, position.parts = "", [], []
        position.path, position.device, position.inode, position.gz = where, st.st_dev, st.st_ino, is_gz
        if position.finished:
            position.size, position.mtime_ns = st.st_size, st.st_mtime_ns
        self._tracker.book.add(position)
        return position, is_gz

    def _first_seen(self, name: Name, file: FollowedFile) -> None:
        tracker, pattern = self._tracker, name.pattern
        if pattern.text in tracker.book.patterns:
            tracker.to_bridge[name.path] = name
            learn(tracker, file)
            return
        file.newcomer_of = tracker.round
        if self._starts_at_end(pattern):
            end_of_lines(file, self.line_bytes)
            tracker.book.changed(file.position)

    def _start_unreadable_at_end(self, name: Name, st: os.stat_result) -> None:
        """A file that can't be opened at the first start begins where it ended then, once it can."""
        pattern, tracker = name.pattern, self._tracker
        if self._starts_at_end(pattern) and not tracker.book.at(st.st_dev, st.st_ino):
            position = Position(entry=pattern.entry.name, followed_as=name.path, path=_where(name.path))
            position.device, position.inode = st.st_dev, st.st_ino
            position.offset = position.done_until = st.st_size
            tracker.book.add(position)

    def _starts_at_end(self, pattern: Pattern) -> bool:
        is_first = pattern.text not in self._tracker.book.patterns
        return is_first and pattern.entry.start_at == "end" and not self._tracker.state_was_lost


def _where(path: str) -> str:
    """Where the file itself is: a symbolic link may lead elsewhere by and by."""
    return os.path.realpath(path) if os.path.islink(path) else path
