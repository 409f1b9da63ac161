"""LiteLLM's StandardLoggingPayload: what its proxy and SDK hand to callbacks, and write to S3, GCS, HTTP endpoints and files.

    {"id": "chatcmpl-…", "litellm_call_id": "48a7…", "call_type": "acompletion", "status": "success", "cache_hit": null,
     "custom_llm_provider": "anthropic", "model": "claude-sonnet-4-5-20250929", "startTime": 1795292691.56, "response_time": 0.54,
     "prompt_tokens": 2095, "completion_tokens": 393, "total_tokens": 2488, "response_cost": 0.0174268,
     "metadata": {"user_api_key_team_alias": "payments", "usage_object": {"prompt_tokens_details": {"cached_tokens": 1886, …}, …}},
     "request_tags": ["app:checkout"], "response": {…}, "hidden_params": {…}, "model_map_information": {…}}

- `prompt_tokens` INCLUDES cached and cache-written tokens for every provider, Anthropic too, as LiteLLM works it out; only where
  that can't be (they are more) they are taken to come on top. `completion_tokens` INCLUDES reasoning.
- Usage stands in the record three times (top level, metadata.usage_object, response.usage): the top level has the totals, the
  first of the others that is there has the details.
- model: `model`, the requested one. id: `id`, which is the vendor's or LiteLLM's own and then unique too, else litellm_call_id.
- `cache_hit` true: the gateway's cache answered; tokens are counted, cost is 0, and the id is litellm_call_id.
- `status` failure: a failed call, the reason from error_information. What asks no model (files, batches) is skipped.
- request_tags of the form `app:checkout` are labels; metadata.user_api_key_team_alias is the team.

Reading the record itself is quick; decoding 5 KB of JSON a call is not, and with its labels let 30,000 to 40,000 lines a second through.

Source: litellm/types/utils.py StandardLoggingPayload, litellm_core_utils/litellm_logging.py get_standard_logging_object_payload.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.fields import usd
from llm_cost_exporter.formats.litellm import asks_no_model, call_of, tags, without_usage
from llm_cost_exporter.formats.moments import nanoseconds, utc
from llm_cost_exporter.types import FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "litellm_payload"
KEYS = (
    frozenset(("call_type", "hidden_params")),
    frozenset(("call_type", "model_map_information")),
    frozenset(("call_type", "response_cost")),
    frozenset(("litellm_call_id", "hidden_params")),
    frozenset(("litellm_call_id", "model_map_information")),
    frozenset(("litellm_call_id", "response_cost", "custom_llm_provider")),
)

_NO_MODEL = Skip("a request to LiteLLM that asked no model")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:  # noqa: ARG001
    """See the module."""
    meta = detail(record, "metadata")
    usage = (
        detail(meta, "usage_object")
        or detail(detail(record, "response"), "usage")
        or detail(detail(record, "hidden_params"), "usage_object")
    )
    kind = record.get("call_type")
    if not usage and "prompt_tokens" not in record and "completion_tokens" not in record and kind is None:
        return None
    call = call_of(record, usage, meta, call_id=record.get("id"))
    call.reported_usd = usd(record.get("response_cost"))
    if asks_no_model(call, kind):
        return _NO_MODEL
    told = record.get("prompt_tokens") is not None or record.get("completion_tokens") is not None or bool(usage)
    call.without_usage = without_usage(call, told=told)
    begun = record.get("startTime")
    call.logged_time = utc(begun if begun is not None else record.get("endTime"))
    seconds = record.get("response_time")
    if seconds is None and type(begun) is float and type(record.get("endTime")) is float:
        seconds = record["endTime"] - begun
    call.latency_ns = nanoseconds(seconds, 1e9)
    call.said = tags(record.get("request_tags")) or None
    return [call]
