"""The log formats: one module each, and the one table that names them in order of precedence.

A format module has

    NAME       what the configuration calls it
    KEYS       sets of keys; a record that has all keys of any one set is a candidate
    read       (record, state) -> list of Usage | Skip | Rejected | Part | Hold, or None: not of this format.
               `record` is one JSON object. `state` is the file's: ids, model names and numbers only, JSON-able and bounded.
               May raise counts.BadCountError: the line is then rejected.

and may have

    ALSO       formats that it belongs to: it is tried too where the configuration names one of these
    FALLBACK   True: tried only where no other format finds anything, neither in the record nor nested in it
    specialise (keys) -> a `read` for records of exactly these keys; asked once for each set of keys
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from llm_cost_exporter.formats import (
    anthropic_batch,
    anthropic_error,
    anthropic_messages,
    anthropic_stream,
    azure_apim,
    azure_diagnostic,
    bedrock_converse,
    bedrock_log,
    claude_code,
    claude_code_otel,
    claude_result,
    cloudflare_ai_gateway,
    codex_exec,
    codex_rollout,
    cohere,
    deepseek,
    envoy_ai_gateway,
    failed_call,
    gemini,
    gemini_batch,
    gemini_error,
    groq,
    helicone,
    kong_ai,
    langchain,
    langfuse,
    litellm_payload,
    litellm_spendlogs,
    mistral,
    openai_batch,
    openai_chat,
    openai_embeddings,
    openai_error,
    openai_images,
    openai_realtime,
    openai_responses,
    openrouter,
    otel_spans,
    plain_input,
    plain_prompt,
    portkey,
    vercel_ai_sdk,
    xai,
)
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Part, Rejected, Skip, Usage

__all__ = ["FORMATS", "Found", "Reader", "readers_for"]

FORMATS: tuple[ModuleType, ...] = (
    claude_code,
    claude_result,
    codex_rollout,
    codex_exec,
    bedrock_log,
    azure_diagnostic,
    azure_apim,
    openai_batch,
    anthropic_batch,
    gemini_batch,
    openai_realtime,
    litellm_payload,
    litellm_spendlogs,
    openrouter,
    langchain,
    langfuse,
    helicone,
    portkey,
    cloudflare_ai_gateway,
    kong_ai,
    envoy_ai_gateway,
    claude_code_otel,
    otel_spans,
    gemini,
    openai_images,
    openai_embeddings,
    anthropic_stream,
    anthropic_messages,
    openai_responses,
    openai_chat,
    xai,
    groq,
    mistral,
    deepseek,
    bedrock_converse,
    cohere,
    vercel_ai_sdk,
    plain_prompt,
    plain_input,
    anthropic_error,
    openai_error,
    gemini_error,
    failed_call,
)

Found = list[Usage] | Skip | Rejected | Part | Hold
Reader = tuple[str, Callable[[dict[str, Any], FileState], Found | None]]


def readers_for(keys: frozenset[str], only: str = "auto", *, fallback: bool = False) -> tuple[Reader, ...]:
    """Readers of the formats that a record with `keys` may be of, in order of precedence; `only`: the one that is configured."""
    return tuple(
        (module.NAME, module.specialise(keys) if hasattr(module, "specialise") else module.read)
        for module in FORMATS
        if getattr(module, "FALLBACK", False) is fallback
        and only in {"auto", module.NAME, *getattr(module, "ALSO", ())}
        and any(wanted <= keys for wanted in module.KEYS)
    )
