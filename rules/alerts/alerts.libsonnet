// The alerts, a group a family. The names are contract; severity is critical (pages), warning or info.
{
  local settings = (import '../lib/settings.libsonnet')(self._config),
  local lib = (import '../lib/alerts.libsonnet')(self._config),
  local family(name, interval, rules) = { name: name, interval: interval, rules: std.flattenArrays(rules) },

  prometheusAlerts+:: {
    groups+: std.filter(function(group) group.rules != [], [
      // A page must not wait for a minute's evaluation.
      family('llm-cost-spend-rate', '15s', (import 'spend_rate.libsonnet')($._config, settings, lib)),
      // Of the three minutes in which a budget is to be told, evaluation may take this part.
      family('llm-cost-budget-alerts', '30s', (import 'budgets.libsonnet')($._config, settings, lib)),
      family('llm-cost-prices', '1m', (import 'prices.libsonnet')($._config, settings, lib)),
      family('llm-cost-pipeline', '1m', (import 'pipeline.libsonnet')($._config, settings, lib)),
      // On its own: it speaks of the ledger's group.
      family('llm-cost-watch', '1m', (import 'watch.libsonnet')($._config, settings, lib)),
    ]),
  },
}
