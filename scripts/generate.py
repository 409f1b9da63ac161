"""Make the committed files that are made from others, or check that they are what would be made now.

    python scripts/generate.py            write them
    python scripts/generate.py --check    name those that differ; exit status 1 where there are any

A generated file has one line in FILES: its path and the function that gives its content.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path

import sample_log

ROOT = Path(__file__).resolve().parent.parent


def sample() -> str:
    """A thousand calls around a midnight, for `llm-cost-exporter report sample/usage.log`."""
    start = datetime.fromisoformat("2026-01-05T23:15:00+00:00").timestamp()
    return "".join(sample_log.line(when, row) + "\n" for when, row in islice(sample_log.calls(start), 1000))


FILES: dict[str, Callable[[], str]] = {
    "sample/usage.log": sample,
}


def main() -> int:
    """Write all files, or check them (--check)."""
    check = sys.argv[1:] == ["--check"]
    stale = []
    for name, make in FILES.items():
        path, content = ROOT / name, make()
        if path.exists() and path.read_text() == content:
            continue
        stale.append(name)
        if not check:
            path.write_text(content)
    if check and stale:
        print(f"not what would be made now: {', '.join(stale)}; run `make generate` and commit it", file=sys.stderr)
        return 1
    print(f"{len(FILES)} generated files: " + ("as they would be made now" if check else f"{len(stale)} written"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
