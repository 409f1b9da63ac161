"""What draws and checks dashboards: node, the packages of preview/, and Chromium. scripts/fetch_preview.py fetches them."""

from __future__ import annotations

from pathlib import Path

import fetch_preview
from tests.processes import ROOT, missing

__all__ = ["PREVIEW", "chromium", "modules", "node"]

PREVIEW = ROOT / "tests" / "grafana" / "preview"


def node() -> Path:
    """The program node. Where there is none the test is skipped with the reason; in CI it fails."""
    return fetch_preview.node() or missing("no node 20 or newer, neither on the PATH nor in .tools (make preview)")


def modules() -> None:
    """Sees that the packages are there, in the versions of package-lock.json."""
    if not fetch_preview.modules_present():
        missing("the packages of tests/grafana/preview are not installed (make preview)")


def chromium() -> Path:
    """A Chromium."""
    return fetch_preview.chromium() or missing("no Chromium, neither on the PATH nor in .tools (make preview)")
