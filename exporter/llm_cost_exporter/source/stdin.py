"""Standard input as a followed file: a thread reads it, so that the pipeline never waits for it.

The thread puts what it reads into a queue of bounded size; when the queue is full it waits, and so does whoever writes into the pipe.
Nothing is saved of it: what came through a pipe can't be read again.
"""

from __future__ import annotations

import os
import queue
import select
import signal
import threading
from typing import Final

from llm_cost_exporter.source.batch import Batch
from llm_cost_exporter.source.file import FollowedFile
from llm_cost_exporter.source.lines import Cutter
from llm_cost_exporter.types import Clock

__all__ = ["StdinReader"]

_CHUNK: Final = 128 << 10
_MOST_CHUNKS: Final = 16
_FIRST_DATA_SECONDS: Final = 1.0  # whoever writes into the pipe may start a moment after us


class StdinReader:
    """Reads a pipe (or whatever standard input is) to its end."""

    def __init__(self, file: FollowedFile, line_bytes: int, clock: Clock, fd: int = 0) -> None:
        self._file = file
        self._fd = os.dup(fd)
        self._cutter = Cutter(line_bytes)
        self._clock = clock
        self._chunks: queue.Queue[bytes] = queue.Queue(_MOST_CHUNKS)
        self._put = self._got = 0  # bytes; each is written by one thread only
        self._idle = False  # the pipe was empty when the thread looked last
        self._stop = threading.Event()
        self._started = clock.monotonic()
        self._any = False
        self.ended = False
        self._thread = threading.Thread(target=self._fill, name="stdin", daemon=True)
        self._thread.start()

    @property
    def unread(self) -> int:
        """Bytes in the queue, and those of an unfinished line."""
        return self._put - self._got + self._cutter.unfinished

    @property
    def caught_up(self) -> bool:
        """What was in the pipe is read: it was seen empty, or has ended."""
        if self.ended:
            return True
        waited = self._any or self._clock.monotonic() - self._started >= _FIRST_DATA_SECONDS
        return waited and self._idle and self._chunks.empty()

    def _fill(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})  # the main thread's
        while not self._stop.is_set():
            self._idle = not self._ready(0.0)
            if self._idle and not self._ready(0.2):
                continue
            try:
                chunk = os.read(self._fd, _CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                chunk = b""
            self._put += len(chunk)
            while not self._stop.is_set():
                try:
                    self._chunks.put(chunk, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if not chunk:
                return

    def _ready(self, seconds: float) -> bool:
        try:
            return bool(select.select([self._fd], [], [], seconds)[0])
        except (OSError, ValueError):
            return True  # reading will tell

    def read(self) -> Batch | None:
        """The next lines, if there are any now; at the end a last batch."""
        while not self.ended:
            try:
                chunk = self._chunks.get_nowait()
            except queue.Empty:
                return None
            self._got += len(chunk)
            self._any = True
            if chunk:
                lines = self._cutter.feed(chunk)
            else:
                lines, self.ended = self._cutter.finish(), True
            if lines or self.ended:
                file, cutter = self._file, self._cutter
                file.mtime_ns = int(self._clock.wall() * 1e9)
                file.offset, file.ended = cutter.end, self.ended
                return Batch(
                    file, lines, cutter.start, cutter.end, tail=None, last_of_file=self.ended, begins=cutter.begins
                )  # fmt: skip
        return None

    def close(self) -> None:
        """Stop reading; the thread ends soon."""
        self._stop.set()
        self._thread.join(timeout=1.0)
        os.close(self._fd)
