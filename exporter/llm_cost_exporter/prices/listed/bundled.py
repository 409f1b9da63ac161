"""The list that the installed genai-prices package carries: its data module, read with the plain types of this package.

The data module says `from .types import *` and then nothing but one literal. So it is run as a module of this package, whose types it
finds there; the library itself, its validators and its HTTP client are not imported. Should a version to come ask for more,
it is read through the library.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from typing import Final

from llm_cost_exporter.prices.listed.convert import plain
from llm_cost_exporter.prices.listed.types import Provider

__all__ = ["Bundle", "load"]

_LIBRARY: Final = "genai_prices"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The providers, and when the file was installed (epoch seconds)."""

    providers: list[Provider]
    installed: float


def load() -> Bundle:
    """Read the list."""
    package = find_spec(_LIBRARY)
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "data.py"
    installed = path.stat().st_mtime if path.exists() else 0.0
    try:
        providers = _run(path)
    except (OSError, ImportError, NameError, TypeError, AttributeError):
        providers = plain(import_module(f"{_LIBRARY}.data").providers)
    return Bundle(providers, installed)


def _run(path: Path) -> list[Provider]:
    # The loader keeps the compiled module where Python keeps it for the library itself.
    name = f"{__package__}.data"
    spec = spec_from_loader(name, SourceFileLoader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    providers: list[Provider] = module.providers
    return providers
