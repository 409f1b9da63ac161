"""Azure API Management's log of language models: the table ApiManagementGatewayLlmLog, or the category GatewayLlmLogs.

    {"Type": "ApiManagementGatewayLlmLog", "TimeGenerated": "2026-05-01T10:00:00Z", "CorrelationId": "c0ffee", "SequenceNumber": 0,
     "ModelName": "gpt-4o-2024-08-06", "DeploymentName": "gpt-4o-prod", "PromptTokens": 120, "CompletionTokens": 30, "TotalTokens": 150}

- `PromptTokens` INCLUDES cached tokens and `CompletionTokens` reasoning, as the model's own counts do; neither is told apart.
- Long messages are several rows with a growing SequenceNumber. They are one call: the id is the CorrelationId, so that counts on later
  rows are not counted again; a later row without counts is a part of the first.
- The model is ModelName, else the name of the deployment (for `prices.aliases`). The provider is azure.

Source: learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewayllmlog.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.bodies import body_in
from llm_cost_exporter.formats.counts import Tokens, count, put
from llm_cost_exporter.formats.fields import vendor_id, words
from llm_cost_exporter.types import FileState, Part, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "azure_apim"
KEYS = (
    frozenset(("PromptTokens",)), frozenset(("CompletionTokens",)), frozenset(("Type", "CorrelationId", "SequenceNumber")),
    frozenset(("category", "properties")),
)  # fmt: skip

_CATEGORY = "GatewayLlmLogs"
_FURTHER = Part("a further row of a call")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Part | None:  # noqa: ARG001
    """See the module. None where the record is none of this log."""
    row = record
    if "PromptTokens" not in row and "CompletionTokens" not in row and row.get("Type") != "ApiManagementGatewayLlmLog":
        properties = body_in(record.get("properties")) if record.get("category") == _CATEGORY else None
        if properties is None:
            return None
        row = {key[:1].upper() + key[1:]: value for key, value in {**record, **properties}.items()}
    if not ("CorrelationId" in row or "DeploymentName" in row or "ModelName" in row):
        return None
    told = [row.get(key) for key in ("PromptTokens", "CompletionTokens")]
    further = type(row.get("SequenceNumber")) is int and row["SequenceNumber"] > 0
    tokens: Tokens = {}
    put(tokens, "input", count(told[0], "PromptTokens"))
    put(tokens, "output", count(told[1], "CompletionTokens"))
    if further and not tokens:
        return _FURTHER
    call = Usage(words(row.get("ModelName")) or words(row.get("DeploymentName")), "azure", tokens)
    call.id = vendor_id(row.get("CorrelationId")) or vendor_id(row.get("RequestId"))
    call.logged_time = row.get("TimeGenerated")
    call.without_usage = told == [None, None]
    call.continues = further
    return [call]
