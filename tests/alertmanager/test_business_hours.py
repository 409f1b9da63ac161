"""Business hours on real Alertmanagers: warnings wait outside of them, in the zone that is named; pages don't."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alertmanager.receivers import Receiver
from tests.alertmanager.rendered import for_version, write
from tests.alertmanager.test_inhibition import post
from tests.processes import wait_for
from tests.servers import Servers


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_warnings_wait_and_pages_do_not(servers: Servers, generation: str, tmp_path: Path, receiver: Receiver):
    """In hours a warning of a team is sent, out of them it is not, and a page of the same team is; the zone makes the difference."""
    # Noon of today in a zone where that is now: half an hour on each side, so that the test's own length does not matter.
    now = datetime.now(UTC)
    zone = f"Etc/GMT{now.hour - 12:+d}"  # whose sign is the other way round
    elsewhere = f"Etc/GMT{(now.hour - 12 + 6 if now.hour < 12 else now.hour - 12 - 6):+d}"
    for name in ("on", "off"):
        (tmp_path / name).write_text(f"{receiver.url}/{name}")
    hours = "{{days: [sunday:saturday], from: '11:00', to: '14:00', timezone: {}}}"
    policy = for_version(
        "alertmanager:\n"
        f"  slack: {{url_file: {tmp_path}/on}}\n"
        "  teams:\n"
        f"    on: {{business_hours: {hours.format(zone)}}}\n"
        f"    off: {{business_hours: {hours.format(elsewhere)}, slack: {{url_file: {tmp_path}/off}}}}\n",
        generation,
    )
    quick = {
        "group_wait: 5s": "group_wait: 0s",
        "group_wait: 30s": "group_wait: 0s",
        "group_interval: 5m": "group_interval: 1s",
    }
    alertmanager = servers.alertmanager(generation, write(policy, tmp_path, quick))

    def at(path: str) -> list[str]:
        return [one.body["attachments"][0]["title"] for one in receiver.taken if one.path == path]

    def alert(team: str, severity: str, budget: str) -> dict[str, str]:
        return {
            "alertname": "LlmCostBudgetForecast",
            "team": team,
            "severity": severity,
            "budget": budget,
            "period": "day",
        }

    post(alertmanager, alert("off", "warning", "quiet"))
    # One after the other, so that what is held back has had its turn long since.
    post(alertmanager, alert("on", "warning", "heard"))
    wait_for(lambda: len(at("/on")) == 1, what="a warning in hours")
    post(alertmanager, alert("on", "warning", "heard too"))
    wait_for(lambda: len(at("/on")) == 2, what="another")
    post(alertmanager, alert("off", "critical", "loud"))
    wait_for(lambda: at("/off"), what="a page out of hours")
    assert all("loud" in title for title in at("/off"))
    assert timedelta(0) <= datetime.now(UTC) - now < timedelta(minutes=50), "the hours were left during the test"
