// What the policy says about budgets, as thresholds.
local panels = import 'panels.libsonnet';
local theme = import 'theme.libsonnet';
local thresholds = import 'thresholds.libsonnet';

function(config, settings) {
  // Budgets with levels of their own, in panels that name bars `budget, period`.
  own_levels: [
    panels.of_name('%s, %s' % [budget.name, period], { thresholds: thresholds.levels(config.levels + budget.levels) })
    for budget in settings.budgets
    if budget.levels != {}
    for period in ['day', 'month']
  ],

  // Each budget in a colour of its own, as far as there are any.
  colors: std.mapWithIndex(
    function(index, budget) panels.of_name(budget.name, panels.colored((theme.rank + [theme.others])[std.min(index, std.length(theme.rank))])),
    settings.budgets
  ),

  // The lowest factor at which a burn rate warns, and the lowest at which it pages.
  burn_steps: std.sort([
    [theme[severity], std.foldl(std.min, factors, 1e9)]
    for severity in ['warning', 'critical']
    for factors in [[row.factor for row in config.burn_rate if row.severity == severity]]
    if factors != []
  ], function(step) step[1]),
}
