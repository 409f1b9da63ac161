"""What is being followed right now: the watched paths, the files at them, and those that were rotated away."""

# ruff: noqa: PTH120  (paths are text here)

from __future__ import annotations

import logging
import os
from collections import deque
from typing import TYPE_CHECKING

from llm_cost_exporter.source.book import Book
from llm_cost_exporter.source.discovery import Discovery
from llm_cost_exporter.source.file import FollowedFile, Name
from llm_cost_exporter.source.handles import Handles
from llm_cost_exporter.source.listing import Listings
from llm_cost_exporter.source.names import in_order

if TYPE_CHECKING:
    from llm_cost_exporter.config import SourceConfig
    from llm_cost_exporter.source.batch import Batch
    from llm_cost_exporter.source.position import Position
    from llm_cost_exporter.types import Clock

__all__ = ["Tracker"]


class Tracker:
    """The shared memory of the source's parts. Only moves things about; the parts decide."""

    def __init__(self, book: Book, discovery: Discovery, clock: Clock, log: logging.Logger) -> None:
        self.book = book
        self.discovery = discovery
        self.clock = clock
        self.log = log
        self.handles = Handles()
        self.listings = Listings(clock)
        self.names: dict[str, Name] = {}
        self.files: dict[str, FollowedFile] = {}  # by position key; those that were lost sight of too
        self.at: dict[tuple[int, int], FollowedFile] = {}  # attached ones by device and inode
        self.pieces: dict[str, FollowedFile] = {}  # attached, at no watched path: rotated away
        self.closing: dict[str, FollowedFile] = {}  # rotated away, their last line not handed on yet
        self.latest: dict[
            str, FollowedFile
        ] = {}  # the last piece that was rotated away, by the path it was followed as
        self.lost: dict[str, float] = {}  # keys of files whose content must be looked for, and until when (monotonic)
        self.to_bridge: dict[str, Name] = {}  # paths at which contents may have been missed
        self.replaced: list[tuple[Name, os.stat_result]] = []  # paths at which another file was given the same inode
        self.farewells: list[Batch] = []  # last batches of files of which nothing more can be read
        self.ready: deque[FollowedFile] = deque()
        self.behind: dict[str, FollowedFile] = {}  # files with bytes that are not handed on
        self.deleted: set[str] = set()  # paths at which a followed file was, which is found nowhere
        self.round = 0
        self.rotations = 0
        self.truncations = 0
        self.state_was_lost = (
            False  # there was one: then `start_at: end` would drop what was written since the first start
        )

    def follow(
        self, entry: SourceConfig, position: Position, path: str, st: os.stat_result, *, is_gz: bool
    ) -> FollowedFile:
        """Follow the file at `path` from `position` on."""
        file = self.files.get(position.key)
        if file is None:
            file = FollowedFile(entry, position, path)
            self.files[position.key] = file
        file.entry = entry
        self.attach(file, path, st, is_gz=is_gz)
        if position.blank:
            self.bridge_soon(file)
        return file

    def attach(self, file: FollowedFile, path: str, st: os.stat_result, *, is_gz: bool) -> None:
        """`file` is at `path` now."""
        position, place = file.position, (st.st_dev, st.st_ino)
        if file.attached and file.identity != place:
            self.at.pop(file.identity, None)
        folder = self.listings.real_folder(path, st)
        known = (position.path, position.folder, position.gz) == (path, folder, is_gz)
        if not known or file.identity != place or position.vanished is not None:
            position.folder = folder
            self.book.move(position, path, *place, gz=is_gz)
        file.where = path
        file.attached = True
        file.suspect = False
        self.at[place] = file
        self.lost.pop(position.key, None)
        if file.ended and not is_gz and st.st_size > file.offset:
            self.goes_on(file)
        file.saw(st)

    def with_inode(self, position: Position) -> tuple[str, os.stat_result] | None:
        """Where the inode of the position's file is, and its status: in its folder, or in the one to which a symbolic link led."""
        folder = os.path.dirname(position.path)
        folders = dict.fromkeys((folder, position.folder or folder))
        found = (self.listings.with_inode(folder, position.device, position.inode) for folder in folders)
        return next((one for one in found if one is not None), None)

    def detach(self, file: FollowedFile) -> None:
        """The file's content can't be read where it was."""
        if self.at.get(file.identity) is file:
            del self.at[file.identity]
        self._leave_name(file)
        self.handles.close(file)
        if file.gz is not None:
            file.gz.close()
            file.gz = None
        file.attached = False
        file.rewind()
        for group in (self.pieces, self.closing, self.behind):
            group.pop(file.position.key, None)

    def drop(self, file: FollowedFile) -> None:
        """Follow the file no more; its position stays in the book."""
        self.detach(file)
        self.files.pop(file.position.key, None)
        self.lost.pop(file.position.key, None)
        if self.latest.get(file.path) is file:
            del self.latest[file.path]

    def is_deleted(self, position: Position) -> bool:
        """Its file is open here and stands nowhere any more. Raises OSError."""
        file = self.files.get(position.key)
        fd = self.handles.peek(file) if file is not None else None
        return fd is not None and not os.fstat(fd).st_nlink

    def settle(self, file: FollowedFile, name: Name) -> None:
        """`file` is what is at the watched path."""
        name.file, name.waiting, name.had_file = file, None, True
        if file.name is None:
            file.name = name
        self.pieces.pop(file.position.key, None)

    def unsettle(self, name: Name) -> FollowedFile | None:
        """What was at the watched path is there no more; the file that is thereby at no watched path, if any."""
        file, name.file = name.file, None
        if file is None or file.name is not name:
            return None
        file.name = None
        return file

    def is_piece(self, file: FollowedFile, now: float) -> None:
        """The file is one that was rotated away: it ends once it has not grown for a while."""
        if file.rotated_at is None:
            file.rotated_at = now
        if not file.ended:
            self.closing[file.position.key] = file

    def goes_on(self, file: FollowedFile) -> None:
        """More is in the file than was read: it has not ended."""
        file.ended = file.final = False
        if file.position.finished:  # saved, so that it is looked for should we be killed before it is read
            file.position.finished = False
            self.book.changed(file.position)
        if file.rotated_at is not None:
            self.closing[file.position.key] = file

    def is_latest(self, file: FollowedFile) -> None:
        """`file` is the last piece that was rotated away from its path: its writer may come back to it. Saved for the next start."""
        previous = self.latest.get(file.path)
        self.latest[file.path] = file
        if previous is not None and previous is not file:
            self._set_latest(previous.position, False)
        self._set_latest(file.position, True)

    def may_be_latest(self, file: FollowedFile) -> None:
        """`file` is a piece that was found: the last one, unless a newer one is known."""
        known = self.latest.get(file.path)
        if known is None or in_order((one.where, one.mtime_ns) for one in (known, file))[-1] == file.where:
            self.is_latest(file)

    def _set_latest(self, position: Position, latest: bool) -> None:
        if position.latest != latest:
            position.latest = latest
            self.book.changed(position)

    def bridge_soon(self, file: FollowedFile) -> None:
        """Contents may have come and gone unseen where this file was: look for them in this round or the next."""
        self.set_blank(file.position, True)
        name = self.names.get(file.path)
        if name is not None:
            self.to_bridge[name.path] = name

    def set_blank(self, position: Position, blank: bool) -> None:
        """Is it still to be told what came before the file, at its path? Saved, so that the next start asks again."""
        if position.blank != blank:
            position.blank = blank
            self.book.changed(position)

    def goes_first(self, file: FollowedFile) -> None:
        """`file` has what was written before the content that is at its path now."""
        name = self.names.get(file.path)
        live = name.file if name is not None else None
        if live is not None and live is not file and not live.offset and live.after is None:
            live.wait_for(file)

    def _leave_name(self, file: FollowedFile) -> None:
        if file.name is not None and file.name.file is file:
            file.name.file = None
        file.name = None

    def queue(self, file: FollowedFile) -> None:
        """There may be something to read."""
        if file.unread:
            self.behind[file.position.key] = file
        if not file.queued:
            file.queued = True
            self.ready.append(file)

    def was_read(self, file: FollowedFile) -> None:
        """Keep account of what is unread."""
        if file.unread:
            self.behind[file.position.key] = file
        else:
            self.behind.pop(file.position.key, None)

    def say(self, path: str, before: str | None, now: str | None) -> None:
        """Log a trouble once, when it begins, and its end."""
        if now == before:
            return
        if now is None:
            self.log.info("%s: can be read again", path)
        else:
            self.log.warning("%s: %s; tried again at every look", path, now)

    def trouble(self, file: FollowedFile, bad: OSError | None) -> None:
        """The file can't be read (None: it can again)."""
        reason = None if bad is None else f"can't be read: {bad.strerror or bad}"
        self.say(file.where, file.trouble, reason)
        file.trouble = reason
