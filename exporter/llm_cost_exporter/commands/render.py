"""`render [POLICY] --out DIR`: rules for Prometheus, and what else is made from one policy."""

from __future__ import annotations

import os
from pathlib import Path

import click

from llm_cost_exporter.errors import ExporterError, UsageError
from llm_cost_exporter.policy import load
from llm_cost_exporter.rendering import render

__all__ = ["command"]


@click.command("render", short_help="Write Prometheus rules and alerts from a policy.")
@click.argument("policy", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The folder to write to; made where it is missing."
)
def command(policy: Path | None, out: Path) -> None:
    """Write rules and alerts for Prometheus, from POLICY or from the defaults.

    Files that are there are replaced. A policy with a mistake in it is one line, the exit status is 2, and nothing is written.
    """
    complete = load(policy)
    files = render(complete)
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out: {out} is no folder; the name of a folder would be right")
    for path, text in files.items():
        _write(out / path, text)
        click.echo(out / path)
    if complete.get("alertmanager"):
        click.echo("warning: alertmanager: this version renders no Alertmanager configuration yet", err=True)


def _write(path: Path, text: str) -> None:
    """Write the file whole or not at all: Prometheus may be reading it. Raises ExporterError."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            half.write_text(text, encoding="utf-8")
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    except OSError as bad:
        raise ExporterError(f"{path}: can't be written: {bad.strerror}") from None
