"""Whose price list a provider's name means, as clients, gateways and telemetry spell it.

The names on the right are the ids of genai-prices. Spellings come from OpenTelemetry (gen_ai.provider.name, and the older
gen_ai.system), LiteLLM (custom_llm_provider and the prefixes of its model names), Vercel's AI SDK (openai.chat,
google.vertex.chat), LangChain (ls_provider), pydantic-ai, Helicone (upper case), Portkey, Kong and Cloudflare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from llm_cost_exporter.wording import clean

__all__ = ["is_no_provider", "known_spelling", "provider_id", "provider_named", "spelled"]

_SPELLINGS: Final[dict[str, str]] = {
    "anthropic": "anthropic claude claude-code",
    "arcee": "arcee arcee-ai",
    "avian": "avian",
    "aws": "aws bedrock amazon aws-bedrock amazon-bedrock bedrock-converse bedrock-mantle bedrock-runtime anthropic-bedrock bedrock-anthropic",
    "azure": "azure azure-openai azure-open-ai azureopenai azure-ai azure-ai-openai azure-ai-inference azure-ai-foundry azure-foundry"
    " azure-text azure-chat azure-openai-service microsoft-azure microsoft-foundry az-ai-openai az-ai-inference azure-anthropic",
    "baseten": "baseten",
    "cerebras": "cerebras cerebras-ai",
    "cloudflare": "cloudflare workers-ai cloudflare-workers-ai",
    "cohere": "cohere cohere-chat cohere-ai",
    "cursor": "cursor",
    "databricks": "databricks",
    "deepseek": "deepseek deep-seek",
    "doubleword": "doubleword",
    "elevenlabs": "elevenlabs eleven-labs",
    "fireworks": "fireworks fireworks-ai fireworksai",
    "github-copilot": "github-copilot copilot githubcopilot",
    "google": "google gemini vertex vertex-ai vertexai google-ai google-ai-studio google-aistudio google-genai google-gemini google-gla"
    " google-generativeai google-generative-ai google-vertex google-vertex-ai google-vertexai google-palm palm vertex-ai-beta"
    " gcp-gemini gcp-vertex-ai gcp-gen-ai gcp-vertexai google-vertex-anthropic vertex-anthropic anthropic-vertex"
    " google-anthropic-vertex",
    "groq": "groq groq-cloud groqcloud",
    "meta": "meta",
    "minimax": "minimax mini-max",
    "mistral": "mistral mistralai mistral-ai codestral text-completion-codestral",
    "modal": "modal",
    "moonshotai": "moonshot moonshotai moonshot-ai kimi",
    "novita": "novita novita-ai",
    "openai": "openai open-ai text-completion-openai openai-text openai-chat-completions",
    "openrouter": "openrouter open-router",
    "ovhcloud": "ovhcloud ovh ovh-cloud",
    "perplexity": "perplexity perplexity-ai pplx",
    "quicksilverpro": "quicksilverpro quicksilver-pro",
    "together": "together together-ai togetherai",
    "typesafe": "typesafe",
    "voyageai": "voyage voyageai voyage-ai",
    "x-ai": "xai x-ai",
    "zai": "zai z-ai",
    "zhipuai": "zhipu zhipuai zhipu-ai bigmodel",
}
_KNOWN: Final = {spelling: id_ for id_, spellings in _SPELLINGS.items() for spelling in spellings.split()}

# What the AI SDK of Vercel and others put after the provider: the API, not the vendor.
_API: Final = re.compile(
    r"-(?:chat|chat-completions?|responses|messages|completions?|embeddings?|text-embedding|image|images|speech|transcription"
    r"|(?:language|embedding|chat|text|code|vision|image|video|anthropic|llama|mistral|deepseek|qwen|openai|ai21|moonshot|zai|minimax)-models)$"
)
# A server that only speaks a vendor's API is not that vendor.
_NOT_THE_VENDOR: Final = frozenset(
    {"like", "compatible", "compat", "compatibility", "custom", "proxy", "litellm", "mock", "fake", "test"}
    | {"local", "localhost", "self", "selfhosted", "hosted", "vllm", "ollama", "sagemaker"}
)
_HOSTS: Final = frozenset(
    {"azure", "aws", "openrouter", "cloudflare", "databricks", "github-copilot"}
)  # sell others' models too
_NONE: Final = frozenset(
    {
        "",
        "unknown",
        "none",
        "null",
        "undefined",
        "n-a",
        "na",
        "other",
        "default",
        "litellm",
        "litellm-proxy",
        "ai-gateway",
        "gateway",
    }
)


def spelled(name: str) -> str:
    """`name` in the spelling of the tables here: `gcp.vertex_ai` and `GCP Vertex-AI` are `gcp-vertex-ai`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def is_no_provider(name: str) -> bool:
    """Whether what stands in the place of a provider names none (`unknown`, or the gateway itself)."""
    return spelled(name) in _NONE


def known_spelling(name: str) -> str | None:
    """The provider that exactly this name means; None where the tables don't have it."""
    key = spelled(name)
    while key not in _KNOWN:
        shorter = _API.sub("", key)
        if shorter == key:
            return None
        key = shorter
    return _KNOWN[key]


@lru_cache(maxsize=1024)
def provider_id(name: str, ids: frozenset[str]) -> str | None:
    """The id of the price list that the provider `name` bills by; None where none of `ids` is meant.

    A name that is not in the tables is known by its words (`openai-eu-2`), if they mean one provider only, or one host
    of others' models (`azure-openai-prod`, `openrouter/anthropic`).
    """
    if name in ids:
        return name
    key = spelled(name)
    by_spelling = {spelled(id_): id_ for id_ in ids}
    if key in by_spelling:
        return by_spelling[key]
    if key.startswith(("huggingface-", "hf-", "hugging-face-")):
        return _hugging_face(key, by_spelling)
    found = known_spelling(name)
    if found is None:
        found = _by_words(key.split("-"))
    return found if found in ids else None


def provider_named(name: str, ids: frozenset[str]) -> str:
    """What the provider that a log, an alias or a price file calls `name` is called here: its id where one is meant, else `name`.

    The one way for all three: what a user copies from a log must mean what it means there.
    """
    name = clean(name)
    return provider_id(name, ids) or name


def _by_words(words: Iterable[str]) -> str | None:
    words = set(words)
    if words & _NOT_THE_VENDOR or "huggingface" in words:
        return None
    meant = {_KNOWN[word] for word in words if word in _KNOWN}
    if len(meant) > 1:
        meant = {id_ for id_ in meant if id_ in _HOSTS} or meant
    if len(meant) > 1 and "vertex" in words:
        meant = {"google"}
    return meant.pop() if len(meant) == 1 else None


def _hugging_face(key: str, by_spelling: dict[str, str]) -> str | None:
    """Hugging Face's router is billed at the price of the provider that it routes to."""
    routed_to = spelled(key.removeprefix("huggingface-").removeprefix("hugging-face-").removeprefix("hf-"))
    for id_ in (f"huggingface-{routed_to}", f"huggingface-{known_spelling(routed_to)}"):
        if id_ in by_spelling:
            return by_spelling[id_]
    return None
