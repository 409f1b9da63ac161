"""What Alertmanager's own counters say of its notifications while a test alert fired: how many each kind of receiver took, and refused.

They count every notification, also of other alerts in those seconds: good enough to see that Slack refuses, no proof of what was sent.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Requests", "parse"]

_TRIED: Final = "alertmanager_notification_requests_total"
_FAILED: Final = "alertmanager_notification_requests_failed_total"


class Requests:
    """Requests to receivers by integration (`slack`, `pagerduty`), and those that failed."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def since(self, before: Requests) -> Requests:
        """What was added after `before`."""
        grown = Requests()
        grown.tried = self.tried - before.tried
        grown.failed = self.failed - before.failed
        return grown

    def text(self) -> str:
        """`2 to pagerduty, 3 to slack (1 failed)`; empty for none."""
        return ", ".join(
            f"{count} to {name}" + (f" ({self.failed[name]} failed)" if self.failed[name] else "")
            for name, count in sorted(self.tried.items())
        )


def parse(metrics: str) -> Requests:
    """Of the text of /metrics; nothing where it can't be read."""
    found = Requests()
    try:
        samples = [one for family in text_string_to_metric_families(metrics) for one in family.samples]
    except ValueError:
        return found
    for sample in samples:
        counter = {_TRIED: found.tried, _FAILED: found.failed}.get(sample.name)
        if counter is not None:
            counter[sample.labels.get("integration", "")] += round(sample.value)
    return found
