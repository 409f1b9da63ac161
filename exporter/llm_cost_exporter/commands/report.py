"""`report`: what a log cost, read once and summed up."""

from __future__ import annotations

import gc
import logging
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from llm_cost_exporter import config as configuration
from llm_cost_exporter import times
from llm_cost_exporter.accounting import Accountant, Taken
from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.commands import report_output
from llm_cost_exporter.commands.files import for_files
from llm_cost_exporter.commands.options import NAMED, as_source
from llm_cost_exporter.commands.progress import Progress
from llm_cost_exporter.config import Config, LabelConfig, SourceConfig
from llm_cost_exporter.dedup import Ids
from llm_cost_exporter.errors import UsageError
from llm_cost_exporter.pipeline import entry_reader
from llm_cost_exporter.prices.opening import open_book
from llm_cost_exporter.quick.reading import QuickLines
from llm_cost_exporter.reporting import TIME_KEYS, Group, Report
from llm_cost_exporter.source import TooLong, WholeFile, copies, find_whole, read_all
from llm_cost_exporter.types import KINDS, Rejected, Usage

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["command"]

_ALSO = {"user": ("user", "user_id", "end_user", "metadata.user_id")}
_COLUMNS = {"requests", "failures", "tokens", "cost_usd", "reported_cost_usd", *(f"{kind}_tokens" for kind in KINDS)}
_AGO = re.compile(r"(\d+)([mhdw])")
_TOO_LONG = Rejected("too_long")
_LOG = logging.getLogger("llm_cost_exporter")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.command("report")
@click.argument("files", metavar="FILE|-...", nargs=-1, required=True)
@click.option(
    "--config", "config_file", type=NAMED, metavar="FILE", help="Configuration for formats, labels and prices."
)
@as_source
@click.option(
    "--timezone", metavar="TZ", help="Whose days and hours (IANA name; default: the configuration's, else UTC)."
)
@click.option(
    "--since", metavar="T", help="Only calls from this time on: 2026-01-31, 2026-01-31T08:00, or 24h, 7d ago."
)
@click.option("--until", metavar="T", help="Only calls before this time.")
@click.option(
    "--by",
    metavar="KEYS",
    default="",
    help="Also group by these, separated by commas: date, month, hour, or any label.",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Beside what is computed, what the records themselves say, and the models where they differ.",
)
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def command(
    files: tuple[str, ...],
    config_file: str | None,
    source: int | None,
    timezone: str | None,
    since: str | None,
    until: str | None,
    by: str,
    compare: bool,
    form: str,
) -> None:
    """What the FILEs cost, by provider and model. `-` is standard input; .gz is read too, but for the copy of a FILE beside it."""
    keys = [key for key in (part.strip() for part in by.split(",")) if key and key not in ("provider", "model")]
    taken = next((key for key in keys if key in _COLUMNS), None)
    if taken is not None:
        raise UsageError(
            f"--by {taken}: the report has a column of that name; date, month, hour or a label would be right"
        )
    find_whole(files)  # a FILE that can't be read is told in its own words
    settings, guessed = _settings(files, config_file, source, keys)
    try:
        calendar = times.Calendar(timezone or settings.timezone)
    except ValueError as bad:
        raise UsageError(f"--timezone: {bad}") from bad
    clock = SystemClock()
    now = clock.wall()
    begins = _when("--since", since, calendar.zone, now, float("-inf"))
    ends = _when("--until", until, calendar.zone, now, float("inf"))
    if begins >= ends:
        raise UsageError(f"--until {until!r}: is not after --since {since!r}; no call can be between them")
    report = Report(list(dict.fromkeys(keys)), settings.label_names, calendar, begins, ends, compare=compare)
    book = open_book(settings)
    gc.freeze()  # what is there now stays: no collection need look through it again
    whole = _read(settings, report, Accountant(book, Ids(settings.dedup.window, settings.dedup.max_age), report), clock)
    if form == "json":
        click.echo(report_output.as_json(report))
    elif form == "csv":
        click.echo(report_output.as_csv(report), nl=False)
    else:
        report_output.print_table(report, sys.stdout)
    rows = report.rows()
    for at, key in enumerate(report.keys):
        if key in guessed and rows and not any(row.keys[at] for row in rows):
            click.echo(f"--by {key}: no record has it", err=True)
    if not whole:
        raise click.exceptions.Exit(1)  # what could be read is shown, what could not was said


def _settings(
    files: tuple[str, ...], config_file: str | None, source: int | None, keys: list[str]
) -> tuple[Config, list[str]]:
    """Also which of the keys are no labels of the configuration, but looked for in the records under their own names."""
    base = configuration.load(config_file, sources_needed=False) if config_file else None
    settings = for_files(files, base=base, source=source)
    unknown = [key for key in keys if key not in TIME_KEYS and key not in settings.label_names]
    labels = dict(settings.labels)
    for key in unknown:
        labels[key] = LabelConfig(paths=_ALSO.get(key, (key,)))
    return settings.model_copy(update={"labels": labels}), unknown


def _when(option: str, text: str | None, zone: tzinfo, now: float, default: float) -> float:
    if text is None:
        return default
    ago = _AGO.fullmatch(text)
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]].total_seconds()
    when = times.parse(text, zone)
    if when is None:
        raise UsageError(f"{option} {text!r}: no time; 2026-01-31, 2026-01-31T08:00 or 24h (ago) would be right")
    return when


def _read(settings: Config, report: Report, accountant: Accountant[Group], clock: SystemClock) -> bool:
    """Read all files to their ends and post what they hold. False: of some not all could be read."""
    whole = True
    seen: set[tuple[int, int]] = set()
    files = [(entry, file) for entry in settings.sources for file in find_whole(entry.paths, seen)]
    copied = copies(file for _, file in files)
    for copy, original in copied.items():
        _LOG.warning("%s: left out, its content is that of %s", copy, original)
    files = [(entry, file) for entry, file in files if file.path not in copied]
    with Progress(sum(file.size for _, file in files)) as progress:
        for entry, file in files:
            whole = _read_file(file, entry, settings, report, accountant, clock, progress) and whole
    return whole


def _read_file(
    file: WholeFile, entry: SourceConfig, settings: Config, report: Report, accountant: Accountant[Group], clock: SystemClock,
    progress: Progress,
) -> bool:  # fmt: skip
    scope, trust = entry.name, entry.trust_reported

    def take(usage: Usage) -> Taken:
        return accountant.take(usage, scope, trust_reported=trust)

    reader, done = entry_reader(settings, entry).file(file.path), 0
    quick = QuickLines(reader, accountant.posting, scope)
    for piece in read_all([file], settings.limits.line_bytes, log=_LOG):
        now = clock.wall()
        if not trust:
            report.lines_passed(0, quick.leave_out(piece))
            quick.begin(piece.lines, now, piece.mtime)
        lines, at = piece.lines, 0
        number = len(lines)
        while at < number:
            if not trust:
                posted, noise = quick.advance(at)
                if posted or noise:
                    report.lines_passed(posted, noise)
                    at += posted + noise
                    if at == number:
                        break
            line = lines[at]
            outcome = (
                _TOO_LONG if isinstance(line, TooLong) else reader.read(line, piece.offset_of(at), piece.mtime, now)
            )
            report.line(outcome, take)
            if not trust:
                quick.learn(at, outcome)
            at += 1
        quick.end()
        for usage in reader.overdue(piece.end):
            take(usage)
        if piece.last_of_file:
            for usage in reader.finish(piece.mtime, now):
                take(usage)
        progress.advance(piece.taken - done)
        done = piece.taken
        if piece.damaged:
            return False
    return True
