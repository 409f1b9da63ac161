"""What `make run` does: serve the sample log, which grows while it runs, or a log of one's own.

    python scripts/run_sample.py [--listen HOST:PORT] [--log FILE] [--home DIR]

State and sample log are kept in .run/ (--home), so that a second run goes on where the first one ended. Ctrl-C ends it all.
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import sample_log

HOME = Path(__file__).resolve().parent.parent / ".run"
COMMAND = Path(sys.executable).with_name("llm-cost-exporter")


def main() -> int:
    """Run until Ctrl-C; the exporter's own exit status where it ends by itself."""
    parser = argparse.ArgumentParser(description="Serve the sample log, or a log of your own.")
    parser.add_argument("--listen", default="127.0.0.1:9478", help="HOST:PORT")
    parser.add_argument("--log", type=Path, help="a log of your own (default: the sample)")
    parser.add_argument("--home", type=Path, default=HOME, help="where state and sample log are kept")
    asked = parser.parse_args()
    if problem := taken(asked.listen):
        print(f"make run: {problem}", file=sys.stderr)
        return 1
    own = asked.log.resolve() if asked.log else None
    home = asked.home / (hashlib.sha256(str(own).encode()).hexdigest()[:12] if own else "sample")
    log = own or home / "usage.log"
    if own is None:
        home.mkdir(parents=True, exist_ok=True)
        sample_log.catch_up(log, time.time())
        threading.Thread(target=sample_log.follow, args=(log, threading.Event()), daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    exporter = subprocess.Popen([COMMAND, "run", log, "--listen", asked.listen, "--state-dir", home / "state"])
    try:
        if wait_ready(exporter, asked.listen):
            print(welcome(asked.listen, log, sample=own is None), flush=True)
        return exporter.wait()
    except KeyboardInterrupt:
        exporter.terminate()  # it has had the Ctrl-C too, unless it was sent to this process alone
        exporter.wait(timeout=30)
        print("\nstopped; the next `make run` goes on from here")
        return 0


def taken(listen: str) -> str | None:
    """Why the exporter could not listen on `listen` (HOST:PORT), in one line; None where it can."""
    host, _, port = listen.rpartition(":")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]") or None, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as bad:
        return f"can't listen on {listen} ({bad.strerror}); choose another port: make run LISTEN=127.0.0.1:9479"
    return None


def wait_ready(exporter: subprocess.Popen[bytes], listen: str) -> bool:
    """Wait until the exporter has read what is there; False where it ended instead."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while exporter.poll() is None:
        try:
            with direct.open(f"http://{page(listen)}/-/ready", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def page(listen: str) -> str:
    """`listen` as an address to open on this machine."""
    host, _, port = listen.rpartition(":")
    return f"localhost:{port}" if host in ("", "0.0.0.0", "[::]", "127.0.0.1") else listen


def welcome(listen: str, log: Path, *, sample: bool) -> str:
    """What to open, and how to go on with one's own log."""
    what = "the sample log, which grows by a call every few seconds" if sample else "your log"
    return f"""
  Serving {what}: {log}

    http://{page(listen)}/           what was spent today and this month, by model and app
    http://{page(listen)}/metrics    the same for Prometheus

  Your own log instead:  make run LOG=/path/to/usage.jsonl
  Without make:          {COMMAND} run /path/to/usage.jsonl --state-dir /path/to/keep/state
  Ctrl-C ends it.
"""


if __name__ == "__main__":
    sys.exit(main())
