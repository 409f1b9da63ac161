"""What the tests of deploy/ share: its files as data, its command lines and configurations as the program reads them."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import click
import yaml

from llm_cost_exporter import config as configuration
from llm_cost_exporter.commands import group
from llm_cost_exporter.config import Config
from tests.processes import ROOT

__all__ = ["DEPLOY", "Instruction", "call", "configured", "dockerfile", "documents", "lies_in", "measured_mib", "moved", "options", "size_mib"]  # fmt: skip

DEPLOY = ROOT / "deploy"


def documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile: `FROM`, `RUN`, …, what follows it as text, and that as a list where it is JSON."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The exec form, or the words of the shell form."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def dockerfile() -> list[list[Instruction]]:
    """The stages of deploy/Dockerfile, each beginning with its FROM."""
    text = "\n".join(
        line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")
    )
    stages: list[list[Instruction]] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            if name == "FROM":
                stages.append([])
            stages[-1].append(Instruction(name, " ".join(rest.split())))
    return stages


def options(arguments: Sequence[str]) -> dict[str, Any]:
    """What the program understands of its own command line; raises click.UsageError where it would refuse it."""
    name, *rest = arguments
    command = group.get_command(click.Context(group), name)
    assert command is not None, f"no command {name}"
    return command.make_context(name, list(rest)).params


def configured(text: str, folder: Path) -> Config:
    """A configuration's text, loaded as `--config` loads it."""
    path = folder / "exporter.yml"
    path.write_text(text)
    return configuration.load(path)


def moved(text: str, root: Path) -> dict[str, Any]:
    """The configuration with all its paths below `root`, so that it can run here; its hold is none, or a test would wait for it."""
    data: dict[str, Any] = yaml.safe_load(text)
    data["state_dir"] = f"{root}{data['state_dir']}"
    for source in data["sources"]:
        source["paths"] = [f"{root}{path}" for path in source["paths"]]
        if "path_labels" in source:
            source["path_labels"] = f"{root}{source['path_labels']}"
    return data | {"new_series_hold": "0s"}


def call(number: int, **more: object) -> str:
    """A line of a log: one call, and what it cost is known."""
    record = {"timestamp": time.time(), "model": "gpt-4o-mini", "prompt_tokens": 1000, "completion_tokens": 100}
    return json.dumps(record | {"request_id": f"r{number}"} | more) + "\n"


def lies_in(path: str | Path, folders: Iterable[str | Path]) -> bool:
    """Whether `path` is one of the folders or below one."""
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def size_mib(text: str) -> float:
    """192Mi, 192m (compose) and 256M (systemd) are MiB; 1Gi is 1024."""
    found = re.fullmatch(r"(\d+)(Mi|M|m|Gi|G|g)", text)
    assert found is not None, text
    return float(found[1]) * (1024 if found[2] in ("Gi", "G", "g") else 1)


def measured_mib() -> float:
    """The most memory that `make bench` ever saw the exporter hold, from bench/RESULTS.md."""
    rows: Mapping[str, list[str]] = {
        cells[1].strip(): re.findall(r"[\d.]+", cells[2])
        for line in (ROOT / "bench/RESULTS.md").read_text().splitlines()
        if line.startswith("| memory:") and "MiB" in (cells := line.split("|"))[1]
    }
    assert len(rows) == 3, rows
    return max(float(number) for numbers in rows.values() for number in numbers)
