"""logrotate's copytruncate: the file is copied and cut off under its writer."""

import os
import shutil

from llm_cost_exporter.source import TooLong
from tests.source.following import Consumer, append, numbered


def _copytruncate(log, copy):
    shutil.copyfile(log, copy)
    os.truncate(log, 0)


def test_rest_is_read_from_the_copy_then_the_file_anew(tmp_path):
    """What came after our offset is in the copy only."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    append(log, "2")
    _copytruncate(log, tmp_path / "app.log.1")
    append(log, "3")
    assert consumer.follow() == [b"2", b"3"]
    assert consumer.source.truncations == 1


def test_file_has_grown_past_the_offset_again(tmp_path):
    """Its size tells nothing then; the bytes before the offset do."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 100))
    consumer = Consumer(log)
    consumer.follow()
    append(log, *numbered(100, 110))
    _copytruncate(log, tmp_path / "app.log.1")
    append(log, *numbered(110, 500))
    assert consumer.settle() == numbered(100, 500)
    assert consumer.source.truncations == 1


def test_copy_that_the_glob_matches_is_read_once(tmp_path):
    """app.log* matches the copy as well."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(tmp_path / "app.log*")
    consumer.follow()
    append(log, "2")
    _copytruncate(log, tmp_path / "app.log.1")
    append(log, "3")
    assert consumer.settle() == [b"2", b"3"]
    append(log, "4")
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    _copytruncate(log, tmp_path / "app.log.1")
    assert consumer.settle() == [b"4"]


def test_copy_is_still_being_made_at_a_poll(tmp_path):
    """The half copy is neither a new file nor of any harm."""
    for pattern in ("app.log", "app.log*"):
        folder = tmp_path / pattern.strip("*").replace(".", "") / str(len(pattern))
        folder.mkdir(parents=True)
        log, copy = folder / "app.log", folder / "app.log.1"
        append(log, *numbered(0, 50))
        consumer = Consumer(folder / pattern)
        consumer.follow()
        append(log, *numbered(50, 60))
        data = log.read_bytes()
        copy.touch()
        lines = consumer.follow()
        copy.write_bytes(data[: len(data) // 3])
        lines += consumer.follow()
        copy.write_bytes(data)
        lines += consumer.follow()
        os.truncate(log, 0)
        append(log, *numbered(60, 70))
        lines += consumer.settle()
        assert lines == numbered(50, 70)


def test_lines_between_copy_and_truncation_are_not_read_twice_when_they_were_read(tmp_path):
    """Read in the window: they are in no copy, and the copy that ends before them is known for what it is."""
    for pattern in ("app.log", "app.log*"):
        folder = tmp_path / str(len(pattern))
        folder.mkdir()
        log, copy = folder / "app.log", folder / "app.log.1"
        append(log, *numbered(0, 50))
        consumer = Consumer(folder / pattern)
        consumer.follow()
        shutil.copyfile(log, copy)
        append(log, *numbered(50, 60))
        assert consumer.read() == []
        consumer.source._tracker.queue(next(iter(consumer.source._tracker.files.values())))
        assert consumer.read() == numbered(50, 60)
        os.truncate(log, 0)
        append(log, *numbered(60, 61))
        assert consumer.settle() == numbered(60, 61)


def test_several_times_while_down(tmp_path):
    """Each copy that is kept is read."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    append(log, *numbered(10, 20))
    _copytruncate(log, tmp_path / "app.log.1")
    append(log, *numbered(20, 30))
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    _copytruncate(log, tmp_path / "app.log.1")
    append(log, *numbered(30, 40))
    consumer.kill()
    assert consumer.settle() == numbered(10, 40)


def test_cut_off_without_a_copy(tmp_path):
    """What was not read is gone; the new content is read from its beginning."""
    log = tmp_path / "app.log"
    append(log, "1", "2")
    consumer = Consumer(log)
    consumer.follow()
    append(log, "lost")
    log.write_bytes(b"3\n")
    assert consumer.settle() == [b"3"]
    assert consumer.source.truncations == 1


def test_cut_off_while_down_and_regrown(tmp_path):
    """The saved position fits the inode and the size, not the bytes."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 100))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    log.write_bytes(b"".join(line + b"\n" for line in numbered(1000, 1300)))
    consumer.kill()
    assert consumer.settle() == numbered(1000, 1300)


def test_writer_without_append_leaves_a_hole(tmp_path):
    """It goes on at its old offset: NULs stand before its next line, which is read whole, again and again."""
    log = tmp_path / "app.log"
    with log.open("wb", buffering=0) as writer:
        writer.write(b"".join(line + b"\n" for line in numbered(0, 200)))
        consumer = Consumer(log, line_bytes=1000)
        consumer.follow()
        for turn in range(1, 4):
            writer.write(b"%d before\n" % turn)
            for shift in (2, 1):
                if (tmp_path / f"app.log.{shift}").exists():
                    (tmp_path / f"app.log.{shift}").rename(tmp_path / f"app.log.{shift + 1}")
            _copytruncate(log, tmp_path / "app.log.1")
            writer.write(b"%d after\n" % turn)
            lines = consumer.follow()
            assert lines == [b"%d before" % turn, b"%d after" % turn]
    assert not any(isinstance(line, TooLong) for line in consumer.lines)
    assert consumer.source.truncations == 3


def test_copy_was_given_the_inode_of_a_log_that_was_empty(tmp_path):
    """Nothing is known of an empty file but its inode: a copy of the log at that inode is no rotated piece, and is not read twice."""
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    log.touch()
    consumer = Consumer(log)
    consumer.poll()
    consumer.save()
    log.rename(copy)  # the same inode; what is in it now was written to another log since
    append(log, *numbered(0, 500))
    shutil.copyfile(log, copy)
    consumer.kill()
    lines = consumer.follow()
    os.truncate(log, 0)
    append(log, "new")
    lines += consumer.settle()
    assert lines == [*numbered(0, 500), b"new"]


def test_bytes_before_the_offset_are_those_that_were_there(tmp_path):
    """Two contents may end alike (a long text): the first bytes tell that it is another one."""
    log = tmp_path / "app.log"
    text = b'"' + b"x" * 9000 + b'"'
    append(log, b"first", text)
    consumer = Consumer(log)
    consumer.follow()
    _copytruncate(log, tmp_path / "app.log.1")
    append(log, b"again", text, b"new")
    assert consumer.settle() == [b"again", text, b"new"]


def test_log_was_empty_before_and_is_empty_again(tmp_path):
    """What was written and copied in between, read and not saved before a kill, is in the copy."""
    log = tmp_path / "app.log"
    log.touch()
    consumer = Consumer(log)
    consumer.poll()
    consumer.save()
    append(log, *numbered(0, 10))
    consumer.follow()
    consumer.kill()
    _copytruncate(log, tmp_path / "app.log.1")
    assert consumer.settle() == numbered(0, 10)
