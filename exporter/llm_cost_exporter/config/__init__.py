"""The exporter's configuration: read, checked, and said in one line what is wrong with it.

`load` reads exporter.yml; `for_files` is the configuration of a command that was only given files.
"""

from __future__ import annotations

from llm_cost_exporter.config.labels import PathPattern, parse_path_labels
from llm_cost_exporter.config.load import for_files, load, with_overrides
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
    "for_files", "load", "parse_address", "parse_duration", "parse_path_labels", "parse_size",
    "with_overrides",
]  # fmt: skip
