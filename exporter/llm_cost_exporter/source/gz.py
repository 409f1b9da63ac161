"""Reading .gz files: streamed, member after member, in bounded memory.

A file that ends inside a member is still being written, or was cut off: what is there is read, the end is waited for. Offsets are
those of the decompressed content, so a position goes over from a log to its compressed copy as it is. Decompression can't begin
in the middle: after a restart what was read is decompressed again and thrown away.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.batch import Batch, Line
from llm_cost_exporter.source.file import FollowedFile
from llm_cost_exporter.source.handles import MovedError, open_file
from llm_cost_exporter.source.identity import HEAD_BYTES, TAIL_BYTES, fingerprint
from llm_cost_exporter.source.lines import Cutter, only_open_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CorruptError", "GzReading", "GzStream", "is_gz"]

_MAGIC: Final = b"\x1f\x8b"
_INPUT_BYTES: Final = 64 << 10
_OUTPUT_BYTES: Final = 256 << 10


class CorruptError(OSError):
    """The compressed data are damaged."""


def is_gz(head: bytes) -> bool:
    """A file's first bytes say that it is compressed."""
    return head.startswith(_MAGIC)


class GzStream:
    """The decompressed content of an open file, from its beginning. Owns the descriptor."""

    def __init__(self, fd: int, read_already: bytes | None = None) -> None:
        """`read_already`: the file is a pipe, and these are its first bytes."""
        self._fd = fd
        self._is_pipe = read_already is not None
        self._member: zlib._Decompress | None = None
        self._input = read_already or b""
        self._members = 0
        self.taken = len(self._input)  # compressed bytes read from the file
        self.given = 0  # decompressed bytes given
        self.complete = False  # at the end of the file, which is the end of a member

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read(self, most: int = _OUTPUT_BYTES) -> bytes:
        """The next bytes; none: the file ends here for now (`complete` tells whether it is whole). Raises OSError, CorruptError."""
        while True:
            if self._member is None:
                self._input = self._input.lstrip(b"\0") if self._members else self._input  # gzip pads with zeros
                if not self._input and not self._fill():
                    self.complete = self._members > 0
                    return b""
                if self._members and self._input[:1] == b"\0":
                    continue
                self._member = zlib.decompressobj(31)
                self.complete = False
            try:
                data = self._member.decompress(self._input, most)
            except zlib.error as bad:
                raise CorruptError("damaged gzip data") from bad
            self._input = self._member.unconsumed_tail
            if self._member.eof:
                self._input, self._member = self._member.unused_data, None
                self._members += 1
            if data:
                self.given += len(data)
                return data
            if self._member is not None and not self._input and not self._fill():
                return b""

    def _fill(self) -> bool:
        if self._is_pipe:
            self._input = os.read(self._fd, _INPUT_BYTES)
        else:
            self._input = os.pread(self._fd, _INPUT_BYTES, self.taken)
        self.taken += len(self._input)
        return bool(self._input)

    def skip_to(self, offset: int) -> bytes | None:
        """Go on to the decompressed `offset`; the up to 4 KiB before it, or None where the content ends before."""
        kept = b""
        while self.given < offset:
            data = self.read(min(_OUTPUT_BYTES, offset - self.given))
            if not data:
                return None
            kept = (kept + data)[-TAIL_BYTES:]
        return kept

    @classmethod
    def head(cls, fd: int) -> bytes:
        """The first decompressed bytes, up to 1 KiB, of an open file that stays open. Damaged data give what can be read."""
        stream = cls(os.dup(fd))
        data = b""
        try:
            while len(data) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(data))):
                data += more
        except CorruptError:
            pass
        finally:
            stream.close()
        return data


class GzReading:
    """Reads the lines of one .gz file that is followed."""

    def __init__(self, file: FollowedFile, line_bytes: int) -> None:
        """Open `file` and go to its offset. Raises OSError, MovedError, CorruptError."""
        fd, st = open_file(file.where)
        self._stream = GzStream(fd)
        try:
            if (st.st_dev, st.st_ino) != file.identity:
                raise MovedError(file.where)
            came_before = self._stream.skip_to(file.offset)
            if came_before is None:
                raise CorruptError("shorter than what was read of it")
        except OSError:
            self._stream.close()
            raise
        self._cutter = Cutter(line_bytes, file.offset)
        self._cutter.before = came_before
        self.stalled = False  # nothing more now, and not complete

    @property
    def taken(self) -> int:
        """Compressed bytes read so far."""
        return self._stream.taken

    @property
    def complete(self) -> bool:
        return self._stream.complete

    def close(self) -> None:
        self._stream.close()

    def read(self, file: FollowedFile) -> Batch | None:
        """The next lines; the last batch once the file is whole; None where it is cut off so far. Raises OSError, CorruptError."""
        for _ in range(64):
            data = self._stream.read()
            self.stalled = not data
            if not data:
                return self._last(file) if self._stream.complete else None
            self._learn_head(file, data)
            lines = self._cutter.feed(data)
            if lines:
                return self._batch(file, lines, last=False)
        return Batch(file, [], file.offset, file.offset, tail=file.tail)

    def _last(self, file: FollowedFile) -> Batch | None:
        if file.ended:
            return None
        file.ended = True
        return self._batch(file, self._cutter.finish(), last=True)

    def _batch(self, file: FollowedFile, lines: Sequence[Line], *, last: bool) -> Batch:
        cutter, position = self._cutter, file.position
        start, end, begins = file.offset, cutter.end, cutter.begins
        if start < position.done_until:
            lines, begins = only_open_parts(position, lines, begins, start)
        file.offset = end
        file.tail = fingerprint(cutter.before)
        return Batch(file, lines, start, end, tail=file.tail, last_of_file=last, begins=begins)

    def _learn_head(self, file: FollowedFile, data: bytes) -> None:
        position = file.position
        read_before = self._stream.given - len(data)
        if read_before == 0 and position.head_length < min(HEAD_BYTES, len(data)):
            head = data[:HEAD_BYTES]
            position.head_length, position.head_hash = len(head), fingerprint(head)
