"""Tables as wide as the terminal, if they can be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["LONGEST_NAME", "print_fitting"]

LONGEST_NAME = 60  # characters; a longer one is folded
_ANY_WIDTH = 100_000


def print_fitting(console: Console, tables: Iterable[Table]) -> None:
    """Print the first table that fits, the fullest first; else the last one as wide as it is: the terminal folds its lines, no name is cut."""
    options = console.options.update(width=_ANY_WIDTH)
    width = 0
    for table in tables:
        width = console.measure(table, options=options).maximum
        if width <= console.width:
            break
    terminal = console.width
    console.width = max(width, terminal)
    console.print(table)
    console.width = terminal
