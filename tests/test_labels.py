"""Where label values come from, and what they look like."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.config.model import DEFAULT_LABEL_PATHS
from llm_cost_exporter.labels import LabelReader
from llm_cost_exporter.wording import clean


def values(reader: LabelReader, *records: dict[str, Any], path: str = "/var/log/x.log") -> tuple[str, ...]:
    plans = [(record, reader.plan(frozenset(record))) for record in records]
    return reader.values(reader.for_file(path), plans)


DEFAULTS = LabelReader(tuple(DEFAULT_LABEL_PATHS), DEFAULT_LABEL_PATHS)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"app": "shop", "team": "search"}, ("shop", "search")),
        ({"metadata": {"app": "shop", "team": "search"}}, ("shop", "search")),
        ({"metadata": {"user_api_key_team_alias": "payments"}}, ("", "payments")),
        ({"service.name": "checkout"}, ("checkout", "")),
        ({"service": {"name": "checkout"}}, ("checkout", "")),
        ({"service": "checkout"}, ("checkout", "")),
        ({"app": "", "app_name": "second"}, ("second", "")),
        ({"app": None, "application": "third"}, ("third", "")),
        ({"app": ["a"], "metadata": {"app": {"b": 1}}, "service": "fourth"}, ("fourth", "")),
        ({"user": "u"}, ("", "")),
    ],
)  # fmt: skip
def test_defaults(record: dict[str, Any], expected: tuple[str, str]) -> None:
    """App and team are found under the usual keys; a missing one is empty."""
    assert values(DEFAULTS, record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"a.b.c": "1"}, "1"), ({"a": {"b": {"c": "2"}}}, "2"), ({"a.b": {"c": "3"}}, "3"), ({"a": {"b.c": "4"}}, "4"),
        ({"a": {"b": "no"}}, ""), ({"a": "no"}, ""), ({"a": {"b": {"c": None}, "b.c": "5"}}, "5"), ({"a.b": 7, "a": {"b": {"c": "6"}}}, "6"),
    ],
)  # fmt: skip
def test_dotted_paths(record: dict[str, Any], expected: str) -> None:
    """A path's dots are nesting or parts of keys, in any mixture."""
    assert values(LabelReader(("x",), {"x": ("a.b.c",)}), record) == (expected,)


def test_the_outermost_record_comes_first() -> None:
    """A value of the outer record beats one of the body, whichever of the paths it is under."""
    reader = LabelReader(("app", "team"), {"app": ("app", "metadata.app"), "team": ("team",)})
    assert values(reader, {"metadata": {"app": "outer"}}, {"app": "inner", "team": "t"}) == ("outer", "t")


def test_static_beats_path_beats_record() -> None:
    """Labels of the configuration are sure, those of a path nearly, those of a record are what it says."""
    reader = LabelReader(
        ("app", "team", "log_namespace", "user"), {"app": ("app",), "team": ("team",), "log_namespace": ("ns",), "user": ("user",)},
        static={"app": "static"}, path_pattern="/var/log/pods/{namespace}_{app}_{_}/{team}/*.log",
    )  # fmt: skip
    record = {"app": "r", "team": "r", "ns": "r", "user": "r"}
    assert values(reader, record, path="/var/log/pods/prod_shop_uid-1/main/0.log") == ("static", "main", "prod", "r")
    assert values(reader, record, path="/somewhere/else.log") == ("static", "r", "r", "r")


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false"), (12, "12"), (1.5, "1.5"), (0, "0")])
def test_scalars_are_rendered(value: object, expected: str) -> None:
    """Numbers and booleans are values too."""
    assert values(LabelReader(("x",), {"x": ("x",)}), {"x": value}) == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a  ", "a"), ("a\nb\tc\x00d", "a b cd"), ("a\u2028b\u2029c\x85d", "a b c d"), ("\ud800x\udfff", "x"), ("x" * 500, "x" * 128), ('"<b>&\\', '"<b>&\\'),
        ("\u202eevil\u2066", "evil"), ("\x1b[31mred", "[31mred"), ("a" * 127 + "   b", "a" * 127), ("", ""), (" \n ", ""), ("日本語 🙂", "日本語 🙂"),
        ("\ufffe\ufdd0ok", "ok"), ("y" * 100_000_0, "y" * 128),
    ],
)  # fmt: skip
def test_cleaning(text: str, expected: str) -> None:
    """No line breaks, control characters, half surrogates or reversed text; at most 128 characters; quotes and HTML stay as they are."""
    assert clean(text) == expected
    assert values(LabelReader(("x",), {"x": ("x",)}), {"x": text}) == (expected,)


@given(st.text())
def test_every_text_becomes_a_value_that_can_be_shown(text: str) -> None:
    """Cleaned text encodes as UTF-8, has no line break, fits, and is clean."""
    cleaned = clean(text)
    assert len(cleaned.encode()) <= 4 * 128
    assert len(cleaned.splitlines()) <= 1
    assert len(cleaned) <= 128
    assert clean(cleaned) == cleaned


def test_equal_values_are_one_object() -> None:
    """Accounts are found by the tuple, so equal ones are the same; what is remembered for this is bounded."""
    reader = LabelReader(("x",), {"x": ("x",)})
    assert values(reader, {"x": "a"}) is values(reader, {"x": "a"})
    for number in range(30_000):
        assert values(reader, {"x": f"v{number}"}) == (f"v{number}",)
    assert len(reader._values) <= 10_000
    assert len(reader._tuples) <= 10_000


def test_what_is_invisible_joins_no_spaces() -> None:
    """White space on both sides of what is taken out is one space."""
    assert clean("0 \x1b\r\ud7fc") == "0 \ud7fc"
    assert clean("a \u202e b\n") == "a b"
