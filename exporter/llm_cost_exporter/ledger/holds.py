"""Which series are still shown below their value, and until when (see samples.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_cost_exporter.ledger.samples import SEEN

if TYPE_CHECKING:
    from llm_cost_exporter.ledger.accounts import Account
    from llm_cost_exporter.ledger.registry import Registry
    from llm_cost_exporter.ledger.samples import Histogram, Sample

__all__ = ["Ended", "Holds"]

Ended = list[tuple["Sample | Histogram", object]]
"""Holds that were ended, with what was shown before."""


class Holds:
    """Series that are held and have been shown."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._held: list[tuple[Account, Sample | Histogram]] = []

    def __len__(self) -> int:
        return len(self._held)

    def begin(self, account: Account, sample: Sample | Histogram, monotonic: float) -> None:
        """`sample` is shown from now on, held."""
        sample.since = monotonic
        self._held.append((account, sample))

    def ready(self) -> None:
        """The backlog is read: what is young or new in it is held from the next save on, all else is shown.

        Also a series that is all base: what comes before a scrape has seen the base would be lost to increase().
        """
        for account in self._registry.all():
            for sample in account.samples():
                if sample.since == SEEN and sample.at_rest():
                    sample.held = False
                else:
                    self._registry.touch(account)
                sample.since = None

    def release(self, due_before: float) -> None:
        """End the holds of what was first shown (monotonic seconds) at or before `due_before`: seen after the next save."""
        waiting = []
        for account, sample in self._held:
            if sample.since is not None and sample.since <= due_before:
                sample.held = False
                self._registry.touch(account)
            else:
                waiting.append((account, sample))
        self._held = waiting

    def end(self) -> Ended:
        """The process ends: all holds end. Returns what `again` needs."""
        ended: Ended = [(sample, sample.shown()) for _, sample in self._held]
        self.release(float("inf"))
        return ended

    def again(self, ended: Ended) -> None:
        """Nobody saw what `end` let out: the next start holds it anew."""
        for sample, shown in ended:
            sample.hold_at(shown)
        for account in self._registry.all():
            if any(sample.held for sample in account.samples()):
                self._registry.touch(account)
