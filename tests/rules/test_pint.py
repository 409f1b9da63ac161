"""What pint finds in the rules when it can ask a Prometheus that runs them: metrics that don't exist, labels that never match."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.processes import ROOT, wait_for
from tests.rules.engines import RULES, compressed
from tests.servers import Servers, scrape

CONFIG = ROOT / "rules/.pint.hcl"


@pytest.fixture
def pint() -> str:
    found = shutil.which("pint", path=str(ROOT / ".tools/go/bin")) or shutil.which("pint")
    if found is None:
        pytest.skip("no pint in .tools/go/bin (make lint) or on the PATH")  # in CI too: no registry there has it
    return found


def line(model: str, **more: object) -> str:
    usage = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 500}
    record = {"timestamp": datetime.now(UTC).isoformat(), "model": model, "app": "checkout", "team": "search"}
    return json.dumps({**record, "usage": usage, **more}) + "\n"


def test_pint_finds_nothing_online(servers: Servers, tmp_path: Path, pint: str) -> None:
    """Every metric and label that a rule asks for is there on a Prometheus that has scraped an exporter and run the rules."""
    log = tmp_path / "usage.jsonl"
    lines = [line("claude-opus-4-1"), line("claude-opus-4-1", id="one"), line("no-such-model"), "{broken usage\n"]
    lines.append(line("gpt-4o", usage=None, error={"type": "rate_limit_error"}, status=429))
    silent = {
        "object": "chat.completion",
        "id": "two",
        "created": 1760000000,
        "model": "gpt-4o",
        "choices": [{"index": 0}],
    }
    log.write_text("".join([*lines, json.dumps(silent) + "\n"]))
    exporter = servers.exporter(config={"sources": [{"paths": [str(log)]}], "new_series_hold": "0s"})
    prometheus = servers.prometheus("new", [scrape(exporter.address)], rules=[compressed(path) for path in RULES])
    wait_for(lambda: prometheus.query("llm_cost_usd_total"), 60, "a scrape")
    with log.open("a") as out:
        out.write(lines[0])
    late = {"budget:llm_cost_exhaustion:seconds", "group:llm_request_failures:rate5m", "app:llm_requests:increase1h"}
    wait_for(lambda: all(prometheus.query(series) for series in late), 60, "what comes late in each group")
    config = tmp_path / "pint.hcl"
    config.write_text(f'{CONFIG.read_text()}\nprometheus "here" {{\n  uri = "{prometheus.url}"\n}}\n')
    done = subprocess.run(
        [pint, "--no-color", "-c", config, "lint", "--min-severity=info", "--fail-on=info", *RULES],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
