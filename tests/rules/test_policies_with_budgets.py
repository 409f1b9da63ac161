"""Policies with budgets of their own: what they render does what they say, on promtool of both generations."""

import yaml

from tests.rules.packs import bounds, day, firing, spent, texts


def test_a_budget_counts_what_its_matchers_take(pack):
    """Equal, one of a list, a regular expression, its negation; a label beyond the grouping is kept for it."""
    made = pack("""
        budgets:
          - {name: all, daily_usd: 100}
          - {name: search, match: {team: search}, daily_usd: 100}
          - {name: listed, match: {team: [search, a.b]}, daily_usd: 100}
          - {name: pattern, match: {model: "=~gpt-.*", team: "!=search"}, daily_usd: 100}
          - {name: not, match: {team: "!~search|a.*"}, daily_usd: 100}
          - {name: user, match: {user: u1}, daily_usd: 100}
    """)
    made.gives(
        day("1x100", user="u1")
        | day("2x100", user="u2")
        | day("4x100", team="a.b", model="gpt-4o", user="u2")
        | day("8x100", team="axb", model="gpt-4o", user="u1")
        | day("16x100", team="ops", user="u2")
        | bounds(),
        spent("5m", all=31, search=3, listed=7, pattern=12, **{"not": 16}, user=9),
    )


def test_alerts_of_a_budget_with_an_owner_carry_its_team(pack):
    """All three alerts of a budget have the owner's team, and no more labels than that."""
    made = pack("""
        budgets:
          - {name: company, daily_usd: 1000, monthly_usd: 10000}
          - {name: search, match: {team: search}, daily_usd: 30, monthly_usd: 300, team: search-owners}
    """)
    usd = "0+0.125x400"  # $30 an hour
    own = 'budget="search",team="search-owners"'
    levels = [
        ({"budget": "search", "period": "day", "team": "search-owners", "level": level, "severity": severity}, message)
        for level, severity in (("info", "info"), ("warning", "warning"))
        for message in [
            texts(
                "budgets",
                "LlmCostBudget",
                "llm-cost-budgets?var-budget=search",
                "A budget has reached a level of its limit.",
                "Budget search has spent $24.00 of $30.00 today, 80%. Most of it: model m, app checkout, team search, $24.00.",
                figure="$24.00 of $30.00 (80%)",
                top="model m, app checkout, team search, $24.00",
                left="23h 12m",
            )
        ]
    ]
    made.gives(
        day(usd)
        | day("90x400", team="ops")
        | {'llm_cost_usd_total{provider="p",model="m",app="checkout",team="search",token_type="output"}': usd}
        | bounds(),
        firing(
            "LlmCostBudgetForecast",
            "55m",  # half an hour makes a trend, and the alert waits a quarter
            f'{own},period="day",level="critical",severity="critical"',
            f'{own},period="day",level="warning",severity="warning"',
        )
        | firing(
            "LlmCostBudgetBurnRate",
            "40m",
            f'{own},period="month",level="critical",severity="critical"',
            f'{own},period="month",level="warning",severity="warning"',
        ),
        {("LlmCostBudget", "48m"): levels},
    )


def test_a_budget_may_have_levels_of_its_own(pack):
    """Its own share beats the policy's; null takes a level out, for one budget or for all."""
    made = pack("""
        levels: {info: null}
        budgets:
          - {name: usual, daily_usd: 100}
          - {name: early, daily_usd: 100, levels: {warning: 0.3, critical: 0.4}}
          - {name: quiet, daily_usd: 100, levels: {warning: null, emergency: null}}
    """)
    made.gives(
        day("35x20 92x40 99x40") | bounds(),
        firing("LlmCostBudget", "4m", 'budget="early",period="day",level="warning",severity="warning"')
        | firing(
            "LlmCostBudget",
            "10m",
            *(f'budget="{name}",period="day",level="warning",severity="warning"' for name in ("usual", "early")),
            *(
                f'budget="{name}",period="day",level="critical",severity="critical"'
                for name in ("usual", "early", "quiet")
            ),
        )
        | firing(
            "LlmCostBudget",
            "20m",
            *(f'budget="{name}",period="day",level="warning",severity="warning"' for name in ("usual", "early")),
            *(
                f'budget="{name}",period="day",level="critical",severity="critical"'
                for name in ("usual", "early", "quiet")
            ),
            *(f'budget="{name}",period="day",level="emergency",severity="critical"' for name in ("usual", "early")),
        ),
    )
    assert {rule["labels"]["level"] for rule in made.rules("LlmCostBudget")} == {"warning", "critical", "emergency"}


def test_no_alert_speaks_of_less_than_the_minimum(pack):
    """80 cents of a budget of $1.50 are no message, $1.20 are."""
    made = pack("""
        minimum_usd: 1
        budgets: [{name: tiny, daily_usd: 1.5}]
    """)
    made.gives(
        day("0.8x39 1.2x40") | bounds(),
        firing("LlmCostBudget", "9m")
        | firing(
            "LlmCostBudget",
            "12m",
            *(f'budget="tiny",period="day",level="{level}",severity="{level}"' for level in ("info", "warning")),
        ),
    )


def test_the_policy_s_zone_is_what_budgets_mean(pack):
    """Dollars of another zone's days are in no budget, and LlmCostZoneMismatch names that zone; its own is silent."""
    made = pack("timezone: Asia/Bangkok")
    info = 'llm_cost_exporter_ledger_info{ledger="%s",zone="%s",job="j",instance="%s"}'
    made.gives(
        day("60x100", ledger="utc")
        | day("7x100", ledger="bkk", zone="Asia/Bangkok")
        | bounds()
        | bounds("Asia/Bangkok", start=-25_200)
        | {info % ("utc", "UTC", "a"): "1x100", info % ("bkk", "Asia/Bangkok", "b"): "1x100"},
        {
            ("budget:llm_cost_usd:spent", "10m"): {
                f'budget:llm_cost_usd:spent{{budget="company",period="{period}",zone="Asia/Bangkok"}}': 7
                for period in ("day", "month")
            },
            ('budget:llm_cost_usd:top3{period="day"}', "10m"): {
                'budget:llm_cost_usd:top3{budget="company",period="day",provider="p",model="m",app="checkout",team="search"}': 7
            },
        }
        | firing("LlmCostBudget", "10m"),
        {
            ("LlmCostZoneMismatch", "14m"): [],
            ("LlmCostZoneMismatch", "16m"): [
                (
                    {"zone": "UTC", "severity": "critical"},
                    texts(
                        "watch",
                        "LlmCostZoneMismatch",
                        "llm-cost-exporter",
                        "Exporters count the days of another time zone than budgets mean.",
                        "Days of UTC are counted by 1 of the exporters; budgets mean Asia/Bangkok, so the dollars of these exporters are in none."
                        " Set `timezone` alike in exporters and policy.",
                    ),
                )
            ],
        },
    )


def test_a_folded_label_that_a_budget_needs_is_critical(pack):
    """Its dollars went to `other`, so the budget misses them; any other label stays a warning."""
    made = pack("budgets: [{name: search, match: {team: search, app: checkout}, daily_usd: 100}]")
    folded = 'llm_cost_exporter_folded_total{job="j",instance="i",label="%s"}'
    made.gives(
        {folded % "team": "0x8 4x40", folded % "user": "0x8 1x40", folded % "app": "3x40"},
        alerts={
            ("LlmCostSeriesFolded", "2m"): [],
            ("LlmCostSeriesFolded", "5m"): [
                (
                    {"job": "j", "label": label, "severity": severity},
                    texts(
                        "pipeline",
                        "LlmCostSeriesFolded",
                        "llm-cost-exporter",
                        "Values of a label are folded into other.",
                        f"More values of {label} than fit: {calls} calls in an hour went to `other`. {so}",
                    ),
                )
                for label, severity, calls, so in (
                    ("team", "critical", 4, "Budgets that match on it miss their dollars."),
                    ("user", "warning", 1, "Totals are right, detail is lost."),
                )
            ],
        },
    )


def test_names_with_signs_that_promql_and_templates_know_stay_text(pack):
    """Quotes, backslashes, percent signs and braces in the names of budgets and the values of matchers do no harm."""
    name = 'R&D "a\\b" 5% {{x}}'
    made = pack(yaml.safe_dump({"budgets": [{"name": name, "match": {"team": 'it"s\\'}, "daily_usd": 100}]}))
    made.is_valid()
    made.gives(
        {
            series.replace("TEAM", 'it\\"s\\\\'): values
            for series, values in (day("60x40", team="TEAM") | bounds()).items()
        },
        alerts={
            ("LlmCostBudget", "5m"): [
                (
                    {"budget": name, "period": "day", "level": "info", "severity": "info"},
                    texts(
                        "budgets",
                        "LlmCostBudget",
                        "llm-cost-budgets?var-budget=R%26D+%22a%5Cb%22+5%25+%7B%7Bx%7D%7D",
                        "A budget has reached a level of its limit.",
                        f'Budget {name} has spent $60.00 of $100.00 today, 60%. Most of it: model m, app checkout, team it"s\\, $60.00.',
                        figure="$60.00 of $100.00 (60%)",
                        top='model m, app checkout, team it"s\\, $60.00',
                        left="23h 55m",
                    ),
                )
            ]
        },
    )


def test_a_budget_that_matches_nothing_is_told(pack):
    """A label spelt otherwise, and one that no call has; not the budget whose team has calls, be they free, and not the one over everything."""
    made = pack("""
        budgets:
          - {name: company, monthly_usd: 1000}
          - {name: search, match: {team: Search}, daily_usd: 100, team: owners}
          - {name: vip, match: {user: [alice, "a+b"]}, monthly_usd: 10}
          - {name: ops, match: {team: ops}, daily_usd: 10}
        alerts: {LlmCostUnmatchedBudget: {severity: warning}}
    """)
    made.gives(
        day("5x5900")
        | {name: values.replace("x1000", "x5900") for name, values in bounds().items()}
        | {
            f'llm_requests_total{{provider="p",model="m",app="a",team="{team}"}}': "1x5900"
            for team in ("search", "ops")
        },
        firing("LlmCostUnmatchedBudget", "23h")
        | firing(
            "LlmCostUnmatchedBudget",
            "24h30m",
            'budget="search",team="owners",severity="warning"',
            'budget="vip",severity="warning"',
        ),
        evaluated="4m",
    )
