"""Reading in turn: which file is next, and what to do when it can't be read."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.batch import Batch
from llm_cost_exporter.source.file import NOWHERE, FollowedFile
from llm_cost_exporter.source.gz import CorruptError, GzReading
from llm_cost_exporter.source.handles import MovedError
from llm_cost_exporter.source.lost import LINGER_SECONDS
from llm_cost_exporter.source.plain import PlainReader

if TYPE_CHECKING:
    from llm_cost_exporter.source.backlog import Backlog
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["Reading"]

_MOST_GZ: Final = 4  # decompressed at the same time
_MOST_STALLED: Final = 32  # kept open while they wait for more


class Reading:
    """Takes turns between the files of tracker.ready."""

    def __init__(self, tracker: Tracker, backlog: Backlog, line_bytes: int) -> None:
        self.plain = PlainReader(line_bytes)
        self._tracker = tracker
        self._backlog = backlog
        self._gz_open: dict[str, FollowedFile] = {}

    def read(self, max_bytes: int) -> Batch | None:
        """The next lines of the next file that has some; None: nothing to read now. `lines` may be empty, see Batch."""
        if self._tracker.farewells:
            return self._tracker.farewells.pop(0)
        ready = self._tracker.ready
        for _ in range(len(ready)):
            file = ready.popleft()
            if not file.attached:
                file.queued = False
                continue
            if self._must_wait(file):
                ready.append(file)
                continue
            batch = self._read_one(file, max_bytes)
            self._tracker.was_read(file)
            self._backlog.was_read(file)
            if file.attached and self._has_more(file, batch):
                ready.append(file)
            else:
                file.queued = False
            if batch is not None:
                return batch
        return None

    def _must_wait(self, file: FollowedFile) -> bool:
        first = file.after
        if first is not None:
            if first.attached and not first.drained and first.trouble is None:
                return True
            if first.offset >= first.position.offset and not file.position.done_until:
                fresh = first.position.successor()
                file.position.format_state, file.position.previous_time = fresh.format_state, fresh.previous_time
            file.after = None
        if not file.position.gz or file.gz is not None or file.ended:
            return False
        return sum(not other.drained for other in self._gz_open.values()) >= _MOST_GZ

    @staticmethod
    def _has_more(file: FollowedFile, batch: Batch | None) -> bool:
        if file.suspect or file.trouble is not None:
            return False
        if file.position.gz:
            return not file.ended and not (file.gz is not None and file.gz.stalled)
        return not file.drained or (batch is not None and file.final and not file.ended)

    def _read_one(self, file: FollowedFile, max_bytes: int) -> Batch | None:
        try:
            batch = self._read_gz(file) if file.position.gz else self._read_plain(file, max_bytes)
        except MovedError:
            return None  # renamed since the last look: the next one finds it
        except FileNotFoundError:
            return None
        except CorruptError as bad:
            self._damaged(file, bad)
            return None
        except OSError as bad:
            # What is open can be read even if the file is removed meanwhile; a disk that fails now and then is asked again.
            if bad.errno != errno.EIO and not self._tracker.handles.is_kept(file):
                self._tracker.handles.close(file)
            self._close_gz(file)
            self._tracker.trouble(file, bad)
            return None
        if file.trouble is not None:
            self._tracker.trouble(file, None)
        return batch

    def _read_plain(self, file: FollowedFile, max_bytes: int) -> Batch | None:
        fd = self._tracker.handles.get(file)
        if not file.offset and not file.position.done_until and self.plain.begins_compressed(fd):
            self._tracker.book.move(file.position, file.where, *file.identity, gz=True)
            file.position.head_length, file.position.head_hash, file.position.seen = 0, "", (0, "")
            self._tracker.handles.close(file)
            return self._read_gz(file)
        return self.plain.read(file, fd, max_bytes)

    def _read_gz(self, file: FollowedFile) -> Batch | None:
        if file.ended:
            return None
        key = file.position.key
        if file.gz is None:
            file.gz = GzReading(file, self.plain.line_bytes)
            self._gz_open[key] = file
        batch = file.gz.read(file)
        if batch is not None and batch.last_of_file:
            self._close_gz(file)
        return batch

    def look_at_stalled(self, now: float) -> None:
        """A compressed file that ends too early is being written; if it does not grow for long, it was cut off."""
        for file in list(self._gz_open.values()):
            if file.gz is None or not file.gz.stalled or not file.attached:
                continue
            file.grown_at = now if file.grown_at == NOWHERE else file.grown_at
            if now - file.grown_at >= LINGER_SECONDS or len(self._gz_open) > _MOST_STALLED:
                self._damaged(file, CorruptError("the gzip data end too early"))

    def _damaged(self, file: FollowedFile, bad: CorruptError) -> None:
        self._close_gz(file)
        file.damaged = True
        self._tracker.trouble(file, bad)

    def _close_gz(self, file: FollowedFile) -> None:
        self._gz_open.pop(file.position.key, None)
        if file.gz is not None:
            file.gz.close()
            file.gz = None

    def close(self) -> None:
        """Close the compressed files."""
        for file in list(self._gz_open.values()):
            self._close_gz(file)
