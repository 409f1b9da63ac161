"""The exporter's configuration: read, checked, and said in one line what is wrong with it.

`load` reads exporter.yml.
"""

from __future__ import annotations

from llm_cost_exporter.config.labels import PathPattern, parse_path_labels
from llm_cost_exporter.config.load import load, with_overrides
from llm_cost_exporter.config.model import (
    Config,
    DedupConfig,
    LabelConfig,
    Limits,
    PricesConfig,
    SourceConfig,
    UpdateConfig,
)
from llm_cost_exporter.config.units import parse_address, parse_duration, parse_size

__all__ = [
    "Config", "DedupConfig", "LabelConfig", "Limits", "PathPattern", "PricesConfig", "SourceConfig", "UpdateConfig",
    "load", "parse_address", "parse_duration", "parse_path_labels", "parse_size",
    "with_overrides",
]  # fmt: skip
