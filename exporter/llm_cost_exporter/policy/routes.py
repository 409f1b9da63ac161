"""What must hold between the keys of `alertmanager`, and how a policy's section is completed with the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from llm_cost_exporter.config.messages import dotted
from llm_cost_exporter.config.units import parse_duration
from llm_cost_exporter.policy.channels import CHANNELS, DEADMAN, OLD, Channel

__all__ = ["DEFAULT_OWNER", "completed", "inline_secrets", "problems"]

DEFAULT_OWNER: Final = "llm-cost"  # what the receivers of no team are called by

_Finding = tuple[str, str]  # a key, and what would be right
_Section = Mapping[str, Any]


def inline_secrets(section: object) -> Iterator[_Finding]:
    """Keys that would put a secret into a rendered file, in a section as it was read."""
    if not isinstance(section, dict):
        return
    yield from _inline(("alertmanager",), section)
    deadman = section.get("deadman")
    each = deadman.get("each") if isinstance(deadman, dict) else None
    for index, one in enumerate(each if isinstance(each, list) else ()):
        yield from _inline_of(("alertmanager", "deadman", "each", index), DEADMAN, one)
    teams = section.get("teams")
    for name, team in teams.items() if isinstance(teams, dict) else ():
        yield from _inline(("alertmanager", "teams", str(name)), team)


def _inline(where: tuple[str, ...], section: object) -> Iterator[_Finding]:
    if not isinstance(section, dict):
        return
    for kind, channel in {**CHANNELS, "deadman": DEADMAN}.items():
        yield from _inline_of((*where, kind), channel, section.get(kind))


def _inline_of(where: tuple[str | int, ...], channel: Channel, section: object) -> Iterator[_Finding]:
    for key in section if isinstance(section, dict) else ():
        if key in channel.inline and key not in _keys(channel):
            yield (
                dotted((*where, key)),
                f"would put a secret into the rendered file; {channel.inline[key]}, the path of a file that holds it, would be right",
            )


def _keys(channel: Channel) -> list[str]:
    return [field.alias or name for name, field in channel.model.model_fields.items()]


def completed(default: _Section, given: _Section) -> dict[str, Any]:
    """The defaults with what `given` says. With a channel in it, it has those it names and no others; each is its own as a whole."""
    kinds = [*CHANNELS, "deadman"]
    kept = dict(default)
    if any(kind in given for kind in CHANNELS):
        kept = {key: value for key, value in kept.items() if key not in kinds}
    merged = {
        **kept,
        **{key: value for key, value in given.items() if key not in ("channels", "repeat_interval")},
        **{key: {**default[key], **given.get(key, {})} for key in ("channels", "repeat_interval")},
    }
    if "deadman" in given:
        merged["deadman"] = {"every": default["deadman"]["every"], **given["deadman"]}
    return merged


def problems(given: _Section, complete: _Section) -> Iterator[_Finding]:
    """What is wrong between keys: of what was `given`, and of it with the defaults."""
    old = complete["version"] == "0.25"
    here = {kind: complete[kind] for kind in CHANNELS if kind in complete}
    yield from _owner("alertmanager", given, here, given, old=old)
    if "deadman" in given:
        yield from _deadman(given["deadman"])
        if old:
            yield "alertmanager.deadman", _too_old("the address of a webhook")
    for name, team in complete["teams"].items():
        where = f"alertmanager.teams.{name}"
        if name == DEFAULT_OWNER:
            yield where, "is what the default receivers are called by; another name would be right"
        yield from _owner(where, team, {**here, **_over(here, team)}, team, old=old)
    platform = complete["platform"]
    if platform is not None and platform not in complete["teams"]:
        known = ", ".join(complete["teams"]) or "there is none"
        yield (
            "alertmanager.platform",
            f"{platform!r} is none of alertmanager.teams ({known}); one of them would be right",
        )
    yield from _intervals(complete)


def _deadman(section: _Section) -> Iterator[_Finding]:
    if "each" not in section:
        yield from _missing("alertmanager.deadman", DEADMAN, section)
    seen: list[Mapping[str, str]] = []
    for index, one in enumerate(section.get("each", ())):
        where = f"alertmanager.deadman.each[{index}]"
        if not one.get("match"):
            yield f"{where}.match", "is missing; the labels of a Prometheus, such as {cluster: prod}, would be right"
        for before, other in enumerate(seen):
            if other and other.items() <= one.get("match", {}).items():
                yield (
                    f"{where}.match",
                    f"is never asked, since each[{before}] fits whatever it fits; labels that differ, or this one first, would be right",
                )
        seen.append(one.get("match", {}))
        yield from _missing(where, DEADMAN, one)


def _owner(where: str, own: _Section, sections: _Section, given: _Section, *, old: bool) -> Iterator[_Finding]:
    """One owner's channels: `sections` are those it can use, complete; `own` those that stand here."""
    for kind, channel in CHANNELS.items():
        if kind not in own:
            continue
        if old and kind not in OLD:
            yield f"{where}.{kind}", _too_old(f"what a {kind} receiver needs")
        yield from _missing(f"{where}.{kind}", channel, sections[kind])
    for severity, kinds in given.get("channels", {}).items():
        for index, kind in enumerate(kinds):
            if kind not in sections:
                yield f"{where}.channels.{severity}[{index}]", f"there is no section {where}.{kind}; it would be right"
    hours = given.get("business_hours")
    if hours is not None:
        for key in ("timezone", "days", "from", "to"):
            if key not in hours:
                yield f"{where}.business_hours.{key}", "is missing"
        if hours.get("from", "") >= hours.get("to", "~"):
            yield f"{where}.business_hours.to", f"{hours['to']} is not after from, {hours['from']}; it would be right"


def _over(sections: _Section, team: _Section) -> dict[str, Any]:
    """A team's sections over the default's; as for address and token, those of one of the two (alertmanager/lib/owners.libsonnet)."""
    merged = {}
    for kind in CHANNELS:
        if kind in team:
            chosen = {"url_file", "token_file"} if {"url_file", "token_file"} & set(team[kind]) else set()
            base = {key: value for key, value in sections.get(kind, {}).items() if key not in chosen}
            merged[kind] = {**base, **team[kind]}
    return merged


def _missing(where: str, channel: Channel, section: _Section) -> Iterator[_Finding]:
    for either in channel.needs:
        there = [key for key in either if key in section]
        if not there:
            yield f"{where}.{either[0]}", "is missing" + "".join(f"; {other} would do too" for other in either[1:])
        if len(there) > 1:
            yield f"{where}.{there[1]}", f"stands beside {there[0]}; one of them would be right"
    if channel is CHANNELS["slack"] and "token_file" in section and "channel" not in section:
        yield f"{where}.channel", "is missing; a bot's token can write to any channel"
    if channel is CHANNELS["email"]:
        for key, other in (("password_file", "username"), ("username", "password_file")):
            if other in section and key not in section:
                yield f"{where}.{key}", f"is missing beside {other}"


def _too_old(what: str) -> str:
    return (
        f'Alertmanager 0.25 can\'t take {what} from a file; version: "0.33" would be right, or {", ".join(OLD)} alone'
    )


def _intervals(complete: _Section) -> Iterator[_Finding]:
    kept = complete["data_retention"]
    named = {f"repeat_interval.{severity}": value for severity, value in complete["repeat_interval"].items()}
    for key, value in {**named, "info_digest": complete["info_digest"]}.items():
        if value is not None and parse_duration(value) > parse_duration(kept):
            yield (
                f"alertmanager.{key}",
                f"{value} is longer than data_retention, {kept}, after which Alertmanager has forgotten what it sent; a shorter one would be right",
            )
