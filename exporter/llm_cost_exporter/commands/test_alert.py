"""`test-alert --alertmanager URL`: one marked alert through a user's real routes, resolved again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from llm_cost_exporter.commands.options import NAMED
from llm_cost_exporter.config.units import parse_duration, show_duration
from llm_cost_exporter.errors import ExporterError, UsageError
from llm_cost_exporter.testalert import alert
from llm_cost_exporter.testalert.httpconfig import HttpClientConfig, load

if TYPE_CHECKING:
    from llm_cost_exporter.testalert.client import Alertmanager, Routed

__all__ = ["command"]

_LONGEST_WAIT: Final = 3600.0
_SPARE_SECONDS: Final = 60.0  # after the wait, until it ends by itself should nobody be left to end it
_SETTLE_SECONDS: Final = 5.0


@click.command("test-alert", short_help="Send a test alert through Alertmanager, and resolve it.")
@click.option(
    "--alertmanager", "url", metavar="URL", required=True, help="Where Alertmanager is: http://localhost:9093."
)
@click.option(
    "--severity",
    type=click.Choice(alert.LEVELS),
    default="warning",
    show_default=True,
    help="Of the alert; emergency and critical page.",
)
@click.option("--team", metavar="TEAM", help="Whose it is; its routes are those of the team.")
@click.option(
    "--wait",
    metavar="DURATION",
    default="40s",
    show_default=True,
    help="How long it fires; longer than the route's group_wait.",
)
@click.option(
    "--http.config.file", "http_config", type=NAMED, metavar="FILE", help="User, token and TLS, as amtool takes them."
)
def command(url: str, severity: str, team: str | None, wait: str, http_config: str | None) -> None:
    """Send one test alert through the routes of a real Alertmanager, and resolve it.

    It is an LlmCostBudget of a budget "test-alert …", says that it is a test, and goes where a real one would. Ctrl-C resolves it
    at once; killed altogether, it ends by itself a minute after its time.
    """
    from llm_cost_exporter.testalert.client import Alertmanager
    from llm_cost_exporter.testalert.session import Session, parse_url

    seconds = _seconds(wait)
    owner = _team(team)
    address = parse_url(url)
    config = load(Path(http_config)) if http_config else HttpClientConfig()
    _Test(Alertmanager(Session(address, config)), severity, owner, seconds).run()


class _Test:
    """One test alert, from its first second to its resolution."""

    def __init__(self, alertmanager: Alertmanager, severity: str, team: str | None, seconds: float) -> None:
        self._alertmanager, self._severity, self._seconds = alertmanager, severity, seconds
        self._labels = alert.labels(severity, team, datetime.now(UTC).timestamp())
        self._texts = alert.texts(severity)

    def run(self) -> None:
        """Send, wait, resolve; says each on standard output. Raises ExporterError where it reaches nobody, too."""
        from llm_cost_exporter.testalert.deliveries import parse

        version = self._alertmanager.version()
        before = parse(self._alertmanager.metrics())
        with _interrupted() as stop:
            start = self._fire()
            try:
                click.echo(f"sent to {self._alertmanager.url} (Alertmanager {version}):")
                click.echo("  " + ", ".join(f"{name}={value}" for name, value in self._labels.items()))
                routed = self._where(stop)
                click.echo(f"goes to: {', '.join(routed.receivers)}")
                click.echo(f"resolves in {show_duration(self._seconds)}; Ctrl-C: at once")
                stop.wait(self._seconds)
                routed = self._alertmanager.routed(self._labels) or routed
            finally:
                self._resolve(start)
        click.echo("resolved; receivers that are told so hear it at their route's next group_interval")
        made = parse(self._alertmanager.metrics()).since(before)
        if made.tried:
            click.echo(f"meanwhile Alertmanager made these requests, of all its alerts: {made.text()}")
        if made.failed:
            click.echo("warning: requests to receivers failed; Alertmanager's log says why", err=True)
        hindered = _hindered(routed)
        if not hindered:
            for receiver, intervals in routed.muted.items():
                click.echo(f"warning: {receiver} is muted by the time interval {' and '.join(intervals)}", err=True)
        if hindered:
            raise ExporterError(f"the test alert reached nobody: it is {hindered}")

    def _fire(self) -> float:
        from llm_cost_exporter.testalert.session import NoAnswerError

        try:
            return self._alertmanager.fire(self._labels, self._texts, alert.LINK, self._seconds + _SPARE_SECONDS)
        except NoAnswerError as bad:
            raise ExporterError(
                f"{bad}; should the alert have come through all the same, it ends by itself within"
                f" {show_duration(self._seconds + _SPARE_SECONDS)}"
            ) from None

    def _where(self, stop: threading.Event) -> Routed:
        """Where it goes, as soon as Alertmanager knows."""
        for _ in range(int(_SETTLE_SECONDS / 0.25)):
            routed = self._alertmanager.routed(self._labels)
            if routed is not None:
                return routed
            if stop.wait(0.25):
                raise ExporterError("interrupted before Alertmanager said where the alert goes; it is resolved")
        raise ExporterError(
            f"{self._alertmanager.url}: took the alert, but does not hold it as firing; is its clock right?"
        )

    def _resolve(self, start: float) -> None:
        try:
            self._alertmanager.resolve(self._labels, self._texts, alert.LINK, start)
        except ExporterError as bad:
            ends = datetime.fromtimestamp(start + self._seconds + _SPARE_SECONDS, UTC)
            raise ExporterError(
                f"{bad}; the test alert is not resolved, and ends by itself at {ends:%H:%M:%S} UTC"
            ) from None


def _hindered(routed: Routed) -> str:
    """What keeps the alert from all of its receivers; empty: nothing."""
    parts = [
        ("silenced by the silence", routed.silenced_by),
        ("inhibited by the alert with fingerprint", routed.inhibited_by),
    ]
    if routed.muted and set(routed.receivers) <= set(routed.muted):
        parts.append(("muted by the time interval", tuple(dict.fromkeys(sum(routed.muted.values(), ())))))
    return ", ".join(f"{what} {' and '.join(names)}" for what, names in parts if names)


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """SIGINT and SIGTERM end the wait and nothing else, so that the alert is resolved whatever happens; a second one ends all."""
    stop = threading.Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number in wanted:
            signal.signal(number, before[number])


def _seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as bad:
        raise UsageError(f"--wait: {bad}") from None
    if not 0 < seconds <= _LONGEST_WAIT:
        raise UsageError(f"--wait: {text!r} is not within 1s to {show_duration(_LONGEST_WAIT)}; 40s would be right")
    return seconds


def _team(team: str | None) -> str | None:
    if team is not None and (not team.strip() or not team.isprintable() or len(team) > 200):
        raise UsageError("--team: is empty, or is no name; the name of a team in the policy would be right")
    return team
