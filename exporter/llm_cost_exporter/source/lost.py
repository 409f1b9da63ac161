"""Contents that are not where they were: looked for, found again, or given up."""

# ruff: noqa: PTH116, PTH118, PTH119, PTH120  (paths are text here)

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from llm_cost_exporter.source.batch import Batch
from llm_cost_exporter.source.copies import Content, Kind, classify, may_be_empty_one
from llm_cost_exporter.source.evidence import has_content, learn, looks_gz
from llm_cost_exporter.source.file import FollowedFile
from llm_cost_exporter.source.identity import fingerprint
from llm_cost_exporter.source.listing import Piece, status
from llm_cost_exporter.source.names import made_of

if TYPE_CHECKING:
    from llm_cost_exporter.source.position import Position
    from llm_cost_exporter.source.tracker import Tracker

__all__ = ["LINGER_SECONDS", "Lost", "folder_stamp"]

LINGER_SECONDS: Final = 60.0  # so long a lost content is looked for, and a writer may take to reopen after a rotation


class Lost:
    """Looks for the files of tracker.lost."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._searched: dict[str, tuple[int, int]] = {}  # folder time stamps when a lost file was last looked for

    def lose(self, file: FollowedFile, now: float) -> None:
        """The content of `file` is not where it was: look for it for a while."""
        tracker = self._tracker
        tracker.detach(file)
        position = file.position
        alone = position.head_length and not any(other.done_until for other in tracker.book.alike(position))
        if position.tells_copies or alone:
            tracker.lost[file.position.key] = now + LINGER_SECONDS
            tracker.book.changed(
                file.position
            )  # that a copy is found by its first bytes, if they were learned just now
        else:  # nothing was read of it, nothing can tell a copy, or it was another's: a copy is a new file
            tracker.files.pop(file.position.key, None)
            tracker.book.forget(file.position)

    def take_up(self, now: float) -> None:
        """At start: contents at no watched path that were not read to their end are looked for, and the last pieces, which may have grown."""
        tracker = self._tracker
        for position in tracker.book:
            is_last_piece = position.latest and not position.gz
            if position.key in tracker.files or (position.finished and not is_last_piece):
                continue
            pattern = tracker.discovery.covering(position.followed_as)
            if pattern is None:
                continue
            file = FollowedFile(pattern.entry, position, position.path)
            file.size = position.size
            tracker.files[position.key] = file
            if position.finished and self._is_as_it_was(file, now):
                continue
            tracker.rotations += position.followed_as == position.path
            if position.done_until:
                if position.blank:
                    tracker.bridge_soon(file)
                self.lose(file, now)
                continue
            tracker.bridge_soon(file)  # contents may begin alike: nothing tells that it was not cut off since
            errors = tracker.listings.errors
            if position.head_length:
                found = tracker.with_inode(file.position)
                taken_up = found is not None and self._is_at(Piece(*found, proper=True), file, now)
            else:
                taken_up = self._take_up_empty(file, now)
            if taken_up:
                continue
            if tracker.listings.errors != errors:  # a disk that fails now and then: asked again
                tracker.lost[position.key] = now + LINGER_SECONDS
            else:
                self.lose(file, now)

    def _is_as_it_was(self, file: FollowedFile, now: float) -> bool:
        """Nothing was written to the last piece meanwhile: it is watched again, and not opened for that."""
        tracker, position = self._tracker, file.position
        found = tracker.with_inode(file.position)
        if found is None or file.identity in tracker.at:
            return False
        path, st = found
        if (st.st_size, st.st_mtime_ns) != (position.size, position.mtime_ns):
            return False
        self._is_piece(file, Piece(path, st, proper=True), now, is_gz=False)
        return True

    def _take_up_empty(self, file: FollowedFile, now: float) -> bool:
        tracker, position = self._tracker, file.position
        found = tracker.with_inode(file.position)
        try:
            if found is None or file.identity in tracker.at or not may_be_empty_one(found[0], position):
                return False
            others = (other for other in tracker.book.at(*file.identity) if other.done_until or other.head_length)
            if any(has_content(*found, other) for other in others):
                return False
            piece = Piece(*found, proper=True)
            if self._is_anothers(piece, position):
                return False
            self.found(file, piece, now)
        except FileNotFoundError:
            return False
        except OSError:
            tracker.listings.errors += 1
            return False
        return True

    def search(self, now: float) -> None:
        """Look for lost contents, among the pieces beside the path they were at."""
        tracker = self._tracker
        for key, until in list(tracker.lost.items()):
            file = tracker.files[key]
            folders = dict.fromkeys(os.path.dirname(path) for path in _bases(file))
            stamps = {folder: folder_stamp(folder) for folder in folders}
            if now < until and all(self._searched.get(key + folder) == stamp for folder, stamp in stamps.items()):
                continue
            errors = tracker.listings.errors
            if self._find(file, folders, now):
                continue
            if tracker.listings.errors == errors:
                self._searched.update({key + folder: stamp for folder, stamp in stamps.items()})
            if now >= until:
                self._give_up(file)

    def _find(self, file: FollowedFile, folders: Iterable[str], now: float) -> bool:
        tracker = self._tracker
        if not file.position.done_until and not file.position.head_length:
            return self._take_up_empty(file, now)
        errors = tracker.listings.errors
        found = (tracker.listings.with_inode(folder, *file.identity) for folder in folders)
        candidates = [Piece(*one, proper=True) for one in found if one is not None]
        for base in _bases(file):
            candidates += tracker.listings.pieces(base)
        for piece in candidates:
            if tracker.listings.errors != errors:
                return False  # not on half the facts: a copy of it is not it
            if self._is_at(piece, file, now):
                return True
        return False

    def _is_at(self, piece: Piece, file: FollowedFile, now: float) -> bool:
        """The content of `file` is at the piece: then it is taken up there."""
        tracker, position = self._tracker, file.position
        is_copy = (piece.st.st_dev, piece.st.st_ino) != file.identity
        if is_copy and not position.tells_copies and tracker.book.alike(position):
            return False  # nothing was read of it, and of another that begins alike: the copy is that one's
        try:
            if (piece.st.st_dev, piece.st.st_ino) in tracker.at:
                return False
            if is_copy and file.ended:
                return self._is_ended_ones_copy(piece, file, now)
            if not has_content(piece.path, piece.st, file.position):
                return False
            if not position.tells_copies and self._is_anothers(piece, position):
                return False
            original = made_of(piece.path)
            if original is not None and status(original) is not None:
                raise BlockingIOError  # its original is there, and could not be looked at just now
            self.found(file, piece, now)
        except FileNotFoundError:
            return False
        except OSError:
            tracker.listings.errors += 1
            return False
        return True

    def _is_ended_ones_copy(self, piece: Piece, file: FollowedFile, now: float) -> bool:
        """A piece that was read to its end is gone, and this is its copy (its .gz): what more it has is read. Raises OSError."""
        tracker, position = self._tracker, file.position
        content = Content(piece.path, (piece.st.st_dev, piece.st.st_ino))
        content.close()
        if not piece.st.st_size or fingerprint(content.head[: position.head_length]) != position.head_hash:
            return False
        verdict = classify(piece.path, piece.st, tracker)  # it may be another's too, which was read further
        if verdict.kind is Kind.LATER:
            raise BlockingIOError
        if verdict.kind is not Kind.COPY or verdict.position is not position:
            return False
        if not verdict.at_end:
            self.found(file, piece, now)
            return True
        tracker.book.move(position, piece.path, piece.st.st_dev, piece.st.st_ino, gz=content.gz)
        # It need not be unpacked to be known again.
        position.size, position.mtime_ns = piece.st.st_size, piece.st.st_mtime_ns
        tracker.drop(file)
        return True

    def _is_anothers(self, piece: Piece, position: Position) -> bool:
        """The piece has what was read, or seen, of another file, which may begin like this one, of which nothing was. Raises OSError."""
        content = Content(piece.path, (piece.st.st_dev, piece.st.st_ino))
        content.close()
        others = [other for other in self._tracker.book.beginning_with(content.head) if other is not position]
        return any(other.tells_copies and has_content(piece.path, piece.st, other) for other in others)

    def _is_piece(self, file: FollowedFile, piece: Piece, now: float, *, is_gz: bool) -> None:
        tracker = self._tracker
        tracker.attach(file, piece.path, piece.st, is_gz=is_gz)
        tracker.pieces[file.position.key] = file
        file.final = False
        if is_gz:
            tracker.goes_on(file)
        tracker.is_piece(file, now)
        tracker.may_be_latest(file)

    def found(self, file: FollowedFile, piece: Piece, now: float) -> None:
        """The content of `file` is found at a piece: read on there. Raises OSError, and nothing is changed then."""
        tracker = self._tracker
        self._is_piece(file, piece, now, is_gz=looks_gz(piece.path, piece.st))
        tracker.goes_first(file)
        learn(tracker, file)
        tracker.queue(file)

    def _give_up(self, file: FollowedFile) -> None:
        tracker = self._tracker
        if file.size > file.offset:
            tracker.log.warning(
                "%s: %d bytes were gone before they were read (a file deleted, or cut off without a copy)",
                file.path, file.size - file.offset,
            )  # fmt: skip
        self._searched = {key: stamp for key, stamp in self._searched.items() if not key.startswith(file.position.key)}
        file.position.finished = True
        tracker.book.vanished(file.position, tracker.clock.wall())
        tracker.book.changed(file.position)
        tracker.drop(file)
        if not file.ended:
            tracker.farewells.append(
                Batch(file, [], file.offset, file.offset, tail=file.tail or file.position.tail_hash, last_of_file=True)
            )  # fmt: skip


def _bases(file: FollowedFile) -> Iterable[str]:
    """The paths beside which its content may be: where it was seen last, also through a link that may lead elsewhere by now, and first."""
    position = file.position
    real = [os.path.join(position.folder, os.path.basename(position.path))] if position.folder else []
    return dict.fromkeys((file.path, position.path, *real))


def folder_stamp(folder: str) -> tuple[int, int]:
    """It changes when something is made, renamed or removed in the folder."""
    try:
        st = os.stat(folder)
    except OSError:
        return (0, 0)
    return (st.st_ino, st.st_mtime_ns)
