r"""What wraps a record in a log line, and how it comes off.

    docker json-file   {"log": "…\n", "stream": "stdout", "time": "…"}    a `log` without a newline at its end is a part
    docker to fluentd  {"log": "…", "source": "stdout", "container_id": "…", "container_name": "…"}
    CRI                2026-01-02T03:04:05.678901234Z stdout F …          P instead of F is a part
    SSE                data: {…}
    text prefix        2026-01-02 03:04:05,678 - api_proxy - INFO - {…}   any text before an object that runs to the line's end; before
                                                                          several objects (an array's too), each is read by itself
    JSON array         [{…},{…}]                                          of several records, each read by itself

Parts are joined stream by stream (stdout and stderr may alternate), within the limit of a line, also over a rotation. No text of a part is
saved: the offsets of the lines that are open parts are, and after a restart those lines are read again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from json import JSONDecoder
from typing import Any

from llm_cost_exporter import times
from llm_cost_exporter.decode import NotJsonError, decode, strict
from llm_cost_exporter.types import FileState, Part, Rejected

__all__ = [
    "Envelope",
    "Joiner",
    "OpenLines",
    "content_of",
    "docker_part",
    "find_objects",
    "find_records",
    "may_hold_object",
    "object_lost",
    "object_lost_inside",
    "parse_cri",
    "prefix_time",
    "trim",
]


@dataclass(slots=True)
class Envelope:
    """What came off a record, outermost first: the kinds, their times as logged, and those that are records themselves."""

    names: list[str] = field(default_factory=list)
    times: list[object] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


_SIGN = re.compile(rb"oken|usage", re.IGNORECASE)
_SIGN_KEY = re.compile(rb'(?:okens?(?:Count)?|usage(?:Metadata)?)\\{0,3}"\s*:')
_OPENING_KEY = re.compile(rb'\{\s*\\{0,3}"')
# After the object: what terminals, arrays and bracketing loggers leave there.
_CLEAN_END = re.compile(rb"(?:[\s\x00,;\])]|\x1b\[[0-9;]*[A-Za-z])*\Z")
_TRIMMED = (
    b" \t\r\n\x00\x1e\xef\xbb\xbf"  # a copytruncated file goes on after a hole of NULs; 1e begins a JSON text sequence
)
_CRI = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.:Z+-]{0,40}) (stdout|stderr) ([FP])(?::\S*)? ?", re.ASCII)
_MOST_AFTER = 64
_BRACE = ord("{")
_LONGEST_STREAM = 100  # characters of its name: an id of 64 and a little
_OPENING = re.compile(rb"\{(?=[\"}\s])")
_OPENING_CHARS = re.compile(r"\{(?=[\"}\s])", re.ASCII)
_SCANNER = JSONDecoder()  # tells where an object ends, which the quicker decoders don't
_MOST_TRIES = 8  # braces of a prefix that might open the object

_PREFIX_LOOKED_AT = 160
_ISO = re.compile(
    rb"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b)?",
    re.ASCII,
)
_EPOCH = re.compile(rb"\W{0,3}(\d{10}(?:\.\d{1,9})?|\d{13})(?![\w.])", re.ASCII)
_EPOCH_BEFORE = re.compile(rb"\[(\d{10}\.\d{1,9}), *\Z", re.ASCII)  # Fluent Bit: tag: [1772359200.123456789, {…}]


def trim(text: bytes) -> bytes:
    """`text` without white space, NULs and byte order marks around it."""
    return text.strip(_TRIMMED)


def object_lost(text: bytes) -> bool:
    """Whether `text`, in which no object was found, may have been a record with usage.

    What begins as JSON is taken for one that was cut or torn. Other text must speak of usage behind a brace.
    """
    at = text.find(b"{")
    if at == 0 and text[1:2] != b"'":
        return True
    return at >= 0 and _SIGN.search(text, at) is not None


def object_lost_inside(text: bytes) -> bool:
    """The same of a text within a record, which may as well be a prompt: it must have the key of a usage behind a brace."""
    if text[:2] == b'{"' and _SIGN.search(text) is not None:
        return True
    opening = _OPENING_KEY.search(text)
    return opening is not None and _SIGN_KEY.search(text, opening.start()) is not None


def find_objects(text: bytes) -> tuple[int, list[dict[str, Any]]] | None:
    """Where in `text` objects begin of which the last runs to its end, and these; None without any. Raises NotJsonError if too deep.

    A text that begins as an object is taken whole or not at all: two objects on a line are two lines that ran into each other.
    Behind a prefix there may be several.
    """
    stop = len(text)
    if text[-1:] != b"}":
        end = _CLEAN_END.search(text, max(0, stop - _MOST_AFTER))
        stop = end.start() if end is not None else stop
        if text[stop - 1 : stop] != b"}":
            return None
    if text[:2] == b'{"' and stop == len(text):
        try:
            return 0, [strict(text)]
        except ValueError:
            pass
    tried: list[int] = []
    for opening in islice(_OPENING.finditer(text, 0, stop), _MOST_TRIES):
        at = opening.start()
        tried.append(at)
        try:
            return at, [strict(text[at:stop])]
        except ValueError:
            if at == 0:
                break
            found = _several(text[at:stop])
            if found is not None:
                return at, found
    if not tried:
        return None
    try:
        return tried[0], [decode(text[tried[0] : stop])]
    except NotJsonError as bad:
        if bad.too_deep:
            raise
        return None


def _several(text: bytes) -> list[dict[str, Any]] | None:
    """The objects in a text that begins with one and ends with one, but empty ones (Fluent Bit's metadata); None without any.

    What is between them says nothing.
    """
    try:
        chars = text.decode()
    except UnicodeDecodeError:
        return None
    found: list[dict[str, Any]] = []
    at, tries = 0, _MOST_TRIES
    while at < len(chars):
        try:
            end = _SCANNER.raw_decode(chars, at)[1]
            found.append(strict(chars[at:end].encode()))
        except (ValueError, RecursionError):
            tries -= 1
            if not found or not tries:
                return None
            end = at + 1
        opening = _OPENING_CHARS.search(chars, end)
        if opening is None:
            return [each for each in found if each] or None if end == len(chars) else None
        at = opening.start()
    return None


def find_records(text: bytes) -> list[dict[str, Any]] | None:
    """The records of a text that is a JSON array of objects, two or more; None where it is none."""
    if text[1:64].lstrip()[:1] != b"{" or text[-1:] != b"]":
        return None
    try:
        found = decode(text)
    except NotJsonError:
        return None
    if type(found) is not list or len(found) < 2:
        return None
    return [record for record in found if type(record) is dict]


def prefix_time(prefix: bytes, zone: tzinfo) -> float | None:
    """The time that a text prefix begins with, has near its beginning, or ends with as Fluent Bit's does; None where there is none. Epoch seconds."""
    head = prefix[:_PREFIX_LOOKED_AT]
    match = _ISO.search(head)
    if match is not None:
        year, month, day, clock, fraction, offset = (
            part.decode() if part is not None else "" for part in match.groups()
        )
        offset = "+00:00" if offset in {"Z", "UTC", "GMT"} else offset
        return times.parse(f"{year}-{month}-{day}T{clock}.{fraction or '0'}{offset}", zone)
    match = _EPOCH.match(head) or _EPOCH_BEFORE.search(prefix, max(0, len(prefix) - _PREFIX_LOOKED_AT))
    return times.parse(match[1].decode(), zone) if match is not None else None


def parse_cri(text: bytes) -> tuple[str, str, bool, bytes] | None:
    """(time, stream, whether it is a line's last part, content) of a CRI line; None where it is none."""
    match = _CRI.match(text)
    if match is None:
        return None
    return match[1].decode(), match[2].decode(), match[3] == b"F", text[match.end() :]


def docker_part(record: dict[str, Any]) -> tuple[str, bool, bytes] | None:
    """(stream, whether it is a line's last part, content) of a docker record; None where it is none.

    Fluent Bit writes the keys of json-file beside others, without the newline, and says F or P itself. The driver for fluentd sends a line
    without its newline, and says which are parts; a file may have those of several containers.
    """
    log = record.get("log")
    if type(log) is not str:
        return None
    content = log.encode("utf-8", "surrogatepass")
    if "stream" not in record and "container_id" in record:
        whole = record.get("partial_message") != "true" or record.get("partial_last") == "true"
        return f"{record.get('source')} {record['container_id']}"[:_LONGEST_STREAM], whole, content
    stream = "stderr" if record.get("stream") == "stderr" else "stdout"
    tag = record.get("logtag", record.get("_p"))
    last = tag != "P" if type(tag) is str else log.endswith("\n") or "stream" not in record
    return stream, last, content


def may_hold_object(text: object) -> bool:
    """Whether a record's text has a brace. journald writes a text with control characters (colours) as a list of its bytes."""
    return "{" in text if type(text) is str else type(text) is list and _BRACE in text


def content_of(text: object) -> bytes | None:
    """The bytes of a record's text that may hold an object; None for all else."""
    if not may_hold_object(text):
        return None
    if type(text) is str:
        return text.encode("utf-8", "surrogatepass")
    try:
        return bytes(text)  # type: ignore[call-overload, no-any-return]  # a list; of what, is seen by trying
    except (ValueError, TypeError):
        return None


_PART = Part()
_OVERLONG_KEY = "overlong"
_BEFORE_KEY = "from_before"  # streams whose open line began in the file that was rotated away
_MOST_PARTS = 4096
_PATIENCE_LIMITS = (
    4  # parts still open after so many lines' limits of further log (a prompt on a terminal) are given up
)


class _Open:
    """The open parts of one stream. `since` is the offset of the first one, or 0 where that is in the file before."""

    __slots__ = ("offsets", "since", "size", "texts")

    def __init__(self, since: int) -> None:
        self.since = since
        self.offsets: list[int] = []
        self.texts: list[bytes] = []
        self.size = 0


OpenLines = dict[str, _Open]
"""By stream."""


class Joiner:
    """Joins the parts of split lines of one file, stream by stream."""

    __slots__ = ("_limit", "_open", "_state")

    def __init__(self, state: FileState, limit: int) -> None:
        self._state = state
        self._limit = limit
        self._open: dict[str, _Open] = {}

    def add(self, stream: str, text: bytes, offset: int, *, last: bool) -> bytes | Part | Rejected:
        """The whole text if this piece is the last of its line; else Part. Rejected at the end of a line that was too long."""
        overlong: list[str] = self._state.get(_OVERLONG_KEY, [])
        if stream in overlong:
            if not last:
                return _PART
            self._set(_OVERLONG_KEY, [other for other in overlong if other != stream])
            return Rejected("too_long", "a line split into parts")
        parts = self._open.get(stream)
        if last:
            self._close(stream)
            if parts is None:
                return text
            return b"".join([*parts.texts, text])
        if parts is None:
            parts = self._open[stream] = _Open(offset)
        parts.offsets.append(offset)
        parts.texts.append(text)
        parts.size += len(text)
        if parts.size > self._limit or len(parts.texts) > _MOST_PARTS:
            self._close(stream)
            self._set(_OVERLONG_KEY, [*overlong, stream])
        return _PART

    @property
    def open_lines(self) -> OpenLines:
        """What `begin` of the next file takes over."""
        return self._open

    def begin(self, before: OpenLines, *, again: bool) -> None:
        """This file begins, perhaps where another, which was rotated away, ended in the midst of split lines: they are taken over.

        `again`: it was begun before a restart, and some of these lines may have come to their end since.
        """
        waiting: list[str] = self._state.get(_BEFORE_KEY, [])
        taken: list[str] = []
        for stream in list(before):
            if not again or stream in waiting:
                parts = before.pop(stream)
                mine = self._open[stream] = _Open(0)
                mine.texts, mine.size = parts.texts, parts.size
                taken.append(stream)
        self._set(_BEFORE_KEY, taken)

    def offsets(self, end: int) -> list[int]:
        """Offsets of the lines that are open parts when the log is read up to `end`."""
        if not self._open:
            return []
        for stream, parts in list(self._open.items()):
            if end - parts.since > _PATIENCE_LIMITS * self._limit:
                self._close(stream)
        return sorted(offset for parts in self._open.values() for offset in parts.offsets)

    @property
    def waits_from_before(self) -> bool:
        """Some of these began in the file before."""
        return _BEFORE_KEY in self._state

    def rest(self) -> list[bytes]:
        """What is open, as if it were whole: there is no more of this file."""
        texts = [b"".join(parts.texts) for parts in self._open.values()]
        self._open.clear()
        return texts

    def _set(self, key: str, streams: list[str]) -> None:
        if streams:
            self._state[key] = streams
        else:
            self._state.pop(key, None)

    def _close(self, stream: str) -> None:
        """Its parts are open no more."""
        self._open.pop(stream, None)
        waiting: list[str] = self._state.get(_BEFORE_KEY, [])
        if stream in waiting:
            self._set(_BEFORE_KEY, [other for other in waiting if other != stream])
