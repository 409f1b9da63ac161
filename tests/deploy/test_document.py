"""docs/deploy.md: it names what there is, and its commands are commands."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.deploy.kit import DEPLOY, options
from tests.processes import ROOT

DOCUMENT = (ROOT / "docs/deploy.md").read_text()
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name != ".gitignore")
CODE = re.findall(r"^ {4}( *\S.*)$", DOCUMENT, re.MULTILINE)


def test_it_is_linked():
    """From the page that everybody reads first, and from the one on operation."""
    assert "(docs/deploy.md)" in (ROOT / "README.md").read_text()
    assert "(deploy.md)" in (ROOT / "docs/operation.md").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_has_its_place_in_it(path):
    """What lies in deploy/ is told of, or is mounted by what is told of."""
    name = path.relative_to(ROOT).as_posix()
    mounted = f"./{path.relative_to(DEPLOY).as_posix()}:" in (DEPLOY / "compose.yml").read_text()
    assert name in DOCUMENT or mounted or path.name == "Dockerfile.dockerignore"


def test_the_files_that_it_names_exist():
    """A command with a file of this repository in it finds that file."""
    named = set(re.findall(r"(?<![\w/.])((?:deploy|rules)/[\w./-]+\w)", DOCUMENT))
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_its_command_lines_are_ours():
    """Each command of the exporter that it shows, bare or in the image, is one that the program takes."""
    shown = []
    for line in (line.split(" # ")[0] for line in CODE):
        found = re.search(
            r"(?:^|bin/)llm-cost-exporter ([a-z].*)$|^docker run --rm .*? llm-cost-exporter:\S+ (.*)$", line
        )
        if found is not None:
            shown.append(shlex.split(found[1] or found[2]))
    shown += [shlex.split(one) for one in re.findall(r"`docker run --rm .*? llm-cost-exporter:\S+ ([^`]*)`", DOCUMENT)]
    assert len(shown) == 3
    for arguments in shown:
        options(arguments)
