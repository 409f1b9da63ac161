"""How long a person waits: from the line in the log to the request at PagerDuty, or at Slack, with the shipped intervals.

    make bench-alerts       prints the table and writes it to bench/ALERTS.md; some 25 minutes (ROUNDS=1 for a fourth of it)

Nothing is compressed: scrapes, rules, holds and Alertmanager's waiting times are those of the default policy. Several Prometheus servers, each with
an Alertmanager of its own, scrape the same exporter at different moments of the 15 seconds, so that one line gives several measurements. The lines
of a round are written at chance moments. Half of the servers see money spent by an app that is known, the others by a new one.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import machine
from tests.alertmanager.receivers import Receiver
from tests.alertmanager.stack import CHANNELS, Stack
from tests.processes import find_program
from tests.servers import Servers

RESULTS = Path(__file__).with_name("ALERTS.md")
GENERATIONS = ("new", "old", "new")  # of the servers that see one log
ROUNDS = 4
SCRAPE_S = 15.0
LONGEST_S = 600.0
SETTLE_S = 45.0  # until Alertmanager has let go of a group that is over

POLICY = """
timezone: {zone}
budgets: [{budgets}]
"""

T = TypeVar("T")


@dataclass
class Measured:
    """Seconds of one kind of message, and what is aimed at (none: no aim)."""

    what: str
    aim_s: float | None = None
    seconds: list[float] = field(default_factory=list)

    def text(self) -> str:
        """A row of the table."""
        found = self.seconds
        aim = "" if self.aim_s is None else f"{self.aim_s:.0f}"
        spread = f"{min(found):.0f} to {max(found):.0f}"
        return f"| {self.what} | {len(found)} | {statistics.median(found):.0f} | {spread} | {aim} |"


class Site:
    """A log, its exporter, and the servers that see it."""

    def __init__(self, name: str, folder: Path, servers: Servers, zone: str, rounds: int) -> None:
        home = folder / name
        home.mkdir()
        self.log = home / "usage.jsonl"
        self.log.touch()
        config = {"sources": [{"paths": [str(self.log)]}], "timezone": zone}
        exporter = servers.exporter(config=config)
        budgets = ", ".join(f"{{name: b{n}, match: {{app: budget-{n}}}, daily_usd: 10}}" for n in range(rounds))
        policy = POLICY.format(zone=zone, budgets=budgets) + CHANNELS
        self.stacks = [
            Stack.start(
                servers, home, "prometheus", generation, policy, exporter.address, name=f"{name}-{n}", compress=False
            )
            for n, generation in enumerate(GENERATIONS)
        ]

    def spend(self, usd: float, app: str) -> float:
        """One call of that price; gives the moment at which it is in the log (monotonic)."""
        call = {
            "timestamp": datetime.now(UTC).isoformat(),
            "model": "gpt-4",
            "prompt_tokens": round(usd / 30 * 1_000_000),
            "completion_tokens": 0,
            "app": app,
        }
        with self.log.open("a") as out:
            out.write(json.dumps(call) + "\n")
        return time.monotonic()


def main() -> None:
    """Measure, print and write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers = Servers(folder / "servers")
        sites: list[Site] = []
        try:
            zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # noon is far from both ends of a day
            sites += [Site(one, folder, servers, zone, rounds) for one in ("known", "new")]
            measure(sites[0], sites[1], rounds)
        finally:
            for stack in (stack for site in sites for stack in site.stacks):
                stack.close()
            servers.close()


def measure(known: Site, new: Site, rounds: int) -> None:
    """Every kind of message, over so many rounds; the results are written after each."""
    page = Measured("a minute's spend pages, app known: PagerDuty", 45)
    slack = Measured("the same: Slack", 45)
    new_page = Measured("a minute's spend pages, new app (held for 75 s): PagerDuty", 45 + 75)
    warning = Measured("the warning of the same spend, app known: Slack")
    budget = Measured("a budget reaches its critical level: PagerDuty", 180)
    for site in (known, new):
        site.spend(0.01, "web")
    print("waiting for the first hold and evaluations to pass", flush=True)
    time.sleep(150)
    for number in range(rounds):
        start = {}
        for site, app in ((known, "web"), (new, f"app-{number}")):
            time.sleep(random.uniform(0, SCRAPE_S))  # noqa: S311 - no secret
            start[id(site), "rate"] = site.spend(60, app)
            time.sleep(random.uniform(0, SCRAPE_S))  # noqa: S311
            start[id(site), "budget"] = site.spend(9.5, f"budget-{number}")
        for site, pages in ((known, page), (new, new_page)):
            since, spent = start[id(site), "rate"], start[id(site), "budget"]
            for stack in site.stacks:
                pages.seconds += [first(stack.pagerduty, "spend rate", since)]
                budget.seconds += [first(stack.pagerduty, f"[Critical] Daily budget b{number}", spent)]
        for stack in known.stacks:
            since = start[id(known), "rate"]
            slack.seconds += [first(stack.slack, "[Critical] Model gpt-4", since)]
            if number == 0:  # a warning that comes again within the cooldown of five minutes is not told again
                warning.seconds += [first(stack.slack, "[Warning] Model gpt-4, spend rate: $60.00 a minute", since)]
        over(known.stacks + new.stacks)
        table = [page, slack, new_page, budget, warning]
        print(f"round {number + 1} of {rounds}", *(one.text() for one in table), sep="\n", flush=True)
        RESULTS.write_text(report(table))  # what is measured is kept, should the next round fail


def first(receiver: Receiver, text: str, since: float) -> float:
    """Seconds from the moment `since` to the first request after it that has the text in it."""
    return wait(
        lambda: next((one.when - since for one in receiver.taken if one.when > since and text in str(one.body)), 0),
        text,
    )


def over(stacks: Iterable[Stack]) -> None:
    """Until the spend is over and Alertmanager has forgotten it: the next one is then an incident of its own."""
    for stack in stacks:
        wait(lambda stack=stack: not stack.alerts(alertname="LlmCostSpendRateMinute"), "the end of the spend")  # type: ignore[misc]
    time.sleep(SETTLE_S)


def wait(condition: Callable[[], T], what: str) -> T:
    """The first true value. Raises TimeoutError."""
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {LONGEST_S:.0f} s")


def report(table: list[Measured]) -> str:
    """The file."""
    rows = "\n".join(one.text() for one in table)
    servers = ", ".join(
        f"{name} {' and '.join(version(name, generation) for generation in ('old', 'new'))}"
        for name in ("prometheus", "alertmanager")
    )
    return f"""# Results of `make bench-alerts`

Seconds from the line in the log to the request that PagerDuty or Slack accepts. Scrape interval, rules, hold of new series and Alertmanager's times are
those of the default policy, uncompressed; vendors are stand-ins on the same machine, so their own time comes on top.

| message | measured | median, s | spread, s | aim, s |
|---|---:|---:|---:|---:|
{rows}

{chr(10).join(machine.machine()[:2])}
- {servers}
"""


def version(name: str, generation: str) -> str:
    """Of a server."""
    said = subprocess.run([find_program(name, generation), "--version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).split()[2]


if __name__ == "__main__":
    main()
