"""How durations, sizes and addresses are written in a configuration: `1h30m`, `1MiB`, `0.0.0.0:9478`."""

# ruff: noqa: TRY004  (a wrong type in a file is a wrong value)

from __future__ import annotations

import ipaddress
import re

__all__ = ["parse_address", "parse_duration", "parse_size", "show_duration"]

_SECONDS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_LONGEST_TEXT = 32

_BYTES = {
    "": 1, "b": 1,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30,
    "kb": 10**3, "mb": 10**6, "gb": 10**9,
}  # fmt: skip
_SIZE = re.compile(r"(\d+)\s*([a-z]*)", re.ASCII)

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?", re.ASCII)


def parse_duration(value: object) -> float:
    """`value` (such as 75s, 5m, 24h, 35d or 1h30m, units from large to small) in seconds.

    A bare number is refused, since nobody can see whether it means seconds; only 0 needs no unit. Raises ValueError.
    """
    if value == 0 and isinstance(value, int) and not isinstance(value, bool):
        return 0.0
    wrong = "a duration with a unit, such as 75s, 5m, 1h30m or 35d, would be right"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; {wrong}")
    if not isinstance(value, str):
        raise ValueError(wrong)
    text = value.strip()
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text) if 0 < len(text) <= _LONGEST_TEXT else None
    if found is None:
        raise ValueError(f"{value[:_LONGEST_TEXT]!r} is no duration; {wrong}")
    return sum(int(count) * unit for count, unit in zip(found.groups(), _SECONDS.values(), strict=True) if count)


def show_duration(seconds: float) -> str:
    """`seconds` as it would be written in a configuration."""
    left, parts = round(seconds * 1000), []
    for name, unit in _SECONDS.items():
        count, left = divmod(left, round(unit * 1000))
        if count and name != "w":
            parts.append(f"{count}{name}")
        elif count:
            left += count * round(unit * 1000)  # 35d reads better than 5w
    return "".join(parts) or "0s"


def parse_size(value: object) -> int:
    """`value` in bytes: a whole number, or one with a unit (KiB, MiB, GiB by 1024; KB, MB, GB by 1000). Raises ValueError."""
    wrong = "a size such as 1MiB, 512KiB or 1048576 would be right"
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ValueError(wrong)
    found = _SIZE.fullmatch(value.strip().lower()) if len(value) <= _LONGEST_TEXT else None
    if found is None or found[2] not in _BYTES:
        raise ValueError(f"{value[:_LONGEST_TEXT]!r} is no size; {wrong}")
    return int(found[1]) * _BYTES[found[2]]


def parse_address(value: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `:PORT` or `[IPV6]:PORT`; an empty host means all addresses. Raises ValueError."""
    wrong = "HOST:PORT would be right, such as 0.0.0.0:9478, 127.0.0.1:9478, :9478 or [::]:9478"
    shown = value[:80]
    host, colon, port = value.strip().rpartition(":")
    if not colon:
        raise ValueError(f"{shown!r} has no port; {wrong}")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535):
        raise ValueError(f"{shown!r} has no port from 0 to 65535; {wrong}")
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise ValueError(f"{shown!r} has no IPv6 address in the brackets; {wrong}") from None
        return host[1:-1], int(port)
    if "/" in host:
        raise ValueError(f"{shown!r} is a URL; {wrong}")
    if ":" in host:
        raise ValueError(f"{shown!r}: an IPv6 address is written in brackets; {wrong}")
    if host and (len(host) > 253 or not _HOST_NAME.fullmatch(host)):
        raise ValueError(f"{shown!r} has no host name or address before the port; {wrong}")
    return host, int(port)
