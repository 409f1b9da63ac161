"""Compressed files, and files that are compressed after rotation."""

import gzip
import os

import pytest

from tests.source.following import Consumer, append, numbered


def _text(first, last):
    return b"".join(line + b"\n" for line in numbered(first, last))


def test_compressed_file_is_read_once(tmp_path):
    """Whatever its number of members, with or without a last newline, over restarts."""
    log = tmp_path / "old.log.gz"
    log.write_bytes(gzip.compress(_text(0, 100)) + gzip.compress(_text(100, 200) + b"end"))
    consumer = Consumer(tmp_path / "*.gz")
    assert consumer.follow() == [*numbered(0, 200), b"end"]
    consumer.restart()
    assert consumer.settle() == []
    assert consumer.states() == {"old.log.gz": "finished"}
    assert consumer.source.unread_bytes() == 0


def test_restart_in_the_middle_of_a_compressed_file(tmp_path):
    """It goes on at the decompressed offset."""
    log = tmp_path / "old.gz"
    log.write_bytes(gzip.compress(os.urandom(500_000).hex().encode() + b"\n" + _text(0, 40_000)))
    consumer = Consumer(log)
    consumer.poll()
    for _ in range(3):
        consumer.read_one()
    consumer.restart()
    consumer.settle()
    assert consumer.lines[1:] == numbered(0, 40_000)


def test_compressed_file_that_is_still_being_written_is_not_final(tmp_path):
    """Its lines are read as they come; its end is its end only when the data say so."""
    log, data = tmp_path / "old.gz", gzip.compress(_text(0, 5000) + b"unfinished")
    consumer = Consumer(log)
    consumer.follow()
    for part in (1, 5, 10):
        log.write_bytes(data[: len(data) * part // 11])
        consumer.follow()
        consumer.follow(50)
        assert not any(batch.last_of_file for batch in consumer.batches)
        assert consumer.states()["old.gz"] == "waiting"
        assert consumer.source.backlog_read()
    consumer.follow(61)
    assert consumer.states()["old.gz"] == "unreadable"  # cut off, as far as anyone can tell
    log.write_bytes(data)
    consumer.settle()
    assert consumer.lines == [*numbered(0, 5000), b"unfinished"]
    assert consumer.states()["old.gz"] == "finished"


def test_damaged_compressed_file_is_said_once_and_what_could_be_read_is_kept(tmp_path, caplog):
    """The state says unreadable; the others go on."""
    data = bytearray(gzip.compress(os.urandom(200_000).hex().encode().replace(b"0", b"\n")))
    data[len(data) // 2] ^= 0xFF
    data[-200:] = b"\x55" * 200
    (tmp_path / "bad.gz").write_bytes(data)
    append(tmp_path / "good.log", "good")
    consumer = Consumer(tmp_path / "*")
    lines = consumer.settle()
    assert b"good" in lines
    assert len(lines) > 1000
    assert consumer.states() == {"bad.gz": "unreadable", "good.log": "following"}
    assert len([r for r in caplog.records if "bad.gz" in r.getMessage() and r.levelname == "WARNING"]) == 1
    assert consumer.source.backlog_read()


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("down", [False, True])
def test_piece_is_compressed_after_it_was_read_in_part(tmp_path, pattern, down):
    """Compared by its content: what was read is not read again, the rest is, also if only the .gz is left."""
    log, piece = tmp_path / "app.log", tmp_path / "app.log.1"
    log.write_bytes(_text(0, 3000))
    consumer = Consumer(tmp_path / pattern)
    consumer.poll()
    consumer.read_one(max_bytes=20_000)
    consumer.save()
    if down:
        consumer.source.close()
    log.rename(piece)
    log.write_bytes(_text(3000, 3010))
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(piece.read_bytes()))
    piece.unlink()
    if down:
        consumer.kill()
    consumer.settle()
    assert sorted(consumer.lines) == sorted(numbered(0, 3010))
    consumer.restart()
    assert consumer.settle() == []


def test_compressing_takes_a_while(tmp_path):
    """The half .gz beside its original is not read; once whole it is known for what it is."""
    log, piece, packed = tmp_path / "app.log", tmp_path / "app.log.1", tmp_path / "app.log.1.gz"
    log.write_bytes(_text(0, 1000))
    consumer = Consumer(tmp_path / "app.log*")
    consumer.follow()
    log.rename(piece)
    append(log, "new")
    data = gzip.compress(piece.read_bytes())
    packed.touch()
    lines = consumer.follow()
    for part in (1, 2, 3):
        packed.write_bytes(data[: len(data) * part // 4])
        lines += consumer.follow(20)
    consumer.restart()
    lines += consumer.follow(20)
    packed.write_bytes(data)
    lines += consumer.follow()
    piece.unlink()
    lines += consumer.settle()
    assert lines == [b"new"]


def test_file_and_its_compressed_copy_at_the_first_start(tmp_path):
    """gzip was at work, or kept the original: the content is read once."""
    (tmp_path / "app.log.1").write_bytes(_text(0, 1000))
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(_text(0, 1000)))
    consumer = Consumer(tmp_path / "*")
    assert consumer.settle() == numbered(0, 1000)
    consumer.restart()
    assert consumer.settle() == []


def test_name_ends_in_gz_and_is_plain_text(tmp_path):
    """What a file is its first bytes say."""
    append(tmp_path / "odd.gz", "a line that is long enough to be one")
    consumer = Consumer(tmp_path / "odd.gz")
    assert consumer.follow() == [b"a line that is long enough to be one"]


def test_last_line_without_newline_is_in_the_compressed_copy_alone(tmp_path):
    """A log that can't be kept open is compressed with its last line unread: a .gz is smaller than what was read of it."""
    piece, packed = tmp_path / "app.log.1", tmp_path / "app.log.1.gz"
    piece.write_bytes(_text(0, 1000) + b"the last one")
    consumer = Consumer(tmp_path / "app.log*")
    assert consumer.follow() == numbered(0, 1000)
    packed.write_bytes(gzip.compress(piece.read_bytes()))
    consumer.poll()
    consumer.source._tracker.handles.close_all()  # as when there are more files than may be open
    piece.unlink()
    assert consumer.settle() == [b"the last one"]
