// Bounds of days and months by zone. They are carried for two days: joined on a live gauge, one failed scrape of the only sidecar would
// empty the ledger and resolve a budget's alert.
function(settings)
  local metric = settings.metric;
  [
    {
      record: 'date:llm_cost_day_start_timestamp_seconds:min',
      expr: |||-
        (
          min by (zone, date) (%s)
          or
          last_over_time(date:llm_cost_day_start_timestamp_seconds:min[2d])
        ) > time() - 172800
      ||| % metric('llm_cost_day_start_timestamp_seconds'),
    },
    {
      // Until a day after its end: yesterday is corrected by late lines.
      record: 'date:llm_cost_day_end_timestamp_seconds:max',
      expr: |||-
        (
          max by (zone, date) (%s)
          or
          last_over_time(date:llm_cost_day_end_timestamp_seconds:max[2d])
        ) > time() - 86400
      ||| % metric('llm_cost_day_end_timestamp_seconds'),
    },
    {
      record: 'month:llm_cost_month_end_timestamp_seconds:max',
      expr: |||-
        (
          max by (zone, month) (%s)
          or
          last_over_time(month:llm_cost_month_end_timestamp_seconds:max[2d])
        ) > time() - 86400
      ||| % metric('llm_cost_month_end_timestamp_seconds'),
    },
    {
      record: 'month:llm_cost_month_start_timestamp_seconds:min',
      expr: |||-
        min by (zone, month) (%s)
        or
        (
          last_over_time(month:llm_cost_month_start_timestamp_seconds:min[2d])
          and on (zone, month) month:llm_cost_month_end_timestamp_seconds:max
        )
      ||| % metric('llm_cost_month_start_timestamp_seconds'),
    },
    {
      record: 'period:llm_cost_start_timestamp_seconds:max',
      labels: { period: 'day' },
      expr: |||-
        max by (zone) (
          (date:llm_cost_day_start_timestamp_seconds:min <= time())
          and on (zone, date) (date:llm_cost_day_end_timestamp_seconds:max > time())
        )
      |||,
    },
    {
      record: 'period:llm_cost_start_timestamp_seconds:max',
      labels: { period: 'month' },
      expr: |||-
        max by (zone) (
          (month:llm_cost_month_start_timestamp_seconds:min <= time())
          and on (zone, month) (month:llm_cost_month_end_timestamp_seconds:max > time())
        )
      |||,
    },
    {
      record: 'period:llm_cost_end_timestamp_seconds:min',
      labels: { period: 'day' },
      expr: 'min by (zone) (date:llm_cost_day_end_timestamp_seconds:max > time())',
    },
    {
      record: 'period:llm_cost_end_timestamp_seconds:min',
      labels: { period: 'month' },
      expr: 'min by (zone) (month:llm_cost_month_end_timestamp_seconds:max > time())',
    },
  ]
