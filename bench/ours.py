"""The exporter under measure: `report` and `run` as users start them."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from measure import PYTHON, cpu_seconds, one_core, ran, rss_mib

__all__ = ["Running", "report_cpu"]

_EXPORTER = (PYTHON, "-m", "llm_cost_exporter")


def report_cpu(log: Path, lines: int, calls: int | None) -> float:
    """CPU seconds of `report` on all of `log`, start included; it must read `lines` lines with `calls` calls (None: some)."""
    done = ran([*_EXPORTER, "report", log, "--format", "json"])
    said = json.loads(done.out)
    if (
        said["lines"] != lines
        or said["rejected"]
        or (said["requests"] != calls if calls is not None else not said["requests"])
    ):
        raise SystemExit(
            f"bench: report read {said['lines']} lines with {said['requests']} calls, rejected {said['rejected']} in {log}"
        )
    return done.cpu_s


class Running:
    """`run` on one core, in a folder of its own; `with` ends it."""

    def __init__(
        self, folder: Path, *arguments: str | Path, python_options: tuple[str, ...] = (), stderr: Path | None = None
    ) -> None:
        self.port = _free_port()
        self.started = time.perf_counter()
        log = (stderr or folder / "exporter.stderr").open("wb")
        with log:
            self.process = subprocess.Popen(
                [
                    PYTHON,
                    *python_options,
                    *_EXPORTER[1:],
                    "run",
                    "--listen",
                    f"127.0.0.1:{self.port}",
                    "--state-dir",
                    folder / "state",
                    *arguments,
                ],
                stderr=log,
            )
        one_core(self.process.pid)
        self._client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, bad: BaseException | None, where: TracebackType | None
    ) -> None:
        self._client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu(self) -> float:
        return cpu_seconds(self.pid)

    def rss(self) -> float:
        return rss_mib(self.pid)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of one request on a connection that is kept."""
        self._client.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = self._client.getresponse()
        return answer.status, answer.read()

    def value(self, name: str) -> float:
        """The sum over all series of `name` on /metrics, asked for compressed, as Prometheus does."""
        pattern = rb"^%s(?:\{.*\})? (\S+)$" % re.escape(name.encode())
        body = self.get("/metrics", Accept_Encoding="gzip")[1]
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        return sum(float(value) for value in re.findall(pattern, text, re.MULTILINE))

    def until(self, reached: Callable[[], bool], every: float = 0.02, within: float = 1200.0) -> float:
        """Wait; the seconds since the start of the process when `reached` was true."""
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"bench: the exporter ended with {self.process.returncode}")
            try:
                if reached():
                    return time.perf_counter() - self.started
            except (OSError, http.client.HTTPException):
                self._client.close()
            if time.perf_counter() - self.started > within:
                raise SystemExit(f"bench: not within {within:g} s")
            time.sleep(every)

    def until_ready(self, every: float = 0.02) -> float:
        """Wait until the backlog is read."""
        return self.until(lambda: self.get("/-/ready")[0] == 200, every)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
