"""Every built-in format by itself: lines a second of `report`, start taken off."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import logs
from measure import Row, Size, Spread, interleaved
from ours import report_cpu

__all__ = ["MUST", "rows"]

MUST = 100_000

# What keeps a format from the quick path (see exporter/llm_cost_exporter/quick), on which lines are decoded to a type and added up. Without it a
# call is looked at, priced and posted by itself, which takes 8 to 20 µs.
_BEFORE = "a line's meaning depends on those before it, so each is read by itself"
_DEEP = "no typed form: the usage is some levels deep in the record"
_METERS = "no typed form: meters by modality, or priced by more than tokens"
_FAILED = "failed calls: what kind of failure each is must be read from its words"

REASONS = {
    **dict.fromkeys(("claude_code", "codex_rollout", "codex_exec", "anthropic_stream", "openai_realtime"), _BEFORE),
    **dict.fromkeys(
        (
            "bedrock_log", "azure_diagnostic", "openai_batch", "anthropic_batch", "gemini_batch", "langchain", "langfuse", "helicone",
            "portkey", "kong_ai", "claude_code_otel", "otel_spans",
        ),
        _DEEP,
    ),
    **dict.fromkeys(("gemini", "openai_images", "openai_embeddings"), _METERS),
    **dict.fromkeys(("anthropic_error", "openai_error", "gemini_error", "failed_call"), _FAILED),
    "claude_result": "what a session's messages have said already is taken off",
    "azure_apim": "parts of one call come in several lines, which are told by their numbers",
    "bedrock_converse": "no typed form: the body names no model",
    "cohere": "no typed form: the body names no model",
    "vercel_ai_sdk": "no typed form: five versions of one usage, told by the provider and the numbers",
    "cloudflare_ai_gateway": "no typed form: labels are JSON in a text",
    "envoy_ai_gateway": "no typed form: 1 KB and some 30 keys a line, of which the operator chooses the names",
    "litellm_payload": "5 KB a line",
    "litellm_spendlogs": "4 KB a line, with JSON as text in it that is decoded too",
}  # fmt: skip


def rows(size: Size, folder: Path) -> list[Row]:
    """One row a format, in the table's order."""
    lines = size.format_lines
    single = logs.write(folder / "single", logs.tutorial, 1)
    (start,) = interleaved(size.rounds, partial(report_cpu, single, 1, 1))
    return [_row(name, lines, size.rounds, start.median, folder) for name in list(logs.formats())[: size.formats]]


def _row(name: str, lines: int, rounds: int, start: float, folder: Path) -> Row:
    log = logs.write(folder / name, logs.format_lines(name), lines)
    bytes_a_line = log.stat().st_size / lines
    (taken,) = interleaved(rounds, partial(report_cpu, log, lines, None))
    log.unlink()
    # Never below a tick of what was measured: a quick run is all start.
    rates = Spread(tuple(max(seconds - start, 0.001) for seconds in taken.values)).over(lines)
    ok = rates.median >= MUST
    return Row(name, rates.show(), f"{bytes_a_line:,.0f} bytes a line", "", "" if ok else REASONS.get(name, ""), ok)
