"""What many threads do to a process: their heaps while it serves, and those that are at work when it ends."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

STILL_CHECKING = """
import threading, time
import bcrypt
from llm_cost_exporter import commands

hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(6))

def check():
    while True:
        bcrypt.checkpw(b"wrong", hashed)

def serve(*args, **more):
    for _ in range(4):
        threading.Thread(target=check, daemon=True).start()
    time.sleep(0.05)
    print("served")
    return 3

commands.group.main = serve
commands.main([])
"""

HEAPS = """
import ctypes, sys, threading
from llm_cost_exporter.commands.heap import use_few_heaps

if sys.argv[1:] == ["few"]:
    use_few_heaps()
together = threading.Barrier(9)

def hold():
    held = [bytes(10_000) for _ in range(100)]
    together.wait()
    together.wait()

for _ in range(8):
    threading.Thread(target=hold).start()
together.wait()
ctypes.CDLL(None).malloc_stats()
together.wait()
"""


def ran(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False, env=env
    )


def test_a_password_that_is_being_checked_does_not_abort_the_end():
    """The thread would come back from bcrypt's code into an interpreter that is no more: abort, for whoever started it a crash."""
    for _ in range(5):
        done = ran(STILL_CHECKING)
        assert (done.returncode, done.stdout, done.stderr) == (3, "served\n", "")


def test_threads_of_whoever_calls_end_as_they_do():
    """The command ends its caller's process only as `sys.exit` does."""
    done = ran("import threading, time\nfrom llm_cost_exporter.commands import main\n"
               "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
               "try:\n    main(['--version'])\nexcept SystemExit as end:\n    print('status', end.code)")  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "status 0")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="another C library than glibc")
def test_threads_have_two_heaps():
    """What each held at the same time is not kept for each."""
    assert ran(HEAPS).stderr.count("Arena ") > 2
    assert ran(HEAPS, "few").stderr.count("Arena ") == 2
