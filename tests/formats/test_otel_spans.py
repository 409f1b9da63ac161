"""Spans of OpenTelemetry, in the forms that exporters write them in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip
from tests.reading import MTIME, NOW, as_line, by_kind, call_of, calls_of, new_reader, outcome_of, total

END = 1780000005_500000000
CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5", "gen_ai.response.model": "gpt-5-2025-08-07",
    "gen_ai.response.id": "chatcmpl-OTEL", "gen_ai.usage.input_tokens": 2000, "gen_ai.usage.cache_read.input_tokens": 1500,
    "gen_ai.usage.cache_write.input_tokens": 100, "gen_ai.usage.output_tokens": 300, "gen_ai.usage.reasoning.output_tokens": 120,
}  # fmt: skip
TOKENS = {"input": 400, "cache_read": 1500, "cache_write": 100, "output": 180, "reasoning": 120}
PLAIN = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
}
AGENT = {**PLAIN, "gen_ai.operation.name": "invoke_agent"}


def otlp_attributes(attrs: dict[str, Any]) -> list[dict[str, Any]]:
    def value(given: Any) -> dict[str, Any]:
        return {"intValue": str(given)} if isinstance(given, int) else {"stringValue": given}

    return [{"key": key, "value": value(given)} for key, given in attrs.items()]


def span(attrs: dict[str, Any], number: str = "a1", parent: str = "", **more: Any) -> dict[str, Any]:
    return {
        "traceId": "5b8a", "spanId": number, "parentSpanId": parent, "name": "chat gpt-5", "startTimeUnixNano": str(END - 5_500_000_000),
        "endTimeUnixNano": str(END), "attributes": otlp_attributes(attrs), "status": {}, **more,
    }  # fmt: skip


def otlp(*spans: dict[str, Any], service: str = "checkout") -> dict[str, Any]:
    resource = {"attributes": otlp_attributes({"service.name": service})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def test_a_line_of_otlp() -> None:
    """Counts are strings, input includes the cached ones; time, latency, id and the service's name are the span's own."""
    call = call_of(otlp(span(CHAT)))
    assert call.tokens == TOKENS
    assert (call.model, call.provider, call.id, call.id_is_vendors) == (
        "gpt-5-2025-08-07",
        "openai",
        "chatcmpl-OTEL",
        True,
    )
    assert (call.time, call.latency_ns, call.labels) == (1780000005.5, 5_500_000_000, ("checkout", ""))


def python_console() -> dict[str, Any]:
    return {
        "name": "chat gpt-5", "context": {"trace_id": "0x5b8a", "span_id": "0xa1", "trace_state": "[]"}, "kind": "SpanKind.CLIENT",
        "parent_id": None, "start_time": "2026-05-28T20:26:40.000000Z", "end_time": "2026-05-28T20:26:45.500000Z", "status": {"status_code": "UNSET"},
        "attributes": CHAT, "events": [], "links": [], "resource": {"attributes": {"service.name": "checkout"}, "schema_url": ""},
    }  # fmt: skip


def javascript_console() -> dict[str, Any]:
    return {
        "resource": {"attributes": {"service.name": "checkout"}}, "traceId": "5b8a", "name": "chat gpt-5", "id": "a1", "kind": 2,
        "timestamp": 1780000000000000, "duration": 5500000, "attributes": CHAT, "status": {"code": 0}, "events": [], "links": [],
    }  # fmt: skip


def go_stdout() -> dict[str, Any]:
    def typed(attrs: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"Key": k, "Value": {"Type": "INT64" if type(v) is int else "STRING", "Value": v}} for k, v in attrs.items()
        ]

    return {
        "Name": "chat gpt-5", "SpanContext": {"TraceID": "5b8a", "SpanID": "a1"}, "Parent": {"TraceID": "0" * 32, "SpanID": "0" * 16},
        "StartTime": "2026-05-28T20:26:40Z", "EndTime": "2026-05-28T20:26:45.5Z", "Attributes": typed(CHAT), "Status": {"Code": "Unset"},
        "Resource": typed({"service.name": "checkout"}),
    }  # fmt: skip


def nested_attributes() -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in CHAT.items():
        at = nested
        *path, last = key.split(".")
        for part in path:
            at = at.setdefault(part, {})
        if isinstance(at, dict):
            at[last] = value
    return {"traceId": "5b8a", "spanId": "a1", "startTime": "2026-05-28T20:26:40Z", "endTime": "2026-05-28T20:26:45.5Z", "attributes": nested,
            "resource": {"service.name": "checkout"}}  # fmt: skip


@pytest.mark.parametrize("make", [python_console, javascript_console, go_stdout, nested_attributes])
def test_single_spans_of_the_sdks(make: Any) -> None:
    """The console exporters write a span with its attributes in forms of their own."""
    call = call_of(make())
    assert call.tokens == TOKENS
    assert (call.model, call.id, call.latency_ns, call.labels) == (
        "gpt-5-2025-08-07", "chatcmpl-OTEL", 5_500_000_000, ("checkout", ""),
    )  # fmt: skip


def test_attributes_as_keys_of_a_record() -> None:
    """A record that has the names on its top level is read as well, with or without `attributes.` in front."""
    assert call_of({"timestamp": "2026-05-28T20:26:45Z", **CHAT}).tokens == TOKENS
    assert call_of({f"attributes.{key}": value for key, value in CHAT.items()}).tokens == TOKENS


@pytest.mark.parametrize(
    ("attrs", "tokens"),
    [
        (
            {"gen_ai.system": "anthropic", "gen_ai.usage.prompt_tokens": 1167, "gen_ai.usage.completion_tokens": 187, "llm.usage.total_tokens": 1354,
             "gen_ai.usage.cache_read_input_tokens": 1163, "gen_ai.usage.cache_creation_input_tokens": 0},
            {"input": 4, "cache_read": 1163, "output": 187},
        ),
        (
            {"gen_ai.usage.input_tokens": 21, "gen_ai.usage.output_tokens": 5, "gen_ai.usage.cache_read_input_tokens": 1886},
            {"input": 21, "cache_read": 1886, "output": 5},
        ),
        (
            {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 100, "llm.token_count.completion": 50,
             "llm.token_count.total": 150, "llm.token_count.prompt_details.cache_read": 60, "llm.token_count.prompt_details.cache_write": 10,
             "llm.token_count.completion_details.reasoning": 30, "llm.token_count.prompt_details.audio": 5},
            {"input": 25, "cache_read": 60, "cache_write": 10, "audio_input": 5, "output": 20, "reasoning": 30},
        ),
        (
            {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50, "gen_ai.usage.audio.input_tokens": 40,
             "gen_ai.usage.audio.cache_read.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 30, "gen_ai.usage.audio.output_tokens": 20},
            {"input": 40, "cache_read": 20, "cache_read_audio": 10, "audio_input": 30, "output": 30, "audio_output": 20},
        ),
    ],
)  # fmt: skip
def test_older_and_other_names(attrs: dict[str, Any], tokens: dict[str, int]) -> None:
    """OpenLLMetry's, OpenInference's and the newest names are read; where the cached ones are more than the input they came on top."""
    assert call_of(otlp(span(attrs))).tokens == tokens


SDK_SPAN = {
    "ai.operationId": "ai.streamText.doStream",
    "gen_ai.system": "anthropic.messages",
    "gen_ai.request.model": "claude-opus-4-6",
}


@pytest.mark.parametrize(
    ("attrs", "tokens"),
    [
        (
            {"gen_ai.usage.input_tokens": 650_361, "ai.usage.inputTokens": 650_361, "ai.usage.outputTokens": 369, "ai.usage.cachedInputTokens": 649_452,
             "ai.usage.inputTokenDetails.cacheReadTokens": 649_452, "ai.usage.inputTokenDetails.cacheWriteTokens": 907},
            {"input": 2, "cache_read": 649_452, "cache_write": 907, "output": 369},
        ),
        (
            {"gen_ai.usage.input_tokens": 9, "ai.usage.inputTokens": 9, "ai.usage.outputTokens": 5, "ai.usage.cachedInputTokens": 50_000},
            {"input": 9, "cache_read": 50_000, "output": 5},
        ),
        (
            {"ai.usage.promptTokens": 9, "ai.usage.completionTokens": 5, "ai.response.providerMetadata": '{"anthropic": {"cacheReadInputTokens": 40}}'},
            {"input": 9, "cache_read": 40, "output": 5},
        ),
        (
            {"gen_ai.system": "google.generative-ai", "gen_ai.request.model": "gemini-2.5-flash", "ai.usage.inputTokens": 100, "ai.usage.outputTokens": 50,
             "ai.usage.reasoningTokens": 1000, "ai.usage.totalTokens": 1150},
            {"input": 100, "output": 50, "reasoning": 1000},
        ),
        ({"ai.operationId": "ai.embed.doEmbed", "ai.usage.tokens": 7}, {"input": 7}),
    ],
    ids=["v6", "v5", "v4", "v5 of Google", "embedding"],
)  # fmt: skip
def test_spans_of_vercels_sdk(attrs: dict[str, Any], tokens: dict[str, int]) -> None:
    """The SDK's own counts say more than the two that it repeats under the conventions' names."""
    assert call_of(otlp(span({**SDK_SPAN, **attrs}))).tokens == tokens


@pytest.mark.parametrize(
    ("attrs", "tokens"),
    [
        (
            {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read_input_tokens": 500, "gen_ai.usage.cache_write_input_tokens": 2500,
             "gen_ai.usage.output_tokens": 200, "gen_ai.usage.total_tokens": 4200},
            {"input": 1000, "cache_read": 500, "cache_write": 2500, "output": 200},
        ),
        (
            {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200, "gen_ai.usage.prompt_tokens_details.cache_read": 800,
             "gen_ai.usage.completion_tokens_details.reasoning": 100},
            {"input": 200, "cache_read": 800, "output": 100, "reasoning": 100},
        ),
        (
            {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200, "gen_ai.usage.input_token_details": '{"cache_read": 800}',
             "gen_ai.usage.output_token_details": "{broken"},
            {"input": 200, "cache_read": 800, "output": 200},
        ),
        (
            {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200, "gen_ai.usage.details.input_audio_tokens": 800,
             "gen_ai.usage.details.output_audio_tokens": 150},
            {"input": 200, "audio_input": 800, "output": 50, "audio_output": 150},
        ),
    ],
    ids=["Strands", "OpenLIT", "LangSmith", "pydantic-ai"],
)  # fmt: skip
def test_details_of_other_instrumentations(attrs: dict[str, Any], tokens: dict[str, int]) -> None:
    """Each has names of its own for what was cached, written, thought or spoken."""
    assert call_of(otlp(span({"gen_ai.request.model": "m", **attrs}))).tokens == tokens


@pytest.mark.parametrize("system", ["strands-agents", "autogen", "pydantic_ai", "spring_ai"])
def test_an_agents_framework_is_no_provider(system: str) -> None:
    """It says who instruments, not who serves the model."""
    attrs = {"gen_ai.system": system, "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 5}
    assert call_of(otlp(span(attrs))).provider is None


def test_agents_do_not_count_again_what_their_calls_do() -> None:
    """A span with an agent's, chain's or tool's operation or kind is no call; nor is any above one that is."""
    calls = calls_of(otlp(span(AGENT, "1"), span(PLAIN, "2", "1"), span(PLAIN, "3", "1")))
    assert [call.id for call in calls] == ["5b8a/2", "5b8a/3"]
    for wrapper in (
        AGENT,
        {"openinference.span.kind": "AGENT", "llm.token_count.prompt": 5},
        {"traceloop.span.kind": "workflow", "gen_ai.usage.input_tokens": 5},
        {"ai.operationId": "ai.generateText", "gen_ai.usage.input_tokens": 5},
    ):
        assert isinstance(outcome_of(otlp(span(wrapper))), Skip)
        assert isinstance(outcome_of({"attributes": wrapper, "traceId": "5b8a", "spanId": "9"}), Skip)
    unnamed = {"gen_ai.usage.input_tokens": 15}
    assert len(calls_of(otlp(span(unnamed, "1"), span({}, "2", "1"), span(PLAIN, "3", "2")))) == 1


def test_a_parent_on_a_later_line_does_not_count_again() -> None:
    """Children end first, so that a span which comes after them on a line of its own is known for their parent."""
    reader = new_reader()
    lines = [otlp(span(PLAIN, "3", "2")), {**span({"x": 1}, "2", "1")}, {**span(PLAIN, "1")}, {**span(PLAIN, "7")}]
    found = [reader.read(as_line(line), at, MTIME, NOW) for at, line in enumerate(lines)]
    assert [len(each) if isinstance(each, list) else 0 for each in found] == [1, 0, 0, 1]


def test_failures() -> None:
    """A span whose status is an error is a failed call, with the reason of its error.type."""
    failed = {key: value for key, value in CHAT.items() if "usage" not in key}
    call = call_of(otlp(span({**failed, "error.type": "429"}, status={"code": 2, "message": "x"})))
    assert (call.failure, call.tokens, call.without_usage) == ("rate_limited", {}, False)
    assert call_of(otlp(span(CHAT, status={"code": "STATUS_CODE_ERROR"}))).failure == "other"
    assert call_of(otlp(span(CHAT, status={"code": 2, "message": "deadline exceeded"}))).failure == "timeout"
    assert call_of({**python_console(), "status": {"status_code": "ERROR"}}).failure == "other"
    assert call_of(otlp(span(CHAT, status={"code": 1}))).failure is None


def test_a_call_without_counts_is_a_call_without_usage() -> None:
    """A chat span that was never given its usage is spend that the trace can't tell; other spans are nothing."""
    without = {key: value for key, value in CHAT.items() if "usage" not in key}
    assert call_of(otlp(span(without))).without_usage
    assert isinstance(outcome_of(otlp(span({"http.request.method": "GET"}))), Skip)
    assert isinstance(outcome_of({"attributes": {"color": "red"}, "name": "GET /"}), Skip)


def test_spans_of_one_line_have_their_own_times_and_labels() -> None:
    """Each span keeps its time, and the service of its own resource."""
    late = span(PLAIN, "b", endTimeUnixNano=str(END + 60_000_000_000))
    both = {"resourceSpans": otlp(span(PLAIN))["resourceSpans"] + otlp(late, service="search")["resourceSpans"]}
    assert [(call.time, call.labels[0]) for call in calls_of(both)] == [
        (1780000005.5, "checkout"),
        (1780000065.5, "search"),
    ]


def test_metrics_are_no_calls() -> None:
    """The sums of gen_ai.client.token.usage give nothing."""
    point = {
        "attributes": otlp_attributes({"gen_ai.token.type": "input", "gen_ai.request.model": "gpt-4o"}),
        "sum": 450,
        "count": "3",
    }
    metric = {"name": "gen_ai.client.token.usage", "histogram": {"dataPoints": [point]}}
    assert isinstance(
        outcome_of({"resourceMetrics": [{"resource": {}, "scopeMetrics": [{"metrics": [metric]}]}]}), Skip
    )


COUNTS = st.integers(0, 10_000)


@given(into=COUNTS, out=COUNTS, read=COUNTS, written=COUNTS, reasoning=COUNTS, audio=COUNTS)
def test_meters_add_up(into: int, out: int, read: int, written: int, reasoning: int, audio: int) -> None:
    """The meters add up to input and output, with the cached ones where they can't be in it; none is negative."""
    attrs = {
        "gen_ai.usage.input_tokens": into, "gen_ai.usage.output_tokens": out, "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written, "gen_ai.usage.reasoning.output_tokens": reasoning,
        "gen_ai.usage.audio.input_tokens": audio,
    }  # fmt: skip
    call = call_of(otlp(span(attrs)))
    assert total(call) == into + out + (read + written if read + written > into else 0)
    assert all(count > 0 for count in by_kind(call).values())
