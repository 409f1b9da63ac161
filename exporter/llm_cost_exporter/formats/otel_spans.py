"""Spans of OpenTelemetry: the GenAI conventions, current and old, OpenLLMetry's and OpenInference's names.

    {"resourceSpans": [{"resource": {"attributes": […]}, "scopeSpans": [{"spans": [{"traceId": …, "spanId": …, "name": "chat gpt-5.6",
        "endTimeUnixNano": "1790824593533010900", "attributes": [
            {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "2000"}}, …]}]}]}]}

One line of OTLP JSON with any number of spans, as a collector's file exporter writes it; a single span with its `attributes`, as the
console exporters of the SDKs and ClickHouse's table have it; or a record with such names as keys of its own.

- Input INCLUDES cached and cache-written tokens, as the conventions ask for. Where the cached ones are more, or the span's own
  total says so, they came on top. Output INCLUDES reasoning, unless the total says otherwise.
- A span that repeats what its children say is not counted: those of agents, workflows, chains and tools by their operation or kind,
  and any other that is the parent (or its parent, and so on) of a span that is counted, in the same line or a later one. An
  application that only traces its agents has no span that counts.
- id: gen_ai.response.id; else trace and span. A span of a model's call without counts is a call without usage.
- Labels are looked for in the span's attributes, then in the resource's (`service.name`).
- Metrics (`resourceMetrics`) are sums, no calls: nothing is read.

A line of OTLP has 1 to 2 KB of JSON a span, in lists that have to be walked: about 50,000 spans a second.

Source: open-telemetry/semantic-conventions-genai docs/gen-ai, openllmetry-semantic-conventions, openinference spec.
"""

from __future__ import annotations

from typing import Any

from llm_cost_exporter.formats.counts import detail
from llm_cost_exporter.formats.fields import tier, usd, vendor_id, words
from llm_cost_exporter.formats.otel import attributes, children, failure_of, said, span_of_time
from llm_cost_exporter.formats.otel_usage import INPUT, OUTPUT, has_counts, tokens_of
from llm_cost_exporter.types import FileState, Skip, Usage

__all__ = ["KEYS", "NAME", "read"]

NAME = "otel_spans"
KEYS = (
    frozenset(("resourceSpans",)),
    frozenset(("resource_spans",)),
    frozenset(("scopeSpans",)),
    frozenset(("attributes",)),
    frozenset(("Attributes", "SpanContext")),
    frozenset(("SpanAttributes",)),
    *(frozenset((key,)) for key in (*INPUT, *OUTPUT)),
    *(frozenset((f"attributes.{key}",)) for key in (*INPUT, *OUTPUT)),
)

_STATE_KEY = "otel_parents"
_MOST_PARENTS = 512
_MOST_STEPS = 64
_WRAPPERS = frozenset(
    ("invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "agent", "workflow", "tool", "task", "chain", "plan", "retrieval")
)  # fmt: skip
_MODEL_OPERATIONS = frozenset(("chat", "text_completion", "completion", "generate_content", "embeddings"))
_CALL_KINDS = frozenset(("LLM", "EMBEDDING", "RERANKER"))
_MODELS = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name", "ai.model.id")
_PROVIDERS = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider")
_NO_PROVIDERS = frozenset(
    (
        "_other", "other", "unknown", "langchain", "langgraph", "llamaindex", "llama_index", "crewai", "haystack", "strands-agents", "autogen", "agno",
        "dspy", "semantic_kernel", "semantic-kernel", "microsoft.agent_framework", "pydantic_ai", "pydantic-ai", "spring_ai", "smolagents",
        "openai_agents", "gcp.vertex.agent",
    )
)  # fmt: skip
_COSTS = ("gen_ai.usage.total_cost", "gen_ai.usage.cost", "llm.cost.total", "operation.cost")
_TIERS = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")
_NOTHING = Skip("spans of no model's calls")

Span = tuple[dict[str, Any], dict[str, Any], dict[str, Any], str | None]
"""A span, its attributes, those of its resource, and its trace and number."""


def read(record: dict[str, Any], state: FileState) -> list[Usage] | Skip | None:
    """See the module. None where the record is no trace."""
    resources = children(record, "resourceSpans", "resource_spans")
    if resources:
        return _calls([span for resource in resources for span in _spans(resource)], state) or _NOTHING
    scoped = _spans(record) if "scopeSpans" in record else []
    if scoped:
        return _calls(scoped, state) or _NOTHING
    single = _single(record)
    # One that repeats its children's must not be found again in the object that holds its attributes.
    return _calls([single], state) or (_NOTHING if has_counts(single[1]) else None)


def _spans(resource: dict[str, Any]) -> list[Span]:
    shared = attributes(detail(resource, "resource").get("attributes"))
    scopes = children(resource, "scopeSpans", "scope_spans", "instrumentationLibrarySpans")
    return [
        (span, attributes(span.get("attributes")), shared, _key(span))
        for scope in scopes
        for span in children(scope, "spans")
    ]


def _single(record: dict[str, Any]) -> Span:
    given = record.get("attributes", record.get("Attributes", record.get("SpanAttributes")))
    if given is None:
        prefix = "attributes."
        own = {key.removeprefix(prefix): value for key, value in record.items()}
        return record, own, {}, _key(record)
    resource = record.get("resource", record.get("Resource", record.get("ResourceAttributes")))
    if type(resource) is dict and type(resource.get("attributes")) in (dict, list):
        resource = resource["attributes"]
    return record, attributes(given), attributes(resource), _key(record)


def _calls(spans: list[Span], state: FileState) -> list[Usage]:
    """The calls among `spans`, without those that only repeat their children's."""
    known = {key: _parent(span, key) for span, _, _, key in spans}
    models = [entry for entry in spans if _is_call(entry[1], entry[3])]
    above: set[str] = set()
    outside: list[str] = []
    for _, _, _, number in models:
        at = known[number]
        for _ in range(_MOST_STEPS):
            if at is None:
                break
            above.add(at)
            if at not in known:
                outside.append(at)
                break
            at = known[at]
    seen: dict[str, int] = state.get(_STATE_KEY, {})
    if seen:
        for key, parent in known.items():
            if key is not None and seen.pop(key, None) is not None:
                above.add(key)
                if parent is not None:
                    seen[parent] = 1
    calls = [_call(*entry) for entry in models if entry[3] not in above]
    for key in outside:
        seen[key] = 1
    while len(seen) > _MOST_PARENTS:
        del seen[next(iter(seen))]
    if seen:
        state[_STATE_KEY] = seen
    else:
        state.pop(_STATE_KEY, None)
    return calls


def _is_call(attrs: dict[str, Any], key: str | None) -> bool:
    kind = attrs.get("openinference.span.kind")
    operation = attrs.get("gen_ai.operation.name")
    if type(kind) is str and kind.upper() not in _CALL_KINDS:
        return False
    for wrapper in (operation, attrs.get("traceloop.span.kind")):
        if type(wrapper) is str and wrapper.lower() in _WRAPPERS:
            return False
    sdk = attrs.get(
        "ai.operationId"
    )  # Vercel's AI SDK: ai.generateText is around one or more ai.generateText.doGenerate
    if type(sdk) is str and ".do" not in sdk:
        return False
    if has_counts(attrs):
        return True
    # A call without counts must be a span, and say what it is: an event or a record of attributes may be anything.
    is_call = (type(operation) is str and operation.lower() in _MODEL_OPERATIONS) or kind == "LLM"
    return is_call and key is not None and any(words(attrs.get(name)) for name in _MODELS)


def _call(span: dict[str, Any], attrs: dict[str, Any], resource: dict[str, Any], key: str | None) -> Usage:
    model, provider = _model(span, attrs), _provider(attrs)
    call = Usage(model, provider, tokens_of(attrs, provider, model), failure=failure_of(span, attrs))
    call.logged_time, call.latency_ns = span_of_time(span)
    call.id = vendor_id(attrs.get("gen_ai.response.id"))
    if call.id is None:
        call.id, call.id_is_vendors = key, False
    for name in _TIERS:
        if name in attrs:
            call.context = tier(attrs[name])
    for name in _COSTS:
        if name in attrs and call.reported_usd is None:
            call.reported_usd = usd(attrs[name])
    call.without_usage = not call.tokens and call.failure is None and not has_counts(attrs)
    call.said = said(attrs, resource)
    return call


def _model(span: dict[str, Any], attrs: dict[str, Any]) -> str | None:
    for key in _MODELS:
        name = words(attrs.get(key))
        if name is not None:
            return name
    operation, name = attrs.get("gen_ai.operation.name"), words(span.get("name"))
    if type(operation) is str and name is not None and name.startswith(operation + " "):
        return words(name[len(operation) + 1 :])
    return None


def _provider(attrs: dict[str, Any]) -> str | None:
    for key in _PROVIDERS:
        name = words(attrs.get(key))
        if name is not None and name.lower() not in _NO_PROVIDERS:
            return name
    return None


def _key(span: dict[str, Any]) -> str | None:
    """Trace and span id of a span, as one; None where it names none."""
    context = span.get("context", span.get("SpanContext"))
    own = context if type(context) is dict else span
    trace = _first(own, "traceId", "trace_id", "TraceID", "TraceId")
    if trace is None and own is not span:
        trace = _first(span, "traceId", "trace_id")
    number = _first(own, "spanId", "span_id", "SpanID", "SpanId") or (_first(span, "id") if trace else None)
    return None if trace is None or number is None else f"{trace}/{number}"


def _parent(span: dict[str, Any], key: str | None) -> str | None:
    above = span.get("Parent", span.get("parentSpanContext"))
    if type(above) is dict:
        number = _first(above, "SpanID", "spanId")
    else:
        number = _first(span, "parentSpanId", "parent_id", "parent_span_id", "ParentSpanId", "parentId")
    if key is None or number is None or not number.strip("0"):
        return None
    return f"{key.partition('/')[0]}/{number}"


def _first(record: dict[str, Any], *keys: str) -> str | None:
    for key in keys:
        value = record.get(key)
        if type(value) is str and 0 < len(value) <= 128:
            return value.removeprefix("0x")
    return None
