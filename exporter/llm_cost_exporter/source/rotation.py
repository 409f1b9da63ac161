"""Rotation and truncation: no line lost and none read twice while files are renamed, copied, cut off and compressed.

How a log is rotated, and what is done:

- renamed and made anew (logrotate's default, RotatingFileHandler's chain .1 .2 .3): the old file stays open here and is read to its
  end, also after it was deleted. It is watched for a minute, since its writer may go on with it until it reopens; the last piece
  that is still on disk is watched until the next rotation, over restarts too. Its last line is taken after that minute even without a newline.
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
  file any more. The window is as long as it takes from that program's last read to its truncate call: a tenth of a
  millisecond, tens of them under load or where the copy is synced first (docs/operation.md). A line written then survives only if we
  happened to read it in between.
- lines of a file that was deleted (or cut off without a copy) between two looks, half a second at most, or while the exporter was
  down, or while more files were being followed than can be kept open (256, or a quarter of the limit of open files).
- with copytruncate several times between two looks, or while down, what was in copies that are gone: as many copies as are kept
  are read.
- a file overwritten in its middle, with its size and the 4 KiB before the offset as they were, looks as if nothing had happened;
  one of which those 4 KiB were rewritten in place looks cut off, and is read anew.
- logs whose lines are all alike, byte for byte, can't be told from a copy of themselves, nor, with copytruncate, from what was cut off;
  renamed ones can, by their inode. Times or ids in the lines prevent that.
"""

# ruff: noqa: PTH120  (paths are text here)

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.bridge import Bridge
from llm_cost_exporter.source.copies import still_intact
from llm_cost_exporter.source.evidence import begins_like, is_same, learn
from llm_cost_exporter.source.file import FollowedFile
from llm_cost_exporter.source.listing import status
from llm_cost_exporter.source.lost import LINGER_SECONDS, Lost, folder_stamp
from llm_cost_exporter.source.names import rotated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["Rotation"]

_MOST_PIECES_A_ROUND: Final = 1000


class Rotation:
    """Finds where contents have gone that are not at their watched path any more."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.lost = Lost(tracker)
        self.bridge = Bridge(tracker, self.lost)
        self._cursor = 0

    def displaced(self, files: Iterable[FollowedFile], now: float) -> None:
        """These files are not at their watched path any more: find them, or keep what is open of them."""
        for file in files:
            if not file.attached or file.name is not None:
                continue
            tracker = self._tracker
            piece, where = rotated(file.where), file.where
            unseen = not file.offset and not file.position.head_length
            self._relocate(file, now)
            if unseen:
                tracker.bridge_soon(file)
            if piece is None or tracker.discovery.covering(piece.base) is None:
                if file.attached and file.where != where:
                    tracker.rotations += 1
                else:
                    tracker.deleted.add(file.path)  # a rotation if another file takes its path
            if file.attached:
                tracker.is_piece(file, now)
                tracker.pieces[file.position.key] = file
                file.suspect = True  # what is open or at that inode may have been cut off on the way
                self._look_at_piece(file, now)
                previous = tracker.latest.get(file.path)
                if file.attached and (previous is None or (previous.rotated_at or now) <= now):
                    tracker.is_latest(file)

    def _relocate(self, file: FollowedFile, now: float) -> None:
        tracker = self._tracker
        fd = tracker.handles.peek(file)
        found = tracker.with_inode(file.position)
        try:
            is_there = found is not None and (fd is not None or is_same(tracker, file, found[0]))
        except OSError:
            tracker.listings.errors += 1
            is_there = False  # or can't be told now: it is looked for
        if found is not None and is_there:
            tracker.attach(file, *found, is_gz=file.position.gz)
        elif fd is not None:
            tracker.handles.keep(file)
            with contextlib.suppress(OSError):
                file.saw(os.fstat(fd))
        elif file.gz is None:
            self.lost.lose(file, now)
        if file.attached:
            tracker.queue(file)

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
        with contextlib.suppress(OSError):  # a disk that fails now and then: reading says so, and it is looked at again
            self._look_at(file, now)

    def _look_at(self, file: FollowedFile, now: float) -> None:
        tracker = self._tracker
        fd = tracker.handles.peek(file)
        st = os.fstat(fd) if fd is not None else status(file.where)
        if st is None or (st.st_dev, st.st_ino) != file.identity:
            if file.ended and file.position.gz:
                tracker.book.vanished(file.position, tracker.clock.wall())
                tracker.drop(file)
                return
            self._relocate(file, now)  # also one that has ended: its writer may have gone on since the last look
            return
        if not st.st_nlink:
            self._copy_may_have_come(file)
        if fd is not None and st.st_nlink and not _is_at(file):
            self._relocate(file, now)
            if not file.attached:
                return
        if (st.st_size, st.st_mtime_ns) != (file.size, file.mtime_ns) or file.suspect:
            self.grown(file, st, now)
        elif file.trouble is not None and not file.damaged:
            tracker.queue(file)  # try again
        elif file.ended and file.position.finished:
            self._let_go(file, st)

    def _copy_may_have_come(self, file: FollowedFile) -> None:
        """It was deleted, and is open here: a copy of it that has more is looked for whenever something has come into its folder."""
        stamp = folder_stamp(os.path.dirname(file.where))
        name = self._tracker.names.get(file.path)
        if file.beside not in (None, stamp) and name is not None:
            self._tracker.to_bridge[name.path] = name
        file.beside = stamp

    def grown(self, file: FollowedFile, st: os.stat_result, now: float) -> None:
        """Size or time have changed: verify that what was read is still there. Truncated files begin anew. Raises OSError."""
        tracker = self._tracker
        if file.position.gz:
            if not begins_like(file.where, file):
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
            tracker.bridge_soon(file)  # empty when last seen: nothing tells that it was not cut off since
        if not still_intact(tracker, file, fd):
            self._replaced(file, os.fstat(fd), now)
            return
        if st.st_size < file.scanned:
            file.rewind()
        if st.st_size > file.scanned:
            tracker.goes_on(file)
        file.suspect = False
        file.saw(st)
        file.grown_at = now
        tracker.queue(file)

    def _replaced(self, file: FollowedFile, st: os.stat_result, now: float) -> None:
        """Another content is where the file was."""
        tracker, piece = self._tracker, rotated(file.where)
        if not file.position.gz and (piece is None or tracker.discovery.covering(piece.base) is None):
            self._truncated(file, st, now)
            return
        # Nobody cuts off a piece: it was deleted, and another one was given its path and its inode.
        name = file.name
        self.lost.lose(file, now)
        if name is not None:
            tracker.replaced.append((name, st))
        else:
            tracker.bridge_soon(file)

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
        self.lost.lose(file, now)
        tracker.files[position.key] = fresh
        tracker.book.add(position)
        tracker.attach(fresh, fresh.where, st, is_gz=False)
        if name is not None:
            tracker.settle(fresh, name)
        tracker.bridge_soon(fresh)
        learn(tracker, fresh)
        if was_piece:
            tracker.pieces[position.key] = fresh
            tracker.is_piece(fresh, now)
        fresh.grown_at = now
        tracker.queue(fresh)

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
