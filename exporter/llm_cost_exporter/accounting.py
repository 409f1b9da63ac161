"""A call, and what it adds: priced, deduplicated, and posted where its money belongs.

The same call twice (same id): the larger count per meter wins (see `larger`), is priced anew at the first line's time, and only
positive differences are posted, to the first line's account and day. A later success keeps an earlier failure and is no second
request. Ledger and report are both a Sink, so that `report` and `run` can't disagree.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from llm_cost_exporter.dedup import Entry, Ids, key_of
from llm_cost_exporter.quick.posting import Posting
from llm_cost_exporter.tariffs import FEE, Tariff, Tariffs
from llm_cost_exporter.types import METERS

if TYPE_CHECKING:
    from llm_cost_exporter.prices import PriceBook
    from llm_cost_exporter.quick.cells import Cell
    from llm_cost_exporter.types import Usage

__all__ = ["TRUSTED_KIND", "Accountant", "Sink", "Taken", "larger"]

AccountT = TypeVar("AccountT")

TRUSTED_KIND = "reported"  # a trusted reported cost that can't be split by tokens


class Taken(Enum):
    """What became of one call."""

    NEW = "new"
    JOINED = "joined"
    DUPLICATE = "duplicate"


class Sink(Protocol[AccountT]):
    """Where calls are posted: the ledger, or a report."""

    def route(self, tariff: Tariff[AccountT], usage: Usage) -> AccountT:
        """The account that this call belongs to."""
        ...

    def number(self, account: AccountT) -> int:
        """A lasting number of the account, for `account_of`."""
        ...

    def account_of(self, number: int) -> AccountT | None:
        """The account of that number; None where it is gone."""
        ...

    def first(self, account: AccountT, tariff: Tariff[AccountT], usage: Usage, cost: dict[str, int] | None) -> None:
        """A call. `cost` is by meter (or FEE, TRUSTED_KIND), in 1e-24 USD; None: no price is known."""
        ...

    def more(
        self, account: AccountT, tariff: Tariff[AccountT], entry: Entry, tokens: dict[str, int], cost: dict[str, int] | None, usage: Usage, *,
        reported: int, failed_now: bool,
    ) -> None:  # fmt: skip
        """A call already posted has grown by `tokens` and `cost`, both by meter. `entry` is its first line's."""
        ...

    def conflict(self) -> None:
        """A repeat was smaller than what was counted, in some kind."""
        ...

    # The quick path (quick/): calls that are added up in cells first.

    histograms: bool  # whether `settle` asks for the buckets that calls fall in

    def attach(self, posting: Posting[AccountT]) -> None:
        """From now on calls may wait in the cells of `posting`: they are to be settled before anything is made of the sums."""
        ...

    def bind(self, cell: Cell, when: float) -> tuple[float, float] | None:
        """Set `account`, `number` and `day` of `cell` for calls around the time `when`.

        From when and until before when this holds, while accounts and days stay in memory; None: such calls are not to be
        posted quickly. All that `settle` may have to read is read here. Raises UnreadableError.
        """
        ...

    def settle(self, cell: Cell) -> None:
        """Post all that `cell` holds, as `first` would have posted each call. Raises nothing."""
        ...


class Accountant(Generic[AccountT]):
    """Prices calls, finds repeats and posts to one sink."""

    def __init__(self, book: PriceBook, ids: Ids, sink: Sink[AccountT]) -> None:
        self._ids = ids
        self._sink = sink
        self.tariffs: Tariffs[AccountT] = Tariffs(book)
        self.posting = Posting(ids, sink, self.tariffs)
        sink.attach(self.posting)

    def forget_routes(self) -> None:
        """Label sets have left memory."""
        self.posting.clear()
        self.tariffs.forget_routes()

    def take(self, usage: Usage, scope: str, *, trust_reported: bool = False) -> Taken:
        """Post one call. `scope` names the source entry, for ids that are not a vendor's.

        What a sink raises in `route`, `account_of`, `first` or `more` it raises before it changed anything: then nothing was posted.
        """
        tariff = self.tariffs.find(usage.provider, usage.model)
        key = None
        if usage.id is not None:
            key = key_of(usage.id, "" if usage.id_is_vendors else scope)
            # What continues a call has the time of a line, which may be far from the first one's.
            entry = self._ids.find(key, None if usage.continues else usage.time)
            if entry is not None and (usage.continues or self._ids.repeats):
                return self._again(key, entry, tariff, usage)
        account = tariff.routes.get(usage.labels)
        if account is None:
            account = self._sink.route(tariff, usage)
        trusted = trust_reported and usage.reported_usd is not None
        cost: dict[str, int] | None
        if trusted and usage.reported_usd is not None:
            cost = {TRUSTED_KIND if usage.tokens else FEE: usage.reported_usd}
            usage.without_usage = False  # what it cost is known
        elif not usage.tokens:
            cost = {}  # failed, or logged without its usage: nothing to price, so not unpriced either
        elif usage.gateway_cache_hit:
            cost = dict.fromkeys(usage.tokens, 0)
        else:
            cost = tariff.charge(usage.tokens, usage.time, usage.context)
        self._sink.first(account, tariff, usage, cost)
        if key is not None:
            self._ids.add_call(key, self._sink.number(account), usage, trusted=trusted)
        return Taken.NEW

    def _again(self, key: int, entry: Entry, tariff: Tariff[AccountT], usage: Usage) -> Taken:
        outcome = Taken.JOINED if usage.continues else Taken.DUPLICATE
        before, now = entry.tokens, usage.tokens
        merged = larger(before, now)
        grown = {meter: count - before.get(meter, 0) for meter, count in merged.items() if count > before.get(meter, 0)}
        reported = max(0, (usage.reported_usd or 0) - (entry.reported or 0))
        failed_now = usage.failure is not None and not entry.failed
        conflict = now and not usage.continues and any(now.get(meter, 0) < count for meter, count in before.items())
        if not grown and not reported and not failed_now:
            if conflict:
                self._sink.conflict()
            return outcome
        cost = self._growth(entry, tariff, merged, reported)
        account = self._sink.account_of(entry.account)
        if account is None:  # its label set has left the state, or was merged into another
            account = tariff.routes.get(usage.labels) or self._sink.route(tariff, usage)
        self._sink.more(account, tariff, entry, grown, cost, usage, reported=reported, failed_now=failed_now)
        if conflict:
            self._sink.conflict()
        entry.tokens = merged
        if reported:
            entry.reported = usage.reported_usd
        entry.failed = entry.failed or failed_now
        self._ids.update(key, entry)
        return outcome

    @staticmethod
    def _growth(entry: Entry, tariff: Tariff[AccountT], merged: dict[str, int], reported: int) -> dict[str, int] | None:
        if entry.trusted:
            return {TRUSTED_KIND if merged else FEE: reported}
        if entry.free:
            return dict.fromkeys(merged, 0)
        now = tariff.charge(merged, entry.time, entry.context)
        before = tariff.charge(entry.tokens, entry.time, entry.context) if entry.tokens else {}
        if now is None or before is None:
            return None
        return {meter: cost - before.get(meter, 0) for meter, cost in now.items() if cost > before.get(meter, 0)}


# A plain count, and those that details of it are told under.
_PARTS = (
    ("cache_write", ("cache_write_5m", "cache_write_1h")),
    ("cache_read", ("cache_read_audio", "cache_read_image", "cache_read_video")),
    ("output", ("reasoning", "audio_output", "image_output")),
    ("input", tuple(meter for meter in METERS if meter.startswith(("cache_", "audio_in", "image_in", "video_in")))),
)


def larger(before: dict[str, int], now: dict[str, int]) -> dict[str, int]:
    """The larger count by meter, of what a call had counted and what a repeat of it tells.

    One log tells a call in more detail than another: 300 of output here are 108 of output and 192 of reasoning there. What
    only went from a plain count to details of it, or back, is the same tokens and stays where it was counted first.
    """
    merged = {meter: max(before.get(meter, 0), now.get(meter, 0)) for meter in (*before, *now)}
    for plain, parts in _PARTS:
        moved = before.get(plain, 0) - now.get(plain, 0)
        if moved > 0:
            for part in parts:
                back = min(moved, merged.get(part, 0) - before.get(part, 0))
                if back > 0:
                    merged[part] -= back
                    moved -= back
        elif moved < 0:
            fewer = sum(before.get(part, 0) - now.get(part, 0) for part in parts)
            merged[plain] -= min(-moved, max(0, fewer))
    return {meter: count for meter, count in merged.items() if count}
