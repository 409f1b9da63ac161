"""Real Prometheus servers see a new series' first dollar by increase(), and no history as a burst."""

from __future__ import annotations

import json
import time

import pytest

from tests.processes import wait_for
from tests.scale import scaled
from tests.servers import scrape

pytestmark = [pytest.mark.torture, pytest.mark.waits]

# In the long form as they are in the field: the hold's default, usual scrape intervals, a usual window.
HOLD = scaled("6s", "75s")
INTERVALS = scaled(["1s", "4s"], ["15s", "1m"])
WINDOW = scaled("2m", "10m")
HELD = scaled(30, 150)  # seconds until a hold is over for sure


def line(age: float, usd_millions: int, model: str = "gpt-4o-mini") -> str:
    """A call `age` seconds ago of so many million input tokens (gpt-4o-mini: $0.15 a million)."""
    return json.dumps(
        {
            "timestamp": time.time() - age,
            "model": model,
            "prompt_tokens": usd_millions * 1_000_000,
            "completion_tokens": 0,
            "total_tokens": usd_millions * 1_000_000,
        }
    )


def config(log, **more: object) -> dict[str, object]:
    return {"sources": [{"paths": [str(log)]}], "new_series_hold": HOLD, **more}


def increase(server) -> float:
    return server.value(f"sum(increase(llm_cost_usd_total[{WINDOW}]))") or 0.0


def scraped_once(server) -> None:
    """A scrape of the idle exporter is in the server."""
    wait_for(lambda: server.value("llm_cost_exporter_lines_read_total") == 0, timeout=HELD, what="a first scrape")


def sees(server, usd: float, timeout: float = scaled(40, 400)) -> None:
    """increase() reaches 99 % of that many dollars."""
    wait_for(lambda: increase(server) >= usd * 0.99, timeout, f"an increase of {usd}")


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_first_dollar_of_a_new_series_is_seen(servers, generation, tmp_path, interval):
    """One call on an exporter that has none: increase() sees at least 99 % of it, at a short and at a long scrape interval."""
    log = tmp_path / "usage.jsonl"
    log.touch()
    exporter = servers.exporter(config=config(log))
    prometheus = servers.prometheus(generation, [scrape(exporter.address, interval=interval)])
    scraped_once(prometheus)
    log.write_text(line(0, 100) + "\n")
    wait_for(
        lambda: exporter.value("llm_cost_usd_total", token_type="input") == pytest.approx(15), HELD, "the hold's end"
    )
    sees(prometheus, 15)
    assert increase(prometheus) < 15 * 1.5, "what increase() makes of the edges of its window"


def test_two_servers_at_different_intervals_both_see_it(servers, generation, tmp_path):
    """Scrapes of two servers interleave; each sees 0 and then the value."""
    log = tmp_path / "usage.jsonl"
    log.touch()
    exporter = servers.exporter(config=config(log))
    both = [servers.prometheus(generation, [scrape(exporter.address, interval=interval)]) for interval in INTERVALS]
    for server in both:
        scraped_once(server)
    log.write_text(line(0, 100) + "\n")
    for server in both:
        sees(server, 15)


def test_history_is_no_burst_and_what_is_young_is_not_lost(servers, generation, tmp_path):
    """A log with $900 of last week and $60 of the last minute: increase() sees 60, the counter says 960."""
    log = tmp_path / "usage.jsonl"
    old = "".join(line(7 * 86_400 + n, 1000) + "\n" for n in range(6))
    log.write_text(old + line(20, 400) + "\n")
    exporter = servers.exporter(config=config(log))
    prometheus = servers.prometheus(generation, [scrape(exporter.address, interval=INTERVALS[0])])
    wait_for(lambda: prometheus.value("sum(llm_cost_usd_total)") == pytest.approx(900), HELD, "the base")
    wait_for(lambda: prometheus.value("sum(llm_cost_usd_total)") == pytest.approx(960), HELD, "the hold's end")
    assert wait_for(lambda: increase(prometheus), HELD, "an increase") == pytest.approx(60, rel=0.5)
    assert increase(prometheus) < 200, "nothing of last week"


def test_a_restart_within_the_hold_loses_nothing(servers, generation, tmp_path):
    """Killed while the first dollar is held, started again: it is seen after the hold begun anew."""
    log, state = tmp_path / "usage.jsonl", tmp_path / "state"
    log.touch()
    exporter = servers.exporter(config=config(log), state=state)
    address = exporter.address
    prometheus = servers.prometheus(generation, [scrape(address, interval=INTERVALS[0])])
    scraped_once(prometheus)
    log.write_text(line(0, 100) + "\n")
    wait_for(lambda: prometheus.value("llm_requests_total") == 0, HELD, "the series at 0")
    exporter.kill()
    again = servers.exporter(config=config(log), state=state, address=address)
    assert again.value("llm_cost_usd_total", token_type="input") == 0
    sees(prometheus, 15)


def test_a_process_that_ends_right_after_is_seen_through_its_linger(servers, generation, tmp_path):
    """SIGTERM ends the holds; shutdown_linger serves until a last scrape has seen the values."""
    log = tmp_path / "usage.jsonl"
    log.touch()
    exporter = servers.exporter(config=config(log, new_series_hold="60s", shutdown_linger=scaled("15s", "45s")))
    prometheus = servers.prometheus(generation, [scrape(exporter.address, interval=INTERVALS[0])])
    scraped_once(prometheus)
    log.write_text(line(0, 100) + "\n")
    wait_for(lambda: prometheus.value("llm_requests_total") == 0, HELD, "the series at 0")
    assert exporter.stop() == 0
    assert increase(prometheus) >= 15 * 0.99
