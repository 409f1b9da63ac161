"""`start_at: end` drops history, and never a line written after the first start."""

import gzip

from tests.source.following import Consumer, append


def test_history_is_not_read_and_what_comes_is(tmp_path):
    """In the file, and in files that appear later."""
    append(tmp_path / "a.log", "old")
    consumer = Consumer(tmp_path / "*.log", start_at="end")
    assert consumer.follow() == []
    append(tmp_path / "a.log", "new")
    append(tmp_path / "b.log", "from the beginning")
    assert sorted(consumer.follow()) == [b"from the beginning", b"new"]


def test_line_that_is_being_written_at_the_first_start_is_read_whole(tmp_path):
    """It ends after the start."""
    log = tmp_path / "a.log"
    log.write_bytes(b"old\nhalf")
    consumer = Consumer(log, start_at="end")
    consumer.follow()
    append(log, " line")
    assert consumer.follow() == [b"half line"]


def test_files_that_appear_while_the_exporter_is_down_are_read_from_the_beginning(tmp_path):
    """Also where nothing was there at the first start."""
    consumer = Consumer(tmp_path / "*.log", start_at="end")
    consumer.follow()
    consumer.restart()
    append(tmp_path / "a.log", "1")
    assert consumer.follow() == [b"1"]
    consumer.restart()
    append(tmp_path / "b.log", "2")
    append(tmp_path / "a.log", "3")
    assert sorted(consumer.follow()) == [b"2", b"3"]


def test_rotation_after_the_first_start(tmp_path):
    """The rest of the old file from the end that it had, the new one from its beginning; pieces that are older never."""
    log = tmp_path / "a.log"
    append(log, "old")
    append(tmp_path / "a.log.1", "older")
    consumer = Consumer(tmp_path / "a.log*", start_at="end")
    consumer.follow()
    consumer.save()
    append(log, "1")
    (tmp_path / "a.log.1").rename(tmp_path / "a.log.2")
    log.rename(tmp_path / "a.log.1")
    append(log, "2")
    consumer.kill()
    assert sorted(consumer.settle()) == [b"1", b"2"]


def test_compressed_history_is_not_read(tmp_path):
    """A .gz that was there is all history; one that comes later is new."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"old\n"))
    consumer = Consumer(tmp_path / "*.gz", start_at="end")
    assert consumer.follow() == []
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"new\n"))
    assert consumer.settle() == [b"new"]
    consumer.restart()
    assert consumer.settle() == []


def test_new_pattern_has_a_first_start_of_its_own(tmp_path):
    """An entry that is added later starts at the end that its files have then; the others go on."""
    append(tmp_path / "a.log", "old a")
    append(tmp_path / "b.log", "old b")
    consumer = Consumer(tmp_path / "a.log", start_at="end")
    consumer.follow()
    consumer.save()
    append(tmp_path / "a.log", "a")
    consumer.entries = [Consumer(tmp_path / "a.log", tmp_path / "b.log", start_at="end").entries[0]]
    consumer.kill()
    assert consumer.follow() == [b"a"]
    append(tmp_path / "b.log", "b")
    assert consumer.follow() == [b"b"]


def test_lost_state_reads_from_the_beginning(tmp_path):
    """Too much shows; too little, the lines since the first start, would be lost in silence."""
    append(tmp_path / "a.log", "1", "2")
    consumer = Consumer(tmp_path / "a.log", start_at="end")
    consumer.follow()
    consumer.source.close()
    consumer.source = consumer._new_source(first_start=False)
    assert consumer.follow() == [b"1", b"2"]


def test_line_over_the_limit_at_the_end(tmp_path):
    """Its end is history too: it must not come as a line of its own."""
    log = tmp_path / "a.log"
    log.write_bytes(b"old\n" + b"x" * 5000)
    consumer = Consumer(log, start_at="end", line_bytes=1000)
    consumer.follow()
    append(log, "end of it", "new")
    lines = consumer.follow()
    assert lines[1:] == [b"new"]
    assert not isinstance(lines[0], bytes)
