"""Forms: what records with the same keys have in common, as a type that a line can be decoded to in one step.

A form types each key by its role; keys that nothing asks for are checked to be JSON and not built. Decoding to it succeeds for
exactly the lines that have these keys and no others, each of its type; msgspec is as strict as orjson about what is JSON.

    when         the first key for a time: a number, or text
    into, out    the counts: in the record itself, or in its `usage`
    said         what the record says it cost        request, ident    its ids        latency
    named        model, provider, service tier, labels, and what tells a failure: a cell is of one tuple of these

No form is made of a record with anything else that the slow path would look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from llm_cost_exporter.around import LONGEST_LATENCY_NS
from llm_cost_exporter.formats import openai_chat, plain, plain_input, plain_prompt
from llm_cost_exporter.formats.fields import looks_like_vendors, usd
from llm_cost_exporter.formats.hosts import GROQ_KEY, HOST_SIGNS
from llm_cost_exporter.times import parse
from llm_cost_exporter.types import MOST_TOKENS

if TYPE_CHECKING:
    from datetime import tzinfo

    from llm_cost_exporter.shape import Shape

__all__ = ["FORMATS", "Form", "Forms", "Reading", "can_be_named", "struct"]

_MOST_FORMS: Final = 256
_MOST_KEYS: Final = 64

_COUNT: Final[Any] = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
_SOME: Final[Any] = Annotated[int, msgspec.Meta(ge=1, le=MOST_TOKENS)]
_NONE: Final[Any] = Literal[0] | None  # a count that is not read here, so none may be there
_NUMBER: Final[Any] = int | float

_TIERS: Final = ("service_tier", "speed")
_PLAIN_SHAPES: Final = {
    plain_prompt.NAME: ("prompt_tokens", "completion_tokens"),
    plain_input.NAME: ("input_tokens", "output_tokens"),
}

FORMATS: Final = frozenset((*_PLAIN_SHAPES, openai_chat.NAME))
"""Formats of which a record may have a form."""

# Formats that are asked before openai_chat and find nothing in a record of chat completions' form: openrouter goes by an id that begins
# with gen- (posting.py looks) or by keys of its own in `usage`, anthropic_messages by type and role or by counts of other names,
# openai_responses by other values of `object` or other names of details.
_BEFORE_CHAT: Final = frozenset(("openrouter", "anthropic_messages", "openai_responses"))
_NOT_CHAT: Final = frozenset(("type", "role", "error", "prompt_filter_results", "content", GROQ_KEY))
_OBJECTS: Final = ("chat.completion", "text_completion")
_CHAT_COUNTS: Final = {
    "prompt_tokens": ("into", _SOME),
    "completion_tokens": ("out", _COUNT),
    "total_tokens": ("total", int),
}
_IN: Final = {"cached_tokens": ("cached", _COUNT)}
_OUT: Final = {"reasoning_tokens": ("reasoning", _COUNT)}
# Other names of counts; null and 0 are as good as absent.
_UNREAD_IN: Final = ("audio_tokens", "image_tokens", "video_tokens", "cache_write_tokens", "cache_creation_tokens")
_UNREAD_OUT: Final = ("audio_tokens", "image_tokens")


class _Choice(msgspec.Struct, gc=False):
    """Azure marks its answers here."""

    content_filter_results: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Reading:
    """What the slow path and a form must agree on: time, tokens by meter, 1e-24 USD as said, nanoseconds, ids."""

    when: float | None
    tokens: dict[str, int]
    said: int | None
    latency: int | None
    ident: str | None
    request: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Records of the same keys. `has` names the roles that some key has: a row has an attribute for each of these alone.

    `named` gives of a row what its cell is known by. `latency_unit` is nanoseconds. `vendors_id`: `ident` is the response's id, by the
    format; else it may be one, if it looks like it.
    """

    format: str
    decode: Callable[[bytes], Any]
    named: Callable[[Any], Any]
    nested: bool
    has: frozenset[str]
    latency_unit: float
    vendors_id: bool
    only: frozenset[str]  # roles whose key is the only one of that kind: null stands for absent

    def reading(self, row: Any, zone: tzinfo) -> Reading | None:
        """How a row is read, spelled out; None where more than its form decides. posting.py does the same, for many rows."""
        if "choices" in self.has and row.choices and row.choices[0].content_filter_results is not msgspec.UNSET:
            return None  # the provider is Azure
        if self.vendors_id and "ident" in self.has and row.ident.startswith("gen-"):
            return None  # OpenRouter
        usage = row.usage if self.nested else row
        into, out = usage.into, usage.out
        cached = min(usage.cached.cached, into) if "cached" in self.has else 0
        reasoning = usage.reasoning.reasoning if "reasoning" in self.has else 0
        if reasoning and "total" in self.has and usage.total == into + out + reasoning:
            out += reasoning
        reasoning = min(reasoning, out)
        tokens = {"cache_read": cached, "input": into - cached, "reasoning": reasoning, "output": out - reasoning}
        latency = row.latency if "latency" in self.has else None
        if latency is not None and not 0 <= latency <= LONGEST_LATENCY_NS / self.latency_unit:
            return None
        ident = row.ident if "ident" in self.has else None
        return Reading(
            parse(row.when, zone),
            {meter: count for meter, count in tokens.items() if count},
            usd(row.said) if "said" in self.has else None,
            None if latency is None else round(latency * self.latency_unit),
            ident if ident is not None and (self.vendors_id or looks_like_vendors(ident)) else None,
            row.request if "request" in self.has else None,
        )


class Forms:
    """The forms met so far, by format and keys; bounded."""

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        self._forms: dict[tuple[object, ...], Form | None] = {}

    def of(self, record: dict[str, Any], shape: Shape, log_format: str) -> Form | None:
        """The form of `record`, which `log_format` found usage in; None where lines like it go the slow way."""
        if log_format not in FORMATS:
            return None
        kinds = (log_format, *((key, type(value)) for key, value in record.items()), *_usage_keys(record))
        if kinds not in self._forms:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            self._forms[kinds] = _make(record, shape, log_format)
        return self._forms[kinds]


def _usage_keys(record: dict[str, Any]) -> tuple[object, ...]:
    usage = record.get("usage")
    if type(usage) is not dict:
        return ()
    return tuple((key, type(value), *(value if type(value) is dict else ())) for key, value in usage.items())


class _Roles:
    """Gives each key one role; `fit` is False as soon as a key has two."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record
        self.fields: dict[str, tuple[str, Any]] = {}  # by key: attribute, type
        self.named: list[str] = []
        self.inner: set[str] = set()  # roles that keys of `usage` have
        self.only: set[str] = set()
        self.fit = True

    def give(self, key: str, attribute: str, kind: Any) -> None:
        self.fit = self.fit and key not in self.fields
        self.fields[key] = attribute, kind

    def first_of(self, keys: tuple[str, ...], attribute: str, kinds: tuple[type, ...], kind: Any) -> None:
        """The first of `keys` has the role. Null may stand there only where no other would be asked instead."""
        if not keys:
            return
        value = self._record[keys[0]]
        self.fit = self.fit and (type(value) in kinds or (value is None and len(keys) == 1))
        if len(keys) == 1:
            self.only.add(attribute)
            kind = kind | None
        self.give(keys[0], attribute, kind)

    def name(self, key: str) -> None:
        """Cells are told apart by the value of `key`. One type a form: 1, 1.0 and true are one key of a dict."""
        if key in self.named:
            return
        value = self._record[key]
        kind: Any = str | None if value is None or type(value) is str else type(value)
        self.fit = self.fit and (value is None or type(value) in {str, int, bool})
        self.give(key, f"named_{len(self.named)}", kind)
        self.named.append(key)


def _make(record: dict[str, Any], shape: Shape, log_format: str) -> Form | None:
    keys = record.keys()
    if (
        len(keys) > _MOST_KEYS
        or not all(map(can_be_named, keys))
        or shape.docker
        or not shape.times
        or type(record.get("model")) is not str
    ):
        return None
    if any(rest for _, getters in shape.labels for _, rest in getters):
        return None  # a label from deeper inside
    roles = _Roles(record)
    nested = log_format == openai_chat.NAME
    if not (_chat(roles, record, shape) if nested else _plain(roles, record, shape, log_format)):
        return None
    when = record[shape.times[0]]
    if type(when) not in {str, int, float}:
        return None
    roles.give(shape.times[0], "when", str if type(when) is str else _NUMBER)
    roles.first_of(shape.costs, "said", (int, float), _NUMBER)
    roles.first_of(shape.request_ids, "request", (str,), str)
    roles.first_of(tuple(key for key, _ in shape.latencies), "latency", (int, float), _NUMBER)
    named = ("model", *shape.providers, *(key for key in _TIERS if key in keys), *shape.failures)
    for key in (*named, *(key for _, getters in shape.labels for key, _ in getters)):
        roles.name(key)
    if not roles.fit:
        return None
    for key in keys - roles.fields.keys():
        roles.give(key, f"unread_{len(roles.fields)}", msgspec.Raw)
    row = struct("Row", {key: roles.fields[key] for key in keys})
    has = {attribute for attribute, _ in roles.fields.values()} | roles.inner
    return Form(
        format=log_format,
        decode=msgspec.json.Decoder(row).decode,
        named=attrgetter(*(roles.fields[key][0] for key in roles.named)),
        nested=nested,
        has=frozenset(has),
        latency_unit=shape.latencies[0][1] if shape.latencies else 0.0,
        vendors_id=nested,
        only=frozenset(roles.only),
    )


def can_be_named(key: str) -> bool:
    """Whether a struct can have a field of this name."""
    return key.isprintable() and '"' not in key and "\\" not in key


def struct(name: str, fields: dict[str, tuple[str, Any]]) -> type[msgspec.Struct]:
    """A struct of all of these keys and no others, in the order in which the log has them (the quickest to decode)."""
    return msgspec.defstruct(
        name, list(fields.values()), rename={attribute: key for key, (attribute, _) in fields.items()},
        forbid_unknown_fields=True, gc=False,
    )  # fmt: skip


def _plain(roles: _Roles, record: dict[str, Any], shape: Shape, log_format: str) -> bool:
    """Both counts on the top level. No format may come before, and no key may be there that changes the counts."""
    into, out = _PLAIN_SHAPES[log_format]
    keys = record.keys()
    before = [name for name, _ in shape.readers[: [name for name, _ in shape.readers].index(log_format)]]
    if before == ["openrouter"] and keys.isdisjoint(("id", "usage", "choices")):
        before = []  # it looks for an error that is an object, and one that is typed by its name is none
    if before or into not in keys or out not in keys:
        return False
    if not plain.OPTIONAL_COUNTS.isdisjoint(keys) or any(f"{key}_details" in keys for key in (into, out)):
        return False
    roles.give(into, "into", _SOME)
    roles.give(out, "out", _SOME)
    if shape.response_ids:
        roles.first_of(shape.response_ids, "ident", (str,), str)
    return True


def _chat(roles: _Roles, record: dict[str, Any], shape: Shape) -> bool:
    """Chat completions: counts in `usage`, by the names and with the details that OpenAI has."""
    keys, usage = record.keys(), record.get("usage")
    before = {name for name, _ in shape.readers[: [name for name, _ in shape.readers].index(openai_chat.NAME)]}
    if before - _BEFORE_CHAT or not _NOT_CHAT.isdisjoint(keys) or type(usage) is not dict:
        return False
    if not HOST_SIGNS.isdisjoint(usage) or not {"prompt_tokens", "completion_tokens"} <= usage.keys():
        return False
    fields: dict[str, tuple[str, Any]] = {}
    for key, value in usage.items():
        if key in _CHAT_COUNTS:
            fields[key] = _CHAT_COUNTS[key]
        elif key == "prompt_tokens_details" and type(value) is dict and "cached_tokens" in value:
            fields[key] = "cached", _details(value, _IN, _UNREAD_IN)
        elif key == "completion_tokens_details" and type(value) is dict and "reasoning_tokens" in value:
            fields[key] = "reasoning", _details(value, _OUT, _UNREAD_OUT)
        else:
            return False
    if any(kind is None for _, kind in fields.values()):
        return False
    roles.inner = {attribute for attribute, _ in fields.values()}
    roles.give("usage", "usage", struct("Usage", fields))
    if "object" in keys:
        if record["object"] not in _OBJECTS:
            return False
        roles.give("object", "object", Literal[_OBJECTS])
    if "choices" in keys:
        roles.give("choices", "choices", list[_Choice])
    if "id" in keys and ("object" in keys or "choices" in keys):
        roles.give("id", "ident", str)
    elif shape.response_ids:
        return False
    return True


def _details(
    value: dict[str, Any], read: dict[str, tuple[str, Any]], unread: tuple[str, ...]
) -> type[msgspec.Struct] | None:
    if not all(map(can_be_named, value)):
        return None
    fields: dict[str, tuple[str, Any]] = {}
    for key in value:
        other = _NONE if key in unread else msgspec.Raw
        fields[key] = read.get(key, (f"unread_{len(fields)}", other))
    return struct("Details", fields)
