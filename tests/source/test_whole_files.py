"""read_all: given files, once and whole."""

import gzip
import logging
import os
import threading

import pytest

from llm_cost_exporter.errors import UsageError
from llm_cost_exporter.source import TooLong, find_whole, read_all
from tests.source.following import append, numbered


def _lines(*paths, line_bytes=1 << 20, **more):
    return [line for piece in read_all([str(path) for path in paths], line_bytes, **more) for line in piece.lines]


def test_all_lines_of_all_files_with_their_offsets(tmp_path):
    """In the order given, .gz too, the last line without its newline, each file once."""
    plain, packed = tmp_path / "a.log", tmp_path / "b.gz"
    append(plain, *numbered(0, 50_000))
    packed.write_bytes(gzip.compress(b"x\r\ny\n" + b"z" * 200))
    (tmp_path / "same.log").symlink_to(plain)
    assert _lines(packed, plain, tmp_path / "same.log", line_bytes=100) == [
        b"x",
        b"y",
        TooLong(200),
        *numbered(0, 50_000),
    ]
    at = 0
    for piece in read_all([str(plain)], 1 << 20):
        assert piece.start == at
        for offset, line in piece.items():
            assert offset == at
            assert isinstance(line, bytes)
            at += len(line) + 1
        assert piece.end == at
        assert piece.taken <= plain.stat().st_size
    assert piece.last_of_file
    assert piece.taken == at == plain.stat().st_size


@pytest.mark.parametrize("compress", [False, True])
def test_standard_input(compress):
    """A pipe, compressed or not."""
    reading, writing = os.pipe()
    data = b"one\ntwo"

    def write():
        with os.fdopen(writing, "wb") as file:
            file.write(gzip.compress(data) if compress else data)

    threading.Thread(target=write).start()
    assert _lines("-", stdin_fd=reading) == [b"one", b"two"]
    os.close(reading)


def test_what_is_no_file_is_said_in_one_line(tmp_path):
    """Before anything is read; nothing but the first that is wrong."""
    good = tmp_path / "good.log"
    append(good, "1")
    for path, said in (
        (tmp_path / "missing.log", "no such file"),
        (tmp_path, "is a directory"),
        (tmp_path / "*.nothing", "matches no file"),
        ("nul\0byte", "no such file"),
    ):
        with pytest.raises(UsageError, match=said) as raised:
            find_whole([str(good), str(path)])
        assert "\n" not in str(raised.value)
        assert raised.value.exit_status == 2


def test_globs_are_expanded_where_the_shell_did_not(tmp_path):
    """A quoted glob is a glob; a file of that very name comes first."""
    append(tmp_path / "a.log", "a")
    append(tmp_path / "b.log", "b")
    assert _lines(tmp_path / "*.log") == [b"a", b"b"]
    append(tmp_path / "*.log", "star")
    assert _lines(tmp_path / "*.log") == [b"star"]


def test_damaged_compressed_file_gives_what_it_has(tmp_path, caplog):
    """And says so."""
    data = gzip.compress(b"".join(line + b"\n" for line in numbered(0, 5000)))
    (tmp_path / "cut.gz").write_bytes(data[: len(data) // 2])
    lines = _lines(tmp_path / "cut.gz", log=logging.getLogger("x"))
    assert lines[:1000] == numbered(0, 1000)
    assert "cut.gz" in caplog.text
