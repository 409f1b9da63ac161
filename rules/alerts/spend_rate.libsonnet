// Dollars a minute and dollars an hour: the fast pages. They compare with what people mean: a single call of $60 is $60 a minute, also as the
// first of a new series (which the exporter shows at 0 until a scrape has seen it). No `for`: a burst of half a minute would be over before it.
local promql = import '../lib/promql.libsonnet';

function(config, settings, lib)
  local by = config.spend_rate.by;
  local cost = settings.metric('llm_cost_usd_total');
  local windows = [
    {
      alert: 'LlmCostSpendRateMinute',
      record: 'model:llm_cost_usd:increase1m',
      seconds: settings.minute_seconds,
      per: 60,
      unit: 'a minute',
      thresholds: config.spend_rate.minute,
    },
    {
      alert: 'LlmCostSpendRateHour',
      record: 'model:llm_cost_usd:increase1h',
      seconds: 3600,
      per: 3600,
      unit: 'an hour',
      thresholds: config.spend_rate.hour,
    },
  ];
  local scaled(window, expr) = if window.seconds == window.per then expr else '%s * %d / %d' % [expr, window.per, window.seconds];

  local record(window) = [{
    record: window.record,
    expr: scaled(window, settings.grown(cost, window.seconds, by)),
  }];

  local alert(window, severity) =
    local threshold = window.thresholds[severity];
    local contributors = settings.contributors(by);
    // Messages name model, app and team by themselves, from the labels.
    local others = [label for label in by if !std.member(['model', 'app', 'team'], label)];
    local mine = settings.metric('llm_cost_usd_total', [label + '=%q' for label in by]);
    // A minute longer, as the alert itself looks back.
    local spenders = 'topk(1, %s > 0)' % settings.grown(mine, window.seconds + 60, contributors);
    lib.alert(
      window.alert,
      // The highest of the last minute: one scrape that is missed, or comes less often than the policy says, is no end of the spending.
      'max_over_time(%s[1m]) > %s' % [window.record, promql.number(threshold)],
      severity,
      summary='%s spends more dollars %s than is allowed.' % [if by == ['model'] then 'A model' else 'One ' + std.join(' and ', by), window.unit],
      description=std.join('', [std.join(', ', ['{{ $labels.%s }}' % label for label in by])]) + ' costs ' + lib.money
                  + ' %s; more than $%s is %s.' % [window.unit, promql.number(threshold), severity]
                  + lib.most_of_it(spenders, by + by, contributors, figure=false),
      figures={
        figure: lib.money + ' ' + window.unit,
        limit: '$%.2f' % threshold,
        [if others != [] then 'of']: std.join(', ', ['{{ if $labels.%(l)s }}%(l)s {{ $labels.%(l)s }}{{ else }}no %(l)s{{ end }}' % { l: label } for label in others]),
        [if contributors != [] then 'top']: lib.top_contributor(spenders, by + by, contributors, figure=false),
      },
      runbook='spend-rate',
      dashboard='llm-cost-overview' + lib.variables(by),
    );

  [record(window) for window in windows]
  + [
    alert(window, severity)
    for window in windows
    for severity in ['critical', 'warning']
    if std.get(window.thresholds, severity) != null
    // Both of one severity would be one alert to Alertmanager, firing and resolved at once: the lower threshold says it.
    if !(severity == 'critical'
         && std.get(window.thresholds, 'warning') != null
         && lib.severity(window.alert, 'critical') == lib.severity(window.alert, 'warning'))
  ]
