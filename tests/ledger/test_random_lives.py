"""Any life of an exporter ends where one clean read of its log ends, and no scrape of it ever sees a counter go back.

The model below is a second opinion: a few lines that know nothing of ledgers, saves or holds.
"""

import random
import shutil
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llm_cost_exporter.config import Config
from llm_cost_exporter.ledger import day_view
from llm_cost_exporter.ledger.store import UnreadableError
from tests.kit import NOON, FakeClock
from tests.ledger.faults import Process, line, make_faulty

WINDOW = 40
CONFIG = Config.model_validate({"dedup": {"window": WINDOW, "max_age": "24h"}})
MICRO = 10**18
Call = tuple[str, float, tuple[int, int], str | None, str]


def price(model: str, tokens: tuple[int, int]) -> int | None:
    """What the kit's prices make of a call."""
    if model.startswith("mystery"):
        return None
    return (tokens[0] + 2 * tokens[1]) * MICRO * (2 if tokens[0] > 1000 else 1)


def clean_read(calls: list[Call]) -> dict[tuple[str, ...], int]:
    """Requests, tokens and dollars by model and app, dollars by day, tokens without a price by model."""
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    known: dict[str, list[object]] = {}  # id -> model, app, time, largest tokens
    order: list[str] = []
    for model, when, tokens, call, app in calls:
        first, before = (model, when, app), (0, 0)
        kept = known.get(call) if call is not None else None
        if kept is not None and abs(when - kept[1]) <= 86_400:  # type: ignore[operator]
            first, before = (kept[0], kept[1], kept[2]), kept[3]  # type: ignore[assignment]
            after = (max(before[0], tokens[0]), max(before[1], tokens[1]))
            kept[3] = after
        else:
            sums["requests", model, app] += 1
            after = tokens
            if call is not None:
                known[call] = [model, when, app, tokens]
                if call in order:
                    order[order.index(call)] = ""  # its older place in the window is void
                order.append(call)
                if len(order) > WINDOW and (gone := order.pop(0)):
                    del known[gone]
        whose, at, where = first
        sums["input", whose, where] += after[0] - before[0]
        sums["output", whose, where] += after[1] - before[1]
        now, then = price(whose, after), price(whose, before)
        if now is None or then is None:
            sums["unpriced", whose] += sum(after) - sum(before)
        else:
            sums["usd", whose, where] += now - then
            sums["day", datetime.fromtimestamp(at, UTC).date().isoformat()] += now - then
    return {key: value for key, value in sums.items() if value}


def counted(process: Process) -> dict[tuple[str, ...], int]:
    """The same sums, from the state on disk."""
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    process.kill()
    clock = process.clock.now
    process.clock.now = 0  # so that every set is loaded, however long it has been idle
    process.start()
    process.clock.now = clock
    for account in process.ledger.alive("series"):
        _, model, app, _ = account.labels
        sums["requests", model, app] += sum(s.value for s in account.requests.values())
        sums["usd", model, app] += sum(s.value for s in account.usd.values())
        for kind, sample in account.tokens.items():
            sums[kind, model, app] += sample.value
    for account in process.ledger.alive("pair"):
        sums["unpriced", account.labels[1]] += sum(s.value for s in account.families["unpriced_tokens"].values())
    for _, date, _, usd in process.saver.store.all_days():
        sums["day", date] += int(usd)
    return {key: value for key, value in sums.items() if value}


def live(folder: Path, seed: int, steps: int) -> None:
    choose = random.Random(seed)
    clock = FakeClock()
    calls: list[Call] = []
    lines: list[bytes] = []
    process = Process(folder, CONFIG, clock, lines)
    faulty = make_faulty(process.saver.store)
    faulty.choose = choose
    seen: dict[tuple[str, ...], int] = {}
    for _ in range(steps):
        what = choose.random()
        if what < 0.35:
            for _ in range(choose.randrange(1, 12)):
                call: Call = (
                    choose.choice(["gpt", "gpt", "claude", "mystery"]),
                    round(NOON - choose.choice([0, 0, 100, 4000, choose.uniform(0, 40 * 86_400)]), 3),
                    (choose.choice([1, 500, 1000, 1001, 5000]), choose.randrange(1, 50)),
                    choose.choice([None, str(choose.randrange(60))]),
                    choose.choice(["a", "b", "c"]),
                )
                if call[3] is not None and any(old[3] == call[3] and old[0] != call[0] for old in calls):
                    continue  # a repeat names the same model
                calls.append(call)
                lines.append(line(*call))
        elif what < 0.6:
            process.pipeline.step()
        elif what < 0.8:
            if process.saver.save() and process.ledger.sweep(clock.now):
                process.pipeline.forget_routes()
        elif what < 0.85:
            faulty.reads, faulty.writes = choose.choice([(0, 0), (0.3, 0), (0, 0.2), (0.2, 0.1), (1, 1)])
        elif what < 0.92:
            seconds = choose.choice([0.5, 30, 100, 26 * 3600])
            clock.pass_(seconds)
            process.ledger.release(clock.monotonic() - CONFIG.new_series_hold)
        elif what < 0.94:
            clock.now = max(NOON - 80_000, clock.now + choose.choice([-3600, -72_000, 3600]))  # the clock is set
        elif what < 0.96:
            if not (folder / "state.db").exists():
                seen.clear()  # removed and killed before the next save: this state is lost, and it says so
            process.kill()
            process.start()
            faulty = make_faulty(process.saver.store)
            faulty.choose = choose
        elif what < 0.965 and not process.ledger.in_backlog:
            shutil.rmtree(folder, ignore_errors=True)
        elif not process.pipeline.step():
            process.become_ready()
        for series, value in process.public().items():
            assert value >= seen.get(series, 0), (seed, series)
            seen[series] = value
        try:
            view = day_view(process.ledger, clock.now)
        except UnreadableError:
            continue
        assert all(usd >= 0 for _, amounts in view.days for _, usd in amounts)
    faulty.reads = faulty.writes = 0
    while process.log.file.position.done_until < len(lines):
        process.pipeline.step()
    assert process.saver.save()
    for name, start in (("2025-12", "2025-12-01"), ("2026-01", "2026-01-01")):
        month = sum(process.ledger.days.in_month(name).values())
        days = sum(value for key, value in clean_read(calls).items() if key[0] == "day" and key[1][:7] == start[:7])
        assert month == days, seed
    assert counted(process) == clean_read(calls), seed
    process.kill()


@pytest.mark.parametrize("seed", range(8))
def test_every_life_ends_where_a_clean_read_ends(tmp_path, seed):
    """Saves that fail, reads without answer, kills, removed directories, clocks that are set: the sums are those of the log."""
    live(tmp_path / "state", seed, 250)
