"""What a scrape shows: names and labels are contract, both formats parse, nothing is shown before its time."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from llm_cost_exporter.config import Config
from llm_cost_exporter.exposition import Page, labels_text
from llm_cost_exporter.ledger import day_view
from llm_cost_exporter.metrics import Exposition, View
from llm_cost_exporter.money import ONE_USD
from tests.kit import Bench, scrape

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TEXT = "text/plain; version=0.0.4"

NASTY = 'a"b\\c\n<script>\u202e😀'


@pytest.fixture
def shown(tmp_path):
    """An exposition of a ledger with some of everything in it."""
    bench = Bench(tmp_path, Config(new_series_hold=0))
    bench.call(latency_ns=1_500_000_000, id="call-1", reported_usd=ONE_USD // 2)
    bench.call(failure="timeout", tokens={})
    bench.call(model="mystery", labels=(NASTY, "search"))
    bench.call(without_usage=True, tokens={})
    bench.call(time=bench.clock.wall() - 86_400)
    bench.ledger.ledger_id = "mine"
    bench.ready()
    exposition = Exposition(bench.ledger)
    exposition.view = View(
        ready=True,
        days=day_view(bench.ledger, bench.clock.wall()),
        ledger_id="mine",
        zone="UTC",
        files={"following": 1},
        resets={"corrupt": 0},
        prices=[("openai", "gpt", {"input": Decimal(1), "cache_write_5m": Decimal(2)})],
    )
    return exposition


def samples(exposition: Exposition) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    body = scrape(exposition.render, TEXT)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_text(body)
        for sample in family.samples
    }


CONTRACT = {
    "llm_cost_usd_total": {"provider", "model", "app", "team", "token_type"},
    "llm_tokens_total": {"provider", "model", "app", "team", "token_type"},
    "llm_requests_total": {"provider", "model", "app", "team"},
    "llm_request_failures_total": {"provider", "model", "app", "team", "reason"},
    "llm_request_duration_seconds_bucket": {"provider", "model", "app", "team", "le"},
    "llm_request_input_tokens_bucket": {"provider", "model", "app", "team", "le"},
    "llm_request_cost_usd_bucket": {"provider", "model", "app", "team", "le"},
    "llm_cost_day_usd": {"provider", "model", "app", "team", "ledger", "zone", "month", "date"},
    "llm_cost_month_usd": {"provider", "model", "app", "team", "ledger", "zone", "month"},
    "llm_cost_day_start_timestamp_seconds": {"zone", "date"},
    "llm_cost_day_end_timestamp_seconds": {"zone", "date"},
    "llm_cost_month_start_timestamp_seconds": {"zone", "month"},
    "llm_cost_month_end_timestamp_seconds": {"zone", "month"},
    "llm_unpriced_tokens_total": {"provider", "model"},
    "llm_unpriced_requests_total": {"provider", "model"},
    "llm_calls_without_usage_total": {"provider", "model"},
    "llm_price_usd_per_million_tokens": {"provider", "model", "token_type"},
    "llm_reported_cost_usd_total": {"provider", "model", "app", "team"},
    "llm_cost_exporter_lines_read_total": set(),
    "llm_cost_exporter_lines_skipped_total": set(),
    "llm_cost_exporter_lines_rejected_total": {"reason"},
    "llm_cost_exporter_duplicates_total": set(),
    "llm_cost_exporter_conflicting_duplicates_total": set(),
    "llm_cost_exporter_bytes_read_total": set(),
    "llm_cost_exporter_unread_bytes": set(),
    "llm_cost_exporter_files": {"state"},
    "llm_cost_exporter_last_event_timestamp_seconds": set(),
    "llm_cost_exporter_last_save_timestamp_seconds": set(),
    "llm_cost_exporter_save_duration_seconds": set(),
    "llm_cost_exporter_save_failures_total": set(),
    "llm_cost_exporter_state_resets_total": {"reason"},
    "llm_cost_exporter_rotations_total": set(),
    "llm_cost_exporter_truncations_total": set(),
    "llm_cost_exporter_label_sets": set(),
    "llm_cost_exporter_folded_total": {"label"},
    "llm_cost_exporter_price_catalogue_timestamp_seconds": set(),
    "llm_cost_exporter_config_last_reload_successful": set(),
    "llm_cost_exporter_config_last_reload_timestamp_seconds": set(),
    "llm_cost_exporter_ledger_info": {"ledger", "zone"},
    "llm_cost_exporter_build_info": {"version"},
}


def test_every_metric_of_the_contract_is_there_with_its_labels(shown):
    """Names and labels are what rules and dashboards are written against."""
    got: dict[str, set[str]] = {}
    for name, labels in samples(shown):
        got.setdefault(name, set()).update(label for label, _ in labels)
    assert {name: got.get(name) for name in CONTRACT} == CONTRACT


def test_values_are_those_of_the_ledger(shown):
    """Dollars, tokens, calls and failures come out as they were counted."""
    got = samples(shown)

    def total(name: str, **labels: str) -> float:
        return sum(value for (n, pairs), value in got.items() if n == name and set(labels.items()) <= set(pairs))

    assert total("llm_requests_total") == 5
    assert total("llm_cost_usd_total", token_type="input") == pytest.approx(20e-6, abs=1e-18)
    assert total("llm_tokens_total", model="mystery") == 15
    assert total("llm_unpriced_tokens_total", model="mystery") == 15
    assert total("llm_request_failures_total", reason="timeout") == 1
    assert total("llm_calls_without_usage_total") == 1
    assert total("llm_reported_cost_usd_total") == 0.5
    assert total("llm_cost_day_usd", date="2026-01-01") == 20e-6
    assert total("llm_cost_day_usd", date="2025-12-31") == 20e-6
    assert total("llm_cost_month_usd", month="2026-01") == 20e-6
    assert total("llm_cost_month_usd", month="2025-12") == 20e-6
    assert total("llm_request_duration_seconds_bucket", le="2.0") == 1
    assert total("llm_request_duration_seconds_sum") == 1.5


def test_nasty_label_values_come_through_both_formats(shown):
    """Quotes, backslashes, newlines and HTML are escaped as the format asks, and parse back to what they were."""
    for accept, parse in ((TEXT, parse_text), (OPENMETRICS, parse_openmetrics)):
        body = scrape(shown.render, accept)
        apps = {sample.labels.get("app") for family in parse(body) for sample in family.samples}
        assert NASTY in apps


def test_openmetrics_has_exemplars_and_no_created_series(shown):
    """The cost histogram names a call in OpenMetrics; `_created` is never shown, since it is not saved."""
    parts: list[bytes] = []
    content_type = shown.render(OPENMETRICS, parts.append)
    text = b"".join(parts).decode()
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")
    assert "_created" not in text
    exemplars = [
        sample.exemplar
        for family in parse_openmetrics(text)
        for sample in family.samples
        if sample.exemplar is not None
    ]
    assert [exemplar.labels for exemplar in exemplars] == [{"request_id": "call-1"}]
    assert "request_id" not in scrape(shown.render, TEXT)


def test_before_the_backlog_is_read_only_the_exporters_own_metrics_are_shown(tmp_path):
    """Day gauges and counters are withheld: a half-read log is no figure."""
    bench = Bench(tmp_path)
    bench.call()
    bench.save()
    exposition = Exposition(bench.ledger)
    names = {name for name, _ in samples(exposition)}
    assert names
    assert all(name.startswith("llm_cost_exporter_") for name in names)


def test_promtool_is_content(shown, promtool):
    """`promtool check metrics` finds nothing to say, in either generation."""
    body = scrape(shown.render, TEXT)
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=body.encode(), capture_output=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout.decode(), checked.stderr.decode()) == (0, "", "")


def test_every_metric_has_help_and_a_type(shown):
    """A person who reads the page of metrics is told what each is."""
    lines = scrape(shown.render, TEXT).splitlines()
    helped = {line.split()[2] for line in lines if line.startswith("# HELP") and len(line.split()) > 4}
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert helped == typed
    assert "untyped" not in " ".join(lines)


def test_what_is_written_here_is_what_the_client_library_writes(shown):
    """Both formats, but for the order of labels and the form of numbers: each family, parsed and written anew by prometheus_client, is the text that was there."""
    for accept, parse, encode, end in (
        (TEXT, parse_text, generate_latest, b""),
        (OPENMETRICS, parse_openmetrics, openmetrics_latest, b"# EOF\n"),
    ):
        body = scrape(shown.render, accept)
        lines = [in_one_form(line) for line in body.splitlines()]
        for family in parse(body):
            registry = CollectorRegistry()
            registry.register(Ready(family))
            written = encode(registry).removesuffix(end).decode().splitlines()
            assert [line for line in map(in_one_form, written) if line not in lines] == []


def in_one_form(line):
    """`line` with its labels sorted and its numbers as Python writes them: 1.7e+09 and 1700000000.0 are one."""
    if line.startswith("#"):
        return line
    found = re.fullmatch(r"([^{ ]+)(\{.*?\})?( [^{}]*(?: # .*)?)", line)
    assert found is not None, line
    name, labels, rest = found.groups()
    numbers = re.sub(r"[-+.\d]+(?:e[-+]?\d+)?", lambda number: repr(float(number[0])), rest)
    return name, sorted(re.findall(r'\w+="(?:[^"\\]|\\.)*"', labels or "")), numbers


class Ready:
    """A collector of one family that is there already."""

    def __init__(self, family):
        self.family = family

    def collect(self):
        return [self.family]


def test_labels_and_values_are_written_as_the_formats_ask():
    """Escapes in label values; `_total` in a counter's family name only in the text format."""
    for openmetrics, head in ((False, "spent_total"), (True, "spent")):
        parts: list[bytes] = []
        page = Page(parts.append, openmetrics=openmetrics)
        page.samples(page.family("counter", "spent", "Spent."), [(labels_text(("app",), ('a\\"b\n',)), 1e23)])
        assert b"".join(parts).decode() == (
            f"# HELP {head} Spent.\n# TYPE {head} counter\n" + r'spent_total{app="a\\\"b\n"} 1e+23' + "\n"
        )


def test_a_histogram_in_openmetrics_names_its_exemplars():
    """Buckets are cumulative up to +Inf, and an exemplar stands on the line of its own bucket."""
    parts: list[bytes] = []
    page = Page(parts.append, openmetrics=True)
    name = page.family("histogram", "cost", "Cost.")
    page.histogram(name, 'a="b"', ("0.5", "1.0", "+Inf"), [1, 0, 2], 9.5, {1: ('id="x"', 0.75, 12.5)})
    (family,) = parse_openmetrics(b"".join(parts).decode() + "# EOF\n")
    assert [(s.labels.get("le"), s.value) for s in family.samples if s.name == "cost_bucket"] == [
        ("0.5", 1.0), ("1.0", 1.0), ("+Inf", 3.0),
    ]  # fmt: skip
    assert [s.exemplar and (s.exemplar.labels, s.exemplar.value, float(s.exemplar.timestamp)) for s in family.samples[:3]] == [
        None, ({"id": "x"}, 0.75, 12.5), None,
    ]  # fmt: skip
    assert {s.name: s.value for s in family.samples[3:]} == {"cost_count": 3.0, "cost_sum": 9.5}
