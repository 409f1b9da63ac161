"""Counters and histograms with two values: what is counted, and what /metrics shows.

`value` grows with every line. `public` is what a scrape sees: the value of the last save, or less while a hold is on.
Prometheus' increase() never sees a new series' first value, so a new series stands at 0 for `new_series_hold` first and
only then at its value (prometheus#1853, #3886). While the backlog of a start is read everything is held: what is older than
`late_after` goes into value and public alike (a base that increase() never sees), what is younger into value alone.

What a counter that scrapes already see is given of history (a price that came later, a label that was dropped) is `hidden`: counted,
and not shown before the label set has been away from /metrics for a day. The days and months have it at once.
"""

from __future__ import annotations

from operator import add
from typing import Any, Final

__all__ = ["BOUNDS", "SEEN", "Histogram", "Sample"]

SEEN: Final = float("-inf")  # `since` of what scrapes of an earlier process saw, while a backlog is read

NANOSECOND_BOUNDS = tuple(
    int(seconds * 1_000_000_000) for seconds in (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600)
)
TOKEN_BOUNDS = (100, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 200_000, 500_000, 1_000_000)
_MICRO_USD = 10**18
USD_BOUNDS = tuple(micros * _MICRO_USD for micros in (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000))  # fmt: skip

BOUNDS: Final[dict[str, tuple[int, ...]]] = {
    "duration": NANOSECOND_BOUNDS,  # nanoseconds: 100 ms to 10 min
    "input_tokens": TOKEN_BOUNDS,
    "cost": USD_BOUNDS,  # 1e-24 USD: $0.0001 to $10
}


class Sample:
    """One counter series."""

    __slots__ = ("held", "hidden", "public", "since", "value")

    def __init__(self, *, held: bool) -> None:
        self.value = 0
        self.public = 0
        self.hidden = 0  # of value, what is not shown: history, by which a series that is being watched must not jump
        self.held = held
        self.since: float | None = None  # monotonic seconds at which it was first shown; None: not shown yet; or SEEN

    def at_rest(self) -> bool:
        """Nothing is held back."""
        return self.public == self.value - self.hidden

    def hide(self, amount: int) -> None:
        """Add history that increase() must not see."""
        self.value += amount
        self.hidden += amount

    def reveal(self) -> None:
        """The series comes back after a rest: nobody has it, so that all can be shown."""
        self.public += self.hidden
        self.hidden = 0

    def shown(self) -> Any:
        return self.public

    def hold_at(self, shown: Any) -> None:
        """Show `shown` again, the rest is held."""
        self.public, self.held, self.since = shown, True, None

    def pack(self) -> Any:
        """What Account.pack writes where something is held or hidden; else it is the value alone."""
        if self.hidden:
            return [str(self.value), str(self.public), str(self.hidden), int(self.held)]
        return [str(self.value), str(self.public)]

    @classmethod
    def unpack(cls, data: Any) -> Sample:
        """Take back what Account.pack wrote. Raises ValueError or TypeError for anything else."""
        if not isinstance(data, list):
            data = [data, data, 0, 0]
        value, public, hidden, held = data if len(data) == 4 else (*data, 0, 1)
        sample = cls(held=bool(_count(held)))
        sample.value, sample.public, sample.hidden = _count(value), _count(public), _count(hidden)
        if not sample.held:
            sample.public = sample.value - sample.hidden  # shown as far as it was saved
        return sample

    def absorb(self, other: Sample) -> None:
        """Two series become one (a label was dropped): sums, shown as far as they were shown."""
        self.value += other.value
        self.public += other.public
        self.hidden += other.hidden
        self.held = self.held or other.held

    def absorb_hidden(self, other: Sample) -> None:
        """The same where scrapes know this series already: what they saw of the other is not shown again, what is new will be."""
        self.value += other.value
        self.hidden += other.hidden + other.public


class Histogram:
    """One histogram series; counts are per bucket (not cumulative), the last one is +Inf."""

    __slots__ = ("bounds", "counts", "exemplars", "held", "public_counts", "public_sum", "since", "sum")

    def __init__(self, bounds: tuple[int, ...], *, held: bool) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0
        self.public_counts = list(self.counts)
        self.public_sum = 0
        self.held = held
        self.since: float | None = None
        self.exemplars: dict[int, tuple[str, int, float]] = {}  # bucket -> request id, value, epoch seconds

    def take(self, counts: list[int], total: int, *, old: bool) -> None:
        """Add many values at once: how many fell in each bucket, and their sum. `old`: they are part of the base."""
        self.counts[:] = map(add, self.counts, counts)  # the list stays: cells may count in it (see Cell.count_in)
        self.sum += total
        if old:
            self.public_counts = list(map(add, self.public_counts, counts))
            self.public_sum += total

    def publish(self) -> None:
        self.public_counts = self.counts[:]
        self.public_sum = self.sum

    def at_rest(self) -> bool:
        return self.public_counts == self.counts

    def shown(self) -> Any:
        return self.public_counts, self.public_sum

    def hold_at(self, shown: Any) -> None:
        self.public_counts, self.public_sum = shown
        self.held, self.since = True, None

    def pack(self) -> Any:
        if self.held:
            return self.counts, str(self.sum), self.public_counts, str(self.public_sum)
        return self.counts, str(self.sum)

    @classmethod
    def unpack(cls, bounds: tuple[int, ...], data: Any) -> Histogram:
        histogram = cls(bounds, held=len(data) == 4)
        counts, total = data[:2]
        public_counts, public_sum = data[2:] if histogram.held else data[:2]
        histogram.counts = [_count(count) for count in counts]
        histogram.public_counts = [_count(count) for count in public_counts]
        histogram.sum, histogram.public_sum = _count(total), _count(public_sum)
        if len(histogram.counts) != len(bounds) + 1 or len(histogram.public_counts) != len(bounds) + 1:
            raise ValueError("a histogram of other buckets")
        return histogram

    def absorb(self, other: Histogram) -> None:
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.public_counts = [a + b for a, b in zip(self.public_counts, other.public_counts, strict=True)]
        self.sum += other.sum
        self.public_sum += other.public_sum
        self.held = self.held or other.held


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("a count in the state is no count")
    number = int(value)
    if number < 0:
        raise ValueError("a count in the state is negative")
    return number
