"""Reading a small file that a user named, whatever it turns out to be.

A pipe may be named too (`--config <(…)`): what comes out of it is read. One that nobody writes into, or a device that never ends, must
hold up nothing for ever.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_bounded", "refuse_pipe"]

_PATIENCE_SECONDS: Final = 10.0  # for whoever writes into a pipe
_LOOK_AGAIN_SECONDS: Final = 0.02


def read_bounded(path: Path | str, most: int, *, patience: float = _PATIENCE_SECONDS) -> bytes:
    """Its bytes, `most` and one more at the most. Raises OSError (ETIMEDOUT for a pipe that nothing comes out of), ValueError."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        # Of a pipe without a name the writer is there, or was.
        may_be_late = stat.S_ISFIFO(os.fstat(fd).st_mode) and not os.path.realpath(path).startswith("/proc/")
        data, until = b"", time.monotonic() + patience
        while len(data) <= most:
            try:
                chunk = os.read(fd, most + 1 - len(data))
            except BlockingIOError:
                chunk = None
            if chunk:
                data += chunk
            elif chunk == b"" and (data or not may_be_late):
                break
            elif time.monotonic() >= until:  # its writer is late, or there is none
                raise TimeoutError(errno.ETIMEDOUT, "nothing comes out of it", str(path))
            elif chunk is None:
                select.select([fd], [], [], max(0.0, until - time.monotonic()))
            else:
                time.sleep(_LOOK_AGAIN_SECONDS)
    finally:
        os.close(fd)
    return data


def refuse_pipe(path: Path | str) -> None:
    """Raise OSError where `path` is no regular file: others read it by its name, more than once. Raises OSError, ValueError."""
    mode = os.stat(path).st_mode  # noqa: PTH116
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
