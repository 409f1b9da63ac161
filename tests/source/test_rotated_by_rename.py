"""logrotate's default and Python's RotatingFileHandler: the file is renamed and made anew."""

import gzip
import json
import logging.handlers
from collections import Counter

import pytest

from tests.source.following import Consumer, append, numbered


def test_rest_of_a_renamed_file_is_read_and_then_the_new_one(tmp_path):
    """What was written before the rename and not read yet comes first."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    append(log, "2")
    log.rename(tmp_path / "app.log.1")
    append(log, "3")
    assert consumer.follow() == [b"2", b"3"]
    assert consumer.source.rotations == 1
    assert consumer.source.truncations == 0


def test_writer_goes_on_with_the_renamed_file(tmp_path):
    """A writer that has not reopened yet writes into the old file, long after: it is all read, also much later."""
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    log.rename(old)
    append(log, "new")
    consumer.follow()
    for number in range(5):
        append(old, f"late {number}")
        assert consumer.follow(40) == [b"late %d" % number]
    consumer.follow(100)
    append(old, "very late")
    assert consumer.follow() == [b"very late"]


@pytest.mark.parametrize("made_anew", [False, True])
def test_writer_goes_on_with_the_renamed_file_after_a_restart(tmp_path, made_anew):
    """Quiet for over a minute it is held for finished, yet it is watched: also by the next start, and by the one after it."""
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    log.rename(old)
    if made_anew:
        append(log, "another worker")
    consumer.settle()
    consumer.restart()
    assert consumer.follow() == []
    consumer.save()
    append(old, "while down")
    consumer.kill()
    assert consumer.follow() == [b"while down"]
    append(old, "after", "half", end=b"\n")
    assert consumer.follow() == [b"after", b"half"]
    assert consumer.settle() == []
    consumer.restart()
    append(old, "later")
    assert consumer.follow() == [b"later"]
    assert consumer.settle() == []


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("what", ["renamed", "compressed", "compressed, and the next one renamed"])
def test_renamed_file_is_written_to_and_moved_before_the_next_look(tmp_path, what, down):
    """Held for finished, written to once more, and compressed: the rest is read from the copy."""
    log, old, older = tmp_path / "app.log", tmp_path / "app.log.1", tmp_path / "app.log.2"
    append(log, *numbered(0, 10))
    consumer = Consumer(log)
    consumer.follow()
    log.rename(old)
    append(log, *numbered(10, 20))
    consumer.settle()
    consumer.save()
    append(old, *numbered(20, 30))
    old.rename(older)
    if what != "renamed":
        (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(older.read_bytes()))
        older.unlink()
    if what.endswith("next one renamed"):
        log.rename(old)
        append(log, *numbered(30, 40))
    if down:
        consumer.kill()
    consumer.settle()
    assert Counter(consumer.lines) == Counter(numbered(0, 40 if what.endswith("next one renamed") else 30))


def test_compressed_as_it_was_read_it_is_not_read_again(tmp_path):
    """The usual end of a piece: nothing more is in the .gz, and the next rotation need not unpack it to know that."""
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, *numbered(0, 10))
    consumer = Consumer(log)
    consumer.follow()
    log.rename(old)
    append(log, *numbered(10, 20))
    consumer.settle()
    packed = tmp_path / "app.log.2.gz"
    packed.write_bytes(gzip.compress(old.read_bytes()))
    log.rename(old)
    append(log, *numbered(20, 30))
    consumer.follow()
    consumer.save()
    saved = {json.loads(row).get("path"): json.loads(row) for row in consumer.rows.values()}
    assert saved[str(packed)]["finished"]
    assert saved[str(packed)]["size"] == packed.stat().st_size
    consumer.settle()
    consumer.restart()
    consumer.settle()
    assert Counter(consumer.lines) == Counter(numbered(0, 30))


@pytest.mark.parametrize("pattern", ["app.log", "app.log*", "link/app.log"])
@pytest.mark.parametrize(("read", "new"), [(20, 20), (20, 15), (12, 30), (3, 3)])
@pytest.mark.parametrize("rotations", [1, 2])
def test_lines_that_are_all_alike_and_renamed_while_down(tmp_path, pattern, read, new, rotations):
    """The new log begins, and goes on, like what was read of the one before: that one stands beside it, at its own inode."""
    (tmp_path / "link").symlink_to(tmp_path)
    log = tmp_path / "app.log"
    same = b'{"model": "gpt-4o-mini", "prompt_tokens": 500, "completion_tokens": 0}'
    append(log, *[same] * read)
    consumer = Consumer(tmp_path / pattern)
    consumer.follow()
    consumer.save()
    append(log, *[same] * (20 - read))
    for number in range(rotations):
        if number:
            (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
            log.write_bytes(b"")  # nothing is told of pieces in between that are alike
        log.rename(tmp_path / "app.log.1")
    append(log, *[same] * new)
    consumer.kill()
    consumer.settle()
    consumer.restart()
    consumer.settle()
    assert consumer.lines == [same] * (20 + new)


def test_saved_by_an_editor_that_keeps_the_old_one_while_down(tmp_path):
    """app.log~ is the file that was read, app.log a longer copy of it: read on there."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 40))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    log.rename(tmp_path / "app.log~")
    append(log, *numbered(0, 50))
    consumer.kill()
    consumer.settle()
    assert consumer.lines == numbered(0, 50)


def test_deleted_file_is_read_to_its_end_as_long_as_it_is_open(tmp_path):
    """Deleted between two polls, with a writer that still has it open."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    with log.open("ab", buffering=0) as writer:
        writer.write(b"2\n")
        log.unlink()
        assert consumer.follow() == [b"2"]
        writer.write(b"3\n")
        assert consumer.follow() == [b"3"]
    assert consumer.follow(3) == []
    assert consumer.states()["app.log"] == "missing"
    append(log, "4")
    assert consumer.follow() == [b"4"]


def test_several_rotations_between_two_looks(tmp_path):
    """Pieces that came and went between two polls are read, in the order in which they were written."""
    log = tmp_path / "app.log"
    append(log, "0")
    consumer = Consumer(log)
    consumer.follow()
    append(log, "1")
    for number in range(2, 5):
        for shift in range(3, 0, -1):
            piece = tmp_path / f"app.log.{shift}"
            if piece.exists():
                piece.rename(tmp_path / f"app.log.{shift + 1}")
        log.rename(tmp_path / "app.log.1")
        append(log, str(number))
    assert consumer.follow() == [b"1", b"2", b"3", b"4"]
    assert consumer.source.rotations == 3


def test_several_rotations_while_down(tmp_path):
    """From the saved position on: the rest of our file, every newer piece, the live file; by date in the name too."""
    log = tmp_path / "app.log"
    append(log, "0", "1")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    append(log, "2")
    for number in range(3, 6):
        log.rename(tmp_path / f"app.log-2026010{number}")
        append(log, str(number))
    consumer.kill()
    assert consumer.follow() == [b"2", b"3", b"4", b"5"]


def test_several_rotations_while_down_and_our_file_is_gone(tmp_path):
    """What was deleted is lost, what is still there is read."""
    log = tmp_path / "app.log"
    append(log, "0")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    consumer.source.close()
    log.unlink()
    append(tmp_path / "app.log.2", "2")
    append(tmp_path / "app.log.1", "3")
    append(log, "4")
    consumer.kill()
    assert consumer.follow() == [b"2", b"3", b"4"]


def test_pieces_that_were_there_at_the_first_start_are_never_read(tmp_path):
    """Not at the first start, not after a rotation, not after a restart: they are history."""
    log = tmp_path / "app.log"
    for number in range(1, 4):
        append(tmp_path / f"app.log.{number}", f"old {number}")
    append(log, "1")
    consumer = Consumer(log)
    assert consumer.follow() == [b"1"]
    consumer.restart()
    for number in range(3, 0, -1):
        (tmp_path / f"app.log.{number}").rename(tmp_path / f"app.log.{number + 1}")
    log.rename(tmp_path / "app.log.1")
    append(log, "2")
    assert consumer.follow() == [b"2"]
    consumer.restart()
    log.unlink()
    append(log, "3")
    assert consumer.settle() == [b"3"]


def test_glob_that_matches_the_rotated_files_too_reads_each_once(tmp_path):
    """app.log* matches app.log.1 as well: it is known by its identity, whatever it is called."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(tmp_path / "app.log*")
    consumer.follow()
    for number in range(2, 6):
        for shift in range(5, 0, -1):
            piece = tmp_path / f"app.log.{shift}"
            if piece.exists():
                piece.rename(tmp_path / f"app.log.{shift + 1}")
        log.rename(tmp_path / "app.log.1")
        append(log, str(number))
        if number % 2:
            consumer.follow()
        if number == 3:
            consumer.restart()
    consumer.settle()
    assert sorted(consumer.lines) == [b"1", b"2", b"3", b"4", b"5"]


def test_rotating_file_handler(tmp_path):
    """Python's own handler with backupCount: every record once, polls and kills in between."""
    log = tmp_path / "app.log"
    handler = logging.handlers.RotatingFileHandler(log, maxBytes=2000, backupCount=8)
    logger = logging.getLogger("tests.source.app")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.info("start")
    consumer = Consumer(log)
    consumer.follow()
    expected = numbered(0, 600)
    for number, line in enumerate(expected):
        logger.info(line.decode())
        if number % 100 == 50:
            consumer.kill()
        if number % 60 == 0:
            consumer.follow()
            consumer.save()
    logger.removeHandler(handler)
    handler.close()
    consumer.settle()
    assert consumer.lines == [b"start", *expected]


def test_inode_of_the_deleted_file_is_given_to_the_new_one(tmp_path):
    """The same inode with another beginning is another file: nothing of it is skipped."""
    log = tmp_path / "app.log"
    append(log, "old 1", "old 2", "old 3")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    consumer.source.close()
    position = next(p for p in consumer.source.changed_positions() or _positions(consumer) if p.path == str(log))
    log.unlink()
    append(log, "new 1", "new 2", "new 3", "new 4")
    position.inode = log.stat().st_ino
    consumer.rows[position.key] = position.to_json()
    consumer.kill()
    assert consumer.follow() == [b"new 1", b"new 2", b"new 3", b"new 4"]


def _positions(consumer):
    consumer.source.save_all()
    return [p for p in consumer.source.changed_positions() if not p.pattern]


def test_position_of_a_program_that_saved_no_folder_and_of_one_that_saves_more(tmp_path):
    """States of before and after are read alike."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    assert not any(key in row for row in consumer.rows.values() for key in ("folder", "latest"))
    consumer.rows = {
        key: json.dumps({**json.loads(row), "of_a_later_program": [1]}) for key, row in consumer.rows.items()
    }  # fmt: skip
    append(log, "2")
    consumer.kill()
    assert consumer.follow() == [b"2"]


def test_what_formats_remember_goes_on_in_the_next_file(tmp_path):
    """A stream may begin in one file and end in the next: the state by which it is joined is handed over."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.poll()
    batch = consumer.next_batch()
    consumer.source.done(batch, offset=batch.end, parts=[], format_state={"model": "m"}, previous_time=5.0)
    log.rename(tmp_path / "app.log.1")
    append(log, "2")
    consumer.poll()
    new = consumer.next_batch().file
    while new is batch.file:
        new = consumer.next_batch().file
    assert (new.position.format_state, new.position.previous_time) == ({"model": "m"}, 5.0)
