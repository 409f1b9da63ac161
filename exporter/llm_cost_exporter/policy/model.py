"""policy.yml as checked data: which keys there are, and what a value of each may be.

Defaults are in rules/config.libsonnet alone, where their reasons are; here every key may be left out. What can only be seen once
the defaults are in (levels out of order) is checked in load.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

from llm_cost_exporter.config import checks as config_checks
from llm_cost_exporter.policy import alertmanager, checks
from llm_cost_exporter.policy.alertmanager import Alertmanager

__all__ = ["ALERTS", "MODELS", "Policy"]

# The alerts that a policy may turn off or give another severity.
ALERTS = (
    "LlmCostSpendRateMinute", "LlmCostSpendRateHour",
    "LlmCostBudget", "LlmCostBudgetForecast", "LlmCostBudgetBurnRate", "LlmCostUnmatchedBudget",
    "LlmCostUnpriced", "LlmCostPriceCatalogueStale",
    "LlmCostExporterDown", "LlmCostExporterNotReady", "LlmCostLogStalled", "LlmCostLogUnreadable",
    "LlmCostReadingBehind", "LlmCostLinesRejected", "LlmCostSaveFailing",
    "LlmCostSeriesFolded", "LlmCostConfigReloadFailed", "LlmCostStateLost", "LlmCostCallsWithoutUsage",
    "LlmCostLedgerStale", "LlmCostZoneMismatch", "LlmCostWatchdog",
)  # fmt: skip

Severity = Literal["critical", "warning", "info"]
Usd = Annotated[float, BeforeValidator(checks.number(0.01, 1e9))]
Share = Annotated[float, BeforeValidator(checks.level)]
Name = Annotated[StrictStr, AfterValidator(checks.name)]
SpendLabel = Annotated[StrictStr, AfterValidator(checks.spend_label)]
SpendLabels = Annotated[list[SpendLabel], BeforeValidator(checks.some), AfterValidator(checks.unique)]
Matcher = Annotated[str | list[str], BeforeValidator(checks.matcher)]
Matchers = dict[Annotated[StrictStr, AfterValidator(checks.target_label)], Matcher]
Window = Annotated[str, BeforeValidator(checks.duration(60, 7 * 86_400))]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Selectors(_Model):
    """Matchers for the exporter's metrics, and for its targets in `up`."""

    metrics: Matchers = {}
    targets: Annotated[Matchers, AfterValidator(checks.not_empty)] = {}


class Levels(_Model):
    """Shares of a budget; null takes one out."""

    info: Share | None = None
    warning: Share | None = None
    critical: Share | None = None
    emergency: Share | None = None


class Budget(_Model):
    """Dollars a day and a month for what `match` takes."""

    name: Name
    match: dict[SpendLabel, Matcher] = {}
    daily_usd: Usd | None = None
    monthly_usd: Usd | None = None
    team: Name | None = None
    levels: Levels = Levels()


class Thresholds(_Model):
    """Dollars above which an alert fires; null: not at that severity."""

    warning: Usd | None = None
    critical: Usd | None = None


class SpendRate(_Model):
    """Dollars a minute and an hour, of each set of the labels `by`."""

    by: SpendLabels = []
    minute: Thresholds = Thresholds()
    hour: Thresholds = Thresholds()


class CriticalWithin(_Model):
    """How near the limit must be for a forecast to be critical."""

    day: Annotated[str, BeforeValidator(checks.duration(60, 86_400))] = ""
    month: Annotated[str, BeforeValidator(checks.duration(60, 31 * 86_400))] = ""


class Forecast(_Model):
    """When a forecast speaks."""

    least_spent: Annotated[float, BeforeValidator(checks.number(0, 0.99))] = 0
    critical_within: CriticalWithin = CriticalWithin()


class BurnRate(_Model):
    """So many times the even pace of a month over a long window, and going on by the short one (docs/rules.md)."""

    severity: Severity
    factor: Annotated[float, BeforeValidator(checks.number(1, 10_000))]
    long: Window
    short: Window


class LogStalled(_Model):
    """Whose log is stalled: how calls are grouped, and how many an hour are no chance."""

    by: SpendLabels = []
    minimum_calls: Annotated[int, BeforeValidator(config_checks.whole(1, 1_000_000))] = 1


class ReadingBehind(_Model):
    """Unread log (bytes, or with a unit such as 16MiB) that stays for a time."""

    bytes: Annotated[int, BeforeValidator(config_checks.size(1, 1 << 50))] = 0
    for_: Annotated[str, BeforeValidator(checks.duration(60, 7 * 86_400)), Field(alias="for")] = ""


class AlertSetting(_Model):
    """One alert by name: whether it is on, and its severity: one, or {default: another}."""

    enabled: StrictBool = True
    severity: Annotated[Severity | dict[Severity, Severity], BeforeValidator(checks.severity)] | None = None


class Links(_Model):
    """Where links in messages lead."""

    runbooks: Annotated[StrictStr, AfterValidator(checks.base_url)] = ""
    dashboards: Annotated[StrictStr, AfterValidator(checks.base_url)] = ""


class Policy(_Model):
    """The whole policy, as far as it was given."""

    timezone: Annotated[StrictStr, AfterValidator(config_checks.zone)] | None = None
    scrape_interval: Annotated[str, BeforeValidator(checks.duration(1, 120))] = ""
    grouping_labels: SpendLabels = []
    selectors: Selectors = Selectors()
    budgets: Annotated[list[Budget], BeforeValidator(checks.some)] = []
    levels: Levels = Levels()
    spend_rate: SpendRate = SpendRate()
    forecast: Forecast = Forecast()
    burn_rate: list[BurnRate] = []
    minimum_usd: Annotated[float, BeforeValidator(checks.number(0, 1e9))] = 0
    catalogue_stale_after: Annotated[str, BeforeValidator(checks.duration(86_400, 3650 * 86_400))] = ""
    log_stalled: LogStalled = LogStalled()
    reading_behind: ReadingBehind = ReadingBehind()
    calls_without_usage_ratio: Annotated[float, BeforeValidator(checks.number(0, 1))] = 0
    alerts: dict[Annotated[str, AfterValidator(checks.one_of(ALERTS))], AlertSetting] = {}
    links: Links = Links()
    alertmanager: Alertmanager = Alertmanager()


MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Policy,
    ("selectors",): Selectors,
    ("budgets", "*"): Budget,
    ("budgets", "*", "levels"): Levels,
    ("levels",): Levels,
    ("spend_rate",): SpendRate,
    ("spend_rate", "minute"): Thresholds,
    ("spend_rate", "hour"): Thresholds,
    ("forecast",): Forecast,
    ("forecast", "critical_within"): CriticalWithin,
    ("burn_rate", "*"): BurnRate,
    ("log_stalled",): LogStalled,
    ("reading_behind",): ReadingBehind,
    ("alerts", "*"): AlertSetting,
    ("links",): Links,
    **{("alertmanager", *where): model for where, model in alertmanager.MODELS.items()},
}
