// Budgets: how much is gone, where it leads, how fast it burns, and whether they count anything. Levels say how much is gone, forecasts whether it matters.
local promql = import '../lib/promql.libsonnet';
local duration = promql.duration;

function(config, settings, lib)
  local names = ['info', 'warning', 'critical', 'emergency'];
  local severity_of = { info: 'info', warning: 'warning', critical: 'critical', emergency: 'critical' };
  // `zone` is left out: with one zone it tells nothing, with two LlmCostZoneMismatch speaks.
  local by_budget(expr) = 'max by (budget, period, team) (\n  %s\n)' % promql.indent(expr);
  local enough = '(budget:llm_cost_usd:spent >= %s)' % promql.number(config.minimum_usd);

  local budget_labels = ['budget', 'period'];
  local spent = lib.queried_money('max(budget:llm_cost_usd:spent{budget=%q, period=%q})', budget_labels);
  local limit = lib.queried_money('max(budget:llm_cost_usd:limit{budget=%q, period=%q})', budget_labels);
  local projected = lib.queried_money('max(budget:llm_cost_usd:projected{budget=%q, period=%q})', budget_labels);
  local top3 = 'topk(1, budget:llm_cost_usd:top3{budget=%q, period=%q})';
  local most_of_it = lib.most_of_it(top3, budget_labels, settings.contributors([]));
  local used_up_in = 'min(budget:llm_cost_exhaustion:seconds{budget=%q, period=%q})';
  // What messages say of every budget, in this order: figure, top, left; others by the alert.
  local figures(figure) = {
    figure: figure,
    [if settings.contributors([]) != [] then 'top']: lib.top_contributor(top3, budget_labels, settings.contributors([])),
    left: lib.queried_duration(
      'min(%s > time()) - time()' % promql.select('period:llm_cost_end_timestamp_seconds:min', settings.zone + ['period=%q']), ['period']
    ),
  };
  local period = '{{ if eq $labels.period "day" }}today{{ else }}this month{{ end }}';
  local dashboard = 'llm-cost-budgets' + lib.variables(['budget']);

  // The share of a budget that is spent. (Not its recorded series: vmalert would see that one evaluation later.)
  local ratio(matchers=[]) =
    '%s / on (budget, period) group_left () budget:llm_cost_usd:limit' % promql.select('budget:llm_cost_usd:spent', matchers);

  // Budgets whose level is the same stand in one comparison.
  local shares(level) =
    local share(budget) = std.get(config.levels + budget.levels, level);
    local distinct = std.set([share(budget) for budget in settings.budgets if share(budget) != null]);
    local those(value) = [budget.name for budget in settings.budgets if share(budget) == value];
    local all(value) = std.length(those(value)) == std.length(settings.budgets);
    [
      '%s >= %s' % [
        ratio(if all(value) then [] else promql.matchers({ budget: those(value) })),
        promql.number(value),
      ]
      for value in distinct
    ];

  local level(name) =
    if shares(name) == [] then [] else lib.alert(
      'LlmCostBudget',
      by_budget('(%s)\nand %s' % [std.join(' or ', shares(name)), enough]),
      severity_of[name],
      labels={ level: name },
      // A price that is corrected within the minute is no news.
      hold='1m',
      summary='A budget has reached a level of its limit.',
      description='Budget {{ $labels.budget }} has spent ' + spent + ' of ' + limit + ' ' + period + ', ' + lib.percent + '.' + most_of_it,
      figures=figures('%s of %s (%s)' % [spent, limit, lib.percent]),
      runbook='budgets',
      dashboard=dashboard,
    );

  // An alert that fires already stays until the figures are clearly past it again: rates of calls that come by chance sway, and each swing would
  // be a message. (`keep_firing_for` is younger than the oldest Prometheus and vmalert that load these rules.)
  local fires(level) = 'ALERTS{alertname="LlmCostBudgetForecast", alertstate="firing", level=%s}' % promql.quoted(level);
  local or_stays(expr, stays, level) = |||-
    (
      %s
      or
      (
        %s
        and on (budget, period) %s
      )
    )
  ||| % [promql.indent(expr), promql.indent(stays, 4), fires(level)];

  // Both projections pass the limit. An alert ends where they leave a quarter of the limit, or half of what is left now (which they do, however
  // much is spent, once the spending is over). Over it already is LlmCostBudget's to say.
  local leads_there(level) = |||-
    %s
    and %s
    and (%s >= %s)
    and (%s < 1)
  ||| % [
    or_stays(
      'budget:llm_cost_usd:projected > on (budget, period) group_left () budget:llm_cost_usd:limit',
      |||-
        budget:llm_cost_usd:projected > on (budget, period) group_left () (0.75 * budget:llm_cost_usd:limit)
        and (
          budget:llm_cost_usd:projected - budget:llm_cost_usd:spent
          > 0.5 * (budget:llm_cost_usd:limit - on (budget, period) group_right () budget:llm_cost_usd:spent)
        )
      |||,
      level
    ),
    enough,
    ratio(),
    promql.number(config.forecast.least_spent),
    ratio(),
  ];
  // A critical one ends where it is twice as far.
  local soon(times) = std.join(' or ', [
    '(budget:llm_cost_exhaustion:seconds{period="%s"} <= %d)' % [period, times * duration.seconds(config.forecast.critical_within[period])]
    for period in ['day', 'month']
  ]);

  local forecast(severity, expr) = lib.alert(
    'LlmCostBudgetForecast',
    by_budget(expr),
    severity,
    labels={ level: severity },
    // A single call counts as a trend for ten minutes at the most, a batch of five for a quarter of an hour: what goes on is one.
    hold='15m',
    summary='A budget will be used up before its period ends.',
    description='Budget {{ $labels.budget }} has spent ' + spent + ' of ' + limit + ' ' + period + ' and leads to ' + projected
                + ' at its end.{{ with printf "%s" $labels.budget $labels.period | query }}' % used_up_in
                + ' At the recent rate it is used up in {{ . | first | value | humanizeDuration }}.{{ end }}' + most_of_it,
    figures=figures('%s of %s' % [spent, limit]) {
      projected: projected,
      used_up_in: lib.queried_duration(used_up_in, budget_labels),
    },
    runbook='budgets',
    dashboard=dashboard,
  );

  // One row of the table: so many times the even pace over the long window, and it goes on: within the short window twice and a quarter of an
  // hour as much was spent as the short window holds at that pace. (Its own rate would be 0 in every pause of spending that comes in bursts, and
  // the alert would end and begin again with each.)
  local burn(window) =
    local seconds = duration.seconds(window);
    if seconds == 300 then 'budget:llm_cost_usd:rate5m'
    else if seconds == 3600 then 'budget:llm_cost_usd:rate1h'
    else promql.mean('budget:llm_cost_usd:rate5m', seconds);
  local row(one) = |||-
    (
      %(long)s
      / on (budget) group_right () budget:llm_cost_usd:even_rate{period="month"}
      > %(factor)s
    )
    and on (budget) (
      sum_over_time(budget:llm_cost_usd:rate5m[%(lately)s999ms:1m]) / %(points)d
      / on (budget) group_right () budget:llm_cost_usd:even_rate{period="month"}
      > %(factor)s
    )
    and on (budget) (%(long)s * %(seconds)d >= %(least)s)
  ||| % {
    long: burn(one.long),
    lately: duration.text(2 * duration.seconds(one.short) + 900 - 1),
    points: duration.seconds(one.short) / 60,
    factor: promql.number(one.factor),
    seconds: duration.seconds(one.long),
    least: promql.number(config.minimum_usd),
  };
  local burn_rate(severity) =
    local rows = [row(one) for one in config.burn_rate if one.severity == severity];
    if rows == [] then [] else lib.alert(
      'LlmCostBudgetBurnRate',
      by_budget(std.join('\nor\n', rows)),
      severity,
      labels={ level: severity },
      // The long window holds already; a minute more lets one evaluation be wrong.
      hold='1m',
      summary='A monthly budget burns much faster than it lasts.',
      description='Budget {{ $labels.budget }} burns {{ $value | printf "%.1f" }} times as fast as would use it up at the end of the month; it has spent '
                  + spent + ' of ' + limit + '.' + most_of_it,
      figures=figures('{{ $value | printf "%.1f" }}x the even pace') { spent: spent + ' of ' + limit },
      runbook='budgets',
      dashboard=dashboard,
    );

  local unmatched = lib.alert(
    'LlmCostUnmatchedBudget',
    // Whoever matched once may be idle for the five weeks after which the exporter forgets labels too. The days of this month: an idle day is no end.
    |||-
      max by (budget, team) (budget:llm_cost_usd:limit)
      unless on (budget) (budget:llm_cost_matched_timestamp_seconds:last > time() - %d)
      and on () count(date:llm_cost_usd:sum > 0)
    ||| % duration.seconds('35d'),
    'info',
    // The first call of a team may come late on its first day.
    hold='1d',
    summary='A budget matches no call.',
    description='Budget {{ $labels.budget }} matches no call, while money is spent: its `match` is wrong, or its calls are logged with other labels. It can never alert.',
    runbook='budgets',
    dashboard=dashboard,
  );

  // The highest first, since alerts are sent in this order: when a period ends, what inhibits is over before what it inhibits. The other
  // way round Alertmanager could look between the two, and never tell the end of the lower one.
  std.map(level, std.reverse(names))
  + [
    forecast('critical', '%s\nand on (budget, period) %s' % [
      leads_there('critical'),
      or_stays(soon(1), '(%s)' % soon(2), 'critical'),
    ]),
    forecast('warning', leads_there('warning')),
  ]
  + std.map(burn_rate, ['critical', 'warning', 'info'])
  + [unmatched]
