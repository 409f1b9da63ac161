"""Draw the committed dashboards with Grafana's own components: part of `make pictures`.

    python scripts/draw_dashboards.py                                          docs/dashboard-NAME.png, dark, 1400 pixels wide
    python scripts/draw_dashboards.py --theme light --width 800 --out DIR      the same otherwise, to look at

What they show is the scene of the tests (tests/grafana/scene.py), so that two runs draw the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.grafana import boards, history  # noqa: E402
from tests.grafana.drawing import Job, draw, problems  # noqa: E402
from tests.servers import Servers  # noqa: E402


def main() -> int:
    """Draw them; 1 where something is wrong with one."""
    parser = argparse.ArgumentParser(description="Draw the dashboards.")
    parser.add_argument("names", nargs="*", help="overview, budgets, … (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="the folder for the pictures")
    parser.add_argument("--width", type=int, default=1400, help="in pixels")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--hours", type=float, default=24, help="the time range, up to the end of the scene")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    names = asked.names or [name.removeprefix("llm-cost-") for name in boards.load()]
    jobs = [
        Job(
            boards.FOLDER / f"llm-cost-{name}.json",
            asked.out / f"dashboard-{name}.png",
            width=asked.width,
            theme=asked.theme,
            hours=asked.hours,
        )
        for name in names
    ]
    with tempfile.TemporaryDirectory() as folder:
        servers = Servers(Path(folder) / "servers")
        try:
            reports = draw(history.serve(servers, "new", Path(folder)), jobs)
        finally:
            servers.close()
    found = [
        f"{job.dashboard.stem}: {line}" for job, report in zip(jobs, reports, strict=True) for line in problems(report)
    ]
    for job in jobs:
        print(job.picture)
    print("".join(f"{line}\n" for line in found), end="", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
