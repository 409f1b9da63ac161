"""Where messages go: what an address, a file with a secret or a time of day must be. Each raises ValueError that says what would be right."""

# ruff: noqa: TRY004  (pydantic takes a ValueError for a finding, and lets a TypeError through)

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from llm_cost_exporter.config.messages import did_you_mean
from llm_cost_exporter.policy import checks

__all__ = [
    "addresses", "chat_id", "days", "line_id", "one_address", "public_url", "secret_file", "smarthost",
    "text", "time_of_day", "version",
]  # fmt: skip

VERSIONS = ("0.25", "0.33")
WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

_LONGEST = 256
_ADDRESS = re.compile(r"(?:[^<>@,]*<[^\s<>@,]+@[^\s<>@,]+>|[^\s<>@,]+@[^\s<>@,]+)")
_SMARTHOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_LINE_ID = re.compile(r"[UCR][0-9a-f]{32}")


def text(value: str) -> str:
    """A short text without control characters. Alertmanager reads most of them as templates, and sends nothing where one fails."""
    if not value.strip() or len(value) > _LONGEST or any(unicodedata.category(char)[0] == "C" for char in value):
        raise ValueError("a short text would be right")
    if "{{" in value:
        raise ValueError("{{ begins a template of Alertmanager; a text without it would be right")
    return value


def public_url(value: str) -> str:
    """An address that is no secret: it stands in the rendered file."""
    value = checks.base_url(value)
    parts = urlsplit(value)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "would put what may be a secret into the rendered file; https://HOST/PATH alone would be right"
        )
    return value


def secret_file(value: str) -> str:
    """The path of a file on Alertmanager's machine; it need not be on this one."""
    if not value.startswith("/") or len(value) > 4096 or any(unicodedata.category(char)[0] == "C" for char in value):
        raise ValueError("the whole path of a file on the machine of Alertmanager, from / on, would be right")
    return value


def addresses(value: object) -> str:
    """One address or several, as a list or with commas between them; gives the latter."""
    right = "an address, or a list of them, would be right"
    parts = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else []
    if not parts or not all(isinstance(part, str) for part in parts):
        raise ValueError(right)
    return ", ".join(_address(part.strip(), right) for part in parts)


def one_address(value: object) -> str:
    """One address."""
    right = "one address, such as alerts@example.com, would be right"
    if not isinstance(value, str):
        raise ValueError(right)
    return _address(value.strip(), right)


def _address(value: str, right: str) -> str:
    if len(value) > _LONGEST or not value.isprintable() or "{{" in value or not _ADDRESS.fullmatch(value):
        raise ValueError(f"{value[:60]!r} is no email address; {right}")
    return value


def smarthost(value: str) -> str:
    """Host and port of a mail server."""
    found = _SMARTHOST.fullmatch(value)
    if found is None or not 0 < int(found[1]) < 65_536:
        raise ValueError("HOST:PORT would be right, such as smtp.example.com:587")
    return value


def chat_id(value: object) -> int:
    """A chat of Telegram: a whole number, negative for groups."""
    if not isinstance(value, int) or isinstance(value, bool) or value == 0 or abs(value) >= 2**53:
        raise ValueError("a whole number, such as -1001234567890, would be right")
    return value


def line_id(value: str) -> str:
    """A user, group or room of LINE."""
    if not _LINE_ID.fullmatch(value):
        raise ValueError(
            "the id of a user (U…), group (C…) or room (R…) with 32 digits after the letter would be right"
        )
    return value


def version(value: object) -> str:
    """A generation of Alertmanager; YAML reads 0.25 without quotes as a number."""
    shown = str(value) if isinstance(value, (str, float)) else ""
    if shown not in VERSIONS:
        what = "is not known" if isinstance(value, (str, float)) else "is no version"
        raise ValueError(f'{what}; "0.33" would be right, or "0.25" for versions before 0.33')
    return shown


def time_of_day(value: object) -> str:
    """HH:MM, from 00:00 to 24:00."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('a time such as "09:00" would be right')
    return value


def days(value: object) -> list[str]:
    """Days of the week and ranges of them, such as monday:friday, one or a list."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts:
        raise ValueError("[monday:friday] would be right")
    for part in parts:
        ends = part.split(":") if isinstance(part, str) else [""]
        for end in ends:
            if end not in WEEK:
                raise ValueError(f"{str(part)[:40]!r} is no day; {did_you_mean(end, WEEK)}")
        if len(ends) > 2 or WEEK.index(ends[0]) > WEEK.index(ends[-1]):
            raise ValueError(f"{part!r} does not go from a day to a later one; the week begins on sunday")
    return [str(part) for part in parts]
