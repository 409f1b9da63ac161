"""Logs and folders behind symbolic links, which are led elsewhere: what was there before is read to its end."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from tests.source.following import Consumer, append, numbered


def test_symbolic_link_is_led_to_the_next_file(tmp_path):
    """current -> app-1, then app-2: the rest of the first, then the second."""
    link, first, second = tmp_path / "current.log", tmp_path / "app-a.log", tmp_path / "app-b.log"
    append(first, "1")
    link.symlink_to(first)
    consumer = Consumer(link)
    consumer.follow()
    append(first, "2")
    append(second, "3")
    link.unlink()
    link.symlink_to(second)
    assert sorted(consumer.follow()) == [b"2", b"3"]


class Releases:
    """`current` leads to the folder of one release; app.log is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.link = folder, folder / "current"
        for number in (0, 1):
            self.log(number).parent.mkdir(parents=True)
        self.link.symlink_to("releases/0")

    def log(self, number: int) -> Path:
        return self.folder / f"releases/{number}/log/app.log"

    def switch(self, number: int) -> None:
        link = self.folder / "next"
        link.symlink_to(f"releases/{number}")
        link.rename(self.link)


@pytest.mark.parametrize("pattern", ["current/log/app.log", "current/*/app.*"])
@pytest.mark.parametrize("then", ["as it is", "renamed", "compressed"])
@pytest.mark.parametrize("killed_after", [False, True])
@pytest.mark.parametrize("read", [0, 5])
def test_linked_folder_is_switched_while_down(tmp_path, pattern, then, killed_after, read):
    """What was not read of the old release's log is where it was, by the folder's own name."""
    releases = Releases(tmp_path)
    consumer = Consumer(tmp_path / pattern)
    append(releases.log(0), *numbered(0, read))
    consumer.follow()
    consumer.save()
    append(releases.log(0), *numbered(read, 10))
    releases.switch(1)
    append(releases.log(1), *numbered(10, 15))
    if killed_after:
        consumer.follow()
    consumer.kill()
    piece = releases.log(0).with_name("app.log.1")
    if then != "as it is":
        releases.log(0).rename(piece)
    if then == "compressed":
        piece.with_name("app.log.1.gz").write_bytes(gzip.compress(piece.read_bytes()))
        piece.unlink()
    consumer.settle()
    consumer.restart()
    consumer.settle()
    lost = read == 0 and then == "compressed"  # nothing was seen of it: nothing tells what that is
    assert Counter(consumer.lines) == Counter(numbered(10 if lost else 0, 15))


def test_linked_folder_is_switched_and_the_old_process_logs_on(tmp_path):
    """For minutes, over restarts of ours, and over its own rotation; then all is switched back."""
    releases = Releases(tmp_path)
    log = tmp_path / "current/log/app.log"
    append(log, "first")
    consumer = Consumer(log)
    consumer.follow()
    releases.switch(1)
    append(log, "new")
    assert consumer.follow() == [b"new"]
    for number in range(4):
        append(releases.log(0), f"late {number}")
        assert consumer.follow(40) == [b"late %d" % number]
    consumer.settle()
    append(releases.log(0), "very late")
    consumer.restart()
    assert consumer.follow() == [b"very late"]
    consumer.settle()
    releases.log(0).rename(tmp_path / "releases/0/log/app.log.1")
    append(tmp_path / "releases/0/log/app.log.1", "renamed")
    assert consumer.follow() == [b"renamed"]
    (tmp_path / "releases/0/log/app.log.1").rename(releases.log(0))
    releases.switch(0)
    append(log, "back")
    append(releases.log(1), "the other's last")
    assert sorted(consumer.follow()) == [b"back", b"the other's last"]
    assert consumer.settle() == []
    consumer.restart()
    assert consumer.settle() == []
