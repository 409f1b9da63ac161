// The tree: first what an alert is about (the watchdog, the pipeline, dollars), then whose it is, then how severe, then each channel.
local durations = import 'lib/durations.libsonnet';
local match = import 'lib/matchers.libsonnet';

// The alerts on dollars; every other LlmCost alert is about the pipeline.
local dollars = ['LlmCostBudget', 'LlmCostBudgetForecast', 'LlmCostBudgetBurnRate', 'LlmCostSpendRateMinute', 'LlmCostSpendRateHour'];

function(config, channels, owners)
  local am = config.alertmanager;

  // What a level of a budget has beside it: a higher one, which inhibits it. Both end when the period does.
  local lower_levels = ['info', 'warning', 'critical'];
  local severity_of_budget = std.get(std.get(config.alerts, 'LlmCostBudget', {}), 'severity');
  local pages_early = std.isString(severity_of_budget) && severity_of_budget == 'critical'
                      || std.isObject(severity_of_budget) && (std.get(severity_of_budget, 'warning') == 'critical' || std.get(severity_of_budget, 'info') == 'critical');

  // One of the siblings that a message goes to, so that a channel which fails does not hold up the next.
  local leaf(owner, severity, kind, last) =
    local receiver = owner.receiver(kind);
    local hours =
      if severity == 'warning' && owner.business_hours != null
      then { active_time_intervals: ['llm-cost business hours of ' + owner.hours_of] }
      else {};
    local inner =
      if channels[kind].pager then [{
        // Alertmanager forgets a message after twice this time, and the end of what it forgot is not told: an incident whose budget goes on
        // to the next level, and so is inhibited, would stay open. It escalates by itself; no repetition is missed.
        matchers: [match.is('alertname', 'LlmCostBudget'), match.among('level', lower_levels)],
        repeat_interval: durations.half(am.data_retention),
      } + hours]
      // The end of these is no news: midnight ends them all.
      else if severity != 'critical' || pages_early then [{
        matchers: [match.is('alertname', 'LlmCostBudget'), match.among('level', ['info', 'warning'])],
        receiver: receiver + '-once',
      } + hours]
      else [];
    {
      receiver: receiver,
      [if !last then 'continue']: true,
      [if inner != [] then 'routes']: inner,
    } + hours;

  local fan(owner, severity, kinds) = std.mapWithIndex(
    function(index, kind) leaf(owner, severity, kind, index == std.length(kinds) - 1), kinds
  );

  // A page: an emergency must not wait behind a critical of the same budget.
  local page(owner, kinds, more=[]) = {
    matchers: [match.is('severity', 'critical')] + more,
    group_by: ['alertname', 'budget', 'period', 'level', 'severity'] + am.origin_labels,
    group_wait: '5s',
    group_interval: '1m',
    repeat_interval: am.repeat_interval.critical,
    routes: fan(owner, 'critical', kinds),
  };

  local severities(owner) =
    (if owner.emergency == null then [] else [page(owner, owner.emergency, [match.is('level', 'emergency')])])
    + [
      page(owner, owner.goes_to('critical')),
      {
        matchers: [match.is('severity', 'warning')],
        repeat_interval: am.repeat_interval.warning,
        routes: fan(owner, 'warning', owner.goes_to('warning')),
      },
      {
        matchers: [match.is('severity', 'info')],
        repeat_interval: am.repeat_interval.info,
        routes: fan(owner, 'info', owner.goes_to('info')),
      } + (
        if am.info_digest == null then {}
        // All of it is one group; the first opens it soon, what follows is gathered. What still fires is due at the next turn: a repetition
        // after just as long would miss it by a moment, and come at every second one. (Half of it would be forgotten before the next turn, and ends with it.)
        else { group_by: ['severity'] + am.origin_labels, group_wait: '30m', group_interval: am.info_digest, repeat_interval: durations.nine_tenths(am.info_digest) }
      ),
    ];

  // What has no severity, or one of somebody's own, goes where warnings do, at any time.
  local catch_all(owner) = owner.receiver(owner.goes_to('warning')[0]);
  local branch(owner, matchers) = { matchers: matchers, receiver: catch_all(owner), routes: severities(owner) };

  // A group for each Prometheus, so that a sign of life says whose it is.
  local watchdog(receiver, matchers=[]) = {
    matchers: [match.is('alertname', 'LlmCostWatchdog')] + matchers,
    receiver: receiver,
    group_by: ['alertname'] + am.origin_labels,
    group_wait: '0s',
    // A repetition is due at one of these, so it comes within `every` and this.
    group_interval: durations.least('1m', if owners.deadman == null then '5m' else owners.deadman.every),
    repeat_interval: if owners.deadman == null then '1d' else owners.deadman.every,
  };

  local ours = {
    matchers: ['alertname=~"LlmCost.+"'],
    receiver: catch_all(owners.default),
    // One incident is one message: twenty apps or models above a limit are one, twenty exporters that are down too. Two clusters are two.
    group_by: ['alertname', 'budget', 'period'] + am.origin_labels,
    group_wait: '30s',
    group_interval: am.cooldown,
    repeat_interval: am.repeat_interval.warning,
    routes: [watchdog(one.receiver, [match.is(label, one.match[label]) for label in std.objectFields(one.match)]) for one in owners.deadmen]
            + [watchdog('llm-cost/deadman')] + (
      if owners.platform.name == owners.default.name then []
      else [branch(owners.platform, [match.not_among('alertname', dollars)])]
    ) + (
      local own = [branch(team, [match.is('team', team.name)]) for team in owners.teams];
      if own == [] then []
      // Who gets the pipeline's alerts is not up to a `team` on them.
      else if owners.platform.name != owners.default.name then own
      else [branch(team, [match.is('team', team.name), match.among('alertname', dollars)]) for team in owners.teams]
    ) + severities(owners.default),
  };

  // Anything else that is sent here reaches somebody.
  {
    receiver: catch_all(owners.default),
    group_by: ['alertname'],
    routes: [ours],
  }
