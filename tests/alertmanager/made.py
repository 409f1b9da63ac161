"""What `llm-cost-exporter render` makes of a policy file, with the addresses of a test's stand-ins, and in compressed time.

The rules' intervals and `for` are divided by RULES_FACTOR, what Alertmanager waits for by ROUTES_FACTOR. Two things less, so that a machine that
stands still for a moment tells the same story: the windows of spend rates by WINDOW_FACTOR, and no group_wait is below SHORTEST_WAIT_SECONDS.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from llm_cost_exporter.config.units import parse_duration
from tests.rules.engines import compressed

__all__ = ["MAIL", "PAGERDUTY", "PAGE_INTERVAL_SECONDS", "RULES_FACTOR", "SECRETS", "routes", "rules"]

RULES_FACTOR: Final = 30  # a minute is 2 s
ROUTES_FACTOR: Final = 15
WINDOW_FACTOR: Final = 5
SHORTEST_WAIT_SECONDS: Final = 2.0
PAGE_INTERVAL_SECONDS: Final = 60 / ROUTES_FACTOR  # group_interval of pages

# Stand for the folder of secrets, the mail server and PagerDuty: each set of servers has its own.
SECRETS, MAIL, PAGERDUTY = "/folder-of-secrets", "mail.invalid:587", "http://pagerduty.invalid"
_VERSIONS: Final = {"old": "0.25", "new": "0.33"}
_WINDOW = re.compile(r"\[(1m(?:14s999ms)?)\]")


def rules(policy: str, home: Path, *, compress: bool) -> list[Path]:
    """The files of rules, written to `home`."""
    files = []
    for name in ("llm-cost.rules.yml", "llm-cost.alerts.yml"):
        path = home / name
        path.write_text(_rendered(policy, "new")[f"prometheus/{name}"])
        if compress:
            path.write_text(yaml.safe_dump(_shorter_rules(path)))
        files.append(path)
    return files


def routes(
    policy: str, generation: str, home: Path, addresses: Mapping[str, str], ca_file: Path, *, compress: bool
) -> Path:
    """alertmanager.yml and its templates, written to `home`: with these in place of SECRETS, MAIL and PAGERDUTY, trusting the mail server."""
    for name, text in _rendered(policy, generation).items():
        if name.startswith("alertmanager/"):
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    file = home / "alertmanager/alertmanager.yml"
    text = file.read_text()
    for stands, address in addresses.items():
        assert stands in text, stands
        text = text.replace(stands, address)
    content = yaml.safe_load(text)
    if compress:
        _shorten(content["route"])
    for receiver in content["receivers"]:
        for email in receiver.get("email_configs", ()):
            email["tls_config"] = {"ca_file": str(ca_file)}
    file.write_text(yaml.safe_dump(content))
    return file


@cache
def _rendered(policy: str, generation: str) -> dict[str, str]:
    """Path -> text of all that is rendered; once for all servers of a generation, since it takes seconds."""
    content = yaml.safe_load(policy)
    content["alertmanager"] = {**content["alertmanager"], "version": _VERSIONS[generation]}
    if generation == "old":
        del content["alertmanager"]["deadman"]  # 0.25 has no file form of its address
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "policy.yml"
        file.write_text(yaml.safe_dump(content))
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "llm_cost_exporter",
            "render",
            file,
            "--out",
            folder / "made",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        made = folder / "made"
        return {str(path.relative_to(made)): path.read_text() for path in made.rglob("*.*") if path.is_file()}


def _shorter_rules(path: Path) -> dict[str, Any]:
    content = compressed(path, RULES_FACTOR)
    for group in content["groups"]:
        if group["name"] == "llm-cost-spend-rate":
            for rule in group["rules"]:
                rule["expr"] = _WINDOW.sub(lambda found: f"[{_shorter(found[1], WINDOW_FACTOR)}]", rule["expr"])
    return content


def _shorten(route: dict[str, Any]) -> None:
    """A route and those below it."""
    for key in ("group_wait", "group_interval", "repeat_interval"):
        if key in route and parse_duration(route[key]):
            route[key] = _shorter(route[key], ROUTES_FACTOR, SHORTEST_WAIT_SECONDS if key == "group_wait" else 0)
    for inner in route.get("routes", ()):
        _shorten(inner)


def _shorter(duration: str, factor: int, least: float = 0) -> str:
    return f"{1000 * max(parse_duration(duration) / factor, least):.0f}ms"
