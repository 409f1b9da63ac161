"""The section `alertmanager` of a policy: which keys it has. What is checked between them is in routes.py.

Defaults are in alertmanager/config.libsonnet alone, where their reasons are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr

from llm_cost_exporter.config import checks as config_checks
from llm_cost_exporter.policy import checks, places
from llm_cost_exporter.policy.channels import CHANNELS, Channels, Deadman, DeadmanEach

__all__ = ["MODELS", "Alertmanager"]

Kind = Annotated[str, BeforeValidator(checks.word(tuple(CHANNELS)))]
Kinds = Annotated[list[Kind], BeforeValidator(checks.some), AfterValidator(checks.unique)]
OriginLabel = Annotated[StrictStr, AfterValidator(checks.origin_label)]
Repeat = Annotated[str, BeforeValidator(checks.duration(300, 31 * 86_400))]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hours(_Model):
    """When warnings are sent, in a zone; they wait otherwise."""

    timezone: Annotated[StrictStr, AfterValidator(config_checks.zone)] = ""
    days: Annotated[list[str], BeforeValidator(places.days)] = []
    from_: Annotated[str, BeforeValidator(places.time_of_day), Field(alias="from")] = ""
    to: Annotated[str, BeforeValidator(places.time_of_day)] = ""


class Lists(_Model):
    """Which severity goes to which channels; `emergency`, a budget's last level, is critical too."""

    emergency: Kinds = []
    critical: Kinds = []
    warning: Kinds = []
    info: Kinds = []


class RepeatInterval(_Model):
    """When what still fires is told again."""

    critical: Repeat = ""
    warning: Repeat = ""
    info: Repeat = ""


class Team(Channels):
    """What a team has of its own."""

    channels: Lists = Lists()
    business_hours: Hours | None = None


class Alertmanager(Channels):
    """The whole section, as far as it was given."""

    version: Annotated[str, BeforeValidator(places.version)] = ""
    deadman: Deadman = Deadman()
    channels: Lists = Lists()
    teams: dict[Annotated[StrictStr, AfterValidator(checks.name)], Team] = Field(default_factory=dict)
    platform: Annotated[StrictStr, AfterValidator(checks.name)] | None = None
    origin_labels: Annotated[list[OriginLabel], AfterValidator(checks.unique)] = Field(default_factory=list)
    repeat_interval: RepeatInterval = RepeatInterval()
    cooldown: Annotated[str, BeforeValidator(checks.duration(300, 86_400))] = ""
    info_digest: Annotated[str, BeforeValidator(checks.duration(3600, 4 * 86_400))] | None = None
    business_hours: Hours | None = None
    data_retention: Annotated[str, BeforeValidator(checks.duration(86_400, 3650 * 86_400))] = ""


_COMMON: dict[tuple[str, ...], type[BaseModel]] = {
    **{(kind,): channel.model for kind, channel in CHANNELS.items()},
    ("channels",): Lists,
    ("business_hours",): Hours,
}
MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Alertmanager,
    ("deadman",): Deadman,
    ("deadman", "each", "*"): DeadmanEach,
    ("repeat_interval",): RepeatInterval,
    **_COMMON,
    ("teams", "*"): Team,
    **{("teams", "*", *where): model for where, model in _COMMON.items()},
}
