"""Fetch the servers that the tests run: Prometheus, Alertmanager and VictoriaMetrics, of two generations, into .tools/.

    python scripts/fetch_servers.py             both generations
    python scripts/fetch_servers.py peer        mtail, which the bench measures beside the exporter

    .tools/old/bin/{prometheus,promtool,alertmanager,amtool,victoria-metrics,vmalert}    Debian bookworm: 2.42, 0.25, 1.79
    .tools/new/bin/…                                                                     Debian sid: 3.5, 0.33, 1.145
    .tools/peer/bin/mtail                                                                Debian sid or bookworm: 3.0.0~rc

They come from Debian's packages, by the machine's own apt and the mirror that it is set up with, checked against Debian's
keyring. apt works in directories of its own here: root is not needed, nothing is installed, no service is started and the
machine's package lists stay as they are. What is there already is kept. Where it can't be done (no apt, no network), one
line says why and the exit status is 1; tests and bench then look on the PATH.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")
RECIPE = 2  # a higher number has every machine fetch anew

# The program's name here, and its file in the package.
PROGRAMS = {
    "prometheus": "usr/bin/prometheus",
    "promtool": "usr/bin/promtool",
    "alertmanager": "usr/bin/prometheus-alertmanager",
    "amtool": "usr/bin/amtool",
    "victoria-metrics": "usr/bin/victoria-metrics",
    "vmalert": "usr/bin/vmalert",
}

# Debian's Alertmanager opens its default templates at a fixed path, where nothing is installed. The copy in .tools opens them
# through a file descriptor instead, which the script that starts it opens: a path of the same length, so that the program's
# other bytes stay where they are.
FIXED = b"/usr/share/prometheus/alertmanager"
DESCRIPTOR = b"/proc/self/fd/9".ljust(len(FIXED) - 1, b"/") + b"/"
STARTER = """#!/bin/sh
exec 9<"${0%/*}/../share" && exec "${0%/*}/../lib/alertmanager" "$@"
"""


@dataclass(frozen=True)
class Generation:
    """One set of programs: `suites` are tried in turn, the first that has all `packages` serves."""

    name: str
    suites: tuple[str, ...]
    packages: tuple[str, ...]
    programs: Mapping[str, str] = field(default_factory=lambda: PROGRAMS)


GENERATIONS = (
    Generation("old", ("bookworm",), ("prometheus", "prometheus-alertmanager", "victoria-metrics")),
    Generation("new", ("sid", "testing"), ("prometheus", "promtool", "prometheus-alertmanager", "victoria-metrics")),
)
PEER = Generation("peer", ("sid", "testing", "bookworm"), ("mtail",), {"mtail": "usr/bin/mtail"})


class FetchError(Exception):
    """Why it can't be done, in one line."""


def main() -> int:
    """Fetch what is missing; 0 when all that was asked for is there."""
    if sys.argv[1:] not in ([], ["peer"]):
        print(f"servers: {sys.argv[1]!r} is not known; nothing, or peer, would be right", file=sys.stderr)
        return 2
    TOOLS.mkdir(exist_ok=True)
    wanted = (PEER,) if sys.argv[1:] else GENERATIONS
    failed = False
    with (TOOLS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second run waits, and then finds everything there
        for generation in wanted:
            try:
                versions = present(generation) or fetch(generation)
                print(f"servers: {generation.name}: " + ", ".join(f"{name} {v}" for name, v in versions.items()))
            except FetchError as why:
                failed = True
                print(f"servers: {generation.name}: not fetched: {why}", file=sys.stderr)
    return 1 if failed else 0


def present(generation: Generation) -> dict[str, str] | None:
    """The versions of the packages in .tools; None where they are missing or were made by another recipe."""
    home = TOOLS / generation.name
    try:
        made = json.loads((home / "versions.json").read_text())
    except (OSError, ValueError):
        return None
    if made.get("recipe") != RECIPE or not all((home / "bin" / name).exists() for name in generation.programs):
        return None
    return dict(made["versions"])


def fetch(generation: Generation) -> dict[str, str]:
    """Fetch one generation into .tools. Raises FetchError."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise FetchError("this machine has no apt-get and dpkg-deb; servers on the PATH are used")
    keyring = next((path for path in KEYRINGS if Path(path).exists()), None)
    if keyring is None:
        raise FetchError("Debian's keyring is missing; install the package debian-archive-keyring")
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".fetch-") as made:
        work = Path(made)
        why = "apt on this machine knows no mirror; set DEBIAN_MIRROR to the address of one"
        for mirror in mirrors(work):
            for suite in generation.suites:
                print(f"servers: {generation.name}: fetching from Debian {suite}", flush=True)
                try:
                    return fetch_from(work, f"[signed-by={keyring} target=Packages] {mirror} {suite} main", generation)
                except FetchError as reason:
                    why = f"{suite}: {reason}"
        raise FetchError(why)


def mirrors(work: Path) -> Iterator[str]:
    """The addresses of the archives that the machine's apt is set up with; DEBIAN_MIRROR comes first where it is set."""
    seen = set()
    if chosen := os.environ.get("DEBIAN_MIRROR"):
        yield chosen
    # In an empty directory of lists, so that it works before the machine's first `apt-get update` and without root.
    uris = apt(work / "machine", ["update", "--print-uris"], own_sources=False).stdout
    for mirror in re.findall(r"^'([^' ]+)/dists/[^/' ]+/(?:In)?Release' ", uris, re.MULTILINE):
        if mirror not in seen and not mirror.endswith("-security"):
            seen.add(mirror)
            yield mirror


def fetch_from(work: Path, source: str, generation: Generation) -> dict[str, str]:
    """Fetch from one suite of one mirror, try that the programs run here, and put them in place."""
    apt_home = Path(tempfile.mkdtemp(dir=work))
    (apt_home / "sources.list").write_text(f"deb {source}\n")
    checked(apt(apt_home, ["update"]))
    checked(apt(apt_home, ["download", *generation.packages]))
    unpacked, ready = apt_home / "unpacked", apt_home / "ready"
    versions = {}
    for package in sorted(apt_home.glob("*.deb")):
        name, version = package.name.split("_")[:2]
        versions[name] = version.replace("%3a", ":")
        checked(run(["dpkg-deb", "--extract", str(package), str(unpacked)]))
    (ready / "bin").mkdir(parents=True)
    for name, inside in generation.programs.items():
        program = ready / "bin" / name
        try:
            (unpacked / inside).rename(program)
        except OSError:
            raise FetchError(f"{name} is in none of the packages {', '.join(generation.packages)}") from None
        if name == "alertmanager":
            give_templates(program, unpacked / FIXED.decode().lstrip("/"))
        tried = run([str(program), "--version"])
        if tried.returncode != 0:
            raise FetchError(f"{name} does not run on this machine: {last_line(tried)}")
    (ready / "versions.json").write_text(json.dumps({"recipe": RECIPE, "versions": versions}, indent=2) + "\n")
    home = TOOLS / generation.name
    shutil.rmtree(home, ignore_errors=True)
    ready.rename(home)
    return versions


def give_templates(program: Path, templates: Path) -> None:
    """Have Alertmanager find its default templates in .tools (see FIXED)."""
    home = program.parent.parent
    templates.rename(home / "share")
    (home / "lib").mkdir()
    moved = program.rename(home / "lib" / program.name)
    moved.write_bytes(moved.read_bytes().replace(FIXED, DESCRIPTOR))
    program.write_text(STARTER)
    program.chmod(0o755)


def apt(home: Path, command: list[str], *, own_sources: bool = True) -> subprocess.CompletedProcess[str]:
    """Run apt-get with its state and cache under `home`, and with `home`/sources.list alone (`own_sources`)."""
    for directory in ("state/lists/partial", "cache/archives/partial"):
        (home / directory).mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    options = {
        "Dir::State": home / "state",
        "Dir::State::status": home / "status",
        "Dir::Cache": home / "cache",
        "Dir::Etc::Preferences": "/dev/null",  # the machine's pins are about what it installs
        "Dir::Etc::PreferencesParts": "/dev/null",
        "APT::Sandbox::User": "",  # as root apt would hand on to a user who may not enter this directory
        "APT::Update::Error-Mode": "any",  # or a mirror that can't be reached leaves `update` content
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    if own_sources:
        options |= {"Dir::Etc::SourceList": home / "sources.list", "Dir::Etc::SourceParts": "/dev/null"}
    return run(["apt-get", "-q", *(f"-o{key}={value}" for key, value in options.items()), *command], home)


def run(command: list[str], directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end (10 minutes at most) and keep what it said."""
    try:
        return subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
    except OSError as bad:
        raise FetchError(f"{command[0]}: {bad.strerror}") from bad
    except subprocess.TimeoutExpired:
        raise FetchError(f"{command[0]} did not end within 10 minutes") from None


def checked(done: subprocess.CompletedProcess[str]) -> None:
    """Raise FetchError with the last thing that a failed command said."""
    if done.returncode != 0:
        raise FetchError(last_line(done))


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line that tells best why a command failed."""
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    unreachable = [line for line in lines if "Failed to fetch" in line][:1]
    errors = [line for line in lines if line.startswith("E:")][-1:]
    return (unreachable or errors or lines[-1:] or [f"exit status {done.returncode}"])[0]


if __name__ == "__main__":
    sys.exit(main())
