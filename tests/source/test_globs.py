"""Which files a pattern means."""

import os

import pytest

from tests.source.following import Consumer, append


def test_new_files_are_picked_up_while_running(tmp_path):
    """In folders that are there and in folders that are made."""
    consumer = Consumer(tmp_path / "**" / "*.log")
    assert consumer.follow() == []
    append(tmp_path / "a.log", "a")
    assert consumer.follow(6) == [b"a"]
    (tmp_path / "x" / "y").mkdir(parents=True)
    append(tmp_path / "x" / "y" / "b.log", "b")
    append(tmp_path / "x" / "c.txt", "not this")
    assert consumer.follow(6) == [b"b"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("?.log", ["a.log", "b.log"]),
        ("[!a].log", ["b.log"]),
        ("**", ["a.log", "b.log", "deep/er/d.log", "deep/c.log", "other.txt"]),
        ("**/*.log", ["a.log", "b.log", "deep/er/d.log", "deep/c.log"]),
        ("deep/**/*.log", ["deep/er/d.log", "deep/c.log"]),
        ("*/c.log", ["deep/c.log"]),
        ("d*p/e*/d.log", ["deep/er/d.log"]),
        ("./deep/../a.log", ["a.log"]),
        (".hid*", [".hidden.log"]),
    ],
)
def test_what_a_pattern_matches(tmp_path, pattern, expected):
    """As a shell does it, `**` at any depth; hidden files only when they are named."""
    for path in ("a.log", "b.log", "other.txt", ".hidden.log", "deep/c.log", "deep/er/d.log", ".secret/e.log"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        append(tmp_path / path, path)
    consumer = Consumer(f"{tmp_path}/{pattern}")
    consumer.follow()
    assert sorted(line.decode() for line in consumer.lines) == sorted(expected)
    covering = consumer.source._tracker.discovery.covering
    for path in ("a.log", "b.log", "other.txt", ".hidden.log", "deep/c.log", "deep/er/d.log", ".secret/e.log"):
        assert (covering(str(tmp_path / path)) is not None) == (path in expected), path


def test_special_characters_in_the_name_of_a_file_that_exists(tmp_path):
    """A path that exists is meant literally."""
    append(tmp_path / "app[1].log", "literal")
    append(tmp_path / "app1.log", "by glob")
    consumer = Consumer(tmp_path / "app[1].log")
    assert consumer.follow() == [b"literal"]
    other = Consumer(tmp_path / "app[[]1].log")
    assert other.follow() == [b"literal"]


def test_first_entry_wins(tmp_path):
    """A file that two entries match is read by the first."""
    append(tmp_path / "a.log", "a")
    consumer = Consumer(tmp_path / "a.log", labels={"app": "first"})
    consumer.entries += Consumer(tmp_path / "*.log").entries
    consumer.source = consumer._new_source(first_start=True)
    assert consumer.follow() == [b"a"]
    assert consumer.batches[0].file.entry is consumer.entries[0]


def test_symbolic_links_between_folders_don_t_lead_in_circles(tmp_path):
    """Nor is a file read twice that is reached by two ways."""
    (tmp_path / "a").mkdir()
    append(tmp_path / "a" / "1.log", "1")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    consumer = Consumer(tmp_path / "**" / "*.log")
    assert consumer.follow() == [b"1"]


def test_path_for_labels_stays_the_one_it_was_followed_by(tmp_path):
    """Labels are taken from the path: a rename must not change whose the rest is."""
    log = tmp_path / "checkout.log"
    append(log, "1")
    consumer = Consumer(tmp_path / "*.log*")
    consumer.follow()
    log.rename(tmp_path / "checkout.log.1")
    append(tmp_path / "checkout.log.1", "2")
    consumer.follow()
    consumer.restart()
    append(tmp_path / "checkout.log.1", "3")
    consumer.follow()
    assert [batch.file.path for batch in consumer.batches] == [str(log)] * 3


def test_unreadable_folder_is_said_once(tmp_path, monkeypatch, caplog):
    """A glob into it matches nothing, and says why."""
    real = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    consumer = Consumer(tmp_path / "closed" / "*.log")
    for _ in range(4):
        consumer.follow(6)
    assert len([r for r in caplog.records if "can't be read: Permission denied" in r.getMessage()]) == 1
