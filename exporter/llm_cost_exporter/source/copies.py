"""Is a file that has come up a new one, one that is known, or a copy of one?

The same inode with the same beginning, and the same 4 KiB before the offset, is the same file. A copy has another inode: it must
agree in its beginning and in the 4 KiB before the offset. Who may be a copy of whom is also a matter of names, since two logs
that happen to begin alike are not copies:

- of a file that is still there, only what has the name of its rotated piece or of a copy (app.log.1, app-20260101.log, app.log.1.gz, app.log.bak);
- of one that is gone, that too, and what took its path, and anything that agrees in a full 1 KiB of beginning. It is not gone if its
  inode stands at its place or under a rotated name, whether it is followed (yet) or not.
"""

# ruff: noqa: PTH119  (paths are text here)

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source import gz
from llm_cost_exporter.source.handles import MovedError, NotAFileError, open_file
from llm_cost_exporter.source.identity import (
    HEAD_BYTES,
    TAIL_BYTES,
    UNSEEN,
    Glimpse,
    before,
    fingerprint,
    head,
    same_prefix,
)
from llm_cost_exporter.source.listing import status
from llm_cost_exporter.source.names import made_of, related, rotated
from llm_cost_exporter.source.plain import is_intact

if TYPE_CHECKING:
    from llm_cost_exporter.source.file import FollowedFile
    from llm_cost_exporter.source.position import Position
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["SMALLEST_GZ", "Content", "Kind", "Verdict", "agrees", "classify", "may_be_empty_one", "still_intact"]


SMALLEST_GZ: Final = 18  # bytes: header and trailer


class Kind(Enum):
    """What a file is."""

    NEW = "read it from its beginning"
    SAME = "the file of the position"
    CONTINUES = "a copy of what the position's file was, which is gone: read on in it"
    COPY = "a copy of a file that is finished, or deleted while it was open: read what more it has, if anything"
    COVERED = "a copy of a part of it that is all read"
    WAIT = "a copy of a file that is being followed, or about to be: not read while that one is there"
    LATER = "can't be told yet"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file is, and of which position or file."""

    kind: Kind
    position: Position | None = None
    on: FollowedFile | None = None
    verified: bool = False
    compressed: bool = False  # its size says nothing of how much it has
    at_end: bool = False  # nothing follows in it after the position
    glimpse: Glimpse = UNSEEN  # of what was judged new: at its inode may be another content by and by


class Content:
    """An open file, plain or compressed, looked at by its decompressed content."""

    def __init__(self, path: str, place: tuple[int, int]) -> None:
        """The file of the device and inode `place`. Raises OSError; MovedError if another is at `path` by now."""
        self.fd, self.st = open_file(path, place)
        self.whole = True  # no more is to come
        self._stream: gz.GzStream | None = None
        try:
            self.head = head(self.fd)
            self.gz = gz.is_gz(self.head)
            if self.gz:
                self.head = gz.GzStream.head(self.fd)
        except OSError:
            os.close(self.fd)
            raise

    def close(self) -> None:
        os.close(self.fd)
        if self._stream is not None:
            self._stream.close()

    def before(self, offset: int) -> bytes | None:
        """The up to 4 KiB before `offset`; None where the content is shorter."""
        if not self.gz:
            return before(self.fd, offset) if self.st.st_size >= offset else None
        if self._stream is not None:
            self._stream.close()
        self._stream = gz.GzStream(os.dup(self.fd))
        try:
            found = self._stream.skip_to(offset)
        except gz.CorruptError:
            found = None
        self.whole = found is not None or self._stream.complete
        return found

    def glimpse(self) -> Glimpse:
        """What may be asked of it later; of a compressed one nothing. Raises OSError."""
        if self.gz:
            return UNSEEN
        size, tail = self.st.st_size, before(self.fd, self.st.st_size)
        return Glimpse(self.head, (size, fingerprint(tail)) if len(tail) == min(TAIL_BYTES, size) else (0, ""))

    def end(self, most: int) -> tuple[int, bytes] | None:
        """How many bytes it has, or more than `most`, and the up to 4 KiB before its end; None where it is compressed and not whole.

        Raises OSError.
        """
        if not self.gz:
            return self.st.st_size, before(self.fd, self.st.st_size)
        stream = gz.GzStream(os.dup(self.fd))
        try:
            last = b""
            while stream.given <= most and (data := stream.read()):
                last = (last + data)[-TAIL_BYTES:]
        except gz.CorruptError:
            return None
        finally:
            stream.close()
        return (stream.given, last) if stream.complete or stream.given > most else None

    def ends_at(self, offset: int) -> bool:
        """Nothing comes after `offset`, which `before` was asked for last."""
        if not self.gz:
            return self.st.st_size <= offset
        try:
            return self._stream is not None and not self._stream.read(1) and self._stream.complete
        except gz.CorruptError:
            return False


def classify(path: str, st: os.stat_result, tracker: Tracker) -> Verdict:
    """What the file at `path` is. Raises OSError where it can't be opened though that is needed to tell."""
    for position in tracker.book.at(st.st_dev, st.st_ino):
        if position.key not in tracker.files and (position.size, position.mtime_ns) == (st.st_size, st.st_mtime_ns):
            return Verdict(Kind.SAME, position)  # nothing was written since: no need to open it
    if st.st_size < SMALLEST_GZ and (made_of(path) is not None or (not st.st_size and rotated(path) is not None)):
        return Verdict(Kind.LATER)  # the name of a copy, whose making has just begun
    if not st.st_size:
        return _empty_as_before(path, st, tracker) or Verdict(Kind.NEW)
    is_twin = made_of(path) in tracker.discovery.found
    nothing_alike = not tracker.book.knows_contents and rotated(path) is None and not is_twin
    if nothing_alike and not tracker.book.at(st.st_dev, st.st_ino):
        return Verdict(Kind.NEW)  # so that a first start on a hundred thousand files opens none of them here
    try:
        content = Content(path, (st.st_dev, st.st_ino))
    except MovedError:
        return Verdict(Kind.LATER)
    try:
        return (
            _same(path, content, tracker, known_content=True)
            or _copy_of_followed(path, content, tracker)
            or _being_compressed(path, content)
            or _copy_of_gone(path, content, tracker)
            or _same(path, content, tracker, known_content=False)  # it was empty: only its inode speaks for it
            or _was_being_made(path, content)
            or _copy_of_unseen(path, tracker)
            or Verdict(Kind.NEW, glimpse=content.glimpse())
        )  # fmt: skip
    finally:
        content.close()


def _empty_as_before(path: str, st: os.stat_result, tracker: Tracker) -> Verdict | None:
    for position in tracker.book.at(st.st_dev, st.st_ino):
        was_empty = not position.done_until and not position.head_length
        if was_empty and position.path == path and position.key not in tracker.files:
            return Verdict(Kind.SAME, position)
    return None


def _same(path: str, content: Content, tracker: Tracker, *, known_content: bool) -> Verdict | None:
    for position in tracker.book.at(content.st.st_dev, content.st.st_ino):
        file = tracker.files.get(position.key)
        if (file is not None and file.attached) or position.gz != content.gz:
            continue
        tells_something = bool(position.head_length or position.done_until)
        if tells_something != known_content or not (tells_something or may_be_empty_one(path, position)):
            continue
        begins_alike = fingerprint(content.head[: position.head_length]) == position.head_hash
        if position.head_length and not (len(content.head) >= position.head_length and begins_alike):
            continue
        if position.gz or agrees(content, position):
            return Verdict(Kind.SAME, position)
    return None


def may_be_empty_one(path: str, position: Position) -> bool:
    """The file at `path`, of the position's inode, may be the one that was empty. Raises OSError.

    Not if it is elsewhere, and a compressed one or a copy of the log that is there: those were given its inode.
    """
    return path == position.path or position.gz or not (path.endswith(".gz") or _is_copy_of_live(path))


def _is_copy_of_live(path: str) -> bool:
    piece = rotated(path)
    if piece is None:
        return False
    try:
        live, there = open_file(piece.base)
    except (FileNotFoundError, NotAFileError):
        return False
    try:
        copy, st = open_file(path)
        try:
            another = (st.st_dev, st.st_ino) != (there.st_dev, there.st_ino)
            return another and 0 < st.st_size <= there.st_size and same_prefix(copy, live, st.st_size)
        finally:
            os.close(copy)
    finally:
        os.close(live)


def _being_compressed(path: str, content: Content) -> Verdict | None:
    """gzip leaves the original until the .gz is whole: as long as it is there, that one is read."""
    original = made_of(path)
    if content.gz and original is not None and status(original) is not None:
        return Verdict(Kind.LATER)
    return None


def _was_being_made(path: str, content: Content) -> Verdict | None:
    """A .gz that has grown since it was opened: what was seen of it was perhaps not enough to know its original, which is gone by now."""
    st = os.fstat(content.fd)
    if made_of(path) is not None and (st.st_size, st.st_mtime_ns) != (content.st.st_size, content.st.st_mtime_ns):
        return Verdict(Kind.LATER)
    return None


def _copy_of_unseen(path: str, tracker: Tracker) -> Verdict | None:
    """A copy of a log that has come up too and is not followed yet: once it is, this is known to be its copy."""
    piece, pattern = rotated(path), tracker.discovery.covering(path)
    if piece is None or pattern is None or pattern.text not in tracker.book.patterns:
        return None
    try:
        is_copy = _is_copy_of_live(path)
    except OSError:  # what it may be a copy of can't be read now
        is_copy = True
    return Verdict(Kind.LATER) if is_copy else None


def agrees(content: Content, position: Position) -> bool:
    """What was read up to the position is there; of one of which nothing was read, what was seen. Raises OSError."""
    until, known = (position.done_until, position.tail_hash) if position.done_until else position.seen
    tail = content.before(until)
    return tail is not None and (not known or fingerprint(tail) == known)


def _copy_of_followed(path: str, content: Content, tracker: Tracker) -> Verdict | None:
    for file in _originals(path, content, tracker):
        # Its first bytes first: should it be cut off once the copy was compared, that is to be seen.
        verdict = _look_at(file, tracker)
        if verdict is None:
            verdict = _compare_gz(content, file, tracker) if content.gz else _compare(content, file, tracker)
        if verdict is not None:
            return verdict
    return None


def _look_at(file: FollowedFile, tracker: Tracker) -> Verdict | None:
    """Learn the first bytes of a file of which nothing is known yet."""
    if file.offset or file.position.head_length or file.position.gz:
        return None
    try:
        if still_intact(tracker, file, tracker.handles.get(file)):
            return None
    except OSError as bad:
        return _can_not_be_told(bad)
    file.suspect = True
    return Verdict(Kind.LATER)


def _originals(path: str, content: Content, tracker: Tracker) -> list[FollowedFile]:
    """Followed files that the one at `path` may be a copy of, by its name."""
    piece = rotated(path)
    original = made_of(path)
    paths = [] if original is None else [original]
    if piece is not None:
        paths.append(piece.base)
    found: dict[str, FollowedFile] = {}
    for other in paths:
        name = tracker.names.get(other)
        if name is not None and name.file is not None:
            twin = content.gz and other == original  # of a file and its .gz that come up together, the file is read
            if twin or name.file.newcomer_of != tracker.round:
                found[name.file.position.key] = name.file
    for position in tracker.book.beginning_with(content.head):
        file = tracker.files.get(position.key)
        if file is not None and file.attached and (related(path, file.where) or related(path, file.path)):
            found[position.key] = file
    return [
        file for file in found.values() if file.attached and file.identity != (content.st.st_dev, content.st.st_ino)
    ]  # fmt: skip


def _compare(content: Content, file: FollowedFile, tracker: Tracker) -> Verdict | None:
    if file.position.gz:
        return None
    try:
        fd = tracker.handles.get(file)
        size = os.fstat(content.fd).st_size
        there = os.fstat(fd).st_size
        alike = 0 < size <= there and same_prefix(content.fd, fd, size)
        # Asked after comparing: a truncation in between must not make the copy look like another file, or one of the next content like this one's.
        if still_intact(tracker, file, fd):
            return Verdict(Kind.WAIT, on=file, verified=True) if alike else None
    except OSError as bad:
        return _can_not_be_told(bad)
    file.suspect = True
    return Verdict(Kind.LATER)


def still_intact(tracker: Tracker, file: FollowedFile, fd: int) -> bool:
    """The content that was read of `file` is still there. What is learned of its first bytes, it is found by. Raises OSError."""
    known = file.position.head_length, file.position.seen
    intact = is_intact(file, fd)
    if (file.position.head_length, file.position.seen) != known:
        tracker.book.changed(file.position)
    return intact


def _can_not_be_told(bad: OSError) -> Verdict:
    """The file that one may be a copy of can't be read: that may last, but for a disk that fails now and then. Raises OSError."""
    if bad.errno == errno.EIO:
        raise bad
    return Verdict(Kind.LATER)


def _compare_gz(content: Content, file: FollowedFile, tracker: Tracker) -> Verdict | None:
    if file.position.gz:
        return None
    try:
        fd = tracker.handles.get(file)
        start, there = head(fd), os.fstat(fd).st_size
        length, alike = min(len(start), len(content.head)), False
        if start and start[:length] == content.head[:length] and len(content.head) <= there:
            end = content.end(there)
            if end is None:  # it is still being made
                return Verdict(Kind.WAIT, on=file, compressed=True)
            alike = end[0] <= there and before(fd, end[0]) == end[1]
        if still_intact(tracker, file, fd):
            return Verdict(Kind.WAIT, on=file, verified=True, compressed=True) if alike else None
    except OSError as bad:
        return _can_not_be_told(bad)
    file.suspect = True  # cut off since the last look: the copy may be of what it was
    return Verdict(Kind.LATER)


def _copy_of_gone(path: str, content: Content, tracker: Tracker) -> Verdict | None:
    for position in tracker.book.beginning_with(content.head):
        file = tracker.files.get(position.key)
        held = file is not None and tracker.handles.is_kept(file)  # gone too, and its writer may still have it open
        if file is not None and file.attached and not held:
            continue
        is_piece = related(path, position.path) or related(path, position.followed_as)
        # A finished one may be on another disk now, or come from a backup.
        as_it_was = not position.finished or content.st.st_size == position.size
        in_its_place = path in (position.path, position.followed_as) and as_it_was
        if not (is_piece or in_its_place or position.head_length == HEAD_BYTES):
            continue
        if agrees(content, position):
            if not (is_piece or held):
                try:
                    if _still_stands(position, tracker):
                        continue
                except OSError:
                    return Verdict(Kind.LATER)
            if file is not None and held and not (file.drained and file.offset == position.done_until):
                return Verdict(Kind.LATER)  # what is still read of it would be read of the copy too
            kind = Kind.COPY if position.finished or held else Kind.CONTINUES
            return Verdict(kind, position, at_end=content.ends_at(position.done_until))
        if content.gz and not content.whole:
            return Verdict(Kind.LATER)
        if is_piece and _is_covered(content, position):
            return Verdict(Kind.COVERED, position)
    return None


def _still_stands(position: Position, tracker: Tracker) -> bool:
    """The position's own file is where it was, or beside it by a rotated name: what is alike at another path is not it. Raises OSError."""
    errors = tracker.listings.errors
    found = tracker.with_inode(position)
    if tracker.listings.errors != errors:
        raise BlockingIOError
    if found is None:
        return False
    piece = rotated(found[0])  # an editor's app.log~ is none: there the new one is the copy
    stands_as = {os.path.basename(path) for path in (found[0], *(() if piece is None else (piece.base,)))}
    if stands_as.isdisjoint(os.path.basename(path) for path in (position.path, position.followed_as)):
        return False
    content = Content(found[0], (position.device, position.inode))
    try:
        begins_alike = fingerprint(content.head[: position.head_length]) == position.head_hash
        return begins_alike and agrees(content, position)  # else another was given its inode
    finally:
        content.close()


def _is_covered(content: Content, position: Position) -> bool:
    """The copy is shorter than what was read: lines came between the copying and the truncation, and were read in time."""
    if content.gz or content.st.st_size >= position.done_until:
        return False
    for offset, tail in position.checkpoints:
        came_before = content.before(offset)
        if came_before is not None:
            return fingerprint(came_before) == tail
    return False
