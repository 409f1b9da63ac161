"""Forms: what records with the same keys have in common, as a type that a line can be decoded to in one step.

A form types each key by its role; keys that nothing asks for are checked to be JSON and not built. Decoding to it succeeds for
exactly the lines that have these keys and no others, each of its type; msgspec is as strict as orjson about what is JSON.

    when         the first key for a time: a number, or text; a body may be without one
    into, out    the counts: in the record itself, or in its `usage`; cached, reasoning and what was written to a cache beside them
    said         what the record says it cost        request, ident    its ids        latency
    named        model, provider, service tier, labels, and what tells a failure: a cell is of one tuple of these

No form is made of a record with anything else that the slow path would look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from llm_cost_exporter.around import LONGEST_LATENCY_NS
from llm_cost_exporter.formats import openrouter
from llm_cost_exporter.formats.fields import looks_like_vendors, usd
from llm_cost_exporter.formats.openai_chat import OLLAMAS
from llm_cost_exporter.quick.roles import NUMBER, Roles, can_be_named, struct
from llm_cost_exporter.quick.rules import RULES
from llm_cost_exporter.times import parse

if TYPE_CHECKING:
    from datetime import tzinfo

    from llm_cost_exporter.quick.rules import Apart
    from llm_cost_exporter.shape import Shape

__all__ = ["FORMATS", "Form", "Forms", "Reading"]

_MOST_FORMS: Final = 256
_MOST_KEYS: Final = 64
_TIERS: Final = ("service_tier", "speed")

FORMATS: Final = frozenset(RULES)
"""Formats of which a record may have a form."""


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
    format; else it may be one, if it looks like it. `counts`: how the counts are read where the input is without what was cached (see
    rules.Apart); None: it has that in it.
    """

    format: str
    decode: Callable[[bytes], Any]
    named: Callable[[Any], Any]
    counts: Callable[[Any], Apart] | None
    nested: bool
    has: frozenset[str]
    latency_unit: float
    vendors_id: bool
    only: frozenset[str]  # roles whose key is the only one of that kind: null stands for absent

    def reading(self, row: Any, zone: tzinfo, otherwise: float) -> Reading | None:
        """How a row is read, spelled out; None where more than its form decides. posting.py does the same, for many rows.

        `otherwise` is the time of a row that has none.
        """
        if "choices" in self.has and row.choices and row.choices[0].content_filter_results is not msgspec.UNSET:
            return None  # the provider is Azure
        if "fingerprint" in self.has and row.fingerprint == OLLAMAS:
            return None  # its id is none
        if self.vendors_id and self.format != openrouter.NAME and row.ident.startswith("gen-"):
            return None  # OpenRouter
        if "total" in self.has and not self._total_fits(row):
            return None
        latency = row.latency if "latency" in self.has else None
        if latency is not None and not 0 <= latency <= LONGEST_LATENCY_NS / self.latency_unit:
            return None
        ident = row.ident if "ident" in self.has else None
        return Reading(
            parse(row.when, zone) if "when" in self.has else otherwise,
            {meter: count for meter, count in self._tokens(row).items() if count},
            usd(row.said) if "said" in self.has else None,
            None if latency is None else round(latency * self.latency_unit),
            ident if ident is not None and (self.vendors_id or looks_like_vendors(ident)) else None,
            row.request if "request" in self.has else None,
        )

    def _total_fits(self, row: Any) -> bool:
        """The total says nothing, or that reasoning came on top; what else is in it depends on the model."""
        usage = row.usage if self.nested else row
        rest: int = usage.total - usage.into - usage.out
        return rest <= 0 or ("reasoning" in self.has and rest == usage.reasoning.reasoning)

    def _tokens(self, row: Any) -> dict[str, int]:
        if self.counts is not None:
            return self.counts(row.usage).tokens()
        usage = row.usage if self.nested else row
        into, out = usage.into, usage.out
        cached = reasoning = 0
        if "cached" in self.has:
            cached = min(usage.cached.cached, into)
        elif "hits" in self.has:
            cached = min(usage.hits, into)
        if "reasoning" in self.has:
            reasoning = usage.reasoning.reasoning
        if reasoning and "total" in self.has and usage.total == into + out + reasoning:
            out += reasoning
        reasoning = min(reasoning, out)
        return {"cache_read": cached, "input": into - cached, "reasoning": reasoning, "output": out - reasoning}


class Forms:
    """The forms met so far, by format and keys; bounded."""

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        self._forms: dict[tuple[object, ...], Form | None] = {}

    def of(self, record: dict[str, Any], shape: Shape, log_format: str) -> Form | None:
        """The form of `record`, which `log_format` found usage in; None where lines like it go the slow way."""
        if log_format not in FORMATS:
            return None
        kinds = (log_format, *((key, type(value)) for key, value in record.items()), *_keys_inside(record, shape))
        if kinds not in self._forms:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            self._forms[kinds] = _make(record, shape, log_format)
        return self._forms[kinds]


def _keys_inside(record: dict[str, Any], shape: Shape) -> tuple[object, ...]:
    """The keys of `usage`, and of the objects that a label may be taken from. Null stands for a count there, or for a text."""
    keys = {key for _, getters in shape.labels for key, rest in getters if rest}
    kinds: list[object] = []
    for key in ("usage", *sorted(keys)):
        inside = record.get(key)
        for name, value in inside.items() if type(inside) is dict else ():
            null = int if key == "usage" else str
            kinds.append((name, null if value is None else type(value), *(value if type(value) is dict else ())))
    return tuple(kinds)


def _make(record: dict[str, Any], shape: Shape, log_format: str) -> Form | None:
    keys = record.keys()
    if (
        len(keys) > _MOST_KEYS
        or not all(map(can_be_named, keys))
        or shape.docker
        or type(record.get("model")) is not str
    ):
        return None
    roles = Roles(record)
    if not RULES[log_format](roles, record, shape):
        return None
    if shape.times:
        when = record[shape.times[0]]
        if type(when) not in {str, int, float}:
            return None
        roles.give(shape.times[0], "when", str if type(when) is str else NUMBER)
    elif not roles.nested:
        return None
    roles.first_of(shape.costs, "said", (int, float), NUMBER)
    roles.first_of(shape.request_ids, "request", (str,), str)
    roles.first_of(tuple(key for key, _ in shape.latencies), "latency", (int, float), NUMBER)
    for key in ("model", *shape.providers, *(key for key in _TIERS if key in keys), *shape.failures):
        roles.name(key)
    _name_labels(roles, shape)
    if not roles.fit:
        return None
    for key in keys - roles.fields.keys():
        roles.give(key, f"unread_{len(roles.fields)}", msgspec.Raw)
    row = struct("Row", {key: roles.fields[key] for key in keys}, roles.made)
    has = {attribute for attribute, _ in roles.fields.values()} | roles.inner | roles.made.keys()
    return Form(
        format=log_format,
        decode=msgspec.json.Decoder(row).decode,
        named=attrgetter(*roles.names),
        counts=roles.counts,
        nested=roles.nested,
        has=frozenset(has),
        latency_unit=shape.latencies[0][1] if shape.latencies else 1e9,
        vendors_id=roles.vendors_id,
        only=frozenset(roles.only),
    )


def _name_labels(roles: Roles, shape: Shape) -> None:
    """Let cells be told apart by all that labels may be taken from: values, and values one level deeper."""
    inside: dict[str, set[str]] = {}
    for key, rest in (getter for _, getters in shape.labels for getter in getters):
        if rest:
            inside.setdefault(key, set()).update(rest)
            roles.fit = roles.fit and len(rest) == 1
        else:
            roles.name(key)
    for key, inner in inside.items():
        roles.name_inside(key, inner)
