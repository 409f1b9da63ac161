"""From a line to usage: envelope, format, time, labels.

    entry = EntryReader("auto", LabelReader(…))      what all files of a source entry share
    reader = entry.file("/var/log/app/usage.jsonl")  one file: its split lines, its streams, its last time
    outcome = reader.read(line)  exactly one of list[Usage] | Skip | Rejected | Part

A record is read once: the first format that finds usage in it, or else in an object nested in it, has it. What stands around
the usage (time, latency, cost, provider, model, status, request id, labels) is taken from the records on the way to it, the
outermost first. Of a record's text nothing is kept but model names, ids and label values.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from llm_cost_exporter.around import Names, complete
from llm_cost_exporter.decode import NotJsonError, strict
from llm_cost_exporter.envelope import (
    Envelope,
    Joiner,
    OpenLines,
    content_of,
    docker_part,
    find_objects,
    find_records,
    object_lost,
    object_lost_inside,
    parse_cri,
    trim,
)
from llm_cost_exporter.formats import Found
from llm_cost_exporter.formats.counts import BadCountError
from llm_cost_exporter.held import HeldCalls, Hold
from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.linetime import AHEAD, LineTimes
from llm_cost_exporter.nesting import Chain, find_nested
from llm_cost_exporter.quick.forms import Form, Forms
from llm_cost_exporter.shape import Shape, Shapes
from llm_cost_exporter.types import FileState, Part, Rejected, Skip, Usage

__all__ = ["EntryReader", "Outcome", "RecordReader"]

Outcome = list[Usage] | Skip | Rejected | Part

_NO_ENVELOPE = Envelope()
_SPEAKERS = ("user", "assistant", "system", "developer", "tool", "human", "ai")  # of a chat: what they say is no log
_MOST_ENVELOPES = 4  # docker around a prefix around … : more is no log
_EARLIEST = 946_684_800.0  # 2000-01-01, as in times.py
_OF_ONES_OWN = ("plain_prompt", "plain_input", "openai_chat")  # formats of an application's own records
_NO_USAGE = Skip()
_EMPTY = Skip("empty line")
_CHUNK = Part("chunk of a stream, held until its usage comes")
_BAD_TIME = Rejected("bad_time")
_OVER_LINES = "a record that goes on over further lines; one line a record would be right"
DEFECT = "a defect of the exporter"


class EntryReader:
    """What the files of one source entry share: format, labels, zone of times without one, and the shapes of their records.

    `log_format` is auto or a format's NAME. `line_bytes` bounds what the parts of a split line may add up to.
    """

    def __init__(self, log_format: str, labels: LabelReader, *, zone: tzinfo = UTC, line_bytes: int = 1 << 20) -> None:
        self.labels = labels
        self.zone = zone
        self.line_bytes = line_bytes
        self.shapes = Shapes(log_format, labels)
        self.names = Names()
        self.forms = Forms()

    def file(self, path: str, *, state: FileState | None = None, previous_time: float | None = None) -> RecordReader:
        """A reader for one file. `path` is the one that labels come from; `state` and `previous_time` are from its position."""
        return RecordReader(self, path, {} if state is None else state, previous_time)


class RecordReader:
    """Reads one file's lines. `state` is JSON-able, changed in place, and goes with the position.

    Of the last line read, for `explain`: `format`, `envelopes`, `time_source`, `chain`.
    """

    __slots__ = (
        "_base_labels", "_entry", "_envelope", "_held", "_joiner", "_mtime", "_no_room", "_now", "_offset", "_shapes", "_times",
        "chain", "format", "state",
    )  # fmt: skip

    def __init__(self, entry: EntryReader, path: str, state: FileState, previous_time: float | None) -> None:
        self._entry = entry
        self._shapes = entry.shapes
        self._base_labels = entry.labels.for_file(path)
        self._joiner = Joiner(state, entry.line_bytes)
        self._held = HeldCalls(state)
        self._no_room: list[Usage] = []
        self._times = LineTimes(entry.zone, previous_time)
        self._offset, self._mtime, self._now = 0, 0.0, 0.0  # of the line being read
        self._envelope = _NO_ENVELOPE
        self.state = state
        self.format: str | None = None
        self.chain: Chain = ()

    def read(self, line: bytes, offset: int, mtime: float, now: float) -> Outcome:
        """What the line (without its newline) that begins at `offset` gives. Never raises; exactly one outcome.

        `mtime` is the file's (standard input: `now`), `now` the wall clock; both epoch seconds.
        """
        self._offset, self._mtime, self._now = offset, mtime, now
        self.format, self._envelope = None, _NO_ENVELOPE
        try:
            if line[:1] != b"{":
                return self._text(line, Envelope())
            try:
                record = strict(line)
            except ValueError:
                return self._text(line, Envelope())
            shape = self._shapes.of(record)
            if not shape.docker:
                return self._object(record, shape, _NO_ENVELOPE)
            return self._docker(record, shape, Envelope())
        except Exception as defect:  # noqa: BLE001 - a defect of ours on one line must not keep the next ones from being counted
            return Rejected("bad_json", f"{DEFECT}: {type(defect).__name__}")

    @property
    def previous_time(self) -> float | None:
        """The last time that a line of the file had; goes with the position."""
        return self._times.settle()

    @property
    def future_times(self) -> int:
        """Times more than a day ahead that were passed over so far."""
        return self._times.future_times

    @property
    def envelopes(self) -> tuple[str, ...]:
        """What came off the last line, outermost first."""
        return tuple(self._envelope.names)

    @property
    def time_source(self) -> str:
        """Where the time of the last line that gave calls is from: record, envelope, previous line, file."""
        return self._times.source

    # For the quick path (quick/), which reads what `quick_form` allows instead of `read`.

    @property
    def base_labels(self) -> tuple[str, ...]:
        """The label values that every record of the file begins with."""
        return self._base_labels

    @property
    def zone(self) -> tzinfo:
        """The zone of times without one."""
        return self._entry.zone

    @property
    def holds_calls(self) -> bool:
        """Streams are waited for, so each line may be one's end."""
        return bool(self._held)

    def quick_form(self) -> tuple[Form | None, bool]:
        """The form that lines like the last one, which gave a call, can be read by; and whether it had a text prefix."""
        names = self._envelope.names
        if len(self.chain) != 1 or self.format is None or names not in ([], ["text prefix"]):
            return None, False
        form = self._entry.forms.of(*self.chain[0], self.format)
        if form is not None and names and "when" not in form.has:
            return None, False  # its time is in the prefix
        return form, bool(names)

    def time_for_one_without(self, mtime: float) -> float:
        """The time of a record that has none, and stands in no envelope. `mtime` is the file's."""
        when = self._times.settle()
        return mtime if when is None else when

    @property
    def knows_noise(self) -> bool:
        """Whether what the formats' keys tell decides: not where a mapping does."""
        return type(self) is RecordReader

    @property
    def shapes(self) -> Shapes:
        """The shapes of the entry's records."""
        return self._shapes

    def pass_by(self, line: bytes, now: float) -> bool:
        """A line that is taken for noise went by: its time may be that of a later line. False: it is more than noise."""
        return type(self.read(line, self._offset, self._mtime, now)) is Skip

    def passed_quickly(self, when: float) -> None:
        """Lines were read quickly, the last of them of this time."""
        self._times.known(when)

    def open_parts(self, end: int) -> list[int]:
        """Offsets of the lines that are open parts of a split line, where the log is read up to `end`."""
        return self._joiner.offsets(end)

    @property
    def waits_from_before(self) -> bool:
        """A split line is open that began in the file before."""
        return self._joiner.waits_from_before

    @property
    def open_lines(self) -> OpenLines:
        """The split lines that are open: for `begin` of the next file."""
        return self._joiner.open_lines

    def begin(self, before: OpenLines, *, again: bool) -> None:
        """The file begins, perhaps in the midst of the split lines that the one before ended with. `again`: after a restart."""
        self._joiner.begin(before, again=again)

    def overdue(self, end: int, quiet: float = 0.0) -> list[Usage]:
        """Calls that belong to no line: streams whose usage won't come. See held.py."""
        late, self._no_room = self._no_room, []
        return [*late, *self._held.overdue(end, quiet)] if self._held else late

    def finish(self, mtime: float, now: float) -> list[Usage]:
        """Calls that were still waited for: no more of the file will come."""
        self._mtime, self._now = mtime, now
        calls: list[Usage] = []
        for text in self._joiner.rest():
            outcome = self._text(text, Envelope())
            calls += outcome if isinstance(outcome, list) else []
        late, self._no_room = self._no_room, []
        return [*calls, *late, *self._held.everything()]

    # A line's way: _text (what is no object) and _docker lead to _object.

    def _text(self, text: bytes, envelope: Envelope) -> Outcome:
        text = trim(text)
        self._envelope = envelope
        if not text:
            return _EMPTY
        if text[:1] != b"{":
            cri = parse_cri(text) if text[10:11] == b"T" else None
            if cri is not None:
                when, stream, last, content = cri
                envelope.names.append("CRI")
                envelope.times.append(when)
                return self._piece(stream, content, envelope, last=last)
            records = find_records(text) if text[:1] == b"[" else None
            if records is not None:
                envelope.names.append("JSON array")
                return self._array(records, envelope)
        try:
            found = find_objects(text)
        except NotJsonError:
            return Rejected("too_deep")
        if found is None:
            return self._no_object(text)
        at, (record, *more) = found
        if at:
            envelope.names.append("SSE" if text.startswith(b"data:") else "text prefix")
            envelope.times.append(text[:at])
        if more:
            return self._array([record, *more], envelope)
        shape = self._shapes.of(record)
        if shape.docker:
            return self._docker(record, shape, envelope)
        return self._object(record, shape, envelope)

    def _array(self, records: list[dict[str, Any]], envelope: Envelope) -> Outcome:
        """Records of one line, as gateways send them in batches: their calls together. One that is rejected rejects the line."""
        calls: list[Usage] = []
        other: Outcome = _NO_USAGE
        of_calls: tuple[str | None, Chain] = None, ()
        for record in records:
            outcome = self._object(record, self._shapes.of(record), envelope)
            if isinstance(outcome, Rejected):
                return outcome
            if isinstance(outcome, list):
                calls += outcome
                of_calls = self.format, self.chain
            elif isinstance(outcome, Part):
                other = outcome
        if not calls:
            return other
        self.format, self.chain = of_calls
        return calls

    def _docker(self, record: dict[str, Any], shape: Shape, envelope: Envelope) -> Outcome:
        self._envelope = envelope
        part = docker_part(record) if len(envelope.names) < _MOST_ENVELOPES else None
        if part is None:
            return self._object(record, shape, envelope)
        stream, last, content = part
        envelope.names.append("docker")
        envelope.times += [record[key] for key in reversed(shape.times)]
        envelope.records.append(record)
        return self._piece(stream, content, envelope, last=last)

    def _piece(self, stream: str, content: bytes, envelope: Envelope, *, last: bool) -> Outcome:
        """A line, or a part of one, that came out of an envelope."""
        if len(envelope.names) >= _MOST_ENVELOPES:
            return _NO_USAGE
        text = self._joiner.add(stream, content, self._offset, last=last)
        if not isinstance(text, bytes):
            return text
        outcome = self._text(text, envelope)
        if len(text) > len(content) and isinstance(outcome, Rejected) and content[:1] == b"{":
            # The parts before this one were the end of something else (a container that died in mid-line).
            alone = self._text(content, envelope)
            return alone if isinstance(alone, list) else outcome
        return outcome

    def _no_object(self, text: bytes) -> Outcome:
        if object_lost(text):
            return Rejected("bad_json", "" if text != b"{" else _OVER_LINES)
        self._times.passed(text[:256], self._now)
        return _NO_USAGE

    def _object(self, record: dict[str, Any], shape: Shape, envelope: Envelope) -> Outcome:
        found: Found | None = None
        try:
            for name, read in shape.readers:  # noqa: B007 - used below
                found = read(record, self.state)
                if found is not None:
                    chain: Chain = ((record, shape),)
                    break
            else:
                nested = find_nested(record, shape, self._shapes, self.state)
                if nested is None:
                    return self._inside_text(record, shape, envelope)
                name, chain, found = nested
            if len(chain) == 1 and name in _OF_ONES_OWN and type(found) is list and _says_little(found[0], shape):
                inside = find_nested(record, shape, self._shapes, self.state)
                if inside is not None and type(inside[2]) is list and inside[2][0].tokens:
                    name, chain, found = inside
        except BadCountError as bad:
            return Rejected("bad_count", bad.key)
        self.format, self.chain = name, chain
        if type(found) is list:
            if not self._fill(found, chain, envelope):
                return _BAD_TIME
            if self._held:
                self._held.drop(found)
            return found
        if isinstance(found, Hold):
            if not self._fill([found.usage], chain, envelope):
                return _BAD_TIME
            self._no_room += self._held.put(found.usage, final=found.final, end=self._offset)
            return _CHUNK
        assert found is not None
        return found

    def _fill(self, calls: list[Usage], chain: Chain, envelope: Envelope) -> bool:
        """Time, labels and what stands around the usage. False where no time can be read."""
        record, shape = chain[0]
        logged = calls[0].logged_time
        when = logged if logged is not None and len(chain) == 1 else record[shape.times[0]] if shape.times else None
        if (type(when) is float or type(when) is int) and _EARLIEST <= when <= self._now + AHEAD:
            self._times.known(when)  # epoch seconds, as most logs have it, without the general way
        else:
            when = self._times.of(chain, logged, envelope, self._mtime, self._now)
            if when is None:
                return False
        around = chain
        for outer in reversed(envelope.records):
            of_outer = self._shapes.of(outer)
            if not of_outer.bare:
                around = (*around, (outer, of_outer))
        if len(around) > 1 or shape.labels:
            plans = [(each, of_each.labels) for each, of_each in around if of_each.labels]
            labels = self._entry.labels.values(self._base_labels, plans) if plans else self._base_labels
        else:
            labels = self._base_labels
        complete(calls[0], around, len(chain))
        names = self._entry.names
        for call in calls:
            call.time = when
            call.labels = labels
            if call.said is not None or call.logged_time is not None:
                self._fill_own(call, calls[0], chain)
            if call.model is not None:
                call.model = names.of(call.model)
            if call.provider is not None:
                call.provider = names.of(call.provider)
        return True

    def _fill_own(self, call: Usage, first: Usage, chain: Chain) -> None:
        """What a format read for this one of the record's calls: a time of its own, and where labels are beside the record."""
        if call is not first and not any(shape.times for _, shape in chain[:-1]):
            call.time = self._times.further(call.logged_time, self._now) or call.time
        if call.said:
            plan = self._shapes.of(call.said).labels
            if plan:
                call.labels = self._entry.labels.values(call.labels, ((call.said, plan),))
        call.said = None

    def _inside_text(self, record: dict[str, Any], shape: Shape, envelope: Envelope) -> Outcome:
        """JSON in a string of a record without usage of its own: CloudWatch's and python-json-logger's `message`."""
        for key in shape.texts if record.get("role") not in _SPEAKERS else ():
            content = content_of(record[key])
            if content is None or len(envelope.names) >= _MOST_ENVELOPES:
                continue
            inner = Envelope(
                [*envelope.names, f"JSON in {key}"],
                [*envelope.times, *(record[time] for time in reversed(shape.times))],
                [*envelope.records, record],
            )
            content = trim(content)
            try:
                found = find_objects(content)
            except NotJsonError:
                return Rejected("too_deep")
            if found is None:
                if object_lost_inside(content):
                    return Rejected("bad_json", f"in {key}")
                continue
            records = found[1]
            if len(records) == 1:
                outcome = self._object(records[0], self._shapes.of(records[0]), inner)
            else:
                outcome = self._array(records, inner)
            if not isinstance(outcome, Skip):
                self._envelope = inner
                return outcome
        for key, sign in shape.pages:
            records = [each for each in record[key] if type(each) is dict] if type(record[key]) is list else []
            if any(sign in each for each in records):  # one that is odd is none of usage by itself
                if len(envelope.names) >= _MOST_ENVELOPES:
                    continue
                inner = Envelope([*envelope.names, f"list in {key}"], envelope.times, envelope.records)
                outcome = self._array(records, inner)
                if not isinstance(outcome, Skip):
                    return outcome
        self._times.passed((record, shape), self._now)
        return _NO_USAGE


def _says_little(call: Usage, shape: Shape) -> bool:
    """Counts on a record's top level that are empty, or of no model: the answer itself may be inside the record, with more."""
    return not call.tokens or (call.model is None and not shape.models)
