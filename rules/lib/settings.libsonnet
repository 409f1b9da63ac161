// What follows from `_config`: the labels that rules keep, selectors, budgets with all their keys. Mistakes fail here, loudly.
local promql = import 'promql.libsonnet';

// Whether levels that are not taken out rise.
local rises(levels) =
  local given = [levels[name] for name in ['info', 'warning', 'critical', 'emergency'] if std.get(levels, name) != null];
  std.set(given) == given;

function(config)
  local budgets = [
    { match: {}, daily_usd: null, monthly_usd: null, team: null, levels: {} } + budget
    for budget in config.budgets
  ];
  local names = [budget.name for budget in budgets];
  local unique(items) = std.foldl(function(kept, item) if std.member(kept, item) then kept else kept + [item], items, []);
  local matched = unique(std.flattenArrays([std.objectFields(budget.match) for budget in budgets]));
  local labels = unique(config.grouping_labels + matched);
  local metrics = promql.matchers(config.selectors.metrics);
  local zone = if config.timezone == null then [] else promql.matchers({ zone: config.timezone });
  local scrape_seconds = promql.duration.seconds(config.scrape_interval);
  assert std.length(unique(names)) == std.length(names) : 'budgets: two have one name; each must have its own';
  assert rises(config.levels) : 'levels: out of order; info < warning < critical < emergency would be right';
  assert std.all([
    if budget.daily_usd == null && budget.monthly_usd == null then error 'budgets: %s has no limit' % budget.name
    else if !rises(config.levels + budget.levels) then error 'budgets: the levels of %s are out of order' % budget.name
    else true
    for budget in budgets
  ]);
  {
    budgets: budgets,

    // The labels that a budget needs; where one of them is folded, its money can't be told any more.
    budget_labels: matched,

    // The labels that dollars are kept by, as `by` lists them.
    labels: promql.labels(labels),
    label_list: labels,

    // A metric of the exporter, with the configured matchers and more.
    metric(name, more=[]):: promql.select(name, metrics + more),

    // The targets of the exporter in `up`.
    targets:: promql.select('up', promql.matchers(config.selectors.targets)),
    target_matchers:: promql.matchers(config.selectors.targets),

    // Matchers of the zone that budgets mean; [] where any zone is meant.
    zone:: zone,

    // How much a counter grew in a window (seconds), by series.
    growth(selector, window):: promql.growth(selector, window, scrape_seconds),

    // The same, added up by `by`.
    grown(selector, window, by):: self.added_up(promql.growth(selector, window, scrape_seconds), by),

    // Growth by series, added up by `by`. One exporter that two jobs scrape is one: the higher is taken.
    added_up(growth, by)::
      local inner = ['instance'] + [label for label in by if label != 'instance'];
      'sum by (%s) (max by (%s) (sum by (%s) (%s)))' % [
        promql.labels(by),
        promql.labels(inner),
        promql.labels(['job'] + [label for label in inner if label != 'job']),
        growth,
      ],

    // The window of «dollars a minute»: at least a scrape interval, or it would hold no two samples.
    minute_seconds: std.max(60, scrape_seconds),

    // Whether a label's dollars can be told apart by `names`.
    contributors(names):: [label for label in labels if !std.member(names + ['provider'], label)],
  }
