"""What the exporter serves over HTTP: /metrics, /-/healthy, /-/ready and, at /, a page for a person."""

from __future__ import annotations

from llm_cost_exporter.web.answers import OPENMETRICS, TEXT, Application
from llm_cost_exporter.web.connections import Timeouts
from llm_cost_exporter.web.page import FileRow, LineCounts, PageModel, SpendRow, UnpricedRow
from llm_cost_exporter.web.server import WebServer

__all__ = [
    "OPENMETRICS", "TEXT", "Application", "FileRow", "LineCounts", "PageModel", "SpendRow", "Timeouts", "UnpricedRow", "WebServer",
]  # fmt: skip
