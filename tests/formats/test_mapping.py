"""Logs of one's own, read by a mapping."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.config.model import DEFAULT_LABEL_PATHS
from llm_cost_exporter.formats.counts import BadCountError
from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.mapping import check_mapping, parse
from llm_cost_exporter.mapping.calls import CallReader
from llm_cost_exporter.mapping.entry import MappedEntry
from llm_cost_exporter.mapping.settings import KEYS
from llm_cost_exporter.record import Outcome, RecordReader
from llm_cost_exporter.types import METERS, Rejected, Skip, Usage
from tests.reading import MTIME, NOW, as_line

SENT: dict[str, Any] = {
    "where": "event == 'message_send'", "model": "properties.main_model", "time": "time", "input": "properties.prompt_tokens",
    "output": "properties.completion_tokens", "cost": "properties.cost",
}  # fmt: skip
RECORD: dict[str, Any] = {
    "event": "message_send",
    "properties": {
        "main_model": "gemini/gemini-2.5-pro",
        "prompt_tokens": 10006,
        "completion_tokens": 81,
        "cost": 0.0133175,
    },
    "user_id": "u-1",
    "time": 1755100406,
}


def reader(
    mapping: dict[str, Any], *, static: dict[str, str] | None = None, names: tuple[str, ...] = ("user",)
) -> RecordReader:
    labels = LabelReader((*DEFAULT_LABEL_PATHS, *names), DEFAULT_LABEL_PATHS, static)
    return MappedEntry(mapping, labels).file("/var/log/own.jsonl")


def outcome_of(record: Any, mapping: dict[str, Any] = SENT) -> Outcome:
    return reader(mapping).read(as_line(record), 0, MTIME, NOW)


def call_of(record: Any, mapping: dict[str, Any] = SENT) -> Usage:
    found = outcome_of(record, mapping)
    assert isinstance(found, list), found
    (call,) = found
    return call


def test_what_the_mapping_names_is_read() -> None:
    """Model, time, tokens and the record's own cost come from where the mapping says."""
    call = call_of(RECORD)
    assert (call.model, call.provider) == ("gemini/gemini-2.5-pro", None)
    assert call.tokens == {"input": 10006, "output": 81}
    assert call.time == 1755100406
    assert call.reported_usd == 13_317_500_000_000_000_000_000
    assert call.id is None
    assert not call.without_usage


def test_lines_that_where_does_not_choose_are_skipped() -> None:
    """Another event is no call, whatever it holds."""
    assert isinstance(outcome_of({**RECORD, "event": "message_send_starting"}), Skip)
    assert isinstance(outcome_of({}), Skip)
    assert isinstance(outcome_of("a line of text"), Skip)


@pytest.mark.parametrize("bad", [-1, 1.5, True, "many", [], 10_000_000_001])
def test_a_chosen_line_that_cant_be_read_is_rejected(bad: object) -> None:
    """A count that is none rejects the line with the mapping's key, and never with what stood there."""
    record = {**RECORD, "properties": {**RECORD["properties"], "prompt_tokens": bad}}
    assert outcome_of(record) == Rejected("bad_count", "input")


def test_a_chosen_line_whose_time_cant_be_read_is_rejected() -> None:
    """Rather than being counted on a wrong day."""
    assert outcome_of({**RECORD, "time": "yesterday"}) == Rejected("bad_time")


def test_a_mapped_time_stands_instead_of_the_usual_keys() -> None:
    """Another key may be anything's time; only a record without the mapped one is timed by it."""
    mapping = {"input": "n", "time": "sent"}
    assert call_of({"n": 1, "timestamp": 1760000000, "sent": "2026-01-02T03:04:05Z"}, mapping).time == 1767323045
    assert outcome_of({"n": 1, "timestamp": 1760000000, "sent": "soon"}, mapping) == Rejected("bad_time")
    assert call_of({"n": 1, "timestamp": 1760000000, "sent": None}, mapping).time == 1760000000


def test_a_torn_line_is_rejected() -> None:
    """Half a record may have been a call."""
    assert isinstance(outcome_of(as_line(RECORD)[:-20]), Rejected)


def test_a_chosen_line_without_counts_is_a_call_without_usage() -> None:
    """Its spend can't be told, which must be seen; zeros are counts."""
    assert call_of({**RECORD, "properties": {"main_model": "gpt-4o"}}).without_usage
    assert not call_of({**RECORD, "properties": {"prompt_tokens": 0, "completion_tokens": 0}}).without_usage


def test_without_where_a_line_counts_that_has_a_count_or_a_cost() -> None:
    """Other lines of the log are skipped."""
    mapping = {key: value for key, value in SENT.items() if key != "where"}
    assert call_of({"properties": {"completion_tokens": 3}}, mapping).tokens == {"output": 3}
    assert call_of({"properties": {"cost": "0.25"}}, mapping).reported_usd == 25 * 10**22
    assert isinstance(outcome_of({"properties": {"main_model": "gpt-4o"}}, mapping), Skip)


@pytest.mark.parametrize(
    ("where", "counts"),
    [
        ("event == 'message_send'", True),
        ("event=='message_send'", True),
        ("event != 'message_send'", False),
        ("event == 'message_send' && properties.prompt_tokens > `10000`", True),
        ("event == 'message_send' && properties.prompt_tokens > `20000`", False),
        ("event == 'other' || user_id == 'u-1'", True),
        ("!(event == 'message_send')", False),
        ("starts_with(event, 'message_')", True),
        ("starts_with(missing, 'message_')", False),
        ("properties.prompt_tokens", True),
        ("properties.nothing", False),
        ("contains(['a', 'message_send'], event)", True),
        ("\"a key\" != 'x'", True),
        ("\"user_id\" == 'u-1'", True),
    ],
)
def test_conditions(where: str, counts: bool) -> None:
    """Conditions are JMESPath; one that fails on a line does not choose it."""
    assert isinstance(outcome_of(RECORD, {**SENT, "where": where}), list) is counts


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("tokens", {"tokens": 7}),
        ("a.b.c", {"a": {"b": {"c": 7}}}),
        ("a.b.c", {"a.b.c": 7}),
        ("a.b.c", {"a": {"b.c": 7}}),
        ("a.b.c", {"a.b": {"c": 7}}),
        ("a.b.c", {"a": {"b": None}, "a.b": {"c": 7}}),
        ("@meta.tok-en", {"@meta": {"tok-en": 7}}),
        ("Input Tokens", {"Input Tokens": 7}),
        ('"Tokens (in)".n', {"Tokens (in)": {"n": 7}}),
        ('"a.b"', {"a.b": 7}),
        ("calls[0].n", {"calls": [{"n": 7}]}),
        ("sum(calls[*].n)", {"calls": [{"n": 3}, {"n": 4}]}),
        ("a || b", {"b": 7}),
        ("max([a, b])", {"a": 5, "b": 7}),
    ],
)
def test_paths(path: str, record: dict[str, Any]) -> None:
    """A path is a key, keys with dots between them (or in them), or JMESPath."""
    assert call_of(record, {"input": path}).tokens == {"input": 7}


@pytest.mark.parametrize(
    ("settings", "record", "tokens"),
    [
        ({}, {"i": 100, "r": 40}, {"input": 60, "cache_read": 40}),
        ({"input_includes_cache": True}, {"i": 100, "r": 40}, {"input": 60, "cache_read": 40}),
        ({"input_includes_cache": False}, {"i": 100, "r": 40}, {"input": 100, "cache_read": 40}),
        ({}, {"i": 10, "r": 40}, {"input": 10, "cache_read": 40}),
        ({"input_includes_cache": True}, {"i": 10, "r": 40}, {"cache_read": 10}),
        ({}, {"r": 40}, {"cache_read": 40}),
        ({}, {"i": 100, "w5": 10, "w1": 20}, {"input": 70, "cache_write_5m": 10, "cache_write_1h": 20}),
        ({}, {"i": 100, "w": 50, "w5": 10, "w1": 20},
         {"input": 50, "cache_write": 20, "cache_write_5m": 10, "cache_write_1h": 20}),
        ({"input_includes_cache": False}, {"i": 100, "r": 5, "w": 50}, {"input": 100, "cache_read": 5, "cache_write": 50}),
        ({}, {"o": 100, "q": 60}, {"output": 40, "reasoning": 60}),
        ({"output_includes_reasoning": False}, {"o": 100, "q": 60}, {"output": 100, "reasoning": 60}),
        ({}, {"o": 10, "q": 60}, {"output": 10, "reasoning": 60}),
        ({}, {"i": 100, "ai": 30, "ii": 10, "o": 50, "ao": 20},
         {"input": 60, "audio_input": 30, "image_input": 10, "output": 30, "audio_output": 20}),
        ({}, {"i": "100", "o": "50.0"}, {"input": 100, "output": 50}),
    ],
)  # fmt: skip
def test_kinds_are_disjoint(settings: dict[str, bool], record: dict[str, Any], tokens: dict[str, int]) -> None:
    """What a total includes is taken out of it, as the mapping says or else where it can be; each token counts once."""
    paths = {
        "input": "i", "output": "o", "cache_read": "r", "cache_write": "w", "cache_write_5m": "w5", "cache_write_1h": "w1",
        "reasoning": "q", "audio_input": "ai", "image_input": "ii", "audio_output": "ao",
    }  # fmt: skip
    assert call_of(record, {**paths, **settings}).tokens == tokens


COUNT = st.none() | st.integers(0, 10**6)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(("input", "output", "cache_read", "cache_write", "cache_write_5m", "reasoning"), COUNT)
    ),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, True, False]),
)
def test_no_token_is_lost_or_counted_twice(
    record: dict[str, int | None], cache: bool | None, reasoning: bool | None
) -> None:
    """Counts are positive, of known meters, and add up to what the totals say."""
    mapping = {key: key for key in record}
    settings = {"input_includes_cache": cache, "output_includes_reasoning": reasoning}
    call = CallReader(parse({**mapping, **{key: value for key, value in settings.items() if value is not None}})).read(
        record
    )
    if call is None:
        assert not any(value is not None for value in record.values())
        return
    assert all(count > 0 and meter in METERS for meter, count in call.tokens.items())
    said = {key: value or 0 for key, value in record.items()}
    cached = said["cache_read"] + max(said["cache_write"], said["cache_write_5m"])
    within = record["input"] is not None and (cache or (cache is None and cached <= said["input"]))
    thought_within = record["output"] is not None and (
        reasoning or (reasoning is None and said["reasoning"] <= said["output"])
    )
    whole = said["input"] + (0 if within else cached) + said["output"] + (0 if thought_within else said["reasoning"])
    assert sum(call.tokens.values()) == whole


def test_names_may_be_constants() -> None:
    """A log of one model need not name it."""
    call = call_of({"n": 5}, {"input": "n", "model": {"value": "gpt-4o"}, "provider": {"value": "azure"}})
    assert (call.model, call.provider) == ("gpt-4o", "azure")


@pytest.mark.parametrize(
    ("value", "call_id", "vendors"),
    [
        ("chatcmpl-AbCdEfGh123", "chatcmpl-AbCdEfGh123", True),
        ("job-7", "job-7", False),
        (17, "17", False),
        ({}, None, True),
    ],
)
def test_ids(value: object, call_id: str | None, vendors: bool) -> None:
    """An id in a vendor's form is global, any other is its source entry's own."""
    call = call_of({"n": 5, "id": value}, {"input": "n", "id": "id"})
    assert (call.id, call.id_is_vendors) == (call_id, vendors)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (200, None), ("200", None), ("ok", None), (True, None), (None, None), ("stop", None),
        (429, "rate_limited"), ("504", "timeout"), (500.0, "server_error"), (404, "client_error"), ("error", "other"),
        ("rate_limit_exceeded", "rate_limited"), ("timeout", "timeout"), (False, "other"), ({"type": "overloaded_error"}, "server_error"),
    ],
)  # fmt: skip
def test_statuses(status: object, failure: str | None) -> None:
    """HTTP statuses, words, flags and error objects tell whether a call failed, and why."""
    call = call_of({"n": 5, "s": status}, {"input": "n", "status": "s"})
    assert call.failure == failure
    failed = call_of({"s": status}, {"input": "n", "status": "s", "where": "s != 'x'"})
    assert failed.without_usage is (failure is None)


@pytest.mark.parametrize(
    ("key", "value", "nanoseconds"),
    [
        ("latency_ms", 812.4, 812_400_000), ("latency_s", 2, 2_000_000_000), ("latency_ms", "12", 12_000_000),
        ("latency_s", -1, None), ("latency_s", "slow", None), ("latency_s", float("nan"), None), ("latency_s", 1e9, None),
        ("latency_s", True, None), ("latency_s", "inf", None),
    ],
)  # fmt: skip
def test_latencies(key: str, value: object, nanoseconds: int | None) -> None:
    """A latency has the unit of its key; one that can't be read is none, and costs nothing else."""
    assert call_of(as_line({"n": 5, "t": value}), {"input": "n", key: "t"}).latency_ns == nanoseconds


def test_service_tier() -> None:
    """A batch has other prices, where the mapping tells of it."""
    assert call_of({"n": 5, "t": "batch"}, {"input": "n", "service_tier": "t"}).context == (("processing", "batch"),)


def test_labels_of_the_mapping_stand_between_fixed_ones_and_the_record() -> None:
    """Fixed labels of the source beat the mapping's, and these the usual keys."""
    mapping = {"input": "n", "labels": {"user": "who[0]", "app": "product", "team": "squad"}}
    line = as_line({"n": 5, "who": ["ann\n"], "product": "chat", "app": "other", "team": "core"})
    found = reader(mapping, static={"app": "fixed"}).read(line, 0, MTIME, NOW)
    assert isinstance(found, list)
    assert found[0].labels == ("fixed", "core", "ann")


def test_nothing_is_guessed_of_a_mapped_record() -> None:
    """Keys that the mapping does not name are not read: they may mean anything."""
    call = call_of(
        {"n": 5, "cost": 3, "latency_ms": 5, "status": 500, "request_id": "r", "model": "gpt-4o", "prompt_tokens": 9},
        {"input": "n"},
    )
    assert (call.model, call.reported_usd, call.latency_ns, call.failure, call.id) == (None, None, None, None, None)
    assert call.tokens == {"input": 5}


def test_a_time_is_found_without_being_mapped() -> None:
    """The usual keys, then what wraps the record, then the line before."""
    mapped = reader({"input": "n"})
    times = []
    for line in (
        {"n": 1, "timestamp": "2026-01-02T03:04:05Z"},
        {"n": 1},
        b'2026-01-02 03:04:06,500 - app - INFO - {"n": 1}',
    ):
        found = mapped.read(as_line(line), 0, MTIME, NOW)
        assert isinstance(found, list)
        times.append(found[0].time)
    assert times == [1767323045.0, 1767323045.0, 1767323046.5]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: json.dumps({"log": text + "\n", "stream": "stdout", "time": "2026-01-02T03:04:05Z"}),
        lambda text: f"2026-01-02T03:04:05.678901234Z stdout F {text}",
        lambda text: f"INFO - {text}",
        lambda text: json.dumps({"timestamp": 1767323045000, "message": text}),
    ],
    ids=["docker", "CRI", "prefix", "CloudWatch"],
)
def test_what_wraps_a_record_comes_off_first(wrap: Any) -> None:
    """Paths are those of the application's own record, however it got into the file."""
    call = call_of(wrap(json.dumps(RECORD)))
    assert call.tokens == {"input": 10006, "output": 81}
    assert call.time == 1755100406


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcde"), inner, max_size=4)))  # fmt: skip
def test_any_record_has_one_outcome(value: Any) -> None:
    """Whatever stands where something is looked for, reading never raises and no count is negative."""
    mapping = {
        "where": "a || b", "model": "a", "provider": "b.c", "time": "c", "input": "a.b", "output": "b || c", "cost": "d", "id": "e",
        "status": "a", "latency_s": "b", "cache_read": "length(c)", "reasoning": "d.e", "service_tier": "a", "labels": {"user": "c.d"},
    }  # fmt: skip
    found = reader(mapping).read(as_line({"a": value, "b": value, "c": value, "d": value, "e": value}), 0, MTIME, NOW)
    assert not (isinstance(found, Rejected) and "defect" in found.detail)
    if isinstance(found, list):
        assert all(count > 0 for count in found[0].tokens.values())


WRONG: dict[str, tuple[dict[Any, Any], str]] = {
    "misspelt": ({"inputs": "a"}, "inputs: unknown key; did you mean 'input'?"),
    "no text": ({5: "a"}, "5: unknown key; "),
    "nothing": ({}, "maps neither tokens nor a cost; input: and output:, with where they stand, would be right"),
    "number": ({"input": 5}, "input: must be where the value stands in the record, such as usage.input_tokens"),
    "empty": ({"input": " "}, "input: must be where the value stands"),
    "list": ({"input": ["a"]}, "input: must be where the value stands"),
    "long": ({"input": "a" * 2000}, "input: is longer than 1024 characters"),
    "syntax": ({"input": "a[", "where": "x"}, "input: can't be read at ''; texts stand in single quotes"),
    "python": ({"input": "a", "where": "a and b == c"}, "where: can't be read at 'and b == c'"),
    "words": ({"input": "a", "where": "a and b"}, "where: can't be read at 'and b'"),
    "words before": ({"input": "a", "where": "not a == 'b'"}, "where: can't be read at"),
    "a bare number": ({"input": "a", "where": "a > 0"}, "where: can't be read at '0'; texts stand in single quotes ('ok'), numbers in backquotes"),
    "double quotes": ({"input": "a", "where": 'event == "x"'}, "where: has a key in double quotes after == where a text is likely meant"),
    "bool": ({"input": "a", "where": True}, "where: must be a condition, such as event == 'message_send'"),
    "function": ({"input": "a", "where": "start_with(a, 'b')"}, "where: 'start_with' is no function of JMESPath; did you mean 'starts_with'?"),
    "arguments": ({"input": "a", "where": "a && contains(b)"}, "where: contains() takes 2 arguments, not 1"),
    "parentheses": ({"input": "(" * 1000}, "input: can't be read"),
    "a model for a path": ({"input": "a", "model": "gpt-4o"}, "model: 'gpt-4o' looks like a model's own name; {value: gpt-4o} would be right if it is one"),
    "a constant": ({"input": "a", "model": {"values": "x"}}, "model: must be a path of the record or a fixed name; {value: gpt-4o} would be right"),
    "a constant count": ({"input": {"value": 5}}, "input: must be where the value stands"),
    "flag": ({"input": "a", "input_includes_cache": "yes"}, "input_includes_cache: must be true or false"),
    "two latencies": ({"input": "a", "latency_ms": "b", "latency_s": "c"}, "latency_s: stands beside latency_ms; one of them would be right"),
    "labels": ({"input": "a", "labels": "b"}, "labels: must be a mapping (label: path); {user: properties.user_id} would be right"),
    "a label's name": ({"input": "a", "labels": {"pod": "b"}}, "labels: pod is a scrape target's own label; another name, such as log_pod, would be right"),
    "a label's path": ({"input": "a", "labels": {"user": 5}}, "labels: user: must be where the value stands"),
    "a part without its whole": ({"output": "a", "audio_input": "b"}, "audio_input: is a part of input, which is not mapped"),
    "csv": ({"input": "a", "csv": "yes"}, 'csv: must be true or a delimiter of one character; {delimiter: ";"} would be right'),
    "a long delimiter": ({"input": "a", "csv": {"delimiter": "||"}}, "csv: must be true or a delimiter of one character"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_is_told_in_one_line(name: str) -> None:
    """With the key, and what would be right."""
    mapping, says = WRONG[name]
    with pytest.raises(ValueError) as bad:
        check_mapping(mapping)
    assert says in str(bad.value)
    assert "\n" not in str(bad.value)


def test_every_key_is_documented() -> None:
    """A key that docs/mapping.md does not explain is one that nobody can use."""
    docs = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}`" not in docs] == []


@given(st.text(max_size=30))
def test_any_path_is_taken_or_refused(text: str) -> None:
    """No text in a configuration ends in anything but a mapping or a ValueError."""
    for mapping in ({"input": text}, {"input": "a", "where": text}):
        try:
            found = parse(mapping)
        except ValueError:
            continue
        with suppress(BadCountError):  # `@` is the record itself, and that is no count
            CallReader(found).read({"a": 5})
