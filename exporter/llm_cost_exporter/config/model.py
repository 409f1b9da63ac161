"""The configuration as checked data. Every key, its default and its bounds are here.

Durations are seconds, sizes bytes. Models are frozen and know no other keys than these.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

from llm_cost_exporter.config import checks
from llm_cost_exporter.config.labels import check_label_name, parse_path_labels

__all__ = ["MODELS", "Config", "DedupConfig", "LabelConfig", "Limits", "PricesConfig", "SourceConfig", "UpdateConfig"]

DEFAULT_LABEL_PATHS = {
    "app": (
        "app",
        "metadata.app",
        "app_name",
        "application",
        "service",
        "service_name",
        "service.name",
        "metadata.service",
    ),
    "team": (
        "team",
        "metadata.team",
        "team_alias",
        "metadata.team_alias",
        "metadata.user_api_key_team_alias",
        "team_name",
        "department",
    ),
}

LabelName = Annotated[StrictStr, AfterValidator(check_label_name)]
LabelValue = Annotated[StrictStr, AfterValidator(checks.label_value)]
RecordPath = Annotated[StrictStr, AfterValidator(checks.record_path)]
Glob = Annotated[StrictStr, AfterValidator(checks.glob)]
Zone = Annotated[StrictStr, AfterValidator(checks.zone)]
FilePath = Annotated[Path, BeforeValidator(checks.file_path)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceConfig(_Model):
    """One entry of `sources`: files that are read alike. `paths` are globs (`-` is standard input)."""

    paths: Annotated[tuple[Glob, ...], BeforeValidator(checks.one_or_more)]
    format: Annotated[str | dict[str, Any], BeforeValidator(checks.log_format)] = "auto"
    start_at: Literal["beginning", "end"] = "beginning"
    timezone: Zone | None = None
    trust_reported: StrictBool = False
    labels: dict[LabelName, LabelValue] = {}
    path_labels: Annotated[StrictStr, AfterValidator(checks.path_labels)] | None = None

    @property
    def name(self) -> str:
        """What tells this entry from others in the state; stays as long as its paths do."""
        return ",".join(self.paths)

    @property
    def path_label_names(self) -> tuple[str, ...]:
        """The labels that `path_labels` gives."""
        return parse_path_labels(self.path_labels).names if self.path_labels else ()

    @property
    def mapped_label_names(self) -> tuple[str, ...]:
        """The labels that a mapping gives."""
        return tuple(self.format.get("labels", ())) if isinstance(self.format, dict) else ()


class LabelConfig(_Model):
    """Where a label's value is in a record (the first path that is there), how many values it may have, and when it folds."""

    paths: Annotated[tuple[RecordPath, ...], BeforeValidator(checks.zero_or_more)] = ()
    max_values: Annotated[int, BeforeValidator(checks.whole(1, 1_000_000))] | None = None
    keep: StrictBool = False


class UpdateConfig(_Model):
    """Where a newer catalogue is fetched from, and how often; without `interval` only on demand (`prices --update`)."""

    url: Annotated[StrictStr, AfterValidator(checks.url)]
    interval: Annotated[float, BeforeValidator(checks.duration(300, 400 * 86_400))] | None = None


class PricesConfig(_Model):
    """A price file over the catalogue, which catalogue, and other names for models: {my-deployment: azure/gpt-4o}."""

    file: FilePath | None = None
    catalogue: FilePath | None = None
    update: UpdateConfig | None = None
    aliases: dict[
        Annotated[StrictStr, AfterValidator(checks.alias)], Annotated[StrictStr, AfterValidator(checks.alias_target)]
    ] = {}


class DedupConfig(_Model):
    """How many calls' ids are kept (0: none), and for how many seconds of event time."""

    window: Annotated[int, BeforeValidator(checks.whole(0, 10_000_000))] = 100_000
    max_age: Annotated[float, BeforeValidator(checks.duration(1, 400 * 86_400))] = 86_400.0


class Limits(_Model):
    """Bounds of cardinality and memory."""

    series: Annotated[int, BeforeValidator(checks.whole(1, 1_000_000))] = 1000
    line_bytes: Annotated[int, BeforeValidator(checks.size(1024, 256 << 20))] = 1 << 20


def _default_labels() -> dict[str, LabelConfig]:
    return {name: LabelConfig(paths=paths, keep=True) for name, paths in DEFAULT_LABEL_PATHS.items()}


def _with_default_labels(labels: object) -> object:
    """`labels` with app and team, which are always there and fold last unless the file says otherwise."""
    if not isinstance(labels, dict):
        return labels
    full: dict[object, object] = {name: {"paths": paths, "keep": True} for name, paths in DEFAULT_LABEL_PATHS.items()}
    for name, value in labels.items():
        given = {"paths": value} if isinstance(value, (list, tuple, str)) else value
        default = full.get(name)
        full[name] = {**default, **given} if isinstance(default, dict) and isinstance(given, dict) else given
    return full


class Config(_Model):
    """The whole configuration of the exporter."""

    listen: Annotated[StrictStr, BeforeValidator(checks.address)] = "0.0.0.0:9478"
    state_dir: FilePath = Path("/var/lib/llm-cost-exporter")
    timezone: Zone = "UTC"
    ledger: Annotated[StrictStr, AfterValidator(checks.ledger)] | None = None
    new_series_hold: Annotated[float, BeforeValidator(checks.duration(0, 3600))] = 75.0
    late_after: Annotated[float, BeforeValidator(checks.duration(0, 7 * 86_400))] = 300.0
    shutdown_linger: Annotated[float, BeforeValidator(checks.duration(0, 3600))] = 0.0
    sources: Annotated[tuple[SourceConfig, ...], BeforeValidator(checks.entries)] = ()
    labels: Annotated[dict[LabelName, LabelConfig], BeforeValidator(_with_default_labels)] = Field(
        default_factory=_default_labels
    )
    prices: PricesConfig = PricesConfig()
    dedup: DedupConfig = DedupConfig()
    limits: Limits = Limits()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The dimensions besides provider and model: app, team, then all others that are configured anywhere, sorted."""
        return ("app", "team", *sorted({*self.labels, *self._labels_of_sources()} - {"app", "team"}))

    def label(self, name: str) -> LabelConfig:
        """How the label `name` is filled and bounded; one that only sources give has no paths in the record."""
        return self.labels.get(name) or LabelConfig()

    def _labels_of_sources(self) -> Iterator[str]:
        for source in self.sources:
            yield from source.labels
            yield from source.path_label_names
            yield from source.mapped_label_names


MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Config,
    ("sources", "*"): SourceConfig,
    ("labels", "*"): LabelConfig,
    ("prices",): PricesConfig,
    ("prices", "update"): UpdateConfig,
    ("dedup",): DedupConfig,
    ("limits",): Limits,
}
