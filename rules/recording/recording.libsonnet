// The recording rules, a group for each clock that they need to agree on: rates, and the ledger with the budgets that read it.
{
  local settings = (import '../lib/settings.libsonnet')(self._config),
  local calendar = (import '../lib/calendar.libsonnet')(settings),

  prometheusRules+:: {
    groups+: [
      {
        name: 'llm-cost-rates',
        // Longer than a lookback of five minutes a rule's result would be gone between two evaluations.
        interval: '1m',
        rules:
          (import 'rates.libsonnet')(settings)
          + (import 'budget_rates.libsonnet')(settings),
      },
      {
        // One group, so that its rules are evaluated in this order.
        name: 'llm-cost-ledger',
        interval: '1m',
        rules:
          (import 'calendar.libsonnet')(settings)
          + (import 'ledger.libsonnet')(settings, calendar)
          + (import 'budgets.libsonnet')(settings, calendar),
      },
    ],
  },
}
