"""Durations, sizes and addresses mean what a reader thinks they mean, or are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_cost_exporter.config.units import parse_address, parse_duration, parse_size, show_duration


@pytest.mark.parametrize(
    "text, seconds",
    [("75s", 75), ("5m", 300), ("24h", 86_400), ("35d", 35 * 86_400), ("1w", 604_800), ("1h30m", 5400), ("0s", 0), ("250ms", 0.25),
     ("1m500ms", 60.5), ("0", 0), (0, 0), (" 5m ", 300), ("1d2h3m4s5ms", 93_784.005)],
)  # fmt: skip
def test_durations(text: Any, seconds: float) -> None:
    """A number with a unit is that many seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "5",
        "1.5h",
        "5 m",
        "5M",
        "m",
        "5mm",
        "1m1h",
        "1m1m",
        "-5m",
        "+5m",
        "\u0665m",
        5,
        5.0,
        True,
        None,
        [],
        "9" * 40 + "s",
    ],
)
def test_doubtful_durations_are_refused(text: Any) -> None:
    """No unit, a repeated unit, the wrong order, a fraction or another script's digits are not guessed at."""
    with pytest.raises(ValueError, match="would be right"):
        parse_duration(text)


@given(st.integers(0, 10**12))
def test_durations_are_shown_as_they_are_written(milliseconds: int) -> None:
    """What an error shows as a bound can be written into the file."""
    assert parse_duration(show_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize(
    "text, count",
    [("1MiB", 1 << 20), ("512KiB", 512 << 10), ("1MB", 10**6), ("2 gib", 2 << 30), ("64k", None), ("100", 100), (1 << 20, 1 << 20), ("5B", 5),
     ("1Mi", 1 << 20), ("10kB", 10_000)],
)  # fmt: skip
def test_sizes(text: Any, count: int | None) -> None:
    """KiB is 1024 and KB is 1000; `k` alone, which could be either, is refused."""
    if count is None:
        with pytest.raises(ValueError, match="would be right"):
            parse_size(text)
    else:
        assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1.5MiB", "1e6", True, None, 1.5, "1MiB2"])
def test_doubtful_sizes_are_refused(text: Any) -> None:
    """A size that can't be read is not guessed at."""
    with pytest.raises(ValueError, match="would be right"):
        parse_size(text)


@pytest.mark.parametrize(
    "text, address",
    [("0.0.0.0:9478", ("0.0.0.0", 9478)), (":9478", ("", 9478)), ("[::]:0", ("::", 0)), ("[::1]:65535", ("::1", 65_535)),
     ("localhost:1", ("localhost", 1)), ("my-host.example.:80", ("my-host.example.", 80)), ("my_service:80", ("my_service", 80))],
)  # fmt: skip
def test_addresses(text: Any, address: tuple[str, int]) -> None:
    """HOST:PORT with names, IPv4, IPv6 in brackets and nothing at all."""
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "x:",
        "9478",
        "a:65536",
        "a:-1",
        "::1:9478",
        "[::1:9478",
        "[1.2.3.4]:1",
        "a b:1",
        "a..b:1",
        "-a:1",
        "a:\uff11",
        "http://a:1",
    ],
)
def test_wrong_addresses_are_refused(text: Any) -> None:
    """What can't be listened on is said before anything is tried."""
    with pytest.raises(ValueError, match="HOST:PORT would be right"):
        parse_address(text)
