"""`render [POLICY] --out DIR`: rules for Prometheus, routes for Alertmanager and dashboards for Grafana, made from one policy."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

import click

from llm_cost_exporter.commands.files import nearest_there
from llm_cost_exporter.commands.options import NAMED
from llm_cost_exporter.errors import ExporterError, UsageError
from llm_cost_exporter.policy import load
from llm_cost_exporter.rendering import render, warnings

__all__ = ["command"]


@click.command(
    "render", short_help="Write rules for Prometheus, routes for Alertmanager and dashboards for Grafana from a policy."
)
@click.argument("policy", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out",
    "folder",
    type=NAMED,
    metavar="DIR",
    required=True,
    help="The folder to write to; made where it is missing.",
)
def command(policy: Path | None, folder: str) -> None:
    """Write rules and alerts for Prometheus, routes and messages for Alertmanager, and dashboards for Grafana, from POLICY or from the defaults.

    Files that are there are replaced. A policy with a mistake in it is one line, the exit status is 2, and nothing is written.
    """
    complete, out = load(policy), Path(folder)
    files = render(complete)
    inner = nearest_there(out)
    if not inner.is_dir():
        raise UsageError(f"--out: {inner} is no folder; the name of a folder would be right")
    _write({out / path: text for path, text in files.items()})
    for path in files:
        click.echo(out / path)
    for line in warnings(complete):
        click.echo(f"warning: {line}", err=True)


def _write(files: dict[Path, str]) -> None:
    """Write the files, each whole and all or (where the disk refuses one) none: Prometheus may be reading them. Raises ExporterError."""
    halves = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in files}
    path = Path()
    try:
        for path, half in halves.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(files[path], encoding="utf-8")
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        for path, half in halves.items():
            half.replace(path)
    except OSError as bad:
        raise ExporterError(f"{path}: can't be written: {bad.strerror}") from None
    finally:
        for half in halves.values():
            with suppress(OSError):
                half.unlink(missing_ok=True)
