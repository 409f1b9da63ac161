"""Write the sample log: real arrival times and token counts, in the shape of an application's own usage log.

    python scripts/sample_log.py FILE                the last 26 hours up to now, then the coming calls as they fall due
    python scripts/sample_log.py FILE --once         the last 26 hours up to now

What it writes is a function of time: the excerpt's hour is replayed in every hour, each time with the next quarter of its rows
(some 700 calls). So a file that is there already is continued after its last line, as if the writer had never stopped, and
no call is ever written under two request ids. sample/README.md says where the numbers come from.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

EXCERPT = Path(__file__).resolve().parent.parent / "sample" / "azure_llm_2023_excerpt.csv"
QUARTERS = 4
HOUR_S = 3600
BACK_HOURS = 26  # so that all of yesterday's last hours, and today, have spend

# The application's own idea of a price, USD per million tokens: (prompt, completion). It knows none for its own model.
OWN_PRICES = {
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4.1": (2.00, 8.00),
    "claude-sonnet-4-5": (3.00, 15.00),
    "gemini-2.5-flash": (0.30, 2.50),
    "acme-code-7b": (0.00, 0.00),
}


@dataclass(frozen=True)
class Caller:
    """An app that makes calls, and the models it uses with their share in percent."""

    app: str
    team: str
    endpoint: str
    models: tuple[tuple[int, str], ...]


CALLERS = {
    "conv": (
        Caller("support-chat", "support", "/api/support/answer", ((60, "gpt-4o-mini"), (40, "claude-sonnet-4-5"))),
        Caller("shop-assistant", "shop", "/api/shop/ask", ((70, "gemini-2.5-flash"), (30, "gpt-4.1"))),
    ),
    "code": (
        Caller(
            "code-review", "platform", "/api/review", ((50, "gpt-4.1"), (40, "claude-sonnet-4-5"), (10, "acme-code-7b"))
        ),
    ),
}


@dataclass(frozen=True)
class Row:
    """One call of the excerpt: arrival in seconds since the start of its hour, and its tokens."""

    number: int
    arrival_s: float
    service: str
    context_tokens: int
    generated_tokens: int


@cache
def excerpt() -> tuple[Row, ...]:
    """The rows of the excerpt, in the order of arrival."""
    with EXCERPT.open(newline="") as source:
        return tuple(
            Row(
                number,
                float(row["arrival_s"]),
                row["service"],
                int(row["context_tokens"]),
                int(row["generated_tokens"]),
            )
            for number, row in enumerate(csv.DictReader(source))
        )


def calls(after: float) -> Iterator[tuple[float, Row]]:
    """All calls after the time `after` (epoch seconds), without end, in order: (time, row)."""
    hour = int(after // HOUR_S)
    while True:
        for row in excerpt():
            when = round(hour * HOUR_S + row.arrival_s, 3)
            if row.number % QUARTERS == hour % QUARTERS and when > after:
                yield when, row
        hour += 1


def bare_line(when: float, row: Row) -> str:
    """The call as a JSON line, without a newline."""
    dice = zlib.crc32(f"{row.number}".encode())
    callers = CALLERS[row.service]
    caller = callers[dice % len(callers)]
    model = _share(caller.models, dice // 7 % 100)
    prompt_price, completion_price = OWN_PRICES[model]
    return json.dumps(
        {
            "timestamp": when,
            "model": model,
            "prompt_tokens": row.context_tokens,
            "completion_tokens": row.generated_tokens,
            "total_tokens": row.context_tokens + row.generated_tokens,
            "cost_usd": round((row.context_tokens * prompt_price + row.generated_tokens * completion_price) / 1e6, 6),
            "request_id": f"req-{int(when) // HOUR_S:06x}{row.number:04x}",
            "user_id": f"user-{dice // 701 % 40:02d}",
            "endpoint": caller.endpoint,
            "app": caller.app,
            "team": caller.team,
        }
    )


def line(when: float, row: Row) -> str:
    """The call as a line of the log, behind what Python's logging writes before it, without a newline."""
    at = datetime.fromtimestamp(when, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S},{round(when * 1000) % 1000:03d} - api_proxy - INFO - {bare_line(when, row)}"


def last_time(path: Path) -> float | None:
    """The time of the last whole line of the log at `path`; None where there is none. A torn last line is ended."""
    try:
        with path.open("r+b") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - 65536))
            whole, newline, torn = log.read().rpartition(b"\n")
            if torn:
                log.write(b"\n")
    except FileNotFoundError:
        return None
    return float(json.loads(whole.rpartition(b"\n")[2].partition(b" - INFO - ")[2])["timestamp"]) if newline else None


def catch_up(path: Path, now: float) -> float:
    """Append all calls up to `now` that the log at `path` does not have, the last 26 hours at most; gives the time reached."""
    after = max(last_time(path) or 0.0, now - BACK_HOURS * HOUR_S)
    with path.open("a") as log:
        for when, row in calls(after):
            if when > now:
                break
            log.write(line(when, row) + "\n")
            after = when
    return after


def follow(path: Path, stop: threading.Event) -> None:
    """Catch up, then append each call when it falls due, until `stop` is set."""
    after = catch_up(path, time.time())
    for when, row in calls(after):
        while (wait := when - time.time()) > 0:
            if stop.wait(min(wait, 60.0)):
                return
        with path.open("a") as log:
            log.write(line(when, row) + "\n")


def _share(models: tuple[tuple[int, str], ...], percent: int) -> str:
    for share, model in models:
        if percent < share:
            return model
        percent -= share
    raise AssertionError("the shares of a caller's models add up to 100")


def main() -> None:
    """Write the log that the command line asks for."""
    parser = argparse.ArgumentParser(description="Write the sample log.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--once", action="store_true", help="end when it is up to date")
    asked = parser.parse_args()
    if asked.once:
        catch_up(asked.file, time.time())
    else:
        follow(asked.file, threading.Event())


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
