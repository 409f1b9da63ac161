"""Make sample/azure_llm_2023_excerpt.csv from the two files of the Azure LLM inference trace of 2023.

    python scripts/make_excerpt.py AzureLLMInferenceTrace_conv.csv AzureLLMInferenceTrace_code.csv > sample/azure_llm_2023_excerpt.csv

Keeps every tenth row of each file, in the order of arrival. Source and licence: sample/README.md.
"""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from pathlib import Path

HOUR_STARTS = datetime.fromisoformat("2023-11-16 18:15:00+00:00")
EVERY = 10


def main() -> None:
    """Write the excerpt of the two files named on the command line."""
    rows = []
    for service, path in zip(("conv", "code"), sys.argv[1:], strict=True):
        with Path(path).open(newline="") as source:
            for row in list(csv.DictReader(source))[::EVERY]:
                arrival = datetime.fromisoformat(row["TIMESTAMP"][:26] + "+00:00") - HOUR_STARTS
                rows.append((arrival.total_seconds(), service, row["ContextTokens"], row["GeneratedTokens"]))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("arrival_s", "service", "context_tokens", "generated_tokens"))
    out.writerows((f"{arrival:.3f}", *rest) for arrival, *rest in sorted(rows))


if __name__ == "__main__":
    main()
