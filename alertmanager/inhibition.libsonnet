// A budget's higher level silences its lower ones, and nothing else is ever silenced: what the pipeline has to say must not hide dollars, and
// staging's budget not the one of the same name in production.
// Alertmanager takes labels that are missing on both sides for equal, so both sides demand that they are there; but an origin's label that
// neither has is rightly equal. Source and target never overlap.
local match = import 'lib/matchers.libsonnet';

function(origin_labels)
  local level(matcher) = [match.is('alertname', 'LlmCostBudget'), matcher, match.there('budget'), match.there('period')];
  local silences(higher, lower) = {
    source_matchers: level(match.is('level', higher)),
    target_matchers: level(match.among('level', lower)),
    equal: ['alertname', 'budget', 'period'] + origin_labels,
  };
  [
    silences('emergency', ['critical', 'warning', 'info']),
    silences('critical', ['warning', 'info']),
    silences('warning', ['info']),
  ]
