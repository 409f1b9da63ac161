"""When is the backlog read?"""

from tests.source.following import Consumer, append, numbered


def test_backlog_is_what_was_there_at_start(tmp_path):
    """Not before the first poll, not before all is read, then for ever."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 30_000))
    consumer = Consumer(tmp_path / "*.log")
    assert not consumer.source.backlog_read()
    consumer.poll()
    assert not consumer.source.backlog_read()
    consumer.read_one()
    assert not consumer.source.backlog_read()
    consumer.read()
    assert consumer.source.backlog_read()
    append(log, *numbered(0, 100_000))
    consumer.poll()
    assert consumer.source.backlog_read()


def test_nothing_there_is_read_at_once(tmp_path):
    """An empty folder has no backlog."""
    consumer = Consumer(tmp_path / "*.log")
    consumer.poll()
    assert consumer.source.backlog_read()


def test_unfinished_line_does_not_hold_it_up(tmp_path):
    """It may never be finished."""
    (tmp_path / "app.log").write_bytes(b"one\nhalf")
    consumer = Consumer(tmp_path / "app.log")
    consumer.follow()
    assert consumer.source.backlog_read()


def test_much_that_came_meanwhile_belongs_to_it_as_long_as_it_gets_less(tmp_path):
    """Each round must halve what is left, so that a fast log doesn't keep the exporter from serving."""
    log = tmp_path / "app.log"
    line = b"x" * 999
    append(log, *[line] * 10)
    consumer = Consumer(log)
    consumer.poll()
    for megabytes, read in ((30, False), (14, False), (12, True)):
        append(log, *[line] * (megabytes * 1000))
        consumer.poll()
        while not _reached(consumer):
            assert consumer.read_one() is not None
        assert consumer.source.backlog_read() == read


def _reached(consumer):
    backlog = consumer.source._backlog
    return not backlog._pending


def test_rotated_pieces_that_were_missed_belong_to_it(tmp_path):
    """What is bridged at start came before."""
    log = tmp_path / "app.log"
    append(log, "0")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    log.rename(tmp_path / "app.log.2")
    append(tmp_path / "app.log.1", *numbered(0, 20_000))
    append(log, "end")
    consumer.kill()
    consumer.poll()
    while not consumer.source.backlog_read():
        assert consumer.read_one() is not None
    assert consumer.lines == [b"0", *numbered(0, 20_000), b"end"]


def test_deleted_while_it_is_read(tmp_path):
    """A target that can't be reached any more is none."""
    append(tmp_path / "a.log", *numbered(0, 20_000))
    append(tmp_path / "b.log", "b")
    consumer = Consumer(tmp_path / "*.log")
    consumer.source._tracker.handles.most = 1
    consumer.poll()
    consumer.read_one()
    (tmp_path / "a.log").unlink()
    consumer.source._tracker.handles.close_all()
    consumer.follow()
    consumer.follow()
    assert consumer.source.backlog_read()
