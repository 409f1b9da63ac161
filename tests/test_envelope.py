"""What wraps a record comes off: docker, CRI, SSE, text prefixes, JSON in a message, and sensible combinations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_cost_exporter.types import Part, Rejected, Skip
from tests.reading import MTIME, NOW, as_line, call_of, calls_of, new_reader, outcome_of, outcomes_of, total

RECORD = {"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "app": "shop"}
TEXT = json.dumps(RECORD)


def docker(
    text: str, stream: str = "stdout", time: str = "2026-03-01T10:00:00.130000000Z", **more: Any
) -> dict[str, Any]:
    return {"log": text, "stream": stream, "time": time, **more}


def cri(text: str, stream: str = "stdout", tag: str = "F") -> str:
    return f"2026-03-01T10:00:00.130000000Z {stream} {tag} {text}"


PREFIX = "2026-01-02 03:04:05,678 - api_proxy - INFO - "
DOCKER_TIME = 1772359200.13


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (docker(TEXT + "\n"), DOCKER_TIME),
        (docker(TEXT + "\r\n"), DOCKER_TIME),
        (docker(PREFIX + TEXT + "\n"), 1767323045.678),
        (docker("data: " + TEXT + "\n", attrs={"tag": "x"}), DOCKER_TIME),
        (cri(TEXT), DOCKER_TIME),
        (cri(PREFIX + TEXT), 1767323045.678),
        (cri(TEXT, "stderr"), DOCKER_TIME),
        (cri(TEXT).replace("Z stdout", "+00:00 stdout"), DOCKER_TIME),
        (PREFIX + TEXT, 1767323045.678),
        ("data: " + TEXT, MTIME),
        ("data:" + TEXT, MTIME),
        (docker(json.dumps(docker(TEXT + "\n", time="2026-03-01T10:00:07Z")) + "\n"), 1772359207.0),
    ],
)  # fmt: skip
def test_an_envelope_comes_off(line: Any, time: float) -> None:
    """The record inside is read, and where it has no time the innermost envelope's is the call's."""
    call = call_of(line)
    assert (total(call), call.labels, call.time) == (120, ("shop", ""), time)


def test_the_records_own_time_beats_the_envelopes() -> None:
    """The time inside is nearer to the call than the one outside."""
    assert call_of(docker(json.dumps({**RECORD, "timestamp": 1760000000.5}) + "\n")).time == 1760000000.5


@pytest.mark.parametrize(
    ("prefix", "time"),
    [
        ("2026-01-02 03:04:05,678 - app - INFO - ", 1767323045.678),
        ("[2026-01-02 03:04:05,678] INFO in app: ", 1767323045.678),
        ("2026-01-02T03:04:05.678Z INFO ", 1767323045.678),
        ("2026-01-02T04:04:05.678+01:00\tINFO\t", 1767323045.678),
        ("2026-01-02 03:04:05.678 UTC [7] LOG: ", 1767323045.678),
        ("2026/01/02 03:04:05 usage: ", 1767323045.0),
        ("INFO 2026-01-02 03:04:05,678 app: ", 1767323045.678),
        ("\x1b[32mINFO\x1b[0m \x1b[90m2026-01-02 03:04:05\x1b[0m ", 1767323045.0),
        ("1767323045.678 INFO ", 1767323045.678),
        ("[1767323045678] ", 1767323045.678),
        ("INFO:app:", MTIME),
        ("2026-13-45 99:99:99 INFO ", MTIME),
        ("call {id 7} of {user} done ", MTIME),
        ("thread {} says ", MTIME),
    ],
)  # fmt: skip
def test_text_prefixes(prefix: str, time: float) -> None:
    """Any text before the object is a prefix; the time it begins with is the call's where the record has none."""
    call = call_of(prefix + TEXT)
    assert (total(call), call.time) == (120, time)


def test_a_page_of_records() -> None:
    """Services hand records out in pages: each record is read by itself, with its own id and time; other lists are not entered."""
    azure = {
        "category": "RequestResponse", "resultSignature": "200", "correlationId": "c1", "time": "2026-01-15T10:45:00Z",
        "properties": {"modelDeploymentName": "d", "responseBody": '{"usage": {"prompt_tokens": 9, "completion_tokens": 1}}'},
    }  # fmt: skip
    langfuse = {
        "id": "o1", "traceId": "t", "type": "GENERATION", "startTime": "2026-01-15T10:45:00Z", "usageDetails": {"input": 9, "output": 1},
    }  # fmt: skip
    cloudflare = {
        "id": "l1",
        "tokens_in": 9,
        "tokens_out": 1,
        "created_at": "2026-01-15T10:45:00Z",
        "model": "m",
        "provider": "openai",
    }
    event = {"id": "e1", "timestamp": 1768473900000, "message": TEXT}
    pages: dict[str, dict[str, Any]] = {
        "records": azure, "data": langfuse, "result": cloudflare, "logEvents": event,
    }  # fmt: skip
    for key, record in pages.items():
        one, two = calls_of({key: [record, {**record, "time": "2026-01-16T10:45:00Z"}], "meta": {"page": 1}})
        assert (total(one), total(two)) == ((120, 120) if key == "logEvents" else (10, 10))
        assert one.time == 1768473900.0
    assert isinstance(outcome_of({"data": [RECORD, RECORD]}), Skip)
    for odd in ("x", None, {"time": "2026-01-15T10:45:00Z", "metricName": "TokenTransaction", "total": 15}):
        assert total(call_of({"records": [odd, azure]})) == 10  # costs itself and nothing else
    assert isinstance(outcome_of({"records": ["x", {"metricName": "TokenTransaction"}]}), Skip)


OTHER = json.dumps({"model": "gpt-4o", "prompt_tokens": 7, "completion_tokens": 3})


@pytest.mark.parametrize(
    "line",
    [
        PREFIX + f"[{TEXT}, {OTHER}]",
        f"data: [{TEXT},{OTHER}]",
        {"timestamp": "2026-01-15T10:45:00Z", "message": f"[{TEXT},{OTHER}]"},
        {"timestamp": "2026-01-15T10:45:00Z", "message": PREFIX + f"[{TEXT},{OTHER}]"},
        {"logEvents": [{"id": "1", "timestamp": 1768473900000, "message": f"[{TEXT},{OTHER}]"}]},
        f"[{TEXT},{OTHER}",
        PREFIX + f"{TEXT} {OTHER}",
        PREFIX + f"asked {{}} answered {TEXT} and {OTHER}",
        PREFIX + f'{TEXT} took {{"ms": 5}}, {OTHER}, {{"a": "}} {{"}}',
    ],
)
def test_several_objects_behind_a_prefix(line: Any) -> None:
    """An array, or one object after the other: each is read by itself, none is passed over."""
    assert [total(call) for call in calls_of(line)] == [120, 10]


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-30],
        PREFIX + TEXT[:-30],
        json.dumps(RECORD, indent=1)[:-30],
        f"call {TEXT} done",
        json.dumps(TEXT),
        f"[{TEXT},{OTHER[:-20]}",
        '{"candidates": [], "usageMetadata": {"promptTokenCount": 3',
    ],
)
def test_what_was_torn_inside_a_record_is_told(text: str) -> None:
    """A text of a record that has the key of a usage behind a brace, and is no JSON, may have been spend."""
    found = outcome_of({"timestamp": "2026-01-15T10:45:00Z", "level": "info", "message": text})
    assert isinstance(found, Rejected)
    assert found.reason == "bad_json"


@pytest.mark.parametrize("text", ["Cache {key} has its token", 'retry {"attempt": 3', "use {user} {'usage': 1}"])
def test_other_texts_with_braces_are_no_trouble(text: str) -> None:
    """A prompt, a template or a dict's repr in a message: no alert about those."""
    assert isinstance(outcome_of({"timestamp": "2026-01-15T10:45:00Z", "level": "info", "message": text}), Skip)


@pytest.mark.parametrize(
    "record",
    [
        {"event": "tool_result", "tool": "ask", "tool_result": RECORD},
        {"event": "request", "previous_response": RECORD, "history": RECORD},
        {"type": "item.completed", "item": {"type": "mcp_tool_call", "result": {"structured_content": RECORD}, "status": "completed"}},
        {"name": "execute_tool ask", "attributes": {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.result": RECORD}},
        {"type": "tool", "content": "x", "artifact": RECORD, "tool_call_id": "c"},
        {"role": "user", "message": TEXT},
    ],
)  # fmt: skip
def test_what_a_tool_or_a_person_says_is_no_call(record: dict[str, Any]) -> None:
    """Usage in a tool's result, in an echo of an earlier answer or in a chat message is not the log's own."""
    assert isinstance(outcome_of({"timestamp": "2026-01-15T10:45:00Z", **record}), Skip)


@pytest.mark.parametrize("end", ["", " ", "\r", "\x1b[0m", ",", ";", "]", ")", "  \x1b[39;49m ", "\x00\x00"])
def test_a_clean_end(end: str) -> None:
    """What terminals, arrays and brackets leave behind the object does no harm."""
    assert total(call_of(TEXT + end)) == 120
    assert total(call_of("INFO (" + TEXT + end)) == 120


@pytest.mark.parametrize("begin", ["\ufeff", " ", "\t", "\x00" * 5000, "\x1e", "["])
def test_a_beginning_that_is_none_of_the_records(begin: str) -> None:
    """Byte order marks, white space and the NULs of a truncated file are no part of the record."""
    assert total(call_of(begin + TEXT)) == 120


@pytest.mark.parametrize(
    "line",
    [
        TEXT[:-1], TEXT[: len(TEXT) // 2], '{"a"', "{not json}", TEXT + TEXT, TEXT + " trailing words", "{" + "}" * 5, '{"a": tokens}',
        "{'model': 'm', 'prompt_tokens': 5}", PREFIX + "{'model': 'm', 'prompt_tokens': 5}", PREFIX + TEXT[:-1],
        cri(TEXT[:-1]), docker(TEXT[:-1] + "\n"), "INFO {bad} usage",
    ],
)  # fmt: skip
def test_a_record_that_is_torn_is_rejected(line: Any) -> None:
    """What begins as an object and is none, and text with a sign of usage behind a brace, may have been spend."""
    assert outcome_of(line) == Rejected("bad_json")


@pytest.mark.parametrize(
    "line",
    [
        "", "   ", "INFO:app:not json at all", "{'a': 1}", PREFIX + "{'a': 1}", PREFIX + "GET / 200", "tokens used: 5", "usage {xxxxxxxxx}", "the usage was 5 {",
        ": ping", "event: message_start", "data: [DONE]", "[1, 2, 3]", "\x00\x00\x00", docker("plain text\n"), docker("\n"), cri(""), cri("plain"),
        '"a string"', "null", "12", '{"a": 1}', "{}", docker(""),
    ],
)  # fmt: skip
def test_other_lines_are_skipped(line: Any) -> None:
    """Text without a sign of usage costs nothing and raises no alarm."""
    assert isinstance(outcome_of(line), Skip | Part)


def test_too_deep() -> None:
    """Nesting past what can be decoded is told apart from what is no JSON."""
    assert outcome_of('{"a":' * 5000 + "1" + "}" * 5000) == Rejected("too_deep")
    assert outcome_of(PREFIX + '{"a":' * 5000 + "1" + "}" * 5000) == Rejected("too_deep")
    assert outcome_of('{"a":' + "[" * 100_000 + "]" * 100_000 + "}") == Rejected("too_deep")


@pytest.mark.parametrize(
    "text",
    [
        b'{"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "score": NaN, "limit": Infinity}',
        b'{"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "said": "\xff\xfe caf\xe9"}',
        b'{"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "said": "\\ud83d"}',
        b'{"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "said": "a\x01b\x1b"}',
        b'{"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "big": 1e999, "bigger": 123456789012345678901234567890}',
    ],
)  # fmt: skip
def test_json_that_is_not_to_the_letter(text: bytes) -> None:
    """NaN, broken UTF-8, half surrogate pairs and control characters elsewhere in a record do not cost its usage."""
    assert total(call_of(text)) == 120
    assert total(call_of(PREFIX.encode() + text)) == 120


def test_json_in_a_message() -> None:
    """CloudWatch's message, and a logger's message that is itself JSON, is read; its own time comes first."""
    inside = json.dumps({**RECORD, "timestamp": "2026-03-01T10:00:00.5Z"})
    assert call_of({"timestamp": 1772359207000, "message": inside, "id": "3"}).time == 1772359200.5
    outside = call_of(
        {"asctime": "2026-03-01 10:00:00,123", "levelname": "INFO", "message": json.dumps(RECORD), "team": "search"}
    )
    assert (total(outside), outside.time, outside.labels) == (120, 1772359200.123, ("shop", "search"))
    assert total(call_of({"time": 1772359207000, "msg": PREFIX + TEXT})) == 120


def test_a_message_that_journald_writes_as_bytes() -> None:
    """Colours in a line, or what is no UTF-8, make journald write a list of bytes: as it is read as text."""
    around = {"__REALTIME_TIMESTAMP": "1772359200123456", "_SYSTEMD_UNIT": "shop.service"}
    coloured = f"\x1b[32mINFO\x1b[0m {TEXT}"
    call = call_of({**around, "MESSAGE": list(coloured.encode() + b"\x1b[0m")})
    assert (total(call), call.labels, call.time) == (120, ("shop", ""), 1772359200.123456)
    assert total(call_of({**around, "MESSAGE": list(b"\xe9 " + TEXT.encode())})) == 120
    for odd in ([], [123, 34, 256], [123, "a"], [TEXT], [1.5, 123]):
        assert isinstance(outcome_of({**around, "MESSAGE": odd}), Skip)


def test_a_chat_message_is_no_logged_record() -> None:
    """Without a logger's time, JSON in a message is what somebody said."""
    assert isinstance(outcome_of({"role": "user", "message": TEXT}), Skip)


def test_a_torn_record_in_a_message() -> None:
    """A record that was cut off inside a message may have been spend; a sentence with braces was not."""
    assert outcome_of({"timestamp": 1772359207000, "message": TEXT[:-3]}) == Rejected("bad_json", "in message")
    assert isinstance(outcome_of({"timestamp": 1772359207000, "message": "tokens in {braces} and so on"}), Skip)


def test_a_record_over_several_lines() -> None:
    """Indented JSON gives no call, and says of each record what would be right."""
    found = [each for each in outcomes_of(*json.dumps(RECORD, indent=2).splitlines()) if isinstance(each, Rejected)]
    assert [(each.reason, each.detail.partition("; ")[2]) for each in found] == [
        ("bad_json", "one line a record would be right")
    ]


def test_fluent_bit_puts_keys_beside_dockers() -> None:
    """A record with docker's keys and others is read, and its labels are taken where the record inside has none."""
    around = docker(
        json.dumps({"model": "m", "prompt_tokens": 1, "completion_tokens": 2}) + "\n",
        app="from-around",
        kubernetes={"pod_name": "p"},
    )
    call = call_of(around)
    assert (total(call), call.labels) == (3, ("from-around", ""))
    marked = [docker('{"model": "m", "prompt_tokens": 1, ', _p="P"), docker('"completion_tokens": 2}', _p="F")]
    part, found = outcomes_of(*marked)
    assert isinstance(part, Part)
    assert isinstance(found, list)


def fluentd(text: str, source: str = "stdout", container: str = "3e8a", **more: Any) -> dict[str, Any]:
    return {"container_id": container, "container_name": "/shop", "source": source, "log": text, **more}


@pytest.mark.parametrize(
    ("before", "more", "time"),
    [
        ("2026-03-01 10:00:00 +0000 docker.3e8a: ", {}, 1772359200.0),
        ("2026-03-01T10:00:00+00:00\tdocker.3e8a\t", {}, 1772359200.0),
        ("docker.3e8a: [1772359200.500000000, ", {}, 1772359200.5),
        ("[0] docker.3e8a: [[1772359200.500000000, {}], ", {}, 1772359200.5),
        ("", {}, MTIME),
        ("", {"@timestamp": "2026-03-01T10:00:00.5Z"}, 1772359200.5),
        ("", {"date": 1772359200.5}, 1772359200.5),
    ],
    ids=["stdout", "file", "fluent-bit", "fluent-bit's stdout", "bare", "with a time", "with fluent-bit's time"],
)
def test_dockers_driver_for_fluentd(before: str, more: dict[str, Any], time: float) -> None:
    """What the driver sends, as fluentd and Fluent Bit write it to their output."""
    line = before + json.dumps(fluentd(TEXT, **more)) + ("]" if "[" in before else "")
    call = call_of(line)
    assert (total(call), call.labels, call.time) == (120, ("shop", ""), time)


def test_parts_of_dockers_driver_for_fluentd() -> None:
    """It marks the parts of a long line, and those of several containers may take turns."""
    one, two, three = TEXT[:30], TEXT[30:60], TEXT[60:]
    part = {"partial_message": "true", "partial_id": "i"}
    outcomes = outcomes_of(
        fluentd(one, **part, partial_ordinal="1", partial_last="false"),
        fluentd(one, container="77ff", **part),
        fluentd(TEXT, "stderr"),
        fluentd(two, **part, partial_ordinal="2", partial_last="false"),
        fluentd(three, **part, partial_ordinal="3", partial_last="true"),
        fluentd(two + three, container="77ff"),
    )
    assert [type(outcome) for outcome in outcomes] == [Part, Part, list, Part, list, list]
    assert [total(call) for outcome in outcomes if isinstance(outcome, list) for call in outcome] == [120] * 3


@pytest.mark.parametrize("key", ["message", "log", "msg"])
def test_a_line_that_a_shipper_made_a_record_of(key: str) -> None:
    """A record of one text alone is a line as some shipper read it: fluentd's and Fluent Bit's parsers that parse nothing."""
    call = call_of("2026-03-01T10:00:00+00:00\tapp\t" + json.dumps({key: TEXT}))
    assert (total(call), call.time) == (120, 1772359200.0)
    assert isinstance(outcome_of({key: "used 5 tokens"}), Skip)


def test_an_applications_own_log_key_is_no_envelope() -> None:
    """A usage record that happens to have `log`, `time` or `stream` keys is read as what it is."""
    assert total(call_of({**RECORD, "log": "call done", "time": 1760000000})) == 120
    assert total(call_of({**RECORD, "stream": True})) == 120
    assert total(call_of({**RECORD, "log": {"level": "info"}})) == 120
    assert total(call_of({**RECORD, "log": "call done", "source": "worker", "container_id": "3e8a"})) == 120


def test_what_explain_shows_of_envelopes() -> None:
    """The reader tells what came off, outermost first, and where the time was from."""
    reader = new_reader()
    reader.read(as_line(docker(PREFIX + TEXT + "\n")), 0, MTIME, NOW)
    assert (reader.envelopes, reader.time_source, reader.format) == (
        ("docker", "text prefix"),
        "envelope",
        "plain_prompt",
    )
    reader.read(as_line("plain"), 100, MTIME, NOW)
    assert (reader.envelopes, reader.format) == ((), None)
