"""From a policy file, or none, to a complete and consistent policy: plain data with every key, as rules/config.libsonnet has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from llm_cost_exporter.config import yamlfile
from llm_cost_exporter.config.messages import config_error
from llm_cost_exporter.config.units import parse_duration
from llm_cost_exporter.errors import ConfigError
from llm_cost_exporter.policy import routes
from llm_cost_exporter.policy.model import MODELS, Policy
from llm_cost_exporter.rendering import sources

__all__ = ["defaults", "load"]

_LEVELS: Final = ("info", "warning", "critical", "emergency")
# Given, these take the place of the default as a whole; everything else is completed key by key.
_WHOLE: Final = (("selectors", "metrics"), ("selectors", "targets"))


def defaults() -> dict[str, Any]:
    """The policy that holds where nothing is said."""
    config: dict[str, Any] = {}
    for folder in ("rules", "alertmanager"):
        config |= sources.evaluate(folder, "(import 'config.libsonnet')._config")
    return config


def load(path: Path | str | None) -> dict[str, Any]:
    """The policy in the file `path` over the defaults; None: the defaults. Raises ConfigError in one line."""
    complete = defaults()
    if path is None:
        return complete
    file = str(path)
    data = yamlfile.read(path)
    if data is None:
        return complete
    if not isinstance(data, dict):
        raise ConfigError(file, "", "must be a mapping (key: value); policy.example.yml shows every key")
    empty = {key for key, value in data.items() if value is None}  # a section with nothing but comments in it
    for key, problem in routes.inline_secrets(data.get("alertmanager")):
        raise ConfigError(file, key, problem)
    try:
        policy = Policy.model_validate({key: value for key, value in data.items() if key not in empty})
    except ValidationError as bad:
        raise config_error(bad, file, MODELS) from None
    for key in empty - set(Policy.model_fields):
        raise ConfigError(file, str(key), "unknown key")
    given = policy.model_dump(exclude_unset=True, by_alias=True)
    of_routes = given.pop("alertmanager", {})
    complete = _merged(complete, given)
    complete["alertmanager"] = routes.completed(complete["alertmanager"], of_routes)
    for key, problem in (*_problems(complete), *routes.problems(of_routes, complete["alertmanager"])):
        raise ConfigError(file, key, problem)
    return complete


def _merged(default: Mapping[str, Any], given: Mapping[str, Any], where: tuple[str, ...] = ()) -> dict[str, Any]:
    merged = dict(default)
    for key, value in given.items():
        path = (*where, key)
        both = isinstance(value, dict) and isinstance(default.get(key), dict)
        merged[key] = _merged(default[key], value, path) if both and path not in _WHOLE else value
    return merged


def _problems(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong between keys: the key, and what would be right."""
    yield from _disorder("levels", policy["levels"])
    seen: dict[str, int] = {}
    for index, budget in enumerate(policy["budgets"]):
        key = f"budgets[{index}]"
        first = seen.setdefault(budget["name"].casefold(), index)
        if first != index:
            yield f"{key}.name", f"{budget['name']!r} is the name of budgets[{first}] too; each needs its own"
        limits = {name: budget[name] for name in ("daily_usd", "monthly_usd") if budget.get(name) is not None}
        if not limits:
            yield key, f"{budget['name']!r} has no limit; daily_usd, monthly_usd or both would be right"
        for name, usd in limits.items():
            if usd < policy["minimum_usd"]:
                yield (
                    f"{key}.{name}",
                    f"{usd:g} is below minimum_usd, {policy['minimum_usd']:g}, so it could never alert; a smaller minimum_usd would be right",
                )
        own = budget.get("levels", {})
        if own:
            yield from _disorder(f"{key}.levels", {**policy["levels"], **own})
    for window in ("minute", "hour"):
        given = {
            name: usd for name in ("warning", "critical") if (usd := policy["spend_rate"][window].get(name)) is not None
        }
        for name, usd in given.items():
            if usd < policy["minimum_usd"]:
                yield (
                    f"spend_rate.{window}.{name}",
                    f"{usd:g} is below minimum_usd, {policy['minimum_usd']:g}; a smaller minimum_usd would be right",
                )
        if len(given) > 1 and given["warning"] >= given["critical"]:
            yield (
                f"spend_rate.{window}",
                f"warning ({given['warning']:g}) is not below critical ({given['critical']:g}); it would be right",
            )
    for index, row in enumerate(policy["burn_rate"]):
        if parse_duration(row["short"]) >= parse_duration(row["long"]):
            yield (
                f"burn_rate[{index}].short",
                f"{row['short']} is not shorter than long, {row['long']}; it would be right",
            )


def _disorder(key: str, levels: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
    given = [(name, share) for name in _LEVELS if (share := levels.get(name)) is not None]
    for (low, below), (high, above) in pairwise(given):
        if below >= above:
            yield (
                f"{key}.{high}",
                f"{above:g} is not above {low}, {below:g}; info < warning < critical < emergency would be right",
            )
