"""What the hosts that answer in the form of chat completions have in common: the calls are openai_chat's, the provider theirs.

They are told by keys of their `usage`. openai_chat and openai_responses leave a record with any of them to the host's own format,
so that a record without is asked one question and not one for each host.
"""

from __future__ import annotations

from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import Part, Usage

__all__ = [
    "DEEPSEEK_SIGN", "GROQ_KEY", "GROQ_SIGN", "HOST_SIGNS", "MISTRAL_SIGNS", "XAI_SIGNS", "calls_in", "is_family", "served_by",
]  # fmt: skip

XAI_SIGNS = frozenset(("num_sources_used", "cost_in_usd_ticks"))
MISTRAL_SIGNS = frozenset(("num_cached_tokens", "prompt_token_details", "prompt_audio_seconds"))
GROQ_SIGN, GROQ_KEY = "queue_time", "x_groq"
DEEPSEEK_SIGN = "prompt_cache_hit_tokens"
HOST_SIGNS = XAI_SIGNS | MISTRAL_SIGNS | {GROQ_SIGN, DEEPSEEK_SIGN}

Found = list[Usage] | Hold | Part | None


def calls_in(found: Found) -> list[Usage]:
    """The calls of what a format found, held ones too."""
    if isinstance(found, Hold):
        return [found.usage]
    return found if type(found) is list else []


def served_by(found: Found, provider: str) -> Found:
    """Name the provider of the calls that name none themselves."""
    for call in calls_in(found):
        if call.provider is None:
            call.provider = provider
    return found


def is_family(model: object, families: tuple[str, ...]) -> bool:
    """Whether `model` is none, or one of the maker's own names: what another host serves has the maker's name before a slash."""
    return model is None or (type(model) is str and "/" not in model and model.lower().startswith(families))
