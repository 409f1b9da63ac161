"""The FILEs of a command line, and which source of a configuration each is read as."""

# ruff: noqa: PTH100, PTH109, PTH117, PTH118  (a glob is text; a Path would change it)

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

from llm_cost_exporter.config import Config, SourceConfig, with_overrides
from llm_cost_exporter.config.labels import glob_regex
from llm_cost_exporter.errors import UsageError
from llm_cost_exporter.source.names import rotated

__all__ = ["for_files", "nearest_there"]

_LOG = logging.getLogger("llm_cost_exporter")
_STDIN = "-"
_LONGEST_FILE = 4096  # no path of Linux or macOS is longer


def for_files(
    files: Sequence[str], listen: str | None = None, state_dir: Path | str | None = None, *, base: Config | None = None, source: int | None = None
) -> Config:  # fmt: skip
    """The configuration for FILEs of a command line (paths, globs or `-`), which take the place of `base`'s sources.

    A FILE is read as an entry of `base` says: number `source`, or the one that names it, a link to it or the file that it is a rotated
    piece of, or the only one. Raises UsageError.
    """
    base = base or Config()
    if source is not None and not 0 <= source < len(base.sources):
        known = f"0 to {len(base.sources) - 1}" if base.sources else "a configuration with sources"
        raise UsageError(f"--source {source}: there is no such source; {known} would be right")
    entries: dict[str, SourceConfig] = {}
    for file in files:
        if not file or "\0" in file:
            raise UsageError("a FILE has an empty name; a path, a glob or - would be right")
        if len(file) > _LONGEST_FILE:
            raise UsageError(f"{file[:60]!r}…: a FILE is longer than {_LONGEST_FILE} characters; a path would be right")
        path = file if file == _STDIN else _on_command_line(file)
        entry = base.sources[source] if source is not None else _entry_for(path, base.sources)
        if entry is None and base.sources:
            _LOG.warning(
                "%s: no source of the configuration names it: read as format auto, with nothing that a source says; --source N names one",
                "standard input" if file == _STDIN else file,
            )
        # Not checked as a file's `paths` are: what is there is read, whatever bytes its name has.
        entries[path] = (entry or SourceConfig.model_construct()).model_copy(update={"paths": (path,)})
    return with_overrides(base.model_copy(update={"sources": tuple(entries.values())}), listen, state_dir)


def _on_command_line(file: str) -> str:
    """An existing file is itself, whatever its name looks like; anything else may be a glob."""
    folder, name = os.path.split(os.path.abspath(file))
    if os.path.lexists(file):
        return glob.escape(os.path.join(folder, name))
    return os.path.join(glob.escape(os.getcwd()), file) if not os.path.isabs(file) else file


def _entry_for(path: str, entries: Sequence[SourceConfig]) -> SourceConfig | None:
    names = [path]
    if path != _STDIN:
        plain = _unescaped(path)
        names += [name for name in (plain, os.path.realpath(plain)) if name != path]
        names += [piece.base for piece in map(rotated, names) if piece is not None]
    for name in names:
        for entry in entries:
            if any(_names(pattern, name) for pattern in entry.paths):
                return entry
    return entries[0] if len(entries) == 1 else None


def _names(pattern: str, name: str) -> bool:
    return name in (pattern, os.path.realpath(_unescaped(pattern))) or bool(re.fullmatch(glob_regex(pattern), name))


def _unescaped(path: str) -> str:
    return re.sub(r"\[([*?[])\]", r"\1", path)


def nearest_there(path: Path) -> Path:
    """`path`, or the nearest of its parents that is there."""
    return next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
