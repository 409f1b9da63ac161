"""From the text of a line to a JSON object: fast first, leniently where the fast decoder refuses.

orjson follows the standard to the letter. Loggers don't: Python's json writes NaN and Infinity, a cut string ends in half a
character or half a surrogate pair, a terminal's control characters come through. Such a line gets a second try, in which
undecodable bytes become U+FFFD. Nothing of the text is ever in the error.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

__all__ = ["NotJsonError", "decode", "strict"]

strict = orjson.loads  # raises orjson.JSONDecodeError, a ValueError


class NotJsonError(ValueError):
    """The text is no JSON. `too_deep`: it may be, but is nested past what a decoder follows (about 1000 levels)."""

    def __init__(self, *, too_deep: bool = False) -> None:
        super().__init__("nested too deep" if too_deep else "no JSON")
        self.too_deep = too_deep


def decode(text: bytes | str) -> Any:
    """The JSON value that the whole of `text` is. Raises NotJsonError."""
    try:
        return strict(text)
    except ValueError as bad:
        if "depth limit" in str(bad):
            raise NotJsonError(too_deep=True) from None
    last = text.rstrip()[-1:]
    if last not in {b"}", b"]", "}", "]"}:  # cut off: a second try can't help, and would cost ten times the first
        raise NotJsonError
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8", "replace"), strict=False)
    except RecursionError:
        raise NotJsonError(too_deep=True) from None
    except ValueError:
        raise NotJsonError from None
