"""The source: one object that follows all files of all entries. Single-threaded; the pipeline calls it.

    poll   looks at paths, rotation, truncation (at most every 500 ms)
    read   the next lines, fair between the files
    done   those lines are counted: the position moves
    changed_positions, forgotten, saved   what belongs into the same transaction as the counts

Batches are to be done in the order in which they were read, and before the next poll.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from llm_cost_exporter.source.arrivals import Arrivals
from llm_cost_exporter.source.backlog import Backlog
from llm_cost_exporter.source.batch import Batch
from llm_cost_exporter.source.book import Book
from llm_cost_exporter.source.discovery import STDIN, Discovery
from llm_cost_exporter.source.file import FileStatus, FollowedFile
from llm_cost_exporter.source.position import MOST_CHECKPOINTS, Position
from llm_cost_exporter.source.reading import Reading
from llm_cost_exporter.source.rotation import Rotation
from llm_cost_exporter.source.status import Statuses
from llm_cost_exporter.source.stdin import StdinReader
from llm_cost_exporter.source.tracker import Tracker
from llm_cost_exporter.source.watch import Watch

if TYPE_CHECKING:
    from llm_cost_exporter.config import SourceConfig
    from llm_cost_exporter.types import Clock

__all__ = ["Source"]

_SWEPT_A_ROUND: Final = 20
_COMPRESSED_SECONDS: Final = 60.0  # a .gz that is being made at a start is whole by then


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
        self._arrivals = Arrivals(self._tracker, line_bytes)
        self._watch = Watch(self._tracker, self._rotation, self._arrivals)
        self._backlog = Backlog()
        self._reading = Reading(self._tracker, self._backlog, line_bytes)
        self._stdin: tuple[FollowedFile, StdinReader] | None = None
        self._statuses = Statuses(self._tracker)
        self._new_names = False
        self._look_for_compressed = -math.inf  # monotonic

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
            rotation.lost.take_up(now)
        if now >= self._look_for_compressed:
            rotation.bridge.compressed_unseen(now)
            # Once more for those that were being made.
            self._look_for_compressed = now + _COMPRESSED_SECONDS if tracker.round == 1 else math.inf
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
        self._reading.look_at_stalled(now)
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
            reader = StdinReader(file, self._reading.plain.line_bytes, self._clock, self._stdin_fd)
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
        batch = self._reading.read(max_bytes)
        return batch if batch is not None or self._stdin is None else self._stdin[1].read()

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
            position.seen = (0, "")
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

    def followed(self) -> list[FollowedFile]:
        """The files that are followed now."""
        return list(self._tracker.files.values())

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
            self._reading.plain.line_bytes = self._arrivals.line_bytes = line_bytes
        for file in list(tracker.files.values()):
            pattern = tracker.discovery.covering(file.path)
            if pattern is not None:
                file.entry = pattern.entry
            elif file.name is None:
                tracker.drop(file)

    def close(self) -> None:
        """Close all files."""
        self._reading.close()
        self._tracker.handles.close_all()
        if self._stdin is not None:
            self._stdin[1].close()
