"""The exporter's own counts of its work, with the values that the last save holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from llm_cost_exporter.types import REJECT_REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Stats"]

_PLAIN: Final = (
    "lines_read", "lines_skipped", "lines_joined", "lines_duplicate", "duplicates", "conflicting_duplicates", "bytes_read",
    "rotations", "truncations", "time_fallbacks",
)  # fmt: skip


class Stats:
    """Counts by name; `rejected` by reason and `folded` by label. `public` is what /metrics shows."""

    __slots__ = (*_PLAIN, "folded", "last_event", "public", "rejected")

    def __init__(self, label_names: Iterable[str]) -> None:
        self.lines_read = 0
        self.lines_skipped = 0
        self.lines_joined = 0
        self.lines_duplicate = 0
        self.duplicates = 0
        self.conflicting_duplicates = 0
        self.bytes_read = 0
        self.rotations = 0
        self.truncations = 0
        self.time_fallbacks = 0
        self.rejected: dict[str, int] = dict.fromkeys(REJECT_REASONS, 0)
        self.folded: dict[str, int] = dict.fromkeys(label_names, 0)
        self.last_event = 0.0  # epoch seconds of the newest call seen
        self.public: dict[str, Any] = {}
        self.publish()

    def plain(self) -> dict[str, Any]:
        """All counts as plain data."""
        counts: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        return counts | {"rejected": dict(self.rejected), "folded": dict(self.folded), "last_event": self.last_event}

    def publish(self) -> None:
        self.public = self.plain()

    def pack(self) -> str:
        return orjson.dumps(self.plain()).decode()

    def unpack(self, data: str) -> None:
        """Take back what `pack` gave. Raises ValueError, TypeError or KeyError for garbage."""
        counts = orjson.loads(data)
        for name in _PLAIN:
            setattr(self, name, int(counts[name]))
        for reason in self.rejected:
            self.rejected[reason] = int(counts["rejected"].get(reason, 0))
        for label, folded in counts["folded"].items():
            if label in self.folded:
                self.folded[label] = int(folded)
        self.last_event = float(counts["last_event"])
        self.publish()
