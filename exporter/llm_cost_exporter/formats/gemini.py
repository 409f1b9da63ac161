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
  the counts of the last; one that breaks off has those of its last chunk. Without a responseId (old servers) nothing is held: the call is
  the chunk with a finishReason.
- Id: responseId with what else tells calls apart, the model and the size of the prompt.
- trafficType and serviceTier choose the price variant. Provisioned throughput is paid for beforehand and priced as on demand.
- A blocked prompt (promptFeedback.blockReason) is a call and a failure, with the tokens it has.

Source: google-genai types.GenerateContentResponseUsageMetadata, ai.google.dev/api/generate-content#UsageMetadata.
"""

from __future__ import annotations

from collections.abc import Callable
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

_OUTPUT_IN_LIVE = "responseTokenCount"


class _Names:
    """The keys of a usage in one spelling."""

    __slots__ = (
        "all", "cache_details", "cached", "flat", "output", "output_details", "prompt", "prompt_details", "thoughts", "tool_details", "tools", "total",
    )  # fmt: skip

    def __init__(self, spell: Callable[[str], str]) -> None:
        self.prompt, self.tools = spell("promptTokenCount"), spell("toolUsePromptTokenCount")
        self.cached, self.thoughts = spell("cachedContentTokenCount"), spell("thoughtsTokenCount")
        self.output = spell("candidatesTokenCount"), spell(_OUTPUT_IN_LIVE)
        self.total = spell("totalTokenCount")
        self.prompt_details = spell("promptTokensDetails"), spell("promptTokenDetails")  # the latter of embeddings
        self.tool_details = (spell("toolUsePromptTokensDetails"),)
        self.cache_details = (spell("cacheTokensDetails"),)
        self.output_details = spell("candidatesTokensDetails"), spell("responseTokensDetails")
        self.all = frozenset((self.prompt, self.total, self.thoughts, *self.output))
        self.flat = frozenset(
            (self.output[0], self.thoughts, self.cached, self.tools)
        )  # others count prompt tokens too


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


_CAMEL, _SNAKE = _Names(str), _Names(_snake)
_COUNTS = _CAMEL.all | _SNAKE.all
_PROMPTS = _CAMEL.prompt, _SNAKE.prompt
_FLAT = _CAMEL.flat | _SNAKE.flat | {_CAMEL.total}
_MEDIA: dict[str, str | None] = {
    "TEXT": None,
    "DOCUMENT": None,
    "AUDIO": "audio_tokens",
    "IMAGE": "image_tokens",
    "VIDEO": "video_tokens",
}
_MOST_DETAILS = 32


def gemini_tokens(usage: dict[str, Any]) -> Tokens:
    """The meters of a `usageMetadata`. Raises BadCountError."""
    tokens: Tokens = {}
    names = _SNAKE if _CAMEL.all.isdisjoint(usage) else _CAMEL
    prompt = count(usage.get(names.prompt), names.prompt)
    tools = count(usage.get(names.tools), names.tools)
    output = first_count(usage, names.output)
    thoughts = count(usage.get(names.thoughts), names.thoughts)
    total = count(usage.get(names.total), names.total)
    into = _modalities(usage, names.prompt_details)
    cached = count(usage.get(names.cached), names.cached)
    if cached:
        of_cache = _modalities(usage, names.cache_details)
        split_input(tokens, prompt, {**into, "cached_tokens": cached, "cached_tokens_details": of_cache})
    elif into:
        split_input(tokens, prompt, into)
    else:
        put(tokens, "input", prompt)
    if tools:
        more: Tokens = {}
        split_input(more, tools, _modalities(usage, names.tool_details))
        for meter, amount in more.items():
            tokens[meter] = tokens.get(meter, 0) + amount
    if thoughts and thoughts <= output and total == prompt + tools + output:
        output -= thoughts  # the total tells: this server counts them among the candidates'
    elif not thoughts and prompt + output and _OUTPUT_IN_LIVE not in usage:
        thoughts = max(0, total - prompt - tools - output)  # an application logged the sums alone
    put(tokens, "reasoning", thoughts)
    split_output(tokens, output, _modalities(usage, names.output_details), 0)
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
    call.without_usage = not counted or (not call.tokens and bool(usage.get(_CAMEL.total) or usage.get(_SNAKE.total)))
    response_id = vendor_id(record.get("responseId", record.get("response_id")))
    if response_id is not None:
        call.id = vendor_id(f"{response_id}/{model}")
    if _blocked(record):
        call.failure = "client_error"
    elif _goes_on(record.get("candidates")):
        return Hold(call, final=False)
    if counted and call.id is not None and not is_held(state, call.id):
        call.id = f"{call.id}/{first_count(usage, _PROMPTS)}"
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
                if type(entry) is dict and type(entry.get("modality")) is str:
                    modality = entry["modality"]
                    name = _MEDIA[modality] if modality in _MEDIA else _MEDIA.get(modality.rpartition(".")[2].upper())
                    if name is not None:
                        amount = count(entry.get("tokenCount", entry.get("token_count")), "tokenCount")
                        found[name] = found.get(name, 0) + amount
            return found
    return {}
