"""How a share of a budget reads in messages, with the templates of both generations."""

from tests.rules.packs import bounds, day, texts

# Spent, the limit, and what it reads: cut off after one decimal.
READS = {
    ("7.6", "0.05"): "15200%",
    ("1234567.89", "1234600"): "99.9%",
    ("99.99", "100"): "99.9%",
    ("100", "100"): "100%",
    ("100.1", "100"): "100.1%",
    ("91.2", "100"): "91.2%",
    ("57", "100"): "57%",
    ("29", "100"): "29%",
    ("5.29", "100"): "5.2%",
    ("1", "1000"): "0.1%",
    ("0.99", "500"): "0.1%",
    ("1234567890", "1"): "123456789000%",
}


def test_a_percentage_is_plain_and_never_more_than_it_is(pack):
    """It has no exponent however large, at most one decimal, and is 100% where the limit is reached and not before."""
    limits = {f"t{number}": amounts for number, amounts in enumerate(READS)}
    lines = [
        f"  - {{name: {team}, match: {{team: {team}}}, daily_usd: {limit}}}" for team, (_, limit) in limits.items()
    ]
    made = pack(
        "minimum_usd: 0\nlevels: {info: 0.001, warning: null, critical: null, emergency: null}\nbudgets:\n"
        + "\n".join(lines)
    )
    series, alerts = bounds(), []
    for team, (spent, limit) in limits.items():
        series |= day(f"{spent}x40", team=team, ledger=team)
        share, money = READS[spent, limit], f"${float(spent):.2f} of ${float(limit):.2f}"
        top = f"model m, app checkout, team {team}, ${float(spent):.2f}"
        message = texts(
            "budgets",
            "LlmCostBudget",
            f"llm-cost-budgets?var-budget={team}",
            "A budget has reached a level of its limit.",
            f"Budget {team} has spent {money} today, {share}. Most of it: {top}.",
            figure=f"{money} ({share})",
            top=top,
            left="23h 55m",
        )
        alerts.append(({"budget": team, "period": "day", "level": "info", "severity": "info"}, message))
    made.gives(series, alerts={("LlmCostBudget", "5m"): alerts})
