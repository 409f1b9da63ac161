"""Files that have come up at a watched path: known ones, copies, new ones."""

# ruff: noqa: PTH116  (paths are text here)

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.copies import SMALLEST_GZ, Kind, Verdict, classify
from llm_cost_exporter.source.evidence import ends_with, learn, looks_gz
from llm_cost_exporter.source.file import FollowedFile, Name, Waiting
from llm_cost_exporter.source.handles import MovedError
from llm_cost_exporter.source.identity import Glimpse
from llm_cost_exporter.source.listing import real_path
from llm_cost_exporter.source.names import made_of, rotated
from llm_cost_exporter.source.position import Position
from llm_cost_exporter.source.startend import end_of_lines

if TYPE_CHECKING:
    from llm_cost_exporter.source.discovery import Pattern
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["Arrivals", "say"]

_UNDECIDED_SECONDS: Final = 60.0
_TRY_AGAIN_SECONDS: Final = 1.0


class Arrivals:
    """Decides what to do with what came. `undecided` are paths at which nothing is read for now."""

    def __init__(self, tracker: Tracker, line_bytes: int) -> None:
        self.line_bytes = line_bytes
        self.undecided: dict[str, Name] = {}
        self._tracker = tracker
        self._no_pieces: dict[str, dict[str, Name]] = {}  # by the path that they would be pieces of, which never was
        self._since: dict[str, tuple[float, tuple[int, int, int]]] = {}  # undecided: since when, and what was there

    def found_at(self, file: FollowedFile, name: Name, st: os.stat_result) -> None:
        """A file that is followed is at `name`: it was moved there, or has a second name."""
        if file.name is None:
            self._tracker.attach(file, real_path(name.path), st, is_gz=file.position.gz)
            file.suspect = True  # have it looked at as if it had grown
        self._tracker.settle(file, name)
        if file.name is name or rotated(name.path) is None:  # of two names the one that is no piece's tells what it is
            self._mark_piece(file, name)
        self._mark_pieces_of(name.path)

    def _mark_piece(self, file: FollowedFile, name: Name) -> None:
        """The file is at `name`: is that the name of a rotated piece?"""
        tracker, piece = self._tracker, rotated(name.path)
        if piece is not None and self._was_at(file, piece.base):
            tracker.is_piece(file, tracker.clock.monotonic())
        elif file.rotated_at is not None:
            file.rotated_at, file.final = None, False
            tracker.closing.pop(file.position.key, None)
        if piece is not None and file.rotated_at is None:
            self._no_pieces.setdefault(piece.base, {})[name.path] = name

    def left(self, name: Name) -> None:
        """The path is not meant any more."""
        self.undecided.pop(name.path, None)
        piece = rotated(name.path)
        if piece is not None:
            self._no_pieces.get(piece.base, {}).pop(name.path, None)

    def _mark_pieces_of(self, base: str) -> None:
        """There is a file at `base`: what has the name of a piece of it is one after all."""
        for name in self._no_pieces.pop(base, {}).values():
            if name.file is not None:
                self._mark_piece(name.file, name)

    def _was_at(self, file: FollowedFile, base: str) -> bool:
        """The file was perhaps at the path `base`: by its name alone a log of today's date is a piece of one that never was."""
        tracker = self._tracker
        pattern = tracker.discovery.covering(base)
        return pattern is not None and (pattern.literal or base in tracker.names or base == file.path)

    def arrive(self, name: Name, st: os.stat_result, now: float) -> None:
        """At `name` is a file that was not there before."""
        tracker = self._tracker
        file = tracker.at.get((st.st_dev, st.st_ino))
        if file is not None:  # by a second name, or found while looking for what was lost
            self._decided(name)
            self.found_at(file, name, st)
            return
        try:
            verdict = Verdict(Kind.LATER) if self._original_is_unknown(name) else classify(name.path, st, tracker)
        except FileNotFoundError:
            return  # renamed or removed since: the next look tells
        except OSError as bad:
            say(self._tracker, name, f"can't be read: {bad.strerror or bad}")
            self._start_unreadable_at_end(name, st)
            return
        if verdict.kind is Kind.LATER and st.st_size >= SMALLEST_GZ and self._starts_at_end(name.pattern):
            verdict = Verdict(Kind.NEW)  # what there is now is not meant, whatever it is
        if verdict.kind is Kind.WAIT and verdict.on is not None:
            self._wait(name, verdict, st)
        elif verdict.kind is Kind.LATER and now - self._undecided_since(name, st, now) < _UNDECIDED_SECONDS:
            self.undecided[name.path] = name
            name.waiting = None
            name.had_file = True
        else:
            self._decided(name)
            self._follow(name, verdict, st)

    def _original_is_unknown(self, name: Name) -> bool:
        """What the file at `name` may be a copy of can't be read now: is it one?"""
        piece, names = rotated(name.path), self._tracker.names
        paths = {made_of(name.path), None if piece is None else piece.base} - {None}
        originals = (names[path] for path in paths if path in names)
        return any(
            name.file is None and name.trouble is not None and name.missing_since is None for name in originals
        )  # fmt: skip

    def _undecided_since(self, name: Name, st: os.stat_result, now: float) -> float:
        """Since when it is undecided and unchanged."""
        seen = (st.st_ino, st.st_size, st.st_mtime_ns)
        before = self._since.get(name.path)
        if before is None or before[1] != seen:
            before = self._since[name.path] = (now, seen)
        return before[0]

    def _decided(self, name: Name) -> None:
        self._since.pop(name.path, None)
        self.undecided.pop(name.path, None)
        name.waiting = None

    def _wait(self, name: Name, verdict: Verdict, st: os.stat_result) -> None:
        assert verdict.on is not None
        self.undecided[name.path] = name
        name.had_file = True
        say(self._tracker, name, None)
        name.waiting = Waiting(
            verdict.on, st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns, verdict.verified, verdict.on.drained, verdict.compressed
        )  # fmt: skip

    def decide(self, name: Name, now: float) -> None:
        """Look again at a path whose file was not taken for a new one yet."""
        waiting = name.waiting
        try:
            st = os.stat(name.path)
        except OSError:
            return  # seen as missing with the next look
        if waiting is None:
            if now - name.changed_at >= _TRY_AGAIN_SECONDS:
                name.changed_at = now
                self.arrive(name, st, now)
            return
        same = waiting.unchanged(st)
        if same and waiting.on.attached and (waiting.verified or waiting.on.drained == waiting.drained):
            return
        on = waiting.on
        is_plain = not (waiting.compressed or on.position.gz)
        if same and waiting.verified and not on.attached and is_plain and on.offset >= st.st_size:
            self._decided(name)
            self._follow(name, Verdict(Kind.COVERED, on.position), st)
            return
        self.arrive(name, st, now)

    def _follow(self, name: Name, verdict: Verdict, st: os.stat_result) -> None:
        tracker, where = self._tracker, real_path(name.path)
        try:
            position, is_gz = self._position(name, verdict, where, st)
        except (FileNotFoundError, MovedError):
            return  # the next look finds it again
        except OSError as bad:  # and this one too
            say(self._tracker, name, f"can't be read: {bad.strerror or bad}")
            return
        say(self._tracker, name, None)
        file = tracker.follow(name.pattern.entry, position, where, st, is_gz=is_gz)
        tracker.settle(file, name)
        file.final = False
        if file.ended and is_gz and position.size not in (-1, st.st_size):
            file.ended = False  # written to since
        if verdict.kind is Kind.CONTINUES:
            tracker.goes_first(file)
        if verdict.kind is Kind.NEW:
            self._first_seen(name, file, verdict.glimpse)
        elif not position.done_until:
            # Empty when it was saved, or with the first bytes of many (a banner, a hole of NULs): nothing tells that it was not cut off since.
            tracker.set_blank(position, True)
            learn(tracker, file)
            tracker.to_bridge[name.path] = name
        self._mark_piece(file, name)
        self._mark_pieces_of(name.path)
        tracker.queue(file)

    def _position(self, name: Name, verdict: Verdict, where: str, st: os.stat_result) -> tuple[Position, bool]:
        """The position to follow the file by, and whether it is compressed (of a new one that is seen when it is read).

        Raises OSError, and nothing is changed then.
        """
        position = verdict.position
        if position is not None and verdict.kind is Kind.SAME:
            return position, position.gz
        is_gz = position is not None and looks_gz(where, st)
        if position is not None and verdict.kind is Kind.CONTINUES:
            return position, is_gz
        if position is None:
            position = Position(entry=name.pattern.entry.name, followed_as=name.path)
        else:
            original, position = position, position.same_place()
            position.vanished = None
            position.finished = verdict.kind is Kind.COVERED or verdict.at_end
            if verdict.kind is Kind.COVERED:
                position.offset = position.done_until = st.st_size
                position.tail_hash, position.checkpoints, position.parts = ends_with(where, st), [], []
            elif self._tracker.is_deleted(original):
                # Read less far than the copy, it would be found at what is given its inode.
                self._tracker.book.forget(original)
        position.path, position.device, position.inode, position.gz = where, st.st_dev, st.st_ino, is_gz
        if position.finished:
            position.size, position.mtime_ns = st.st_size, st.st_mtime_ns
        self._tracker.book.add(position)
        return position, is_gz

    def _first_seen(self, name: Name, file: FollowedFile, glimpse: Glimpse) -> None:
        tracker, pattern = self._tracker, name.pattern
        if name.path in tracker.deleted:
            tracker.deleted.remove(name.path)
            tracker.rotations += 1
        if pattern.text in tracker.book.patterns:
            # It may be renamed before its path is bridged: what is older than such a piece is not known by it.
            tracker.set_blank(file.position, True)
            tracker.to_bridge[name.path] = name
            learn(tracker, file, glimpse)
            return
        file.newcomer_of = tracker.round
        if self._starts_at_end(pattern):
            end_of_lines(file, self.line_bytes)
            tracker.book.changed(file.position)

    def _start_unreadable_at_end(self, name: Name, st: os.stat_result) -> None:
        """A file that can't be opened at the first start begins where it ended then, once it can."""
        pattern, tracker = name.pattern, self._tracker
        if self._starts_at_end(pattern) and not tracker.book.at(st.st_dev, st.st_ino):
            position = Position(entry=pattern.entry.name, followed_as=name.path, path=real_path(name.path))
            position.device, position.inode = st.st_dev, st.st_ino
            position.offset = position.done_until = st.st_size
            tracker.book.add(position)

    def _starts_at_end(self, pattern: Pattern) -> bool:
        is_first = pattern.text not in self._tracker.book.patterns
        return is_first and pattern.entry.start_at == "end" and not self._tracker.state_was_lost


def say(tracker: Tracker, name: Name, trouble: str | None) -> None:
    """Tell of a path's trouble, once."""
    if trouble != name.trouble:
        tracker.say(name.path, name.trouble, trouble)
        name.trouble = trouble
