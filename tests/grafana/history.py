"""A Prometheus that has lived through the scene: the exporter's series, what the rules record, alerts, and series of its own.

The days are made in less than a minute, not waited for: the exporter runs on a clock that is set, and samples are written with
their own times. The older generation makes the database; the newer one gets a copy of it, as at an upgrade.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from llm_cost_exporter import policy, rendering
from llm_cost_exporter.config.units import parse_duration
from tests.grafana import scene
from tests.grafana.remote_write import STALE, Series, requests_of
from tests.grafana.ruler import Ruler
from tests.grafana.sidecar import INSTANCE, JOB, Sidecar
from tests.processes import ROOT
from tests.servers import PromServer, Servers

__all__ = ["database", "serve"]

# One block for all of the time: nothing is cut off or compacted while it is written, and samples may be days behind the newest.
_ONE_BLOCK = (
    "--storage.tsdb.min-block-duration=60d",
    "--storage.tsdb.max-block-duration=60d",
    "--storage.tsdb.retention.time=100y",
)
_SPAN, _HISTORY_STEP, _STEP = 86_400, 240, 60  # seconds

_KEPT, _MOST_KEPT = ROOT / ".tools" / "scene", 3
_OWN = tuple(f"tests/grafana/{name}.py" for name in ("scene", "sidecar", "ruler", "history", "remote_write"))
_MADE_FROM = ("exporter/**/*.py", "rules/**/*.libsonnet", "sample/*.csv", "scripts/sample_log.py", *_OWN)

Groups = Sequence[Mapping[str, Any]]


def database(servers: Servers) -> Path:
    """The database of the scene: made where it is not there yet, or what it is made from has changed since."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _MADE_FROM for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    wanted = _KEPT / digest.hexdigest()[:16]
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            for old in sorted(_KEPT.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)[:-_MOST_KEPT]:
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(dir=_KEPT, prefix=".making-") as folder:
                made = Path(folder) / "database"
                _make(servers, made)
                made.rename(wanted)
    return wanted


def _make(servers: Servers, made: Path) -> None:
    server = servers.prometheus("old", data=made, flags=(*_ONE_BLOCK, "--web.enable-remote-write-receiver"))

    def write(series: Iterable[Series]) -> None:
        for body in requests_of(series):
            headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
            answer = server.http.post(f"{server.url}/api/v1/write", data=body, headers=headers, timeout=60)
            assert answer.status_code // 100 == 2, answer.text

    groups = _rules()
    ruler = Ruler(server, groups, write)
    with _quick_folder() as folder:
        sidecar = Sidecar(folder)
        target = _Target(sidecar)
        for start, end, step in _spans():
            times = range(start, end + 1, step)
            write(target.scraped(times))
            write(_prometheus_own(times, groups))
            ruler.evaluate(start, end, step)
        sidecar.stop()
    assert server.stop() == 0, server.process.said()


def serve(servers: Servers, generation: str, folder: Path) -> PromServer:
    """A Prometheus of either generation that knows the scene; its copy of the database is made below `folder`."""
    copy = folder / f"scene-{generation}"
    shutil.copytree(database(servers), copy)
    return servers.prometheus(generation, data=copy, flags=_ONE_BLOCK)


def _spans() -> Iterator[tuple[int, int, int]]:
    """The time of the scene in parts of a day at most: first scrape, last scrape, and seconds between two."""
    begins, closely_from, ends = int(scene.BEGINS), int(scene.CLOSELY_FROM), int(scene.ENDS)
    for first, last, step in ((begins, closely_from, _HISTORY_STEP), (closely_from, ends, _STEP)):
        for start in range(first, last, _SPAN):
            yield start + step, min(start + _SPAN, last), step


def _rules() -> Groups:
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "policy.yml"
        given.write_text(scene.POLICY)
        made = rendering.render(policy.load(given))
    names = ("prometheus/llm-cost.rules.yml", "prometheus/llm-cost.alerts.yml")
    return [group for name in names for group in yaml.safe_load(made[name])["groups"]]


@contextmanager
def _quick_folder() -> Iterator[Path]:
    """For the exporter's state, which is saved thousands of times: in memory where there is such a folder."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


class _Target:
    """The sidecar as a target of Prometheus."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._there: set[str] = set()  # series of the last scrape

    def scraped(self, times: Iterable[int]) -> Iterator[Series]:
        """What scrapes at these times give, with what Prometheus adds to each, and the marks that end what isn't there any more."""
        values: dict[str, list[tuple[float, float]]] = {}
        for when in times:
            scrape = dict(self._sidecar.scrape(when))
            scrape |= {
                "up": 1.0,
                "scrape_duration_seconds": 0.006 + 0.002 * math.sin(when / 3000),
                "scrape_samples_scraped": float(len(scrape)),
                "scrape_samples_post_metric_relabeling": float(len(scrape)),
                "scrape_series_added": float(len(scrape.keys() - self._there)),
            }
            for name, value in scrape.items():
                values.setdefault(name, []).append((when, value))
            for name in self._there - scrape.keys():
                values.setdefault(name, []).append((when, STALE))
            self._there = set(scrape)
        for name, points in values.items():
            yield {"job": JOB, "instance": INSTANCE, **_labels(name)}, points


def _labels(name: str) -> dict[str, str]:
    """The labels, the name among them, of a series as it stands in an exposition."""
    (family,) = text_string_to_metric_families(f"{name} 0\n")
    (sample,) = family.samples
    return {"__name__": sample.name, **sample.labels}


def _prometheus_own(times: Sequence[int], groups: Groups) -> Iterator[Series]:
    """What Prometheus tells of its rules, where it scrapes itself; the figures are made up."""
    target = {"job": "prometheus", "instance": "10.1.0.2:9090"}
    for number, group in enumerate(groups):
        labels = target | {"rule_group": f"/etc/prometheus/llm-cost.yml;{group['name']}"}
        takes, interval = 0.002 * len(group["rules"]), parse_duration(group["interval"])
        figures: dict[str, list[float]] = {
            "last_duration_seconds": [takes * (1.1 + math.sin(when / 2000) / 10) for when in times],
            "last_evaluation_timestamp_seconds": [float(when - number) for when in times],
            "interval_seconds": [interval for _ in times],
            "iterations_total": [when // interval for when in times],
            "iterations_missed_total": [0.0 for _ in times],
        }
        for name, values in figures.items():
            yield labels | {"__name__": f"prometheus_rule_group_{name}"}, list(zip(times, values, strict=True))
        failures = labels | {"__name__": "prometheus_rule_evaluation_failures_total"}
        yield failures, [(when, 0.0) for when in times]
