"""Save: what one takes, and what it does to a scrape that comes meanwhile."""

from __future__ import annotations

import statistics
import threading
import time
import zlib
from pathlib import Path

from measure import Row, Size, Spread
from scrape import SAMPLES_PER_SET
from state import State

__all__ = ["rows"]

MUST_MS = 50.0
BUSY_CALLS = 1000
SCRAPED = 10_000  # samples


def rows(size: Size, folder: Path) -> list[Row]:
    """Saves of ever more changes, then scrapes beside saves."""
    big = State(folder / "save", size.series)
    few = min(BUSY_CALLS, size.series)
    sets = max(1, size.series // SAMPLES_PER_SET)
    found = [
        _save(size, big, sets, f"save: {sets * SAMPLES_PER_SET:,} of the exposition's series changed ({sets:,} label sets), ms"),
        _save(size, big, few, f"save: {size.series:,} label sets, {few:,} of them changed (a busy second), ms"),
        _save(size, big, size.series, f"save: {size.series:,} label sets, all changed at once, ms", judged=False),
    ]  # fmt: skip
    big.close()
    return [*found, _held_up(size, folder)]


def _save(size: Size, state: State, changed: int, what: str, *, judged: bool = True) -> Row:
    taken = []
    for _ in range(2 * size.rounds):
        state.call(changed)
        started = time.perf_counter()
        state.save()
        taken.append(1000 * (time.perf_counter() - started))
    spread = Spread(tuple(taken))
    return Row(
        what,
        spread.show(digits=1),
        must=f"under {MUST_MS:g}" if judged else "",
        ok=spread.median < MUST_MS if judged else None,
    )


def _held_up(size: Size, folder: Path) -> Row:
    """Scrapes of 10,000 samples, alone and while another thread saves all of it again and again."""
    sets = max(1, min(SCRAPED, size.samples[-1]) // SAMPLES_PER_SET)
    state = State(folder / "held-up", sets)
    exposition = state.exposition()
    rounds = 40 * size.rounds

    def scrapes() -> list[float]:
        taken = []
        for _ in range(rounds):
            started = time.perf_counter()
            exposition.render("text/plain", zlib.compressobj(1).compress)
            taken.append(1000 * (time.perf_counter() - started))
            time.sleep(0.003)
        return taken

    alone = scrapes()
    stop = threading.Event()
    saves: list[float] = []

    def save() -> None:
        while not stop.is_set():
            state.call(sets)
            started = time.perf_counter()
            state.save()
            saves.append(1000 * (time.perf_counter() - started))

    saver = threading.Thread(target=save)
    saver.start()
    beside = scrapes()
    stop.set()
    saver.join()
    state.close()
    p99 = statistics.quantiles(beside, n=100, method="inclusive")[98]
    return Row(
        f"save: a scrape of {sets * SAMPLES_PER_SET:,} samples while saves follow one another, ms",
        f"p99 {p99:.1f}, median {statistics.median(beside):.1f}",
        f"no save meanwhile {statistics.median(alone):.1f}; {len(saves):,} saves of {statistics.median(saves):.1f}",
        must=f"p99 under {MUST_MS:g} more than alone",
        ok=p99 - statistics.median(alone) < MUST_MS,
    )
