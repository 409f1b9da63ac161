"""Names and label values out of logs and files: what is left of them when nothing invisible is."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MOST_CHARACTERS", "clean", "folded"]

MOST_CHARACTERS = 128
_MOST_LENGTH_LOOKED_AT = 4096
_SPACES = re.compile(r"[\s\u0085\u2028\u2029]+")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean(text: str) -> str:
    """`text` as a label value: white space of any kind one space, nothing invisible or invalid, at most 128 characters."""
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        text = "".join(char for char in text[:_MOST_LENGTH_LOOKED_AT] if char.isspace() or not _is_invisible(char))
        text = _SPACES.sub(" ", text).strip()[:MOST_CHARACTERS]
    return text.strip()


def folded(name: str) -> str:
    """What two spellings of a name that is compared without regard to case have in common."""
    return clean(name).casefold()


def _is_invisible(char: str) -> bool:
    code = ord(char)
    return (
        char in _BIDI
        or unicodedata.category(char) in {"Cc", "Cs"}
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
    )
