"""The command line: `llm-cost-exporter COMMAND`. One module a command; errors end in one line and an exit status.

Exit status: 0 done, 1 failed, 2 wrong usage, configuration or missing FILE.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NoReturn

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

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _reader_may_go():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_may_go():
            return super().invoke(ctx)


class _ReaderGoneError(Exception):
    """The reader of our output went away (`| head`): no error of ours, and nothing more to say."""


@contextmanager
def _reader_may_go() -> Iterator[None]:
    """Click and rich take that for a failure."""
    try:
        yield
    except BrokenPipeError as gone:
        raise _ReaderGoneError from gone
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise _ReaderGoneError from end
        raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=_NAME)
def group() -> None:
    """Reads the log in which an application writes its LLM usage, prices every call, and serves cost counters to Prometheus."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    callers = set(threading.enumerate())
    _prepare_output()
    if "run" in (sys.argv[1:2] if arguments is None else arguments[:1]):
        signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGHUP}
        )  # it asks for a reload, which is to be had once it runs
    try:
        status: Any = group.main(arguments, prog_name=_NAME, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message())
        status = 2
    except click.ClickException as bad:
        status = _complain(bad.format_message(), bad.exit_code)
    except ExporterError as bad:
        status = _complain(str(bad), bad.exit_status)
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except (_ReaderGoneError, BrokenPipeError):
        _drop_output()
        status = 0
    except OSError as bad:
        _drop_output()
        status = _complain(f"{bad.filename or 'standard output'}: {(bad.strerror or str(bad)).lower()}", 1)
    _leave(status if isinstance(status, int) else 0, callers)


def _leave(status: int, callers: set[threading.Thread]) -> NoReturn:
    """Exit, without taking the interpreter down where a thread of ours (not one of `callers`) may be in a library's own code: a password's check, a handshake.

    It would come back into an interpreter that is no more, and that aborts the process.
    """
    if any(thread.daemon for thread in set(threading.enumerate()) - callers):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)
    sys.exit(status)


def _prepare_output() -> None:
    """What is closed takes what is written all the same; what a terminal has no character for is spelled out."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        if hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Nothing that is still to be flushed can be."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, status: int) -> int:
    click.echo(f"{_NAME}: {' '.join(message.split())}", err=True)
    return status
