"""Fields that several formats share: names, ids, service tiers, and what a record says it cost."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from llm_cost_exporter import money
from llm_cost_exporter.types import TOLD_VARIANTS
from llm_cost_exporter.wording import clean

__all__ = [
    "LONGEST_ID",
    "NIL",
    "PROVIDER_KEYS",
    "Context",
    "looks_like_vendors",
    "named_provider",
    "tier",
    "usd",
    "vendor_id",
    "words",
]

Context = tuple[tuple[str, str], ...]

LONGEST_ID = 256
_LONGEST_WORDS = 256
NIL = "00000000-0000-0000-0000-000000000000"  # an id that was taken out, or never set
_VENDORS_ID = re.compile(r"(?:chatcmpl|cmpl)-.{4,}|(?:resp_|msg_(?:bdrk_|vrtx_)?)[A-Za-z0-9]{20,}|gen-\d{8,}-.+")
PROVIDER_KEYS = ("provider", "llm_provider", "custom_llm_provider", "api_provider", "model_provider")

_POWERS: tuple[int, ...] = tuple(10**n for n in range(money.DECIMALS + 1))
_MOST_DIGITS = 11  # of whole dollars, for the fast way below; what is larger goes the slow way, which has the bound


def words(value: object) -> str | None:
    """`value` if it is a name: a string that is not empty and not absurdly long; without what can't be shown."""
    if type(value) is not str or len(value) > _LONGEST_WORDS:
        return None
    return (value if value.isprintable() else clean(value)) or None


def vendor_id(value: object) -> str | None:
    """`value` as the id of a response or a request; None where it can't be one. What can't be shown is told by a hash of it."""
    if type(value) is not str or not value or value == NIL:
        return None
    if len(value) <= LONGEST_ID and value.isprintable():
        return value
    return "hash-" + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def looks_like_vendors(value: str) -> bool:
    """Whether an id of unknown origin has the form of a vendor's response id."""
    return _VENDORS_ID.fullmatch(value) is not None


def named_provider(record: dict[str, Any], keys: tuple[str, ...] = PROVIDER_KEYS) -> str | None:
    """The provider that a record names itself, as logged."""
    for key in keys:
        name = record.get(key)
        if name is not None and words(name) is not None:
            return words(name)
    return None


_SERVICE_TIERS = frozenset(TOLD_VARIANTS["service_tier"])


def tier(service_tier: object, speed: object = None) -> Context:
    """The price variant that a call was served at, in the terms of the genai-prices catalogue.

    OpenAI says flex, priority or fast; Anthropic says batch or priority, and a speed. What is billed at the base price
    (default, standard, auto; scale, which is paid for beforehand) gives none.
    """
    if service_tier == "batch":
        context: Context = (("processing", "batch"),)
    elif type(service_tier) is str and service_tier in _SERVICE_TIERS:
        context = (("service_tier", service_tier),)
    else:
        context = ()
    return (*context, ("speed", "fast")) if speed == "fast" else context


def usd(value: object) -> int | None:
    """What a record says it cost, as money; None where it is no amount. As money.from_logged, and faster for a plain float."""
    if type(value) is float and value >= 0.0:
        whole, _, part = repr(value).partition(".")
        if len(whole) <= _MOST_DIGITS and part.isdigit() and len(part) <= money.DECIMALS:
            return int(whole + part) * _POWERS[money.DECIMALS - len(part)]
    return money.from_logged(value)
