"""Which names labels may have, and the pattern that takes labels from a file's path."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

__all__ = ["PathPattern", "check_label_name", "glob_regex", "parse_path_labels"]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_LONGEST_NAME = 64
_MOST_PLACEHOLDERS = 8  # a path is matched by backtracking: few enough that it can't take long

# A scrape target in Kubernetes carries these itself; ours would be renamed to exported_… or hide the target's.
_TARGETS = frozenset(("type", "env", "service", "region", "namespace", "pod", "container", "job", "instance"))
# Labels that our own metrics give another meaning, and the columns of a report.
_OURS = frozenset(
    ("provider", "model", "token_type", "ledger", "zone", "month", "date", "hour", "reason", "le", "quantile",
     "requests", "failures", "tokens", "cost_usd")
)  # fmt: skip


def check_label_name(name: str) -> str:
    """`name`, if a label can be called so. Raises ValueError with what would be right."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(
            "a label's name has letters, digits and _ only, begins with no digit, and has at most 64 characters"
        )
    if name.startswith("__") or name == "_":
        raise ValueError("names that begin with __ (and _ alone) are kept for Prometheus; another name would be right")
    if name.startswith("exported_"):
        raise ValueError("Prometheus itself makes names that begin with exported_; another name would be right")
    if _clashes(name):
        whose = "a scrape target's own label" if name in _TARGETS else "a label of the exporter's own"
        raise ValueError(f"{name} is {whose}; another name, such as log_{name}, would be right")
    return name


def _clashes(name: str) -> bool:
    return name in _TARGETS or name in _OURS


class PathPattern:
    """A compiled `path_labels`: `names` are the labels it gives, `match(path)` their values."""

    __slots__ = ("_regex", "names")

    def __init__(self, regex: re.Pattern[str], names: tuple[str, ...]) -> None:
        self._regex, self.names = regex, names

    def match(self, path: str) -> dict[str, str] | None:
        """Label values that `path` gives; None where the pattern does not fit it."""
        found = self._regex.fullmatch(path)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))


@lru_cache(maxsize=256)
def parse_path_labels(pattern: str) -> PathPattern:
    """Compile a pattern such as `/var/log/pods/{namespace}_{pod}_{_}/{container}/*.log`.

    A placeholder takes the shortest text without `/` that lets the rest fit; `{_}` is ignored; a name that clashes with a
    target's label or one of ours gets the prefix `log_`; `{{` is a brace. Everything else is a glob as in `paths`.
    Raises ValueError.
    """
    names: list[str] = []
    regex, rest = "", pattern
    while rest:
        if rest[:2] in ("{{", "}}"):
            regex, rest = regex + re.escape(rest[0]), rest[2:]
        elif rest[0] == "{":
            placeholder, closed, rest = rest[1:].partition("}")
            if not closed:
                raise ValueError("a `{` is not closed; {name} would be right")
            regex += "[^/]*?" if placeholder == "_" else "([^/]+?)"
            if placeholder != "_":
                names.append(_placeholder_label(placeholder, names))
        elif rest[0] == "}":
            raise ValueError("a `}` has no `{` before it; {name} would be right")
        else:
            literal = re.match(r"[^{}]+", rest)
            assert literal is not None
            regex, rest = regex + glob_regex(literal[0]), rest[literal.end() :]
    if not names:
        raise ValueError("has no placeholder; a pattern such as /var/log/{app}/*.log would be right")
    if pattern.count("{") > _MOST_PLACEHOLDERS:
        raise ValueError(f"has more than {_MOST_PLACEHOLDERS} placeholders")
    return PathPattern(re.compile(regex, re.DOTALL), tuple(names))


def _placeholder_label(placeholder: str, before: list[str]) -> str:
    if not _NAME.fullmatch(placeholder):
        raise ValueError(f"{{{placeholder[:40]}}} is no placeholder; letters, digits and _ would be right")
    name = f"log_{placeholder}" if _clashes(placeholder) else check_label_name(placeholder)
    if name in before:
        raise ValueError(f"gives the label {name} twice; once, and {{_}} for what is to be ignored, would be right")
    return name


def glob_regex(pattern: str) -> str:
    """The regular expression of a glob: `*` and `?` stop at `/`, `**/` is any number of folders, `[…]` one character."""
    out, i = "", 0
    while i < len(pattern):
        char = pattern[i]
        end = pattern.find("]", i + 2) if char == "[" else -1
        if pattern.startswith("**/", i):
            out, i = out + "(?:[^/]+/)*?", i + 3
        elif char == "*":
            out += "[^/]*?"
            while i < len(pattern) and pattern[i] == "*":
                i += 1
        elif char == "?":
            out, i = out + "[^/]", i + 1
        elif end > 0:
            out, i = out + fnmatch.translate(pattern[i : end + 1])[:-2], end + 1  # less its `end of text`
        else:
            out, i = out + re.escape(char), i + 1
    return out
