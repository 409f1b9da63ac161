"""Make the pictures of docs/: what users see, as it is now. Needs Chromium (a Debian package) and the servers of `make servers`.

    python scripts/pictures.py            make them all
    python scripts/pictures.py email      make this one

A picture is a row of frames, each a page of its own with its width and its colour scheme. Another picture is one more function in PICTURES.
"""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GAP = 16
# No look-ups and updates at its start: the pictures need no network.
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@dataclass(frozen=True)
class Frame:
    """A page (its HTML) as a window of this size shows it."""

    page: str
    width: int
    height: int
    scheme: str  # light or dark


def email() -> Iterator[Frame]:
    """A budget's page in a wide window; a group of alerts on a phone in the dark."""
    yield Frame(
        _letter([_budget("company", "critical", "$91.20 of $100.00 (91.2%)", "app checkout, $61.20")]),
        660,
        500,
        "light",
    )
    group = [
        _budget("company", "emergency", "$98.40 of $100.00 (98.4%)", "app checkout, $61.20"),
        _budget("search", "warning", "$23.10 of $30.00 (77%)", "app ranking, $14.05"),
        _budget("checkout", "info", "$10.40 of $20.00 (52%)", "app checkout, $9.90"),
    ]
    yield Frame(_letter(group), 380, 526, "dark")


PICTURES: dict[str, Callable[[], Iterator[Frame]]] = {"email": email}


def main() -> int:
    """Make what is asked for; 1 where a tool is missing."""
    chromium = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if chromium is None:
        print("pictures: no Chromium on the PATH; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    for name in sys.argv[1:] or PICTURES:
        _shoot(chromium, ROOT / "docs" / f"{name}.png", list(PICTURES[name]()))
        print(f"docs/{name}.png")
    return 0


def _shoot(chromium: str, to: Path, frames: list[Frame]) -> None:
    """A frame is an iframe: that has the width asked for where a window has a least one, and takes its colour scheme from its element."""
    style = "border:0;flex:none;width:{width}px;height:{height}px;color-scheme:{scheme}"
    rows = "".join(
        f'<iframe style="{style.format(**vars(one))}" srcdoc="{html.escape(one.page)}"></iframe>' for one in frames
    )
    size = sum(one.width for one in frames) + GAP * (len(frames) - 1), max(one.height for one in frames)
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f'<!DOCTYPE html><body style="margin:0;display:flex;gap:{GAP}px">{rows}')
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                *OFFLINE,
                f"--user-data-dir={folder}/profile",
                f"--window-size={size[0]},{size[1]}",
                f"--screenshot={to}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def _budget(name: str, level: str, figure: str, top: str) -> dict[str, Any]:
    """An alert as the rules make it."""
    return {
        "status": "firing",
        "labels": {
            "alertname": "LlmCostBudget",
            "budget": name,
            "period": "day",
            "level": level,
            "severity": "critical" if level == "emergency" else level,
        },
        "annotations": {
            "summary": "A budget has reached a level of its limit.",
            "figure": figure,
            "top": f"model gpt-4o, {top}",
            "left": "6h 12m",
            "runbook_url": "https://runbooks.example/budgets.md",
            "dashboard_url": "https://grafana.example/d/llm-cost-budgets",
        },
        "startsAt": "2026-01-05T17:48:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example/graph",
    }


def _letter(alerts: list[dict[str, Any]]) -> str:
    """The HTML part of the mail for a group of alerts."""
    common = dict(sorted(set.intersection(*(set(one["labels"].items()) for one in alerts))))
    payload = {"alerts": alerts, "commonLabels": common, "externalURL": "https://alertmanager.example"}
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data.json"
        data.write_text(json.dumps(payload))
        command: list[str | Path] = [
            ROOT / ".tools/new/bin/amtool",
            "template",
            "render",
            f"--template.glob={ROOT}/alertmanager/templates/*.tmpl",
            "--template.type=html",
            f"--template.data={data}",
            '--template.text={{ template "email.llm_cost.html" . }}',
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


if __name__ == "__main__":
    sys.exit(main())
