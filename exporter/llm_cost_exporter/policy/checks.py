"""What single values of a policy must be. Each raises ValueError that says what would be right."""

# ruff: noqa: TRY004  (pydantic takes a ValueError for a finding, and lets a TypeError through)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from llm_cost_exporter.config.messages import did_you_mean
from llm_cost_exporter.config.units import parse_duration, show_duration

__all__ = [
    "base_url", "duration", "matcher", "name", "not_empty", "number", "one_of", "origin_label", "severity", "some", "spend_label", "target_label",
    "unique", "word",
]  # fmt: skip

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_OPERATORS = ("=~", "!=", "!~")
_LONGEST = 256
_HIGHEST_LEVEL = 5  # of a budget; more is per cent

# Labels that say which sidecar counted, not what was spent: dollars grouped by them count twice when a sidecar moves.
_SIDECAR = frozenset(("instance", "pod", "endpoint"))
# Labels that the rules themselves give a meaning.
_OURS = frozenset(
    ("ledger", "zone", "month", "date", "token_type", "reason", "le", "budget", "period", "level", "severity", "alertname", "alertgroup", "account")
)  # fmt: skip

# Words that PromQL takes for something else where a label's name stands, in any case.
_WORDS = frozenset(("inf", "nan", "without"))


def number(least: float, most: float) -> Callable[[object], float]:
    """A check for numbers within bounds."""

    def check(value: object) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"a number from {least:,g} to {most:,g} would be right")
        return value

    return check


def level(value: object) -> float:
    """A check for shares of a budget: 0.9 is 90 %."""
    share = number(0.001, 100)(value)
    if share > _HIGHEST_LEVEL:
        raise ValueError(f"is a share, of which 1 is the whole budget: {share / 100:g} would be {share:g} %")
    return share


def duration(least: float, most: float) -> Callable[[object], str]:
    """A check for durations in whole seconds within bounds; gives the text that PromQL takes."""

    def check(value: object) -> str:
        seconds = parse_duration(value)
        if seconds % 1:
            raise ValueError("has a part of a second; whole seconds would be right")
        if not least <= seconds <= most:
            raise ValueError(f"from {show_duration(least)} to {show_duration(most)} would be right")
        return show_duration(seconds)

    return check


def name(value: str) -> str:
    """The name of a budget or a team: it stands in a label and in messages, so it must be what it looks like."""
    odd = any(unicodedata.category(char)[0] == "C" or (char.isspace() and char != " ") for char in value)
    if not value or value != value.strip() or len(value) > 64 or odd or not unicodedata.is_normalized("NFC", value):
        raise ValueError("a short name without spaces around it, such as search, would be right")
    return value


def target_label(value: str) -> str:
    """A label of a selector."""
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise ValueError("is no label: letters, digits and _ would be right, no digit first, no __")
    return value


def spend_label(value: str) -> str:
    """A label that dollars can be told apart by."""
    target_label(value)
    if value in _SIDECAR:
        raise ValueError(
            f"{value} says which sidecar counted, not what was spent; a label such as app or team would be right"
        )
    if value in _OURS or value.lower() in _WORDS:
        raise ValueError(f"{value} has a meaning of its own in the rules; a label such as app or team would be right")
    return value


def origin_label(value: str) -> str:
    """An external label that tells one installation of the pack from another."""
    right = "a label such as cluster would be right"
    if value.strip("_").endswith(
        "replica"
    ):  # also prometheus_replica (the Operator), __replica__ (Mimir), ruler_replica (Thanos)
        raise ValueError(f"{value} tells apart the Prometheus of an HA pair, and each of them would page; {right}")
    target_label(value)
    if value in _SIDECAR | _OURS | {"job", "team"}:
        raise ValueError(f"{value} says what an alert is about, not which installation sent it; {right}")
    return value


def some(value: object) -> object:
    """A list that has something in it."""
    if not isinstance(value, list):
        raise ValueError("must be a list; entries begin with `- `, or stand in [ ]")
    if not value:
        raise ValueError("is empty; leave the key out for the default")
    return value


def unique(values: list[str]) -> list[str]:
    """No value twice."""
    for position, value in enumerate(values):
        if value in values[:position]:
            raise ValueError(f"{value} stands twice; once would be right")
    return values


def not_empty(value: dict[str, object]) -> dict[str, object]:
    """At least one matcher."""
    if not value:
        raise ValueError(
            "is empty: it would take every target for an exporter; {job: llm-cost-exporter} would be right"
        )
    return value


def matcher(value: object) -> object:
    """What a label must be: text (equal), a list (one of these), or text that begins with =~, != or !~."""
    right = "a text, a list of texts, or a text that begins with =~, != or !~ would be right"
    if isinstance(value, list):
        if not value or not all(isinstance(one, str) for one in value):
            raise ValueError(f"is no list of texts; {right}")
        for one in value:
            if one[:2] in ("=~", "!=", "!~"):
                raise ValueError(f"{one[:40]!r} in a list would be taken as it is written; {right}")
        return [_plain(one, right) for one in value]
    if not isinstance(value, str):
        raise ValueError(f"is no matcher (numbers and true are written in quotes); {right}")
    if value[:2] in ("=~", "!~"):
        _regex(_plain(value[2:], right))
    elif value[:2] == "!=":
        _plain(value[2:], right)
    elif value[:1] in ("=", "~", "!"):
        raise ValueError(
            f"{value[:40]!r} begins with no operator; =~, != or !~ would be right, or the text alone for equality"
        )
    else:
        _plain(value, right)
    return value


def _plain(text: str, right: str) -> str:
    if len(text) > _LONGEST or any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise ValueError(f"has a control character, or more than {_LONGEST} characters; {right}")
    return text


def _regex(pattern: str) -> None:
    """Refuse what Prometheus would refuse. Raises ValueError."""
    import re2  # noqa: PLC0415 - for those only who match by one

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as bad:
        why = bad.args[0].decode(errors="replace") if isinstance(bad.args[0], bytes) else str(bad)
        raise ValueError(f"{pattern[:60]!r} is no regular expression of Prometheus (RE2): {why}") from None
    if r"\C" in pattern or "(?<" in pattern:
        raise ValueError(
            f"{pattern[:60]!r} has \\C or (?<, which not every Prometheus takes; (?P<name>…) names a group"
        )


def severity(value: object) -> object:
    """One severity, or {default: another}."""
    known = ["critical", "warning", "info"]
    words = [*value, *value.values()] if isinstance(value, dict) else [value]
    for word in words:
        if word not in known:
            raise ValueError(f"{str(word)[:40]!r} is no severity; {did_you_mean(str(word), known)}")
    return value


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """A check for a name out of `known`."""

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"is not known; {_nearest(value, known)}")
        return value

    return check


def word(known: Sequence[str]) -> Callable[[object], str]:
    """A check for one of a few words."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{str(value)[:40]!r} is not known; {did_you_mean(str(value), known)}")
        return value

    return check


def _nearest(value: str, known: Sequence[str]) -> str:
    by_lower = {word.lower(): word for word in known}
    hint = did_you_mean(value.lower(), list(by_lower))
    for low, word in by_lower.items():
        hint = hint.replace(f"'{low}'", f"'{word}'")
    return hint if hint.startswith("did you mean") else "one of the alerts in rules/runbooks would be right"


def base_url(value: str) -> str:
    """Where links begin: http(s)://HOST[/PATH], without a `/` at its end."""
    right = "https://HOST/PATH would be right"
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        raise ValueError(f"is no URL; {right}") from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not value.isascii()
        or re.search(r"[\s{}\"<>]", value)
    ):
        raise ValueError(f"is no URL of http or https; {right}")
    return value.rstrip("/")
