"""The logs that are read: the tutorials' shape, OpenAI's nested body, noise with usage in it, and every built-in format.

All are functions of the line's number, so that a log is the same in every run. Each call has an id of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

__all__ = ["MODELS", "at", "format_lines", "formats", "labelled", "nested", "noise", "text_noise", "tutorial", "write"]

START = 1_767_225_600  # 2026-01-01
MODELS = ("gpt-4o-mini", "gpt-4.1", "claude-sonnet-4-5", "gemini-2.5-flash", "gpt-5-mini")
RECORDS = Path(__file__).with_name("records.json")
NOISE_PER_CALL = 49

_TUTORIAL = (
    '{"timestamp": %d.%03d, "model": "%s", "prompt_tokens": %d, "completion_tokens": %d, "total_tokens": %d, '
    '"cost_usd": 0.%06d, "request_id": "req-%011x", "user_id": "u-%04d", "endpoint": "/v1/%s/chat"'
)
_ENDPOINTS = ("support", "search", "reviews", "summaries")
_NESTED = (
    '{"id":"chatcmpl-%023x","object":"chat.completion","created":%d,"model":"%s","choices":[],"usage":{"prompt_tokens":%d,'
    '"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d},'
    '"completion_tokens_details":{"reasoning_tokens":%d}},"service_tier":"default","system_fingerprint":"fp_44709d6f"}'
)


def _tutorial(number: int) -> str:
    into, out = 100 + number * 7919 % 4000, 10 + number * 104_729 % 800
    model = MODELS[number * 31 % 97 % 5]
    cost = number * 6151 % 90_000
    return _TUTORIAL % (
        START + number // 4, number % 1000, model, into, out, into + out, cost, number, number % 500, _ENDPOINTS[number // 7 % 4],
    )  # fmt: skip


def tutorial(number: int) -> str:
    """A call in the shape of the tutorials: some 234 bytes with its newline."""
    return f"{_tutorial(number)}}}"


def labelled(number: int) -> str:
    """The same with an app and a team: 1,000 label sets in all."""
    return f'{_tutorial(number)}, "app": "app-{number % 20:02}", "team": "team-{number // 20 % 10}"}}'


def at(when: float, line: str) -> str:
    """A line of `tutorial` or `labelled` as it would be written at that time (epoch seconds)."""
    return f'{{"timestamp": {when:.3f}{line[line.index(",") :]}'


def nested(number: int) -> str:
    """OpenAI's answer as it is, without its text: some 367 bytes with its newline."""
    into, out = 1100 + number * 7919 % 4000, 210 + number * 104_729 % 800
    model = ("gpt-5-mini-2025-08-07", "gpt-4o-2024-08-06", "gpt-5-2025-08-07")[number * 31 % 97 % 3]
    return _NESTED % (number, START + number // 4, model, into, out, into + out, into // 128 * 64, out // 3)


def noise(number: int) -> str:
    """One line in 50 is a call; of the others three quarters are text, of an application and its web server, one quarter records."""
    return tutorial(number) if number % (NOISE_PER_CALL + 1) == 0 else _chatter(number, number % 4)


def text_noise(number: int) -> str:
    """One line in 50 is a call; the others are text."""
    return tutorial(number) if number % (NOISE_PER_CALL + 1) == 0 else _chatter(number, number % 3)


def _chatter(number: int, kind: int) -> str:
    second = f"2026-01-{1 + number // 345_600 % 28:02}T{number // 14_400 % 24:02}:{number // 240 % 60:02}:{number // 4 % 60:02}"
    if kind == 0:
        return f'10.0.3.{number % 250} - - [{second}+0000] "GET /api/items/{number} HTTP/1.1" 200 {number % 9000} "-" "curl/8"'
    if kind == 1:
        return f"{second} INFO app.worker[{number % 8}]: job {number} done in {number % 5000} ms, queue length {number % 40}"
    if kind == 2:
        return f"{second} DEBUG app.cache: hit for key item:{number}:v2"
    return f'{{"level": "info", "ts": "{second}Z", "logger": "app.http", "msg": "request handled", "path": "/items/{number}", "status": 200, "ms": {number % 900}}}'


@cache
def formats() -> dict[str, list[str]]:
    """Lines of each built-in format; `@ID@` stands for an id and `@N@` for a number that grows."""
    records: dict[str, list[str]] = json.loads(RECORDS.read_text())
    return records


def format_lines(name: str) -> Callable[[int], str]:
    """The lines of one format, in turn."""
    lines = formats()[name]

    def make(number: int) -> str:
        call, at = divmod(number, len(lines))
        return lines[at].replace("@ID@", f"{call:08}").replace("@N@", str(1000 * (call + 1)))

    return make


def write(path: Path, make: Callable[[int], str], lines: int, first: int = 0) -> Path:
    """Write lines `first` up to `first + lines` at the end of `path`."""
    with path.open("a", encoding="utf-8") as out:
        for chunk in _chunks(first, first + lines):
            out.write("\n".join([*map(make, chunk), ""]))
    return path


def _chunks(start: int, end: int, size: int = 10_000) -> Iterator[range]:
    for first in range(start, end, size):
        yield range(first, min(end, first + size))
