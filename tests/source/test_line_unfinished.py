"""Lines whose newline has not come yet."""

from tests.source.following import Consumer, append


def test_unfinished_line_waits_for_its_newline(tmp_path):
    """Bytes after the last newline are not handed on, and not lost, over polls and restarts."""
    log = tmp_path / "app.log"
    append(log, "one", "tw", end=b"\n")
    log.write_bytes(b"one\ntw")
    consumer = Consumer(log)
    assert consumer.follow() == [b"one"]
    assert consumer.follow() == []
    append(log, "o-and-more", end=b"")
    assert consumer.follow() == []
    consumer.restart()
    append(log, "!", "three")
    assert consumer.follow() == [b"two-and-more!", b"three"]
    assert consumer.source.unread_bytes() == 0


def test_unfinished_line_counts_as_unread(tmp_path):
    """Whoever watches unread_bytes sees that something waits."""
    log = tmp_path / "app.log"
    log.write_bytes(b"one\nhalf")
    consumer = Consumer(log)
    consumer.follow()
    assert consumer.source.unread_bytes() == 4


def test_last_line_of_a_rotated_file_needs_no_newline_but_waits_for_a_late_writer(tmp_path):
    """A writer may finish its line after the rename; only when it is quiet for long is the half line taken."""
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    log.write_bytes(b"one\nhal")
    consumer = Consumer(log)
    assert consumer.follow() == [b"one"]
    log.rename(old)
    log.write_bytes(b"new\n")
    assert consumer.follow() == [b"new"]
    append(old, "f", "late", "unfin", end=b"\n")
    old.write_bytes(old.read_bytes()[:-1])
    assert consumer.follow() == [b"half", b"late"]
    assert consumer.follow(59) == []
    assert consumer.follow(2) == [b"unfin"]
    assert [batch.last_of_file for batch in consumer.batches].count(True) == 1
    assert consumer.follow(300) == []


def test_each_rotated_file_ends_with_one_last_batch(tmp_path):
    """Whoever keeps open parts of a file is told once that nothing follows, also where the last line had its newline."""
    log = tmp_path / "app.log"
    append(log, "one")
    consumer = Consumer(log)
    consumer.follow()
    log.rename(tmp_path / "app.log.1")
    append(log, "two")
    consumer.follow()
    consumer.follow(61)
    last = [batch for batch in consumer.batches if batch.last_of_file]
    assert [(batch.lines, batch.start, batch.end) for batch in last] == [([], 4, 4)]
    consumer.restart()
    consumer.follow()
    consumer.follow(61)
    assert len([batch for batch in consumer.batches if batch.last_of_file]) == 1
