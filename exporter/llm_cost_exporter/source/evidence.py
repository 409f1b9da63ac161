"""What tells that the file at a path is the one that was followed, or has its content."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from llm_cost_exporter.source.copies import Content, agrees, may_be_empty_one, still_intact
from llm_cost_exporter.source.gz import GzStream
from llm_cost_exporter.source.handles import MovedError
from llm_cost_exporter.source.identity import UNSEEN, Glimpse, fingerprint
from llm_cost_exporter.source.plain import PlainReader

if TYPE_CHECKING:
    import os

    from llm_cost_exporter.source.file import FollowedFile
    from llm_cost_exporter.source.position import Position
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["begins_like", "ends_with", "has_content", "is_same", "learn", "looks_gz"]


def learn(tracker: Tracker, file: FollowedFile, glimpse: Glimpse = UNSEEN) -> None:
    """Open the file and take its fingerprint before anything is read: then it is found again wherever it goes.

    `glimpse`: this is known already, and what is at its place by now may be another.
    """
    position = file.position
    is_told = bool(glimpse.head) and not position.head_length
    if is_told:
        position.head_length, position.head_hash = len(glimpse.head), fingerprint(glimpse.head)
        position.seen = glimpse.seen
        tracker.book.changed(position)
    is_known = position.head_length > 0
    if not file.size or (is_known and not is_told and (position.gz or file.offset or position.seen[0])):
        return
    try:
        if is_known:  # what it ends with tells it from one that begins alike
            still_intact(tracker, file, tracker.handles.get(file))
            return
        if position.gz:
            content = Content(file.where, file.identity)
            content.close()
            position.head_length = len(content.head)
            position.head_hash = fingerprint(content.head) if content.head else ""
            tracker.book.changed(position)
            return
        fd = tracker.handles.get(file)
        if PlainReader.begins_compressed(fd):
            start = GzStream.head(fd)
            position.head_length, position.head_hash = len(start), fingerprint(start) if start else ""
            tracker.book.move(position, position.path, *file.identity, gz=True)
            tracker.handles.close(file)
        else:
            still_intact(tracker, file, fd)
    except OSError:
        return  # said when it is read


def is_same(tracker: Tracker, file: FollowedFile, path: str) -> bool:
    """The file at `path`, of the same inode, is `file`, and not one that was given its inode. If so, it is there.

    Raises OSError where that can't be told now.
    """
    if file.position.gz:
        return begins_like(path, file)
    if not file.offset and not file.position.head_length and not may_be_empty_one(path, file.position):
        return False
    where, file.where = file.where, path
    try:
        if still_intact(tracker, file, tracker.handles.get(file)):
            return True
        tracker.handles.close(file)
    except (FileNotFoundError, MovedError):
        pass
    except OSError:
        file.where = where
        raise
    file.where = where
    return False


def begins_like(path: str, file: FollowedFile) -> bool:
    """The compressed file at `path` begins with what was read of `file`. Raises OSError where that can't be told now."""
    position = file.position
    try:
        content = Content(path, file.identity)
    except (FileNotFoundError, MovedError):
        return False
    content.close()
    if not position.head_length:
        return True
    return content.gz and fingerprint(content.head[: position.head_length]) == position.head_hash


def looks_gz(path: str, st: os.stat_result) -> bool:
    """The file at `path`, of that status, is compressed; of one that is gone the name tells. Raises OSError where that can't be told now."""
    try:
        content = Content(path, (st.st_dev, st.st_ino))
    except FileNotFoundError:
        return path.endswith(".gz")
    content.close()
    return content.gz


def ends_with(path: str, st: os.stat_result) -> str:
    """A hash of the up to 4 KiB before the end of the plain file at `path`, of that status. Raises OSError."""
    content = Content(path, (st.st_dev, st.st_ino))
    try:
        tail = content.before(st.st_size)
    finally:
        content.close()
    if tail is None:
        raise MovedError(errno.ESTALE, "cut off meanwhile", path)
    return fingerprint(tail)


def has_content(path: str, st: os.stat_result, position: Position) -> bool:
    """The file at `path`, of that status, has the content that was read up to the position. Raises OSError."""
    content = Content(path, (st.st_dev, st.st_ino))
    try:
        if position.head_length and fingerprint(content.head[: position.head_length]) != position.head_hash:
            return False
        return agrees(content, position)
    finally:
        content.close()
