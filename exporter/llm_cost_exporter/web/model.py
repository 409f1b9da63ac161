"""What the page at / shows, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["FileRow", "LineCounts", "PageModel", "SpendRow", "UnpricedRow"]


@dataclass(frozen=True, slots=True)
class SpendRow:
    """What one model (detail: its provider) or app spent. Money is a count of 1e-24 USD; an empty name is `none`."""

    name: str
    today_usd: int
    month_usd: int
    calls_today: int | None = None  # None: not known, then no call count is shown at all
    calls_month: int | None = None
    detail: str = ""
    unpriced: bool = False  # some of its calls have no known price, so the dollars are not all


@dataclass(frozen=True, slots=True)
class UnpricedRow:
    """Calls of a model whose price is not known."""

    provider: str
    model: str
    calls: int
    tokens: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file that is followed. `last_event` is epoch seconds."""

    path: str
    state: str  # following, finished, missing, unreadable, waiting
    unread_bytes: int = 0
    last_event: float | None = None


@dataclass(frozen=True, slots=True)
class LineCounts:
    """What became of the lines that were read."""

    read: int = 0
    skipped: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)  # by reason
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class PageModel:
    """All that the page shows. Times are epoch seconds, money 1e-24 USD, sizes bytes; rows come in any order."""

    version: str
    ledger: str
    zone: str
    now: float
    date: str  # 2026-01-31, today in the zone
    month: str  # 2026-01
    ready: bool  # the backlog is read
    today_usd: int
    month_usd: int
    yesterday_usd: int | None = None
    last_month_usd: int | None = None
    calls_today: int | None = None
    calls_month: int | None = None
    by_model: Sequence[SpendRow] = ()
    by_app: Sequence[SpendRow] = ()
    unpriced: Sequence[UnpricedRow] = ()
    calls_without_usage: int = 0
    files: Sequence[FileRow] = ()  # some hundred at most, those in trouble among them
    file_counts: Mapping[str, int] = field(default_factory=dict)  # of all files, by state
    unread_bytes: int = 0  # of all files
    lines: LineCounts = field(default_factory=LineCounts)
    last_event: float | None = None
    last_save: float | None = None
    save_failures: int = 0  # ever
    save_failing: bool = False  # the last try failed
    warnings: Sequence[str] = ()  # whole sentences
    docs_url: str = ""  # of the documentation, http or https; empty: no link
