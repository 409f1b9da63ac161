"""What is watched while it runs: CPU when idle and at 1,000 lines a second, and how fresh /metrics is."""

from __future__ import annotations

import bisect
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import logs
from measure import Row, Size, Spread
from ours import Running

__all__ = ["rows"]

IDLE_MUST = 0.005
BUSY_MUST = 0.03
FRESH_MUST_S = 1.5
_WINDOWS = 6
_LINES_PER_SECOND = 1000
_SCRAPE_EVERY_S = 15.0
_LOOK_EVERY_S = 0.025


def rows(size: Size, folder: Path) -> list[Row]:
    """Idle and busy at the same time, then fresh: each an exporter of its own."""
    with ThreadPoolExecutor() as pool:
        idle, few, many = pool.map(
            lambda work: _share(size, folder / work[0], *work[1:]),
            [("idle", logs.tutorial, 0), ("few", logs.tutorial, _LINES_PER_SECOND), ("many", logs.labelled, _LINES_PER_SECOND)],
        )  # fmt: skip
    what = f"for {size.seconds:g} s, a scrape every {_SCRAPE_EVERY_S:g} s, share of a core"
    return [
        Row(f"idle {what}", _percent(idle), must=f"under {IDLE_MUST:.1%}", ok=idle.median < IDLE_MUST),
        *(
            Row(f"{_LINES_PER_SECOND:,} lines/s {what}, {sets}", _percent(busy), must=f"under {BUSY_MUST:.0%}", ok=busy.median < BUSY_MUST)
            for sets, busy in (("5 label sets", few), ("1,000 label sets, all changing every second", many))
        ),
        _freshness(size, folder / "fresh"),
    ]  # fmt: skip


def _now(make: Callable[[int], str]) -> Callable[[int], str]:
    """Lines of now: what an exporter that keeps up reads."""
    return lambda number: logs.at(time.time(), make(number))


def _percent(share: Spread) -> str:
    return share.times(100).show(" %", 2)


def _share(size: Size, home: Path, make: Callable[[int], str], lines_per_second: int) -> Spread:
    """The share of a core in each of some windows."""
    home.mkdir()
    log = logs.write(home / "usage.jsonl", _now(make), 1000)
    window = size.seconds / _WINDOWS
    written, shares = 1000, []
    with Running(home, log) as exporter, log.open("a") as out:
        exporter.until_ready()
        exporter.get("/metrics")
        time.sleep(min(3.0, size.seconds))  # what the start leaves to do
        started = next_scrape = time.monotonic()
        for number in range(_WINDOWS):
            spent, began = exporter.cpu(), time.monotonic()
            while (now := time.monotonic()) < started + (number + 1) * window:
                if now >= next_scrape:
                    exporter.get("/metrics", Accept_Encoding="gzip")
                    next_scrape += _SCRAPE_EVERY_S
                due = 1000 + int((now - started) * lines_per_second)
                if due > written:
                    out.write("\n".join([*map(_now(make), range(written, due)), ""]))
                    out.flush()
                    written = due
                time.sleep(0.02)
            shares.append((exporter.cpu() - spent) / (time.monotonic() - began))
    return Spread(tuple(shares))


def _freshness(size: Size, home: Path) -> Row:
    """From a line's write to its value on /metrics: a line every 40 to 70 ms, /metrics asked every 25 ms."""
    home.mkdir()
    log = logs.write(home / "usage.jsonl", _now(logs.labelled), 1000)
    writes: list[float] = []  # when the line was written that makes the count 1001, 1002 …
    seen: list[tuple[float, float]] = []  # count, when it was there
    stop = threading.Event()

    def write() -> None:
        with log.open("a") as out:
            number = 1000
            while not stop.wait(0.04 + number * 7919 % 30 / 1000):
                # A series that is there already: a new one would be held.
                line = logs.labelled(number % 1000).replace("req-", f"req-{number}-")
                out.write(f"{logs.at(time.time(), line)}\n")
                out.flush()
                writes.append(time.monotonic())
                number += 1

    with Running(home, "--config", _config(home, log)) as exporter:
        exporter.until_ready()
        exporter.until(lambda: exporter.value("llm_requests_total") == 1000)
        writer = threading.Thread(target=write)
        writer.start()
        end = time.monotonic() + size.seconds
        while time.monotonic() < end:
            count = exporter.value("llm_requests_total")
            now = time.monotonic()
            if not seen or count > seen[-1][0]:
                seen.append((count, now))
            time.sleep(_LOOK_EVERY_S)
        stop.set()
        writer.join()
    delays = _delays(writes, seen)
    p99 = statistics.quantiles(delays, n=100, method="inclusive")[98]
    return Row(
        f"freshness: line written to value on /metrics, existing series, {len(delays):,} lines, s",
        f"p99 {p99:.2f}, median {statistics.median(delays):.2f}, most {max(delays):.2f}",
        must=f"p99 under {FRESH_MUST_S:g}",
        ok=p99 < FRESH_MUST_S,
    )


def _delays(writes: list[float], seen: list[tuple[float, float]]) -> list[float]:
    counts = [count for count, _ in seen]
    found = []
    for number, written in enumerate(writes):
        at = bisect.bisect_left(counts, 1001 + number)
        if at < len(seen):
            found.append(seen[at][1] - written)
    return found


def _config(home: Path, log: Path) -> Path:
    """No hold: the first lines are the series, and all that is measured comes after."""
    path = home / "exporter.yml"
    path.write_text(f"new_series_hold: 0s\nsources: [{{paths: ['{log}']}}]\n")
    return path
