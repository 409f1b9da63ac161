"""Renders messages as Alertmanager does: each text of messages.libsonnet with the templates that are shipped, by amtool of a generation."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from llm_cost_exporter.rendering import sources
from tests.alertmanager.payloads import ALERTS, data
from tests.processes import ROOT, find_program

__all__ = ["DEFINED", "TEMPLATES", "VERSIONS", "messages", "render", "rendered", "texts", "used"]

TEMPLATES: Final = ROOT / "alertmanager" / "templates"
VERSIONS: Final = {"old": "0.25", "new": "0.33"}

# What Alertmanager executes as HTML, so that html/template escapes it.
_AS_HTML: Final = {"email.html"}
_BETWEEN: Final = "\x1e"

# Name of each template -> the file it stands in.
DEFINED: Final = {
    name: path.name
    for path in sorted(TEMPLATES.glob("*.tmpl"))
    for name in re.findall(r'\{\{ define "([^"]+)"', path.read_text())
}


def used(text: str) -> set[str]:
    """The templates that a text calls."""
    return set(re.findall(r'\{\{-? ?template "([^"]+)"', text))


@cache
def messages(version: str) -> Mapping[str, Any]:
    """messages.libsonnet for a version of Alertmanager."""
    made: dict[str, Any] = sources.evaluate("alertmanager", "import 'messages.libsonnet'", version=version)
    return made


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in it that is not empty, with the path of its keys: `slack.actions.0.url`."""
    if value == "":
        return
    if isinstance(value, str):
        yield path.lstrip("."), value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from texts(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from texts(one, f"{path}.{number}")


def render(
    generation: str, text: str, payload: Mapping[str, Any], templates: Path = TEMPLATES, *, html: bool = False
) -> str:
    """What a text of a receiver becomes with the files in `templates`. Fails where amtool does."""
    with TemporaryDirectory() as folder:
        given = Path(folder) / "data.json"
        given.write_text(json.dumps(payload))
        done = subprocess.run(
            [
                find_program("amtool", generation),
                "template",
                "render",
                f"--template.glob={templates / '*.tmpl'}",
                f"--template.type={'html' if html else 'text'}",
                f"--template.data={given}",
                f"--template.text={text}",
            ],
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@cache
def rendered(generation: str, case: str) -> dict[str, str]:
    """Every text of every channel for the alerts of a case, by path. Two runs of amtool: one for text, one for HTML."""
    payload = data(ALERTS[case])
    asked = dict(texts(messages(VERSIONS[generation])))
    made: dict[str, str] = {}
    for html in (False, True):
        paths = [path for path in asked if (path in _AS_HTML) == html]
        said = render(generation, _BETWEEN.join(asked[path] for path in paths), payload, html=html)
        made |= dict(zip(paths, said.split(_BETWEEN), strict=True))
    return made
