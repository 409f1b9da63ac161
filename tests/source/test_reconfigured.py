"""Other entries while running."""

from tests.source.following import Consumer, append


def test_entry_that_is_removed_and_added_again(tmp_path):
    """It is not followed meanwhile, and goes on where it was; the others don't notice."""
    append(tmp_path / "a.log", "a1")
    append(tmp_path / "b.log", "b1")
    consumer = Consumer(tmp_path / "a.log", tmp_path / "b.log")
    only_a = Consumer(tmp_path / "a.log", labels={"app": "new"}).entries
    consumer.follow()
    consumer.source.reconfigure(only_a)
    append(tmp_path / "a.log", "a2")
    append(tmp_path / "b.log", "b2")
    assert consumer.follow() == [b"a2"]
    assert consumer.batches[-1].file.entry is only_a[0]
    assert consumer.states() == {"a.log": "following"}
    consumer.source.reconfigure(consumer.entries)
    assert consumer.follow() == [b"b2"]
    consumer.restart()
    assert consumer.settle() == []


def test_new_entry_is_followed_without_reading_anything_twice(tmp_path):
    """A wider glob over the same files."""
    append(tmp_path / "a.log", "a1")
    append(tmp_path / "b.log", "b1")
    consumer = Consumer(tmp_path / "a.log")
    consumer.follow()
    consumer.source.reconfigure(Consumer(tmp_path / "*.log").entries, line_bytes=100)
    assert consumer.follow() == [b"b1"]
    append(tmp_path / "a.log", "a2")
    assert consumer.follow() == [b"a2"]
