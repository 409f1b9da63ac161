"""`run`: follow logs and serve what they cost."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import click

from llm_cost_exporter import config as configuration
from llm_cost_exporter.clock import SystemClock
from llm_cost_exporter.commands.files import for_files
from llm_cost_exporter.commands.heap import use_few_heaps
from llm_cost_exporter.commands.options import NAMED
from llm_cost_exporter.config import Config
from llm_cost_exporter.errors import StateUnavailableError, UsageError
from llm_cost_exporter.exporter import Exporter
from llm_cost_exporter.web import WebServer

__all__ = ["command"]

_ENDS = {signal.SIGTERM, signal.SIGINT}
_SIGNALS = {*_ENDS, signal.SIGHUP}


@click.command("run")
@click.argument("files", metavar="[FILE|-...]", nargs=-1)
@click.option(
    "--config", "config_file", type=NAMED, metavar="FILE", help="Configuration (exporter.yml); SIGHUP reads it anew."
)
@click.option("--listen", metavar="HOST:PORT", help="Where to serve.  [default: 0.0.0.0:9478]")
@click.option("--state-dir", type=NAMED, metavar="DIR", help="Where totals and positions are kept.")
@click.option(
    "--web.config.file",
    "web_config",
    type=NAMED,
    metavar="FILE",
    help="TLS and basic auth, as Prometheus' exporters take them.",
)
def command(
    files: tuple[str, ...], config_file: str | None, listen: str | None, state_dir: str | None, web_config: str | None
) -> None:
    """Follow logs and serve what they cost.

    The FILEs, or the sources of --config. Served are /metrics, /-/healthy, /-/ready and a page for people.
    """
    if not files and config_file is None:
        raise UsageError("run: a FILE to follow or --config FILE is needed")
    use_few_heaps()
    log = _logger()

    def load() -> Config:
        base = configuration.load(config_file, sources_needed=not files) if config_file else None
        if base is None and state_dir is None:
            return for_files(files, listen=listen, state_dir=_state_dir_for(files))
        if not files and base is not None:
            return configuration.with_overrides(base, listen=listen, state_dir=state_dir)
        return for_files(files, listen=listen, state_dir=state_dir, base=base)

    config = load()
    if files:
        _refuse_missing(files)
    signal.signal(signal.SIGTERM, _end)  # whatever the start hangs in; SIGHUP waits, see commands.main
    exporter = Exporter(config, SystemClock(), log, load if config_file else None)
    web_file = Path(web_config) if web_config else None
    try:
        exporter.prepare()
        web = WebServer(config.listen, web_file, exporter, log)
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # for all threads that begin from here on
        web.start()
    except StateUnavailableError as bad:
        from llm_cost_exporter.waiting import Front, Waiting

        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        waiting = Waiting(config, SystemClock(), log, str(bad))
        front = Front(waiting)
        web = WebServer(config.listen, web_file, front, log)
        web.start()

        def reload() -> None:
            exporter.reload_unprepared()
            web.reload()

        if not waiting.until(exporter.prepare, _SIGNALS, reload):
            web.stop()
            return
        front.app = exporter
    gc.freeze()  # what is there now stays: no collection need look through it again
    log.info("serving %s (metrics at %smetrics), state in %s", web.url, web.url, config.state_dir)
    failure = _follow(exporter, web)
    web.stop()
    if failure is not None:
        raise failure


def _end(*_: object) -> NoReturn:
    """Asked to end while starting: nothing was served or counted yet."""
    raise SystemExit(0)


def _follow(exporter: Exporter, web: WebServer) -> BaseException | None:
    """Run the exporter in a thread of its own until it ends; signals are waited for here."""
    failures: list[BaseException] = []
    main = threading.main_thread().ident or 0

    def work() -> None:
        try:
            exporter.run()
        except BaseException as bad:  # noqa: BLE001 - handed to the main thread, which ends with it
            failures.append(bad)
        finally:
            signal.pthread_kill(main, signal.SIGTERM)

    worker = threading.Thread(target=work, name="pipeline")
    worker.start()
    while worker.is_alive():
        if signal.sigwait(_SIGNALS) == signal.SIGHUP:
            exporter.reload()
            web.reload()
        else:
            exporter.stop()
            break
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        worker.join()
    except KeyboardInterrupt:  # asked a second time: what is saved is saved
        os._exit(130)
    return failures[0] if failures else None


def _state_dir_for(files: tuple[str, ...]) -> str:
    """A directory of this set of files' own, so that another log is another ledger."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    names = "\0".join(sorted(file if file == "-" else str(Path(file).absolute()) for file in files))
    return str(
        Path(home) / "llm-cost-exporter" / hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    )


def _refuse_missing(files: tuple[str, ...]) -> None:
    for file in files:
        if file != "-" and not any(sign in file for sign in "*?[") and not os.path.exists(file):  # noqa: PTH110 - Path raises where a name is too long
            raise UsageError(f"{file}: no such file")


def _logger() -> logging.Logger:
    log = logging.getLogger("llm_cost_exporter")
    log.setLevel(logging.INFO)
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
        log.addHandler(handler)
    return log
