// The calendar ledger: dollars of days and months that outlive the sidecars which counted them.
//
// A live value wins over a carried one: it is what the log says, and may be corrected downwards; a maximum would keep a mistake all day.
// `ledger`, not `instance`, is the identity of a count: a sidecar that moves with its state does not count twice, one whose log is new adds.
local promql = import '../lib/promql.libsonnet';

function(settings, calendar)
  [
    {
      record: 'ledger:llm_cost_day_usd:last',
      expr: |||-
        %s
        or
        (
          last_over_time(ledger:llm_cost_day_usd:last[2d])
          and on (zone, date) date:llm_cost_day_end_timestamp_seconds:max
        )
      ||| % calendar.live_days(),
    },
    {
      record: 'ledger:llm_cost_month_usd:last',
      expr: |||-
        %s
        or
        (
          last_over_time(ledger:llm_cost_month_usd:last[2d])
          and on (zone, month) month:llm_cost_month_end_timestamp_seconds:max
        )
      ||| % calendar.live_months(),
    },
    {
      // Closed days are carried to the end of the month, by the grouping labels alone: by ledger they would be too many.
      record: 'date:llm_cost_usd:sum',
      expr: |||-
        sum by (zone, month, date, %s) (
          %s
        )
        or
        (
          last_over_time(date:llm_cost_usd:sum[2d])
          and on (zone, month) month:llm_cost_month_end_timestamp_seconds:max
        )
      ||| % [settings.labels, promql.indent(calendar.days())],
    },
    { record: 'group:llm_cost_usd:day_to_date', expr: calendar.day_to_date('zone, ' + settings.labels) },
    { record: 'group:llm_cost_usd:month_to_date', expr: calendar.month_to_date('zone, ' + settings.labels) },
    // By it LlmCostLedgerStale knows that these rules run.
    { record: 'ledger:llm_cost_evaluation_timestamp_seconds:last', expr: 'vector(time())' },
  ]
