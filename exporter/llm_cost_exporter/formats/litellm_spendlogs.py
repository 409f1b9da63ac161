r"""A row of LiteLLM's table SpendLogs, as its proxy writes it to a database and people export it.

    {"request_id": "chatcmpl-…", "call_type": "acompletion", "spend": 0.0174268, "model": "claude-sonnet-4-5-20250929",
     "custom_llm_provider": "anthropic", "startTime": "2026-11-21 20:24:51.562220+00:00", "request_duration_ms": 540,
     "prompt_tokens": 2095, "completion_tokens": 393, "total_tokens": 2488, "cache_hit": "None", "status": "success",
     "team_id": "team-7", "metadata": "{\"usage_object\": {…}, …}", "request_tags": "[\"app:checkout\"]"}

- As litellm_payload, of which it has the same ids: `prompt_tokens` INCLUDES cached and cache-written tokens for every provider,
  `completion_tokens` INCLUDES reasoning; `spend` is what LiteLLM says that it cost.
- `metadata` and `request_tags` are JSON inside a string (or plain, in exports that decode them). The details are in the metadata's
  usage_object, else in its additional_usage_values. Labels are looked for in the decoded metadata too.

Decoding 4 KB of JSON with 3 KB of JSON inside lets about 30,000 lines a second through.

Source: litellm/proxy/schema.prisma LiteLLM_SpendLogs, proxy/spend_tracking/spend_tracking_utils.py get_logging_payload.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.decode import strict
from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.fields import usd
from llm_cost_exporter.formats.litellm import asks_no_model, call_of, tags, without_usage
from llm_cost_exporter.formats.moments import utc
from llm_cost_exporter.types import FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "litellm_spendlogs"
KEYS = (
    frozenset(("spend", "call_type")),
    frozenset(("spend", "request_id", "startTime")),
    frozenset(("spend", "custom_llm_provider")),
)

_NO_MODEL = Skip("a request to LiteLLM that asked no model")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:  # noqa: ARG001
    """See the module."""
    if "prompt_tokens" not in record and "completion_tokens" not in record and "metadata" not in record:
        return None
    meta = _decoded(record.get("metadata"))
    meta = meta if type(meta) is dict else {}
    usage = detail(meta, "usage_object") or detail(meta, "additional_usage_values")
    call = call_of(record, usage, meta, call_id=record.get("request_id"))
    call.reported_usd = usd(record.get("spend"))
    if meta.get("status") == "failure" and call.failure is None:
        call.failure = call_of({"status": "failure"}, {}, meta, call_id=None).failure
    kind = record.get("call_type")
    if asks_no_model(call, kind):
        return _NO_MODEL
    told = record.get("prompt_tokens") is not None or record.get("completion_tokens") is not None
    call.without_usage = without_usage(call, told=told)
    begun = record.get("startTime")
    call.logged_time = utc(begun if begun is not None else record.get("endTime"))
    call.said = {"metadata": meta, **tags(_decoded(record.get("request_tags")))}
    return [call]


def _decoded(value: object) -> object:
    """`value`, decoded where it is JSON in a string."""
    if type(value) is str and value[:1] in ("{", "["):
        try:
            return strict(value)
        except ValueError:
            return None
    return value
