"""The engines that the committed rules must run on, all fed by the same targets: Prometheus, and VictoriaMetrics with vmalert.

Time is compressed: the groups' `interval` and the alerts' `for` are divided by FACTOR, and so are the flags that speak of them. The half hour
that makes a trend, without which no forecast fires, is 30 s. Nothing else of the rules is changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from llm_cost_exporter.config.units import parse_duration
from tests.processes import GENERATIONS, ROOT
from tests.servers import PromServer, Servers

__all__ = ["ENGINES", "FACTOR", "RULES", "Alert", "Engine", "Targets", "Watch", "compressed", "spans_apart", "start"]

FACTOR: Final = 15  # a minute is 4 s
RULES: Final = tuple(ROOT / "rules/prometheus" / name for name in ("llm-cost.rules.yml", "llm-cost.alerts.yml"))
ENGINES: Final = tuple(
    f"{kind} {generation}" for kind in ("prometheus", "victoria-metrics") for generation in GENERATIONS
)

Alert = frozenset[tuple[str, str]]  # its labels, without alertgroup, which vmalert adds


class Targets:
    """The exporters that are scraped, in a file that every engine reads anew when it changes."""

    def __init__(self, path: Path, addresses: Iterable[str]) -> None:
        self._path = path
        self.are(addresses)

    def are(self, addresses: Iterable[str]) -> None:
        """From now on these."""
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps([{"targets": list(addresses)}]))
        draft.replace(self._path)

    def scrape_config(self) -> dict[str, Any]:
        """For all engines alike."""
        return {
            "job_name": "llm-cost-exporter",
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "honor_labels": True,
            "file_sd_configs": [{"files": [str(self._path)]}],
        }


class Engine:
    """Where the rules run (`ruler`), and where what they record is kept (`storage`); one server with Prometheus, two with VictoriaMetrics."""

    def __init__(self, name: str, storage: PromServer, ruler: PromServer) -> None:
        self.name, self.storage, self.ruler = name, storage, ruler

    def values(self, series: str, at: float | None = None) -> dict[frozenset[tuple[str, str]], float]:
        """The values of a recorded series by its labels, without its name."""
        return {
            frozenset(
                (name, value) for name, value in sample.labels.items() if name != "__name__" and value
            ): sample.value
            for sample in self.storage.query(series, at)
        }

    def firing(self) -> set[Alert]:
        """The alerts that fire now."""
        return {
            frozenset((name, value) for name, value in alert["labels"].items() if name != "alertgroup")
            for alert in self.ruler.get_json("/api/v1/alerts")["alerts"] or []  # vmalert: null for none
            if alert["state"] == "firing"
        }

    def catch_up(self) -> None:
        """Have VictoriaMetrics answer with what it was sent: it takes seconds that don't shrink with the rules' time."""
        if self.storage is not self.ruler:
            assert self.storage.get("/internal/force_flush").status_code == 200

    def rules(self) -> Iterable[dict[str, Any]]:
        """Every rule as the engine tells it: name, health, lastError."""
        for group in self.ruler.get_json("/api/v1/rules")["groups"]:
            yield from group["rules"]

    def stop(self) -> None:
        """As a deployment does it: the rules first."""
        for server in dict.fromkeys((self.ruler, self.storage)):
            server.stop()

    def start_again(self) -> None:
        """On the data that it had."""
        for server in dict.fromkeys((self.storage, self.ruler)):
            server.start_again()
            server.wait_ready()


def start(servers: Servers, targets: Targets, notifier: str) -> list[Engine]:
    """All engines of both generations, with the committed rules in compressed time."""
    rules = [compressed(path) for path in RULES]
    scrapes = [targets.scrape_config()]
    engines = []
    for generation in GENERATIONS:
        # Both are 10m by default.
        prometheus = servers.prometheus(
            generation, scrapes, rules=rules, flags=[f"--rules.alert.for-grace-period={600 // FACTOR}s"]
        )
        engines.append(Engine(f"prometheus {generation}", prometheus, prometheus))
        storage = servers.victoria_metrics(generation, scrapes, flags=["-promscrape.fileSDCheckInterval=1s"])
        # Samples wait for a flush, by default 5 s (2 s) of a minute's evaluation.
        vmalert = servers.vmalert(
            generation, storage, rules, notifier=notifier, flags=["-remoteWrite.flushInterval=200ms"]
        )
        engines.append(Engine(f"victoria-metrics {generation}", storage, vmalert))
    return engines


def compressed(path: Path, factor: int = FACTOR) -> dict[str, Any]:
    """A rule file with its intervals and waiting times divided by `factor`."""
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    for group in content["groups"]:
        group["interval"] = _shorter(group["interval"], factor)
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = _shorter(rule["for"], factor)
            rule["expr"] = rule["expr"].replace("offset 30m", "offset 30s")
    return content


def _shorter(duration: str, factor: int) -> str:
    return f"{1000 * parse_duration(duration) / factor:.0f}ms"


class Watch:
    """When each alert fired on each engine, as seen by looking often."""

    def __init__(self, engines: Iterable[Engine]) -> None:
        self._engines = list(engines)
        self._seen: dict[str, list[tuple[float, set[Alert]]]] = {engine.name: [] for engine in self._engines}

    def look(self) -> None:
        """At every engine."""
        for engine in self._engines:
            engine.catch_up()
            self._seen[engine.name].append((time.monotonic(), engine.firing()))

    def spans(self) -> Mapping[Alert, Mapping[str, list[tuple[float, float]]]]:
        """Alert -> engine -> (first seen firing, first seen silent again, or the last look) for each time that it fired."""
        spans: dict[Alert, dict[str, list[tuple[float, float]]]] = {}
        for name, looks in self._seen.items():
            since: dict[Alert, float] = {}
            for when, firing in looks:
                for alert in firing - since.keys():
                    since[alert] = when
                for alert in since.keys() - firing:
                    spans.setdefault(alert, {}).setdefault(name, []).append((since.pop(alert), when))
            for alert, when in since.items():
                spans.setdefault(alert, {}).setdefault(name, []).append((when, looks[-1][0]))
        return spans


def spans_apart(spans: Mapping[str, list[tuple[float, float]]]) -> float:
    """By how many seconds the engines' times of an alert differ; infinity where one fired it another number of times."""
    if len({len(one) for one in spans.values()}) != 1:
        return float("inf")
    apart = 0.0
    for nth in zip(*spans.values(), strict=True):
        for instants in zip(*nth, strict=True):
            apart = max(apart, max(instants) - min(instants))
    return apart
