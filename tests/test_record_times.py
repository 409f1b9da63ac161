"""When a call was made: the chain of times, and times that are none."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.record import EntryReader
from llm_cost_exporter.times import Calendar, parse
from llm_cost_exporter.types import Rejected
from tests.reading import MTIME, NOW, as_line, call_of, new_reader, outcome_of

COUNTS = {"model": "m", "prompt_tokens": 1, "completion_tokens": 2}
WHEN = 1767323045.0  # 2026-01-02T03:04:05Z


@pytest.mark.parametrize(
    "value",
    [
        1767323045, 1767323045.0, 1767323045000, 1767323045000000, 1767323045000000000, "1767323045", "1767323045.0", "2026-01-02T03:04:05Z",
        "1767323045000", "1767323045000000", "1767323045000000000", "20260102T030405", "20260102T030405Z",
        "2026-01-02 03:04:05", "2026-01-02T04:04:05+01:00", "2026-01-02 03:04:05,000", {"$date": "2026-01-02T03:04:05Z"},
        "2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05 GMT", "2026-01-02T03:04:05z", "2026-01-02 04:04:05 +0100", "2026-01-02 03:04:05.000000000 +0000 UTC",
        "2026-01-02 04:04:05,000 +01:00 CET", "20260102T030405 UTC", {"timestamp": 1767323045.0, "repr": "x"}, {"seconds": 1767323045, "nanos": 5},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "key",
    ["timestamp", "time", "ts", "@timestamp", "asctime", "created", "created_at", "eventTime", "startTime", "datetime"],
)
def test_forms_of_a_time(key: str, value: object) -> None:
    """Epochs of any unit, ISO times with and without a zone, under all the keys that loggers use."""
    assert call_of({**COUNTS, key: value}).time == WHEN


def test_a_time_without_a_zone_is_in_the_sources() -> None:
    """`sources[].timezone` is the zone of times that name none, in records and in prefixes."""
    labels = LabelReader((), {})
    berlin = EntryReader("auto", labels, zone=ZoneInfo("Europe/Berlin")).file("x")
    for line in (
        {**COUNTS, "time": "2026-07-01 12:00:00"},
        b'2026-07-01 12:00:00 INFO {"prompt_tokens": 1}',
        {**COUNTS, "time": "2026-07-01T10:00:00Z"},
    ):
        found = berlin.read(as_line(line), 0, MTIME, NOW)
        assert isinstance(found, list)
        assert found[0].time == 1782900000.0


def test_the_outermost_time_comes_first() -> None:
    """The application's own time is that of the call; the vendor's `created` is next."""
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1760000000, "usage": {"prompt_tokens": 1}}
    assert call_of({"time": WHEN, "response": body}).time == WHEN
    assert call_of({"response": body}).time == 1760000000


@pytest.mark.parametrize("missing", [None, ""])
def test_null_is_missing(missing: object) -> None:
    """A time that is null or empty is no time, and nothing is wrong with the line."""
    assert call_of({**COUNTS, "timestamp": missing}).time == MTIME
    assert call_of({**COUNTS, "timestamp": missing, "time": WHEN}).time == WHEN


@pytest.mark.parametrize(
    "bad",
    [
        "yesterday",
        "2026-13-45",
        "2026-13-45T03:04:05 UTC",
        "20260102 UTC",
        "2026-01-02 UTC",
        "2026-01-02 03:04 MEZ",
        "1767323045 UTC",
        -5,
        12,
        True,
        [],
        1e300,
        "1" * 100,
        {"a": 1},
    ],
)
def test_a_time_that_cannot_be_read(bad: object) -> None:
    """It is passed over for another time of the record or the envelope; with none the line is rejected, not put on a wrong day."""
    assert outcome_of({**COUNTS, "timestamp": bad}) == Rejected("bad_time")
    assert call_of({**COUNTS, "timestamp": bad, "created": WHEN}).time == WHEN
    line = b"2026-01-02T03:04:05Z stdout F " + as_line({**COUNTS, "timestamp": bad})
    assert call_of(line).time == WHEN


def test_a_time_that_is_a_duration() -> None:
    """`time: 0.83` is how long it took; it does not cost the line."""
    assert call_of({**COUNTS, "time": 0.83}).time == MTIME


def test_a_time_far_ahead_is_passed_over_and_counted() -> None:
    """More than a day ahead of now a time is wrong; up to a day ahead it may be a clock's fault and is kept."""
    reader = new_reader()
    found = reader.read(as_line({**COUNTS, "timestamp": NOW + 86_401}), 0, MTIME, NOW)
    assert isinstance(found, list)
    assert (found[0].time, reader.future_times) == (MTIME, 1)
    found = reader.read(as_line({**COUNTS, "timestamp": NOW + 86_399, "created": 5}), 0, MTIME, NOW)
    assert isinstance(found, list)
    assert (found[0].time, reader.future_times) == (NOW + 86_399, 1)


def test_the_previous_lines_time() -> None:
    """A line without a time was written after the one before it, also one without usage; the file's time is the last resort."""
    reader = new_reader()

    def time_of(line: Any) -> float:
        found = reader.read(as_line(line), 0, MTIME, NOW)
        assert isinstance(found, list)
        return found[0].time

    assert (time_of(COUNTS), reader.time_source) == (MTIME, "file")
    assert (time_of({**COUNTS, "time": WHEN}), reader.time_source) == (WHEN, "record")
    assert (time_of(COUNTS), reader.time_source) == (WHEN, "previous line")
    reader.read(b"2026-01-02 03:05:05 INFO asking", 0, MTIME, NOW)
    assert time_of(COUNTS) == WHEN + 60
    reader.read(b'{"time": "2026-01-02T03:06:05Z", "event": "asking"}', 0, MTIME, NOW)
    reader.read(b"no time here", 0, MTIME, NOW)
    assert time_of(COUNTS) == WHEN + 60
    reader.read(b'{"time": "2026-01-02T03:06:05Z", "event": "asking"}', 0, MTIME, NOW)
    assert reader.previous_time == WHEN + 120
    assert time_of(COUNTS) == WHEN + 120
    reader.read(b'{"time": "2099-01-02T03:06:05Z", "event": "a wrong clock"}', 0, MTIME, NOW)
    assert time_of(COUNTS) == WHEN + 120


def test_the_previous_time_goes_with_the_position() -> None:
    """After a restart the first line without a time still has the previous line's."""
    reader = EntryReader("auto", LabelReader((), {}), zone=UTC).file("x", previous_time=WHEN)
    found = reader.read(as_line(COUNTS), 0, MTIME, NOW)
    assert isinstance(found, list)
    assert found[0].time == WHEN


@pytest.mark.parametrize(
    "time",
    [
        1782863999999999999, "1782863999999999999", "1782863999.999999999", 1782863999999999, "1782863999999.999999",
        "2026-06-30T23:59:59.999999999Z",
    ],
)  # fmt: skip
def test_the_last_moment_of_a_day_is_on_that_day(time: object) -> None:
    """No rounding may take a call to the next day, and perhaps to another month and another price."""
    when = call_of({**COUNTS, "time": time}).time
    assert Calendar("UTC").day_of(when).date == "2026-06-30"
    assert 1782864000 - when < 2e-6
    assert call_of({**COUNTS, "time": 1782864000000000000}).time == 1782864000.0


def test_the_last_moment_of_a_day_before_a_line() -> None:
    """Fluent Bit writes nanoseconds."""
    when = call_of(b'[1782863999.999999999, {"model": "m", "prompt_tokens": 1, "completion_tokens": 2}]').time
    assert Calendar("UTC").day_of(when).date == "2026-06-30"


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), 10**400, -(10**400), -5, 10**20, "9" * 60, "²" * 9]
)
def test_a_number_that_is_no_epoch(value: object) -> None:
    """Whatever its size."""
    assert parse(value) is None


@given(st.integers(946_684_800 * 10**9, 10**20 - 1))
def test_an_epoch_stays_in_its_second(nanoseconds: int) -> None:
    """And is as near as a float can be there."""
    for value in (nanoseconds, str(nanoseconds), f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}"):
        seconds = parse(value)
        assert seconds is not None
        assert int(seconds) == nanoseconds // 10**9
        assert abs(seconds - nanoseconds / 10**9) <= math.ulp(seconds)


@pytest.mark.parametrize("digits", ["1789010112000", "1789010112000000", "1789010112000000000", "1789010112"])
def test_digits_are_an_epoch(digits: str) -> None:
    """Also where ISO 8601 could be read into them: 1789-01-01, any sign for a T, 20:00."""
    assert call_of({**COUNTS, "time": digits}).time == 1789010112.0
