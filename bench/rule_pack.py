"""How long Prometheus takes to evaluate the rule pack, by the number of series that exporters show.

    make bench-rules        prints the table and writes it to bench/RULES.md

A stand-in exporter shows so many series (58 a label set: dollars and tokens by kind, requests, two days, a month, three histograms) to a
Prometheus that was given a past: an hour of the counters that rules read, and two days of what the rules themselves recorded, with 28 closed
days. Each group is evaluated some times; its duration is what Prometheus says of itself.
"""

from __future__ import annotations

import argparse
import http.server
import json
import platform
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("RULES.md")
RULES = ("llm-cost.rules.yml", "llm-cost.alerts.yml")
SIZES = (1_000, 5_000, 20_000)
EVALUATIONS = 4
SCRAPE_S = 15
DAY_S = 86_400
TARGET = 0.10  # of a group's interval

COST_TYPES = ("input", "cache_read", "cache_write", "output")


@dataclass(frozen=True)
class Row:
    """A group at a size: durations in seconds, each evaluation of it."""

    series: int
    label_sets: int
    group: str
    interval_s: float
    durations_s: list[float]

    @property
    def median_s(self) -> float:
        """The middle duration."""
        return statistics.median(self.durations_s)

    @property
    def share(self) -> float:
        """Of the interval."""
        return self.median_s / self.interval_s

    def text(self) -> str:
        """A row of the table."""
        low, high = min(self.durations_s), max(self.durations_s)
        each = 1e6 * self.median_s / self.series
        return (
            f"| {self.group} | {self.series:,} | {1000 * self.median_s:.0f} | {1000 * low:.0f} to {1000 * high:.0f}"
            f" | {self.interval_s:.0f} | {self.share:.2%} | {each:.1f} |"
        )


class Spend:
    """What the exporter shows: `label_sets` of them, each costing a little more with every second."""

    def __init__(self, label_sets: int, now: float) -> None:
        self.sets = [
            f'provider="openai",model="model-{n % 20}",app="app-{n // 20 % 50}",team="team-{n % 7}",user="{n}"'
            for n in range(label_sets)
        ]
        self.now = now
        today = datetime.fromtimestamp(now, UTC)
        self.today, self.yesterday = today.date(), today.date() - timedelta(days=1)

    def series(self, at: float) -> Iterator[tuple[str, float]]:
        """Every sample at the time `at`."""
        grown = max(0.0, at - self.now + 3600) / 1000
        for labels in self.sets:
            yield from self._counters(labels, grown)
            where = f'{labels},ledger="l",zone="UTC",month="{self.today:%Y-%m}"'
            yield f'llm_cost_day_usd{{{where},date="{self.today}"}}', grown
            yield (
                f'llm_cost_day_usd{{{labels},ledger="l",zone="UTC",month="{self.yesterday:%Y-%m}",date="{self.yesterday}"}}',
                2.0,
            )
            yield f"llm_cost_month_usd{{{where}}}", 50 + grown
            for name in ("duration_seconds", "input_tokens", "cost_usd"):
                for bucket in range(13):
                    yield f'llm_request_{name}_bucket{{{labels},le="{bucket}"}}', grown
                yield f"llm_request_{name}_sum{{{labels}}}", grown
                yield f"llm_request_{name}_count{{{labels}}}", grown
        yield from self.bounds()

    def history(self, at: float) -> Iterator[tuple[str, float]]:
        """The samples that rules read over a window."""
        grown = max(0.0, at - self.now + 3600) / 1000
        for labels in self.sets:
            yield from self._counters(labels, grown)

    def _counters(self, labels: str, grown: float) -> Iterator[tuple[str, float]]:
        for kind in COST_TYPES:
            yield f'llm_cost_usd_total{{{labels},token_type="{kind}"}}', 100 + grown
            yield f'llm_tokens_total{{{labels},token_type="{kind}"}}', 1e6 + 1000 * grown
        yield f"llm_requests_total{{{labels}}}", 5000 + grown
        yield f'llm_request_failures_total{{{labels},reason="timeout"}}', 3.0

    def bounds(self) -> Iterator[tuple[str, float]]:
        """Days and months."""
        midnight = datetime.combine(self.today, datetime.min.time(), UTC)
        for day in (-1, 0, 1):
            start = midnight + timedelta(days=day)
            labels = f'{{zone="UTC",date="{start.date()}"}}'
            yield f"llm_cost_day_start_timestamp_seconds{labels}", start.timestamp()
            yield f"llm_cost_day_end_timestamp_seconds{labels}", start.timestamp() + DAY_S
        first = midnight.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        labels = f'{{zone="UTC",month="{first:%Y-%m}"}}'
        yield f"llm_cost_month_start_timestamp_seconds{labels}", first.timestamp()
        yield f"llm_cost_month_end_timestamp_seconds{labels}", following.timestamp()
        yield "llm_cost_exporter_unread_bytes", 0

    def recorded(self) -> Iterator[str]:
        """What the rules recorded: series that are carried for two days, one sample a minute."""
        kept = sorted({labels.rsplit(",user=", 1)[0] for labels in self.sets})
        month = f'zone="UTC",month="{self.today:%Y-%m}"'
        last = f'zone="UTC",month="{self.yesterday:%Y-%m}",date="{self.yesterday}"'
        for labels in kept:
            yield f'ledger:llm_cost_day_usd:last{{{labels},ledger="l",{last}}}'
            yield f'ledger:llm_cost_day_usd:last{{{labels},ledger="l",{month},date="{self.today}"}}'
            yield f'ledger:llm_cost_month_usd:last{{{labels},ledger="l",{month}}}'
            yield f"group:llm_cost_usd:rate5m{{{labels}}}"
            yield f"group:llm_requests:rate5m{{{labels}}}"
            yield f"group:llm_tokens:rate5m{{{labels}}}"
            for day in range(1, 29):
                yield f'date:llm_cost_usd:sum{{{labels},{month},date="{self.today:%Y-%m}-{day:02}"}}'
        for name in ("rate5m", "rate1h"):
            yield f'budget:llm_cost_usd:{name}{{budget="company"}}'


HEAD = (
    "# Results of `make bench-rules`",
    "",
    "Evaluation of the rule pack's groups on Prometheus, with an hour of counters and two days of recorded series in its storage; the target is",
    f"under {TARGET:.0%} of the interval at 5,000 series, and linear up to 20,000.",
    "",
    "| group | series | median, ms | spread, ms | interval, s | share of it | µs a series |",
    "|---|---:|---:|---:|---:|---:|---:|",
)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of series (default: %(default)s)")
    parser.add_argument("--generation", default="new", choices=("old", "new"))
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    measured = [row for size in sizes for row in rows(size, options.generation)]
    groups = dict.fromkeys(row.group for row in measured)
    table = [row.text() for group in groups for row in measured if row.group == group]
    version = said(program("prometheus", options.generation), "--version").splitlines()[0]
    about = f"- {datetime.now(UTC):%Y-%m-%d}, {version}, {platform.machine()}; {EVALUATIONS} evaluations a group"
    text = "\n".join([*HEAD, *table, "", about])
    RESULTS.write_text(text + "\n")
    print(text)


def rows(series: int, generation: str = "new") -> list[Row]:
    """Every group's durations with an exporter of so many series."""
    now = time.time()
    spend = Spend(max(1, series // 58), now)
    shown = sum(1 for _ in spend.series(now))
    with tempfile.TemporaryDirectory(prefix="rule-pack-") as made, Exporter(spend) as exporter:
        home = Path(made)
        backfill(home, spend, generation)
        intervals = configure(home, exporter.address)
        address = free_address()
        command = [
            program("prometheus", generation),
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
        with (home / "log").open("wb") as log:
            prometheus = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            durations = watch(prometheus, address, list(intervals))
        finally:
            prometheus.kill()
            prometheus.wait()
    return [Row(shown, len(spend.sets), group, intervals[group], durations[group]) for group in intervals]


class Exporter:
    """Serves a Spend on loopback."""

    def __init__(self, spend: Spend) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = "".join(f"{name} {value!r}\n" for name, value in spend.series(time.time())).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def backfill(home: Path, spend: Spend, generation: str) -> None:
    """The past, as blocks in `home`/data."""
    end = int(spend.now) - SCRAPE_S
    where = 'instance="before",job="llm-cost-exporter"'
    text = home / "history.om"
    with text.open("w") as out:
        names = [name.replace("}", f",{where}}}") for name, _ in spend.history(end)]
        for at in range(end - 3600, end, SCRAPE_S):
            out.writelines(
                f"{name} {value!r} {at}\n" for name, (_, value) in zip(names, spend.history(at), strict=True)
            )
        recorded = list(spend.recorded())
        for at in range(end - 2 * DAY_S, end, 60):
            out.writelines(f"{name} 1.5 {at}\n" for name in recorded)
        out.write("# EOF\n")
    said(
        program("promtool", generation),
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        "--quiet",
        "--max-block-duration=54h",  # it reads the file once for each block
        str(text),
        str(home / "data"),
    )
    text.unlink()


def configure(home: Path, target: str) -> dict[str, float]:
    """prometheus.yml and the rules; gives the groups' own intervals. Here all are evaluated every 15 s, to have done sooner."""
    intervals: dict[str, float] = {}
    for name in RULES:
        text = (ROOT / "rules/prometheus" / name).read_text()
        for group, number, unit in re.findall(r"^- name: (\S+)\n  interval: (\d+)([sm])$", text, re.MULTILINE):
            intervals[group] = float(number) * {"s": 1, "m": 60}[unit]
        (home / name).write_text(re.sub(r"^  interval: .*$", "  interval: 15s", text, flags=re.MULTILINE))
    config = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "scrape_timeout": f"{SCRAPE_S}s"},
        "rule_files": list(RULES),
        "scrape_configs": [
            {"job_name": "llm-cost-exporter", "honor_labels": True, "static_configs": [{"targets": [target]}]}
        ],
    }
    (home / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    return intervals


def watch(prometheus: subprocess.Popen[bytes], address: str, groups: list[str]) -> dict[str, list[float]]:
    """The durations of each group's evaluations once there is something to evaluate: the first that saw no scrape is left out."""
    seen: dict[str, dict[float, float]] = {group: {} for group in groups}
    until = time.monotonic() + 900
    while any(len(one) <= EVALUATIONS for one in seen.values()):
        if prometheus.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"Prometheus ended or was too slow: {seen}")
        try:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
                metrics = answer.read().decode()
        except URLError:
            metrics = ""
        last = dict(
            re.findall(
                r'^prometheus_rule_group_last_evaluation_timestamp_seconds\{rule_group="[^"]*;([^"]+)"\} (\S+)$',
                metrics,
                re.MULTILINE,
            )
        )
        took = dict(
            re.findall(
                r'^prometheus_rule_group_last_duration_seconds\{rule_group="[^"]*;([^"]+)"\} (\S+)$',
                metrics,
                re.MULTILINE,
            )
        )
        for group in groups:
            if group in last and float(last[group]) > 0:
                seen[group][float(last[group])] = float(took[group])
        time.sleep(0.5)
    return {group: [one[at] for at in sorted(one)][1:] for group, one in seen.items()}


def program(name: str, generation: str) -> str:
    """From .tools, else from the PATH."""
    fetched = ROOT / ".tools" / generation / "bin" / name
    found = str(fetched) if fetched.exists() else shutil.which(name)
    if found is None:
        raise SystemExit(f"no {name}: neither in .tools (make servers) nor on the PATH")
    return found


def said(*command: str) -> str:
    """What a command says; it must succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def free_address() -> str:
    """An address of loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


if __name__ == "__main__":
    main()
