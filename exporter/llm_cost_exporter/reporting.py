"""A report: the same accounting as the ledger's, summed into rows instead of a state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llm_cost_exporter import money
from llm_cost_exporter.accounting import Taken
from llm_cost_exporter.comparison import Comparison
from llm_cost_exporter.idchunk import SAID_UNIT
from llm_cost_exporter.types import KIND_OF_METER, KINDS, REJECT_REASONS, Part, Rejected, Skip, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from llm_cost_exporter.dedup import Entry
    from llm_cost_exporter.quick.cells import Cell
    from llm_cost_exporter.quick.posting import Posting
    from llm_cost_exporter.tariffs import Tariff
    from llm_cost_exporter.times import Calendar

__all__ = ["TIME_KEYS", "LineCounts", "Report", "Row"]

TIME_KEYS = frozenset(("date", "month", "hour"))


@dataclass(slots=True)
class Row:
    """One row: calls of one provider, model and values of the keys. `usd` in 1e-24 USD; None: no price is known."""

    provider: str
    model: str
    keys: tuple[str, ...]
    requests: int = 0
    failures: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    usd: int | None = 0
    said: int | None = None  # what its records themselves say, in 1e-24 USD; None: nothing


class Group:
    """The two rows of a provider, model and values: priced and unpriced calls are told apart."""

    __slots__ = ("number", "priced", "unpriced", "used")

    def __init__(self, number: int, provider: str, model: str, keys: tuple[str, ...]) -> None:
        self.number = number
        self.priced = Row(provider, model, keys)
        self.unpriced = Row(provider, model, keys, usd=None)


@dataclass(slots=True)
class LineCounts:
    """What became of the lines: every line is exactly one of these."""

    lines: int = 0
    calls: int = 0
    joined: int = 0
    skipped: int = 0
    duplicates: int = 0
    outside: int = 0  # all of its calls are before --since or after --until
    rejected: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REJECT_REASONS, 0))


class Report:
    """Sums calls by provider, model and `keys`: date, month, hour or a label (accounting.Sink[Group])."""

    def __init__(
        self, keys: Sequence[str], label_names: Sequence[str], calendar: Calendar, since: float, until: float, *,
        compare: bool = False,
    ) -> None:  # fmt: skip
        self._calendar = calendar
        self._since, self._until = since, until
        self._readers: list[Callable[[Usage], str]] = [self._reader(key, label_names) for key in keys]
        self.keys = tuple(keys)
        self._groups: dict[tuple[str, ...], Group] = {}
        self._numbered: list[Group] = []
        self._without_usage: dict[tuple[str, str], int] = {}
        self.comparison = Comparison() if compare else None
        self.counts = LineCounts()
        self._outside = False
        self._posting: Posting[Group] | None = None

    def _reader(self, key: str, label_names: Sequence[str]) -> Callable[[Usage], str]:
        calendar = self._calendar
        if key == "date":
            return lambda usage: calendar.day_of(usage.time).date
        if key == "month":
            return lambda usage: calendar.day_of(usage.time).month
        if key == "hour":
            return lambda usage: hour_of(usage.time, calendar)
        at = label_names.index(key)
        return lambda usage: usage.labels[at]

    # accounting.Sink

    histograms = False

    def attach(self, posting: Posting[Group]) -> None:
        self._posting = posting

    def bind(self, cell: Cell, when: float) -> tuple[float, float] | None:
        if self.comparison is not None or not self._since <= when < self._until:
            return None
        low, high = self._since, self._until
        if "hour" in self.keys:
            low, high = max(low, when // 900 * 900), min(high, when // 900 * 900 + 900)
        elif not TIME_KEYS.isdisjoint(self.keys):
            day = self._calendar.day_of(when)
            low, high = max(low, day.start), min(high, day.end)
        cell.account = self.route(cell.tariff, Usage(time=when, labels=cell.labels))
        cell.number = cell.account.number
        return low, high

    def settle(self, cell: Cell) -> None:
        row: Row = cell.account.priced
        row.requests += cell.calls
        self._add(row, cell.tokens(), cell.cost())
        if cell.said_calls:
            row.said = (row.said or 0) + cell.said * SAID_UNIT

    def route(self, tariff: Tariff[Group], usage: Usage) -> Group:
        key = (tariff.provider, tariff.model, *(read(usage) for read in self._readers))
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(len(self._numbered), key[0], key[1], key[2:])
            self._numbered.append(group)
        return group

    def number(self, account: Group) -> int:
        return account.number

    def account_of(self, number: int) -> Group | None:
        return self._numbered[number]

    def first(self, group: Group, tariff: Tariff[Group], usage: Usage, cost: dict[str, int] | None) -> None:
        self._outside = not self._since <= usage.time < self._until
        if self._outside:
            return
        row = group.unpriced if cost is None else group.priced
        row.requests += 1
        if usage.failure is not None:
            row.failures += 1
        if usage.without_usage:
            pair = (tariff.provider, tariff.model)
            self._without_usage[pair] = self._without_usage.get(pair, 0) + 1
        self._add(row, usage.tokens, cost)
        if usage.reported_usd is not None:
            row.said = (row.said or 0) + usage.reported_usd
            if self.comparison is not None:
                self.comparison.first(tariff, usage)

    def more(
        self, group: Group, tariff: Tariff[Group], entry: Entry, tokens: dict[str, int], cost: dict[str, int] | None, usage: Usage, *,
        reported: int, failed_now: bool,
    ) -> None:  # fmt: skip
        if not self._since <= entry.time < self._until:
            return
        row = group.unpriced if cost is None else group.priced
        if failed_now:
            (group.priced if group.priced.requests else group.unpriced).failures += 1
        self._add(row, tokens, cost)
        if reported:
            row.said = (row.said or 0) + reported
        if self.comparison is not None:
            self.comparison.more(tariff, entry, tokens, reported)

    def conflict(self) -> None:
        return

    @staticmethod
    def _add(row: Row, tokens: dict[str, int], cost: dict[str, int] | None) -> None:
        for meter, count in tokens.items():
            kind = KIND_OF_METER[meter]
            row.tokens[kind] = row.tokens.get(kind, 0) + count
        if cost and row.usd is not None:
            row.usd += sum(cost.values())

    # lines

    def lines_passed(self, calls: int, noise: int) -> None:
        """Lines that went the quick way: such as gave a call each, and such as are no usage."""
        self.counts.lines += calls + noise
        self.counts.calls += calls
        self.counts.skipped += noise

    def line(self, outcome: list[Usage] | Skip | Rejected | Part, take: Callable[[Usage], Taken]) -> None:
        """Count a line by its outcome, posting its calls with `take`."""
        counts = self.counts
        counts.lines += 1
        if isinstance(outcome, list):
            taken: list[Taken] = []
            for usage in outcome:
                result = take(usage)
                if result is not Taken.NEW or not self._outside:
                    taken.append(result)
            if Taken.NEW in taken:
                counts.calls += 1
            elif Taken.DUPLICATE in taken:
                counts.duplicates += 1
            elif Taken.JOINED in taken:
                counts.joined += 1
            else:
                counts.outside += 1
        elif isinstance(outcome, Skip):
            counts.skipped += 1
        elif isinstance(outcome, Part):
            counts.joined += 1
        else:
            counts.rejected[outcome.reason] += 1

    # results

    def rows(self) -> list[Row]:
        """All rows: the dearest first, unpriced ones last; with a time key in its order first."""
        if self._posting is not None:
            self._posting.settle()
        rows = [row for group in self._numbered for row in (group.priced, group.unpriced) if row.requests or row.tokens]
        at = next((i for i, key in enumerate(self.keys) if key in TIME_KEYS), None)
        rows.sort(key=lambda row: (row.provider, row.model, row.keys))
        rows.sort(key=lambda row: (row.usd is None, -(row.usd or 0)))
        if at is not None:
            rows.sort(key=lambda row: row.keys[at])
        return rows

    def total(self) -> int:
        return sum(row.usd or 0 for row in self.rows())

    def unpriced(self) -> list[Row]:
        """Unpriced use by provider and model."""
        merged: dict[tuple[str, str], Row] = {}
        for row in self.rows():
            if row.usd is None:
                into = merged.setdefault((row.provider, row.model), Row(row.provider, row.model, (), usd=None))
                into.requests += row.requests
                for kind, count in row.tokens.items():
                    into.tokens[kind] = into.tokens.get(kind, 0) + count
        return list(merged.values())

    def without_usage(self) -> list[tuple[str, str, int]]:
        """provider, model, calls that carried no usage at all."""
        return [(provider, model, calls) for (provider, model), calls in sorted(self._without_usage.items())]

    def as_json(self) -> dict[str, Any]:
        """The report as one object; its keys are contract."""
        counts, rows, compare = self.counts, self.rows(), self.comparison
        return {
            "rows": [
                {
                    "provider": row.provider, "model": row.model, **dict(zip(self.keys, row.keys, strict=True)),
                    "requests": row.requests, "failures": row.failures, "tokens": in_order(row.tokens),
                    "cost_usd": None if row.usd is None else money.plain(row.usd),
                    **({} if compare is None else {"reported_cost_usd": None if row.said is None else money.plain(row.said)}),
                }
                for row in rows
            ],
            "total_cost_usd": money.plain(self.total()),
            "requests": sum(row.requests for row in rows),
            "lines": counts.lines,
            "skipped": counts.skipped,
            "duplicates": counts.duplicates,
            "joined": counts.joined,
            "outside": counts.outside,
            "rejected": {reason: number for reason, number in counts.rejected.items() if number},
            "unpriced": [
                {"provider": row.provider, "model": row.model, "requests": row.requests, "tokens": in_order(row.tokens)}
                for row in self.unpriced()
            ],
            "calls_without_usage": [
                {"provider": provider, "model": model, "requests": calls} for provider, model, calls in self.without_usage()
            ],
            **({} if compare is None else {"comparison": compare.as_json()}),
        }  # fmt: skip


def hour_of(when: float, calendar: Calendar) -> str:
    """The hour of the zone that `when` falls in, with its offset: the hour that a clock change repeats is two."""
    local = datetime.fromtimestamp(when // 900 * 900, calendar.zone)
    return local.replace(minute=0).isoformat(timespec="minutes")


def in_order(tokens: dict[str, int]) -> dict[str, int]:
    """Token counts in the order in which kinds are always shown."""
    return {kind: tokens[kind] for kind in KINDS if tokens.get(kind)}


def kinds_used(rows: Iterable[Row]) -> list[str]:
    """The kinds of token that any row has, in order."""
    used = {kind for row in rows for kind in row.tokens}
    return [kind for kind in KINDS if kind in used]


__all__ += ["hour_of", "in_order", "kinds_used"]
