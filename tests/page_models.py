"""What the page may have to show: a quiet company, a backlog, trouble, and the nastiest values that a log can hold."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

from llm_cost_exporter.money import from_decimal
from llm_cost_exporter.web import FileRow, LineCounts, PageModel, SpendRow, UnpricedRow

NOW = 1_770_100_000.0

MODELS = (
    ("claude-sonnet-4-5", "anthropic", "41.2381905", "402.11820045", 812),
    ("gpt-4.1", "openai", "18.40255", "310.0072", 2210),
    ("gemini-2.5-pro", "google", "12.0044", "121.550125", 640),
    ("gpt-4o-mini", "openai", "3.3310221", "48.19", 12_044),
    ("text-embedding-3-small", "openai", "0.0042137", "0.91220004", 30_118),
    ("mistral-small-latest", "mistral", "0", "0.000412", 3),
    ("my-finetune-7b", "unknown", "0", "0", 114),
)
APPS = (
    ("checkout", "40.1", "410.77", 9000),
    ("search", "22.75", "271.002", 21_000),
    ("support-bot", "11.2", "150.9", 10_000),
    ("", "0.93", "50.10", 5941),
)


def usd(text: str) -> int:
    """Dollars as money."""
    return from_decimal(Decimal(text))


def realistic() -> PageModel:
    """An ordinary day."""
    by_model = [
        SpendRow(model, usd(today), usd(month), calls // 9, calls, provider, unpriced=model == "my-finetune-7b")
        for model, provider, today, month, calls in MODELS
    ]
    return PageModel(
        version="0.1.0",
        ledger="checkout-prod",
        zone="Asia/Bangkok",
        now=NOW,
        date="2026-02-03",
        month="2026-02",
        ready=True,
        today_usd=sum(row.today_usd for row in by_model),
        month_usd=sum(row.month_usd for row in by_model),
        yesterday_usd=usd("103.4401"),
        last_month_usd=usd("2804.17"),
        calls_today=5104,
        calls_month=45_941,
        by_model=by_model,
        by_app=[SpendRow(app, usd(today), usd(month), calls // 9, calls) for app, today, month, calls in APPS],
        unpriced=[UnpricedRow("unknown", "my-finetune-7b", 114, 1_204_991)],
        files=[
            FileRow("/var/log/app/usage.jsonl", "following", 0, NOW - 2),
            FileRow("/var/log/app/usage-2026-02-01.jsonl.gz", "finished", 0, NOW - 172_000),
            FileRow("/var/log/gateway/litellm.log", "following", 48_120, NOW - 41),
        ],
        file_counts={"following": 2, "finished": 1},
        unread_bytes=48_120,
        lines=LineCounts(1_204_220, 1_158_000, {"bad_json": 3, "bad_count": 1}, 275),
        last_event=NOW - 2,
        last_save=NOW - 0.6,
    )


def reading() -> PageModel:
    """The backlog is being read, and there is trouble of every kind."""
    model = realistic()
    return replace(
        model,
        ready=False,
        unread_bytes=1_240_000_000,
        files=[
            FileRow("/var/log/old/gone.jsonl", "missing"),
            FileRow("/var/log/secret/usage.jsonl", "unreadable"),
            *model.files,
        ],
        file_counts={"following": 2, "finished": 1, "missing": 1, "unreadable": 1},
        calls_without_usage=1,
        save_failing=True,
        save_failures=12,
        last_save=NOW - 700,
        warnings=["The state was broken and is set aside as state.db.broken-2026-02-03; the logs are read anew."],
    )


def empty() -> PageModel:
    """A first start on an empty log."""
    return PageModel("0.1.0", "", "UTC", NOW, "2026-02-03", "2026-02", True, 0, 0)


NASTY = (
    '"><script>alert(1)</script>',
    "';--<img src=x onerror=alert(1)>",
    "&lt;b&gt;&amp;",
    "\u202egnp.exe\u202d rtl override",
    "مرحبا بالعالم نموذج",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 emoji",
    "a" * 128,
    "W" * 64 + "-" + "i" * 63,
    "new\nline\ttab\x00nul\x1b[31mred",
    "lone\udc80surrogate",
    "{{template}} ${x} </title></style>",
    "   ",
)


def nasty() -> PageModel:
    """300 models and names that try to be something else than names."""
    chance = random.Random(7)
    rows = [
        SpendRow(NASTY[i] if i < len(NASTY) else f"vendor/model-{i}-2026-01-0{i % 9}", chance.randrange(10**24), chance.randrange(10**26) // (i + 1),
                 i, i * 12, NASTY[(i + 3) % len(NASTY)] if i < 24 else "openrouter", unpriced=i % 50 == 3)
        for i in range(300)
    ]  # fmt: skip
    return replace(
        realistic(),
        ledger=NASTY[0] + "x" * 80,
        zone=NASTY[1],
        by_model=rows,
        by_app=[SpendRow(value, 10**i, 10 ** (i + 14)) for i, value in enumerate(NASTY)],
        month_usd=sum(row.month_usd for row in rows),
        today_usd=usd("123456789.99"),
        unpriced=[UnpricedRow(value, value[::-1], 10**i, 10**12) for i, value in enumerate(NASTY)],
        files=[
            FileRow("/var/log/" + value, state, 10**i, NOW + 10 - 10**i)
            for i, value in enumerate(NASTY)
            for state in ("following", "missing")
        ],
        file_counts={"following": 100_000, "missing": 7},
        lines=LineCounts(10**12, 10**11, {NASTY[0]: 10**9}, 10**10),
        warnings=list(NASTY),
        docs_url='javascript:"><script>alert(2)</script>',
    )
