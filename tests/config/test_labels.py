"""Labels from a path are those that the pattern names, and no others."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm_cost_exporter.config import parse_path_labels
from llm_cost_exporter.config.labels import check_label_name, glob_regex

PODS = "/var/log/pods/{namespace}_{pod}_{uid}/{container}/*.log"


def test_pods() -> None:
    """Kubernetes' own layout gives namespace, pod and container, under names that no target has."""
    pattern = parse_path_labels(PODS)
    assert pattern.names == ("log_namespace", "log_pod", "uid", "log_container")
    assert pattern.match("/var/log/pods/shop_checkout-6f7d9_0a-1b/main/0.log") == {
        "log_namespace": "shop",
        "log_pod": "checkout-6f7d9",
        "uid": "0a-1b",
        "log_container": "main",
    }


@pytest.mark.parametrize(
    "path",
    ["/var/log/pods/shop_checkout/main/0.log", "/var/log/pods/a_b_c/d/e/0.log", "/var/log/pods/a_b_c/0.log", "x/var/log/pods/a_b_c/d/0.log", "",
     "/var/log/pods/a_b_c/d/0.log\n"],
)  # fmt: skip
def test_a_path_that_does_not_fit_gives_nothing(path: str) -> None:
    """Labels are not half taken from a path of another form."""
    assert parse_path_labels(PODS).match(path) is None


def test_globs_and_braces_around_placeholders() -> None:
    """`**`, `?`, `[…]` and doubled braces are what they are in a glob; `{_}` is ignored."""
    match = parse_path_labels("/a/**/{{x}}/{_}-{app}-[0-9]?[!a].log").match
    assert match("/a/{x}/n-shop-1zb.log") == {"app": "shop"}
    assert match("/a/b/c/{x}/n-shop-1zb.log") == {"app": "shop"}
    assert match("/a/{x}/n-shop-1za.log") is None


def test_a_nasty_pattern_and_path_take_no_time() -> None:
    """Backtracking is bounded: a long path that nearly fits is refused at once."""
    match = parse_path_labels("/" + "-".join(f"{{a{i}}}" for i in range(5)) + "-/x").match
    begun = time.thread_time()
    assert match("/" + "-" * 120) is None
    assert time.thread_time() - begun < 5
    with pytest.raises(ValueError, match="more than"):
        parse_path_labels("/" + "-".join(f"{{a{i}}}" for i in range(20)))


@pytest.mark.parametrize("name", ["type", "env", "service", "region", "namespace", "pod", "container", "job", "instance", "provider", "model",
    "token_type", "ledger", "zone", "month", "date", "reason", "le", "quantile", "exported_x", "__x", "_", "", "1a", "a-b", "a.b", "a b", "é", "a\n", "a" * 65])  # fmt: skip
def test_names_that_labels_cannot_have(name: str) -> None:
    """A name that clashes, or that Prometheus refuses, is no label."""
    with pytest.raises(ValueError, match=r"would be right|at most 64"):
        check_label_name(name)


@example("b", "[b-a]")
@example("b", "[]")
@example("]", "[]]")
@example("^", "[^]")
@given(st.text(alphabet="ab/.-_", max_size=12), st.text(alphabet="ab*?[]!^-/.\\{}&~|", max_size=12))
def test_glob_regex_agrees_with_fnmatch(text: str, pattern: str) -> None:
    """A glob without `**` in a single folder is what fnmatch says, and every glob compiles."""
    regex = re.compile(glob_regex(pattern))
    if "/" not in text + pattern and "**" not in pattern:
        assert bool(regex.fullmatch(text)) == fnmatch.fnmatchcase(text, pattern)
