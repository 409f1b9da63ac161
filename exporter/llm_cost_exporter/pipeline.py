"""The data path, joined: batches of lines in, calls posted, positions moved on.

    source -> record -> accounting -> ledger

Everything here runs in one thread. A batch is posted whole before its position moves, and both are saved together, so that a kill
at any instant leaves totals and positions that agree.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from llm_cost_exporter import times
from llm_cost_exporter.accounting import Accountant, Taken
from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.ledger.store import UnreadableError
from llm_cost_exporter.quick.reading import QuickLines
from llm_cost_exporter.record import EntryReader
from llm_cost_exporter.source import TooLong
from llm_cost_exporter.types import Part, Rejected, Skip

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from llm_cost_exporter.config import Config, SourceConfig
    from llm_cost_exporter.envelope import OpenLines
    from llm_cost_exporter.ledger import Ledger, Route
    from llm_cost_exporter.record import RecordReader
    from llm_cost_exporter.source import Batch, FollowedFile, Source
    from llm_cost_exporter.types import Clock, Usage

__all__ = ["Pipeline", "entry_reader"]

_BACKLOG_BYTES: Final = 1 << 20  # of one batch at most; the source has a limit of its own
# Once there are scrapes beside it: what the work of both takes at once is never given back.
_BATCH_BYTES: Final = 128 << 10
_QUIET_SECONDS: Final = (5.0, 900.0)  # after so long without news a file's open streams are looked at
_MOST_COMPLAINTS: Final = 5  # rejected lines told of a minute


def entry_reader(config: Config, entry: SourceConfig) -> EntryReader:
    """The reader for the lines of one source entry."""
    paths = {name: config.label(name).paths for name in config.label_names}
    labels = LabelReader(config.label_names, paths, static=entry.labels, path_pattern=entry.path_labels)
    zone = times.load_zone(entry.timezone or "UTC")
    if isinstance(entry.format, dict):
        from llm_cost_exporter.mapping.entry import MappedEntry  # noqa: PLC0415 - with JMESPath, for those only who map

        return MappedEntry(entry.format, labels, zone=zone, line_bytes=config.limits.line_bytes)
    return EntryReader(entry.format, labels, zone=zone, line_bytes=config.limits.line_bytes)


class _Following:
    """A followed file's reader, and when it last had news."""

    __slots__ = ("future_times", "generation", "last_news", "quick", "quiet_seen", "reader")

    def __init__(self, reader: RecordReader, quick: QuickLines, generation: int) -> None:
        self.reader = reader
        self.quick = quick
        self.generation = generation
        self.last_news = 0.0  # monotonic
        self.quiet_seen = len(_QUIET_SECONDS)
        self.future_times = 0


class Pipeline:
    """Reads what the source has and posts it to the ledger."""

    def __init__(
        self,
        config: Config,
        source: Source,
        accountant: Accountant[Route],
        ledger: Ledger,
        clock: Clock,
        log: logging.Logger,
    ) -> None:
        self._source = source
        self._clock = clock
        self._log = log
        self._following: dict[FollowedFile, _Following] = {}
        self._parted: dict[
            str, FollowedFile
        ] = {}  # by path: the last file there that ended in the midst of a split line
        self._generation = 0
        self._unfinished: Iterator[None] | None = None  # a batch that is posted in part
        self._complaints = 0
        self._complaints_minute = 0
        self.use(config, accountant, ledger)

    def use(self, config: Config, accountant: Accountant[Route], ledger: Ledger) -> None:
        """Work by this configuration from now on."""
        self._config = config
        self._accountant = accountant
        self._ledger = ledger
        self._entries: dict[str, EntryReader] = {}
        self._generation += 1

    def step(self) -> bool:
        """Read and post one batch. False: there is nothing to read now, or the state does not answer (`ledger.midway`)."""
        posting, read = self._unfinished, True
        if posting is None:
            batch = self._source.read(_BACKLOG_BYTES if self._ledger.in_backlog else _BATCH_BYTES)
            posting, read = (self._look_at_quiet_files(), False) if batch is None else (self._post(batch), True)
        self._unfinished = None
        for _ in posting:  # once at most: it goes on with the next step
            self._unfinished = posting
            break
        self._ledger.midway = self._unfinished is not None
        return read and not self._ledger.midway

    def _post(self, batch: Batch) -> Iterator[None]:
        """Post all of `batch`. Yields where the state gave no answer: what is not posted yet is tried again then."""
        now = self._clock.wall()
        file, ledger, stats = batch.file, self._ledger, self._ledger.stats
        if ledger.in_backlog:
            ledger.base_before = now - self._config.late_after
        following = self._follow(file)
        if not batch.start:
            self._begin(file, following)
        read, quick = following.reader.read, following.quick
        scope, trust, counted_before = file.entry.name, file.entry.trust_reported, file.position.done_until
        mtime = max(0.0, min(batch.mtime, now))  # a file's time may be any number, of a year that no calendar has
        may_be_quick = not trust and batch.start >= counted_before
        if may_be_quick:
            if ledger.ledger_id is not None:
                noise = quick.leave_out(batch)
                stats.lines_read += noise
                stats.lines_skipped += noise
            quick.begin(batch.lines, now, mtime, ledger.base_before)
        lines, at = batch.lines, 0
        number = len(lines)
        while at < number:
            if may_be_quick and ledger.ledger_id is not None:
                posted, noise = quick.advance(at)
                if posted or noise:
                    stats.lines_read += posted + noise
                    stats.lines_skipped += noise
                    at += posted + noise
                    if at == number:
                        break
            line, offset = lines[at], batch.offset_of(at)
            at += 1
            if isinstance(line, TooLong):
                stats.lines_read += 1
                self._reject(file, offset, Rejected("too_long"))
                continue
            outcome = read(line, offset, mtime, now)
            if offset < counted_before:  # a part of a split line, read again after a restart
                continue
            stats.lines_read += 1
            if type(outcome) is list:
                if ledger.ledger_id is None:
                    ledger.ledger_id = self._config.ledger or sha256(line).hexdigest()[:16]
                calls, taken = list(outcome), list[Taken]()
                while not self._take(calls, scope, trust, taken):
                    yield
                self._count_line(taken)
            elif type(outcome) is Skip:
                stats.lines_skipped += 1
            elif type(outcome) is Part:
                stats.lines_joined += 1
            elif isinstance(outcome, Rejected):
                self._reject(file, offset, outcome)
            if may_be_quick:
                quick.learn(at - 1, outcome)
        quick.end()
        late = following.reader.overdue(batch.end)
        if batch.last_of_file:
            late = [*late, *following.reader.finish(mtime, now)]
        while not self._take(late, scope, trust, []):
            yield
        stats.bytes_read += batch.size
        self._done(batch, following)

    def _follow(self, file: FollowedFile) -> _Following:
        following = self._following.get(file)
        if following is None or (following.generation != self._generation and not following.reader.open_lines):
            entry = self._entries.get(file.entry.name)
            if entry is None:
                entry = self._entries[file.entry.name] = entry_reader(self._config, file.entry)
            if following is None:
                state, previous = file.position.format_state, file.position.previous_time
            else:
                state, previous = following.reader.state, following.reader.previous_time
            reader = entry.file(file.path, state=state, previous_time=previous)
            quick = QuickLines(reader, self._accountant.posting, file.entry.name)
            following = self._following[file] = _Following(reader, quick, self._generation)
        elif following.generation != self._generation:  # lines are still joined by the configuration before
            following.quick = QuickLines(following.reader, self._accountant.posting, file.entry.name)
        return following

    def _done(self, batch: Batch, following: _Following) -> None:
        reader, file = following.reader, batch.file
        self._ledger.stats.time_fallbacks += reader.future_times - following.future_times
        following.future_times = reader.future_times
        following.last_news, following.quiet_seen = self._clock.monotonic(), 0
        parts = reader.open_parts(batch.end)
        offset = 0 if reader.waits_from_before else parts[0] if parts else batch.end
        if reader.open_lines:
            self._parted[file.path] = file
        elif self._parted.get(file.path) is file:
            del self._parted[file.path]
        self._source.done(
            batch, offset=offset, parts=parts, format_state=reader.state, previous_time=reader.previous_time
        )
        if batch.last_of_file:
            self._following.pop(file, None)

    def _begin(self, file: FollowedFile, following: _Following) -> None:
        """A file begins at its path: parts of split lines may stand at the end of the one that was rotated away.

        The position of that one stays as it is: killed now, the parts are read again with the next start, and taken over again.
        """
        before = self._parted.get(file.path)
        lines: OpenLines = {}
        if before is not None and before is not file and before in self._following:
            del self._parted[file.path]
            lines = self._following[before].reader.open_lines
        following.reader.begin(lines, again=file.position.done_until > 0)

    def _take(self, calls: list[Usage], scope: str, trust: bool, taken: list[Taken]) -> bool:
        """Post `calls`, each off the list once it is posted. False: the state gave no answer, the rest is still to be posted."""
        take = self._accountant.take
        try:
            while calls:
                result = take(calls[0], scope, trust_reported=trust)
                del calls[0]
                if result is Taken.DUPLICATE:
                    self._ledger.stats.duplicates += 1
                taken.append(result)
        except UnreadableError:
            return False
        return True

    def _count_line(self, taken: list[Taken]) -> None:
        if Taken.NEW in taken:
            return
        if Taken.DUPLICATE in taken:
            self._ledger.stats.lines_duplicate += 1
        else:
            self._ledger.stats.lines_joined += 1

    def _reject(self, file: FollowedFile, offset: int, rejected: Rejected) -> None:
        self._ledger.stats.rejected[rejected.reason] += 1
        minute = int(self._clock.monotonic() // 60)
        if minute != self._complaints_minute:
            self._complaints_minute, self._complaints = minute, 0
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            self._log.warning(
                "%s: the line at byte %d can't be read: %s",
                file.path,
                offset,
                f"{rejected.reason} {rejected.detail}".strip(),
            )

    def resume(self) -> None:
        """Take up what the files' positions still hold (streams whose usage may yet come), also where no line follows."""
        for file in self._source.followed():
            if file.position.format_state:
                following = self._follow(file)
                following.last_news, following.quiet_seen = self._clock.monotonic(), 0

    def _look_at_quiet_files(self) -> Iterator[None]:
        """Streams that were logged without usage are calls once their file has been quiet for a while."""
        monotonic = self._clock.monotonic()
        for file, following in list(self._following.items()):
            if following.quiet_seen >= len(_QUIET_SECONDS):
                continue
            quiet = monotonic - following.last_news
            if quiet < _QUIET_SECONDS[following.quiet_seen]:
                continue
            following.quiet_seen += 1
            reader = following.reader
            late = reader.overdue(file.position.done_until, quiet)
            if late:
                while not self._take(late, file.entry.name, file.entry.trust_reported, []):
                    yield
                self._source.note(file, format_state=reader.state, previous_time=reader.previous_time)
            if following.quiet_seen == len(_QUIET_SECONDS) and not reader.open_lines:
                del self._following[file]  # all that it knew is in the position: the next line makes it anew

    def forget_routes(self) -> None:
        """Label sets have left memory."""
        self._accountant.forget_routes()
