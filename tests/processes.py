"""Programs that tests start: found, run on a free port of loopback, waited for by a condition, always stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

__all__ = ["GENERATIONS", "ROOT", "Process", "find_program", "free_port", "missing", "wait_for"]

ROOT = Path(__file__).resolve().parent.parent
GENERATIONS = ("old", "new")

# The first version that counts as the new generation, for programs found on the PATH.
_NEW_FROM = {
    "prometheus": (3, 0),
    "promtool": (3, 0),
    "alertmanager": (0, 28),
    "amtool": (0, 28),
    "victoria-metrics": (1, 100),
    "vmalert": (1, 100),
}
_OTHER_NAMES = {"alertmanager": ("prometheus-alertmanager",), "victoria-metrics": ("victoria-metrics-prod",)}

T = TypeVar("T")


def wait_for(condition: Callable[[], T], timeout: float = 20.0, what: str = "", every: float = 0.05) -> T:
    """The first true value of `condition`, asked every `every` s; fails the test after `timeout` s, naming `what`."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"not within {timeout:g} s: {what or getattr(condition, '__name__', 'the condition')}")
        time.sleep(every)


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_program(name: str, generation: str) -> Path:
    """The server or tool `name` of a generation: from .tools, else from the PATH where its version fits.

    Where there is none the test is skipped with the reason; in CI it fails.
    """
    fetched = ROOT / ".tools" / generation / "bin" / name
    if fetched.exists():
        return fetched
    for other in (name, *_OTHER_NAMES.get(name, ())):
        on_path = shutil.which(other)
        if on_path is not None and _generation_of(name, on_path) == generation:
            return Path(on_path)
    return missing(f"no {name} of the {generation} generation, neither in .tools (make servers) nor on the PATH")


@cache
def _generation_of(name: str, program: str) -> str | None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    version = re.search(r"(\d+)\.(\d+)", said.stdout + said.stderr)
    if version is None:
        return None
    return "new" if (int(version[1]), int(version[2])) >= _NEW_FROM[name] else "old"


def missing(reason: str) -> NoReturn:
    """End a test that lacks something on this machine: skipped with the reason, failed in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Process:
    """A program in the background; what it prints goes to `<directory>/<name>.out`."""

    def __init__(
        self, name: str, command: Sequence[str | Path], directory: Path, env: Mapping[str, str] | None = None
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.output = directory / f"{name}.out"
        with self.output.open("ab") as out:
            self.popen = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=os.environ | (env or {}),
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self.popen.pid

    def said(self) -> str:
        """All that it has printed so far."""
        return self.output.read_text(errors="replace")

    def exit_status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.popen.poll()

    def wait_until(self, ready: Callable[[], bool], timeout: float = 60.0) -> None:
        """Wait until `ready`; fails at once, with what the program said, when it ends instead."""

        def ready_or_ended() -> bool:
            if self.exit_status() is not None:
                pytest.fail(f"{self.name} ended with {self.exit_status()}:\n{self.said()[-4000:]}")
            return ready()

        wait_for(ready_or_ended, timeout, f"{self.name} is ready; it said:\n{self.said()[-4000:]}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: it has no chance to save."""
        self.popen.kill()
        self.popen.wait(timeout=30)

    def terminate(self, timeout: float = 20.0) -> int:
        """SIGTERM, and its exit status; SIGKILL and a failed test when it has not ended after `timeout` s."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.popen.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"{self.name} had not ended {timeout:g} s after SIGTERM:\n{self.said()[-4000:]}")
