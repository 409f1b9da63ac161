"""`state show|export|move`: what a state directory holds, and how it gets to another place."""

from __future__ import annotations

import csv
import logging
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from llm_cost_exporter import config as configuration
from llm_cost_exporter import money
from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.commands.options import NAMED
from llm_cost_exporter.commands.report_output import usd
from llm_cost_exporter.errors import ExporterError, UsageError
from llm_cost_exporter.ledger import StateDir
from llm_cost_exporter.ledger.reading import Contents, read_contents

__all__ = ["command"]

_DAYS_SHOWN = 14
_DATABASE = ("state.db", "state.db-wal", "state.db-shm", "state.db-journal")


@click.group("state")
def command() -> None:
    """What a state directory holds."""


def _directory(directory: str | None, config_file: str | None) -> Path:
    if directory is not None:
        return Path(directory)
    if config_file is not None:
        return configuration.load(config_file, sources_needed=False).state_dir
    raise UsageError("state: a DIR or --config FILE is needed")


@command.command("show")
@click.argument("directory", metavar="[DIR]", required=False)
@click.option("--config", "config_file", type=NAMED, metavar="FILE", help="Take the state_dir of this configuration.")
def show(directory: str | None, config_file: str | None) -> None:
    """A summary: whose ledger, totals, the last days, files and positions. The exporter may go on running."""
    from rich.console import Console
    from rich.table import Table

    contents = read_contents(_directory(directory, config_file))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    stats = contents.stats
    console.print(f"ledger   {contents.ledger or 'none yet'}", markup=False)
    console.print(f"total    {usd(contents.total())} in {len(contents.series)} label sets", markup=False)
    console.print(
        f"lines    {stats.get('lines_read', 0):,} read, {stats.get('lines_skipped', 0):,} without usage,"
        f" {sum(stats.get('rejected', {}).values()):,} rejected, {stats.get('duplicates', 0):,} repeats",
        markup=False,
    )
    console.print(f"ids      {contents.ids:,} calls remembered", markup=False)
    days = Table("zone", "day", box=None, pad_edge=False)
    days.add_column("spent", justify="right")
    for (zone, date), amount in list(_by_day(contents).items())[-_DAYS_SHOWN:]:
        days.add_row(zone, date, usd(amount))
    console.print(days)
    files = Table("file", box=None, pad_edge=False)
    files.add_column("read to byte", justify="right")
    files.add_column("newest call")
    for file in contents.files:
        if not file.get("path"):
            continue  # a note of a pattern, no file
        when = file.get("previous_time")
        newest = (
            datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(when, (int, float)) else "-"
        )
        files.add_row(str(file.get("path", "?")), f"{file.get('done_until') or file.get('offset', 0):,}", newest)
    console.print(files)


@command.command("export")
@click.argument("directory", metavar="[DIR]", required=False)
@click.option("--config", "config_file", type=NAMED, metavar="FILE", help="Take the state_dir of this configuration.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="csv: the days alone.",
)
def export(directory: str | None, config_file: str | None, form: str) -> None:
    """Everything, exact: totals by label set, dollars by day, positions. The exporter may go on running."""
    contents = read_contents(_directory(directory, config_file))
    if form == "json":
        click.echo(orjson.dumps(contents.as_json(), option=orjson.OPT_INDENT_2))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["zone", "date", *contents.label_names, "cost_usd"])
    for zone, date, labels, amount in contents.days:
        writer.writerow([zone, date, *labels, money.plain(amount)])


@command.command("move")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def move(source: str, target: str) -> None:
    """Move a state directory's state, positions and identity to another directory. The exporter must be stopped."""
    old, new = Path(source), Path(target)
    if not (old / "state.db").is_file():
        raise UsageError(f"{old}: no state there; the state_dir of an exporter would be right")
    # SQLite would take a log that was left over for this database's.
    if any((new / name).exists() for name in _DATABASE):
        raise UsageError(f"{new}: there is a state already; an empty directory would be right")
    log, clock = logging.getLogger("llm_cost_exporter"), SystemClock()
    here, there = StateDir(old, log, clock), StateDir(new, log, clock)
    here.take()
    try:
        there.take()
        try:
            _copy(old, new)
        finally:
            there.release()
        for name in (*_DATABASE, "ledger.json", "catalogue.json"):
            (old / name).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as bad:
        raise ExporterError(f"{old}: can't be moved to {new}: {bad}; nothing was removed") from bad
    finally:
        here.release()
    click.echo(f"moved to {new}")


def _copy(old: Path, new: Path) -> None:
    source, copy = sqlite3.connect(old / "state.db"), sqlite3.connect(new / "state.db.new")
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()
    for name in ("ledger.json", "catalogue.json"):
        if (old / name).exists():
            shutil.copy2(old / name, new / name)
    (new / "state.db.new").replace(new / "state.db")


def _by_day(contents: Contents) -> dict[tuple[str, str], int]:
    days: dict[tuple[str, str], int] = {}
    for zone, date, _, amount in contents.days:
        days[zone, date] = days.get((zone, date), 0) + amount
    return days
