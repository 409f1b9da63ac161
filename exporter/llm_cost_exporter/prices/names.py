"""The labels `provider` and `model` of the metrics."""

from __future__ import annotations

from typing import Final

from llm_cost_exporter.prices.catalogue import Catalogue
from llm_cost_exporter.prices.modelnames import bedrock_vendor, host_of
from llm_cost_exporter.prices.providers import is_no_provider, known_spelling, provider_id, provider_named

__all__ = ["UNKNOWN", "provider_label"]

UNKNOWN: Final = "unknown"


def provider_label(provider: str, model: str, catalogue: Catalogue, alias_provider: str | None) -> str:
    """The provider by its id in the catalogue where it can be told, else as logged; `unknown` where nothing tells it.

    `provider` and `model` are clean; `provider` is empty where the log has none, `alias_provider` is what an alias says.
    """
    if provider and not is_no_provider(provider):
        found = provider_named(provider, catalogue.ids)
        vendor = bedrock_vendor(model)
        # A client of Anthropic's own SDK on Bedrock logs `anthropic` and `us.anthropic.claude-…`, which only Bedrock sells.
        return "aws" if vendor and found != "aws" and known_spelling(vendor) == found else found
    return alias_provider or _told_by(model, catalogue) or UNKNOWN


def _told_by(model: str, catalogue: Catalogue) -> str | None:
    host = host_of(model)
    if host is not None:
        return host
    first, slash, rest = model.partition("/")
    if slash and rest:
        if is_no_provider(first):  # litellm_proxy/openai/gpt-4o
            return _told_by(rest, catalogue)
        found = known_spelling(first)
        if found is not None and found in catalogue.ids:
            return found
        if first.lower() == "huggingface":
            return provider_id(f"huggingface-{rest.partition('/')[0]}", catalogue.ids)
    return catalogue.guess_provider(model)
