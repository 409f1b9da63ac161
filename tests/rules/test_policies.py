"""Policies other than the default: what they render does what they say, on promtool of both generations."""

import pytest

from tests.rules.packs import bounds, day, firing, spent, texts


def test_alerts_can_be_turned_off(pack):
    """What is off is not rendered, a group without rules neither; the rest still loads."""
    off = "\n".join(
        f"          {name}: {{enabled: false}}"
        for name in ("LlmCostBudget", "LlmCostUnpriced", "LlmCostPriceCatalogueStale", "LlmCostSpendRateMinute")
    )
    made = pack(f"        alerts:\n{off}\n        burn_rate: []\n")
    made.is_valid()
    assert not made.rules("LlmCostBudget")
    assert not made.rules("LlmCostBudgetBurnRate")
    assert made.rules("LlmCostBudgetForecast")
    assert not made.rules("LlmCostSpendRateMinute")
    assert made.rules("LlmCostSpendRateHour")
    assert "llm-cost-prices" not in {group["name"] for group in made.groups}


def test_severities_can_be_changed(pack):
    """One for all of an alert, or one in the place of another; `level` still says which it was."""
    made = pack("""
        alerts:
          LlmCostBudget: {severity: {critical: warning}}
          LlmCostConfigReloadFailed: {severity: info}
    """)
    made.gives(
        day("99x80") | bounds() | {'llm_cost_exporter_config_last_reload_successful{job="j",instance="i"}': "0x80"},
        firing("LlmCostConfigReloadFailed", "10m", 'job="j",instance="i",severity="info"')
        | firing(
            "LlmCostBudget",
            "10m",
            'budget="company",period="day",level="info",severity="info"',
            *(
                f'budget="company",period="day",level="{level}",severity="warning"'
                for level in ("warning", "critical", "emergency")
            ),
        ),
    )


def test_spend_rates_follow_the_policy_s_labels_and_interval(pack):
    """By app and provider, scraped each minute, without a critical threshold: a call of $60 still reads $60."""
    made = pack("""
        scrape_interval: 1m
        spend_rate: {by: [provider, app], minute: {warning: 20, critical: null}}
    """)
    total = 'llm_cost_usd_total{provider="p",model="m",app="%s",team="t",token_type="output"}'
    made.gives(
        # A sample each minute, 15 s after it.
        {
            total % "checkout": "_ 5" + " _ _ _ 5" * 2 + " _ _ _ 65" * 9,
            total % "cart": "_ 5" + " _ _ _ 5" * 2 + " _ _ _ 24" * 9,
        },
        {
            ("max_over_time(model:llm_cost_usd:increase1m[10m])", "8m"): {
                '{provider="p",app="checkout"}': 60,
                '{provider="p",app="cart"}': 19,
            },
        }
        | firing("LlmCostSpendRateMinute", "3m30s", 'provider="p",app="checkout",severity="warning"')
        | firing("LlmCostSpendRateMinute", "7m"),
        evaluated="15s",
    )


def test_an_alert_names_what_rates_are_by(pack):
    """Messages name model, app and team by the labels; whatever else rates are by stands in `of`, also where a call has no such label."""
    made = pack("""
        spend_rate: {by: [app, provider, customer], minute: {warning: 20, critical: null}, hour: {warning: null, critical: null}}
    """)
    total = 'llm_cost_usd_total{provider="p",model="m",app="%s",team="t",token_type="output"%s}'
    labels = {"app": "cart", "provider": "p", "severity": "warning"}
    top = "model m, team t"
    one = texts(
        "spend-rate",
        "LlmCostSpendRateMinute",
        "llm-cost-overview?var-app=cart&var-provider=p&var-customer=acme",
        "One app and provider and customer spends more dollars a minute than is allowed.",
        f"cart, p, acme costs $60.00 a minute; more than $20 is warning. Most of it: {top}.",
        figure="$60.00 a minute",
        limit="$20.00",
        top=top,
        of="provider p, customer acme",
    )
    other = one | {
        "dashboard_url": one["dashboard_url"].replace("acme", ""),
        "description": one["description"].replace("acme", ""),
        "of": "provider p, no customer",
    }
    made.gives(
        {total % ("cart", ',customer="acme"'): "0x8 60x12", total % ("cart", ""): "0x8 60x12"},
        alerts={("LlmCostSpendRateMinute", "2m45s"): [(labels | {"customer": "acme"}, one), (labels, other)]},
        evaluated="15s",
    )


def test_selectors_tell_two_installations_apart(pack):
    """Metrics of another cluster are in no budget and no rate, and its targets are not ours."""
    made = pack("selectors: {metrics: {cluster: prod}, targets: {job: costs, cluster: prod}}")
    ours = {name.replace("{", '{cluster="prod",'): values for name, values in (day("3x80") | bounds()).items()}
    total = 'llm_cost_usd_total{cluster="%s",provider="p",model="m",app="a",team="t",token_type="output"}'
    made.gives(
        ours
        | day("90x80", ledger="K", cluster="test")
        | {total % "prod": "0x8 3x80", total % "test": "0x8 90x80"}
        | {
            'up{job="costs",cluster="test",instance="x"}': "0x80",
            'up{job="costs",cluster="prod",instance="y"}': "1x80",
        },
        spent("5m", company=3) | {("budget:llm_cost_usd:rate5m * 300", "5m"): {'{budget="company"}': 3}},
        {("LlmCostExporterDown", "10m"): []},
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("budgets: [{name: b, daily_usd: 5}]", id="a day's budget alone"),
        pytest.param("budgets: [{name: b, monthly_usd: 5}]", id="a month's budget alone"),
        pytest.param("grouping_labels: [model]", id="one grouping label"),
        pytest.param("levels: {info: null, warning: null, critical: null, emergency: null}", id="no level at all"),
        pytest.param("spend_rate: {by: [app, team, user]}", id="rates by labels beyond the grouping"),
        pytest.param("log_stalled: {by: [team, app], minimum_calls: 5}", id="logs by two labels"),
        pytest.param("burn_rate: [{severity: info, factor: 2, long: 3d, short: 6h}]", id="a burn rate of one's own"),
        pytest.param('selectors: {targets: {job: "=~llm-.*"}}', id="targets by a pattern"),
    ],
)
def test_unusual_policies_are_loaded_and_evaluated(pack, text):
    """Prometheus takes the rules, and no evaluation of them is an error."""
    made = pack(text)
    made.is_valid()
    total = 'llm_cost_usd_total{provider="p",model="m",app="checkout",team="search",token_type="output"}'
    made.gives(
        day("3x80") | day("4x80", app="cart") | bounds() | {total: "0+0.1x80"}, {("vector(1)", "10m"): {"{}": 1}}
    )
