"""Reading the times that logs carry, and the bounds of days and months in a zone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

__all__ = ["EARLIEST", "Calendar", "Day", "load_zone", "parse"]

EARLIEST = 946_684_800.0  # 2000-01-01: anything before is a counter, a duration or an unset field, not a call's time
_LATEST = 253_402_300_800.0  # year 10000
_EPOCHS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))  # below it, how many make a second
_DATE = 8  # digits: 20260131
# As BigQuery, Ruby and Go write the zone, and z, which RFC 3339 allows too.
_ZONE = re.compile(r"(?P<when>.{10,}?\d) ?(?:(?P<offset>[+-]\d\d:?\d\d)(?: [A-Z]{3,5})?|UTC|GMT|[Zz])", re.ASCII)


def load_zone(name: str) -> tzinfo:
    """The IANA zone `name`. Raises ValueError where there is none of that name."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as bad:
        raise ValueError(f"no time zone {name[:80]!r}; an IANA name such as Europe/Berlin would be right") from bad


def parse(value: object, zone: tzinfo = UTC) -> float | None:
    """`value` of a log as epoch seconds; None where it is no time.

    Numbers (and strings of a number) are epochs, their unit told by magnitude: s, ms, us, ns. Strings are ISO 8601 with `T`
    or a space, `.` or `,` before the fraction, also with ` UTC`, ` GMT`, ` +0100` or ` +0100 CET` at the end. A time without a zone is in `zone`.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 64:
            return None
        if text[4:9].isdigit() and len(text) > _DATE and text.replace(".", "", 1).isdigit():
            return _epoch_text(text)  # nine digits or more: ISO 8601 would have any of them as its T
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            named = _ZONE.fullmatch(text)
            if named is None:
                return _epoch_text(text) if text[:1].isdigit() else None
            try:
                when = datetime.fromisoformat(named["when"] + (named["offset"] or "+00:00"))
            except ValueError:
                return None
        if len(text) == _DATE and text.isdigit() and not 1900 < when.year < 2200:
            return None
        try:
            seconds = (when if when.tzinfo is not None else when.replace(tzinfo=zone)).timestamp()
        except (OverflowError, ValueError):
            return None
        return seconds if EARLIEST <= seconds < _LATEST else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch(value)
    return None


def _epoch_text(text: str) -> float | None:
    whole, _, fraction = text.partition(".")
    try:
        if whole.isdigit() and (fraction.isdigit() or not fraction):
            return _epoch(int(whole + fraction), 10 ** len(fraction))
        return _epoch(float(text))
    except ValueError:
        return None


def _epoch(value: float, parts: int = 1) -> float | None:
    """`value`, counted in `parts` of a unit that its magnitude tells, in seconds.

    Digits are divided as they are. The last 120 ns of a second are nearer to the next one than to any other float below it: there
    the float below is taken, since the next second may be another day.
    """
    if not value > 0:  # also what is no number
        return None
    for below, unit in _EPOCHS:
        if value < below * parts:
            seconds = value / (unit * parts)
            if type(value) is int and seconds >= (following := value // (unit * parts) + 1):
                seconds = math.nextafter(following, 0.0)
            return seconds if EARLIEST <= seconds < _LATEST else None
    return None


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of a zone: `start` and `end` are epoch seconds, `end` is the next day's start (23 or 25 h with DST)."""

    date: str  # 2026-01-31
    month: str  # 2026-01
    start: float
    end: float


class Calendar:
    """Days and months of one zone. `day_of` is on the path of every line and remembers the last days asked for."""

    def __init__(self, zone_name: str) -> None:
        self.name = zone_name
        self.zone = load_zone(zone_name)
        self._recent: dict[int, Day] = {}  # by the quarter of an hour, which lies wholly in one day
        self._last = Day("", "", math.inf, math.inf)

    def day_of(self, when: float) -> Day:
        """The day that the instant `when` (epoch seconds) falls on."""
        day = self._last
        if day.start <= when < day.end:
            return day
        hour = int(when // 900)  # zones are offset from UTC by multiples of 15 minutes
        known = self._recent.get(hour)
        if known is not None and known.start <= when < known.end:
            day = known
        else:
            second = math.floor(when)  # a fraction would be rounded, perhaps to the next day
            day = self.day(datetime.fromtimestamp(second, self.zone).date())
            if len(self._recent) > 4096:
                self._recent.clear()
            self._recent[hour] = day
        self._last = day
        return day

    def day(self, day: date) -> Day:
        """The calendar day `day`."""
        start, end = self._midnight(day), self._midnight(day + timedelta(days=1))
        return Day(day.isoformat(), day.strftime("%Y-%m"), start, end)

    def on(self, day: str) -> Day:
        """The calendar day of the date `YYYY-MM-DD`."""
        return self.day(date.fromisoformat(day))

    def yesterday_today_tomorrow(self, now: float) -> tuple[Day, Day, Day]:
        """The three days around the instant `now`."""
        today = self.day_of(now)
        this = date.fromisoformat(today.date)
        return self.day(this - timedelta(days=1)), today, self.day(this + timedelta(days=1))

    def month_bounds(self, month: str) -> tuple[float, float]:
        """Start and end of the month `YYYY-MM`, epoch seconds."""
        first = date.fromisoformat(f"{month}-01")
        return self._midnight(first), self._midnight(date.fromisoformat(f"{self.next_month(month)}-01"))

    @staticmethod
    def next_month(month: str) -> str:
        """The month after `YYYY-MM`."""
        first = date.fromisoformat(f"{month}-01")
        return (first + timedelta(days=32)).strftime("%Y-%m")

    @staticmethod
    def previous_month(month: str) -> str:
        """The month before `YYYY-MM`."""
        first = date.fromisoformat(f"{month}-01")
        return (first - timedelta(days=1)).strftime("%Y-%m")

    def _midnight(self, day: date) -> float:
        # Where midnight does not exist (a zone that springs forward at 0:00), fold=0 gives the instant of the jump.
        return datetime.combine(day, time.min, self.zone).timestamp()
