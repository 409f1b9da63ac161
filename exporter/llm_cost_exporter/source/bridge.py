"""Contents that came and went unseen: where a path has another content than before, its newer pieces are read first."""

# ruff: noqa: PTH120  (paths are text here)

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.copies import Content, Kind, Verdict, classify
from llm_cost_exporter.source.evidence import learn
from llm_cost_exporter.source.file import FollowedFile, Name
from llm_cost_exporter.source.handles import MovedError
from llm_cost_exporter.source.identity import Glimpse, before, fingerprint
from llm_cost_exporter.source.listing import Piece, real_path, status
from llm_cost_exporter.source.position import Position

if TYPE_CHECKING:
    from llm_cost_exporter.source.discovery import Pattern
    from llm_cost_exporter.source.lost import Lost
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["Bridge"]


_MOST_TRIES: Final = 20


@dataclass(slots=True)
class _Found:
    """What a look at a path's pieces has found."""

    name: Name
    base: str
    places: dict[str, int]  # of the pieces, when it began
    old: list[Piece] = field(default_factory=list)  # older than one that is known: were there at the first start
    told: list[Position] = field(default_factory=list)  # what came before these was looked for
    sure: bool = False  # not on half the facts


class Bridge:
    """Reads the pieces that were missed, for the paths of tracker.to_bridge."""

    def __init__(self, tracker: Tracker, lost: Lost) -> None:
        self._tracker = tracker
        self._lost = lost
        self._tries: dict[str, int] = {}

    def all(self, now: float) -> None:
        """Where a path has another content than before: read the pieces that came and went unseen, in order, before it."""
        tracker = self._tracker
        names, tracker.to_bridge = list(tracker.to_bridge.values()), {}
        found: list[list[_Found]] = []  # of each path: beside it, and beside where it leads
        for name in names:
            if self._live_is_unknown(name) and self._is_due_again(name, half_the_facts=True):
                continue  # a piece may be a copy of it
            where = name.file.where if name.file is not None else real_path(name.path)
            found.append([self._bridge(name, base, now) for base in dict.fromkeys((name.path, where))])
        for folder in {os.path.dirname(one.base) for both in found for one in both}:
            tracker.listings.list_anew(folder)
        for both in found:
            self._conclude(both)

    def _bridge(self, name: Name, base: str, now: float) -> _Found:
        tracker = self._tracker
        chain: list[Piece | FollowedFile] = []  # what comes after the last content that is known
        before_us: FollowedFile | None = None
        errors = tracker.listings.errors
        found = _Found(name, base, tracker.listings.places(base))
        if name.file is not None:
            # A piece that is a copy of it says nothing of what came before: should it be cut off now, that is to be seen.
            learn(tracker, name.file)
        for piece in tracker.listings.pieces(base):
            if piece.path in tracker.names or tracker.discovery.covering(piece.path) is not None:
                continue  # looked at as a path of its own
            known, file = self._is_known(piece, name, now)
            if isinstance(file, Glimpse):
                if piece.proper:
                    chain.append(replace(piece, glimpse=file))
            elif isinstance(file, Position):
                found.told.append(file)
            elif file is not None and file.position.blank:
                chain.append(file)
            elif known is None:
                continue  # a copy of what is being followed, or not to be told yet: says nothing of what came before
            elif known:
                # Older by its place in the chain: but where its time says the opposite the numbers may rise (log4j2).
                chain, earlier = [], chain
                for link in earlier:
                    if isinstance(link, Piece):
                        rises = link.st.st_mtime_ns > piece.st.st_mtime_ns
                        (chain if rises else found.old).append(link)
                before_us = file or before_us
        begun: list[FollowedFile] = []
        for link in chain:
            try:
                file = self._begin(link, name, now) if isinstance(link, Piece) else link
            except OSError:
                tracker.listings.errors += 1
                continue
            if before_us is not None and not file.offset:
                file.wait_for(before_us)
            before_us = file
            begun.append(file)
        live = name.file
        # What was at the path may have become a piece since the last look: then it is in the chain already, and others may come after it.
        if live is not None and before_us is not None and live not in begun and not live.offset:
            live.wait_for(before_us)
        files = begun if live is None else [*begun, live]
        found.told += [file.position for file in files]
        found.sure = tracker.listings.errors == errors and all(map(self._can_be_known_again, files))
        return found

    def _conclude(self, found: list[_Found]) -> None:
        """What came before is told, or to be looked for again: also where files were renamed while they were looked at."""
        listings, name = self._tracker.listings, found[0].name
        errors = listings.errors
        unchanged = [listings.places(one.base) == one.places for one in found]
        sure = all(unchanged) and listings.errors == errors and all(one.sure for one in found)
        again = self._is_due_again(name, half_the_facts=not sure)
        for one in found:
            for piece in one.old if not again else ():
                self._note(piece, name.path, name.pattern)
            for position in one.told:
                self._tracker.set_blank(position, again)

    def _can_be_known_again(self, file: FollowedFile) -> bool:
        """Its first bytes are known, or it has none: it is found wherever it goes."""
        learn(self._tracker, file)
        return bool(file.position.head_length or file.position.gz or not file.size)

    @staticmethod
    def _live_is_unknown(name: Name) -> bool:
        try:
            st = status(name.path)
        except OSError:
            return True
        return st is not None and (name.file is None or (st.st_dev, st.st_ino) != name.file.identity)

    def _is_due_again(self, name: Name, *, half_the_facts: bool) -> bool:
        """A disk that fails now and then hid a piece: look for it among those before what is known now (blank), again."""
        tries = self._tries.pop(name.path, 0)
        if not half_the_facts or tries >= _MOST_TRIES:
            return False
        self._tries[name.path] = tries + 1
        self._tracker.to_bridge[name.path] = name
        return True

    def _begin(self, piece: Piece, name: Name, now: float) -> FollowedFile:
        """Read a piece that came and went unseen. Raises OSError, and nothing is changed then."""
        tracker = self._tracker
        if self._live_is_unknown(name):  # it came while this was looked at, and the piece may be a copy of it
            raise MovedError(errno.ESTALE, "another file is there by now", name.path)
        # Gone by now, it is perhaps in the next piece.
        content = Content(piece.path, (piece.st.st_dev, piece.st.st_ino))
        content.close()
        position = Position(entry=name.pattern.entry.name, followed_as=name.path, path=piece.path)
        position.device, position.inode = piece.st.st_dev, piece.st.st_ino
        tracker.book.add(position)
        file = tracker.follow(name.pattern.entry, position, piece.path, piece.st, is_gz=content.gz)
        tracker.pieces[position.key] = file
        tracker.may_be_latest(file)
        tracker.rotations += 1
        tracker.is_piece(file, now)
        learn(tracker, file, piece.glimpse)
        tracker.queue(file)
        tracker.log.info("%s: rotated unseen, read before %s", piece.path, name.path)
        return file

    def _is_known(
        self, piece: Piece, name: Name, now: float
    ) -> tuple[bool | None, FollowedFile | Position | Glimpse | None]:
        """Whether it is (None: can't be told), and what it is: of a new one its first bytes."""
        tracker = self._tracker
        file = tracker.at.get((piece.st.st_dev, piece.st.st_ino))
        if file is not None:
            return True, file
        try:
            verdict = classify(piece.path, piece.st, tracker)
            if verdict.kind is Kind.NEW:
                return False, verdict.glimpse
            if verdict.kind is Kind.LATER:
                tracker.listings.errors += piece.st.st_size > 0  # an empty one may stay so for ever
                return None, None
            if verdict.kind is Kind.WAIT:
                tracker.listings.errors += not verdict.verified
                return None, None
            if verdict.position is not None and verdict.kind in (Kind.SAME, Kind.CONTINUES):
                file = self._go_on(verdict, piece, name, now)
                return True, verdict.position if file is None and verdict.position.blank else file
            of = verdict.position if verdict.kind is Kind.COPY and piece.proper and not verdict.at_end else None
            if of is not None and tracker.is_deleted(of):  # so that what the copy has more can't be read there
                return True, self._go_on_in_copy(of, piece, name, now)
        except FileNotFoundError:
            return None, None
        except OSError:
            tracker.listings.errors += 1
            return None, None
        return True, None

    def _go_on_in_copy(self, original: Position, piece: Piece, name: Name, now: float) -> FollowedFile:
        """Pulled by rsync: the log was replaced, and rotated at its origin with lines that had not been pulled before. Raises OSError."""
        position, tracker = original.same_place(), self._tracker
        position.finished = position.blank = False
        file = FollowedFile(name.pattern.entry, position, piece.path)
        self._lost.found(file, piece, now)
        tracker.files[position.key] = file
        tracker.book.add(position)
        tracker.book.forget(original)  # read less far than the copy, it would be found at what is given its inode
        return file

    def _go_on(self, verdict: Verdict, piece: Piece, name: Name, now: float) -> FollowedFile | None:
        position, tracker = verdict.position, self._tracker
        assert position is not None
        if position.finished and (position.gz or piece.st.st_size <= position.done_until):
            if position.path != piece.path:
                tracker.book.move(position, piece.path, piece.st.st_dev, piece.st.st_ino, gz=position.gz)
            return None
        file = tracker.files.get(position.key) or FollowedFile(name.pattern.entry, position, piece.path)
        self._lost.found(file, piece, now)
        tracker.files[position.key] = file
        return file

    def compressed_unseen(self, now: float) -> None:
        """Logs of a glob that began, and were compressed, while nobody looked (app-2026-01-01.log.gz for app-*.log): read them.

        Only what was written later than all that is known of the glob: the rest was there at its first start.
        """
        tracker = self._tracker
        newest: dict[Pattern, int] = {}
        for path, original in tracker.listings.compressed(tracker.discovery.folders()):
            pattern = tracker.discovery.covering(original)
            if pattern is None or pattern.literal or pattern.text not in tracker.book.patterns:
                continue
            if original in tracker.names or tracker.discovery.covering(path) is not None:
                continue
            if pattern not in newest:
                newest[pattern] = max((p.mtime_ns for p in tracker.book if pattern.covers(p.followed_as)), default=0)
            st, name = status(path), Name(original, pattern)
            if st is None or st.st_mtime_ns <= newest[pattern]:
                continue
            piece = Piece(path, st, proper=True)
            _, glimpse = self._is_known(piece, name, now)
            if isinstance(glimpse, Glimpse):  # it is new
                with contextlib.suppress(OSError):  # gone by now
                    self._begin(piece, name, now)

    def note_old_pieces(self, patterns: Iterable[Pattern]) -> None:
        """At a pattern's first start: what was rotated away before is not read, now or later. Remember it."""
        tracker, fresh = self._tracker, set(patterns)
        for name in list(tracker.names.values()):
            if name.pattern in fresh:
                where = name.file.where if name.file is not None else name.path
                for piece in tracker.listings.pieces(where):
                    if piece.proper and tracker.discovery.covering(piece.path) is None:
                        self._note(piece, name.path, name.pattern)
        for folder in tracker.discovery.folders():
            for path, base in tracker.listings.all_pieces(folder):
                pattern = tracker.discovery.covering(base) if base not in tracker.names else None
                st = status(path)
                if (
                    pattern in fresh
                    and pattern is not None
                    and st is not None
                    and tracker.discovery.covering(path) is None
                ):
                    self._note(Piece(path, st, proper=True), base, pattern)

    def _note(self, piece: Piece, followed_as: str, pattern: Pattern) -> None:
        tracker = self._tracker
        place = (piece.st.st_dev, piece.st.st_ino)
        if place in tracker.at or any(position.path == piece.path for position in tracker.book.at(*place)):
            return
        position = Position(entry=pattern.entry.name, followed_as=followed_as, path=piece.path, finished=True)
        position.device, position.inode = place
        with contextlib.suppress(OSError):  # else it is known by its inode only
            _at_its_end(position)
        tracker.book.add(position)


def _at_its_end(position: Position) -> None:
    content = Content(position.path, (position.device, position.inode))
    try:
        position.gz = content.gz
        position.size, position.mtime_ns = content.st.st_size, content.st.st_mtime_ns
        position.head_length, position.head_hash = len(content.head), fingerprint(content.head) if content.head else ""
        if not content.gz:
            position.tail_hash = fingerprint(before(content.fd, content.st.st_size))
            position.offset = position.done_until = content.st.st_size
    finally:
        content.close()
