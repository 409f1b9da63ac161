"""An application's own record of a call that failed: it names a model and a failure, and has no usage.

    {"level": "error", "event": "llm_call_failed", "model": "gpt-4o", "status_code": 429, "error": "Rate limit reached"}

Ordinary error logs must not become calls, so the model has to be one that looks like a language model's name.
No tokens are billed for such a call.
"""

from __future__ import annotations

import re
from typing import Any

from llm_cost_exporter.formats.failures import failure_in
from llm_cost_exporter.formats.fields import named_provider, words
from llm_cost_exporter.types import FileState, Usage

__all__ = ["FALLBACK", "KEYS", "NAME", "looks_like_llm", "read"]

NAME = "failed_call"
FALLBACK = True
_SIGNS = (
    "error", "error_type", "error_code", "error_message", "err", "exception", "exc_info", "status_code", "status", "http_status",
    "response_status", "response_code", "statusCode", "success", "ok", "outcome",
)  # fmt: skip
KEYS = tuple(frozenset(("model", sign)) for sign in _SIGNS)

_LLM = re.compile(
    r"(?:^|[/.:_-])(?:gpt|chatgpt|o[1-9]|claude|gemini|gemma|llama|codellama|mistral|mixtral|ministral|magistral|codestral|devstral"
    r"|deepseek|qwen|qwq|grok|command|nova|titan|jamba|phi|kimi|moonshot|glm|minimax|sonar|yi|dbrx|granite|nemotron|hermes"
    r"|text-embedding|text-davinci|davinci|voyage|rerank|ernie|doubao|hunyuan|step)(?=[-_.:/@0-9]|$)"
)


def looks_like_llm(model: str) -> bool:
    """Whether `model` looks like the name of a language model."""
    return _LLM.search(model.lower()) is not None


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no failed call."""
    model = words(record.get("model"))
    if model is None or not looks_like_llm(model):
        return None
    _, failure = failure_in(record)
    if failure is None:
        return None
    return [Usage(model, named_provider(record), failure=failure)]
