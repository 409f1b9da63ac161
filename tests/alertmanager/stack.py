"""A whole way from an exporter's /metrics to people: Prometheus (or VictoriaMetrics with vmalert), Alertmanager, and stand-ins for the vendors.

What is loaded is what `llm-cost-exporter render` makes of a policy file, in compressed time (made.py). bench/alerts.py measures on the same
servers with nothing compressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.alertmanager import made
from tests.alertmanager.mail import MailServer
from tests.alertmanager.receivers import Notification, PagerDuty, Slack, Webhook
from tests.servers import PromServer, Server, Servers, scrape

__all__ = ["CHANNELS", "DEFAULT_KEY", "TEAM_KEY", "Stack"]

DEFAULT_KEY, TEAM_KEY = "d" * 32, "5" * 32
# The section of a policy that leads to the stand-ins.
CHANNELS: Final = f"""
alertmanager:
  slack: {{url_file: {made.SECRETS}/slack, channel: "#llm-cost"}}
  pagerduty: {{routing_key_file: {made.SECRETS}/key, url: {made.PAGERDUTY}/v2/enqueue}}
  email:
    to: cost@example.com
    from: alertmanager@example.com
    smarthost: {made.MAIL}
    username: alertmanager
    password_file: {made.SECRETS}/mail
  deadman: {{url_file: {made.SECRETS}/deadman}}
  teams:
    search:
      slack: {{url_file: {made.SECRETS}/slack-search, channel: "#search"}}
      email: {{to: search@example.com}}
      pagerduty: {{routing_key_file: {made.SECRETS}/key-search}}
"""


@dataclass
class Stack:
    """Servers of one generation and those who hear of them; `sender` is prometheus or vmalert."""

    name: str
    folder: Path
    compress: bool
    slack: Slack
    pagerduty: PagerDuty
    deadman: Webhook
    mail: MailServer
    sender: PromServer
    storage: PromServer  # what the sender's rules read and record
    alertmanager: Server

    @classmethod
    def start(
        cls,
        servers: Servers,
        folder: Path,
        sender: str,
        generation: str,
        policy: str,
        exporter: str,
        *,
        name: str = "",
        compress: bool = True,
    ) -> Stack:
        """All of it, scraping the exporter's address; `policy` has the section CHANNELS."""
        name = name or f"{sender} {generation}"
        home = folder / name.replace(" ", "-")
        home.mkdir()
        slack, pagerduty, deadman = Slack(), PagerDuty(), Webhook()
        mail = MailServer(home / "mail")
        addresses = {
            made.SECRETS: _secrets(home, slack, deadman),
            made.MAIL: mail.address,
            made.PAGERDUTY: pagerduty.url,
        }
        routes = made.routes(policy, generation, home, addresses, mail.ca_file, compress=compress)
        alertmanager = servers.alertmanager(generation, routes)
        # The parameter is for Prometheus, which scrapes each address at a moment of its own.
        scrapes = [scrape(exporter, interval="1s" if compress else "15s", params={"of": [name]})]
        rules = made.rules(policy, home, compress=compress)
        ruler, storage = _sender(servers, sender, generation, rules, scrapes, alertmanager.address, compress)
        return cls(name, home, compress, slack, pagerduty, deadman, mail, ruler, storage, alertmanager)

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """What Alertmanager holds as firing, with these labels."""
        found: Sequence[dict[str, Any]] = self.alertmanager.get("/api/v2/alerts").json()
        return [alert for alert in found if labels.items() <= alert["labels"].items()]

    def titles(self, beginning: str, path: str = "") -> list[str]:
        """Titles of the accepted Slack messages that begin so, of one channel or all."""
        return [_title(one) for one in self.slack.taken if _title(one).startswith(beginning) and path in ("", one.path)]

    def events(self, summary: str, action: str = "trigger") -> list[dict[str, Any]]:
        """Accepted PagerDuty events of that action whose summary has the text in it."""
        taken = [one.body for one in self.pagerduty.taken]
        return [one for one in taken if one["event_action"] == action and summary in one["payload"]["summary"]]

    def subjects(self) -> list[str]:
        """Of the letters."""
        return [str(letter["Subject"]) for letter in list(self.mail.letters)]

    def problems(self) -> list[str]:
        """What vendors would have refused."""
        return [*self.slack.problems, *self.pagerduty.problems, *self.deadman.problems]

    def load_rules(self, policy: str) -> None:
        """Have the sender read the rules of another policy."""
        made.rules(policy, self.folder, compress=self.compress)
        assert self.sender.http.post(f"{self.sender.url}/-/reload", timeout=30).status_code == 200

    def close(self) -> None:
        """The stand-ins; the servers end with the test."""
        for receiver in (self.slack, self.pagerduty, self.deadman, self.mail):
            receiver.close()


def _title(message: Notification) -> str:
    return str(message.body["attachments"][0]["title"])


def _secrets(home: Path, slack: Slack, deadman: Webhook) -> str:
    """The folder with a file for each."""
    folder = home / "secrets"
    folder.mkdir()
    for name, text in {
        "slack": f"{slack.url}/company",
        "slack-search": f"{slack.url}/search",
        "key": DEFAULT_KEY,
        "key-search": TEAM_KEY,
        "mail": "secret",
        "deadman": f"{deadman.url}/alive",
    }.items():
        (folder / name).write_text(text)
    return str(folder)


def _sender(
    servers: Servers,
    sender: str,
    generation: str,
    rules: Sequence[Path],
    scrapes: Sequence[Mapping[str, Any]],
    notifier: str,
    compress: bool,
) -> tuple[PromServer, PromServer]:
    """What evaluates the rules, and what stores their series."""
    resend = f"{60 // made.RULES_FACTOR if compress else 60}s"
    if sender == "prometheus":
        flags = [f"--rules.alert.resend-delay={resend}"]
        both = servers.prometheus(generation, scrapes, rules=rules, alertmanagers=[notifier], flags=flags)
        return both, both
    storage = servers.victoria_metrics(generation, scrapes)
    flags = [f"-rule.resendDelay={resend}"] + (["-remoteWrite.flushInterval=200ms"] if compress else [])
    return servers.vmalert(generation, storage, rules, notifier=notifier, flags=flags), storage
