"""Files that are missing, are no files, or can't be read."""

import os
import socket

from tests.source.following import Consumer, append


def _said(caplog, name):
    return [r.getMessage() for r in caplog.records if name in r.getMessage() and r.levelname == "WARNING"]


def test_missing_file_is_said_once_and_read_when_it_comes(tmp_path, caplog):
    """However often it is looked for."""
    append(tmp_path / "there.log", "there")
    consumer = Consumer(tmp_path / "missing.log", tmp_path / "there.log")
    for _ in range(5):
        consumer.follow()
    assert consumer.lines == [b"there"]
    assert consumer.states()["missing.log"] == "missing"
    assert len(_said(caplog, "missing.log")) == 1
    append(tmp_path / "missing.log", "came")
    assert consumer.follow() == [b"came"]
    assert consumer.states()["missing.log"] == "following"
    assert consumer.source.backlog_read()


def test_moment_between_renaming_and_making_anew_is_not_complained_of(tmp_path, caplog):
    """Each rotation has one."""
    log = tmp_path / "app.log"
    append(log, "1")
    consumer = Consumer(log)
    consumer.follow()
    log.rename(tmp_path / "app.log.1")
    consumer.follow()
    append(log, "2")
    assert consumer.follow() == [b"2"]
    assert not _said(caplog, "app.log")
    log.unlink()
    for _ in range(6):
        consumer.follow()
    assert len(_said(caplog, "app.log")) == 1


def test_directory_pipe_socket_and_device_are_said_once_and_never_opened(tmp_path, caplog):
    """Opening a pipe without a writer would hang, reading a device would not end."""
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock.log"))
        (tmp_path / "zero.log").symlink_to("/dev/zero")
        append(tmp_path / "good.log", "good")
        consumer = Consumer(tmp_path / "*.log", "/dev/null", tmp_path / "folder.log")
        for _ in range(3):
            consumer.follow()
    assert consumer.lines == [b"good"]
    states = consumer.states()
    assert states.pop("good.log") == "following"
    assert set(states) == {"folder.log", "pipe.log", "sock.log", "zero.log", "null"}
    assert set(states.values()) == {"unreadable"}
    for name in states:
        assert len(_said(caplog, f"{name}:")) == 1
    assert consumer.source.backlog_read()


def test_file_that_can_not_be_opened_is_said_once_and_read_when_it_can(tmp_path, caplog, monkeypatch):
    """The others go on."""
    append(tmp_path / "app.log", "1")
    real = os.open
    allowed: list[bool] = []

    def refuse(path, *args, **more):
        if str(path).endswith("app.log") and not allowed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **more)

    monkeypatch.setattr(os, "open", refuse)
    append(tmp_path / "other.log", "other")
    consumer = Consumer(tmp_path / "*.log")
    for _ in range(4):
        consumer.follow()
    assert consumer.lines == [b"other"]
    assert consumer.states() == {"app.log": "unreadable", "other.log": "following"}
    assert len(_said(caplog, "app.log")) == 1
    assert consumer.source.backlog_read()
    allowed.append(True)
    assert consumer.follow() == [b"1"]
    assert consumer.states()["app.log"] == "following"


def test_error_while_reading_is_said_once_and_tried_again(tmp_path, caplog, monkeypatch):
    """A disk that fails now and then loses nothing."""
    append(tmp_path / "app.log", "1")
    append(tmp_path / "other.log", "other")
    consumer = Consumer(tmp_path / "*.log")
    real, broken = os.pread, [True]
    inode = (tmp_path / "app.log").stat().st_ino

    def fail(fd, *args):
        if broken and os.fstat(fd).st_ino == inode:
            raise OSError(5, "Input/output error")
        return real(fd, *args)

    monkeypatch.setattr(os, "pread", fail)
    for _ in range(3):
        consumer.follow()
    assert consumer.lines == [b"other"]
    assert consumer.states()["app.log"] == "unreadable"
    assert len(_said(caplog, "app.log")) == 1
    broken.clear()
    assert consumer.follow() == [b"1"]


def test_glob_that_matches_nothing_is_said_once_and_counted(tmp_path, caplog):
    """A typing error in a glob must not look like an idle log."""
    consumer = Consumer(tmp_path / "*.lgo")
    for _ in range(20):
        consumer.follow()
    assert consumer.states() == {"*.lgo": "missing"}
    assert len(_said(caplog, "*.lgo")) == 1


def test_same_file_by_several_names_is_read_once(tmp_path):
    """By two patterns, by a symbolic and by a hard link."""
    append(tmp_path / "a.log", "1")
    (tmp_path / "b.log").symlink_to(tmp_path / "a.log")
    os.link(tmp_path / "a.log", tmp_path / "c.log")
    consumer = Consumer(tmp_path / "a.log", tmp_path / "*.log", tmp_path / "b.log")
    assert consumer.follow() == [b"1"]
    append(tmp_path / "c.log", "2")
    assert consumer.follow() == [b"2"]
    consumer.restart()
    append(tmp_path / "b.log", "3")
    assert consumer.follow() == [b"3"]
