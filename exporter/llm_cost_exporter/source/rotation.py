"""Rotation and truncation: no line lost and none read twice while files are renamed, copied, cut off and compressed.

How a log is rotated, and what is done:

- renamed and made anew (logrotate's default, RotatingFileHandler's chain .1 .2 .3): the old file stays open here and is read to its
  end, also after it was deleted. It is watched for a minute, since its writer may go on with it until it reopens; the last piece
  that is still on disk is watched until the next rotation. Then its last line is taken even without a newline.
- rotated several times between two looks, or while the exporter was down: from our file, found by its identity among the files
  PATH.*, PATH-* and their like, the rest is read, then every newer piece from its beginning, oldest first (by number in the name,
  else by time of last writing), then the live file. Pieces that were there at the first start are noted, not read.
- copied and cut off (copytruncate): that the file was cut off shows by its size, or by the 4 KiB before our offset, which are
  not the ones that were read. What came after our offset is read from the copy, which must agree with what was read in its
  beginning and before the offset; then the live file from its beginning. A copy that is still being made is left alone as long as it agrees
  with the live file.
- compressed afterwards (app.log.1.gz): it is compared by its decompressed content; what was read is not read again, the rest is.

What no reader can save:

- with copytruncate, lines written after the copying program has read to the end and before it cuts the file off: they are in no
  file any more. The window is as long as it takes from that program's last read to its truncate call: microseconds
  for logrotate on an idle machine, longer under load. A line written then survives only if we happened to read it in between.
- lines of a file that was deleted (or cut off without a copy) between two looks, half a second at most, or while the exporter was
  down, or while more files were being followed than can be kept open (256, or a quarter of the limit of open files).
- with copytruncate several times between two looks, or while down, what was in copies that are gone: as many copies as are kept
  are read.
- a file overwritten in its middle, with its size and the 4 KiB before the offset as they were, looks as if nothing had happened;
  one of which those 4 KiB were rewritten in place looks cut off, and is read anew.
- logs whose lines are all alike, byte for byte, can't be told from a copy of themselves. Times or ids in the lines prevent that.
"""

# ruff: noqa: PTH120  (paths are text here)

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.copies import Content, Kind, Verdict, classify, may_be_empty_one
from llm_cost_exporter.source.file import FollowedFile, Name
from llm_cost_exporter.source.gz import GzStream
from llm_cost_exporter.source.identity import before, fingerprint
from llm_cost_exporter.source.listing import Listings, Piece, status
from llm_cost_exporter.source.names import rotated
from llm_cost_exporter.source.plain import PlainReader, is_intact
from llm_cost_exporter.source.position import Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_cost_exporter.source.discovery import Pattern
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["LINGER_SECONDS", "Rotation"]

LINGER_SECONDS: Final = 60.0  # after a rotation, and after the last growth since: so long a writer may take to reopen
_MOST_PIECES_A_ROUND: Final = 1000


class Rotation:
    """Finds where contents have gone that are not at their watched path any more."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._listings = Listings(tracker.clock)
        self._cursor = 0
        self._searched: dict[str, tuple[int, int]] = {}  # folder time stamps when a lost file was last looked for

    def new_round(self) -> None:
        self._listings.new_round()

    # what is lost sight of

    def displaced(self, files: Iterable[FollowedFile], now: float) -> None:
        """These files are not at their watched path any more: find them, or keep what is open of them."""
        for file in files:
            if not file.attached or file.name is not None:
                continue
            tracker = self._tracker
            piece = rotated(file.where)
            if piece is None or tracker.discovery.covering(piece.base) is None:
                tracker.rotations += 1
            unseen = not file.offset and not file.position.head_length
            self._relocate(file, now)
            if unseen:
                self._bridge_soon(file)
            if file.attached:
                self.is_piece(file, now)
                tracker.pieces[file.position.key] = file
                file.suspect = True  # what is open or at that inode may have been cut off on the way
                self._look_at_piece(file, now)
                previous = tracker.latest.get(file.path)
                if file.attached and (previous is None or (previous.rotated_at or now) <= now):
                    tracker.latest[file.path] = file

    def is_piece(self, file: FollowedFile, now: float) -> None:
        """The file is one that was rotated away: it ends once it has not grown for a while."""
        if file.rotated_at is None:
            file.rotated_at = now
        if not file.ended:
            self._tracker.closing[file.position.key] = file

    def _relocate(self, file: FollowedFile, now: float) -> None:
        tracker = self._tracker
        fd = tracker.handles.peek(file)
        found = self._listings.with_inode(os.path.dirname(file.where), *file.identity)
        if found is not None and (fd is not None or self.is_same(file, found[0])):
            tracker.attach(file, *found, is_gz=file.position.gz)
        elif fd is not None:
            tracker.handles.keep(file)
            file.saw(os.fstat(fd))
        elif file.gz is None:
            self.lose(file, now)
        tracker.queue(file)

    def is_same(self, file: FollowedFile, path: str) -> bool:
        """The file at `path`, of the same inode, is `file`, and not one that was given its inode. If so, it is there."""
        if file.position.gz:
            return _begins_like(path, file.position)
        if not file.offset and not file.position.head_length and not may_be_empty_one(path, file.position):
            return False
        where, file.where = file.where, path
        try:
            if is_intact(file, self._tracker.handles.get(file)):
                return True
            self._tracker.handles.close(file)
        except OSError:
            pass
        file.where = where
        return False

    def lose(self, file: FollowedFile, now: float) -> None:
        """The content of `file` is not where it was: look for it for a while."""
        tracker = self._tracker
        tracker.detach(file)
        if file.position.done_until or file.position.head_length:
            tracker.lost[file.position.key] = now + LINGER_SECONDS
        else:  # nothing was read of it, nothing can tell a copy: a copy is a new file
            tracker.files.pop(file.position.key, None)
            tracker.book.forget(file.position)

    def _replaced(self, file: FollowedFile, st: os.stat_result, now: float) -> None:
        """Another content is where the file was."""
        tracker, piece = self._tracker, rotated(file.where)
        if not file.position.gz and (piece is None or tracker.discovery.covering(piece.base) is None):
            self._truncated(file, st, now)
            return
        # Nobody cuts off a piece: it was deleted, and another one was given its path and its inode.
        name = file.name
        self.lose(file, now)
        if name is not None:
            tracker.replaced.append((name, st))
        else:
            self._bridge_soon(file)

    def _truncated(self, file: FollowedFile, st: os.stat_result, now: float) -> None:
        """The file at the same inode has another content now: it begins anew, and the rest of the old one is looked for."""
        tracker = self._tracker
        tracker.truncations += 1
        position = file.position.successor()
        position.path, position.device, position.inode = file.where, *file.identity
        fresh = FollowedFile(file.entry, position, file.where)
        tracker.handles.hand_over(file, fresh)
        name = file.name
        was_piece = file.position.key in tracker.pieces
        self.lose(file, now)
        tracker.files[position.key] = fresh
        tracker.book.add(position)
        tracker.attach(fresh, fresh.where, st, is_gz=False)
        if name is not None:
            tracker.settle(fresh, name)
        self._bridge_soon(fresh)
        if was_piece:
            tracker.pieces[position.key] = fresh
            self.is_piece(fresh, now)
        fresh.grown_at = now
        tracker.queue(fresh)

    def take_up_unfinished(self, now: float) -> None:
        """At start: contents that were not read to their end and are at no watched path are looked for."""
        tracker = self._tracker
        for position in tracker.book:
            if position.key in tracker.files or position.finished:
                continue
            pattern = tracker.discovery.covering(position.followed_as)
            if pattern is None:
                continue
            file = FollowedFile(pattern.entry, position, position.path)
            file.size = position.size
            tracker.files[position.key] = file
            tracker.rotations += position.followed_as == position.path
            if position.done_until or position.head_length:
                self.lose(file, now)
                continue
            self._bridge_soon(file)
            found = self._listings.with_inode(os.path.dirname(position.path), *file.identity)
            if found is not None and file.identity not in tracker.at and may_be_empty_one(found[0], position):
                self._take_up(file, Piece(*found, proper=True), now)
            else:
                self.lose(file, now)

    def search(self, now: float) -> None:
        """Look for lost contents, among the pieces beside the path they were at."""
        tracker = self._tracker
        for key, until in list(tracker.lost.items()):
            file = tracker.files[key]
            folders = dict.fromkeys(os.path.dirname(path) for path in (file.position.path, file.path))
            stamps = {folder: _stamp(folder) for folder in folders}
            if now < until and all(self._searched.get(key + folder) == stamp for folder, stamp in stamps.items()):
                continue
            if self._find(file, folders, now):
                continue
            self._searched.update({key + folder: stamp for folder, stamp in stamps.items()})
            if now >= until:
                self._give_up(file)

    def _find(self, file: FollowedFile, folders: Iterable[str], now: float) -> bool:
        tracker = self._tracker
        for folder in folders:
            found = self._listings.with_inode(folder, *file.identity)
            if found is not None and file.identity not in tracker.at and _is_content(found[0], file.position):
                self._take_up(file, Piece(*found, proper=True), now)
                return True
        for base in dict.fromkeys((file.path, file.position.path)):
            for piece in self._listings.pieces(base):
                if (piece.st.st_dev, piece.st.st_ino) not in tracker.at and _is_content(piece.path, file.position):
                    self._take_up(file, piece, now)
                    return True
        return False

    def _take_up(self, file: FollowedFile, piece: Piece, now: float) -> None:
        tracker = self._tracker
        tracker.attach(file, piece.path, piece.st, is_gz=_is_gz(piece.path))
        tracker.pieces[file.position.key] = file
        file.final = False
        self.is_piece(file, now)
        tracker.latest.setdefault(file.path, file)
        tracker.goes_first(file)
        self.learn(file)
        tracker.queue(file)

    def _give_up(self, file: FollowedFile) -> None:
        tracker = self._tracker
        if file.size > file.offset:
            tracker.log.warning(
                "%s: %d bytes were gone before they were read (a file deleted, or cut off without a copy)",
                file.path, file.size - file.offset,
            )  # fmt: skip
        self._searched = {key: stamp for key, stamp in self._searched.items() if not key.startswith(file.position.key)}
        file.position.finished = True
        tracker.book.vanished(file.position, tracker.clock.wall())
        tracker.book.changed(file.position)
        tracker.drop(file)

    def learn(self, file: FollowedFile) -> None:
        """Open the file and take its fingerprint before anything is read: then it is found again wherever it goes."""
        tracker, position = self._tracker, file.position
        if position.gz or not file.size:
            return
        try:
            fd = tracker.handles.get(file)
            if position.head_length:
                return
            if PlainReader.begins_compressed(fd):
                start = GzStream.head(fd)
                position.head_length, position.head_hash = len(start), fingerprint(start) if start else ""
                tracker.book.move(position, position.path, *file.identity, gz=True)
                tracker.handles.close(file)
            else:
                is_intact(file, fd)
                tracker.book.changed(position)
        except OSError:
            return  # said when it is read

    # what was missed

    def _bridge_soon(self, file: FollowedFile) -> None:
        """Contents may have come and gone unseen where this file was: look for them in this round or the next."""
        file.blank = True
        name = self._tracker.names.get(file.path)
        if name is not None:
            self._tracker.to_bridge[name.path] = name

    def bridge(self, now: float) -> None:
        """Where a path has another content than before: read the pieces that came and went unseen, in order, before it."""
        tracker = self._tracker
        names, tracker.to_bridge = list(tracker.to_bridge.values()), {}
        for name in names:
            where = name.file.where if name.file is not None else os.path.realpath(name.path)
            for base in dict.fromkeys((name.path, where)):
                self._bridge(name, base, now)

    def _bridge(self, name: Name, base: str, now: float) -> None:
        tracker = self._tracker
        watched = {name.path for name in tracker.names.values()} if len(tracker.names) < 100 else tracker.names.keys()
        chain: list[Piece | FollowedFile] = []  # what comes after the last content that is known
        before_us: FollowedFile | None = None
        for piece in self._listings.pieces(base):
            if piece.path in watched or tracker.discovery.covering(piece.path) is not None:
                continue  # looked at as a path of its own
            known, file = self._is_known(piece, name, now)
            if file is not None and file.blank:
                chain.append(file)
            elif known is None:
                continue  # a copy of what is being followed, or not to be told yet: says nothing of what came before
            elif known:
                for older in chain:
                    if isinstance(older, Piece):
                        self._note(older, name.path, name.pattern)
                chain, before_us = [], file or before_us
            elif piece.proper:
                chain.append(piece)
        for link in chain:
            file = self._begin(link, name, now) if isinstance(link, Piece) else link
            file.blank = False
            if file is not before_us and not file.offset:
                file.after = before_us
            before_us = file
        live = name.file
        if live is not None:
            live.blank = False
            if before_us is not None and before_us is not live and not live.offset:
                live.after = before_us

    def _begin(self, piece: Piece, name: Name, now: float) -> FollowedFile:
        """Read a piece that came and went unseen."""
        tracker = self._tracker
        position = Position(entry=name.pattern.entry.name, followed_as=name.path, path=piece.path)
        position.device, position.inode = piece.st.st_dev, piece.st.st_ino
        tracker.book.add(position)
        file = tracker.follow(name.pattern.entry, position, piece.path, piece.st, is_gz=_is_gz(piece.path))
        tracker.pieces[position.key] = file
        tracker.latest[name.path] = file
        tracker.rotations += 1
        self.is_piece(file, now)
        self.learn(file)
        tracker.queue(file)
        tracker.log.info("%s: rotated unseen, read before %s", piece.path, name.path)
        return file

    def _is_known(self, piece: Piece, name: Name, now: float) -> tuple[bool | None, FollowedFile | None]:
        tracker = self._tracker
        file = tracker.at.get((piece.st.st_dev, piece.st.st_ino))
        if file is not None:
            return True, file
        try:
            verdict = classify(piece.path, piece.st, tracker)
        except OSError:
            return None, None
        position = verdict.position
        if verdict.kind is Kind.NEW:
            return False, None
        if verdict.kind in (Kind.WAIT, Kind.LATER):
            return None, None
        if position is not None and verdict.kind in (Kind.SAME, Kind.CONTINUES):
            return True, self._go_on(verdict, piece, name, now)
        return True, None

    def _go_on(self, verdict: Verdict, piece: Piece, name: Name, now: float) -> FollowedFile | None:
        position, tracker = verdict.position, self._tracker
        assert position is not None
        if position.finished and (position.gz or piece.st.st_size <= position.done_until):
            if position.path != piece.path:
                tracker.book.move(position, piece.path, piece.st.st_dev, piece.st.st_ino, gz=position.gz)
            return None
        file = tracker.files.get(position.key) or FollowedFile(name.pattern.entry, position, piece.path)
        tracker.files[position.key] = file
        self._take_up(file, piece, now)
        return file

    def note_old_pieces(self, patterns: Iterable[Pattern]) -> None:
        """At a pattern's first start: what was rotated away before is not read, now or later. Remember it."""
        tracker, fresh = self._tracker, set(patterns)
        for name in list(tracker.names.values()):
            if name.pattern in fresh:
                where = name.file.where if name.file is not None else name.path
                for piece in self._listings.pieces(where):
                    if piece.proper and tracker.discovery.covering(piece.path) is None:
                        self._note(piece, name.path, name.pattern)
        for folder in tracker.discovery.folders():
            for path, base in self._listings.all_pieces(folder):
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
        try:
            content = Content(piece.path)
        except OSError:
            tracker.book.add(position)
            return
        position.gz = content.gz
        position.size, position.mtime_ns = content.st.st_size, content.st.st_mtime_ns
        position.head_length, position.head_hash = len(content.head), fingerprint(content.head) if content.head else ""
        if not content.gz:
            position.offset = position.done_until = content.st.st_size
            position.tail_hash = fingerprint(before(content.fd, content.st.st_size))
        content.close()
        tracker.book.add(position)

    # what was rotated away

    def look_at_pieces(self, now: float) -> None:
        """Have files that were rotated away grown, moved on, or ended?"""
        tracker = self._tracker
        pieces = list(tracker.pieces.values())
        if len(pieces) > _MOST_PIECES_A_ROUND:
            self._cursor %= len(pieces)
            pieces = (pieces + pieces)[self._cursor : self._cursor + _MOST_PIECES_A_ROUND]
            self._cursor += _MOST_PIECES_A_ROUND
        for file in pieces:
            if file.attached:
                self._look_at_piece(file, now)
        for file in list(tracker.closing.values()):
            self._close(file, now)

    def _look_at_piece(self, file: FollowedFile, now: float) -> None:
        tracker = self._tracker
        fd = tracker.handles.peek(file)
        st = os.fstat(fd) if fd is not None else status(file.where)
        if st is None or (st.st_dev, st.st_ino) != file.identity:
            if file.ended:
                tracker.book.vanished(file.position, tracker.clock.wall())
                tracker.drop(file)
                return
            self._relocate(file, now)
            return
        if fd is not None and st.st_nlink and not _is_at(file):
            self._relocate(file, now)
            if not file.attached:
                return
        if (st.st_size, st.st_mtime_ns) != (file.size, file.mtime_ns) or file.suspect:
            self.grown(file, st, now)
        elif file.ended and file.position.finished:
            self._let_go(file, st)

    def grown(self, file: FollowedFile, st: os.stat_result, now: float) -> None:
        """Size or time have changed: verify that what was read is still there. Truncated files begin anew. Raises OSError."""
        tracker = self._tracker
        if file.position.gz:
            if not _begins_like(file.where, file.position):
                self._replaced(file, st, now)
                return
            if file.ended and st.st_size > file.size:
                file.ended = False
            file.suspect = file.damaged = False
            file.grown_at = now
            file.saw(st)
            tracker.queue(file)
            return
        try:
            fd = tracker.handles.get(file)
        except OSError:
            if file.name is not None:
                raise
            return  # renamed meanwhile: the next look finds it
        if not file.offset and not file.position.head_length:
            self._bridge_soon(file)  # empty when last seen: nothing tells that it was not cut off since
        known = file.position.head_length
        intact = st.st_size >= (file.offset or file.size) and is_intact(file, fd)
        if file.position.head_length != known:
            tracker.book.changed(file.position)
        if not intact:
            self._replaced(file, os.fstat(fd), now)
            return
        if st.st_size < file.scanned:
            file.rewind()
        if st.st_size > file.scanned:
            file.ended = file.final = False
            if file.rotated_at is not None:
                tracker.closing[file.position.key] = file
        file.suspect = False
        file.saw(st)
        file.grown_at = now
        tracker.queue(file)

    def _close(self, file: FollowedFile, now: float) -> None:
        """A piece that has not grown for a while ends: its last line needs no newline."""
        tracker = self._tracker
        if file.ended or file.rotated_at is None:
            tracker.closing.pop(file.position.key, None)
        elif file.position.gz:
            tracker.queue(file)
        elif file.drained and now - max(file.rotated_at, file.grown_at) >= LINGER_SECONDS:
            file.final = True
            tracker.queue(file)

    def _let_go(self, file: FollowedFile, st: os.stat_result) -> None:
        tracker = self._tracker
        if st.st_nlink and tracker.latest.get(file.path) is file and not file.position.gz:
            tracker.handles.close(file)  # its writer may still come back: watched where it is
            return
        if not st.st_nlink:
            tracker.book.vanished(file.position, tracker.clock.wall())
        tracker.drop(file)


def _is_at(file: FollowedFile) -> bool:
    st = status(file.where)
    return st is not None and (st.st_dev, st.st_ino) == file.identity


def _begins_like(path: str, position: Position) -> bool:
    """The compressed file at `path` begins with what was read of the position's."""
    try:
        content = Content(path)
    except OSError:
        return False
    content.close()
    if not position.head_length:
        return True
    return content.gz and fingerprint(content.head[: position.head_length]) == position.head_hash


def _is_gz(path: str) -> bool:
    try:
        content = Content(path)
    except OSError:
        return False
    content.close()
    return content.gz


def _is_content(path: str, position: Position) -> bool:
    """The file at `path` has the content that was read up to the position."""
    try:
        content = Content(path)
    except OSError:
        return False
    try:
        if fingerprint(content.head[: position.head_length]) != position.head_hash and position.head_length:
            return False
        tail = content.before(position.done_until)
        return tail is not None and (not position.tail_hash or fingerprint(tail) == position.tail_hash)
    finally:
        content.close()


def _stamp(folder: str) -> tuple[int, int]:
    try:
        st = os.stat(folder)
    except OSError:
        return (0, 0)
    return (st.st_ino, st.st_mtime_ns)
