// Each budget's recent pace in dollars a second, for forecasts and burn rates. From the counters themselves: a chain of rules would lag.
local promql = import '../lib/promql.libsonnet';

function(settings)
  std.flattenArrays([
    local cost = settings.metric('llm_cost_usd_total', promql.matchers(budget.match));
    local labels = { budget: budget.name };
    // Nothing spent is a rate of 0.
    local rate(seconds) = 'sum(%s) / %d or vector(0)' % [settings.growth(cost, seconds), seconds];
    [
      { record: 'budget:llm_cost_usd:rate5m', labels: labels, expr: rate(300) },
      { record: 'budget:llm_cost_usd:rate1h', labels: labels, expr: rate(3600) },
    ]
    for budget in settings.budgets
  ])
  + [
    // What a forecast goes by: of a day the last hour; of a month the mean of the last day's hours, or each night would call the forecast
    // off and each morning bring it back.
    { record: 'budget:llm_cost_usd:recent_rate', labels: { period: 'day' }, expr: 'budget:llm_cost_usd:rate1h' },
    { record: 'budget:llm_cost_usd:recent_rate', labels: { period: 'month' }, expr: 'avg_over_time(budget:llm_cost_usd:rate1h[1d])' },
  ]
