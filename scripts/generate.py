"""Make the committed files that are made from others, or check that they are what would be made now.

    python scripts/generate.py            write them
    python scripts/generate.py --check    name those that differ; exit status 1 where there are any

`generated` gives them all: path and content.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import sample_log
from llm_cost_exporter import policy, rendering

ROOT = Path(__file__).resolve().parent.parent


def sample() -> str:
    """A thousand calls around a midnight, for `llm-cost-exporter report sample/usage.log`."""
    start = datetime.fromisoformat("2026-01-05T23:15:00+00:00").timestamp()
    return "".join(sample_log.line(when, row) + "\n" for when, row in islice(sample_log.calls(start), 1000))


def generated() -> Iterator[tuple[str, str]]:
    """Path below the checkout and content of each generated file."""
    yield "sample/usage.log", sample()
    for path, text in rendering.render(policy.load(None)).items():
        if not path.endswith(".tmpl"):  # these are written by hand, in the same place
            yield _committed(path), text


def _committed(path: str) -> str:
    """Where a rendered file is committed: beside what it is rendered from."""
    if path.startswith(("alertmanager/", "grafana/")):
        return path
    return f"grafana/{path}" if path.endswith("dashboards.yml") else f"rules/{path}"


def main() -> int:
    """Write all files, or check them (--check)."""
    check = sys.argv[1:] == ["--check"]
    stale, files = [], dict(generated())
    for name, content in files.items():
        path = ROOT / name
        if path.exists() and path.read_text() == content:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    if check and stale:
        print(f"not what would be made now: {', '.join(stale)}; run `make generate` and commit it", file=sys.stderr)
        return 1
    print(f"{len(files)} generated files: " + ("as they would be made now" if check else f"{len(stale)} written"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
