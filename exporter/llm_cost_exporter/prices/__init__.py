"""Prices: from what a log calls a model to what its tokens cost, exactly.

    names -> catalogue, price file -> price sheet -> rates
    labels   whose list, which model  USD          1e-24 USD a token, for a time and a size of call

Nothing here reads a log or keeps a sum, and nothing is fetched.
"""

from __future__ import annotations

from llm_cost_exporter.prices.book import PriceBook
from llm_cost_exporter.prices.catalogue import Catalogue
from llm_cost_exporter.prices.sheet import Rates

__all__ = ["Catalogue", "PriceBook", "Rates"]
