"""Which records of a format have a form, and what their keys are for: a rule for each format.

A rule is right if the format, and each that is asked before it, does with every record of these keys and types what posting.py does with its row. So it
names all keys of `usage`, and has nothing to do with a key that any of these formats would look at and posting.py does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import msgspec

from llm_cost_exporter.formats import (
    anthropic_messages,
    deepseek,
    groq,
    mistral,
    openai_chat,
    openai_responses,
    openrouter,
    plain,
    plain_input,
    plain_prompt,
    xai,
)
from llm_cost_exporter.formats.fields import NIL
from llm_cost_exporter.formats.hosts import GROQ_KEY, GROQ_SIGN, XAI_SIGNS
from llm_cost_exporter.quick.roles import COUNT, MAYBE, NONE, NUMBER, SOME, Roles, can_be_named, struct

if TYPE_CHECKING:
    from llm_cost_exporter.shape import Shape

__all__ = ["RULES", "Apart"]

Fields = dict[str, tuple[str, Any]]

_OBJECTS: Final = ("chat.completion", "text_completion")
_IN: Final = {"cached_tokens": ("cached", COUNT)}
_OUT: Final = {"reasoning_tokens": ("reasoning", COUNT)}
# Other names of counts; null and 0 are as good as absent.
_UNREAD_IN: Final = ("audio_tokens", "image_tokens", "video_tokens", "cache_write_tokens", "cache_creation_tokens")
_UNREAD_OUT: Final = ("audio_tokens", "image_tokens")
_OPENROUTERS: Final = frozenset(("cost_details", "is_byok"))  # beside `cost`
_SECONDS: Final[Any] = Annotated[float, msgspec.Meta(ge=0, le=7 * 86_400)]
_TICKS: Final[Any] = Annotated[int, msgspec.Meta(ge=0, le=10**13)]  # of more not every float is as exact
# Keys that make a record with choices or a response something else.
_NO_BODY: Final = frozenset(("type", "role", "error", "prompt_filter_results", "content", GROQ_KEY))
# openrouter goes by an id that begins with gen- (posting.py looks) or by keys of its own in `usage`, which no rule has; anthropic_messages
# by type and role or by counts of other names; openai_responses by other values of `object` or other names of details; the hosts
# by keys of theirs in `usage`.
_BEFORE: Final = frozenset(("openrouter", "anthropic_messages", "openai_responses"))
_HOSTS: Final = frozenset(("openai_chat", "xai", "groq", "mistral"))
# These take an event by its type, which is none of theirs where it is `message`; images come in `data`.
_BEFORE_MESSAGE: Final = frozenset(("openrouter", "codex_exec", "anthropic_stream", "openai_images"))


class _Choice(msgspec.Struct, gc=False):
    """Azure marks its answers here."""

    content_filter_results: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Apart(NamedTuple):
    """Counts of a usage whose input is without what was read from a cache or written to it: all disjoint."""

    into: int
    cached: int
    hour: int
    minutes: int
    written: int
    reasoning: int
    out: int

    def tokens(self) -> dict[str, int]:
        """By meter, none of them 0, in the order in which the format has them."""
        return {meter: count for meter, count in zip(_APART, self, strict=True) if count}


_APART: Final = ("input", "cache_read", "cache_write_1h", "cache_write_5m", "cache_write", "reasoning", "output")


def _before(shape: Shape, name: str) -> set[str]:
    """The formats that a record is tried with before `name`."""
    names = [each for each, _ in shape.readers]
    return set(names[: names.index(name)])


def _plain(name: str, into: str, out: str) -> Callable[[Roles, dict[str, Any], Shape], bool]:
    def rule(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
        """Both counts on the top level. No format may come before, and no key may be there that changes the counts."""
        keys, before = record.keys(), _before(shape, name)
        if before == {"openrouter"} and keys.isdisjoint(("id", "usage", "choices")):
            before = set()  # it looks for an error that is an object, and one that is typed by its name is none
        if before or into not in keys or out not in keys:
            return False
        if not plain.OPTIONAL_COUNTS.isdisjoint(keys) or any(f"{key}_details" in keys for key in (into, out)):
            return False
        roles.give(into, "into", SOME)
        roles.give(out, "out", SOME)
        if "total_tokens" in keys:
            roles.give("total_tokens", "total", int)
        if shape.response_ids:
            roles.first_of(shape.response_ids, "ident", (str,), str)
        return True

    return rule


def _chat(
    name: str, more: Fields, also: Callable[[Roles, dict[str, Any], Shape], bool] | None = None
) -> Callable[[Roles, dict[str, Any], Shape], bool]:
    """`more` are keys that `usage` may have besides; `also` gives what a host has of its own, and says whether it can."""
    known = {
        "prompt_tokens": ("into", SOME),
        "completion_tokens": ("out", COUNT),
        "total_tokens": ("total", int),
        **more,
    }
    before = _BEFORE if name == openai_chat.NAME else _BEFORE | _HOSTS - {name}
    forbidden = _NO_BODY - {GROQ_KEY} if name == groq.NAME else _NO_BODY

    def rule(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
        """Chat completions: counts in `usage`, by the names and with the details that OpenAI has."""
        keys, usage = record.keys(), record.get("usage")
        if _before(shape, name) - before or not forbidden.isdisjoint(keys) or type(usage) is not dict:
            return False
        fields = _usage(usage, known, "prompt_tokens_details", "completion_tokens_details")
        if fields is None or not {"prompt_tokens", "completion_tokens"} <= fields.keys():
            return False
        if "cached" not in _attributes(fields):  # then another key may say it
            hits = next((key for key in _HITS if key in fields), None)
            if hits is not None:
                fields[hits] = "hits", COUNT
        _give_usage(roles, fields)
        if "object" in keys:
            if record["object"] not in _OBJECTS:
                return False
            roles.give("object", "object", Literal[_OBJECTS])
        if "choices" in keys:
            roles.give("choices", "choices", list[_Choice])
        if "system_fingerprint" in keys:
            roles.give("system_fingerprint", "fingerprint", str | None)
        if also is not None and not also(roles, record, shape):
            return False
        return "ident" in roles.made or _give_id(roles, shape, own="object" in keys or "choices" in keys)

    return rule


def _groqs(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
    """How long it took stands in `usage`: total_time, and queue_time where that is told."""
    if shape.latencies or GROQ_SIGN not in record["usage"]:
        return False
    if "taken" in roles.inner:
        roles.made["latency"] = lambda row: row.usage.taken + row.usage.queued
    return True


def _openrouters(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
    """What it cost stands in `usage`, with keys that tell OpenRouter's answers; the id is of one generation and model."""
    usage = record["usage"]
    if shape.costs or "id" not in shape.response_ids or "cost" not in usage or _OPENROUTERS.isdisjoint(usage):
        return False
    roles.give("id", "generation", str)
    roles.name("model")
    model = attrgetter(roles.fields["model"][0])

    def ident(row: Any) -> str:
        generation = row.generation
        return f"{generation}/{model(row)}" if generation and generation != NIL else ""

    roles.made |= {"ident": ident, "said": lambda row: row.usage.charged}
    roles.vendors_id = True
    return True


def _xais(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
    """Reasoning comes on top of the completion, and what it cost is told in ticks of 1e-10 USD."""
    if XAI_SIGNS.isdisjoint(record["usage"]) or shape.costs:
        return False
    if "ticks" in roles.inner:
        roles.made["said"] = lambda row: row.usage.ticks / 1e10
    cached_there, reasoning_there, total_there = (role in roles.inner for role in ("cached", "reasoning", "total"))

    def counts(usage: Any) -> Apart:
        into, out = usage.into, usage.out
        cached = usage.cached.cached if cached_there else 0
        reasoning = usage.reasoning.reasoning if reasoning_there else 0
        fresh = into if cached > into else into - cached
        if not (reasoning <= out and total_there and usage.total == fresh + cached + out):
            out += reasoning
        return Apart(fresh, cached, 0, 0, 0, reasoning, out - reasoning)

    roles.counts = counts
    return True


_HITS: Final = ("prompt_cache_hit_tokens", "num_cached_tokens")  # in the order in which openai_chat asks


def _responses(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
    """Responses: as chat completions, by other names, and no total that tells anything."""
    keys, usage = record.keys(), record.get("usage")
    forbidden = _NO_BODY - {"error"} | {"choices", "data"}
    if _before(shape, openai_responses.NAME) - _BEFORE or not forbidden.isdisjoint(keys) or type(usage) is not dict:
        return False
    known = {
        "input_tokens": ("into", SOME),
        "output_tokens": ("out", COUNT),
        "total_tokens": ("unread_total", msgspec.Raw),
    }
    fields = _usage(usage, known, "input_tokens_details", "output_tokens_details")
    if fields is None or not {"input_tokens", "output_tokens", "input_tokens_details"} <= fields.keys():
        return False
    _give_usage(roles, fields)
    if "tool_usage" in keys:  # the images that a tool made are a call of their own
        tools = _tool_usage(record["tool_usage"])
        if tools is None:
            return False
        roles.give("tool_usage", "unread_tools", tools)
    if "object" in keys:
        if record["object"] != "response":
            return False
        roles.give("object", "object", Literal["response"])
    return _give_id(roles, shape, own="object" in keys)


def _tool_usage(value: object) -> Any:
    """The type of a `tool_usage` without images; None where that can't be told."""
    if type(value) is not dict or not all(map(can_be_named, value)):
        return None
    fields: Fields = {key: (f"unread_{number}", msgspec.Raw) for number, key in enumerate(value)}
    images = value.get("image_gen")
    if images is not None:
        if type(images) is not dict or not all(map(can_be_named, images)):
            return None
        counts = {
            key: (f"unread_{number}", NONE if key in ("input_tokens", "output_tokens") else msgspec.Raw)
            for number, key in enumerate(images)
        }
        fields["image_gen"] = fields["image_gen"][0], struct("Images", counts)
    return struct("Tools", fields)


def _anthropic(roles: Roles, record: dict[str, Any], shape: Shape) -> bool:
    """Anthropic's messages, and records with such a usage."""
    keys, usage = record.keys(), record.get("usage")
    if _before(shape, anthropic_messages.NAME) - _BEFORE_MESSAGE or type(usage) is not dict:
        return False
    if not keys.isdisjoint(("data", "message", "error")) or "cost" in usage or not _OPENROUTERS.isdisjoint(usage):
        return False
    if (
        not {"input_tokens", "output_tokens"} <= usage.keys()
        or usage.keys().isdisjoint(_OWN)
        or not all(map(can_be_named, usage))
    ):
        return False
    fields: Fields = {}
    for number, (key, value) in enumerate(usage.items()):
        if key in _INSIDE and type(value) is dict:
            attribute, inner = _INSIDE[key]
            if not all(map(can_be_named, value)) or not inner.keys() <= value.keys():
                return False
            unread = {each: (f"unread_{at}", msgspec.Raw) for at, each in enumerate(value)}
            fields[key] = attribute, struct("Details", {each: inner.get(each, unread[each]) for each in value})
        elif key in _ANTHROPIC or key in _INSIDE:
            fields[key] = _ANTHROPIC.get(key, (f"unread_{number}", None))
        else:
            fields[key] = f"unread_{number}", msgspec.Raw
    _give_usage(roles, fields)
    roles.names += [f"usage.{fields[key][0]}" for key in _NAMED_IN_USAGE if key in usage]
    roles.counts = _counts_apart(roles.inner)
    is_message = "type" in keys and "role" in keys
    if is_message:
        roles.give("type", "type", Literal["message"])
        roles.give("role", "role", Literal["assistant"])
        if record["type"] != "message" or record["role"] != "assistant":
            return False
    elif not keys.isdisjoint(("type", "role")):
        return False
    return _give_id(roles, shape, own=is_message)


_OWN: Final = ("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation")
_ANTHROPIC: Final[Fields] = {
    "input_tokens": ("into", MAYBE), "output_tokens": ("out", MAYBE), "cache_read_input_tokens": ("cached", MAYBE),
    "cache_creation_input_tokens": ("written", MAYBE), "iterations": ("unread_iterations", None),
    "service_tier": ("tier", str | None), "speed": ("speed", str | None),
}  # fmt: skip
_NAMED_IN_USAGE: Final = ("service_tier", "speed")
_INSIDE: Final[dict[str, tuple[str, Fields]]] = {
    "cache_creation": (
        "split", {"ephemeral_5m_input_tokens": ("minutes", MAYBE), "ephemeral_1h_input_tokens": ("hour", MAYBE)},
    ),
    "output_tokens_details": ("reasoning", {"thinking_tokens": ("reasoning", MAYBE)}),
}  # fmt: skip


def _counts_apart(has: Iterable[str]) -> Callable[[Any], Apart]:
    """How the counts of a usage with these roles are read (see anthropic_messages)."""
    cached_there, written_there, split_there, reasoning_there = (
        role in has for role in ("cached", "written", "split", "reasoning")
    )

    def counts(usage: Any) -> Apart:
        split = usage.split if split_there else None
        hour, minutes = (0, 0) if split is None else (split.hour or 0, split.minutes or 0)
        told = usage.written if written_there else None
        total = hour + minutes if told is None else told
        hour = min(hour, total)
        minutes = min(minutes, total - hour)
        out = usage.out or 0
        reasoning = min(usage.reasoning.reasoning or 0, out) if reasoning_there else 0
        cached = usage.cached or 0 if cached_there else 0
        return Apart(usage.into or 0, cached, hour, minutes, total - hour - minutes, reasoning, out - reasoning)

    return counts


def _usage(usage: dict[str, Any], known: Fields, of_input: str, of_output: str) -> Fields | None:
    """The fields of a usage; None where it has keys that are not known, or details that are not."""
    fields: Fields = {}
    for key, value in usage.items():
        if key in known:
            fields[key] = known[key]
        elif key == of_input and type(value) is dict and "cached_tokens" in value:
            fields[key] = "cached", _details(value, _IN, _UNREAD_IN)
        elif key == of_output and type(value) is dict and "reasoning_tokens" in value:
            fields[key] = "reasoning", _details(value, _OUT, _UNREAD_OUT)
        else:
            return None
    return None if any(kind is None for _, kind in fields.values()) else fields


def _details(value: dict[str, Any], read: Fields, unread: tuple[str, ...]) -> type[msgspec.Struct] | None:
    if not all(map(can_be_named, value)):
        return None
    fields: Fields = {}
    for key in value:
        other = NONE if key in unread else msgspec.Raw
        fields[key] = read.get(key, (f"unread_{len(fields)}", other))
    return struct("Details", fields)


def _attributes(fields: Fields) -> set[str]:
    return {attribute for attribute, _ in fields.values()}


def _give_usage(roles: Roles, fields: Fields) -> None:
    roles.nested = True
    roles.inner = _attributes(fields)
    roles.give("usage", "usage", struct("Usage", fields))


def _give_id(roles: Roles, shape: Shape, *, own: bool) -> bool:
    """`own`: the format takes `id` for the response's. Else nothing may be there that could be taken for it."""
    if own and "id" in shape.response_ids:
        roles.give("id", "ident", str)
        roles.vendors_id = True
        return True
    return not shape.response_ids


RULES: Final[dict[str, Callable[[Roles, dict[str, Any], Shape], bool]]] = {
    plain_prompt.NAME: _plain(plain_prompt.NAME, "prompt_tokens", "completion_tokens"),
    plain_input.NAME: _plain(plain_input.NAME, "input_tokens", "output_tokens"),
    openai_chat.NAME: _chat(openai_chat.NAME, {}),
    mistral.NAME: _chat(mistral.NAME, {"num_cached_tokens": ("unread_hits", MAYBE)}),
    deepseek.NAME: _chat(
        deepseek.NAME,
        {
            "prompt_cache_hit_tokens": ("unread_hits", msgspec.Raw),
            "prompt_cache_miss_tokens": ("unread_misses", msgspec.Raw),
        },
    ),
    groq.NAME: _chat(
        groq.NAME,
        {
            "queue_time": ("queued", _SECONDS),
            "total_time": ("taken", _SECONDS),
            "prompt_time": ("unread_prompt", msgspec.Raw),
            "completion_time": ("unread_completion", msgspec.Raw),
        },
        _groqs,
    ),
    openrouter.NAME: _chat(
        openrouter.NAME,
        {
            "cost": ("charged", NUMBER),
            "cost_details": ("details", msgspec.Raw),
            "is_byok": ("own_key", msgspec.Raw),
        },
        _openrouters,
    ),
    xai.NAME: _chat(
        xai.NAME, {"num_sources_used": ("unread_sources", msgspec.Raw), "cost_in_usd_ticks": ("ticks", _TICKS)}, _xais
    ),
    openai_responses.NAME: _responses,
    anthropic_messages.NAME: _anthropic,
}
"""By the format's name. A rule gives the keys of a record their roles; False: records of these keys have no form."""
