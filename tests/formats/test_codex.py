"""Codex: cumulative counters of rollouts and of `codex exec --json`."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Part, Skip, Usage
from tests.reading import as_line, new_reader, outcomes_of, total

COUNTED = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)


def counts(into: int, cached: int, out: int, reasoning: int, written: int = 0) -> dict[str, int]:
    """A usage as Codex writes it."""
    return {**dict(zip(COUNTED, (into, cached, written, out, reasoning), strict=True)), "total_tokens": into + out}


def meta(session: str = "a", second: int = 0, **more: Any) -> dict[str, Any]:
    """The head of a file."""
    when = f"2026-09-24T00:00:{second:02}.000Z"
    return {
        "timestamp": when,
        "type": "session_meta",
        "payload": {"id": session, "timestamp": when, "model_provider": "openai", **more},
    }


def turn(model: str = "gpt-5.6-luna") -> dict[str, Any]:
    """The beginning of a turn."""
    return {"timestamp": "2026-09-24T00:00:01Z", "type": "turn_context", "payload": {"turn_id": "t1", "model": model}}


def event(total_: dict[str, int] | None, last: dict[str, int] | None, second: int = 30) -> dict[str, Any]:
    """A token_count."""
    info = None if last is None and total_ is None else {"total_token_usage": total_, "last_token_usage": last}
    return {
        "timestamp": f"2026-09-24T00:00:{second:02}.500Z",
        "type": "event_msg",
        "payload": {"type": "token_count", "info": info},
    }


def usage_record(usage: dict[str, int], thread: dict[str, int] | None, response: str = "resp_1") -> dict[str, Any]:
    """A token_usage_record."""
    payload: dict[str, Any] = {"response_id": response, "usage": usage}
    if thread is not None:
        payload["thread_token_usage"] = thread
    return {"timestamp": "2026-09-24T00:00:31Z", "type": "token_usage_record", "payload": payload}


A, B = counts(100, 80, 20, 10), counts(160, 120, 35, 15)
LAST = counts(60, 40, 15, 5)


def calls(*records: dict[str, Any]) -> list[Usage]:
    """The calls of a file, the repeats that the accounting would drop by their ids left out."""
    seen: dict[str | None, Usage] = {}
    found: list[Usage] = []
    for outcome in outcomes_of(*records):
        for call in outcome if isinstance(outcome, list) else []:
            if call.id is None or call.id not in seen:
                found.append(call)
            seen[call.id] = call
    return found


def test_the_growth_is_counted() -> None:
    """Totals that repeat add nothing; model and provider come from the lines before."""
    first, second = calls(meta(), turn(), event(None, None), event(A, A), event(A, A), event(B, LAST))
    assert first.tokens == {"input": 20, "cache_read": 80, "output": 10, "reasoning": 10}
    assert second.tokens == {"input": 20, "cache_read": 40, "output": 10, "reasoning": 5}
    assert (second.model, second.provider) == ("gpt-5.6-luna", "openai")


def test_over_a_restart() -> None:
    """Totals, model and thread are saved with the position."""
    reader = new_reader()
    for record in (meta(), turn(), event(A, A)):
        reader.read(as_line(record), 0, 0, 1.8e9)
    again = new_reader(state=reader.state)
    assert isinstance(again.read(as_line(event(A, A)), 0, 0, 1.8e9), Part)
    found = again.read(as_line(event(B, LAST)), 0, 0, 1.8e9)
    assert isinstance(found, list)
    assert (total(found[0]), found[0].model) == (75, "gpt-5.6-luna")


def test_both_kinds_of_record_are_one_call() -> None:
    """token_count and token_usage_record of one call count once, in either order, with or without the thread's totals."""
    for thread_a, thread_b in ((A, B), (None, None)):
        ra, rb = usage_record(A, thread_a), usage_record(LAST, thread_b, "resp_2")
        ea, eb = event(A, A), event(B, LAST)
        for records in ((ea, ra, ea, eb, eb, rb), (ra, ea, ea, rb, eb), (ea, ea, ra, rb, eb, eb)):
            assert [total(call) for call in calls(meta(), turn(), *records)] == [120, 75]
    assert [call.id for call in calls(meta(), usage_record(A, None), usage_record(LAST, None, "resp_2"))] == [
        "resp_1",
        "resp_2",
    ]


def test_keys_of_a_usage_record_stand_beside_the_payload() -> None:
    """Versions differ in where they put them."""
    flat = {
        "type": "token_usage_record",
        "timestamp": "2026-09-24T00:00:31Z",
        "response_id": "resp_9",
        "usage": A,
        "thread_token_usage": A,
    }
    nested = {"type": "event_msg", "payload": {"type": "token_usage_record", "response_id": "resp_9", "usage": A}}
    for record in (flat, nested):
        (call,) = calls(record)
        assert (call.id, total(call)) == ("resp_9", 120)


def test_a_file_that_begins_in_the_middle() -> None:
    """Of totals that have more than their last call, the rest is in another log. A record of that same call counts nothing."""
    late = counts(9000, 8000, 700, 100)
    assert [total(call) for call in calls(turn(), event(late, LAST))] == [75]
    assert [total(call) for call in calls(turn(), usage_record(LAST, None), event(late, LAST))] == [75]
    assert [total(call) for call in calls(turn(), event(late, None))] == [9700]


def test_counters_that_began_anew() -> None:
    """Totals that went back: the last call is counted, not a negative growth. Totals that were there before are a repeat."""
    c = counts(50, 10, 5, 0)
    assert [total(call) for call in calls(meta(), event(B, B), event(c, c), event(A, LAST))] == [195, 55, 65]
    assert [total(call) for call in calls(meta(), event(A, A), event(B, LAST), event(A, A), event(B, LAST))] == [
        120,
        75,
    ]


def test_a_fork_replays_its_parent() -> None:
    """What a fork begins with is its parent's: by its times, or by the ids that both files give."""
    parent = [meta("a"), turn(), event(A, A), event(B, LAST)]
    c = counts(200, 130, 40, 15)
    own = event(c, counts(40, 10, 5, 0), second=59)
    for replay in ([event(A, A, 40), event(B, LAST, 40)], [event(A, A, 10), event(B, LAST, 12)]):
        for head in (
            [meta("f", 40, forked_from_id="a")],
            [meta("f", 40), meta("a", 40)],
            [meta("f", 40, forked_from_id="a"), meta("a", 40)],
        ):
            assert [total(call) for call in calls(*head, turn(), *replay, own)] == [45]
            assert [total(call) for call in calls(*parent, *head, turn(), *replay, own)] == [120, 75, 45]
    slow = [event(A, A, 50), event(B, LAST, 50)]  # written later than a fork is: the ids tell
    assert [total(call) for call in calls(*parent, meta("f", 40, forked_from_id="a"), *slow, own)] == [120, 75, 45]


def test_two_threads_in_one_file() -> None:
    """Another thread has counters of its own, and the same counts are another call."""
    assert [
        total(call) for call in calls(meta("a"), event(A, A), meta("b"), event(A, A), meta("b"), event(B, LAST))
    ] == [120, 120, 75]


def test_a_usage_record_counts_its_own_usage() -> None:
    """A subagent's records have totals of their own thread, which are not the growth of the other's."""
    lines = [
        usage_record(counts(60, 0, 15, 0), counts(60, 0, 15, 0), "resp_a1"),
        usage_record(counts(50, 0, 5, 0), counts(500, 0, 50, 0), "resp_b1"),
        usage_record(counts(70, 0, 5, 0), counts(130, 0, 20, 0), "resp_a2"),
    ]
    found = [call for outcome in outcomes_of(meta(), turn(), *lines) if isinstance(outcome, list) for call in outcome]
    assert [total(call) for call in found] == [75, 55, 75]


def test_exec_without_an_optional_key_has_not_gone_back() -> None:
    """A version that leaves reasoning out goes on counting all the same."""
    later = {
        key: value
        for key, value in counts(250, 160, 50, 0).items()
        if key in {"input_tokens", "cached_input_tokens", "output_tokens"}
    }
    outcomes = outcomes_of(
        {"type": "thread.started", "thread_id": "t"},
        {"type": "turn.completed", "usage": counts(100, 60, 20, 4)}, {"type": "turn.completed", "usage": later},
    )  # fmt: skip
    assert [total(call) for outcome in outcomes if isinstance(outcome, list) for call in outcome] == [120, 180]


def test_other_lines_are_no_calls() -> None:
    """What was said in a rollout is not searched for usage."""
    said = {
        "type": "response_item",
        "payload": {"type": "function_call_output", "output": {"usage": {"prompt_tokens": 5, "completion_tokens": 5}}},
    }
    assert isinstance(outcomes_of(said)[0], Skip)


def exec_events(thread: str, *totals: dict[str, int]) -> list[dict[str, Any]]:
    """A run of codex exec."""
    return [
        {"type": "thread.started", "thread_id": thread},
        *({"type": "turn.completed", "usage": each} for each in totals),
    ]


def test_exec_counts_turns_and_the_growth_of_a_thread_taken_up_again() -> None:
    """A thread that goes on repeats what it had."""
    records = [*exec_events("a", A), *exec_events("b", A), *exec_events("a", B), *exec_events("a", B)]
    assert [total(call) for call in calls(*records)] == [120, 120, 75]
    (call,) = calls(*exec_events("c", {"input_tokens": 50, "cached_input_tokens": 20, "output_tokens": 5}))
    assert (call.tokens, call.model, call.provider) == ({"input": 30, "cache_read": 20, "output": 5}, None, "openai")


def test_a_turn_without_usage_and_one_that_failed() -> None:
    """A failed turn is a failed call; one without usage a call whose spend can't be told."""
    (call,) = calls({"type": "turn.completed", "usage": None})
    assert (call.without_usage, call.tokens) == (True, {})
    (call,) = calls({"type": "turn.failed", "error": {"message": "stream error: 429 Too Many Requests"}})
    assert (call.failure, call.tokens) == ("rate_limited", {})


STEPS = st.tuples(
    st.integers(1, 9000),
    st.floats(0, 1),
    st.integers(0, 900),
    st.floats(0, 1),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(STEPS, max_size=8))
def test_the_calls_add_up_to_the_totals(steps: list[tuple[int, float, int, float, int, bool, bool]]) -> None:
    """However often events are repeated and in whatever order the records come, the calls add up to the thread's totals."""
    running = [0] * 4
    records = [meta(), turn()]
    for number, (into, share, out, thought, repeats, record_first, told) in enumerate(steps):
        last = (into, int(into * share), out, int(out * thought))
        running = [old + new for old, new in zip(running, last, strict=True)]
        count = event(counts(*running), counts(*last))
        record = usage_record(counts(*last), counts(*running) if told else None, f"resp_{number}")
        records += [record, count] if record_first else [count, record]
        records += [count] * repeats
    found = calls(*records)
    assert all(amount > 0 for call in found for amount in call.tokens.values())
    assert sum(map(total, found)) == running[0] + running[2]
    assert sum(call.tokens.get("cache_read", 0) for call in found) == running[1]
    assert len(found) == len(steps)
