"""The floor: decoding every line with the JSON library that the exporter uses, and nothing else.

python bench/floor.py LOG        prints the CPU seconds of the loop
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import orjson

from measure import PYTHON, ran

__all__ = ["cpu_seconds"]


def cpu_seconds(log: Path) -> float:
    """What the loop over all of `log` takes, in a process of its own; the lines lie in memory."""
    return float(ran([PYTHON, Path(__file__).resolve(), log]).out)


def main(log: Path) -> None:
    """Decode all of `log`, and print what it took."""
    lines = log.read_bytes().splitlines()
    decode = orjson.loads
    started = time.process_time()
    for line in lines:
        decode(line)
    print(time.process_time() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
