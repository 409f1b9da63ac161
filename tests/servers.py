"""Real servers for tests: Prometheus, Alertmanager, VictoriaMetrics and vmalert of two generations, and our own exporter.

A test asks for the fixture `servers` (conftest.py), which stops at its end whatever it started:

    def test_a_cost_reaches_prometheus(servers, generation, tmp_path):
        exporter = servers.exporter(tmp_path / "usage.jsonl")
        prometheus = servers.prometheus(generation, [scrape(exporter.address, interval="1s")])
        wait_for(lambda: prometheus.value("sum(llm_cost_usd_total)") == 1.5)
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Process, find_program, free_port

__all__ = ["Exporter", "PromServer", "Sample", "Server", "Servers", "scrape"]

S = TypeVar("S", bound="Server")


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer: its labels (the name is `__name__`) and (time, value) pairs, one for an instant query."""

    labels: dict[str, str]
    values: list[tuple[float, float]]

    @property
    def value(self) -> float:
        """The last value."""
        return self.values[-1][1]


def scrape(address: str, *, interval: str = "1s", job: str = "llm-cost-exporter", **more: Any) -> dict[str, Any]:
    """A scrape config for one target; honor_labels as every example of ours sets it."""
    return {
        "job_name": job,
        "scrape_interval": interval,
        "scrape_timeout": interval,
        "honor_labels": True,
        "static_configs": [{"targets": [address]}],
        **more,
    }


class Server:
    """A server that listens on `address` (host:port on loopback); `http` asks it."""

    ready_path = "/-/ready"

    def __init__(self, name: str, command: Sequence[str | Path], address: str, directory: Path) -> None:
        self.address = address
        self.url = f"http://{address}"
        self.http = requests.Session()
        self.http.trust_env = False  # no proxy between a test and loopback
        self._start = lambda: Process(name, command, directory)
        self.process = self._start()

    def get(self, path: str, **how: Any) -> requests.Response:
        """GET `path`, whatever the status."""
        return self.http.get(self.url + path, timeout=30, **how)

    def is_ready(self) -> bool:
        """Whether the server answers its ready path with 200."""
        try:
            return self.get(self.ready_path).status_code == 200
        except requests.ConnectionError:
            return False

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until `is_ready`."""
        self.process.wait_until(self.is_ready, timeout)

    def stop(self) -> int:
        """End it (SIGTERM) and give its exit status."""
        self.http.close()
        return self.process.terminate()

    def start_again(self) -> None:
        """Start it anew after `stop` or `kill`, on the same address and data; it may not be ready yet."""
        assert self.process.exit_status() is not None, f"{self.address} still runs"
        self.process = self._start()

    def kill(self) -> None:
        """SIGKILL."""
        self.http.close()
        self.process.kill()


class PromServer(Server):
    """A server with Prometheus' query API."""

    def query(self, promql: str, at: float | None = None) -> list[Sample]:
        """The instant vector of `promql` at the time `at` (epoch seconds; None: now)."""
        return self._ask("query", {"query": promql} | ({} if at is None else {"time": repr(at)}))

    def query_range(self, promql: str, start: float, end: float, step: str) -> list[Sample]:
        """The range vector of `promql`."""
        return self._ask("query_range", {"query": promql, "start": repr(start), "end": repr(end), "step": step})

    def value(self, promql: str, at: float | None = None) -> float | None:
        """The value of the only series of an answer; None where there is none."""
        samples = self.query(promql, at)
        assert len(samples) <= 1, f"{promql} has {len(samples)} series"
        return samples[0].value if samples else None

    def get_json(self, path: str, **parameters: str) -> Any:
        """The `data` of another path of the API, such as /api/v1/rules."""
        answer = self.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def _ask(self, what: str, parameters: Mapping[str, str]) -> list[Sample]:
        data = self.get_json(f"/api/v1/{what}", **parameters)
        if data["resultType"] == "scalar":
            return [Sample({}, [_point(data["result"])])]
        return [
            Sample(row["metric"], [_point(p) for p in row.get("values") or [row["value"]]]) for row in data["result"]
        ]


class Exporter(Server):
    """Our own exporter. Its state is in `<directory>/state` and stays there for the next one to start on."""

    def is_healthy(self) -> bool:
        """Whether it answers at all, ready or not."""
        try:
            return self.get("/-/healthy").status_code == 200
        except requests.ConnectionError:
            return False

    def metrics(self, accept: str | None = None) -> str:
        """The text of /metrics."""
        answer = self.get("/metrics", headers={} if accept is None else {"Accept": accept})
        assert answer.status_code == 200, answer.text
        return answer.text

    def samples(self) -> Iterator[Sample]:
        """Every sample of /metrics."""
        for family in text_string_to_metric_families(self.metrics()):
            for one in family.samples:
                yield Sample({"__name__": one.name, **one.labels}, [(0.0, one.value)])

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of the samples `name` that carry `labels`; None where there is none."""
        wanted = {"__name__": name, **labels}.items()
        found = [sample.value for sample in self.samples() if wanted <= sample.labels.items()]
        return sum(found) if found else None


class Servers:
    """Starts servers below `directory`, waits until they are ready, and stops them all with `close`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._started: list[Server] = []
        self._number = itertools.count(1)

    def prometheus(
        self,
        generation: str,
        scrapes: Sequence[Mapping[str, Any]] = (),
        *,
        rules: Iterable[Path | Mapping[str, Any]] = (),
        alertmanagers: Sequence[str] = (),
        scrape_interval: str = "15s",
        evaluation_interval: str = "15s",
        flags: Sequence[str] = (),
    ) -> PromServer:
        """A Prometheus with these scrape configs, rule files (or their content) and Alertmanager addresses."""
        home, address = self._home("prometheus"), _address()
        config: dict[str, Any] = {
            "global": {"scrape_interval": scrape_interval, "evaluation_interval": evaluation_interval},
            "scrape_configs": [dict(one) for one in scrapes],
            "rule_files": [str(path) for path in _rule_files(home, rules)],
        }
        if alertmanagers:
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]}
        command: tuple[str | Path, ...] = (
            find_program("prometheus", generation),
            f"--config.file={_yaml(home / 'prometheus.yml', config)}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address={address}",
            "--web.enable-lifecycle",
            "--log.level=warn",
            *flags,
        )
        return self._up(PromServer("prometheus", command, address, home))

    def alertmanager(
        self, generation: str, config: Mapping[str, Any] | Path, *, flags: Sequence[str] = (), wait: bool = True
    ) -> Server:
        """An Alertmanager with this configuration (a file or its content); `wait` is for it to be ready, asked over plain HTTP."""
        home, address = self._home("alertmanager"), _address()
        file = config if isinstance(config, Path) else _yaml(home / "alertmanager.yml", config)
        command: tuple[str | Path, ...] = (
            find_program("alertmanager", generation),
            f"--config.file={file}",
            f"--storage.path={home / 'data'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
            "--log.level=warn",
            *flags,
        )
        server = Server("alertmanager", command, address, home)
        if wait:
            return self._up(server)
        self._started.append(server)
        return server

    def victoria_metrics(
        self, generation: str, scrapes: Sequence[Mapping[str, Any]] = (), *, flags: Sequence[str] = ()
    ) -> PromServer:
        """A single-node VictoriaMetrics that scrapes these."""
        home, address = self._home("victoria-metrics"), _address()
        config = {"scrape_configs": [dict(one) for one in scrapes]}
        command: tuple[str | Path, ...] = (
            find_program("victoria-metrics", generation),
            f"-promscrape.config={_yaml(home / 'scrape.yml', config)}",
            f"-storageDataPath={home / 'data'}",
            f"-httpListenAddr={address}",
            "-search.latencyOffset=0s",
            "-loggerLevel=WARN",
            *flags,
        )
        server = PromServer("victoria-metrics", command, address, home)
        server.ready_path = "/health"
        return self._up(server)

    def vmalert(
        self,
        generation: str,
        storage: PromServer,
        rules: Iterable[Path | Mapping[str, Any]],
        *,
        notifier: str,
        flags: Sequence[str] = (),
    ) -> PromServer:
        """A vmalert that reads from and writes to a VictoriaMetrics; alerts go to the address `notifier`.

        It has the rules, alerts and status paths of Prometheus' API, and no queries.
        """
        home, address = self._home("vmalert"), _address()
        command: list[str | Path] = [
            find_program("vmalert", generation),
            *(f"-rule={path}" for path in _rule_files(home, rules)),
            f"-datasource.url={storage.url}",
            f"-remoteWrite.url={storage.url}",
            f"-remoteRead.url={storage.url}",
            f"-notifier.url=http://{notifier}",
            f"-httpListenAddr={address}",
            "-loggerLevel=WARN",
            *flags,
        ]
        if generation == "new":
            command.append("-rule.evalDelay=0s")  # the VictoriaMetrics of a test answers without delay
        server = PromServer("vmalert", command, address, home)
        server.ready_path = "/health"
        return self._up(server)

    def exporter(
        self,
        *files: Path,
        config: Path | Mapping[str, Any] | None = None,
        state: Path | None = None,
        args: Sequence[str] = (),
        address: str | None = None,
        wait: bool = True,
        program: Sequence[str | Path] = ("-m", "llm_cost_exporter"),
    ) -> Exporter:
        """`llm-cost-exporter run` on these files, or with a configuration (a file or its content).

        `state` is its state directory (default: a new one), `address` where it listens (default: a free port on loopback);
        `wait` is for /-/ready; `program` is what Python runs.
        """
        home, address = self._home("exporter"), address or _address()
        command: list[str | Path] = [sys.executable, *program, "run", *files]
        if config is not None:
            command += ["--config", config if isinstance(config, Path) else _yaml(home / "exporter.yml", config)]
        command += ["--listen", address, "--state-dir", state or home / "state", *args]
        server = Exporter("exporter", command, address, home)
        self._started.append(server)
        if wait:
            server.wait_ready()
        return server

    def close(self) -> None:
        """Stop whatever still runs, the last started first."""
        while self._started:
            server = self._started.pop()
            if server.process.exit_status() is None:
                server.kill()

    def _home(self, name: str) -> Path:
        home = self._directory / f"{name}-{next(self._number)}"
        home.mkdir(parents=True)
        return home

    def _up(self, server: S) -> S:
        self._started.append(server)
        server.wait_ready()
        return server


def _address() -> str:
    return f"127.0.0.1:{free_port()}"


def _yaml(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
    return path


def _rule_files(home: Path, rules: Iterable[Path | Mapping[str, Any]]) -> Iterator[Path]:
    for number, rule in enumerate(rules):
        yield rule if isinstance(rule, Path) else _yaml(home / f"rules-{number}.yml", rule)


def _point(pair: Sequence[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
