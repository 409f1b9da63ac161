// Thresholds as Grafana has them, from the policy's figures. A figure that the policy takes out (null) is no step.
local theme = import 'theme.libsonnet';

local steps(list) = {
  mode: 'absolute',
  steps: [{ color: theme.ok, value: null }] + [{ color: step[0], value: step[1] } for step in list if step[1] != null],
};

{
  steps: steps,

  // Shares of a budget: {info, warning, critical, emergency}.
  levels(levels, times=1):: steps([
    [theme[name], if std.get(levels, name) == null then null else levels[name] * times]
    for name in ['info', 'warning', 'critical', 'emergency']
  ]),

  // {warning, critical}, such as dollars an hour.
  severities(limits):: steps([[theme[name], std.get(limits, name)] for name in ['warning', 'critical']]),

  // One figure above which it is wrong.
  above(value, color=theme.warning):: steps([[color, value]]),

  // Nothing is said about good or bad.
  none:: steps([]),
}
