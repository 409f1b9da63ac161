"""Reading values of a price file, each error with the file, the key and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NoReturn

from llm_cost_exporter.config.messages import did_you_mean
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.prices.timing import midnight

__all__ = ["Reader"]

_NUMBER: Final = re.compile(r"\+?(?:\d{1,30}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,2})?")
_MOST: Final = Decimal(10) ** 12
_LONGEST_NAME: Final = 256
_LARGEST_TIER: Final = 10**15


@dataclass(frozen=True, slots=True)
class Reader:
    """One value of the file, and where it stands: `key` is dotted, such as prices[0].tiers[1].input_per_mtok."""

    file: str
    key: str
    value: object

    def fail(self, problem: str) -> NoReturn:
        raise ConfigError(self.file, self.key, problem)

    def at(self, name: str, value: object) -> Reader:
        return Reader(self.file, f"{self.key}.{name}" if self.key else name, value)

    def items(self, right: str) -> Iterator[tuple[str, Reader]]:
        """The keys and values of a mapping; `right` shows one in the error."""
        if not isinstance(self.value, Mapping):
            self.fail(f"must be a mapping (key: value); {right} would be right")
        for name, value in self.value.items():
            if not isinstance(name, str):
                self.fail(f"the key {str(name)[:40]!r} is no text; quotes make it one")
            yield name, self.at(name if name.isprintable() and len(name) <= 80 else ascii(name[:60]), value)

    def elements(self, right: str) -> Iterator[Reader]:
        """The elements of a list; `right` shows one in the error."""
        if not isinstance(self.value, Sequence) or isinstance(self.value, str):
            self.fail(f"must be a list; {right} would be right")
        for index, value in enumerate(self.value):
            yield Reader(self.file, f"{self.key}[{index}]", value)

    def unknown(self, name: str, known: Sequence[str]) -> NoReturn:
        self.fail(f"unknown key; {did_you_mean(name, known)}")

    def number(self, right: str = "a number such as 2.50") -> Decimal:
        """A number from 0 on, exactly as it is written; also in quotes."""
        value = self.value
        text = str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            self.fail(f"is no number; {right} would be right")
        if text.strip().startswith("-"):
            self.fail(f"is below 0; {right} would be right")
        if not _NUMBER.fullmatch(text.strip()):
            self.fail(f"is no number; {right} would be right")
        number = Decimal(text.strip())
        if number > _MOST:
            self.fail(f"is too large; {right} would be right")
        return number

    def tokens(self) -> int:
        """A whole number of tokens."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= _LARGEST_TIER:
            self.fail("must be a whole number of tokens, such as 200000")
        return self.value

    def text(self, right: str) -> str:
        """A name, which may have `*` and `?` in it."""
        if not isinstance(self.value, str):
            self.fail(f"must be text; {right} would be right")
        text = self.value.strip()
        if not text or len(text) > _LONGEST_NAME or not text.isprintable():
            self.fail(f"must be a name of at most {_LONGEST_NAME} characters; {right} would be right")
        return text

    def day(self) -> float:
        """A day, as the epoch seconds of its start in UTC."""
        if isinstance(self.value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", self.value):
            with suppress(ValueError):
                return midnight(date.fromisoformat(self.value))
        return self.fail("must be a day, such as 2026-01-31")
