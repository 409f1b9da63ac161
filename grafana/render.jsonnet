// The dashboards that `llm-cost-exporter render` writes, by name. `config` has every key of the policy.
local boards = {
  overview: import 'overview.libsonnet',
  budgets: import 'budgets.libsonnet',
  models: import 'models.libsonnet',
  efficiency: import 'efficiency.libsonnet',
  exporter: import 'exporter.libsonnet',
};

function(config)
  local lib = (import 'lib/lib.libsonnet')(config);
  { ['llm-cost-' + name]: boards[name](lib) for name in std.objectFields(boards) }
