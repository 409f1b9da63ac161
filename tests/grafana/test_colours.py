"""Colours mean something, and can be told apart by those who see fewer of them.

How a colour is seen is computed after Machado, Oliveira and Fernandes, 2009 (severity 1.0), and compared in CIE Lab; there 2.3 is
the least difference that is noticed, and 10 one that is plain.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Final

import _jsonnet
import pytest

from tests.grafana import boards
from tests.processes import ROOT

THEME = json.loads(_jsonnet.evaluate_file(str(ROOT / "grafana/lib/theme.libsonnet")))
ALARM = {THEME[name] for name in ("warning", "critical", "emergency")}

Rows = tuple[tuple[float, float, float], ...]
SEEN: Final[dict[str, Rows]] = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
TOGETHER = {
    "ranks": [*THEME["rank"], THEME["others"]],
    "states": [THEME[name] for name in ("ok", "warning", "critical", "emergency")],
    "percentiles": [THEME[name] for name in ("median", "high", "extreme")],
    "kinds of token": [
        THEME["token_types"][kind] for kind in ("input", "cache_read", "cache_write", "output", "reasoning")
    ],
    "reasons of failure": list(THEME["reasons"].values()),
}


def product(rows: Rows, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in rows]


def seen(colour: str, eyes: str) -> list[float]:
    """A colour (#rrggbb) in CIE Lab, as such eyes see it."""
    shares = [channel / 255 for channel in bytes.fromhex(colour[1:])]
    linear = [((one + 0.055) / 1.055) ** 2.4 if one > 0.04045 else one / 12.92 for one in shares]
    perceived = [min(1.0, max(0.0, one)) for one in product(SEEN[eyes], linear)]
    xyz = product(((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)), perceived)
    x, y, z = (
        one ** (1 / 3) if one > 0.008856 else 7.787 * one + 16 / 116
        for one in (xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089)
    )
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def apart(one: str, other: str, eyes: str) -> float:
    pairs = zip(seen(one, eyes), seen(other, eyes), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


def test_a_known_pair_is_confused():
    """The measure is right: red and green of one lightness are far apart, and close to those who see no green."""
    assert apart("#C85A28", "#8C7A20", "all colours") > 40
    assert apart("#C85A28", "#8C7A20", "no green") < 15


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("group", TOGETHER)
def test_colours_are_told_apart(group, eyes):
    """Colours that stand beside each other differ plainly, whatever eyes look at them."""
    for one, other in combinations(TOGETHER[group], 2):
        assert apart(one, other, eyes) > 11, (one, other)


def test_no_colour_comes_from_elsewhere():
    """Every colour of a dashboard is one of the theme's (or the text's own)."""
    ours = set(re.findall(r"#[0-9A-F]{6}", json.dumps(THEME)))
    for name, dashboard in boards.load().items():
        text = json.dumps(dashboard)
        named = set(re.findall(r'"(?:color|fixedColor|iconColor|fill)": "([^"]+)"', text)) - {"dash", "text"}
        assert named
        assert named <= ours, name


def test_alarm_is_alarm_alone():
    """What is coloured by name or rank is never of an alarm's colour, but for what is one: rejected, lost, missing, over its limit."""
    assert ALARM.isdisjoint(
        [*THEME["rank"], *THEME["token_types"].values(), *THEME["reasons"].values(), *THEME["groups"].values()]
    )
    alarming = {"limit", "rejected", "saves failed", "missing", "unreadable"}
    for dashboard in boards.load().values():
        for panel in boards.panels(dashboard):
            for override in panel["fieldConfig"]["overrides"]:
                for one in override["properties"]:
                    if one["id"] == "color" and one["value"].get("fixedColor") in ALARM:
                        name = override["matcher"]["options"]
                        assert name in alarming or name.startswith("state lost") or name in THEME["rejections"], name
