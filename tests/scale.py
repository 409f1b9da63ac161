"""How long the torture is: short in `make test`, long in `make torture` (TORTURE=long)."""

from __future__ import annotations

import os
from typing import Final, TypeVar

__all__ = ["LONG", "scaled"]

T = TypeVar("T")

LONG: Final = os.environ.get("TORTURE") == "long"


def scaled(short: T, long: T) -> T:
    """The one for this run."""
    return long if LONG else short
