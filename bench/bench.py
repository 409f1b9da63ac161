"""Everything that issue and README promise of speed and memory, measured beside its peer or floor.

make bench                 all of it (some 15 minutes), printed and written to bench/RESULTS.md
make bench QUICK=1         the same in small, which shows that it works and measures nothing; nothing is written
make bench PARTS=scrape,save        some of it, printed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import backlog
import everyformat
import live
import memory
import save
import scrape
import start
from machine import machine
from measure import LONG, QUICK, Row, Size

__all__ = ["PARTS", "main", "measured", "text_of"]

RESULTS = Path(__file__).with_name("RESULTS.md")
BOUNDS = Path(__file__).with_name("bounds.md")

PARTS: dict[str, Callable[[Size, Path], list[Row]]] = {
    "backlog": backlog.rows,
    "memory": memory.rows,
    "live": live.rows,
    "scrape": scrape.rows,
    "start": start.rows,
    "save": save.rows,
    "formats": everyformat.rows,
}


def main(arguments: list[str]) -> int:
    """Measure, print, and (all of it, in the long form) write."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="show that all of it works; measures nothing")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of " + ",".join(PARTS))
    chosen = parser.parse_args(arguments)
    size, names = QUICK if chosen.quick else LONG, chosen.parts.split(",")
    if not set(names) <= set(PARTS):
        parser.error(f"--parts: some of {','.join(PARTS)} would be right")
    started = time.monotonic()
    found = measured(size, names)
    text = text_of(size, found, time.monotonic() - started)
    print(text)
    if size is LONG and len(found) == len(PARTS):
        RESULTS.write_text(text)
    return 0


def measured(size: Size, names: list[str]) -> dict[str, list[Row]]:
    """The rows of some parts; what each is at is said on standard error."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        for name in names:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            folder = Path(made) / name
            folder.mkdir()
            found[name] = PARTS[name](size, folder)
    return found


def text_of(size: Size, found: dict[str, list[Row]], seconds: float) -> str:
    """RESULTS.md."""
    head = [
        "# Results of `make bench`",
        "",
        f"Written by `make bench` ({size.name} form, {seconds / 60:.0f} min); don't edit. Medians of {size.rounds} rounds or more, lowest and highest in brackets.",
        "Each figure stands beside its peer's or floor's of the same rounds. Rates are lines a second of CPU time of one core, start included unless said.",
        "",
        *machine(),
        "",
    ]
    rows = [row for name, part in found.items() if name != "formats" for row in part]
    if rows:
        head += [
            "| what | measured | beside | ratio | must reach | reached |",
            "|---|---|---|---|---|---|",
            *(
                f"| {row.what} | {row.measured} | {row.beside} | {row.ratio} | {row.must} | {_yes(row.ok)} |"
                for row in rows
            ),
            "",
        ]
    if "formats" in found:
        head += _formats(size, found["formats"])
    return "\n".join([*head, BOUNDS.read_text()])


def _formats(size: Size, rows: list[Row]) -> list[str]:
    return [
        "## Every built-in format",
        "",
        f"`report` over {size.format_lines:,} lines of each, its start taken off. At least {everyformat.MUST:,} lines/s, or the reason.",
        "",
        "| format | lines/s | line | reached | reason |",
        "|---|---|---|---|---|",
        *(f"| {row.what} | {row.measured} | {row.beside} | {_yes(row.ok)} | {row.must} |" for row in rows),
        "",
    ]


def _yes(ok: bool | None) -> str:
    return "" if ok is None else "yes" if ok else "no"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
