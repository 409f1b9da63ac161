"""The source: one object that follows all files of all entries. Single-threaded; the pipeline calls it.

    poll   looks at paths, rotation, truncation (at most every 500 ms)
    read   the next lines, fair between the files
    done   those lines are counted: the position moves
    changed_positions, forgotten, saved   what belongs into the same transaction as the counts

Batches are to be done in the order in which they were read, and before the next poll.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter.source.backlog import Backlog
from llm_cost_exporter.source.batch import Batch
from llm_cost_exporter.source.book import Book
from llm_cost_exporter.source.discovery import STDIN, Discovery
from llm_cost_exporter.source.file import NOWHERE, FileStatus, FollowedFile
from llm_cost_exporter.source.gz import CorruptError, GzReading
from llm_cost_exporter.source.handles import MovedError
from llm_cost_exporter.source.lost import LINGER_SECONDS
from llm_cost_exporter.source.plain import PlainReader
from llm_cost_exporter.source.position import MOST_CHECKPOINTS, Position
from llm_cost_exporter.source.rotation import Rotation
from llm_cost_exporter.source.status import Statuses
from llm_cost_exporter.source.stdin import StdinReader
from llm_cost_exporter.source.tracker import Tracker
from llm_cost_exporter.source.watch import Watch

if TYPE_CHECKING:
    from llm_cost_exporter.config import SourceConfig
    from llm_cost_exporter.types import Clock

__all__ = ["Source"]

_MOST_GZ: Final = 4  # decompressed at the same time
_MOST_STALLED: Final = 32  # kept open while they wait for more
_SWEPT_A_ROUND: Final = 20


class Source:
    """Follows the files of `entries`, from the `saved` positions on."""

    def __init__(
        self,
        entries: Sequence[SourceConfig],
        saved: Iterable[Position],
        *,
        line_bytes: int,
        clock: Clock,
        log: logging.Logger,
        first_start: bool,
        stdin_fd: int = 0,
    ) -> None:
        self._clock = clock
        self._log = log
        self._stdin_fd = stdin_fd
        self._book = Book(saved, log)
        self._tracker = Tracker(self._book, Discovery(entries, clock), clock, log)
        self._tracker.state_was_lost = not first_start and not self._book.patterns
        self._rotation = Rotation(self._tracker)
        self._watch = Watch(self._tracker, self._rotation, line_bytes)
        self._plain = PlainReader(line_bytes)
        self._backlog = Backlog()
        self._gz_open: dict[str, FollowedFile] = {}
        self._stdin: tuple[FollowedFile, StdinReader] | None = None
        self._statuses = Statuses(self._tracker)
        self._new_names = False

    @property
    def rotations(self) -> int:
        """Rotations seen so far."""
        return self._tracker.rotations

    @property
    def truncations(self) -> int:
        """Truncations seen so far."""
        return self._tracker.truncations

    # looking

    def poll(self) -> None:
        """Look at paths, growth, rotation and truncation."""
        tracker, rotation = self._tracker, self._rotation
        now = self._clock.monotonic()
        tracker.round += 1
        tracker.listings.new_round()
        if tracker.discovery.refresh() or self._new_names:
            self._new_names = False
            self._watch.take_names()
            self._follow_stdin()
        first = [pattern for pattern in tracker.discovery.patterns if pattern.text not in self._book.patterns]
        self._watch.look(now)
        if tracker.round == 1:
            rotation.lost.take_up_unfinished(now)
        if first:
            rotation.bridge.note_old_pieces(first)
            for pattern in first:
                if pattern.text != STDIN:
                    self._book.followed(pattern.text)
        if tracker.pieces or tracker.closing:
            rotation.look_at_pieces(now)
        if tracker.lost:
            rotation.lost.search(now)
        if tracker.to_bridge:
            rotation.bridge.all(now)
        if self._gz_open:
            self._look_at_stalled(now)
        self._sweep()
        self._backlog.begin(tracker.files.values())
        if not self._backlog.read:
            self._backlog.look()

    def _follow_stdin(self) -> None:
        pattern = self._tracker.discovery.found.get(STDIN)
        if pattern is None or self._stdin is not None:
            return
        file = FollowedFile(pattern.entry, Position(path=STDIN, followed_as=STDIN, entry=pattern.entry.name), STDIN)
        file.persists, file.attached = False, True
        try:
            reader = StdinReader(file, self._plain.line_bytes, self._clock, self._stdin_fd)
        except OSError as bad:
            self._log.warning("standard input can't be read: %s", bad.strerror)
            return
        self._stdin = (file, reader)

    def _sweep(self) -> None:
        """Positions of files that are not followed: note which have vanished; the book forgets them in the end."""
        now, tracker = self._clock.wall(), self._tracker
        for position in self._book.sweep(now, _SWEPT_A_ROUND):
            if position.key not in tracker.files:
                if self._statuses.is_there(position):
                    self._book.found(position)
                else:
                    self._book.vanished(position, now)

    # reading

    def read(self, max_bytes: int = 1 << 20) -> Batch | None:
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
        return self._stdin[1].read() if self._stdin is not None else None

    def _must_wait(self, file: FollowedFile) -> bool:
        first = file.after
        if first is not None:
            if first.attached and not first.drained and first.trouble is None:
                return True
            if first.offset >= first.position.offset and not file.offset:
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
            self._tracker.handles.close(file)
            self._close_gz(file)
            self._watch.trouble(file, bad)
            return None
        if file.trouble is not None:
            self._watch.trouble(file, None)
        return batch

    def _read_plain(self, file: FollowedFile, max_bytes: int) -> Batch | None:
        fd = self._tracker.handles.get(file)
        if not file.offset and not file.position.done_until and self._plain.begins_compressed(fd):
            self._book.move(file.position, file.where, *file.identity, gz=True)
            file.position.head_length, file.position.head_hash = 0, ""
            self._tracker.handles.close(file)
            return self._read_gz(file)
        return self._plain.read(file, fd, max_bytes)

    def _read_gz(self, file: FollowedFile) -> Batch | None:
        if file.ended:
            return None
        key = file.position.key
        if file.gz is None:
            file.gz = GzReading(file, self._plain.line_bytes)
            self._gz_open[key] = file
        batch = file.gz.read(file)
        if file.ended:
            self._close_gz(file)
        return batch

    def _look_at_stalled(self, now: float) -> None:
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
        self._watch.trouble(file, bad)

    def _close_gz(self, file: FollowedFile) -> None:
        self._gz_open.pop(file.position.key, None)
        if file.gz is not None:
            file.gz.close()
            file.gz = None

    # counted

    def done(
        self,
        batch: Batch,
        *,
        offset: int,
        parts: Sequence[int],
        format_state: dict[str, Any],
        previous_time: float | None,
    ) -> None:
        """The lines of `batch` are counted. `offset`: where to read again after a restart, the first open part or the batch's end."""
        file, position = batch.file, batch.file.position
        still_open = [part for part in position.parts if part >= batch.end] if batch.end < position.done_until else []
        if batch.end >= position.done_until:
            if position.tail_hash and batch.end > position.done_until:
                position.checkpoints = [(position.done_until, position.tail_hash), *position.checkpoints][
                    :MOST_CHECKPOINTS
                ]
            position.done_until = batch.end
            position.tail_hash = batch.tail or ""
        position.offset = offset
        position.parts = [*parts, *still_open]
        position.finished = batch.last_of_file
        position.size, position.mtime_ns = file.size, file.mtime_ns
        self.note(file, format_state=format_state, previous_time=previous_time)

    def note(self, file: FollowedFile, *, format_state: dict[str, Any], previous_time: float | None) -> None:
        """What formats remember of the file has changed, without a line."""
        file.position.format_state = format_state
        file.position.previous_time = previous_time
        if file.persists:
            self._book.changed(file.position)

    # saving

    def changed_positions(self) -> list[Position]:
        """Positions that changed since the last save that is known to be on disk; to be written before the next `done`."""
        return self._book.unsaved()

    def forgotten(self) -> list[str]:
        """Keys of positions to delete."""
        return self._book.forgotten()

    def saved(self) -> None:
        """What changed_positions and forgotten gave last is on disk."""
        self._book.saved()

    def save_all(self) -> None:
        """Nothing is on disk any more: the next changed_positions gives all."""
        self._book.all_unsaved()

    # telling

    def unread_bytes(self) -> int:
        """Bytes on disk that are not handed on, those of unfinished lines included."""
        waiting = self._stdin[1].unread if self._stdin is not None else 0
        return waiting + sum(file.unread for file in self._tracker.behind.values())

    def files(self) -> list[FileStatus]:
        """Each watched path and each rotated piece that is still being read."""
        found = self._statuses.all()
        if self._stdin is not None:
            file, reader = self._stdin
            state = "finished" if reader.ended else "following"
            last = file.position.previous_time
            found = [*found, FileStatus(STDIN, file.entry.name, state, reader.unread, file.offset, last)]  # type: ignore[arg-type]
        return found

    def backlog_read(self) -> bool:
        """All that was there at start is read; once true, for ever."""
        caught_up = self._stdin is None or self._stdin[1].caught_up
        return self._backlog.check(self._tracker.behind.values(), stdin_caught_up=caught_up)

    # changing

    def reconfigure(self, entries: Sequence[SourceConfig], *, line_bytes: int | None = None) -> None:
        """Follow these entries from the next poll on. Positions of files that are followed no more are kept."""
        tracker = self._tracker
        tracker.discovery = Discovery(entries, self._clock)
        self._new_names = True
        if line_bytes is not None:
            self._plain.line_bytes = self._watch.line_bytes = line_bytes
        for file in list(tracker.files.values()):
            pattern = tracker.discovery.covering(file.path)
            if pattern is not None:
                file.entry = pattern.entry
            elif file.name is None:
                tracker.drop(file)

    def close(self) -> None:
        """Close all files."""
        for file in list(self._gz_open.values()):
            self._close_gz(file)
        self._tracker.handles.close_all()
        if self._stdin is not None:
            self._stdin[1].close()
