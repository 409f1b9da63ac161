"""Reading given files once and whole, for commands that don't follow."""

# ruff: noqa: PTH112, PTH116, PTH118, PTH207  (paths are text here)

from __future__ import annotations

import glob
import logging
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from llm_cost_exporter.errors import UsageError
from llm_cost_exporter.source.batch import Piece
from llm_cost_exporter.source.discovery import STDIN
from llm_cost_exporter.source.gz import CorruptError, GzStream, is_gz
from llm_cost_exporter.source.lines import Cutter

__all__ = ["Feed", "WholeFile", "find_whole", "read_all"]

_CHUNK: Final = 256 << 10  # see source.plain


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file to be read: its path (`-` is standard input) and its size in bytes on disk (0 where that isn't known)."""

    path: str
    size: int


def find_whole(paths: Sequence[str], seen: set[tuple[int, int]] | None = None) -> list[WholeFile]:
    """The files that `paths` (and globs, where no file of that very name exists) mean, each once, in the order given.

    `seen`: those (device, inode) that were found before, which are left out; what is found is added. Raises UsageError for one that
    is missing, a directory or can't be read.
    """
    found: list[WholeFile] = []
    seen = set() if seen is None else seen
    for given in paths:
        if given == STDIN:
            if all(file.path != STDIN for file in found):
                found.append(WholeFile(STDIN, 0))
            continue
        matches = [given]
        if glob.has_magic(given) and not os.path.lexists(given):
            matches = [path for path in sorted(glob.glob(given, recursive=True)) if not os.path.isdir(path)]
            if not matches:
                raise UsageError(f"{given}: matches no file")
        for path in matches:
            st = _checked(path)
            if not stat.S_ISREG(st.st_mode):
                found.append(WholeFile(path, 0))
            elif (st.st_dev, st.st_ino) not in seen:
                seen.add((st.st_dev, st.st_ino))
                found.append(WholeFile(path, st.st_size))
    return found


def _checked(path: str) -> os.stat_result:
    try:
        st = os.stat(path)
        if stat.S_ISDIR(st.st_mode):
            raise UsageError(
                f"{path}: is a directory; a file, or a glob such as {os.path.join(path, '*.log')}, would be right"
            )
        if stat.S_ISCHR(st.st_mode) and not _ends(path):
            raise UsageError(f"{path}: is a device; a log file would be right")
        if stat.S_ISREG(st.st_mode):
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, ValueError) as bad:
        raise UsageError(f"{path}: can't be read: {getattr(bad, 'strerror', None) or 'no such file'}") from None
    return st


def _ends(device: str) -> bool:
    """A terminal or the null device, which end; others give bytes for ever. Raises OSError."""
    fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return os.isatty(fd) or os.path.samestat(os.fstat(fd), os.stat(os.devnull))
    finally:
        os.close(fd)


def read_all(
    files: Sequence[str | WholeFile], line_bytes: int, *, log: logging.Logger | None = None, stdin_fd: int | None = None
) -> Iterator[Piece]:
    """All lines of all files, one file after the other; a last line needs no newline. Compressed ones (standard input too) as well.

    Each file ends with a piece that is `last_of_file`. Raises UsageError before anything is read for a file that can't be; a
    file that turns out damaged is said to `log`, what could be read of it is given, and its last piece is `damaged`.
    """
    names = [file for file in files if isinstance(file, str)]
    found = find_whole(names) if names else [file for file in files if isinstance(file, WholeFile)]
    for file in found:
        yield from _read(file, line_bytes, log, stdin_fd)


def _read(file: WholeFile, line_bytes: int, log: logging.Logger | None, stdin_fd: int | None) -> Iterator[Piece]:
    try:
        if file.path == STDIN:
            if stdin_fd is None and sys.stdin is None:
                raise UsageError("standard input: is closed")
            fd = os.dup(sys.stdin.fileno() if stdin_fd is None else stdin_fd)
        else:
            fd = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, ValueError) as bad:
        raise UsageError(f"{file.path}: can't be read: {getattr(bad, 'strerror', None) or bad}") from None
    cutter, feed, damaged = Cutter(line_bytes), Feed(fd), False
    try:
        mtime = os.fstat(fd).st_mtime
        while True:
            try:
                chunk = feed.read()
            except OSError as bad:
                if log is not None:
                    log.warning("%s: read up to byte %d: %s", file.path, cutter.end, bad.strerror or bad)
                chunk, damaged = b"", True
            lines = cutter.feed(chunk) if chunk else cutter.finish()
            if lines or not chunk:
                yield Piece(
                    file.path, lines, cutter.start, cutter.end, mtime=mtime, taken=feed.taken,
                    last_of_file=not chunk, begins=cutter.begins, damaged=damaged,
                )  # fmt: skip
            if not chunk:
                return
    finally:
        feed.close()


class Feed:
    """Bytes of an open file or pipe, decompressed if it is a gzip file. Owns the descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._stream: GzStream | None = None
        self._began = False
        self.taken = 0

    def read(self) -> bytes:
        """The next bytes; none at the end. Raises OSError, CorruptError."""
        if self._stream is not None:
            data = self._stream.read()
            self.taken = self._stream.taken
            if not data and not self._stream.complete:
                raise CorruptError("the gzip data end too early")
            return data
        chunk = os.read(self._fd, _CHUNK)
        if not self._began:
            self._began = True
            while chunk and len(chunk) < 2 and (more := os.read(self._fd, _CHUNK)):
                chunk += more
            if is_gz(chunk):
                self._stream = GzStream(os.dup(self._fd), chunk)
                return self.read()
        self.taken += len(chunk)
        return chunk

    def close(self) -> None:
        os.close(self._fd)
        if self._stream is not None:
            self._stream.close()
