"""Positions: what is saved, and what is done with it after a restart."""

import json
import logging

from llm_cost_exporter.source import Position, Source
from tests.source.following import LOG, Consumer, HandClock, append, numbered


def test_killed_between_done_and_saved_reads_those_lines_again(tmp_path):
    """Counts and positions are of the same moment."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    append(log, "2")
    assert consumer.follow() == [b"2"]
    consumer.kill()
    assert consumer.follow() == [b"2"]


def test_changed_positions_stay_changed_until_they_are_saved(tmp_path):
    """A save that failed takes nothing away; what changed after the handing out is not counted as saved."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    first = {position.key: position.offset for position in consumer.source.changed_positions()}
    assert {position.key for position in consumer.source.changed_positions()} == set(first)
    append(log, "2")
    consumer.follow()
    assert [p.offset for p in consumer.source.changed_positions() if not p.pattern] == [4]
    consumer.source.saved()
    assert consumer.source.changed_positions() == []
    consumer.source.save_all()
    assert {position.key for position in consumer.source.changed_positions()} == set(first)


def test_key_of_a_position_stays_through_renames(tmp_path):
    """The state replaces rows by key: a file must not leave two."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    before = set(consumer.rows)
    log.rename(tmp_path / "app.log.1")
    consumer.follow()
    consumer.save()
    assert set(consumer.rows) == before


def test_open_parts_of_split_lines_are_read_again_and_nothing_else(tmp_path):
    """Of the lines between the first open part and how far was read, only the open parts come again."""
    log = tmp_path / "app.log"
    lines = [b"part A", b"whole", b"part B", b"whole too"]
    append(log, *lines)
    consumer = Consumer(log)
    consumer.poll()
    batch = consumer.next_batch()
    offsets = [offset for offset, _ in batch.items()]
    consumer.source.done(batch, offset=offsets[0], parts=[offsets[0], offsets[2]], format_state={}, previous_time=1.5)
    consumer.save()
    consumer.kill()
    append(log, "rest of A")
    consumer.poll()
    batch = consumer.next_batch()
    assert list(batch.items()) == [
        (offsets[0], b"part A"),
        (offsets[2], b"part B"),
        (log.stat().st_size - 10, b"rest of A"),
    ]
    assert batch.file.position.done_until == log.stat().st_size - 10
    assert batch.file.position.previous_time == 1.5


def test_killed_while_open_parts_are_read_again(tmp_path):
    """The lines behind are not forgotten as counted, however small the steps."""
    log = tmp_path / "app.log"
    lines = numbered(0, 3000)
    append(log, *lines)
    consumer = Consumer(log)
    consumer.poll()
    parts, offset = [], 0
    while (batch := consumer.source.read(4096)) is not None:
        offset = batch.end
        parts.append(batch.start)
        consumer.source.done(batch, offset=parts[0], parts=parts, format_state={}, previous_time=None)
    consumer.save()
    for _ in range(3):
        consumer.kill()
        consumer.poll()
        batch = consumer.next_batch(4096)
        again = [at for at, _ in batch.items()]
        assert again == [part for part in parts if part < batch.end]
        consumer.source.done(batch, offset=again[0], parts=again, format_state={}, previous_time=None)
        position = batch.file.position
        assert (position.offset, position.done_until, position.parts) == (parts[0], offset, parts)
        consumer.save()


def test_garbage_in_the_state_is_said_and_dropped(tmp_path, caplog):
    """Whatever stands there: the others are used, the file is read anew."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    good = dict(consumer.rows)
    garbage = ["", "null", "[]", '"x"', "{", '{"offset": -1}', '{"offset": 5}', '{"offset": "5"}', '{"parts": [1.5]}',
               '{"offset": true, "done_until": true}', '{"checkpoints": [[1]]}', '{"format_state": []}', '{"path": 7}',
               '{"previous_time": "x"}', "[" * 100_000, '{"inode": 1e999}']  # fmt: skip
    consumer.rows |= {f"bad{number}": text for number, text in enumerate(garbage)}
    assert all(Position.from_json(key, text).broken for key, text in consumer.rows.items() if key not in good)
    consumer.kill()
    append(log, "2")
    assert consumer.follow() == [b"2"]
    assert any(f"{len(garbage)} saved positions" in r.getMessage() for r in caplog.records)
    consumer.save()
    assert set(consumer.rows) == set(good)


def test_position_survives_being_saved(tmp_path):
    """All that is needed later is in the JSON."""
    position = Position(
        device=1, inode=2, head_length=3, head_hash="a", tail_hash="b", checkpoints=[(4, "c")], path="/p", followed_as="/f",
        entry="e", offset=5, done_until=9, parts=[5, 7], format_state={"m": 1}, previous_time=1.5, finished=True, gz=True,
        size=10, mtime_ns=11, vanished=12.5,
    )  # fmt: skip
    text = position.to_json()
    again = Position.from_json(position.key, text)
    assert again.to_json() == text
    assert again.checkpoints == position.checkpoints
    assert json.loads(Position.from_json("k", "{}").to_json()) == {}


def test_positions_of_vanished_files_are_kept_for_35_days(tmp_path):
    """A file may come back from an archive; not for ever."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(tmp_path / "*.log")
    consumer.follow()
    log.rename(tmp_path / "elsewhere")
    consumer.settle()
    consumer.save()
    consumer.clock.pass_seconds(34 * 86_400)
    for _ in range(5):
        consumer.follow()
    consumer.save()
    (tmp_path / "elsewhere").rename(log)
    assert consumer.settle() == []
    log.unlink()
    consumer.settle()
    for _ in range(5):
        consumer.follow()
    consumer.save()
    assert sum("pattern" not in text for text in consumer.rows.values()) == 1
    consumer.clock.pass_seconds(36 * 86_400)
    for _ in range(5):
        consumer.follow()
    consumer.save()
    assert not [text for text in consumer.rows.values() if '"pattern"' not in text]


def test_clock_that_jumps_changes_nothing(tmp_path):
    """Hours and years, back and forth."""
    log = tmp_path / "app.log"
    append(log, "0")
    consumer = Consumer(log)
    consumer.follow()
    for turn, jump in enumerate((-86_400.0, 3e9, -6e9, 7200.0), start=1):
        consumer.clock.now += jump
        append(log, f"{turn}a")
        log.rename(tmp_path / f"app.log.{turn}")
        append(log, f"{turn}b")
        assert sorted(consumer.follow()) == [b"%da" % turn, b"%db" % turn]
        consumer.restart()
        assert consumer.follow() == []


def test_copy_in_another_place_is_gone_on_with(tmp_path):
    """The log was moved to another disk while the exporter was down: another inode, the same content."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 50))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    consumer.source.close()
    data = log.read_bytes()
    (tmp_path / "keeps the inode busy").hardlink_to(log)
    log.unlink()
    (tmp_path / "keeps the inode busy").write_bytes(b"")
    log.write_bytes(data)
    append(log, "more")
    consumer.kill()
    assert consumer.settle() == [b"more"]


def test_another_file_in_its_place_is_read_whole(tmp_path):
    """It agrees in its beginning, not before the offset."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 300))
    consumer = Consumer(log)
    consumer.follow()
    consumer.save()
    consumer.source.close()
    log.rename(tmp_path / "elsewhere")
    append(log, *numbered(0, 150), *numbered(900, 1200))
    consumer.kill()
    assert consumer.settle() == [*numbered(0, 150), *numbered(900, 1200)]


def test_source_without_any_entry(caplog):
    """Nothing to follow is no error."""
    source = Source([], [], line_bytes=100, clock=HandClock(), log=LOG, first_start=True)
    source.poll()
    assert source.read() is None
    assert source.backlog_read()
    assert source.files() == []
    assert logging.WARNING not in [record.levelno for record in caplog.records]
