"""What the dashboards show of days and months where these end or labels change: their own queries, over what the committed rules record.

Bounds of days and months are metrics, so a case of days is told in minutes.
"""

from __future__ import annotations

import pytest

from tests.grafana import boards
from tests.rules.packs import Pack

DAY = 86_400

Rows = dict[str, float]


@pytest.fixture
def shown(tmp_path, promtool):
    """Fails unless queries of panels, by the panel's title and a time, give these labels and values."""

    def gives(series: dict[str, str], expected: dict[tuple[str, str], Rows]) -> None:
        Pack(tmp_path, promtool, "").gives(
            series, {(asked(title), when): rows for (title, when), rows in expected.items()}
        )

    return gives


def asked(title: str) -> str:
    """What the panel of that title asks first, with all chosen."""
    (found,) = [
        query.expr
        for dashboard in boards.load().values()
        for query in boards.queries(dashboard, boards.all_values(dashboard))
        if query.panel == title and query.letter == "A"
    ]
    return found


def told(period: str, usd: str, name: str, month: str = "M", **labels: str) -> dict[str, str]:
    """Dollars of the day or month `name` as a sidecar tells them, a sample each 15 s."""
    of = {"month": month, "date": name} if period == "day" else {"month": name}
    pairs = {"ledger": "L", "zone": "UTC", **of, "provider": "p", "model": "m", "app": "a", "team": "t"} | labels
    return {f"llm_cost_{period}_usd{{{_matched(pairs)}}}": usd}


def bounds(period: str, name: str, start: int, end: int, samples: str = "x240") -> dict[str, str]:
    """When it begins and ends, in seconds from the beginning of the test."""
    named = _matched({"zone": "UTC", "date" if period == "day" else "month": name})
    return {
        f"llm_cost_{period}_{what}_timestamp_seconds{{{named}}}": f"{when}{samples}"
        for what, when in (("start", start), ("end", end))
    }


def _matched(pairs: dict[str, str]) -> str:
    return ",".join(f'{label}="{value}"' for label, value in pairs.items())


def test_days_of_the_last_month_are_gone_on_the_first(shown):
    """At midnight of a month's end its days make room for those of the new one: neither bars of their own, nor part of a bar of the same day."""
    minute_30 = 30 * 60
    series = (
        told("day", "47x119 stale", "2001-01-01", "2001-01")
        | told("day", "48x240", "2001-01-31", "2001-01")
        | told("day", "_x119 13x120", "2001-02-01", "2001-02")
        | bounds("day", "2001-01-01", minute_30 - 2 * DAY, minute_30 - DAY)
        | bounds("day", "2001-01-31", minute_30 - DAY, minute_30)
        | bounds("day", "2001-02-01", minute_30, minute_30 + DAY)
        | bounds("month", "2001-01", minute_30 - 2 * DAY, minute_30)
        | bounds("month", "2001-02", minute_30, minute_30 + DAY)
    )
    panel = "Days of the month: company"
    shown(
        series,
        {
            (panel, "29m"): {'{day="01"}': 47, '{day="31"}': 48},
            (panel, "31m"): {'{day="01"}': 13},
            (panel, "55m"): {'{day="01"}': 13},
        },
    )


def test_yesterday_is_not_today(shown):
    """With the last exporter gone before midnight nothing is known of the new day: no dollars, not those of the day before."""
    minute_30 = 30 * 60
    series = (
        told("day", "39x79 stale", "2001-01-01")
        | bounds("day", "2001-01-01", minute_30 - DAY, minute_30, "x79 stale")
        | bounds("day", "2001-01-02", minute_30, minute_30 + DAY, "x79 stale")
    )
    shown(series, {("Today", "29m"): {"{}": 39}, ("Today", "31m"): {}})


def test_a_dropped_label_counts_no_dollar_twice(shown):
    """Figures and bars of the whole month are right after a reload without a label, which closed days still have; also with what a dead sidecar spent."""
    minute_30 = 30 * 60
    reloaded = ("x79 stale", "_x79 ")
    series = (
        told("day", "46x40 stale", "2001-01-02", "2001-01")
        | told("day", f"48{reloaded[0]}", "2001-01-03", "2001-01")
        | told("day", f"{reloaded[1]}48x160", "2001-01-03", "2001-01", app="")
        | told("day", f"11{reloaded[0]}", "2001-01-04", "2001-01")
        | told("day", f"{reloaded[1]}15x160", "2001-01-04", "2001-01", app="")
        | told("month", f"105{reloaded[0]}", "2001-01")
        | told("month", f"{reloaded[1]}109x160", "2001-01", app="")
        | told("day", "5x20 stale", "2001-01-03", "2001-01", ledger="dead", instance="dead")
        | bounds("day", "2001-01-02", 600 - 2 * DAY, 600 - DAY, "x40 stale")
        | bounds("day", "2001-01-03", 600 - DAY, 600)
        | bounds("day", "2001-01-04", 600, 600 + DAY)
        # A forecast by pace is twice what is spent in the middle.
        | bounds("month", "2001-01", minute_30 - 2 * DAY, minute_30 + 2 * DAY)
    )
    before, after = 46 + 48 + 11 + 5, 46 + 48 + 15 + 5
    shown(
        series,
        {
            ("Month", "15m"): {"{}": before},
            ("Month", "30m"): {"{}": after},
            ("Forecast", "30m"): {"{}": 2 * after},
            ("Months: company", "15m"): {'{month="2001-01"}': before},
            ("Months: company", "30m"): {'{month="2001-01"}': after},
            ("Days of the month: company", "30m"): {'{day="02"}': 46, '{day="03"}': 53, '{day="04"}': 15},
        },
    )


def test_a_month_that_is_over_stays_as_it_was(shown):
    """Its bar is there when no rule speaks of it any more, by the account of the exporters' months where that is the higher one."""
    ended = 400 - DAY  # the rules let go of it at 400 s
    series = (
        told("day", "47x20 stale", "2001-01-31", "2001-01")
        | told("month", "50x20 stale", "2001-01")
        | told("month", "13x240", "2001-02")
        | bounds("day", "2001-01-31", ended - DAY, ended, "x20 stale")
        | bounds("day", "2001-02-01", ended, ended + DAY)
        | bounds("month", "2001-01", ended - 31 * DAY, ended, "x20 stale")
        | bounds("month", "2001-02", ended, ended + 28 * DAY)
    )
    shown(
        series,
        {
            ("Months: company", "2m"): {'{month="2001-01"}': 50, '{month="2001-02"}': 13},
            ("Months: company", "30m"): {'{month="2001-01"}': 50, '{month="2001-02"}': 13},
            ("Month", "2m"): {"{}": 13},
        },
    )
