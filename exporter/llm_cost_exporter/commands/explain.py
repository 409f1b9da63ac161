"""`explain`: how each line of a log is read and priced, or why it is not."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import click
from rich.console import Console
from rich.text import Text

from llm_cost_exporter import config as configuration
from llm_cost_exporter import money
from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.commands.files import for_files
from llm_cost_exporter.commands.options import NAMED, as_source
from llm_cost_exporter.config import Config, SourceConfig
from llm_cost_exporter.nesting import Chain
from llm_cost_exporter.pipeline import entry_reader
from llm_cost_exporter.prices.opening import open_book
from llm_cost_exporter.record import Outcome, RecordReader
from llm_cost_exporter.source import TooLong, find_whole, read_all
from llm_cost_exporter.tariffs import FEE, Tariffs, total_input
from llm_cost_exporter.types import METERS, Part, Rejected, Skip, Usage

__all__ = ["command"]

_LOG = logging.getLogger("llm_cost_exporter")
_MOST_IDS = 100_000
_MILLION = 1_000_000
_WHY = {
    "bad_json": "it begins like a JSON object, or has one with a sign of usage, and can't be decoded",
    "bad_count": "a count of tokens is no whole number from 0 to 10,000,000,000",
    "too_long": "it is longer than limits.line_bytes",
    "too_deep": "it is nested too deep to be decoded",
    "bad_time": "it has a time, and none of its times can be read",
}
_TIME_SOURCES = {
    "record": "of the record",
    "envelope": "of what wraps the record",
    "previous line": "of an earlier line: this one has none",
    "file": "of the file: no line so far has one",
}
_TTL = {"cache_write_5m": "cache_write (5 minutes)", "cache_write_1h": "cache_write (1 hour)"}


@click.command("explain")
@click.argument("file", metavar="FILE|-")
@click.option(
    "--config", "config_file", type=NAMED, metavar="FILE", help="Configuration for formats, labels and prices."
)
@as_source
def command(file: str, config_file: str | None, source: int | None) -> None:
    """How each line of FILE is read and priced, or why not. `-` is standard input; .gz is read too.

    Shown are formats, the keys that usage was found under, ids, models, times, labels, counts and costs; of messages nothing is ever shown.
    """
    base = configuration.load(config_file, sources_needed=False) if config_file else None
    settings = for_files([file], base=base, source=source)
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, soft_wrap=True, color_system=None)
    explainer = _Explainer(settings, console)
    for entry in settings.sources:
        explainer.explain(entry)
    if not explainer.read_whole:
        raise click.exceptions.Exit(1)


class _Explainer:
    """Prints what became of each line."""

    def __init__(self, settings: Config, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._tariffs: Tariffs[None] = Tariffs(open_book(settings))
        self._lines_of_ids: dict[str, int] = {}
        self.read_whole = True

    def explain(self, entry: SourceConfig) -> None:
        readers, clock = entry_reader(self._settings, entry), SystemClock()
        for file in find_whole(entry.paths):
            reader, number = readers.file(file.path), 0
            for piece in read_all([file], self._settings.limits.line_bytes, log=_LOG):
                now = clock.wall()
                for number, (offset, line) in enumerate(piece.items(), number + 1):  # noqa: B020 - counts on
                    if isinstance(line, TooLong):
                        self._show(number, Rejected("too_long", f"{line.length} bytes"), None)
                    else:
                        self._show(number, reader.read(line, offset, piece.mtime, now), reader)
                self._show_late(reader.overdue(piece.end))
                self.read_whole = self.read_whole and not piece.damaged
                if piece.last_of_file:
                    self._show_late(reader.finish(piece.mtime, now))

    def _show(self, number: int, outcome: Outcome, reader: RecordReader | None) -> None:
        envelopes = f" in {' in '.join(reversed(reader.envelopes))}" if reader and reader.envelopes else ""
        if isinstance(outcome, Skip):
            self._print(f"line {number}: skipped{envelopes}: {outcome.why}", "dim")
        elif isinstance(outcome, Part):
            self._print(f"line {number}: joined{envelopes}: {outcome.why}", "dim")
        elif isinstance(outcome, Rejected):
            detail = f" ({outcome.detail})" if outcome.detail else ""
            self._print(
                f"line {number}: rejected{envelopes}: {outcome.reason}{detail}: {_WHY[outcome.reason]}", "bold red"
            )
        else:
            assert reader is not None
            where = _path(reader.chain)
            self._print(f"line {number}: {reader.format}{f' at {where}' if where else ''}{envelopes}", "bold")
            for call in outcome:
                self._show_call(call, number, _TIME_SOURCES[reader.time_source])

    def _show_late(self, calls: list[Usage]) -> None:
        for call in calls:
            self._print("a stream whose usage never came:", "bold")
            self._show_call(call, None, "of its first line")

    def _show_call(self, call: Usage, number: int | None, time_source: str) -> None:
        tariff = self._tariffs.find(call.provider, call.model)
        self._print(f"  call     {tariff.model}, provider {tariff.provider}{self._id(call, number)}")
        when = datetime.fromtimestamp(call.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._print(f"  time     {when}, {time_source}")
        labels = [f"{n}={v}" for n, v in zip(self._settings.label_names, call.labels, strict=True) if v]
        self._print(f"  labels   {', '.join(labels) or 'none'}")
        if call.failure is not None:
            self._print(f"  failed   {call.failure}", "red")
        if call.latency_ns is not None:
            self._print(f"  took     {call.latency_ns / 1e9:.3f} s")
        for text, style in self._costs(call):
            self._print(f"  {text}", style)

    def _id(self, call: Usage, number: int | None) -> str:
        if call.id is None:
            return ", no id"
        first = self._lines_of_ids.get(call.id)
        if first is None and number is not None and len(self._lines_of_ids) < _MOST_IDS:
            self._lines_of_ids[call.id] = number
        kind = "id" if call.id_is_vendors else "request id"
        if first is None:
            return f", {kind} {call.id}"
        return f", {kind} {call.id}: the call of line {first} again, of which only what is more is counted"

    def _costs(self, call: Usage) -> Iterator[tuple[str, str]]:
        said = "" if call.reported_usd is None else f"; the record says ${money.plain(call.reported_usd)}"
        if call.without_usage:
            yield f"cost     unknown: the log has no usage of this call{said}", "bold yellow"
            return
        if not call.tokens:
            yield f"cost     none: no tokens{said}", ""
            return
        tariff = self._tariffs.find(call.provider, call.model)
        rates = tariff.rates_at(call.time, total_input(call.tokens), call.context)
        for meter in (meter for meter in METERS if meter in call.tokens):
            count = call.tokens[meter]
            rate = rates.meters.get(meter) if rates is not None else None
            cost = (
                "no price"
                if rate is None
                else f"${money.plain(rate * _MILLION)} per million = ${money.plain(rate * count)}"
            )
            yield (
                f"tokens   {count} {_TTL.get(meter, meter)} at {cost}"
                if rate is not None
                else f"tokens   {count} {_TTL.get(meter, meter)}, {cost}",
                "",
            )
        variant = "".join(f", {name} {value}" for name, value in call.context)
        cost_of = tariff.charge(call.tokens, call.time, call.context)
        if call.gateway_cache_hit:
            yield f"cost     $0, from a gateway's cache{said}", "green"
        elif cost_of is None or rates is None:
            yield (
                f"cost     unpriced: no price is known for {tariff.model} of {tariff.provider}{variant}{said}",
                "bold yellow",
            )
        else:
            fee = f", ${money.plain(cost_of[FEE])} of it for the call itself" if FEE in cost_of else ""
            total = money.plain(sum(cost_of.values()))
            yield f"cost     ${total}{fee}{variant} ({rates.source}){said}", "green"

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text("".join(c if c.isprintable() else "\ufffd" for c in text), style=style))


def _path(chain: Chain) -> str:
    """Where in the record the usage was, as keys; empty for the record itself."""
    keys = []
    for (outer, _), (inner, _) in pairwise(chain):
        keys.append(next(str(key)[:64] for key, value in outer.items() if value is inner))
    return ".".join(keys)
