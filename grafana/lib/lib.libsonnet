// All that a dashboard is made of, for one policy.
local duration = import '../../rules/lib/duration.libsonnet';
local alerts = import 'alerts.libsonnet';
local layout = import 'layout.libsonnet';
local panels = import 'panels.libsonnet';
local targets = import 'targets.libsonnet';
local theme = import 'theme.libsonnet';
local thresholds = import 'thresholds.libsonnet';

function(config)
  local settings = (import '../../rules/lib/settings.libsonnet')(config);
  (import 'dashboard.libsonnet') + {
    config: config,
    settings: settings,
    panels: panels,
    targets: targets,
    theme: theme,
    thresholds: thresholds,
    alerts: alerts,
    section: layout.section,
    variables: (import 'variables.libsonnet')(settings),
    queries: (import 'queries.libsonnet')(settings, config),
    links: import 'links.libsonnet',
    budgets: (import 'budgets.libsonnet')(config, settings),
    seconds: duration.seconds,
    title(name):: std.asciiUpper(name[0]) + name[1:],
  }
