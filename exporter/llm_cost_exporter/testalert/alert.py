"""The test alert itself: a budget's alert, as the rules would send it, but for a budget that nobody has.

It is LlmCostBudget because that is what routes and inhibition treat with most care; a name of its own would prove nothing of the real ones. Its
budget is named by the second, so that no earlier test, no silence of a real budget and no inhibition by one stands in its way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

__all__ = ["LEVELS", "LINK", "labels", "texts"]

LEVELS: Final = ("emergency", "critical", "warning", "info")
LINK: Final = "https://github.com/llm-cost-exporter/llm-cost-exporter/blob/main/docs/alertmanager.md"
_SPENT: Final = {"info": 50, "warning": 75, "critical": 90, "emergency": 98}


def labels(level: str, team: str | None, now: float) -> dict[str, str]:
    """Of a budget's alert at that level; emergency is of severity critical, as in the rules."""
    named = f"test-alert {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    made = {
        "alertname": "LlmCostBudget",
        "budget": named,
        "period": "day",
        "level": level,
        "severity": "critical" if level == "emergency" else level,
    }
    return made | ({"team": team} if team is not None else {})


def texts(level: str) -> dict[str, str]:
    """Texts that say it is a test, with figures of the form that a budget has."""
    spent = _SPENT[level]
    return {
        "summary": "This is a test: no budget has reached a level of its limit.",
        "description": "This is a test sent by `llm-cost-exporter test-alert`; no money was spent. Nothing needs to be done, and it resolves by itself.",
        "figure": f"${spent}.00 of $100.00 ({spent}%)",
        "top": "nobody, this is a test",
        "left": "6h 12m",
        "runbook_url": "https://github.com/llm-cost-exporter/llm-cost-exporter/blob/main/rules/runbooks/budgets.md#llmcostbudget",
    }
