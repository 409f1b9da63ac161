"""`prices`: what a model costs, and where that is from."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from llm_cost_exporter import config as configuration
from llm_cost_exporter import times
from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.commands.options import NAMED
from llm_cost_exporter.commands.tables import LONGEST_NAME, print_fitting
from llm_cost_exporter.config.messages import did_you_mean
from llm_cost_exporter.errors import ExporterError, UsageError
from llm_cost_exporter.prices import PriceBook
from llm_cost_exporter.prices.cataloguefile import models
from llm_cost_exporter.prices.listing import FEE, PriceRow, everything, rows, sellers
from llm_cost_exporter.prices.names import UNKNOWN
from llm_cost_exporter.prices.opening import open_book

__all__ = ["command"]

_PIPE_WIDTH = 240  # nothing is cut where no terminal sets a width
_OVERVIEW = ("input", "cache_read", "output")


@click.command("prices", short_help="What a model costs, and where the price is from.")
@click.argument("model", required=False)
@click.option("--provider", metavar="P", help="Whose price list: openai, azure, aws, google … as logs spell it.")
@click.option(
    "--at", metavar="DATE", help="The prices of that time: 2026-01-31 or 2026-01-31T08:00 (UTC). Default: now."
)
@click.option(
    "--config", "config_file", type=NAMED, metavar="FILE", help="A configuration with a price file or aliases."
)
@click.option("--update", is_flag=True, help="First fetch the catalogue at the configuration's prices.update.url.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(
    model: str | None, provider: str | None, at: str | None, config_file: str | None, update: bool, form: str
) -> None:
    """What a MODEL costs by kind of token, with its tiers and variants, and where the price comes from.

    MODEL is a name as it stands in a log; without it all models are listed. Exit status 1: no price is known.
    """
    config = configuration.load(config_file, sources_needed=False) if config_file else configuration.Config()
    if update:
        _update(config)
        if model is None and provider is None:
            return
    book = open_book(config)
    when = _time(at)
    found = _of_model(book, model, provider, when) if model else _of_all(book, provider, when)
    if form == "json":
        click.echo(_as_json(book, found, when))
    elif model:
        _print_model(found, when)
    else:
        _print_all(book, found, when)


def _update(config: configuration.Config) -> None:
    """Fetch the catalogue and keep it where the exporter looks for it at its next start or reload."""
    from llm_cost_exporter.prices.fetching import kept_at, shown_url
    from llm_cost_exporter.prices.fetching import update as fetch

    settings = config.prices.update
    if settings is None:
        raise UsageError("prices: --update needs a --config FILE with prices: {update: {url: https://HOST/PATH}}")
    fresh = fetch(settings.url, config.state_dir, open_book(config).catalogue, SystemClock().wall())
    click.echo(
        f"{models(fresh):,} models, prices of {_short(fresh.timestamp)}, from {shown_url(settings.url)};"
        f" kept in {kept_at(config.state_dir)}",
        err=True,
    )


def _time(at: str | None) -> float:
    if at is None:
        return SystemClock().wall()
    when = times.parse(at)
    if when is None:
        raise UsageError(f"--at: {at[:40]!r} is no time; 2026-01-31 or 2026-01-31T08:00 would be right")
    return when


def _of_model(book: PriceBook, model: str, provider: str | None, when: float) -> list[PriceRow]:
    label, name = book.names(provider, model)
    found = rows(book, label, name, when)
    if not found and provider is None:
        found = [row for seller in sellers(book, name) for row in rows(book, seller, name, when)]
    if not found:
        of = f" of {label}" if label != UNKNOWN else ""
        raise ExporterError(f"no price is known for {name}{of}{_nearest(book, label, name)}")
    return found


def _nearest(book: PriceBook, provider: str, model: str) -> str:
    listed = book.catalogue.providers.get(provider)
    known = [m.id for p in ([listed] if listed else book.catalogue.providers.values()) for m in p.models]
    near = difflib.get_close_matches(model.lower(), known, n=3, cutoff=0.7)
    return f"; did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""


def _of_all(book: PriceBook, provider: str | None, when: float) -> list[PriceRow]:
    wanted = book.names(provider, None)[0] if provider else None
    found = [row for name in everything(book) if wanted in (None, name[0]) for row in rows(book, *name, when)]
    if not found:
        known = sorted({name for name, _ in everything(book)})
        raise ExporterError(f"no price list of {wanted}; {did_you_mean(wanted or '', known)}")
    return found


def _as_json(book: PriceBook, found: list[PriceRow], when: float) -> str:
    prices = [
        {
            "provider": row.provider,
            "model": row.model,
            "token_type": row.token_type,
            ("usd_per_call" if row.token_type == FEE else "usd_per_million_tokens"): f"{row.usd:f}",
            "above_input_tokens": row.above,
            "up_to_input_tokens": row.up_to,
            "variant": dict(row.context),
            "valid_from": _iso(row.valid_from),
            "valid_until": _iso(row.valid_until),
            "source": row.source,
        }
        for row in found
    ]
    whole = {
        "at": _iso(when),
        "catalogue": book.version,
        "catalogue_date": _iso(book.catalogue_timestamp),
        "prices": prices,
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode()


def _iso(when: float | None) -> str | None:
    return (
        None if when is None else datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def _short(when: float | None) -> str:
    return "" if when is None else datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH, color_system=None)


def _print_model(found: list[PriceRow], when: float) -> None:
    console = _console()
    for provider, model in dict.fromkeys((row.provider, row.model) for row in found):
        mine = [row for row in found if (row.provider, row.model) == (provider, model)]
        console.print(Text(f"{model} ({provider}) at {_short(when)} UTC", style="bold"))
        table = Table()
        tiered = any(row.above is not None or row.up_to is not None for row in mine)
        varied = any(row.context for row in mine)
        dated = any(row.valid_from is not None or row.valid_until is not None for row in mine)
        table.add_column("token type")
        table.add_column("USD per million", justify="right")
        for wanted, heading in (
            (tiered, "total input"),
            (varied, "variant"),
            (dated, "from (UTC)"),
            (dated, "until (UTC)"),
        ):
            if wanted:
                table.add_column(heading)
        for row in mine:
            cells = [Text(row.token_type), Text(f"{row.usd:f}" + (" a call" if row.token_type == FEE else ""))]
            cells += [Text(_size(row))] if tiered else []
            cells += [Text(", ".join(f"{name}={value}" for name, value in row.context))] if varied else []
            cells += [Text(_short(row.valid_from)), Text(_short(row.valid_until))] if dated else []
            table.add_row(*cells)
        print_fitting(console, [table])
        for source in dict.fromkeys(row.source for row in mine):
            console.print(Text(f"from {source}"))


def _size(row: PriceRow) -> str:
    above = f"above {row.above:,}" if row.above is not None else ""
    up_to = f"up to {row.up_to:,}" if row.up_to is not None else ""
    return ", ".join(part for part in (above, up_to) if part)


def _print_all(book: PriceBook, found: list[PriceRow], when: float) -> None:
    console = _console()
    console.print(Text(f"USD per million tokens at {_short(when)} UTC, {book.version}", style="bold"))
    table = Table()
    for heading in ("provider", "model"):
        table.add_column(heading, overflow="fold", max_width=LONGEST_NAME)
    for heading in _OVERVIEW:
        table.add_column(heading, justify="right")
    table.add_column("also")
    models: dict[tuple[str, str], list[PriceRow]] = {}
    for row in found:
        models.setdefault((row.provider, row.model), []).append(row)
    for (provider, model), mine in models.items():
        base = {row.token_type: f"{row.usd:f}" for row in mine if not row.context and row.above is None}
        also = [kind for kind in base if kind not in _OVERVIEW]
        also += ["tiers"] if any(row.above is not None for row in mine) else []
        also += list(dict.fromkeys(value for row in mine for _, value in row.context))
        table.add_row(
            Text(provider), Text(model), *(Text(base.get(kind, "")) for kind in _OVERVIEW), Text(", ".join(also))
        )
    print_fitting(console, [table])
    console.print(Text(f"{len(models):,} models. `prices MODEL` shows all prices of one."))
