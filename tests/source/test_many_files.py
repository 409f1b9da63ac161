"""Many files at once: fairness, open files, the price of a poll."""

import time
from pathlib import Path

from tests.source.following import Consumer, append, numbered


def test_no_file_is_kept_waiting_by_a_long_one(tmp_path):
    """Turn by turn, in bounded batches."""
    append(tmp_path / "long.log", *numbered(0, 30_000))
    for number in range(5):
        append(tmp_path / f"short{number}.log", f"short {number}")
    consumer = Consumer(tmp_path / "*.log")
    consumer.poll()
    for _ in range(6):
        consumer.read_one()
    assert len({batch.file for batch in consumer.batches}) == 6
    consumer.read()
    assert len(consumer.lines) == 30_005


def test_a_batch_is_bounded(tmp_path):
    """Whatever the file's size."""
    append(tmp_path / "long.log", *numbered(0, 100_000))
    consumer = Consumer(tmp_path / "*.log")
    consumer.follow()
    assert max(batch.size for batch in consumer.batches) <= 1 << 20
    assert len(consumer.lines) == 100_000


def test_open_files_are_bounded(tmp_path):
    """More files than may be open: all are read, also after renames."""
    for number in range(400):
        append(tmp_path / f"{number}.log", f"{number}")
    consumer = Consumer(tmp_path / "*.log")
    consumer.source._tracker.handles.most = 32
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert len(consumer.follow()) == 400
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 33
    for number in range(400):
        append(tmp_path / f"{number}.log", f"{number} again")
        (tmp_path / f"{number}.log").rename(tmp_path / f"{number}.log.1")
        append(tmp_path / f"{number}.log", f"{number} new")
    consumer.settle()
    assert len(consumer.lines) == 1200
    assert len(set(consumer.lines)) == 1200


def test_more_than_a_thousand_files_are_looked_at_in_turn(tmp_path):
    """Each is seen in time, those that change lately at every look; none is lost by a rename."""
    for number in range(2500):
        (tmp_path / f"{number}.log").touch()
    consumer = Consumer(tmp_path / "*.log")
    consumer.follow()
    for number in range(0, 2500, 7):
        append(tmp_path / f"{number}.log", f"{number}")
    for _ in range(4):
        consumer.follow()
    assert sorted(consumer.lines) == sorted(b"%d" % n for n in range(0, 2500, 7))
    append(tmp_path / "7.log", "hot")
    assert consumer.follow() == [b"hot"]
    (tmp_path / "2400.log").rename(tmp_path / "2400.log.1")
    append(tmp_path / "2400.log.1", "rest")
    append(tmp_path / "2400.log", "new")
    lines = []
    for _ in range(4):
        lines += consumer.follow()
    assert sorted(lines) == [b"new", b"rest"]


def test_poll_with_nothing_new_is_cheap(tmp_path):
    """An idle exporter must use under 0.5 % of a core: at two polls a second a poll may take 2.5 ms, all else included."""
    for number in range(5):
        append(tmp_path / f"{number}.log", *numbered(0, 100))
    consumer = Consumer(tmp_path / "*.log", tmp_path / "0.log")
    consumer.settle()
    began = time.process_time()
    for _ in range(1000):
        consumer.clock.pass_seconds(0.5)
        consumer.source.poll()
        consumer.source.read()
    assert time.process_time() - began < 1.0  # 1 ms each: several times of what it takes, for a slow machine
