"""The jsonnet that files are rendered from: found, and evaluated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import _jsonnet

from llm_cost_exporter.errors import ExporterError

__all__ = ["evaluate", "folder"]

_INSTALLED: Final = Path(__file__).resolve().parent.parent / "_data"  # the wheel carries them there
_CHECKOUT: Final = Path(__file__).resolve().parents[3]


def folder(name: str) -> Path:
    """Where the jsonnet of `name` (rules, alertmanager, grafana) is. Raises ExporterError."""
    for place in (_INSTALLED / name, _CHECKOUT / name):
        if place.is_dir():
            return place
    raise ExporterError(
        f"the folder {name} is missing from this installation; installing the package anew would mend it"
    )


def evaluate(name: str, snippet: str, **arguments: Any) -> Any:
    """What the jsonnet `snippet` gives, with the folder `name` to import from; a function is called with `arguments` (plain data).

    Raises ExporterError with what the jsonnet says.
    """
    home = folder(name)
    codes = {key: json.dumps(value) for key, value in arguments.items()}
    try:
        return json.loads(_jsonnet.evaluate_snippet(name, snippet, jpathdir=[str(home)], tla_codes=codes))
    except RuntimeError as bad:
        raise ExporterError(f"{name} can't be rendered: {str(bad).splitlines()[0]}") from None
