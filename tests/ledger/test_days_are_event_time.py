"""Days and months: the log's own time, in the configured zone, whatever order lines come in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.config import Config
from llm_cost_exporter.ledger import day_view
from llm_cost_exporter.times import Calendar, parse
from tests.kit import Bench, FakeClock
from tests.ledger.faults import Process


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def spent(bench: Bench):
    view = day_view(bench.ledger, bench.clock.wall())
    return {day.date: sum(usd for _, usd in amounts) for day, amounts in view.days}


CALL = 20 * 10**18  # what one call of the kit costs


def test_late_lines_go_to_their_own_day(tmp_path):
    """A line read today of yesterday's call is yesterday's."""
    bench = Bench(tmp_path, clock=FakeClock(at("2026-03-02T00:10:00Z")))
    bench.call(time=at("2026-03-01T23:59:59Z"))
    bench.call()
    assert spent(bench) == {"2026-03-01": CALL, "2026-03-02": CALL}


def test_the_zone_decides_what_today_is(tmp_path):
    """The same instant is another day in Bangkok."""
    bench = Bench(tmp_path, Config(timezone="Asia/Bangkok"), FakeClock(at("2026-03-01T18:00:00Z")))
    bench.call(time=at("2026-03-01T16:59:59Z"))
    bench.call(time=at("2026-03-01T17:00:00Z"))
    assert spent(bench) == {"2026-03-01": CALL, "2026-03-02": CALL}


def test_what_was_alive_yesterday_has_a_today_of_zero_from_midnight(tmp_path):
    """After midnight the day gauge is there at 0, before the first call."""
    bench = Bench(tmp_path, clock=FakeClock(at("2026-03-01T12:00:00Z")))
    bench.call()
    bench.save()
    bench.clock.pass_(12 * 3600 + 1)
    view = day_view(bench.ledger, bench.clock.wall())
    assert [(day.date, [usd for _, usd in amounts]) for day, amounts in view.days] == [
        ("2026-03-01", [CALL]),
        ("2026-03-02", [0]),
    ]


def test_the_last_month_is_there_on_the_first_day_of_the_next(tmp_path):
    """On the first of a month both months are shown, on the second one."""
    bench = Bench(tmp_path, clock=FakeClock(at("2026-02-27T12:00:00Z")))
    bench.call()
    bench.save()
    bench.clock.now = at("2026-03-01T08:00:00Z")
    bench.call()
    bench.save()
    view = day_view(bench.ledger, bench.clock.wall())
    assert [(month, sum(usd for _, usd in amounts)) for month, amounts in view.months] == [
        ("2026-02", CALL),
        ("2026-03", CALL),
    ]
    bench.clock.pass_(86_400)
    assert [month for month, _ in day_view(bench.ledger, bench.clock.wall()).months] == ["2026-03"]
    assert [month for month, *_ in view.month_bounds] == ["2026-03", "2026-04"]


def test_any_order_of_lines_saves_and_restarts_gives_the_same_days(tmp_path):
    """Thirteen months of calls, shuffled, saved at random and restarted: the days in the state are the sum by day."""
    import random

    choose = random.Random(3)
    bench = Bench(tmp_path, clock=FakeClock(at("2026-03-01T08:00:00Z")))
    want: dict[str, int] = {}
    for _ in range(600):
        when = bench.clock.wall() - choose.uniform(0, 395 * 86_400)
        bench.call(time=when)
        day = datetime.fromtimestamp(when, UTC).date().isoformat()
        want[day] = want.get(day, 0) + CALL
        if choose.random() < 0.1:
            bench.save()
        if choose.random() < 0.03:
            bench.save()
            bench.killed()
    bench.save()
    assert {date: int(usd) for _, date, _, usd in bench.store.all_days()} == want
    month = {day: usd for day, usd in want.items() if day.startswith("2026-02")}
    assert sum(bench.ledger.days.in_month("2026-02").values()) == sum(month.values())


def test_clock_changes_make_days_of_23_and_25_hours():
    """Berlin's clock changes of 2026."""
    calendar = Calendar("Europe/Berlin")
    spring, autumn = calendar.on("2026-03-29"), calendar.on("2026-10-25")
    assert (spring.end - spring.start, autumn.end - autumn.start) == (23 * 3600, 25 * 3600)


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Bangkok", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"]
)
@given(when=st.floats(min_value=946_684_800, max_value=2_000_000_000))
def test_every_instant_is_within_its_day(zone, when):
    """Days cover all instants, without gap or overlap, and carry the local date."""
    calendar = Calendar(zone)
    day = calendar.day_of(when)
    assert day.start <= when < day.end
    assert day.date == datetime.fromtimestamp(when, ZoneInfo(zone)).date().isoformat()
    assert calendar.day_of(day.end).start == day.end
    assert calendar.month_bounds(day.month)[0] <= day.start < calendar.month_bounds(day.month)[1]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (1_760_000_000.1, 1_760_000_000.1),
        (1_760_000_000_100, 1_760_000_000.1),
        (1_760_000_000_100_000, 1_760_000_000.1),
        (1_760_000_000_100_000_000, 1_760_000_000.1),
        ("1760000000.1", 1_760_000_000.1),
        ("2026-03-01T10:00:00.130000000Z", at("2026-03-01T10:00:00.13Z")),
        ("2026-03-01 10:00:00,123", at("2026-03-01T10:00:00.123Z")),
        ("2026-11-21 20:24:51+00:00", at("2026-11-21T20:24:51Z")),
        ("2026-03-01T10:00:00+07:00", at("2026-03-01T03:00:00Z")),
        ("2026-03-01", at("2026-03-01T00:00:00Z")),
        ("20260301T100000Z", at("2026-03-01T10:00:00Z")),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (0, None),
        (-5, None),
        (12.5, None),
        (float("nan"), None),
        (1e300, None),
        ("12:30", None),
        ("1e999", None),
        ([], None),
        ("9" * 500, None),
    ],
)
def test_times_as_logs_write_them(text, want):
    """Epochs of any unit, ISO with or without zone; anything else is no time."""
    got = parse(text)
    assert got == want if want is None else got == pytest.approx(want, abs=1e-3)


def test_a_time_without_a_zone_is_in_the_sources_zone():
    """`sources[].timezone` says what a bare time means."""
    assert parse("2026-03-01 10:00:00", ZoneInfo("Asia/Bangkok")) == at("2026-03-01T03:00:00Z")


@pytest.mark.parametrize("mtime", [3e11, -1e12])
def test_a_line_without_a_time_in_a_file_of_an_impossible_one(tmp_path, mtime):
    """Some file systems keep any number as a file's time: the call is counted, on a day that there is."""
    usage = b'{"model": "gpt", "usage": {"prompt_tokens": 10, "completion_tokens": 5}}'
    process = Process(tmp_path, Config(), FakeClock(), [usage])
    process.log.file.mtime_ns = int(mtime * 1e9)
    process.read_all()
    assert process.ledger.days.on("2026-01-01" if mtime > 0 else "1970-01-01")
    assert process.saver.save()
