// The calendar ledger: dollars of days and months that outlive the sidecars which counted them.
//
// A live value wins over a carried one: it is what the log says, and may be corrected downwards; a maximum would keep a mistake all day.
// It wins for its ledger's whole day: the sets of labels that it does not tell any more are gone, not forgotten.
// `ledger`, not `instance`, is the identity of a count: a sidecar that moves with its state does not count twice, one whose log is new adds.
local promql = import '../lib/promql.libsonnet';

// What was recorded under `name`, carried: of the last evaluations; for a key of which these have nothing (a gap of Prometheus), of two days.
// Not two days for all: a set of labels that a ledger ceased to tell would come back as soon as the ledger is gone.
local carried(name, key) = |||-
  (
    last_over_time(%(name)s[3m])
    or
    (
      last_over_time(%(name)s[2d])
      unless on (%(key)s) last_over_time(%(name)s[3m])
    )
  )
||| % { name: name, key: key };

function(settings, calendar)
  [
    {
      record: 'ledger:llm_cost_day_usd:last',
      expr: |||-
        %s
        or
        (
          %s
          and on (zone, date) date:llm_cost_day_end_timestamp_seconds:max
          unless on (ledger, zone, date) %s
        )
      ||| % [
        calendar.live_days(),
        promql.indent(carried('ledger:llm_cost_day_usd:last', 'ledger, zone, date')),
        settings.metric('llm_cost_day_usd'),
      ],
    },
    {
      record: 'ledger:llm_cost_month_usd:last',
      expr: |||-
        %s
        or
        (
          %s
          and on (zone, month) month:llm_cost_month_end_timestamp_seconds:max
          unless on (ledger, zone, month) %s
        )
      ||| % [
        calendar.live_months(),
        promql.indent(carried('ledger:llm_cost_month_usd:last', 'ledger, zone, month')),
        settings.metric('llm_cost_month_usd'),
      ],
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
          %s
          and on (zone, month) month:llm_cost_month_end_timestamp_seconds:max
          unless on (zone, month, date) ledger:llm_cost_day_usd:last
        )
      ||| % [
        settings.labels,
        promql.indent(calendar.days()),
        promql.indent(carried('date:llm_cost_usd:sum', 'zone, month, date')),
      ],
    },
    { record: 'group:llm_cost_usd:day_to_date', expr: calendar.day_to_date('zone, ' + settings.labels) },
    { record: 'group:llm_cost_usd:month_to_date', expr: calendar.month_to_date('zone, ' + settings.labels) },
    // By it LlmCostLedgerStale knows that these rules run.
    { record: 'ledger:llm_cost_evaluation_timestamp_seconds:last', expr: 'vector(time())' },
  ]
