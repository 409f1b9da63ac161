"""copies: of a file and its .gz beside it one is read."""

from __future__ import annotations

import gc
import gzip
import random
from pathlib import Path

import pytest

from llm_cost_exporter.source import copies, find_whole

CONTENT = random.Random(1).randbytes(700_000)  # several reads of either form
PACKED = gzip.compress(CONTENT)


def found(*files: Path) -> dict[str, str]:
    return {Path(copy).name: Path(of).name for copy, of in copies(find_whole([str(file) for file in files])).items()}


@pytest.mark.parametrize(
    ("plain", "packed", "left_out"),
    [
        (CONTENT, PACKED, "a.log.1.gz"),
        (CONTENT, PACKED[:300_000], "a.log.1.gz"),  # still being written, or cut off
        (CONTENT, PACKED + b"damaged", "a.log.1.gz"),
        (CONTENT, gzip.compress(CONTENT[:-1]), "a.log.1.gz"),
        (CONTENT, gzip.compress(CONTENT[:300_000]) + gzip.compress(CONTENT[300_000:]), "a.log.1.gz"),
        (CONTENT, CONTENT, "a.log.1.gz"),  # .gz by its name only
        (CONTENT[:-1], PACKED, "a.log.1"),
        (CONTENT[:-1] + b"?", PACKED, None),
        (b"?" + CONTENT[1:], PACKED, None),
        (CONTENT, b"\x1f\x8b damaged from the beginning", None),
        (CONTENT, gzip.compress(b""), None),
        (b"", PACKED, None),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_what_another_file_holds_is_left_out(tmp_path, plain, packed, left_out):
    """The one that holds no more than the other; neither where their contents differ at all, or one tells nothing."""
    names = {"a.log.1", "a.log.1.gz"}
    (tmp_path / "a.log.1").write_bytes(plain)
    (tmp_path / "a.log.1.gz").write_bytes(packed)
    expected = {left_out: (names - {left_out}).pop()} if left_out else {}
    assert found(tmp_path / "a.log.1", tmp_path / "a.log.1.gz") == expected
    assert found(tmp_path / "a.log.1.gz", tmp_path / "a.log.1") == expected


def test_only_its_own_gz_is_a_copy(tmp_path, monkeypatch):
    """Two logs may well begin alike; the one that is given alone is read."""
    for name, content in (("a.log.1", CONTENT), ("a.log.2.gz", PACKED), ("b.log.1.gz", PACKED)):
        (tmp_path / name).write_bytes(content)
    assert found(*tmp_path.iterdir()) == {}
    (tmp_path / "a.log.1.gz").write_bytes(PACKED)
    monkeypatch.chdir(tmp_path)
    assert found(Path("a.log.1"), tmp_path / "a.log.1.gz") == {"a.log.1.gz": "a.log.1"}


def test_nothing_stays_open(tmp_path):
    """Whatever comes of the comparison."""
    (tmp_path / "a").write_bytes(CONTENT)
    gc.collect()  # what other tests left behind may be closed at any moment
    before = len([*Path("/dev/fd").iterdir()])
    for packed in (PACKED, PACKED[:100], b"other"):
        (tmp_path / "a.gz").write_bytes(packed)
        found(tmp_path / "a", tmp_path / "a.gz")
    assert len([*Path("/dev/fd").iterdir()]) <= before
