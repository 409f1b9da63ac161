"""The results of Gemini's batches: files of the Gemini API's Batch Mode, and of Vertex AI's batch predictions.

    {"key": "request-1", "response": {"candidates": […], "usageMetadata": {…}, "modelVersion": "gemini-2.5-flash"}}
    {"status": "", "processed_time": "2026-03-01T10:00:00Z", "request": {…}, "response": {…}}

- The response is read as in gemini: `promptTokenCount` INCLUDES cached tokens, thoughts come on top. The call has the price of a batch.
- A line with an error is a call that failed. `status` is a text, and empty where all went well.

Source: ai.google.dev/gemini-api/docs/batch-mode, cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats import gemini
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.fields import tier
from llm_cost_exporter.held import Hold
from llm_cost_exporter.types import FileState, Usage

__all__ = ["ALSO", "KEYS", "NAME", "read"]

NAME = "gemini_batch"
ALSO = ("gemini",)
KEYS = (frozenset(("key", "response")), frozenset(("processed_time", "response")))

_BATCH = tier("batch")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | None:
    """See the module. None where the record is no result of such a batch."""
    response = detail(record, "response")
    if "usageMetadata" not in response and "usage_metadata" not in response:
        return None
    found = gemini.read(response, state)
    if isinstance(found, Hold):
        found = [found.usage]
    for call in found or ():
        call.context = _BATCH
        call.logged_time = record.get("processed_time") or call.logged_time
    return found
