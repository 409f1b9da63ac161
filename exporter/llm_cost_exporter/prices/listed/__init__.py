"""The catalogue's content, and how it comes out of the genai-prices package (or out of its own objects)."""

from llm_cost_exporter.prices.listed.bundled import Bundle, load
from llm_cost_exporter.prices.listed.convert import plain

__all__ = ["Bundle", "load", "plain"]
