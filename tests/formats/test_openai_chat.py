"""OpenAI chat completions, and servers that answer in their form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Part, Skip
from tests.reading import call_of, outcome_of, outcomes_of, total

BODY: dict[str, Any] = {
    "id": "chatcmpl-T1", "object": "chat.completion", "created": 1760000000, "model": "gpt-5-mini-2025-08-07",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 3000, "completion_tokens": 400, "total_tokens": 3400,
        "prompt_tokens_details": {"cached_tokens": 2048, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 256, "audio_tokens": 0},
    },
    "service_tier": "default",
}  # fmt: skip


def body(usage: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**BODY, "usage": usage, **more}


def test_a_body() -> None:
    """prompt_tokens include the cached ones and completion_tokens the reasoning; the id is global; the time is `created`."""
    call = call_of(BODY)
    assert call.tokens == {"input": 952, "cache_read": 2048, "output": 144, "reasoning": 256}
    assert (call.model, call.provider, call.id, call.id_is_vendors) == (
        "gpt-5-mini-2025-08-07",
        None,
        "chatcmpl-T1",
        True,
    )
    assert call.time == 1760000000
    assert call.context == ()


def test_cache_writes_are_a_part_of_the_prompt() -> None:
    """Tokens written to the cache are billed apart, and are in prompt_tokens too."""
    usage = {
        "prompt_tokens": 4020,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cache_write_tokens": 4000, "cached_tokens": 12},
    }
    assert call_of(body(usage)).tokens == {"input": 8, "cache_read": 12, "cache_write": 4000, "output": 4}


def test_audio_and_images() -> None:
    """Audio and image tokens are parts of the totals and have meters of their own."""
    usage = {
        "prompt_tokens": 500, "completion_tokens": 300,
        "prompt_tokens_details": {"audio_tokens": 200, "image_tokens": 100, "text_tokens": 200},
        "completion_tokens_details": {"audio_tokens": 250, "text_tokens": 50},
    }  # fmt: skip
    assert call_of(body(usage)).tokens == {
        "input": 200, "audio_input": 200, "image_input": 100, "output": 50, "audio_output": 250,
    }  # fmt: skip


def test_cached_audio_is_told_by_the_details_of_what_was_cached() -> None:
    """Cached audio is a cache read at its own rate, not audio input."""
    details = {
        "cached_tokens": 120,
        "audio_tokens": 200,
        "cached_tokens_details": {"text_tokens": 20, "audio_tokens": 100},
    }
    tokens = call_of(body({"prompt_tokens": 500, "completion_tokens": 1, "prompt_tokens_details": details})).tokens
    assert tokens == {"input": 280, "cache_read": 20, "cache_read_audio": 100, "audio_input": 100, "output": 1}


def test_audio_without_room_beside_the_cached_tokens_was_cached() -> None:
    """Where cached and audio tokens are more than the prompt, the overlap is cached audio, and the total stays."""
    details = {"cached_tokens": 400, "audio_tokens": 300}
    tokens = call_of(body({"prompt_tokens": 500, "completion_tokens": 1, "prompt_tokens_details": details})).tokens
    assert tokens == {"cache_read": 200, "cache_read_audio": 200, "audio_input": 100, "output": 1}


def test_details_larger_than_the_total_are_cut() -> None:
    """The total is what is billed: details that contradict it never make it more, or any meter negative."""
    usage = {
        "prompt_tokens": 10, "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 50, "audio_tokens": 7}, "completion_tokens_details": {"reasoning_tokens": 8},
    }  # fmt: skip
    tokens = call_of(body(usage)).tokens
    assert tokens == {"cache_read": 3, "cache_read_audio": 7, "reasoning": 5}


def test_reasoning_on_top_is_told_by_the_total() -> None:
    """xAI counts reasoning apart from completion_tokens, and its total says so."""
    usage = {
        "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "prompt_tokens_details": {"cached_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 94},
    }  # fmt: skip
    assert call_of(body(usage)).tokens == {"input": 26, "cache_read": 6, "output": 9, "reasoning": 94}


@pytest.mark.parametrize("key", ["prompt_cache_hit_tokens", "num_cached_tokens"])
def test_compatible_servers_that_name_cached_tokens_elsewhere(key: str) -> None:
    """DeepSeek and Mistral say on the top level of the usage what was cached."""
    tokens = call_of(body({"prompt_tokens": 563, "completion_tokens": 116, key: 512})).tokens
    assert tokens == {"input": 51, "cache_read": 512, "output": 116}


@pytest.mark.parametrize(
    ("tier", "context"),
    [("flex", (("service_tier", "flex"),)), ("priority", (("service_tier", "priority"),)), ("default", ()), ("auto", ()), ("scale", ()), (None, ()),
     (["flex"], ())],
)  # fmt: skip
def test_service_tiers(tier: object, context: tuple[tuple[str, str], ...]) -> None:
    """A tier that is billed at its own price is told on; those at the base price, and what is no tier, are not."""
    assert call_of({**BODY, "service_tier": tier}).context == context


def test_azure_is_known_by_its_content_filter() -> None:
    """Only the content filter's results tell Azure's answer from OpenAI's."""
    filtered = [{"index": 0, "content_filter_results": {}, "finish_reason": "stop"}]
    assert call_of({**BODY, "prompt_filter_results": []}).provider == "azure"
    assert call_of({**BODY, "choices": filtered}).provider == "azure"
    assert call_of({**BODY, "provider": "mine", "choices": filtered}).provider == "mine"


def test_openrouter_is_known_by_its_id() -> None:
    """OpenRouter's `provider` is the upstream's name; what it bills is its own, and it says so."""
    usage = {"prompt_tokens": 14, "completion_tokens": 4, "cost": 0.000102}
    call = call_of(body(usage, id="gen-17628-abc", provider="Google", model="anthropic/claude-4.5-sonnet"))
    assert call.provider == "openrouter"
    assert call.reported_usd == 102_000_000_000_000_000_000


def test_an_applications_own_record() -> None:
    """{"model", "usage"} of an application is read the same way; its `id` is not taken for a response's."""
    call = call_of(
        {
            "time": 1760000000123,
            "model": "gpt-4o-mini",
            "id": "row-5",
            "usage": {"prompt_tokens": 100, "completion_tokens": 20},
        }
    )
    assert call.tokens == {"input": 100, "output": 20}
    assert call.id is None
    assert call.time == 1760000000.123


def test_embeddings() -> None:
    """An answer with vectors has prompt tokens only."""
    record = {
        "object": "list", "data": [{"object": "embedding", "embedding": [0.1]}], "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 13, "total_tokens": 13},
    }  # fmt: skip
    assert call_of(record).tokens == {"input": 13}


def test_a_body_without_usage_is_a_call_without_usage() -> None:
    """An answer that was logged without its usage is a call whose cost can't be told."""
    call = call_of({**BODY, "usage": None})
    assert call.without_usage
    assert call.tokens == {}


@pytest.mark.parametrize(
    "record",
    [
        {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]},
        {"usage": "85%", "model": "ST4000DM"},
        {"usage": {"cpu": 12, "memory": 40}, "host": "a"},
        {"id": "file-1", "object": "file", "status": "processed"},
        {"choices": [1, 2], "id": 3},
    ],
)  # fmt: skip
def test_what_only_shares_keys_is_no_call(record: dict[str, Any]) -> None:
    """Lists of models, files, disk usage and polls are no calls."""
    assert isinstance(outcome_of(record), Skip)


def chunk(call_id: str = "chatcmpl-S", finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": call_id, "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-4o",
        "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": finish}], "usage": None, **more,
    }  # fmt: skip


LAST: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29}}


def test_the_last_chunk_has_the_usage() -> None:
    """Chunks with a null usage are parts of the call that the last one gives."""
    *parts, last = outcomes_of(chunk(), chunk(), chunk(finish="stop"), chunk(**LAST))
    assert all(isinstance(part, Part) for part in parts)
    assert isinstance(last, list)
    assert [(call.id, call.tokens, call.continues) for call in last] == [
        ("chatcmpl-S", {"input": 19, "output": 10}, False)
    ]


def test_a_usage_that_grows_from_chunk_to_chunk_is_one_call() -> None:
    """A server that repeats its usage in every chunk gives one call, whose later chunks continue it."""
    growing = [chunk(usage={"prompt_tokens": 5, "completion_tokens": n}) for n in (1, 2)]
    final = chunk(finish="stop", usage={"prompt_tokens": 5, "completion_tokens": 3})
    calls = [call for found in outcomes_of(*growing, final) if isinstance(found, list) for call in found]
    assert [(call.continues, call.tokens["output"]) for call in calls] == [(False, 1), (True, 2), (True, 3)]


def test_groq_puts_the_usage_beside_the_last_chunk() -> None:
    """Groq's streams carry their usage in x_groq."""
    call = call_of(chunk(finish="stop", x_groq={"id": "req_1", "usage": {"prompt_tokens": 5, "completion_tokens": 3}}))
    assert call.tokens == {"input": 5, "output": 3}


COUNTS = st.integers(0, 50_000)
DETAILS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "video_tokens"), COUNTS)
)  # fmt: skip


@given(
    prompt=COUNTS, completion=COUNTS, details=DETAILS, cached_by=DETAILS,
    out=st.fixed_dictionaries({}, optional=dict.fromkeys(("reasoning_tokens", "audio_tokens", "image_tokens"), COUNTS)),
)  # fmt: skip
def test_meters_are_disjoint_and_add_up_to_the_vendors_total(
    prompt: int, completion: int, details: dict[str, int], cached_by: dict[str, int], out: dict[str, int]
) -> None:
    """Whatever the details say, the meters add up to the vendor's total_tokens and none is negative."""
    usage = {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {**details, "cached_tokens_details": cached_by}, "completion_tokens_details": out,
    }  # fmt: skip
    call = call_of(body(usage))
    assert all(count > 0 for count in call.tokens.values())
    assert total(call) == prompt + completion
    cached = sum(count for meter, count in call.tokens.items() if meter.startswith("cache_read"))
    assert cached == min(details.get("cached_tokens", 0), prompt)


def test_ollamas_ids_tell_nothing() -> None:
    """One of a thousand numbers each: calls must not be taken for repeats. Its streams end with the usage."""
    body = {
        "id": "chatcmpl-42", "object": "chat.completion", "created": 1790000000, "model": "llama3.2", "system_fingerprint": "fp_ollama",
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }  # fmt: skip
    assert call_of(body).id is None
    assert call_of({**body, "system_fingerprint": "fp_other"}).id == "chatcmpl-42"
    chunk = {**body, "object": "chat.completion.chunk", "choices": [{"delta": {"content": "x"}, "finish_reason": None}]}
    del chunk["usage"]
    first, last = outcomes_of(chunk, {**body, "object": "chat.completion.chunk", "choices": []})
    assert isinstance(first, Part)
    assert isinstance(last, list)
    assert (last[0].id, last[0].continues, last[0].tokens) == (None, False, {"input": 10, "output": 5})


@pytest.mark.parametrize("call_id", ["resp_" + "x" * 300, "chatcmpl-\u200b1", "chatcmpl-\ud8001", "chatcmpl-a\tb"])
def test_an_id_that_cannot_be_shown_is_one(call_id: str) -> None:
    """Too long, or with what is no character: repeats are told by a hash of it."""
    body = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
    first, again, other = (call_of({**body, "id": each}).id for each in (call_id, call_id, call_id + "x"))
    assert first is not None
    assert len(first) < 50
    assert first.isprintable()
    assert first == again != other
