"""Accounts: the counters of one label set.

Three kinds: a `series` (label set D: provider, model and the configured labels), a `pair` (provider and model) and a `span`
(provider, model, app, team: the histograms).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

import orjson

from llm_cost_exporter.ledger.samples import BOUNDS, Histogram, Sample
from llm_cost_exporter.types import KIND_OF_METER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FAMILIES", "GARBAGE", "Account", "Kind", "Row", "row_of", "unrow"]

GARBAGE: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What reading a state raises where it holds something else than was written."""

_NAME: Final = re.compile("[a-z0-9_]*")  # of a token type or a reason; nothing where a family has no label of its own

Kind = Literal["series", "pair", "span"]

FAMILIES: Final[dict[Kind, tuple[str, ...]]] = {
    "series": ("usd", "tokens", "requests", "failures", "reported"),
    "pair": ("unpriced_tokens", "unpriced_requests", "without_usage"),
    "span": (),
}


Row = tuple[int, str, str, float, bytes | None]
"""An account as the store has it: number, kind, label values (JSON), time of the last line, counters (None: out of use)."""


class Account:
    """The counters of one label set: `families` by name, then by the value of their own label ("" where they have none)."""

    __slots__ = (
        "dirty", "failures", "families", "histograms", "kind", "labels", "number", "pair", "reported", "requests", "span",
        "token_samples", "tokens", "touched", "usd", "usd_samples",
    )  # fmt: skip

    def __init__(self, number: int, kind: Kind, labels: tuple[str, ...]) -> None:
        self.number = number
        self.kind = kind
        self.labels = labels
        self.touched = 0.0  # epoch seconds of the last line that was posted here
        self.dirty = False
        self.families: dict[str, dict[str, Sample]] = {name: {} for name in FAMILIES[kind]}
        self.histograms: dict[str, Histogram] = {}
        self.pair: Account | None = None
        self.span: Account | None = None
        if kind == "series":  # the path of every line
            self.usd = self.families["usd"]
            self.tokens = self.families["tokens"]
            self.requests = self.families["requests"]
            self.failures = self.families["failures"]
            self.reported = self.families["reported"]
            self.token_samples: dict[str, Sample] = {}  # by meter, where the families are by kind
            self.usd_samples: dict[str, Sample] = {}

    def token_sample(self, meter: str, *, held: bool) -> Sample:
        """The counter of tokens that `meter` goes to, made if need be."""
        kind = KIND_OF_METER[meter]
        sample = self.token_samples[meter] = self.tokens.setdefault(kind, Sample(held=held))
        return sample

    def usd_sample(self, meter: str, *, held: bool) -> Sample:
        """The counter of dollars that `meter` (or a kind that is no meter) goes to, made if need be."""
        kind = KIND_OF_METER.get(meter, meter)
        sample = self.usd_samples[meter] = self.usd.setdefault(kind, Sample(held=held))
        return sample

    def samples(self) -> Iterator[Sample | Histogram]:
        for family in self.families.values():
            yield from family.values()
        yield from self.histograms.values()

    def add(self, family: dict[str, Sample], name: str, amount: int, *, old: bool, held: bool) -> None:
        """`family[name] += amount`; `old`: it is part of the base, shown at once; `held`: how a new series begins."""
        sample = family.get(name)
        if sample is None:
            sample = family[name] = Sample(held=held)
        sample.value += amount
        if old:
            sample.public += amount

    def publish(self) -> list[Sample | Histogram]:
        """All that was counted is safe now and may be shown, but for what is held. Returns what is held and was not shown yet."""
        # A save does this for every account that changed, and scrapes wait meanwhile: hence no call for each sample.
        held: list[Sample | Histogram] = []
        for family in self.families.values():
            for sample in family.values():
                if not sample.held:
                    sample.public = sample.value - sample.hidden if sample.hidden else sample.value
                elif sample.since is None:
                    held.append(sample)
        for histogram in self.histograms.values():
            if not histogram.held:
                histogram.publish()
            elif histogram.since is None:
                held.append(histogram)
        return held

    def pack(self) -> bytes:
        # JSON, of names that need no escaping (`unpack` takes no others): half the time of making objects for a library to write.
        families = []
        for name, family in self.families.items():
            if family:
                packed = ",".join(
                    [
                        f'"{label}":{orjson.dumps(s.pack()).decode()}'
                        if s.hidden
                        else f'"{label}":["{s.value}","{s.public}"]'
                        if s.held
                        else f'"{label}":"{s.value}"'
                        for label, s in family.items()
                    ]
                )
                families.append(f'"{name}":{{{packed}}}')
        histograms = orjson.dumps({name: histogram.pack() for name, histogram in self.histograms.items()})
        return f"[{{{','.join(families)}}},".encode() + histograms + b"]"

    def unpack(self, data: bytes) -> None:
        """Take back what `pack` gave. Raises one of GARBAGE for anything else."""
        families, histograms = orjson.loads(data)
        for name, family in families.items():
            mine = self.families[name]
            for label, packed in family.items():
                if _NAME.fullmatch(label) is None:
                    raise ValueError("a counter in the state is of no known kind")
                mine[label] = Sample.unpack(packed)
        for name, packed in histograms.items():
            self.histograms[name] = Histogram.unpack(BOUNDS[name], packed)

    def absorb(self, other: Account, *, watched: bool) -> None:
        """Add what another label set counted (a label was dropped). `watched`: scrapes have seen this set under its present labels."""
        for name, family in other.families.items():
            mine = self.families[name]
            for label, sample in family.items():
                if label in mine and watched:
                    mine[label].absorb_hidden(sample)
                elif label in mine:
                    mine[label].absorb(sample)
                else:
                    mine[label] = sample
        for name, histogram in other.histograms.items():
            if name in self.histograms:
                self.histograms[name].absorb(histogram)
            else:
                self.histograms[name] = histogram
        self.touched = max(self.touched, other.touched)


def row_of(account: Account) -> Row:
    """The account as a row of the store."""
    return account.number, account.kind, orjson.dumps(account.labels).decode(), account.touched, account.pack()


def unrow(row: Row) -> Account:
    """The account of a row. Raises one of GARBAGE for anything that `row_of` did not give."""
    number, kind, labels, touched, data = row
    values = tuple(orjson.loads(labels))
    if kind not in FAMILIES or not all(isinstance(value, str) for value in values):
        raise ValueError("an account in the state is of no known kind")
    account = Account(number, kind, values)
    account.touched = touched
    if data is not None:
        account.unpack(data)
    return account
