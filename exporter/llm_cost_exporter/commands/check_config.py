"""`check-config FILE`: is this configuration right, and does it find what it names?"""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from llm_cost_exporter.commands.files import nearest_there
from llm_cost_exporter.config import Config, SourceConfig, UpdateConfig, load, parse_path_labels
from llm_cost_exporter.config.units import show_duration
from llm_cost_exporter.prices.catalogue import bundled
from llm_cost_exporter.prices.fetching import shown_url
from llm_cost_exporter.prices.opening import open_book

__all__ = ["command"]

_MOST_FILES = 10_000  # of one glob; more than that need not be counted to know that it finds something


@click.command("check-config", short_help="Check a configuration and the price file it names.")
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Check the configuration FILE, the price file that it names, and its paths.

    Prints a summary. What may be wrong (a path where nothing is yet) is a warning; what is wrong is one line, and the
    exit status is 2.
    """
    config = load(file)
    book = open_book(config)
    found = [[list(_files(path)) for path in source.paths] for source in config.sources]
    for index, (source, lists) in enumerate(zip(config.sources, found, strict=True)):
        for warning in _warnings(index, source, lists):
            click.echo(f"warning: {warning}", err=True)
    for warning in (*_shadowed(found), *_unwritable(config.state_dir)):
        click.echo(f"warning: {warning}", err=True)
    for alias, target in book.aliases_without_price():
        click.echo(f"warning: prices.aliases.{alias}: no price is known for {target}", err=True)
    if config.prices.catalogue is not None and book.catalogue_timestamp < bundled().timestamp:
        click.echo(f"warning: prices.catalogue: {config.prices.catalogue} is older than the installed one", err=True)
    click.echo(f"{file}: ok")
    for line in _summary(config, found):
        click.echo(f"  {line}")


def _files(pattern: str) -> Iterator[str]:
    if pattern == "-":
        return iter(())
    return itertools.islice(glob.iglob(pattern, recursive=True), _MOST_FILES)  # noqa: PTH207  (a Path drops `./`)


def _warnings(index: int, source: SourceConfig, lists: list[list[str]]) -> Iterator[str]:
    for number, (pattern, paths) in enumerate(zip(source.paths, lists, strict=True)):
        key = f"sources[{index}].paths[{number}]"
        files = [path for path in paths if not os.path.isdir(path)]  # noqa: PTH112  (globs give text)
        if pattern != "-" and not paths:
            yield f"{key}: {pattern} matches no file now"
        elif paths and not files:
            yield f"{key}: {pattern} matches folders only; a glob of files, such as {pattern.rstrip('/')}/*.jsonl, would be right"
        unreadable = [path for path in files if not os.access(path, os.R_OK)]
        if unreadable:
            yield f"{key}: {_count(len(unreadable), 'file')} can't be read by this user, such as {unreadable[0]}"
        if source.path_labels and files:
            match = parse_path_labels(source.path_labels).match
            unfit = [path for path in files if match(path) is None]
            if unfit:
                yield f"sources[{index}].path_labels: does not fit {_count(len(unfit), 'file')}, such as {unfit[0]}"


def _shadowed(found: list[list[list[str]]]) -> Iterator[str]:
    """Files that several sources name: the first of them is how they are read."""
    first: dict[str, int] = {}
    for index, lists in enumerate(found):
        others = [path for path in dict.fromkeys(itertools.chain(*lists)) if first.setdefault(path, index) != index]
        if others:
            yield (
                f"sources[{index}].paths: {_count(len(others), 'file')} of it, such as {others[0]}, is read as sources[{first[others[0]]}] says,"
                " which names it too and comes first; the narrower one before the wider would be right"
            )


def _unwritable(state_dir: Path) -> Iterator[str]:
    there = nearest_there(state_dir)
    if not there.is_dir():
        yield f"state_dir: {there} is no folder; `run` would end"
    elif not os.access(there, os.W_OK | os.X_OK):
        yield f"state_dir: {there} can't be written by this user; `run` would end, or wait"


def _summary(config: Config, found: list[list[list[str]]]) -> Iterator[str]:
    yield f"listens on {config.listen}, keeps its state in {config.state_dir}"
    yield f"days and months are those of {config.timezone}"
    for source, lists in zip(config.sources, found, strict=True):
        form = source.format if isinstance(source.format, str) else _mapping(source.format)
        for pattern, paths in zip(source.paths, lists, strict=True):
            matched = "standard input" if pattern == "-" else f"{pattern}: {_count(len(paths), 'file')} now"
            yield f"reads {matched}, format {form}"
    yield f"labels: provider, model, {', '.join(config.label_names)}"
    prices = config.prices
    if prices.file or prices.catalogue or prices.aliases:
        own = f"{prices.file} and " if prices.file else ""
        catalogue = f"the catalogue in {prices.catalogue}" if prices.catalogue else "the catalogue"
        yield f"prices: {own}{catalogue}, with {_count(len(prices.aliases), 'alias', 'aliases')}"
    if prices.update is not None:
        yield _update(prices.update)


def _mapping(mapping: dict[str, Any]) -> str:
    return "a mapping of a table" if mapping.get("csv") else "a mapping"


def _update(update: UpdateConfig) -> str:
    every = f"every {show_duration(update.interval)}" if update.interval else "on demand (`prices --update`)"
    return f"fetches the catalogue from {shown_url(update.url)} {every}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number}{'+' if number >= _MOST_FILES else ''} {one if number == 1 else many or one + 's'}"
