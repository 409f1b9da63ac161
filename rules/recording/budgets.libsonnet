// Budgets: spent, limit, share, and where it leads. `period` is day or month; series of a budget with an owner carry its `team`.
local promql = import '../lib/promql.libsonnet';
local rates = import 'budget_rates.libsonnet';

function(settings, calendar)
  local periods(budget) = std.prune({ day: budget.daily_usd, month: budget.monthly_usd });
  local spent = {
    day(matchers):: calendar.day_to_date('zone', matchers),
    month(matchers):: calendar.month_to_date('zone', matchers),
  };
  local to_date = { day: 'group:llm_cost_usd:day_to_date', month: 'group:llm_cost_usd:month_to_date' };

  local rules(budget, period) =
    local matchers = settings.zone + promql.matchers(budget.match);
    local labels = std.prune({ budget: budget.name, period: period, team: budget.team });
    [
      { record: 'budget:llm_cost_usd:limit', labels: labels, expr: 'vector(%s)' % promql.number(periods(budget)[period]) },
      {
        record: 'budget:llm_cost_usd:spent',
        labels: labels,
        expr: '%s\nor\n%s' % [spent[period](matchers), calendar.zero(settings.zone)],
      },
      {
        // The three that spend most of it, for messages and dashboards. The owner's label is left out: `team` is the spender's here. Of
        // two zones the higher, as in the alerts: their sum would be more than what they say is spent.
        record: 'budget:llm_cost_usd:top3',
        labels: { budget: budget.name, period: period },
        expr: 'topk(3, max by (%s) (%s) > 0)' % [settings.labels, promql.select(to_date[period], matchers)],
      },
    ];

  // budget:llm_cost_usd:recent_rate, reckoned anew as all that alerts wait for: vmalert sees a rule's result only at its next evaluation, so
  // each step of a chain costs it a minute.
  local recent_rate = |||-
    (
      label_replace(
        %s,
        "period", "day", "", ""
      )
      or
      label_replace(%s, "period", "month", "", "")
    )
  ||| % [promql.indent(rates.recent.day, 4), rates.recent.month];

  // What a budget's spending leads to at the end of its period.
  local projected = {
    by_rate: |||-
      budget:llm_cost_usd:spent
      + (
        (
          0 * budget:llm_cost_usd:spent
          + on (zone, period) group_left () (period:llm_cost_end_timestamp_seconds:min - time())
        )
        * on (budget, period) group_left ()
        %s
      )
    ||| % promql.indent(recent_rate),
    // In the first minute of a period as if it were over: nothing divided by nothing is no forecast.
    by_pace: |||-
      budget:llm_cost_usd:spent
      * on (zone, period) group_left ()
      (
        (period:llm_cost_end_timestamp_seconds:min - period:llm_cost_start_timestamp_seconds:max)
        / clamp_min(time() - period:llm_cost_start_timestamp_seconds:max, 60)
      )
    |||,
  };

  // When a budget last matched a call, whatever that cost; nothing where it never did. Carried, since calls leave the exporter after a day without any.
  local matched(budget) =
    local record = 'budget:llm_cost_matched_timestamp_seconds:last';
    {
      record: record,
      labels: { budget: budget.name },
      expr: |||-
        (vector(time()) and on () count(%s))
        or on ()
        last_over_time(%s[2d])
      ||| % [
        settings.metric('llm_requests_total', promql.matchers(budget.match)),
        promql.select(record, promql.matchers({ budget: [budget.name] })),
      ],
    };

  std.flattenArrays([
    rules(budget, period)
    for budget in settings.budgets
    for period in std.objectFields(periods(budget))
  ])
  + std.map(matched, settings.budgets)
  + [
    {
      record: 'budget:llm_cost_usd:ratio',
      expr: 'budget:llm_cost_usd:spent / on (budget, period) group_left () budget:llm_cost_usd:limit',
    },
    {
      record: 'budget:llm_cost_period_elapsed:ratio',
      expr: |||-
        0 * budget:llm_cost_usd:spent
        + on (zone, period) group_left ()
        (
          (time() - period:llm_cost_start_timestamp_seconds:max)
          / (period:llm_cost_end_timestamp_seconds:min - period:llm_cost_start_timestamp_seconds:max)
        )
      |||,
    },
    {
      // Dollars a second that would use the budget up exactly at the period's end.
      record: 'budget:llm_cost_usd:even_rate',
      expr: |||-
        (
          0 * budget:llm_cost_usd:spent
          + on (budget, period) group_left () budget:llm_cost_usd:limit
        )
        / on (zone, period) group_left ()
        (period:llm_cost_end_timestamp_seconds:min - period:llm_cost_start_timestamp_seconds:max)
      |||,
    },
    {
      record: 'budget:llm_cost_usd:projected_by_rate',
      expr: projected.by_rate,
    },
    {
      record: 'budget:llm_cost_usd:projected_by_pace',
      expr: projected.by_pace,
    },
    {
      // The lower of both. Early in a period its pace says nothing yet, and a burst says nothing of the rest of it: only both together do.
      record: 'budget:llm_cost_usd:projected',
      expr: |||-
        (
          (
            %(by_rate)s
          )
          < (
            %(by_pace)s
          )
        )
        or
        %(by_pace_again)s
      ||| % {
        by_rate: promql.indent(projected.by_rate, 4),
        by_pace: promql.indent(projected.by_pace, 4),
        by_pace_again: projected.by_pace,
      },
    },
    {
      // Seconds until the limit at the recent rate; nothing where nothing is being spent.
      record: 'budget:llm_cost_exhaustion:seconds',
      expr: |||-
        clamp_min(budget:llm_cost_usd:limit - on (budget, period) group_right () budget:llm_cost_usd:spent, 0)
        / on (budget, period) group_left () (
          %s
          > 0
        )
      ||| % promql.indent(recent_rate),
    },
  ]
