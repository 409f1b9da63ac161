"""Records of every format with values, keys and objects exchanged at random: what a log may be when nobody keeps to a form."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from llm_cost_exporter.record import DEFECT
from llm_cost_exporter.types import METERS, Rejected
from tests.reading import MTIME, NOW, new_reader

CHAT = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1772359200,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop"}],
}
CODEX = dict.fromkeys(
    ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens"), 5
)
ANTHROPIC = {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 9, "output_tokens": 8, "iterations": [],
             "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 20}, "service_tier": "batch", "speed": "fast"}  # fmt: skip
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-6",
    "content": [{"text": "x"}],
    "usage": ANTHROPIC,
}
CONVERSE = {
    "output": {"message": {}}, "stopReason": "end_turn", "metrics": {"latencyMs": 9}, "ResponseMetadata": {"RequestId": "r", "HTTPHeaders": {"date": "x"}},
    "usage": {"inputTokens": 3, "outputTokens": 8, "cacheReadInputTokens": 1, "cacheDetails": [{"ttl": "5m", "inputTokens": 2}]},
}  # fmt: skip
GEMINI = {
    "candidates": [{"finishReason": "STOP"}], "modelVersion": "g", "responseId": "r", "promptFeedback": {"blockReason": None},
    "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 2, "cachedContentTokenCount": 3, "totalTokenCount": 15,
                      "trafficType": "ON_DEMAND", "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}]},
}  # fmt: skip
SEEDS: list[dict[str, Any]] = [
    GEMINI, {**GEMINI, "candidates": [{"index": 0}]}, {"key": "k", "response": GEMINI}, {"error": {"code": 429, "message": "x", "status": "UNAVAILABLE"}},
    {"type": "assistant", "sessionId": "s", "requestId": "r", "uuid": "u", "message": MESSAGE, "isApiErrorMessage": False, "costUSD": 0.1},
    {"type": "assistant", "session_id": "s", "message": MESSAGE},
    {"type": "result", "session_id": "s", "uuid": "u", "is_error": True, "api_error_status": 429, "total_cost_usd": 0.1, "usage": ANTHROPIC,
     "modelUsage": {"claude-opus-4-6[1m]": {"inputTokens": 3, "outputTokens": 9, "cacheCreationInputTokens": 20, "costUSD": 0.1, "provider": "x"}}},
    {"type": "session_meta", "timestamp": "2026-03-01T10:00:00Z", "payload": {"id": "a", "forked_from_id": "b", "model_provider": "openai"}},
    {"type": "turn_context", "payload": {"model": "gpt-5"}},
    {"type": "event_msg", "timestamp": "2026-03-01T11:00:00Z",
     "payload": {"type": "token_count", "info": {"total_token_usage": CODEX, "last_token_usage": CODEX, "model": "m"}}},
    {"type": "token_usage_record", "payload": {"response_id": "resp_1", "usage": CODEX, "thread_token_usage": CODEX}},
    {"type": "thread.started", "thread_id": "t"}, {"type": "turn.completed", "usage": CODEX}, {"type": "turn.failed", "error": {"message": "x"}},
    {"schemaType": "ModelInvocationLog", "operation": "Converse", "modelId": "amazon.nova-pro-v1:0", "requestId": "r", "errorCode": None,
     "input": {"inputTokenCount": 3}, "output": {"outputTokenCount": 4, "outputBodyJson": CONVERSE}},
    CONVERSE,
    {"category": "RequestResponse", "operationName": "ChatCompletions_Create", "resultSignature": "200", "correlationId": "c",
     "properties": {"modelName": "m", "responseBody": json.dumps({**CHAT, "usage": {"prompt_tokens": 4}})}},
    {"Type": "ApiManagementGatewayLlmLog", "CorrelationId": "c", "SequenceNumber": 1, "PromptTokens": 4, "CompletionTokens": 2, "ModelName": "m"},
    {"id": "b", "custom_id": "c", "error": None, "response": {"status_code": 200, "body": {**CHAT, "usage": {"prompt_tokens": 4}}}},
    {"custom_id": "c", "result": {"type": "succeeded", "message": MESSAGE}}, {"custom_id": "c", "result": {"type": "errored", "error": {"error": {}}}},
    {**CHAT, "usage": {"prompt_tokens": 9, "completion_tokens": 4, "num_sources_used": 0, "cost_in_usd_ticks": 5, "prompt_tokens_details": {"cached_tokens": 3},
                       "completion_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 15}},
    {**CHAT, "usage": {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}},
    {**CHAT, "usage": {"prompt_tokens": 9, "num_cached_tokens": 4, "prompt_token_details": {"cached_tokens": 4}}},
    {**CHAT, "x_groq": {"usage": {"prompt_tokens": 9}}, "usage": {"prompt_tokens": 9, "queue_time": 0.1, "total_time": 0.2}},
    {"id": "c", "finish_reason": "COMPLETE", "usage": {"billed_units": {"input_tokens": 4, "output_tokens": 2}, "tokens": {"input_tokens": 9}}},
    {"object": "list", "data": [{"object": "embedding"}], "usage": {"prompt_tokens": 9, "total_tokens": 9}},
    {"created": 1, "data": [{"b64_json": "x"}], "usage": {"input_tokens": 4, "output_tokens": 9, "input_tokens_details": {"image_tokens": 3}}},
    {"type": "session.created", "session": {"model": "m", "audio": {"input": {"transcription": {"model": "t"}}}}},
    {"type": "response.done", "response": {"object": "realtime.response", "id": "r", "usage": {"input_tokens": 4, "input_token_details": {"audio_tokens": 3}}}},
]  # fmt: skip
VALUES: list[Any] = [
    None, 0, -1, 1, 1.5, 12.0, 1e300, float("nan"), "", "12", "x", True, False, [], {}, [1], [{}], [None], {"a": 1}, 10**11, 10**30, "2026-01-01",
    "\ud800", [[]], '{"usage":{}}', "<synthetic>", {"usage": {"prompt_tokens": 5}},
]  # fmt: skip
KEYS = sorted({key for seed in SEEDS for key in seed})


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything in `value`."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


def mutated(rng: random.Random) -> dict[str, Any]:
    """A record in which one to five things are not what they should be."""
    record = copy.deepcopy(rng.choice(SEEDS))
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        ways = list(paths(record))
        if not ways:
            break
        *way, last = rng.choice(ways)
        holder: Any = record
        for key in way:
            holder = holder[key]
        chance = rng.random()
        if chance < 0.55:
            holder[last] = copy.deepcopy(rng.choice(VALUES))
        elif chance < 0.75:
            del holder[last]
        elif chance < 0.9 or not isinstance(holder, dict):
            holder[last] = copy.deepcopy(rng.choice(list(rng.choice(SEEDS).values())))
        else:
            holder[rng.choice(KEYS)] = copy.deepcopy(rng.choice(VALUES))
    return record


@pytest.mark.parametrize("seed", range(4))
def test_no_record_is_a_defect_and_no_count_is_none(seed: int) -> None:
    """Whatever a record has where: it is read or rejected, every count is a positive number, and the state stays small and savable."""
    rng = random.Random(seed)
    reader, offset = new_reader(), 0
    for number in range(3000):
        line = json.dumps(mutated(rng)).encode("utf-8", "surrogatepass")
        found = reader.read(line, offset, MTIME, NOW)
        offset += len(line) + 1
        assert not (isinstance(found, Rejected) and DEFECT in found.detail), line
        for call in found if isinstance(found, list) else []:
            assert all(type(amount) is int and amount > 0 for amount in call.tokens.values()), line
            assert call.tokens.keys() <= set(METERS)
        if number % 250 == 0:
            saved = json.dumps(reader.state)
            assert len(saved) < 60_000
            reader = new_reader(state=json.loads(saved))
