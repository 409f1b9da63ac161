// Each budget's recent pace in dollars a second, for forecasts and burn rates. From the counters themselves: a chain of rules would lag.
local promql = import '../lib/promql.libsonnet';

{
  local recent = self.recent,

  // What a forecast goes by, by period. Of a day the last hour, as long as the spending goes on: a batch that is over tells nothing of the
  // evening. Of a month the mean of the last day's hours, or each night would call the forecast off and each morning bring it back.
  recent:: {
    day: '(budget:llm_cost_usd:rate1h < budget:llm_cost_usd:rate10m) or budget:llm_cost_usd:rate10m',
    month: 'avg_over_time(budget:llm_cost_usd:rate1h[1d])',
  },

  rules(settings)::
    std.flattenArrays([
      local cost = settings.metric('llm_cost_usd_total', promql.matchers(budget.match));
      local labels = { budget: budget.name };
      // Nothing spent is a rate of 0.
      local rate(seconds) = '%s / %d or vector(0)' % [settings.grown(cost, seconds, []), seconds];
      [
        { record: 'budget:llm_cost_usd:rate5m', labels: labels, expr: rate(300) },
        { record: 'budget:llm_cost_usd:rate10m', labels: labels, expr: rate(600) },
        { record: 'budget:llm_cost_usd:rate1h', labels: labels, expr: rate(3600) },
      ]
      for budget in settings.budgets
    ])
    + [
      { record: 'budget:llm_cost_usd:recent_rate', labels: { period: period }, expr: recent[period] }
      for period in ['day', 'month']
    ],
}
