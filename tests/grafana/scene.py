"""The story that the dashboards are tried on: nine days of calls, and a day on which much goes wrong.

The calls are those of the sample log (scripts/sample_log.py), fewer at night and at the weekend, with what an application
often logs besides: latency and cached tokens. On the last day, in UTC:

    09:00        support-chat begins to use a model that has no price
    10:10-10:40  Anthropic refuses six of ten calls, and each is tried again
    11:00-11:10  lines are torn, or count below zero
    12:00-14:30  an agent of code-review runs away: more calls a minute, and each with a longer context; the company's budget
                 of the day passes its levels
    15:00-15:40  streams of support-chat are logged without their usage

All of it is a function of time, so that what is drawn from it is the same each time.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sample_log

__all__ = ["BEGINS", "BUCKETS_FROM", "CLOSELY_FROM", "ENDS", "POLICY", "lines"]


def _at(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


BEGINS = _at("2026-05-31T16:00:00")  # a Sunday: there is a last month, and a last week
ENDS = _at("2026-06-09T16:40:00")
CLOSELY_FROM = ENDS - 26 * 3600
"""From here on there is a scrape each minute; before, one each four minutes, which is as much as a graph of days shows."""

BUCKETS_FROM = ENDS - 2 * 86_400
"""Buckets of histograms are kept from here on: they are most of the series, and nothing looks at them over a longer time."""

POLICY = """
scrape_interval: 1m
budgets:
  - {name: company, daily_usd: 100, monthly_usd: 1500}
  - {name: platform, match: {team: platform}, monthly_usd: 500, team: platform}
  - {name: support, match: {team: support}, daily_usd: 40, monthly_usd: 600, team: support}
"""

_NEW_MODEL_FROM = _at("2026-06-09T09:00:00")
_REFUSALS = (_at("2026-06-09T10:10:00"), _at("2026-06-09T10:40:00"))
_TORN = (_at("2026-06-09T11:00:00"), _at("2026-06-09T11:10:00"))
_RUNAWAY = (_at("2026-06-09T12:00:00"), _at("2026-06-09T14:30:00"))
_WITHOUT_USAGE = (_at("2026-06-09T15:00:00"), _at("2026-06-09T15:40:00"))

# The share of the sample's calls that is made, by hour of the day (UTC), on workdays.
_BUSY = (25, 20, 20, 20, 25, 35, 50, 70, 85, 95, 100, 100, 90, 100, 100, 95, 90, 80, 70, 60, 50, 40, 35, 30)
_WEEKEND = 0.45
_CACHED = {"claude-sonnet-4-5": 0.7, "gpt-4.1": 0.5, "gemini-2.5-flash": 0.3}
_MS_A_TOKEN = {
    "claude-sonnet-4-5": 14.0,
    "gpt-4.1": 11.0,
    "gpt-4o-mini": 7.0,
    "gemini-2.5-flash": 4.0,
    "acme-code-7b": 9.0,
}


def lines() -> Iterator[tuple[float, str]]:
    """Every line of the log, in order of time: (epoch seconds, text without a newline)."""
    agent = _runaway()
    next_of_agent = next(agent, None)
    for when, row in sample_log.calls(BEGINS):
        while next_of_agent is not None and next_of_agent[0] <= when:
            yield next_of_agent
            next_of_agent = next(agent, None)
        if when > ENDS:
            return
        dice = zlib.crc32(f"{when:.3f}".encode())
        if dice % 100 < _share(when):
            for line in _told(when, json.loads(sample_log.bare_line(when, row)), dice // 100):
                yield when, line


def _share(when: float) -> float:
    at = datetime.fromtimestamp(when, UTC)
    return _BUSY[at.hour] * (_WEEKEND if at.weekday() >= 5 else 1.0)


def _told(when: float, call: dict[str, Any], dice: int) -> Iterator[str]:
    """The lines that a call of the sample leaves: mostly one."""
    if when >= _NEW_MODEL_FROM and call["app"] == "support-chat" and dice % 20 == 0:
        call |= {"model": "acme-chat-13b", "cost_usd": 0.0}
    call["prompt_tokens"] = round(call["prompt_tokens"] * 2.5)  # these apps send longer prompts than the sample's
    call["completion_tokens"] = round(call["completion_tokens"] * 1.5)
    del call["total_tokens"]
    model = call["model"]
    if _during(_REFUSALS, when) and model.startswith("claude") and dice % 10 < 6:
        yield json.dumps(_refused(call, 429 if dice % 4 else 504))
    if dice % 130 == 0:
        yield json.dumps(_refused(call, 500 if dice % 3 else 400))
    if model in _CACHED and call["prompt_tokens"] > 1000 and dice % 3:
        call["cached_prompt_tokens"] = round(call["prompt_tokens"] * _CACHED[model])
    spread = 0.6 + dice % 97 / 97 * 1.4
    call["latency_ms"] = round(350 + call["completion_tokens"] * _MS_A_TOKEN.get(model, 9.0) * spread, 1)
    if _during(_WITHOUT_USAGE, when) and call["app"] == "support-chat" and dice % 7 == 0:
        call |= {"prompt_tokens": None, "completion_tokens": None}
    text = json.dumps(call)
    if _during(_TORN, when):
        if dice % 3 == 0:
            text = text[: len(text) * 2 // 3]
        elif dice % 3 == 1 and dice % 2:
            text = text.replace('"prompt_tokens": ', '"prompt_tokens": -')
    yield text


def _refused(call: dict[str, Any], status: int) -> dict[str, Any]:
    kept = {key: call[key] for key in ("timestamp", "model", "app", "team", "endpoint", "user_id")}
    said = {429: "rate_limit_exceeded", 504: "timeout", 500: "internal server error", 400: "invalid_request"}[status]
    return kept | {"status": status, "error": said, "request_id": f"{call['request_id']}-{status}"}


def _runaway() -> Iterator[tuple[float, str]]:
    begins, ends = _RUNAWAY
    when, number = begins, 0
    while when < ends:
        gone = (when - begins) / (ends - begins)
        context, answer = round(2_000 + 80_000 * gone), 900 + number % 7 * 120
        call = {
            "timestamp": round(when, 3),
            "model": "claude-opus-4-5",
            "prompt_tokens": context,
            "completion_tokens": answer,
            "request_id": f"agent-{number:05d}",
            "user_id": "ci",
            "endpoint": "/api/review",
            "app": "code-review",
            "team": "platform",
            "latency_ms": round(900 + answer * 18.0 + context / 40, 1),
        }
        yield when, json.dumps(call)
        number += 1
        when += 60 / (0.5 + 1.5 * gone)


def _during(window: tuple[float, float], when: float) -> bool:
    return window[0] <= when < window[1]
