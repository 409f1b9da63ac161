"""Open files, at most so many at once: those that were not read for the longest time are closed.

A file that was renamed or removed while it is open can still be read; one that was closed and then removed can't. So the
limit is as high as the process may go, and files that can't be opened again (`keep`) are closed last.
"""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llm_cost_exporter.source.file import FollowedFile

__all__ = ["Handles", "MovedError", "NotAFileError", "open_file"]

_MOST_OPEN: Final = 256
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class MovedError(OSError):
    """At the path is another file than the one that was followed."""


class NotAFileError(OSError):
    """At the path is a folder, a pipe or a device."""


def open_file(path: str, place: tuple[int, int] | None = None) -> tuple[int, os.stat_result]:
    """Open the regular file at `path`, which may have to be that of the device and inode `place`.

    Raises OSError; NotAFileError for what is no file, MovedError for another one.
    """
    fd = os.open(path, _FLAGS)
    try:
        st = os.fstat(fd)
        if not stat.S_ISREG(st.st_mode):
            raise NotAFileError(path)
        if place is not None and (st.st_dev, st.st_ino) != place:
            raise MovedError(errno.ESTALE, "another file is there by now", path)
    except OSError:
        os.close(fd)
        raise
    return fd, st


class Handles:
    """The open files by position key, least recently used first."""

    def __init__(self) -> None:
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.most = _MOST_OPEN if soft == resource.RLIM_INFINITY else max(8, min(_MOST_OPEN, soft // 4))
        self._open: OrderedDict[str, int] = OrderedDict()
        self._kept: set[str] = set()

    def __len__(self) -> int:
        return len(self._open)

    def peek(self, file: FollowedFile) -> int | None:
        """The file's descriptor, if it is open."""
        return self._open.get(file.position.key)

    def get(self, file: FollowedFile) -> int:
        """The file's descriptor, opened if need be. Raises OSError; MovedError if another file is there now."""
        key = file.position.key
        fd = self._open.get(key)
        if fd is not None:
            self._open.move_to_end(key)
            return fd
        fd, _ = open_file(file.where, file.identity)
        self._make_room()
        self._open[key] = fd
        return fd

    def keep(self, file: FollowedFile) -> None:
        """The file is found nowhere on disk: close it only when asked to, or when there is nothing else to close."""
        if file.position.key in self._open:
            self._kept.add(file.position.key)

    def is_kept(self, file: FollowedFile) -> bool:
        """The file is open and found nowhere on disk."""
        return file.position.key in self._kept

    def hand_over(self, old: FollowedFile, new: FollowedFile) -> None:
        """`new` is a later content of the same open file."""
        fd = self._open.pop(old.position.key, None)
        if fd is not None:
            self._open[new.position.key] = fd

    def close(self, file: FollowedFile) -> None:
        self._close(file.position.key)

    def close_all(self) -> None:
        for key in list(self._open):
            self._close(key)

    def _make_room(self) -> None:
        while len(self._open) >= self.most:
            self._close(next((key for key in self._open if key not in self._kept), next(iter(self._open))))

    def _close(self, key: str) -> None:
        self._kept.discard(key)
        fd = self._open.pop(key, None)
        if fd is not None:
            os.close(fd)
