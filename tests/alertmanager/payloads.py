"""Alerts as the rules make them, and worse: what messages must stand. `ALERTS` is case -> the alerts of one group; the same for amtool (as the data
of a template) and for a real Alertmanager (as what its API takes)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["ALERTS", "EVIL", "NAMES", "data", "of"]

BEGAN: Final = "2026-11-24T14:02:00Z"
ENDED: Final = "2026-11-24T17:14:20Z"
NOT_ENDED: Final = "0001-01-01T00:00:00Z"
RUNBOOKS: Final = "https://example.org/runbooks"
GENERATOR: Final = "http://prometheus.example:9090/graph?g0.expr=budget%3Allm_cost_usd%3Aspent+%3E%3D+0.9&g0.tab=1"

# What the routes group by, of what the alerts here have.
_GROUPED: Final = ("alertname", "budget", "period", "level", "severity", "cluster", "env")

Alert = dict[str, Any]

# Names that a person or a log may bring. `raw` must never be seen as markup.
NAMES: Final = {
    "quotes": 'a "quoted" \\ back\'slash',
    "html": '<b>bold</b> <script>alert(1)</script> & &lt; <img src=x onerror="x"> </style></title>',
    "lines": "two\nlines\r\nSubject: forged\r\n\r\nbody\ttab\u2028third",
    "bell": "rings\x07\x1b[31m",
    "right to left": "\u05ea\u05e7\u05e6\u05d9\u05d1 \u0645\u064a\u0632\u0627\u0646\u064a\u0629",
    "turned": "gpt\u202etxt.exe\u2066",
    "emoji": "budget \U0001f4b8\U0001f468\u200d\U0001f469\u200d\U0001f467 caf\u00e9",
    "markdown": "*bold* _italic_ `code` ~struck~ ||spoiler|| [text](https://evil.example) # head",
    "mentions": "<!channel> <@U123> @here @everyone https://evil.example <https://evil.example|text>",
    "yaml": 'key: {a: [1, 2]} - {{ template "slack.default.title" . }}',
    "template": "{{ .ExternalURL }} {{ nonsense",
    "long": "x" * 5000,
}
EVIL: Final = tuple(NAMES)


def alert(labels: Mapping[str, str], annotations: Mapping[str, str], *, ended: str = NOT_ENDED) -> Alert:
    return {
        "labels": dict(labels),
        "annotations": dict(annotations),
        "startsAt": BEGAN,
        "endsAt": ended,
        "generatorURL": GENERATOR,
    }


def budget(
    level: str = "critical", name: str = "company", *, ended: str = NOT_ENDED, period: str = "day", top: str = ""
) -> Alert:
    severity = {"emergency": "critical"}.get(level, level)
    spender = top or "model gpt-4o, app checkout, team search, $61.20"
    return alert(
        {
            "alertname": "LlmCostBudget",
            "budget": name,
            "period": period,
            "level": level,
            "severity": severity,
            "team": "search",
        },
        {
            "summary": "A budget has reached a level of its limit.",
            "description": f"Budget {name} has spent $91.20 of $100.00 today, 91.2%. Most of it: {spender}.",
            "runbook_url": f"{RUNBOOKS}/budgets.md#llmcostbudget",
            "dashboard_url": "http://grafana.example:3000/d/llm-cost-budgets?var-budget=company",
            "figure": "$91.20 of $100.00 (91.2%)",
            "top": spender,
            "left": "6h 12m",
        },
        ended=ended,
    )


def of(origin: Mapping[str, str], alerts: Iterable[Alert]) -> list[Alert]:
    """The same as a Prometheus with these external labels sends them."""
    return [made | {"labels": {**made["labels"], **origin}} for made in alerts]


def rate(model: str, severity: str = "critical", *, ended: str = NOT_ENDED) -> Alert:
    return alert(
        {"alertname": "LlmCostSpendRateMinute", "model": model, "severity": severity},
        {
            "summary": "A model spends more dollars a minute than is allowed.",
            "description": f"{model} costs $60.00 a minute; more than $50 is critical. Most of it: app checkout.",
            "runbook_url": f"{RUNBOOKS}/spend-rate.md#llmcostspendrateminute",
            "dashboard_url": "http://grafana.example:3000/d/llm-cost-overview?var-model=gpt-4o",
            "figure": "$60.00 a minute",
            "limit": "$50.00",
            "top": "app checkout",
        },
        ended=ended,
    )


def down(instance: str) -> Alert:
    return alert(
        {"alertname": "LlmCostExporterDown", "job": "llm-cost-exporter", "instance": instance, "severity": "critical"},
        {
            "summary": "An exporter is down, or none is left.",
            "description": f"The exporter {instance} can't be scraped: new spend is not seen until it is back. The log keeps it.",
            "runbook_url": f"{RUNBOOKS}/pipeline.md#llmcostexporterdown",
            "dashboard_url": "http://grafana.example:3000/d/llm-cost-exporter",
        },
    )


def _forecast() -> Alert:
    made = budget("warning")
    made["labels"]["alertname"] = "LlmCostBudgetForecast"
    made["annotations"] |= {"figure": "$60.00 of $100.00", "projected": "$140.00", "used_up_in": "1h 44m"}
    return made


def _burn_rate() -> Alert:
    made = budget("critical", period="month")
    made["labels"]["alertname"] = "LlmCostBudgetBurnRate"
    made["annotations"] |= {"figure": "14.5x the even pace", "spent": "$820.00 of $1000.00", "left": "12d 6h 30m"}
    return made


ALERTS: Final[dict[str, list[Alert]]] = {
    "one": [budget()],
    "emergency": [budget("emergency")],
    "info": [budget("info")],
    "forecast": [_forecast()],
    "burn rate": [_burn_rate()],
    "rate": [rate("gpt-4o", "warning")],
    "pipeline": [down("exporter-1:9478")],
    "origin": of({"cluster": "prod"}, [budget()]),
    "two origins": of({"env": "live", "cluster": "prod", "replica": "a"}, [rate("gpt-4o"), rate("o3")]),
    "origin resolved": of({"cluster": "prod"}, [budget(ended=ENDED)]),
    "resolved": [budget(ended=ENDED)],
    "several resolved": [rate(f"gpt-{n}", ended=ENDED) for n in range(3)],
    "mixed": [budget("warning", "a"), budget("emergency", "b"), budget("info", "c"), rate("gpt-4o", ended=ENDED)],
    "fifty": [down(f"exporter-{n}:9478") for n in range(50)],
    "a hundred": [rate(f"gpt-{n}", "critical" if n == 70 else "warning") for n in range(100)],
    "only a name": [alert({"alertname": "SomethingElse"}, {})],
    "no name": [alert({"severity": "page"}, {})],
    "no figures": [
        alert(
            {"alertname": "LlmCostBudget", "budget": "company", "severity": "warning"},
            {"summary": "A budget.", "top": ""},
        )
    ],
    "no budget": [alert({"alertname": "LlmCostBudget", "severity": "critical"}, {"figure": "$1.00 of $2.00 (50%)"})],
    **{f"evil {name}": [budget(name=text, top=f"model {text}, $1.00")] for name, text in NAMES.items()},
    **{f"evil origin {name}": of({"cluster": text}, [budget()]) for name, text in NAMES.items()},
    "evil fifty": [budget(name=text * 9, top=f"model {text}, $1.00") for text in NAMES.values() for _ in range(5)],
}


def data(alerts: list[Alert]) -> dict[str, Any]:
    """What a template gets, for `amtool template render --template.data`."""
    told = [
        made | {"status": "firing" if made["endsAt"] == NOT_ENDED else "resolved", "fingerprint": "f"}
        for made in alerts
    ]

    def common(what: str) -> dict[str, str]:
        shared = set.intersection(*(set(made[what].items()) for made in alerts))
        return dict(sorted(shared))

    return {
        "receiver": "r",
        "status": "firing" if any(made["status"] == "firing" for made in told) else "resolved",
        "alerts": told,
        "groupLabels": {name: value for name, value in common("labels").items() if name in _GROUPED},
        "commonLabels": common("labels"),
        "commonAnnotations": common("annotations"),
        "externalURL": "http://alertmanager.example:9093",
    }
