"""What several commands' options have in common."""

from __future__ import annotations

import click

__all__ = ["NAMED", "as_source"]


class _Named(click.ParamType[str]):
    """The name of a file or folder. An empty one is a variable that was not set: not to be taken for no option at all."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value:
            self.fail("is empty; a name would be right", param, ctx)
        return value


NAMED = _Named()

as_source = click.option(
    "--source",
    type=int,
    metavar="N",
    help="Which of the configuration's sources the FILE is read as, 0 for the first (default: the one that names it, or the only one).",
)
