"""Evaluates rules over a span of time that is past, as Prometheus would have done live.

Rules are asked one after the other, each over the whole span, and what a rule gives is written back before the next one is asked:
so rules read each other. A rule that reads its own past sees it up to the span before, which is enough for rules that carry
values on for days. Of alerts the series ALERTS and ALERTS_FOR_STATE come out, with `for` kept over spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from llm_cost_exporter.config.units import parse_duration
from tests.grafana.remote_write import STALE, Series
from tests.servers import PromServer

__all__ = ["Ruler"]

Key = tuple[tuple[str, str], ...]
Points = list[tuple[float, float]]


class Ruler:
    """The rules of `groups` (as in a rules file) on a Prometheus; `write` stores series in it."""

    def __init__(
        self,
        prometheus: PromServer,
        groups: Sequence[Mapping[str, Any]],
        write: Callable[[Iterable[Series]], None],
    ) -> None:
        self._prometheus, self._write = prometheus, write
        self._rules = [rule for group in groups for rule in group["rules"]]
        self._there: dict[int, set[Key]] = {number: set() for number in range(len(self._rules))}
        self._active: dict[tuple[int, Key], tuple[float, float]] = {}  # alerts: since when, and when last

    def evaluate(self, start: float, end: float, step: int) -> None:
        """Every rule at `start`, `start + step` … up to `end`."""
        for number, rule in enumerate(self._rules):
            given: dict[Key, Points] = {}
            for one in self._prometheus.query_range(rule["expr"], start, end, f"{step}s"):
                labels = one.labels | rule.get("labels", {}) | {"__name__": rule.get("record", "ALERTS")}
                if "alert" in rule:
                    labels["alertname"] = rule["alert"]
                given[tuple(sorted(labels.items()))] = one.values
            if "alert" in rule:
                given = self._states(number, parse_duration(rule.get("for", "0s")), given, step)
            self._write(self._with_ends(number, given, start, end, step))

    def _states(self, number: int, waits: float, active: Mapping[Key, Points], step: int) -> dict[Key, Points]:
        """ALERTS, pending and firing, and ALERTS_FOR_STATE of an alert whose expression gives `active`."""
        states: dict[Key, Points] = {}
        for key, points in active.items():
            since, last = self._active.get((number, key), (0.0, 0.0))
            for when, _ in points:
                if when - last > 1.5 * step:
                    since = when
                last = when
                state = "firing" if when - since >= waits else "pending"
                states.setdefault(tuple(sorted((*key, ("alertstate", state)))), []).append((when, 1.0))
                began = {**dict(key), "__name__": "ALERTS_FOR_STATE"}
                states.setdefault(tuple(sorted(began.items())), []).append((when, since))
            self._active[number, key] = since, last
        return states

    def _with_ends(
        self, number: int, given: Mapping[Key, Points], start: float, end: float, step: int
    ) -> Iterator[Series]:
        """The series, with a mark that ends them wherever they are not given any more."""
        for key in self._there[number] - set(given):
            yield dict(key), [(start, STALE)]
        self._there[number] = {key for key, points in given.items() if points[-1][0] >= end}
        for key, points in given.items():
            marked: Points = []
            for point, following in pairwise([*points, (end + step, 0.0)]):
                marked.append(point)
                if following[0] - point[0] > 1.5 * step:
                    marked.append((point[0] + step, STALE))
            yield dict(key), marked
