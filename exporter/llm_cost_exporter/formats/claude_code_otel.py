"""Claude Code's events over OpenTelemetry: one log record for each request to the API.

    {"resourceLogs": [{"resource": {"attributes": […]}, "scopeLogs": [{"logRecords": [{"timeUnixNano": "1772359200123000000",
        "body": {"stringValue": "claude_code.api_request"}, "attributes": [
            {"key": "event.name", "value": {"stringValue": "api_request"}}, {"key": "model", "value": {"stringValue": "claude-opus-4-6"}},
            {"key": "input_tokens", "value": {"stringValue": "3"}}, {"key": "cache_read_tokens", "value": {"stringValue": "22137"}}, …]}]}]}]}

Also a single such record with its `attributes`, or with these names as keys of its own.

- `input_tokens` EXCLUDES cache_read_tokens and cache_creation_tokens; `output_tokens` INCLUDES thinking. Counts are often strings.
- cost_usd is Claude Code's estimate at list prices: the reported cost.
- api_error is a failed call. Other events (prompts, tools, decisions) are skipped.
- id: request_id where there is one, else session.id with event.sequence, which is the application's.

Up to 50,000 lines a second: 2 KB of JSON in OTLP's form are most of it.

Source: Claude Code docs, monitoring usage.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import Tokens, count, put
from llm_cost_exporter.formats.failures import of_status, of_words
from llm_cost_exporter.formats.fields import tier, usd, vendor_id, words
from llm_cost_exporter.formats.moments import nanoseconds
from llm_cost_exporter.formats.otel import attributes, children, said
from llm_cost_exporter.types import Failure, FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "claude_code_otel"
KEYS = (
    frozenset(("resourceLogs",)),
    frozenset(("resource_logs",)),
    frozenset(("scopeLogs",)),
    frozenset(("attributes",)),
    frozenset(("event.name",)),
    frozenset(("event_name",)),
    frozenset(("body", "input_tokens")),
)

_COUNTS = (
    ("input", "input_tokens"), ("cache_read", "cache_read_tokens"), ("cache_write", "cache_creation_tokens"), ("output", "output_tokens"),
)  # fmt: skip
_TELLING = ("model", "input_tokens", "output_tokens", "cost_usd")  # of a bare `api_request`, which may be anybody's
_TIMES = ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano")
_NOTHING = Skip("log records of no call")
_OTHER_EVENT = Skip("an event of Claude Code that is no call")


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:  # noqa: ARG001
    """See the module. None where the record is no event of Claude Code."""
    resources = children(record, "resourceLogs", "resource_logs") or ([record] if "scopeLogs" in record else [])
    if resources:
        calls = [call for resource in resources for call in _calls(resource)]
        return calls or _NOTHING
    given = record.get("attributes")
    attrs = attributes(given) if given is not None else record
    event = _event(record, attrs)
    if event is None:
        return None
    resource = record.get("resource", record.get("resources"))
    if type(resource) is dict and type(resource.get("attributes")) in (dict, list):
        resource = resource["attributes"]
    call = _call(record, attrs, event, attributes(resource) if given is not None else {})
    return _OTHER_EVENT if call is None else [call]


def _calls(resource: dict[str, Any]) -> list[Usage]:
    about = resource.get("resource")
    shared = attributes(about.get("attributes")) if type(about) is dict else {}
    calls: list[Usage] = []
    for scope in children(resource, "scopeLogs", "scope_logs"):
        for entry in children(scope, "logRecords", "log_records"):
            attrs = attributes(entry.get("attributes"))
            event = _event(entry, attrs)
            call = _call(entry, attrs, event, shared) if event is not None else None
            if call is not None:
                calls.append(call)
    return calls


def _event(entry: dict[str, Any], attrs: dict[str, Any]) -> str | None:
    """The event's name without the prefix; None where it is not one of Claude Code's."""
    body = entry.get("body")
    body = body.get("stringValue") if type(body) is dict else body
    if type(body) is str and body.startswith("claude_code."):
        return body[12:]
    name = attrs.get("event.name", entry.get("eventName", entry.get("event_name")))
    if type(name) is not str:
        return None
    if name.startswith("claude_code."):
        return name[12:]
    return name if name in ("api_request", "api_error") and any(key in attrs for key in _TELLING) else None


def _call(entry: dict[str, Any], attrs: dict[str, Any], event: str, resource: dict[str, Any]) -> Usage | None:
    if event not in ("api_request", "api_error"):
        return None
    tokens: Tokens = {}
    for meter, key in _COUNTS:
        put(tokens, meter, count(attrs.get(key), key))
    call = Usage(
        words(attrs.get("model")), "anthropic", tokens, context=tier(attrs.get("service_tier"), attrs.get("speed"))
    )
    call.logged_time = attrs.get("event.timestamp")
    if call.logged_time is None:
        call.logged_time = next((entry[key] for key in _TIMES if entry.get(key) not in (None, "0", 0)), None)
    call.reported_usd = usd(attrs.get("cost_usd"))
    call.latency_ns = nanoseconds(_number(attrs.get("duration_ms")), 1e6)
    if event == "api_error":
        call.failure = _failure(attrs)
    else:
        call.without_usage = all(attrs.get(key) is None for _, key in _COUNTS)
    call.id = vendor_id(attrs.get("request_id"))
    if call.id is None and attrs.get("session.id") is not None and attrs.get("event.sequence") is not None:
        call.id, call.id_is_vendors = vendor_id(f"{attrs['session.id']}/{attrs['event.sequence']}"), False
    call.said = said(attrs, resource)
    return call


def _number(value: object) -> object:
    if type(value) is str and len(value) <= 24:
        try:
            return float(value)
        except ValueError:
            return None
    return value


def _failure(attrs: dict[str, Any]) -> Failure:
    code = _number(attrs.get("status_code"))
    told = of_status(int(code)) if isinstance(code, (int, float)) and 100 <= code <= 599 else None
    error = attrs.get("error")
    return told or (of_words(error) if type(error) is str else "other")
