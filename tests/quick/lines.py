"""Lines of the forms that the quick path knows, regular and with something about them that is not."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime
from typing import Any

from tests.kit import NOON

MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "no-such-model", "sonar-pro")
APPS = (("shop", "sales"), ("search", "core"))


def plain(rng: random.Random, number: int) -> dict[str, Any]:
    """The tutorials' shape."""
    into, out = rng.choice((9, 812, 8000, 250_000)), rng.randint(1, 900)
    return {
        "timestamp": when(rng, number), "model": rng.choice(MODELS), "prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out + rng.choice((0,) * 20 + (31, -1)),
        "cost_usd": round((into * 2.5 + out * 10) / 1e6, 6), "request_id": f"req-{number:06x}", "user_id": f"user-{number % 3}", "endpoint": "/v1",
    }  # fmt: skip


def full(rng: random.Random, number: int) -> dict[str, Any]:
    """The same with labels, latency, a status and a provider."""
    app, team = rng.choice(APPS)
    more = {
        "app": app,
        "team": team,
        "latency_ms": rng.randint(1, 90_000),
        "status": "success",
        "provider": "openai",
        "error": None,
    }
    return {**plain(rng, number), **more}


def counted(rng: random.Random, number: int) -> dict[str, Any]:
    """Anthropic's names of the counts, a time as text, a code as status, no id."""
    return {
        "time": datetime.fromtimestamp(when(rng, number), UTC).isoformat(), "model": rng.choice(MODELS), "input_tokens": rng.randint(1, 9000),
        "output_tokens": rng.randint(1, 900), "status_code": 200, "duration_s": rng.random(),
    }  # fmt: skip


def chat(rng: random.Random, number: int) -> dict[str, Any]:
    """OpenAI's body."""
    into, out = rng.randint(0, 9000), rng.randint(0, 900)
    cached, thought = rng.choice((0, 0, into // 2, into + 5)), rng.choice((0, 0, out // 3, out + 7))
    return {
        "id": f"chatcmpl-{number:030x}", "object": "chat.completion", "created": int(when(rng, number)), "model": rng.choice(MODELS),
        "usage": {
            "prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out + rng.choice((0, 0, 0, 0, 0, 0, thought, thought, cached, 31, -1)),
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": thought, "audio_tokens": 0, "accepted_prediction_tokens": 0},
        },
    }  # fmt: skip


def answer(rng: random.Random, number: int) -> dict[str, Any]:
    """OpenAI's body with what was answered, behind which Azure puts its filter's results."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": '{"usage": {"prompt_tokens": 5}}'},
        "finish_reason": "stop",
    }
    filtered: dict[str, Any] = {"content_filter_results": {}} if rng.random() < 0.05 else {}
    body = chat(rng, number)
    return {
        **body,
        "choices": [{**choice, **filtered}],
        "service_tier": rng.choice(("default", "default", "flex")),
        "system_fingerprint": rng.choice((*("fp_44709d6f", None) * 20, "fp_ollama")),
    }


def wrapped(rng: random.Random, number: int) -> dict[str, Any]:
    """An application's own record around a chat completion's usage."""
    body = chat(rng, number)
    return {
        "ts": when(rng, number) * 1000,
        "request_id": f"r-{number}",
        "model": body["model"],
        "usage": body["usage"],
        "team": "core",
    }


def response(rng: random.Random, number: int) -> dict[str, Any]:
    """OpenAI's Responses, with labels in their metadata."""
    body = chat(rng, number)
    usage = body["usage"]
    return {
        "id": f"resp_{number:050x}", "object": "response", "created_at": body["created"], "status": rng.choice(("completed", "completed", "completed", "failed", "incomplete")),
        "error": None, "model": body["model"], "output": [{"type": "message", "content": [{"text": "hi"}]}], "service_tier": rng.choice(("default", "default", "default", "flex")),
        "usage": {
            "input_tokens": usage["prompt_tokens"], "input_tokens_details": {"cached_tokens": usage["prompt_tokens_details"]["cached_tokens"]},
            "output_tokens": usage["completion_tokens"], "output_tokens_details": {"reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"]},
            "total_tokens": usage["total_tokens"],
        },
        "tool_usage": {"image_gen": {"input_tokens": 0, "output_tokens": 7 * (number % 40 == 39), "total_tokens": 0}, "web_search": {"num_requests": number % 3}},
        "user": None, "metadata": {"team": rng.choice(("core", "sales", None)), "more": [number]} if number % 50 else rng.choice(({"app": "shop"}, {}, None)),
    }  # fmt: skip


def counts_apart(rng: random.Random, number: int) -> dict[str, Any]:
    """Anthropic's usage."""
    written, minutes = rng.choice((0, 0, 400)), rng.choice((0, 100, 300, 500))
    return {
        "input_tokens": rng.choice((0, 5, 2048, 150_000)), "cache_creation_input_tokens": rng.choice((written, written, None)),
        "cache_read_input_tokens": rng.choice((0, 1800, 90_000)), "cache_creation": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": written - 50 if written else 0},
        "output_tokens": rng.randint(0, 900), "output_tokens_details": {"thinking_tokens": rng.choice((0, 33, 5000))}, "service_tier": rng.choice(("standard", "standard", "batch")),
        "inference_geo": number,
    }  # fmt: skip


def message(rng: random.Random, number: int) -> dict[str, Any]:
    """Anthropic's body: no time in it."""
    model = rng.choice(
        (
            "claude-sonnet-4-5",
            "claude-opus-4-1",
            "claude-3-haiku-20240307",
            "claude-haiku-4-5",
            "kimi-k2",
            "no-such-model",
        )
    )
    return {
        "id": f"msg_{number:024x}", "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": "Hello!"}],
        "stop_reason": "end_turn", "usage": counts_apart(rng, number),
    }  # fmt: skip


def used(rng: random.Random, number: int) -> dict[str, Any]:
    """An application's own record with Anthropic's usage."""
    return {
        "timestamp": when(rng, number),
        "model": "claude-sonnet-4-5",
        "usage": counts_apart(rng, number),
        "request_id": f"r-{number}",
        "cost_usd": 0.25,
        "app": "shop",
    }


def hosted(rng: random.Random, number: int) -> dict[str, Any]:
    """Chat completions of DeepSeek and Mistral, who tell cached tokens in keys of their own."""
    body = chat(rng, number)
    usage, hits = body["usage"], rng.choice((0, 64, 12_000))
    if number % 40 < 20:
        del usage["prompt_tokens_details"]
    if number % 80 < 40:
        return {
            **body,
            "model": rng.choice(("mistral-large-latest", "mixtral")),
            "usage": {**usage, "num_cached_tokens": hits},
        }
    return {
        **body,
        "model": "deepseek-chat",
        "usage": {**usage, "prompt_cache_hit_tokens": hits, "prompt_cache_miss_tokens": 5},
    }


def timed_inside(rng: random.Random, number: int) -> dict[str, Any]:
    """Groq's chat completions: how long they took stands beside the counts."""
    body = answer(rng, number)
    usage = body["usage"]
    if number % 40 < 20:
        del usage["prompt_tokens_details"], usage["completion_tokens_details"]
    times = {
        "queue_time": rng.choice((0, 0.05, rng.random())),
        "prompt_time": 0.01,
        "total_time": rng.choice((0.12, 3, rng.random() * 40)),
    }
    more = {"x_groq": {"id": f"req_{number}"}} if number % 80 < 60 else {}
    return {
        **body,
        "model": rng.choice(("openai/gpt-oss-120b", "llama-3.3-70b-versatile")),
        "usage": {**times, **usage},
        **more,
    }


def charged(rng: random.Random, number: int) -> dict[str, Any]:
    """OpenRouter's answers, which say what they cost."""
    body = answer(rng, number)
    told: dict[str, Any] = {
        "cost": rng.choice((*(0, 0.000102, 1.5e-05) * 5, round(rng.random() / 100, rng.choice((6, 9, 12))))),
        "is_byok": False,
    }
    if number % 40 < 20:
        told["cost_details"] = {"upstream_inference_cost": None}
    generation = rng.choice(
        (*(f"gen-1762805773-{number:020x}",) * 40, "", "00000000-0000-0000-0000-000000000000", "x" * 250)
    )
    model = rng.choice((*("anthropic/claude-4.5-sonnet-20250929", "openai/gpt-4o-mini") * 4, "no/such-model"))
    return {
        **body,
        "service_tier": "default",
        "id": generation,
        "provider": rng.choice(("Google", "Azure")),
        "model": model,
        "usage": {**body["usage"], **told},
    }


def ticked(rng: random.Random, number: int) -> dict[str, Any]:
    """xAI's chat completions: reasoning on top of the completion, the cost in ticks."""
    body = answer(rng, number)
    usage = {
        **body["usage"],
        "num_sources_used": 0,
        "cost_in_usd_ticks": rng.choice((*(158500, 0, 10, 10**13, rng.randrange(10**9) * 10) * 5, 7, 10**14)),
    }
    thought = usage["completion_tokens_details"]["reasoning_tokens"]
    usage["total_tokens"] = (
        usage["prompt_tokens"] + usage["completion_tokens"] + rng.choice((thought, thought, thought, 0, 31))
    )
    if number % 40 < 10:
        del usage["completion_tokens_details"]
    return {**body, "model": rng.choice((*("grok-4-0709", "grok-3-mini") * 4, "no-such-model")), "usage": usage}


def stamped(rng: random.Random, number: int) -> dict[str, Any] | bytes:
    """Bodies without a time, and text with one between them."""
    at = datetime.fromtimestamp(when(rng, number), UTC)
    return f"{at:%Y-%m-%d %H:%M:%S},123 - api - INFO - asked".encode() if rng.random() < 0.3 else message(rng, number)


def other(rng: random.Random, number: int) -> dict[str, Any] | bytes:
    """What an application says besides, some of it with usage in it, or in parts."""
    usage = {"model": "gpt-4o", "prompt_tokens": number + 1, "completion_tokens": 3}
    at = datetime.fromtimestamp(when(rng, number), UTC)
    text = json.dumps(usage)
    return rng.choice((
        b"", b"  ", b"\x00", b"plain text", f"{at:%Y-%m-%d %H:%M:%S},123 - api - INFO - GET /things/{number}".encode(), b"a {brace}", b"{'python': 1}",
        {"time": at.isoformat(), "level": "info", "msg": "done", "ms": number}, {"ts": when(rng, number), "message": f"said {text}"}, {"a": {"b": {"c": usage}}},
        {"time": at.isoformat(), "message": text}, {"pool": {"size": 3, "free": {}}, "ts": when(rng, number)}, usage, {"messages": [usage]},
        {"log": text + "\n", "stream": "stdout", "time": at.isoformat()}, {"log": text[:9], "stream": "stdout", "time": at.isoformat()},
        f"{at:%Y-%m-%dT%H:%M:%S}.1Z stdout F {text}".encode(), f"{at:%Y-%m-%dT%H:%M:%S}.1Z stderr P half".encode(), f"[{text}, {text}]".encode(), b"[1, 2]",
        {"level": "error", "model": "gpt-4o", "error": "rate limit"}, {"type": "error", "error": {"type": "overloaded_error"}}, b"data: [DONE]",
        {"id": f"chatcmpl-s{number % 3}", "object": "chat.completion.chunk", "model": "gpt-4o", "created": int(when(rng, number)), "choices": [{"delta": {}}]},
        b"x" * 3000 + b"{" * 1500, b'{"deep": ' + b"[" * 1100 + b"]" * 1100 + b"}", f"[{at:%d/%b/%Y}] {json.dumps({'event': 'tick', 'n': number})}".encode(),
    ))  # fmt: skip


def mostly_other(rng: random.Random, number: int) -> dict[str, Any] | bytes:
    """A log of an application in which a line now and then is a call, with no time of its own perhaps."""
    if number % 7:
        return other(rng, number) if rng.random() < 0.3 else f"INFO request {number}".encode()
    record = plain(rng, number)
    return record if rng.random() < 0.5 else {key: value for key, value in record.items() if key != "timestamp"}


def chatter(rng: random.Random, number: int) -> dict[str, Any] | bytes:
    """Records of an application, of several kinds that begin alike, as many as one has; a call among them now and then."""
    stamp = when(rng, number)
    at = {"timestamp": stamp if rng.random() < 0.8 else datetime.fromtimestamp(stamp, UTC).isoformat()}
    text = json.dumps({"model": "gpt-4o", "prompt_tokens": number + 1, "completion_tokens": 3})
    return rng.choice((
        {**at, "level": "info", "msg": "request handled", "path": f"/items/{number}", "ms": number}, {**at, "level": "info", "msg": rng.choice(("token refreshed", text, "{")), "ms": 1},
        {**at, "pool": {"size": number, "free": {"a": 1}}, "tags": ["a", number]}, {**at, "pool": rng.choice(({}, None, 3, {"usage": {}}, {"size": 1}))}, {**at, "list": [{"usage": {"a": 1}}]},
        {"timestamp": stamp, "model": "gpt-4o", "status": rng.choice((200, 500, "ok"))}, {"log": "done\n", "stream": "stdout", "time": "2026-01-01T00:00:00Z"}, {**at, "error": rng.choice((None, "no", {"message": "no"}))},
        b"plain text", b"", f"INFO queue {number}".encode(), {"level": "info", "msg": "tick", "n": rng.choice((10**30, 1e300, "\ud800", -0.0, True))}, plain(rng, number),
    ))  # fmt: skip


def when(rng: random.Random, number: int) -> float:
    """Mostly ascending, over some days; now and then far away."""
    return round(
        NOON - 2 * 86_400 + number * 400 + rng.choice((0.0, 0.25, 0.5)) - rng.choice((0, 0, 0, 0, 0, 86_400)), 3
    )


MAKERS = (
    plain,
    full,
    counted,
    chat,
    answer,
    wrapped,
    response,
    message,
    used,
    hosted,
    timed_inside,
    charged,
    ticked,
    other,
    mostly_other,
    chatter,
    stamped,
)
VALUES: tuple[Any, ...] = (
    None, 0, -1, 1, 1.0, 1.5, 12.0, 1e300, 1e-7, 0.1 + 0.2, 123456.123456789, 10**11, 2**63, 2**64, 10**30, "", "12", "x", "gen-12345678-x", "\u200b",
    "a\u0000b", "é" * 300, True, False, [], {}, [1], [{}], {"a": 1}, "2026-01-01", "2026-01-01T05:00:00", "error", "rate_limited", "00000000-0000-0000-0000-000000000000",
    "resp_0123456789abcdef0123", "chatcmpl-12345", "chat.completion.chunk", "list", 1767268800000, 4e9, NOON + 3 * 86_400, 946_684_799, "default", "batch", "fast",
)  # fmt: skip
KEYS = (
    "id", "object", "cost", "total_cost", "provider", "llm_provider", "service_tier", "cached_tokens", "reasoning_tokens", "type", "role", "error", "status", "success",
    "time", "created", "request_id", "response_id", "latency_s", "stream", "log", "message", "level", "app", "usage", "choices", "x_groq", "is_byok", "cost_details",
    "prompt_cache_hit_tokens", "num_cached_tokens", "output_tokens", "prompt_tokens", "cache_creation_input_tokens", "speed", "metadata", "model_name", "cache_read_input_tokens", "iterations", "thinking_tokens",
    "input_tokens_details", "cached_tokens_details", "num_sources_used", "cost_in_usd_ticks", "queue_time", "total_time", "data", "stop_reason", "response", "iterations",
)  # fmt: skip


def changed(rng: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    """`record` with one thing about it that is not as it was: a value, a key more, a key less, or the keys' order."""
    record = copy.deepcopy(record)
    inside = [value for value in record.values() if type(value) is dict]
    inside += [value for outer in inside for value in outer.values() if type(value) is dict]
    holder = rng.choice([record, record, *inside])
    way = rng.random()
    if way < 0.5 and holder:
        holder[rng.choice(sorted(holder))] = copy.deepcopy(rng.choice(VALUES))
    elif way < 0.75:
        holder[rng.choice(KEYS)] = copy.deepcopy(rng.choice(VALUES))
    elif way < 0.9 and holder:
        del holder[rng.choice(sorted(holder))]
    else:
        items = list(holder.items())
        rng.shuffle(items)
        holder.clear()
        holder.update(items)
    return record


def torn(rng: random.Random, line: bytes) -> bytes:
    """`line` with bytes changed, lost, doubled or put around it."""
    at = rng.randrange(len(line) + 1)
    return rng.choice((
        lambda: line[:at],
        lambda: line[:at] + bytes([rng.randrange(256)]) + line[at + 1 :],
        lambda: line[:at] + rng.choice((b"\x00", b"\xff", b"\\", b'"', b"{", b"}", b" ", b"\\ud800", b"\xc3")) + line[at:],
        lambda: line + line,
        lambda: line + rng.choice((b" ", b",", b"\x00", b"}", b"x", b"\r")),
        lambda: rng.choice((b" ", b"\t", b"[", b"\xef\xbb\xbf", b"data: ", b"{", b"2026-01-01T10:00:00Z stdout F ", b"2026-01-01 10:00:00 {} ", b"x {")) + line,
        lambda: line.replace(b": ", b":").replace(b", ", b" ,"),
        lambda: line.replace(b'"model"', b'"mod\\u0065l"').replace(b"gpt", b"\\u0067pt"),
        lambda: line.replace(b"}", b', "model": "gpt-4o"}'),
    ))()  # fmt: skip


def log(seed: int, makers: tuple[int, ...], length: int, oddity: float) -> list[bytes]:
    """A log of so many lines by these makers (an index for each stretch of it), of which the part `oddity` is odd."""
    rng = random.Random(seed)
    lines: list[bytes] = []
    prefix = rng.choice((b"", b"", b"2026-01-02 03:04:05,678 - api - INFO - ", b"[info] "))
    for number in range(length):
        record = MAKERS[makers[number * len(makers) // length]](rng, number)
        if type(record) is bytes:
            lines.append(record)
            continue
        assert type(record) is dict
        if rng.random() < oddity:
            record = changed(rng, record)
        line = prefix + json.dumps(record, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        if rng.random() < oddity / 2:
            line = torn(rng, line).replace(b"\n", b" ")
        lines.append(rng.choice(lines) if lines and rng.random() < oddity / 2 else line)
    return lines
