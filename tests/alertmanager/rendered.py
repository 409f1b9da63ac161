"""What `render` makes of a policy, written for the tools and servers of a generation, and what amtool says of it."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from llm_cost_exporter import policy, rendering
from tests.processes import find_program

__all__ = ["VERSIONS", "check_config", "for_version", "receivers_of", "render", "routed", "warnings", "write"]

# The version that a policy names for a generation of servers.
VERSIONS = {"old": "0.25", "new": "0.33"}


def for_version(text: str, generation: str) -> str:
    """A policy's text (with `alertmanager:` alone on a line) for a generation."""
    return text.replace("alertmanager:\n", f'alertmanager:\n  version: "{VERSIONS[generation]}"\n')


@cache
def _complete(text: str) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return policy.load(file.name)


@cache
def render(text: str) -> dict[str, Any]:
    """alertmanager.yml, read, for a policy's text."""
    found: dict[str, Any] = yaml.safe_load(rendering.routes(_complete(text))["alertmanager/alertmanager.yml"])
    return found


def warnings(text: str) -> list[str]:
    """What `render` says on stderr of a policy."""
    return rendering.warnings(_complete(text))


def receivers_of(text: str) -> dict[str, dict[str, Any]]:
    """By name the receivers: the list of its one kind of entries, as {kind: entry}; {} for one that sends nothing."""
    found = {}
    for receiver in render(text)["receivers"]:
        entries = {key.removesuffix("_configs"): value for key, value in receiver.items() if key != "name"}
        assert len(entries) < 2
        assert all(len(value) == 1 for value in entries.values())
        found[receiver["name"]] = {kind: value[0] for kind, value in entries.items()}
    return found


def write(text: str, folder: Path, replace: Mapping[str, str] | None = None) -> Path:
    """The rendered files of a policy below `folder`; gives alertmanager.yml. In that, whole lines are replaced (each must be there)."""
    for path, content in rendering.routes(_complete(text)).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    file = folder / "alertmanager/alertmanager.yml"
    for line, other in (replace or {}).items():
        content, count = re.subn(rf"^( *){re.escape(line)}$", rf"\g<1>{other}", file.read_text(), flags=re.MULTILINE)
        assert count, f"no line {line}"
        file.write_text(content)
    return file


def check_config(file: Path, generation: str) -> str:
    """What `amtool check-config` says of a file that it must take."""
    done = subprocess.run(
        [find_program("amtool", generation), "check-config", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def routed(file: Path, generation: str, labels: Mapping[str, str]) -> str:
    """The receivers that an alert with these labels goes to, in their order, with commas between them."""

    def quoted(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    done = subprocess.run(
        [
            find_program("amtool", generation),
            *("config", "routes", "test", f"--config.file={file}"),
            *(f"{name}={quoted(value)}" for name, value in labels.items()),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
