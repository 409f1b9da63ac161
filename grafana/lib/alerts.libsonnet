// Alerts of this pack as Prometheus keeps them: firing ones are a metric, whoever manages them.
local panels = import 'panels.libsonnet';
local targets = import 'targets.libsonnet';
local theme = import 'theme.libsonnet';
local column = panels.column;

local matchers = 'alertname=~"LlmCost.*", alertname!="LlmCostWatchdog"';
local firing = 'ALERTS{%s, alertstate="firing"}' % matchers;
local labels = 'alertname, severity, budget, period, level, model, app, job, instance';

{
  // Those that somebody is to look at.
  alarming: 'ALERTS{%s, alertstate="firing", severity=~"warning|critical"}' % matchers,

  table: panels.table(
    'Firing alerts',
    |||
      Alerts of this pack that fire now, but for the watchdog, and since how long their condition holds.

      When it looks bad: each alert has a runbook, which its message links to.
    |||,
    [targets.rows('(time() - max by (%s) (ALERTS_FOR_STATE{%s})) and on (%s) max by (%s) (%s)' % [labels, matchers, labels, labels, firing])],
    [
      column.label('alertname', 'Alert', width=240),
      {
        from: 'severity',
        name: 'Severity',
        set: {
          'custom.cellOptions': { type: 'color-text' },
          'custom.width': 100,
          mappings: [{
            type: 'value',
            options: {
              [severity[0]]: { color: severity[1], index: severity[2], text: severity[0] }
              for severity in [['critical', theme.critical, 0], ['warning', theme.warning, 1], ['info', theme.info, 2]]
            },
          }],
        },
      },
      column.number('A', 'For', unit='dtdurations', decimals=0, more={ 'custom.width': 100 }),
      column.label('budget', 'Budget', minimum=100),
      column.label('period', 'Period', minimum=90),
      column.label('level', 'Level', minimum=90),
      column.label('model', 'Model', minimum=90),
      column.label('app', 'App', minimum=90),
      column.label('job', 'Job', minimum=90),
      column.label('instance', 'Instance', minimum=90),

    ],
    h=9,
    empty='no alert is firing',
  ),
}
