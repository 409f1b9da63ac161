"""What can go wrong by a user's hand, and how it ends.

    ExporterError            one line on stderr, exit status 1
    ├── StateUnavailableError   the state's disk is full, read-only or failing: `run` serves that and tries again
    ├── UsageError           wrong command line, or a FILE that is missing: exit status 2
    └── ConfigError          a configuration, price or policy file: exit status 2; names file, key and what would be right

No traceback is shown for any of them. Everything else is a defect of ours and does show one.
"""

from __future__ import annotations

__all__ = ["ConfigError", "ExporterError", "StateUnavailableError", "UsageError"]


class ExporterError(Exception):
    """Work failed for a reason that the message tells in one line."""

    exit_status = 1


class StateUnavailableError(ExporterError):
    """The state can't be used for now, by no fault of the configuration: its disk is full, read-only, or fails."""


class UsageError(ExporterError):
    """The command line asks for something that can't be."""

    exit_status = 2


class ConfigError(ExporterError):
    """A configuration file says something that can't be.

    `file` is the path as the user gave it, `key` the dotted key (empty: the file as a whole), `problem` says what is
    wrong and what would be right. The message is always one line.
    """

    exit_status = 2

    def __init__(self, file: str, key: str, problem: str) -> None:
        where = f"{file}: {key}" if key else file
        super().__init__(" ".join(f"{where}: {problem}".split()))
        self.file, self.key, self.problem = file, key, problem
