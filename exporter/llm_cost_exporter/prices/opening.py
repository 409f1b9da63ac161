"""The price book that a configuration asks for: which catalogue, and what is over it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from llm_cost_exporter.prices import cataloguefile
from llm_cost_exporter.prices.book import PriceBook
from llm_cost_exporter.prices.catalogue import Catalogue, bundled
from llm_cost_exporter.prices.fetching import kept_at, read_kept

if TYPE_CHECKING:
    from llm_cost_exporter.config import Config

__all__ = ["open_book"]

_LOG = logging.getLogger("llm_cost_exporter")


def open_book(config: Config, catalogue: Catalogue | None = None) -> PriceBook:
    """The price book of `config`, over `catalogue` if one is given. Raises ConfigError.

    A catalogue in a file is used as it is. One that was fetched is, unless the package that is installed has a newer one.
    """
    return PriceBook(config.prices.aliases, config.prices.file, catalogue or _catalogue(config))


def _catalogue(config: Config) -> Catalogue | None:
    prices = config.prices
    if prices.catalogue is not None:
        return cataloguefile.load(prices.catalogue)
    if prices.update is None:
        return None
    try:
        kept = read_kept(config.state_dir)
    except ValueError as bad:
        _LOG.warning("prices: %s %s; the installed catalogue is used", kept_at(config.state_dir), bad)
        return None
    return kept if kept is not None and kept.timestamp >= bundled().timestamp else None
