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
        content = Content(file.where)
    except OSError:
        position.offset = position.done_until = file.offset = file.size
        file.rewind()
        return
    try:
        position.head_length = len(content.head)
        position.head_hash = fingerprint(content.head) if content.head else ""
        position.size, position.mtime_ns = content.st.st_size, content.st.st_mtime_ns
        if content.gz:
            position.gz = position.finished = file.ended = True
            return
        offset = _after_last_newline(content.fd, content.st.st_size, line_bytes)
        position.offset = position.done_until = file.offset = offset
        position.tail_hash = file.tail = fingerprint(before(content.fd, offset))
        position.size = -1  # the unfinished line, if any, is to be looked at
        file.rewind()
    finally:
        content.close()


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
