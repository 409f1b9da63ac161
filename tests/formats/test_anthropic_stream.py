"""Anthropic's stream events."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.types import Skip, Usage
from tests.reading import MTIME, NOW, as_line, calls_of, new_reader, outcomes_of


def start(
    call_id: str | None = "msg_1", into: int = 472, out: int = 2, model: str = "claude-opus-4-8", **usage: Any
) -> dict[str, Any]:
    usage = {"input_tokens": into, "output_tokens": out, "service_tier": "standard", **usage}
    return {
        "type": "message_start",
        "message": {"id": call_id, "type": "message", "role": "assistant", "model": model, "usage": usage},
    }


def delta(out: int, stop: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": out, **usage}}


CACHED: dict[str, Any] = {
    "cache_creation_input_tokens": 188, "cache_read_input_tokens": 1886,
    "cache_creation": {"ephemeral_5m_input_tokens": 188, "ephemeral_1h_input_tokens": 0},
}  # fmt: skip


def calls(*records: Any) -> list[Usage]:
    return [call for found in outcomes_of(*records) if isinstance(found, list) for call in found]


def merged(found: list[Usage]) -> dict[str | None, dict[str, int]]:
    """What counting the largest of each meter by id gives, as the ledger does."""
    sums: dict[str | None, dict[str, int]] = {}
    for call in found:
        tokens = sums.setdefault(call.id, {})
        for meter, count in call.tokens.items():
            tokens[meter] = max(count, tokens.get(meter, 0))
    return sums


def test_start_gives_the_call_and_delta_continues_it() -> None:
    """An interrupted stream has counted its input; the delta gives the same id in the same meters, as a continuation."""
    first, last = calls(
        start(**CACHED), delta(89, input_tokens=472, cache_creation_input_tokens=188, cache_read_input_tokens=1886)
    )
    assert first.tokens == {"input": 472, "cache_read": 1886, "cache_write_5m": 188, "output": 2}
    assert last.tokens == {"input": 472, "cache_read": 1886, "cache_write_5m": 188, "output": 89}
    assert (first.id, first.continues, last.id, last.continues) == ("msg_1", False, "msg_1", True)
    assert (last.model, last.provider) == ("claude-opus-4-8", "anthropic")


def test_older_deltas_have_the_output_only() -> None:
    """A delta that says nothing of the input takes nothing back."""
    assert merged(calls(start(**CACHED), delta(89))) == {
        "msg_1": {"input": 472, "cache_read": 1886, "cache_write_5m": 188, "output": 89}
    }  # fmt: skip


def test_thinking_told_at_the_end_is_not_counted_twice() -> None:
    """Output that was counted before its thinking was told stays output; the sum is the vendor's total."""
    found = merged(calls(start(out=5), delta(100, output_tokens_details={"thinking_tokens": 98})))
    assert found == {"msg_1": {"input": 472, "output": 5, "reasoning": 95}}


def test_deltas_are_cumulative() -> None:
    """Several deltas of a stream count what the last one says."""
    found = merged(calls(start(), delta(10, stop=None), delta(30, stop=None), delta(89)))
    assert found == {"msg_1": {"input": 472, "output": 89}}


def test_other_events_of_a_stream_are_skipped() -> None:
    """Text, pings and stops carry no usage; what a model writes is not read."""
    said = {
        "type": "content_block_start",
        "content_block": {"type": "tool_use", "input": {"prompt_tokens": 5, "completion_tokens": 5}},
    }
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": '{"input_tokens": 5}'}}
    for found in outcomes_of(said, text, {"type": "ping"}, {"type": "message_stop"}):
        assert isinstance(found, Skip)


def test_interleaved_streams_are_told_apart_by_their_input() -> None:
    """A delta that repeats its input goes to the stream that began with it."""
    found = merged(calls(start("msg_a", 10), start("msg_b", 20), delta(7, input_tokens=10), delta(9, input_tokens=20)))
    assert found == {"msg_a": {"input": 10, "output": 7}, "msg_b": {"input": 20, "output": 9}}


def test_interleaved_streams_of_older_deltas_add_up() -> None:
    """Where nothing tells two streams apart, the sum over both is right all the same."""
    found = merged(calls(start("msg_a", 10), start("msg_b", 20), delta(7), delta(9)))
    assert sum(sum(tokens.values()) for tokens in found.values()) == 10 + 20 + 7 + 9


def test_an_interrupted_stream_does_not_take_the_next_ones_end() -> None:
    """After a stream that never ended, the next delta is the next stream's."""
    found = merged(calls(start("msg_a", 10), start("msg_b", 20), delta(9)))
    assert found == {"msg_a": {"input": 10, "output": 2}, "msg_b": {"input": 20, "output": 9}}


def test_a_delta_without_a_start_in_sight() -> None:
    """A log that begins in mid-stream has tokens of a call without id and model."""
    (call,) = calls_of(delta(9, input_tokens=20))
    assert (call.tokens, call.id, call.model, call.provider) == ({"input": 20, "output": 9}, None, None, "anthropic")


def test_a_start_without_an_id_counts_once() -> None:
    """Without an id start and end can't be joined, so only the end counts."""
    (call,) = calls(start(None), delta(5, stop=None), delta(9))
    assert (call.tokens, call.continues) == ({"input": 472, "output": 9}, False)


def test_compaction_and_advisor_in_a_stream() -> None:
    """What a delta's iterations have beside the top level is counted once, though deltas repeat it."""
    compaction = {"type": "compaction", "input_tokens": 100, "output_tokens": 50}
    advisor = {"type": "advisor_message", "model": "claude-opus-4-9", "input_tokens": 7, "output_tokens": 8}
    both: dict[str, Any] = {"iterations": [compaction, advisor]}
    found = merged(calls(start(), delta(10, stop=None, **both), delta(20, **both)))
    assert found == {"msg_1": {"input": 572, "output": 70}, "msg_1/advisor-1": {"input": 7, "output": 8}}


def test_the_state_outlives_a_restart() -> None:
    """A stream that began before a restart ends after it with its id and model; the state is JSON and holds no text."""
    reader = new_reader()
    reader.read(as_line(start(**CACHED)), 0, MTIME, NOW)
    state = json.loads(json.dumps(reader.state))
    found = new_reader(state=state).read(as_line(delta(89)), 500, MTIME, NOW)
    assert isinstance(found, list)
    assert (found[0].id, found[0].model, found[0].tokens["cache_write_5m"], found[0].continues) == (
        "msg_1",
        "claude-opus-4-8",
        188,
        True,
    )


def test_the_state_is_bounded() -> None:
    """Streams that never end are forgotten, the oldest first."""
    reader = new_reader()
    for number in range(1000):
        reader.read(as_line(start(f"msg_{number}")), number, MTIME, NOW)
    assert len(json.dumps(reader.state)) < 20_000
    found = reader.read(as_line(delta(5)), 1000, MTIME, NOW)
    assert isinstance(found, list)
    assert found[0].id == "msg_999"


def test_the_state_is_empty_after_the_end() -> None:
    """An ended stream leaves nothing behind."""
    reader = new_reader()
    for offset, record in enumerate((start(), delta(5))):
        reader.read(as_line(record), offset, MTIME, NOW)
    assert reader.state == {}


COUNTS = st.integers(0, 5000)


@given(first=COUNTS, outs=st.lists(COUNTS, min_size=1, max_size=5), thinking=COUNTS, written=COUNTS, split=COUNTS)
def test_a_merge_by_meters_gives_the_vendors_total(
    first: int, outs: list[int], thinking: int, written: int, split: int
) -> None:
    """However output, thinking and written tokens come, what is counted in the end is what the last event says."""
    outs = sorted([first, *outs])
    begin = start(
        out=outs[0],
        cache_creation_input_tokens=written,
        cache_creation={"ephemeral_5m_input_tokens": min(split, written)},
    )
    deltas = [delta(out, None, output_tokens_details={"thinking_tokens": min(thinking, out)}) for out in outs[1:]]
    final = delta(
        outs[-1],
        cache_creation_input_tokens=written,
        output_tokens_details={"thinking_tokens": min(thinking, outs[-1])},
    )
    (tokens,) = merged(calls(begin, *deltas, final)).values()
    assert all(count > 0 for count in tokens.values())
    assert sum(tokens.values()) == 472 + written + outs[-1]


def test_many_streams_at_once() -> None:
    """A busy service logs a hundred of them between each other's lines: each end finds its beginning."""
    found = calls(
        *(start(f"msg_{number}", 1000 + number) for number in range(100)),
        *(delta(10, input_tokens=1000 + number) for number in range(100)),
    )
    assert merged(found) == {f"msg_{number}": {"input": 1000 + number, "output": 10} for number in range(100)}
