"""OpenAI's Images: the answer of a generation or an edit, and the last event of its stream.

    {"created": 1760000000, "data": [{"b64_json": "…"}], "quality": "high", "size": "1024x1024",
     "usage": {"input_tokens": 250, "input_tokens_details": {"text_tokens": 50, "image_tokens": 200}, "output_tokens": 4160, "total_tokens": 4410}}
    {"type": "image_generation.completed", "b64_json": "…", "usage": {…}}        also image_edit.completed

- `input_tokens` INCLUDES the image tokens and what was cached. The output is images, but for what output_tokens_details call text.
- Older answers name no model: the one of a record around them is taken, else it is unknown. There is no id.

Source: openai-python types/images_response.py, image_gen_completed_event.py.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, detail, put, split_input
from llm_cost_exporter.formats.fields import named_provider, words
from llm_cost_exporter.types import FileState, Usage

__all__ = ["KEYS", "NAME", "image_tokens", "read"]

NAME = "openai_images"
KEYS = (frozenset(("data", "usage", "created")), frozenset(("type", "b64_json", "usage")), frozenset(("type", "usage")))

_EVENTS = frozenset(("image_generation.completed", "image_edit.completed"))
_IMAGE_KEYS = ("b64_json", "url", "revised_prompt")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:  # noqa: ARG001
    """See the module. None where the record is no answer with images."""
    usage = record["usage"]
    if type(usage) is not dict or not ("input_tokens" in usage or "output_tokens" in usage):
        return None
    kind = record.get("type")
    if not (type(kind) is str and kind in _EVENTS) and not _has_images(record.get("data")):
        return None
    return [Usage(words(record.get("model")), named_provider(record) or "openai", image_tokens(usage))]


def image_tokens(usage: dict[str, Any]) -> Tokens:
    """The meters of a usage of the Images API. Raises BadCountError."""
    tokens: Tokens = {}
    split_input(tokens, count(usage.get("input_tokens"), "input_tokens"), detail(usage, "input_tokens_details"))
    output = count(usage.get("output_tokens"), "output_tokens")
    text = min(count(detail(usage, "output_tokens_details").get("text_tokens"), "text_tokens"), output)
    put(tokens, "output", text)
    put(tokens, "image_output", output - text)
    return tokens


def _has_images(data: object) -> bool:
    return (
        type(data) is list and bool(data) and type(data[0]) is dict and any(key in data[0] for key in _IMAGE_KEYS)
        and "embedding" not in data[0]
    )  # fmt: skip
