"""The ledger: totals, days, ids, and what of them a scrape may see.

Calls are posted by one thread (`first`, `more`), which also saves. Scrapes read public values under `lock`, which is held
while they are moved on after a save (never during one).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from contextlib import closing
from typing import TYPE_CHECKING, Final

import orjson

from llm_cost_exporter.dedup import Ids
from llm_cost_exporter.idchunk import SAID_UNIT
from llm_cost_exporter.ledger.accounts import row_of
from llm_cost_exporter.ledger.days import DayBook
from llm_cost_exporter.ledger.holds import Holds
from llm_cost_exporter.ledger.reads import Reads
from llm_cost_exporter.ledger.registry import IDLE_SECONDS, Registry
from llm_cost_exporter.ledger.samples import BOUNDS, Histogram, Sample
from llm_cost_exporter.ledger.stats import Stats
from llm_cost_exporter.ledger.store import Changes
from llm_cost_exporter.ledger.unpriced import Unpriced, bills
from llm_cost_exporter.tariffs import Context, total_input
from llm_cost_exporter.types import KIND_OF_METER, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_cost_exporter.config.model import Config
    from llm_cost_exporter.dedup import Entry
    from llm_cost_exporter.ledger.accounts import Account, Kind
    from llm_cost_exporter.ledger.holds import Ended
    from llm_cost_exporter.ledger.store import Store, UnpricedRow
    from llm_cost_exporter.prices import PriceBook
    from llm_cost_exporter.quick.cells import Cell
    from llm_cost_exporter.quick.posting import Posting
    from llm_cost_exporter.tariffs import Tariff
    from llm_cost_exporter.times import Calendar

__all__ = ["Ledger", "Route"]

_MOST_ROUTES: Final = 4096  # a model; label values are what a log says
_EXEMPLAR_LENGTH: Final = 100  # characters of a request id: OpenMetrics allows 128 with the name


class Route:
    """Where the calls of one tariff and label values go, and which labels were folded on the way."""

    __slots__ = ("account", "folded")

    def __init__(self, account: Account, folded: tuple[str, ...]) -> None:
        self.account = account
        self.folded = folded


class Ledger:
    """Everything that is counted, in memory, as the store had it and as lines add to it (accounting.Sink[Route])."""

    def __init__(self, config: Config, calendar: Calendar, book: PriceBook, store: Store, now: float) -> None:
        self.lock = threading.Lock()
        self.scrapes = 0  # that saw public values; counted under the lock, so that it is known which values they saw
        self.calendar = calendar
        self.names = ("provider", "model", *config.label_names)
        self.hold = config.new_series_hold > 0
        self.base_before = float("-inf")  # events before it are a base (backlog), shown at once
        self.in_backlog = True
        self.stats = Stats(self.names)
        self.ids = Ids(config.dedup.window, config.dedup.max_age)
        self.reads = Reads(store)
        self.days = DayBook(calendar, self.reads)
        self.midway = False  # a batch is posted in part (a read got no answer): nothing may be saved
        self.ledger_id: str | None = None
        self._store = store
        self._registry = Registry(config, self.names, self.reads)
        self._touch = self._registry.touch
        self.held = Holds(self._registry)
        self._billed: list[UnpricedRow] = []
        self._anew = False  # the next save is the first into another database
        self._posting: Posting[Route] | None = None
        self._load(now)
        self._unpriced = Unpriced(book.thresholds(), sum(1 for _ in store.unpriced()))
        self.bill(book)

    # reading the state

    def _load(self, now: float) -> None:
        meta = self._store.meta()
        if "stats" in meta:
            self.stats.unpack(meta["stats"])
        self.ledger_id = meta.get("ledger")
        next_number = max(self._store.highest_number() + 1, int(meta.get("next_number", 1)))
        self._registry.load(list(self._store.accounts(now - IDLE_SECONDS)), next_number)
        with closing(self._store.ids()) as chunks:  # ended before the database is, also where they can't be read
            self.ids.load(data for _, data in chunks)

    # posting: the path of every line

    def route(self, tariff: Tariff[Route], usage: Usage) -> Route:
        values = usage.labels
        if len(values) != len(self.names) - 2:
            # Read by a configuration of other labels: a stream held since, or an open part. App and team are always first.
            values = (*values[:2], *[""] * (len(self.names) - 4))
        wanted = (tariff.provider, tariff.model, *values)
        account, folded = self._registry.place(wanted)
        account.span = self._registry.open("span", account.labels[:4])
        route = Route(account, folded)
        if len(tariff.routes) >= _MOST_ROUTES:
            tariff.routes.clear()
        tariff.routes[usage.labels] = route
        return route

    def number(self, account: Route) -> int:
        return account.account.number

    def account_of(self, number: int) -> Route | None:
        account = self._registry.numbered(number)
        if account is None:
            return None
        account.span = self._registry.open("span", account.labels[:4])
        return Route(account, ())

    def first(self, route: Route, tariff: Tariff[Route], usage: Usage, cost: dict[str, int] | None) -> None:
        account, when, tokens = route.account, usage.time, usage.tokens
        # All that may have to be read of the store comes before all that is changed: a call is posted whole or not at all.
        day = self.days.at
        if not day.start <= when < day.end:
            self.days.turn_to(self.calendar.day_of(when))
        if cost is None or usage.without_usage:
            self._have_pair(account)
        old = when < self.base_before
        if not account.dirty:
            self._touch(account)
        requests = account.requests.get("")
        if requests is None:
            requests = account.requests[""] = Sample(held=self.hold)
        requests.value += 1
        if old:
            requests.public += 1
        if usage.failure is not None:
            account.add(account.failures, usage.failure, 1, old=old, held=self.hold)
        if usage.reported_usd is not None:
            account.add(account.reported, "", usage.reported_usd, old=old, held=self.hold)
        if when > self.stats.last_event:  # noqa: PLR1730 - max() costs a call a line
            self.stats.last_event = when
        if route.folded:
            for name in route.folded:
                self.stats.folded[name] += 1
        total = self._post(account, tariff, tokens, cost, usage.context, tokens, when=when, calls=1, old=old)
        span = account.span
        if span is None:
            raise AssertionError("an account without its histograms")
        if usage.latency_ns is not None:
            self._observe(span, "duration", usage.latency_ns, old=old)
        if tokens or cost:
            self._observe_tokens(span, tokens, total, usage, old=old)
        if usage.without_usage or cost is None:
            self._count_pair(account, "without_usage" if usage.without_usage else "unpriced_requests", 1, old=old)

    def more(
        self, route: Route, tariff: Tariff[Route], entry: Entry, tokens: dict[str, int], cost: dict[str, int] | None, usage: Usage, *,
        reported: int, failed_now: bool,
    ) -> None:  # fmt: skip
        account, hold = route.account, self.hold
        self.days.turn_to(self.calendar.day_of(entry.time))
        if cost is None:
            self._have_pair(account)
        old = entry.time < self.base_before
        self._touch(account)
        if failed_now and usage.failure is not None:
            account.add(account.failures, usage.failure, 1, old=old, held=hold)
        if reported:
            account.add(account.reported, "", reported, old=old, held=hold)
        whole = {meter: entry.tokens.get(meter, 0) + count for meter, count in tokens.items()}
        calls = 0 if entry.tokens else 1
        total = self._post(
            account, tariff, tokens, cost, entry.context, entry.tokens | whole, when=entry.time, calls=calls, old=old
        )
        if tokens and not entry.tokens:  # a failure without tokens that later succeeded
            if account.span is not None:
                self._observe_tokens(account.span, tokens, total, usage, old=old)
            if cost is None:
                self._count_pair(account, "unpriced_requests", 1, old=old)

    def conflict(self) -> None:
        self.stats.conflicting_duplicates += 1

    def _post(
        self, account: Account, tariff: Tariff[Route], tokens: dict[str, int], cost: dict[str, int] | None,
        context: Context, whole: dict[str, int], *, when: float, calls: int, old: bool,
    ) -> int | None:  # fmt: skip
        """Tokens, dollars and the day, which is at hand. Returns the dollars; None where no price is known."""
        samples = account.token_samples
        for meter, count in tokens.items():
            sample = samples.get(meter) or account.token_sample(meter, held=self.hold)
            sample.value += count
            if old:
                sample.public += count
        if cost is None:
            date, provider, model = self.days.at.date, tariff.provider, tariff.model
            self._unpriced.add(date, when, account.number, provider, model, context, tokens, whole, calls=calls)
            self._count_pair(account, "unpriced_tokens", sum(tokens.values()), old=old)
            return None
        samples, total = account.usd_samples, 0
        for meter, usd in cost.items():
            sample = samples.get(meter) or account.usd_sample(meter, held=self.hold)
            sample.value += usd
            if old:
                sample.public += usd
            total += usd
        self.days.post(account.number, total)
        return total

    def _have_pair(self, account: Account) -> None:
        if account.pair is None:
            account.pair = self._registry.open("pair", account.labels[:2])

    def _count_pair(self, account: Account, family: str, amount: int, *, old: bool) -> None:
        pair = account.pair
        if pair is None:
            raise AssertionError("an account without its pair at hand")
        self._touch(pair)
        pair.add(pair.families[family], "", amount, old=old, held=self.hold)

    def _observe_tokens(
        self, span: Account, tokens: dict[str, int], usd: int | None, usage: Usage, *, old: bool
    ) -> None:
        if tokens:
            self._observe(span, "input_tokens", total_input(tokens), old=old)
        if usd is not None:
            histogram, bucket = self._observe(span, "cost", usd, old=old)
            call = usage.request_id or usage.id
            if call is not None:
                histogram.exemplars[bucket] = (call[:_EXEMPLAR_LENGTH], usd, usage.time)

    def _observe(self, span: Account, name: str, value: int, *, old: bool) -> tuple[Histogram, int]:
        if not span.dirty:
            self._touch(span)
        histogram = self._histogram(span, name)
        bucket = bisect_left(histogram.bounds, value)
        histogram.counts[bucket] += 1
        histogram.sum += value
        if old:
            histogram.public_counts[bucket] += 1
            histogram.public_sum += value
        return histogram, bucket

    def _histogram(self, span: Account, name: str) -> Histogram:
        histogram = span.histograms.get(name)
        if histogram is None:
            histogram = span.histograms[name] = Histogram(BOUNDS[name], held=self.hold)
        return histogram

    # the quick path: calls that wait in cells (see quick/)

    histograms = True

    def attach(self, posting: Posting[Route]) -> None:
        self.settle_all()
        self._posting = posting

    def settle_all(self) -> None:
        """Take in the calls that still wait in cells: before sums are saved, shown or asked whether they changed."""
        if self._posting is not None:
            self._posting.settle()

    def bind(self, cell: Cell, when: float) -> tuple[float, float] | None:
        tariff, labels = cell.tariff, cell.labels
        route = tariff.routes.get(labels)
        if route is None:
            route = self.route(tariff, Usage(labels=labels))
        day = self.calendar.day_of(when)
        self.days.turn_to(day)
        cell.account, cell.number, cell.day = route, route.account.number, day
        cell.count_apart()
        return day.start, day.end

    def settle(self, cell: Cell) -> None:
        route: Route = cell.account
        account, old, calls, hold = route.account, cell.old, cell.calls, self.hold
        if cell.day is None or account.span is None:
            raise AssertionError("a cell that was never bound")
        if self.days.at is not cell.day:
            self.days.turn_to(cell.day)
        if not account.dirty:
            self._touch(account)
        account.add(account.requests, "", calls, old=old, held=hold)
        if cell.said_calls:
            account.add(account.reported, "", cell.said * SAID_UNIT, old=old, held=hold)
        if cell.last > self.stats.last_event:  # noqa: PLR1730 - max() costs a call a cell
            self.stats.last_event = cell.last
        for name in route.folded:
            self.stats.folded[name] += calls
        usd = self._settle_tokens(cell, account)
        self.days.post(account.number, usd)
        self._settle_buckets(cell, account.span, usd)

    def _settle_tokens(self, cell: Cell, account: Account) -> int:
        """As `_post`, for many calls at once. Returns what they cost."""
        total, old, unit = 0, cell.old, cell.unit
        token_samples, usd_samples = account.token_samples, account.usd_samples
        for meter, count, price in cell.counts():
            if count:
                usd = count * price * unit
                sample = token_samples.get(meter) or account.token_sample(meter, held=self.hold)
                sample.value += count
                if old:
                    sample.public += count
                sample = usd_samples.get(meter) or account.usd_sample(meter, held=self.hold)
                sample.value += usd
                if old:
                    sample.public += usd
                total += usd
        return total

    def _settle_buckets(self, cell: Cell, span: Account, usd: int) -> None:
        if not span.dirty:
            self._touch(span)
        prompts, costs, old = self._histogram(span, "input_tokens"), self._histogram(span, "cost"), cell.old
        if cell.counts_apart:
            prompts.take(cell.token_counts, cell.prompt, old=old)
            costs.take(cell.cost_counts, usd, old=old)
        else:
            prompts.sum += cell.prompt
            costs.sum += usd
        for bucket, (call, units, when) in cell.exemplars.items():
            known = costs.exemplars.get(bucket)
            if known is None or known[2] <= when:
                costs.exemplars[bucket] = (call[:_EXEMPLAR_LENGTH], units * cell.unit, when)
        timed = any(cell.latencies)
        if timed:
            self._histogram(span, "duration").take(cell.latencies, cell.latency, old=old)
        if timed or cell.counts_apart:
            cell.count_apart()
        if not old:  # what is part of the base goes into two places
            cell.count_in(costs.counts, prompts.counts)

    # prices that came later

    def bill(self, book: PriceBook) -> int:
        """Bill what was unpriced and has a price now: part of the base of a new counter, hidden in one that scrapes know, never a burst.

        Returns the number of rows billed.
        Raises sqlite3.Error where the store does not answer; what is not billed by then is billed at the next start.
        """
        billed, fresh = 0, set[int]()  # ids of the samples that begin here
        self._unpriced.set_thresholds(book.thresholds())
        for bill in list(bills(self._store.unpriced(), book, self.calendar)):
            route = self.account_of(bill.account)
            if route is None:
                continue
            self.days.turn_to(self.calendar.on(bill.date))
            self._touch(route.account)
            total = 0
            for meter, cost in bill.cost.items():
                is_new = KIND_OF_METER.get(meter, meter) not in route.account.usd
                sample = route.account.usd_sample(meter, held=self.hold)
                if is_new:
                    fresh.add(id(sample))
                if id(sample) in fresh:
                    sample.value += cost
                    sample.public += cost
                else:
                    sample.hide(cost)
                total += cost
            self.days.post(bill.account, total)
            self._billed += bill.rows
            billed += len(bill.rows)
        return billed

    # what scrapes and pages see

    def alive(self, kind: Kind) -> list[Account]:
        """The accounts of one kind that are in memory (safe from any thread)."""
        return self._registry.alive(kind)

    def label_sets(self) -> int:
        return self._registry.series

    def labels_of(self, number: int) -> tuple[str, ...]:
        """The label values of an account, also of one that has left memory (the posting thread alone). Raises UnreadableError."""
        return self._registry.labels_of(number)

    # saving

    def changes(self, now: float, files: Iterable[tuple[str, str]], files_gone: Iterable[str]) -> Changes:
        """All that changed since the last save; nothing is marked as saved yet."""
        self.settle_all()
        for account in self._registry.dirty:
            account.touched = now
        ids, ids_gone = self.ids.changed()
        self._unpriced.recount(self._store)
        meta = {
            "stats": self.stats.pack(),
            "labels": orjson.dumps(self.names[2:]).decode(),
            "next_number": str(self._registry.next_number),
        }
        if self.ledger_id is not None:
            meta["ledger"] = self.ledger_id
        zone = self.calendar.name
        return Changes(
            accounts=map(
                row_of, self._registry.dirty
            ),  # each packed when it is written, not all at once: that is 6 MB a 1,000 sets
            days=[(zone, date, number, str(usd)) for date, number, usd in self.days.changed()],
            unpriced=list(self._unpriced.pending.items()),
            billed=self._billed,
            ids=ids,
            ids_gone=ids_gone,
            files=list(files),
            files_gone=list(files_gone),
            meta=meta,
            anew=self._anew,
        )

    def saved(self, now: float, monotonic: float) -> None:
        """`changes` is on disk: move the public values on."""
        with self.lock:
            for account in self._registry.dirty:
                account.dirty = False
                held = account.publish()
                if held and not self.in_backlog:
                    for sample in held:
                        self.held.begin(account, sample, monotonic)
            self.stats.publish()
        self._registry.dirty = []
        self._billed = []
        self._anew = False
        self.ids.saved()
        if self.days.saved(now) and self._posting is not None:
            self._posting.close()  # a day that a cell is of may have left memory
        self._unpriced.saved()

    def use_store(self, store: Store) -> None:
        """The database is a new one, with older rows at most: the next save writes all that is in memory."""
        self._store = store
        self._anew = True
        self.reads.use_store(store)
        self.days.write_all()
        for account in self._registry.all():
            self._touch(account)
        self.ids.everything()

    def changed(self) -> bool:
        self.settle_all()
        return bool(self._registry.dirty or self._billed or self.stats.plain() != self.stats.public)

    # holds and rest

    def ready(self) -> None:
        """The backlog is read: what is young or new in it is held from the next save on, all else is shown."""
        self.settle_all()
        self.in_backlog = False
        self.base_before = float("-inf")
        self.held.ready()

    def release(self, due_before: float) -> None:
        """End the holds of what was first shown (monotonic seconds) at or before `due_before`: seen after the next save."""
        self.held.release(due_before)

    def end_holds(self) -> Ended:
        """The process ends: all holds end. Returns what `hold_again` needs where no scrape came to see it."""
        return self.held.end()

    def hold_again(self, ended: Ended, scrapes: int) -> None:
        """If no scrape saw the values that `end_holds` let out (`scrapes` still stands): the next start holds them anew."""
        with self.lock:
            if self.scrapes == scrapes:
                self.held.again(ended)

    def sweep(self, now: float) -> bool:
        """Accounts without news for a day leave memory. Only when nothing is unsaved. True: routes are to be forgotten."""
        self.settle_all()
        return self._registry.sweep(now, self.lock)
