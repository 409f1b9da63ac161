// Each budget's recent pace in dollars a second, for forecasts and burn rates. From the counters themselves: a chain of rules would lag.
local promql = import '../lib/promql.libsonnet';

{
  local recent = self.recent,

  // What a forecast goes by, by period. Of a day the last hour, where it is a trend: it went on within 40 minutes, and had begun half an hour ago
  // (last_over_time: also where Prometheus was away then). A batch that is over tells nothing of the evening, whatever trickles beside it, so a
  // fifth of the hour's rate is asked for at both ends; calls that come in bursts or by chance have pauses, so neither end is short.
  // Of a month the mean of the last day's hours, or each night would call the forecast off and each morning bring it back.
  recent:: {
    day: |||-
      (
        budget:llm_cost_usd:rate1h
        and (budget:llm_cost_usd:rate40m > 0.2 * budget:llm_cost_usd:rate1h)
        and (last_over_time(budget:llm_cost_usd:rate1h[30m] offset 30m) > 0.2 * budget:llm_cost_usd:rate1h)
      )
      or
      0 * budget:llm_cost_usd:rate1h
    |||,
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
        { record: 'budget:llm_cost_usd:rate40m', labels: labels, expr: rate(2400) },
        { record: 'budget:llm_cost_usd:rate1h', labels: labels, expr: rate(3600) },
      ]
      for budget in settings.budgets
    ])
    + [
      { record: 'budget:llm_cost_usd:recent_rate', labels: { period: period }, expr: recent[period] }
      for period in ['day', 'month']
    ],
}
