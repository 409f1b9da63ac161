"""Check the rendered rules, routes and dashboards, and the jsonnet they are made from, with the tools of their makers: part of `make lint`.

    promtool check rules    both generations, where .tools has them (make servers)
    amtool check-config     both generations too: the new one the committed alertmanager.yml, the old one what is rendered for it
    pint                    the rendered rules, offline; rules/.pint.hcl has the exclusions and their reasons
    jsonnetfmt --test       all jsonnet of rules/, alertmanager/ and grafana/
    dashboard-linter        the rendered dashboards, strictly; grafana/dashboards/.lint has the exclusions and their reasons

But for promtool and amtool they are Go programs of a pinned version, built by `go install` into .tools/go/bin. Where they can't be had (no Go, a module proxy
that refuses them) one line says so and the check is left out; what a tool finds is always an error: exit status 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llm_cost_exporter import policy, rendering

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
INSTALL_S = 300  # a first build, on a machine that is busy


@dataclass(frozen=True)
class GoTool:
    """A program of a Go module in its pinned version; `package` is its folder there, "" the module's own."""

    name: str
    module: str
    package: str
    version: str


PINT = GoTool("pint", "github.com/cloudflare/pint", "cmd/pint", "v0.87.0")
JSONNETFMT = GoTool("jsonnetfmt", "github.com/google/go-jsonnet", "cmd/jsonnetfmt", "v0.22.0")
DASHBOARD_LINTER = GoTool("dashboard-linter", "github.com/grafana/dashboard-linter", "", "v0.1.1")


class NotHereError(Exception):
    """Why a tool can't be had, in a few words."""


def main() -> int:
    """Run every check; 1 when one found something."""
    rules = sorted((ROOT / "rules/prometheus").glob("llm-cost.*.yml"))
    jsonnet = sorted(
        path
        for folder in ("rules", "alertmanager", "grafana")
        for suffix in ("libsonnet", "jsonnet")
        for path in (ROOT / folder).rglob(f"*.{suffix}")
    )
    failed = False
    for generation in ("old", "new"):
        promtool = TOOLS / generation / "bin/promtool"
        if promtool.exists():
            failed |= finds(promtool, "check", "rules", "--lint-fatal", *rules)
        else:
            print(f"lint: promtool of the {generation} generation is skipped: not in .tools (make servers)")
        amtool = TOOLS / generation / "bin/amtool"
        if amtool.exists():
            with routes(generation) as file:
                failed |= finds(amtool, "check-config", file)
        else:
            print(f"lint: amtool of the {generation} generation is skipped: not in .tools (make servers)")
    # A warning is as good as an error: none is to be lived with, each has its place in .pint.hcl.
    strict = ("--min-severity=info", "--fail-on=info")
    pint: tuple[str | Path, ...] = (
        "--offline",
        "--no-color",
        "--log-level=warn",
        "-c",
        "rules/.pint.hcl",
        "lint",
        *strict,
        *rules,
    )
    # It takes one dashboard at a time.
    dashboards = [("lint", "--strict", path) for path in sorted((ROOT / "grafana/dashboards").glob("*.json"))]
    checks: dict[GoTool, Sequence[tuple[str | Path, ...]]] = {
        PINT: [pint],
        JSONNETFMT: [("--test", *jsonnet)],
        DASHBOARD_LINTER: dashboards,
    }
    for tool, runs in checks.items():
        try:
            program = installed(tool)
            for arguments in runs:
                failed |= finds(program, *arguments)
        except NotHereError as why:
            print(f"lint: {tool.name} is skipped: {why}")
    return 1 if failed else 0


@contextmanager
def routes(generation: str) -> Iterator[Path]:
    """An alertmanager.yml that a generation can read: the committed one, or that of the defaults for a version before it."""
    if generation == "new":
        yield ROOT / "alertmanager/alertmanager.yml"
        return
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "policy.yml"
        asked.write_text('alertmanager: {version: "0.25"}')
        for path, text in rendering.routes(policy.load(asked)).items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        yield Path(folder) / "alertmanager/alertmanager.yml"


def finds(program: Path, *arguments: str | Path) -> bool:
    """Whether it ends with a status other than 0; what it said is shown then."""
    command = [str(part) for part in (program, *arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    name = " ".join(
        [program.name, *(part for part in command[1:] if part in ("check", "rules", "check-config", "lint", "--test"))]
    )
    if done.returncode == 0:
        print(f"lint: {name}: nothing found")
        return False
    print(f"lint: {name}:\n{done.stdout}{done.stderr}", file=sys.stderr)
    return True


def installed(tool: GoTool) -> Path:
    """The program in .tools/go/bin, built first where it isn't there in this version. Raises NotHereError."""
    go = shutil.which("go")
    if go is None:
        raise NotHereError("no go on the PATH to build it with")
    program = TOOLS / "go/bin" / tool.name
    if program.exists() and tool.version in built_from(go, program, tool.module):
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    wanted = f"{'/'.join(part for part in (tool.module, tool.package) if part)}@{tool.version}"
    try:
        done = subprocess.run(
            [go, "install", wanted],
            cwd=TOOLS,
            env=os.environ | {"GOBIN": str(program.parent.resolve())},
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotHereError(f"go install {wanted} did not end within {INSTALL_S} s") from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if not line.startswith("go: downloading")]
        # The address of the module proxy is the machine's own business.
        reason = (said or ["no reason given"])[0].split(": reading http")[0]
        refusals = [word for word in ("403 Forbidden", "404 Not Found", "410 Gone") if word in done.stderr]
        raise NotHereError(f"go install {wanted}: {': '.join([reason, *refusals])}")
    return program


def built_from(go: str, program: Path, module: str) -> Iterator[str]:
    """The versions of `module` that a program names as its own: one, or none where it is broken."""
    said = subprocess.run([go, "version", "-m", str(program)], capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        words = line.split()
        if words[:2] == ["mod", module]:
            yield words[2]


if __name__ == "__main__":
    sys.exit(main())
