"""Gemini's generateContent, on the Gemini API and on Vertex AI: response bodies, chunks of a stream, embeddings.

    {"candidates": [{"finishReason": "STOP", …}], "modelVersion": "gemini-2.5-flash", "responseId": "bM-Y…",
     "usageMetadata": {"promptTokenCount": 373, "cachedContentTokenCount": 204, "candidatesTokenCount": 89,
                       "thoughtsTokenCount": 167, "toolUsePromptTokenCount": 0, "totalTokenCount": 629,
                       "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}, …], "cacheTokensDetails": […]}}

The names are also read in the Python SDK's spelling (usage_metadata, prompt_token_count), in an application's own
`{"model": …, "usageMetadata": …}`, and on the level where an application put the counts themselves.

- `promptTokenCount` INCLUDES cached tokens; `toolUsePromptTokenCount` is input that comes on top. `candidatesTokenCount` (of the
  Live API: responseTokenCount) EXCLUDES thoughts, unless totalTokenCount says that it has them.
- The modalities of promptTokensDetails have the cached tokens too; cacheTokensDetails says which of them were cached. DOCUMENT is
  billed as text. Details need not add up: the total is what is billed.
- A stream repeats its usage, growing, in every chunk. Chunks before the one with a finishReason are held (see held.py): one call, with
  the counts of the last; one that breaks off has those of its last chunk.
- Id: responseId with what else tells calls apart, the model and the size of the prompt.
- trafficType and serviceTier choose the price variant. Provisioned throughput is paid for beforehand and priced as on demand.
- A blocked prompt (promptFeedback.blockReason) is a call and a failure, with the tokens it has.

Source: google-genai types.GenerateContentResponseUsageMetadata, ai.google.dev/api/generate-content#UsageMetadata.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, first_count, put, split_input, split_output
from llm_cost_exporter.formats.fields import Context, named_provider, tier, vendor_id, words
from llm_cost_exporter.held import Hold, is_held
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "gemini_tokens", "read"]

NAME = "gemini"
KEYS = (
    frozenset(("usageMetadata",)), frozenset(("usage_metadata",)), frozenset(("candidates", "modelVersion")),
    frozenset(("candidates", "model_version")), frozenset(("promptTokenCount",)), frozenset(("prompt_token_count",)),
    frozenset(("promptFeedback",)),
)  # fmt: skip

_PROMPT = ("promptTokenCount", "prompt_token_count")
_TOOLS = ("toolUsePromptTokenCount", "tool_use_prompt_token_count")
_CACHED = ("cachedContentTokenCount", "cached_content_token_count")
_OUTPUT = ("candidatesTokenCount", "candidates_token_count", "responseTokenCount", "response_token_count")
_THOUGHTS = ("thoughtsTokenCount", "thoughts_token_count")
_TOTAL = ("totalTokenCount", "total_token_count")
_PROMPT_DETAILS = ("promptTokensDetails", "prompt_tokens_details", "promptTokenDetails", "prompt_token_details")
_TOOL_DETAILS = ("toolUsePromptTokensDetails", "tool_use_prompt_tokens_details")
_CACHE_DETAILS = ("cacheTokensDetails", "cache_tokens_details")
_OUTPUT_DETAILS = (
    "candidatesTokensDetails", "candidates_tokens_details", "responseTokensDetails", "response_tokens_details",
)  # fmt: skip
_COUNTS = frozenset((*_PROMPT, *_OUTPUT, *_TOTAL, *_THOUGHTS))
_FLAT = frozenset((*_OUTPUT[:2], *_THOUGHTS, *_CACHED, *_TOOLS, "totalTokenCount"))  # others count prompt tokens too
_MEDIA = {"AUDIO": "audio_tokens", "IMAGE": "image_tokens", "VIDEO": "video_tokens"}
_MOST_DETAILS = 32


def gemini_tokens(usage: dict[str, Any]) -> Tokens:
    """The meters of a `usageMetadata`. Raises BadCountError."""
    tokens: Tokens = {}
    prompt = first_count(usage, _PROMPT)
    tools = first_count(usage, _TOOLS)
    output = first_count(usage, _OUTPUT)
    thoughts = first_count(usage, _THOUGHTS)
    total = first_count(usage, _TOTAL)
    into = _modalities(usage, _PROMPT_DETAILS)
    cached = first_count(usage, _CACHED)
    of_cache = _modalities(usage, _CACHE_DETAILS) if cached else {}
    if cached or into:
        split_input(tokens, prompt, {**into, "cached_tokens": cached, "cached_tokens_details": of_cache})
    else:
        put(tokens, "input", prompt)
    if tools:
        more: Tokens = {}
        split_input(more, tools, _modalities(usage, _TOOL_DETAILS))
        for meter, amount in more.items():
            tokens[meter] = tokens.get(meter, 0) + amount
    if thoughts and thoughts <= output and total == prompt + tools + output:
        output -= thoughts  # the total tells: this server counts them among the candidates'
    put(tokens, "reasoning", thoughts)
    split_output(tokens, output, _modalities(usage, _OUTPUT_DETAILS), 0)
    return tokens


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Hold | None:
    """See the module. None where the record is no response of Gemini's form."""
    usage = record.get("usageMetadata", record.get("usage_metadata"))
    if type(usage) is dict:
        counted = not _COUNTS.isdisjoint(usage)
    else:
        usage = record
        counted = not _FLAT.isdisjoint(usage)
    response = ("modelVersion" in record or "model_version" in record) and "candidates" in record
    if not (counted or response or _blocked(record)):
        return None  # LangChain's usage_metadata, or that of a chunk which only says how it was served
    model = words(record.get("modelVersion", record.get("model_version"))) or words(record.get("model"))
    call = Usage(model, named_provider(record) or "google", gemini_tokens(usage) if counted else {})
    call.logged_time = record.get("createTime", record.get("create_time"))
    call.context = _context(usage)
    call.without_usage = not counted
    response_id = vendor_id(record.get("responseId", record.get("response_id")))
    if response_id is not None:
        call.id = vendor_id(f"{response_id}/{model}")
    if _blocked(record):
        call.failure = "client_error"
    elif call.id is not None and _goes_on(record.get("candidates")):
        return Hold(call, final=False)
    if counted and call.id is not None and not is_held(state, call.id):
        call.id = f"{call.id}/{first_count(usage, _PROMPT)}"
    return [call]


def _blocked(record: dict[str, Any]) -> bool:
    feedback = record.get("promptFeedback", record.get("prompt_feedback"))
    return type(feedback) is dict and bool(feedback.get("blockReason", feedback.get("block_reason")))


def _goes_on(candidates: object) -> bool:
    """Whether these are the candidates of a chunk that others follow: none of them has an end."""
    return (
        type(candidates) is list and bool(candidates) and type(candidates[0]) is dict
        and not any(type(c) is dict and (c.get("finishReason") or c.get("finish_reason")) for c in candidates)
    )  # fmt: skip


def _context(usage: dict[str, Any]) -> Context:
    for key in ("serviceTier", "service_tier", "trafficType", "traffic_type"):
        value = usage.get(key)
        if type(value) is str:
            name = value.lower()
            for variant in ("flex", "priority", "batch"):
                if variant in name:
                    return tier(variant)
    return ()


def _modalities(usage: dict[str, Any], keys: tuple[str, ...]) -> dict[str, int]:
    """Tokens of audio, image and video of a list of details, under OpenAI's names."""
    for key in keys:
        details = usage.get(key)
        if type(details) is list:
            found: dict[str, int] = {}
            for entry in details[:_MOST_DETAILS]:
                if type(entry) is dict:
                    modality = entry.get("modality")
                    name = _MEDIA.get(modality.rpartition(".")[2].upper()) if type(modality) is str else None
                    if name is not None:
                        amount = count(entry.get("tokenCount", entry.get("token_count")), "tokenCount")
                        found[name] = found.get(name, 0) + amount
            return found
    return {}
