"""`start_at: end`: a file that was there at the first start is read from its end.

The end is that of its last complete line, so that a line which is being written at that moment is read whole. Everything that is
written after the first start is read, in that file and in files that appear later, also after restarts: whether a pattern
has been followed before is saved, and the first start of a pattern is the only time that its `start_at: end` means anything.
If the state was lost, all files are read from their beginning: to read too much shows, to read too little doesn't.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.copies import Content
from llm_cost_exporter.source.identity import before, fingerprint

if TYPE_CHECKING:
    from llm_cost_exporter.source.file import FollowedFile

__all__ = ["end_of_lines"]

_CHUNK: Final = 256 << 10


def end_of_lines(file: FollowedFile, line_bytes: int) -> None:
    """Set the file's offset to the end of its last complete line. A compressed file is done with."""
    position = file.position
    try:
        content = Content(file.where, file.identity)
    except OSError:
        _set_offset(file, file.size)
        return
    try:
        position.head_length = len(content.head)
        position.head_hash = fingerprint(content.head) if content.head else ""
        if content.gz:
            position.gz = position.finished = file.ended = True
            position.size, position.mtime_ns = content.st.st_size, content.st.st_mtime_ns
            return
        offset = _after_last_newline(content.fd, content.st.st_size, line_bytes)
        _set_offset(file, offset)
        position.tail_hash = file.tail = fingerprint(before(content.fd, offset))
    except OSError:
        _set_offset(file, content.st.st_size)
    finally:
        content.close()


def _set_offset(file: FollowedFile, offset: int) -> None:
    file.position.offset = file.position.done_until = file.offset = offset
    file.tail = None
    file.rewind()


def _after_last_newline(fd: int, size: int, line_bytes: int) -> int:
    """Where the last line begins; of one that is over the limit a point from which on it still is."""
    at = size
    while at > 0 and size - at <= line_bytes:
        start = max(0, at - _CHUNK)
        newline = os.pread(fd, at - start, start).rfind(b"\n") + 1
        if newline:
            return start + newline
        at = start
    return at
