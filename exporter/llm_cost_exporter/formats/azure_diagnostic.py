r"""Azure OpenAI's diagnostic log, category RequestResponse, as it is in a storage account, an event hub or Log Analytics.

    {"time": "2026-01-15T10:45:00Z", "category": "RequestResponse", "operationName": "ChatCompletions_Create", "resultSignature": "200",
     "durationMs": 420, "correlationId": "…", "properties": {"modelName": "gpt-4o", "modelDeploymentName": "gpt-4o-prod",
     "responseBody": "{\"usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 5}}"}}

- Tokens are in the `responseBody` only, JSON in a string, where bodies are logged; it is read by the format of its own (chat completions,
  Responses, embeddings), which says what its input INCLUDES. Of a stream's text the last event with a usage is read.
- Without a body a call of a model is a call without usage. Other operations (lists, files) are no calls.
- The model is modelName, else the body's, else the name of the deployment (for `prices.aliases`). The provider is azure.
- A line is decoded twice, as it is and its body, which costs a third of the speed.
- Id: the body's, else correlationId. resultSignature is the HTTP status; durationMs is the latency.

Source: learn.microsoft.com/azure/ai-services/openai/how-to/monitor-openai.
"""

from __future__ import annotations

import re
from typing import Any

from llm_cost_exporter.formats.bodies import body_in, read_body
from llm_cost_exporter.formats.failures import of_error, of_status
from llm_cost_exporter.formats.fields import vendor_id, words
from llm_cost_exporter.types import Failure, FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "azure_diagnostic"
KEYS = (frozenset(("category", "properties")), frozenset(("Category", "properties_s")))

_CATEGORY = "RequestResponse"
_OF_A_MODEL = re.compile(
    r"complet|embed|respons|image|audio|speech|transcri|translat|generat|realtime|chat", re.IGNORECASE
)
_NOT_A_MODELS = re.compile(r"list|get|delete|cancel|upload|file|batch", re.IGNORECASE)
_NO_CALL = Skip("an operation that calls no model")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:
    """See the module. None where the record is none of this log."""
    if record.get("category", record.get("Category")) != _CATEGORY:
        return None
    properties = body_in(record.get("properties", record.get("properties_s"))) or {}
    body = body_in(properties.get("responseBody")) or {}
    deployment = words(properties.get("modelDeploymentName"))
    named = words(properties.get("modelName"))
    calls = read_body(body, state)
    failure = _failure(record, body)
    if not calls:
        operation = record.get("operationName", record.get("OperationName"))
        if type(operation) is str and (_NOT_A_MODELS.search(operation) or not _OF_A_MODEL.search(operation)):
            return _NO_CALL
        if named is None and deployment is None and failure is None:
            return _NO_CALL
        calls = [Usage(without_usage=failure is None)]
    for call in calls:
        call.model = named or call.model or deployment
        call.provider = "azure"
    call = calls[0]
    call.request_id = vendor_id(record.get("correlationId", record.get("CorrelationId")))
    call.logged_time = record.get("TimeGenerated")
    if failure is not None:
        call.failure, call.without_usage = failure, False
    return calls


def _failure(record: dict[str, Any], body: dict[str, Any]) -> Failure | None:
    status = record.get("resultSignature", record.get("ResultSignature"))
    if type(status) is str and len(status) == 3 and status.isascii() and status.isdigit():
        status = int(status)
    if type(status) is int and 100 <= status <= 599:
        return of_status(status)
    return of_error(body.get("error"))
