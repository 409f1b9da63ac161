"""Rows into cells: the loop that most lines of most logs go through.

It looks as it does because it runs for each line: locals for all that is asked twice, no call that is not needed, integers of one
machine word, no object made but the remembered id. Everything that could be decided before the loop is in the form or the cell.
A row is either posted whole or not at all: all that may send it to the slow path comes before the first sum.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import islice
from operator import mul
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from msgspec import UNSET
from xxhash import xxh3_64_intdigest

from llm_cost_exporter.around import LONGEST_LATENCY_NS
from llm_cost_exporter.formats import openrouter
from llm_cost_exporter.formats.fields import LONGEST_ID, NIL, looks_like_vendors
from llm_cost_exporter.formats.openai_chat import OLLAMAS
from llm_cost_exporter.idchunk import CHUNK, SAID_UNIT, counts_of
from llm_cost_exporter.ledger.samples import BOUNDS
from llm_cost_exporter.ledger.store import UnreadableError
from llm_cost_exporter.linetime import AHEAD
from llm_cost_exporter.quick.cells import Cell, Prices
from llm_cost_exporter.quick.forms import Reading
from llm_cost_exporter.quick.rules import Apart
from llm_cost_exporter.tariffs import total_input
from llm_cost_exporter.times import EARLIEST, parse

if TYPE_CHECKING:
    from datetime import tzinfo

    from llm_cost_exporter.accounting import Sink
    from llm_cost_exporter.dedup import Ids
    from llm_cost_exporter.prices import Rates
    from llm_cost_exporter.quick.forms import Form
    from llm_cost_exporter.tariffs import Tariffs
    from llm_cost_exporter.types import Usage

__all__ = ["Group", "Posting"]

AccountT = TypeVar("AccountT")

_MOST_CELLS: Final = 2048
_MOST_PRICES: Final = 256
_ROWS_BETWEEN_CLEARINGS: Final = 100_000
_MOST_SAID_USD: Final = 999_999  # so that it is below 10**15 of 1e-9 USD
_TOKEN_BOUNDS: Final = BOUNDS["input_tokens"]
_LATENCY_BOUNDS: Final = BOUNDS["duration"]
_MILLISECONDS: Final = 1e11  # a larger number is an epoch of another unit
_LATEST_EPOCH: Final = 1e20


class Group:
    """The cells of the rows of one form, in files whose records have the same labels to begin with, in one source entry."""

    __slots__ = ("cells", "form", "scope", "zone")

    def __init__(self, form: Form, scope: str, zone: tzinfo) -> None:
        self.form = form
        self.scope = f"{scope}\0".encode("utf-8", "surrogatepass") if scope else b""
        self.zone = zone
        self.cells: dict[Any, Cell] = {}


class Posting(Generic[AccountT]):
    """Posts rows to one sink, by cells that are kept until they are settled. For one thread."""

    def __init__(self, ids: Ids, sink: Sink[AccountT], tariffs: Tariffs[AccountT]) -> None:
        self._ids = ids
        self._sink = sink
        self._tariffs = tariffs
        self._groups: dict[object, Group] = {}
        self._open: list[Cell] = []  # cells with something to settle
        self._young: list[Cell] = []  # cells bound as no base while there is a base
        self._prices: dict[int, Prices] = {}
        self._cells = 0
        self._rows = 0  # posted since the cells were last cleared
        self._base = -math.inf
        self._latest = math.inf
        self.last_time = 0.0  # of the row posted last

    def begin(self, now: float, base_before: float) -> None:
        """A batch is read at the time `now`; what is older than `base_before` is a base."""
        if now + AHEAD < self._latest < math.inf:
            self.close()  # the clock stepped back: cells reach into what is too far ahead now
        self._latest = now + AHEAD
        if base_before != self._base:
            if base_before < self._base:
                self.close()
            self._base = base_before
            for cell in self._young:
                cell.close()
            self._young = []

    def group(self, form: Form, base_labels: tuple[str, ...], scope: str, zone: tzinfo) -> Group:
        """The group of a file's rows; to be asked for anew in each batch, and after each call for another form."""
        key = (id(form), form, base_labels, scope)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= _MOST_CELLS:
                self.clear()
                self._groups.clear()
            group = self._groups[key] = Group(form, scope, zone)
        return group

    def post(self, group: Group, rows: list[Any], start: int, end: int | None = None, otherwise: float = 0.0) -> int:
        """Post `rows` from `start` on up to `end`, or up to the first that the slow path must take. Returns how many.

        `otherwise` is the time of rows that have none.
        """
        form, zone, scope, get_cell = group.form, group.zone, group.scope, group.cells.get
        has = form.has
        nested, timed = form.nested, "when" in has
        is_text = timed and rows and type(rows[0].when) is str
        apart, hits_there = form.counts, "hits" in has
        cached_there, reasoning_there = "cached" in has, "reasoning" in has
        said_there, latency_there, choices_there = "said" in has, "latency" in has, "choices" in has
        fingerprint_there = "fingerprint" in has
        ident_there, request_there, vendors = "ident" in has, "request" in has, form.vendors_id
        request_may_lack, said_may_lack = "request" in form.only, "said" in form.only
        ident_may_lack, latency_may_lack, unit = "ident" in form.only, "latency" in form.only, form.latency_unit
        total_there, of_openrouter = "total" in has, form.format == openrouter.NAME
        ids, histograms, opened = self._ids, self._sink.histograms, self._open
        newest, at, remembered = ids.newest, ids.at, ids.rows
        first, second, third, fourth, fifth = ids.older
        remember = remembered.append
        said: int | None = None
        latency: int | None = None
        when: Any
        key = cached = reasoning = taken = 0
        written: tuple[int, ...] | None = None
        for row, name in zip(islice(rows, start, end), map(form.named, islice(rows, start, end)), strict=True):
            cell = get_cell(name)
            if cell is None:
                break
            when = row.when if timed else otherwise
            if is_text or when > _MILLISECONDS:
                when = parse(when, zone) if is_text or when < _LATEST_EPOCH else None
                if when is None:
                    break
            if apart is not None:
                into, cached, *more, reasoning, out = apart(row.usage)
                whole = into + cached
                written = None
                if any(more):
                    whole += sum(more)
                    written = tuple(more)
                if not whole:
                    break
            elif nested:
                usage = row.usage
                into, out = usage.into, usage.out
                whole = into
                if cached_there or hits_there:
                    cached = usage.cached.cached if cached_there else usage.hits
                    if cached:
                        if cached > into:  # noqa: PLR1730 - min() costs a call a line
                            cached = into
                        into -= cached
                if reasoning_there:
                    reasoning = usage.reasoning.reasoning
                if total_there:
                    rest = usage.total - whole - out
                    if rest > 0:
                        if rest != reasoning:
                            break  # what it is depends on the model
                        out += reasoning
                if reasoning:
                    if reasoning > out:  # noqa: PLR1730
                        reasoning = out
                    out -= reasoning
            else:
                into, out = row.into, row.out
                whole = into
                if total_there and row.total > into + out:
                    break
            if choices_there and row.choices and row.choices[0].content_filter_results is not UNSET:
                break
            if fingerprint_there and row.fingerprint == OLLAMAS:
                break
            call = None  # the id that is shown
            if ident_there:
                ident = row.ident
                if vendors:
                    if (
                        not ident
                        or len(ident) > LONGEST_ID
                        or not ident.isprintable()
                        or (ident[:4] == "gen-" and not of_openrouter)
                        or ident == NIL
                    ):
                        break
                    call = ident
                    key = xxh3_64_intdigest(ident.encode()) >> 4
                elif ident is not None and looks_like_vendors(ident):
                    if len(ident) > LONGEST_ID or not ident.isprintable():
                        break
                    call = ident
                    key = xxh3_64_intdigest(ident.encode()) >> 4
                elif not ident_may_lack:
                    break
            if request_there:
                request = row.request
                if request:
                    if len(request) > LONGEST_ID or not request.isprintable() or request == NIL:
                        break
                    if call is None:
                        key = xxh3_64_intdigest(scope + request.encode()) >> 4
                    call = request
                elif not request_may_lack or request is not None:
                    break
            if call is not None and (
                key in newest or key in first or key in second or key in third or key in fourth or key in fifth
            ):
                break  # a repeat
            if said_there:
                told = row.said
                if told is None:
                    if not said_may_lack:
                        break
                    said = None
                else:
                    if not 0 <= told < _MOST_SAID_USD:
                        break
                    # A float that is a whole number of 1e-9 has that number as its shortest decimal form: it has 15 digits at most.
                    said = round(told * 1e9)
                    if said / 1e9 != told:
                        break
            if latency_there:
                latency = row.latency
                if latency is None:
                    if not latency_may_lack:
                        break
                elif 0 <= latency <= LONGEST_LATENCY_NS and latency * unit <= LONGEST_LATENCY_NS:
                    latency = round(latency * unit)
                else:
                    break
            # Last, since it may open an account, which only a new call may do.
            if not (cell.low <= when < cell.high and cell.above < whole <= cell.up_to) and not self._bind(
                cell, when, whole
            ):
                break
            if written is not None and cell.written_prices is None:
                break
            # The row is taken: nothing from here on may fail.
            if not cell.calls:
                opened.append(cell)
            cell.calls += 1
            cell.into += into
            cell.out += out
            if cached:
                cell.cached += cached
            if reasoning:
                cell.reasoning += reasoning
            if written is not None:
                sums = cell.written
                cell.written = (
                    list(written) if sums is None else [one + more for one, more in zip(sums, written, strict=True)]
                )
            if said is not None:
                cell.said += said
                cell.said_calls += 1
            if when > cell.last:  # noqa: PLR1730
                cell.last = when
            if call is not None:
                newest[key] = at
                counts: Any = (into, out, cached, reasoning, said)
                if written is not None:
                    counts = counts_of(
                        Apart._make((into, cached, *written, reasoning, out)).tokens(),
                        (),
                        None if said is None else said * SAID_UNIT,
                        0,
                    )
                remember((key, cell.number, when, counts))
                if len(remembered) == CHUNK:
                    ids.turn()
                    newest, at, remembered = ids.newest, ids.at, ids.rows
                    first, second, third, fourth, fifth = ids.older
                    remember = remembered.append
            if histograms:
                cell.token_counts[bisect_left(_TOKEN_BOUNDS, whole)] += 1
                read_price, into_price, thought_price, out_price = cell.prices
                usd = into * into_price + out * out_price
                if cached:
                    usd += cached * read_price
                if reasoning:
                    usd += reasoning * thought_price
                if written is not None and cell.written_prices is not None:
                    usd += sum(map(mul, written, cell.written_prices))
                bucket = bisect_left(cell.cost_bounds, usd)
                cell.cost_counts[bucket] += 1
                if call is not None:
                    cell.exemplars[bucket] = (call, usd, when)
                if latency is not None:
                    cell.latencies[bisect_left(_LATENCY_BOUNDS, latency)] += 1
                    cell.latency += latency
            taken += 1
            self.last_time = when
        self._rows += taken
        return taken

    def _bind(self, cell: Cell, when: float, whole: int) -> bool:
        """Open the window of `cell` around a call of that time and prompt. False: it can't be, the slow path has to look at it."""
        self._settle(cell)
        cell.close()
        rates = cell.tariff.rates_at(when, whole, ())
        prices = None if rates is None else self._prices_of(rates)
        if rates is None or prices is None:
            return False
        cell.price(prices)
        try:
            window = self._sink.bind(cell, when)
        except UnreadableError:
            return False
        if window is None:
            return False
        low, high = max(window[0], rates.valid_from, EARLIEST), min(window[1], rates.valid_until, self._latest)
        cell.old = when < self._base
        if cell.old:
            high = min(high, self._base)
        elif self._base > -math.inf:
            low = max(low, self._base)
            self._young.append(cell)
        if not low <= when < high:
            return False
        cell.low, cell.high = low, high
        return True

    def _prices_of(self, rates: Rates) -> Prices | None:
        known = self._prices.get(id(rates))
        if known is None or known.rates is not rates:
            try:
                known = Prices(rates)
            except LookupError:
                return None
            if len(self._prices) >= _MOST_PRICES:
                self._prices.clear()
            self._prices[id(rates)] = known
        return known

    def learn(self, group: Group, row: Any, usage: Usage) -> None:
        """Make the cell of rows like `row`, whose line the slow path has read as `usage`, if both readings agree."""
        name = group.form.named(row)
        tariff = self._tariffs.find(usage.provider, usage.model)
        reading = group.form.reading(row, group.zone, usage.time)
        if name in group.cells or reading is None or reading != _reading(usage):
            return
        rates = tariff.rates_at(usage.time, total_input(usage.tokens), ())
        if rates is None or self._prices_of(rates) is None:
            return
        if self._cells >= _MOST_CELLS:
            if self._rows < _ROWS_BETWEEN_CLEARINGS:
                return
            self.clear()
        self._cells += 1
        group.cells[name] = Cell(tariff, usage.labels)

    def settle(self) -> None:
        """Have the sink take in what the cells hold."""
        opened = self._open
        if opened:
            self._open = []
            for cell in opened:
                self._settle(cell)

    def _settle(self, cell: Cell) -> None:
        if cell.calls:
            self._sink.settle(cell)
            cell.clear()

    def close(self) -> None:
        """Settle, and let every cell be bound anew: days, accounts or the base may be others from now on."""
        self.settle()
        for group in self._groups.values():
            for cell in group.cells.values():
                cell.close()

    def clear(self) -> None:
        """Settle, and forget all cells."""
        self.settle()
        for group in self._groups.values():
            group.cells.clear()
        self._young.clear()
        self._cells = self._rows = 0


def _reading(usage: Usage) -> Reading | None:
    """What a form's reading of the same line must be; None where it can't be right, whatever it is."""
    if usage.failure is not None or usage.context or usage.gateway_cache_hit or usage.without_usage or usage.continues:
        return None
    vendors = usage.id is not None and usage.id_is_vendors
    return Reading(
        usage.time, usage.tokens, usage.reported_usd, usage.latency_ns, usage.id if vendors else None, usage.request_id,
    )  # fmt: skip
