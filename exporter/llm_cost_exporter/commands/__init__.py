"""The command line: `llm-cost-exporter COMMAND`. One module a command; errors end in one line and an exit status.

Exit status: 0 done, 1 failed, 2 wrong usage, configuration or missing FILE.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Final

import click

from llm_cost_exporter import __version__
from llm_cost_exporter.errors import ExporterError

__all__ = ["group", "main"]

_NAME: Final = "llm-cost-exporter"
_COMMANDS: Final = {  # name: module with a click command called `command`
    "run": "run",
    "report": "report",
    "explain": "explain",
    "prices": "prices",
    "check-config": "check_config",
    "state": "state",
    "render": "render",
    "test-alert": "test_alert",
}


class _Commands(click.Group):
    """Imports a command only when it is asked for, so that each starts as fast as it can."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{module}").command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=_NAME)
def group() -> None:
    """Reads the log in which an application writes its LLM usage, prices every call, and serves cost counters to Prometheus."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        status: Any = group.main(arguments, prog_name=_NAME, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message())
        status = 2
    except click.ClickException as bad:
        status = _complain(bad.format_message(), bad.exit_code)
    except ExporterError as bad:
        status = _complain(str(bad), bad.exit_status)
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except BrokenPipeError:
        # The reader of our output went away (`| head`): no error of ours, and nothing more to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str, status: int) -> int:
    click.echo(f"{_NAME}: {' '.join(message.split())}", err=True)
    return status
