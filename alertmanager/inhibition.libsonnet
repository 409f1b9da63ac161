// A budget's higher level silences its lower ones, and nothing else is ever silenced: what the pipeline has to say must not hide dollars.
// Alertmanager takes labels that are missing on both sides for equal, so both sides demand that they are there. Source and target never overlap.
local match = import 'lib/matchers.libsonnet';

local level(matcher) = [match.is('alertname', 'LlmCostBudget'), matcher, match.there('budget'), match.there('period')];
local silences(higher, lower) = {
  source_matchers: level(match.is('level', higher)),
  target_matchers: level(match.among('level', lower)),
  equal: ['alertname', 'budget', 'period'],
};
[
  silences('emergency', ['critical', 'warning', 'info']),
  silences('critical', ['warning', 'info']),
  silences('warning', ['info']),
]
