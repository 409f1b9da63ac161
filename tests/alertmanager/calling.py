"""`test-alert` as a person calls it: its status, and what it says."""

from __future__ import annotations

import pytest

from llm_cost_exporter.commands import main

__all__ = ["one_line", "run"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["test-alert", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def one_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Status and the one line on stderr of a command that says nothing else."""
    status, out, err = run(capsys, *arguments)
    assert (out, err.count("\n")) == ("", 1), out + err
    assert err.startswith("llm-cost-exporter: ")
    return status, err.removeprefix("llm-cost-exporter: ").rstrip()
