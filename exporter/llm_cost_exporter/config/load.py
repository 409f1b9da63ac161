"""From a file to a checked Config."""

# ruff: noqa: PTH100, PTH118, PTH120  (a glob is text; a Path would change it)

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llm_cost_exporter.config import checks, yamlfile
from llm_cost_exporter.config.messages import config_error, dotted
from llm_cost_exporter.config.model import MODELS, Config, SourceConfig
from llm_cost_exporter.errors import ConfigError, UsageError
from llm_cost_exporter.wording import folded

__all__ = ["check", "load", "with_overrides"]

_STDIN = "-"
_SECTIONS = ("labels", "prices", "dedup", "limits")  # may be left with nothing but comments in them
_FROM_FILE = {"from": "file"}  # asks the checks to refuse numbers without a unit
_MOST_LABELS = 32


def load(path: Path | str, *, sources_needed: bool = True) -> Config:
    """The configuration in the file `path`. Relative paths in it are relative to its folder.

    A command that is also given FILEs needs no `sources` in it. Raises ConfigError.
    """
    file = str(path)
    data = yamlfile.read(path)
    example = 'sources: [{paths: ["/var/log/app/*.jsonl"]}] would be right'
    if data is None and sources_needed:
        raise ConfigError(file, "", f"is empty; {example}")
    if data is not None and not isinstance(data, dict):
        raise ConfigError(file, "", f"must be a mapping (key: value); {example}")
    config = check(data or {}, file)
    if sources_needed and not config.sources:
        raise ConfigError(file, "sources", f"is missing or empty; {example}")
    return _resolved(config, os.path.dirname(os.path.abspath(file)))


def check(data: dict[str, Any], file: str) -> Config:
    """`data` as a Config, its paths as they are written. Raises ConfigError that names `file`."""
    data = {key: value for key, value in data.items() if value is not None or key not in _SECTIONS}
    try:
        config = Config.model_validate(data, context=_FROM_FILE)
    except ValidationError as bad:
        raise config_error(bad, file, MODELS) from None
    given = {
        name
        for source in config.sources
        for name in (*source.labels, *source.path_label_names, *source.mapped_label_names)
    }
    for name, label in config.labels.items():
        if not label.paths and name not in given and name not in ("app", "team"):
            raise ConfigError(
                file,
                f"labels.{name}.paths",
                "is missing; a list of keys of the record, such as [metadata.user], would be right",
            )
    _refuse_same_aliases(config.prices.aliases, file)
    if config.prices.catalogue is not None and config.prices.update is not None:
        raise ConfigError(file, "prices.update", "stands beside prices.catalogue; one of them would be right")
    if len(config.label_names) > _MOST_LABELS:
        raise ConfigError(
            file, "labels", f"has {len(config.label_names)} labels; at most {_MOST_LABELS} would be right"
        )
    seen: dict[str, int] = {}
    for index, source in enumerate(config.sources):
        for path in source.paths:
            if seen.setdefault(path, index) != index:
                problem = f"{path[:80]!r} stands in sources[{seen[path]}] too; a file is read by one entry only"
                raise ConfigError(file, f"sources[{index}].paths", problem)
    return config


def _refuse_same_aliases(aliases: Mapping[str, str], file: str) -> None:
    """Of two that differ in case only one would be used, whichever it is."""
    known: dict[str, str] = {}
    for name in aliases:
        same = known.setdefault(folded(name), name)
        if same != name:
            problem = f"is the same name as {same[:60]!r}: case makes no difference; one of them would be right"
            raise ConfigError(file, dotted(("prices", "aliases", name)), problem)


def with_overrides(config: Config, listen: str | None = None, state_dir: Path | str | None = None) -> Config:
    """`config` with what the command line says instead. Raises UsageError."""
    update: dict[str, Any] = {}
    if listen is not None:
        try:
            update["listen"] = checks.address(listen)
        except ValueError as bad:
            raise UsageError(f"--listen: {bad}") from None
    if state_dir is not None:
        update["state_dir"] = Path(os.path.abspath(state_dir))
    return config.model_copy(update=update)


def _resolved(config: Config, folder: str) -> Config:
    """`config` with its relative paths seen from `folder`."""
    update: dict[str, Any] = {"state_dir": Path(os.path.normpath(os.path.join(folder, config.state_dir)))}
    files = {"file": config.prices.file, "catalogue": config.prices.catalogue}
    given = {key: Path(folder) / path for key, path in files.items() if path is not None}
    if given:
        update["prices"] = config.prices.model_copy(update=given)
    update["sources"] = tuple(_resolved_source(source, folder) for source in config.sources)
    return config.model_copy(update=update)


def _resolved_source(source: SourceConfig, folder: str) -> SourceConfig:
    around = glob.escape(folder)
    update: dict[str, Any] = {
        "paths": tuple(
            path if path == _STDIN else os.path.normpath(os.path.join(around, path)) for path in source.paths
        )
    }
    if source.path_labels is not None:
        braces_doubled = around.replace("{", "{{").replace("}", "}}")
        update["path_labels"] = os.path.join(braces_doubled, source.path_labels)
    return source.model_copy(update=update)
