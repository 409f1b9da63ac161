"""Stand-ins for exporters: what a sidecar's /metrics says, under a test's control, without logs, prices and clocks of its own.

A `Book` is what was counted of one log; a `StandIn` serves a text on an address of loopback, and answers 200 to what is sent to it. Days and
months are a `Calendar`: the rules know them only by their bounds, so a test may end a day when it is done with it.
"""

from __future__ import annotations

import http.server
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Book", "Calendar", "Labels", "StandIn"]

Labels = tuple[tuple[str, str], ...]  # sorted


@dataclass
class Calendar:
    """Bounds of days and months in epoch seconds, and which of them is now: yesterday's and today's dollars are shown."""

    days: dict[str, tuple[float, float]]
    months: dict[str, tuple[float, float]]
    today: str
    zone: str = "UTC"

    @property
    def yesterday(self) -> str | None:
        """The day before today; None where there is none."""
        names = list(self.days)
        at = names.index(self.today)
        return names[at - 1] if at else None

    def end_day(self, at: float) -> str:
        """Today, and its month where it is the last, ends at `at`; gives the name of the day that follows."""
        names = list(self.days)
        following = names[names.index(self.today) + 1]
        self.days[self.today] = (self.days[self.today][0], at)
        self.days[following] = (at, self.days[following][1])
        month, next_month = self.today[:7], following[:7]
        if month != next_month:
            self.months[month] = (self.months[month][0], at)
            self.months[next_month] = (at, self.months[next_month][1])
        return following

    def samples(self) -> Iterable[str]:
        """The lines of /metrics."""
        for metric, label, bounds in (("day", "date", self.days), ("month", "month", self.months)):
            for name, (start, end) in bounds.items():
                labels = _text((("zone", self.zone), (label, name)))
                yield f"llm_cost_{metric}_start_timestamp_seconds{labels} {start:.3f}"
                yield f"llm_cost_{metric}_end_timestamp_seconds{labels} {end:.3f}"


@dataclass
class Book:
    """What was counted of one log: dollars of days and months, and counters, by provider, model, app and team."""

    ledger: str
    day_usd: defaultdict[tuple[str, Labels], float] = field(default_factory=lambda: defaultdict(float))
    month_usd: defaultdict[tuple[str, Labels], float] = field(default_factory=lambda: defaultdict(float))
    counters: defaultdict[tuple[str, Labels], float] = field(default_factory=lambda: defaultdict(float))

    def earlier(self, date: str, usd: float, labels: Mapping[str, str]) -> None:
        """Dollars of a day from before anybody scraped: no counter has them."""
        self.day_usd[date, _sorted(labels)] += usd
        self.month_usd[date[:7], _sorted(labels)] += usd

    def earlier_month(self, month: str, usd: float, labels: Mapping[str, str]) -> None:
        """Dollars of days that nobody shows any more."""
        self.month_usd[month, _sorted(labels)] += usd

    def spend(self, date: str, usd: float, labels: Mapping[str, str], *, calls: int = 1) -> None:
        """Calls of the day `date` that cost `usd` together."""
        self.earlier(date, usd, labels)
        self.count("llm_cost_usd_total", usd, token_type="output", **labels)
        self.count("llm_tokens_total", 1000 * usd, token_type="output", **labels)
        self.count("llm_requests_total", calls, **labels)

    def hold(self, date: str, labels: Mapping[str, str]) -> None:
        """Show new series at 0; of a counter exporters do that until it has been scraped."""
        self.spend(date, 0, labels, calls=0)

    def count(self, counter: str, by: float, **labels: str) -> None:
        """Add to a counter; 0 shows it."""
        self.counters[counter, _sorted(labels)] += by

    def open_day(self, date: str) -> None:
        """After midnight, 0 for what was alive the day before."""
        for _, labels in list(self.day_usd):
            self.day_usd[date, labels] += 0
            self.month_usd[date[:7], labels] += 0

    def metrics(self, calendar: Calendar, more: Mapping[str, float]) -> str:
        """The text of /metrics; `more` is shown as it is."""
        shown = {calendar.today, calendar.yesterday}
        months = {date[:7] for date in shown if date}
        lines = [*calendar.samples(), *(f"{name} {value!r}" for name, value in more.items())]
        where = {"ledger": self.ledger, "zone": calendar.zone}
        for (date, labels), usd in self.day_usd.items():
            if date in shown:
                own = _sorted({**where, "month": date[:7], "date": date, **dict(labels)})
                lines.append(f"llm_cost_day_usd{_text(own)} {usd!r}")
        for (month, labels), usd in self.month_usd.items():
            if month in months:
                lines.append(f"llm_cost_month_usd{_text(_sorted({**where, 'month': month, **dict(labels)}))} {usd!r}")
        lines += [f"{name}{_text(labels)} {value!r}" for (name, labels), value in self.counters.items()]
        return "\n".join(sorted(lines)) + "\n"


class StandIn:
    """A server that answers every GET with `text`. `address` is host:port."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(outer.text.encode())

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                # A connection that stays open would be served on by its thread after `close`.
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        """Nobody listens any more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


def _sorted(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _text(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}" if labels else ""
