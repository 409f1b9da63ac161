// What is rendered otherwise than somebody may expect, a line each.
function(config, channels, owners)
  local am = config.alertmanager;
  local joined(list) = std.join(' and ', list);
  local listed = { [team.name]: true for team in owners.teams };
  local where(owner) = if owner.name == owners.default.name then 'alertmanager' else 'alertmanager.teams.' + owner.name;

  // Teams are spoken of only where they have something of their own.
  local lists(owner) =
    local wanted(severity) = owner.lists[severity];
    local none(severity) = std.setInter(std.set(wanted(severity)), std.objectFields(owner.sections)) == [];
    [
      '%s: there is no section %s, so what is %s goes to %s' % [where(owner), std.join(' or ', wanted(severity)), severity, joined(owner.goes_to(severity))]
      for severity in owners.severities
      if none(severity)
    ] + (
      local pagers(kinds) = [kind for kind in kinds if channels[kind].pager];
      local lost = [kind for kind in wanted('critical') if !std.objectHas(owner.sections, kind)];
      if none('critical') || lost == [] || pagers(owner.goes_to('critical')) != [] then []
      else ['%s: there is no section %s, so what is critical goes to %s alone and pages nobody' % [where(owner), joined(lost), joined(owner.goes_to('critical'))]]
    );

  local used(owner) = std.set(
    std.flattenArrays([owner.goes_to(severity) for severity in owners.severities])
    + (if owner.emergency == null then [] else owner.emergency)
  );
  // Alertmanager drops the end of an alert outside of the hours, and what was opened within them is never closed.
  local left_open(owner) = [
    '%s.business_hours: %s opens incidents for warnings, and one that ends outside of these hours stays open; naming no pager in channels.warning would be right'
    % [where(owner), kind]
    for kind in owner.goes_to('warning')
    if channels[kind].pager && owner.business_hours != null
  ];

  // A team may use what the default has no list for.
  local idle(owner) = [
    '%s.%s: nothing goes there; naming it in %s.channels would be right' % [where(owner), kind, where(owner)]
    for kind in std.objectFields(owner.own)
    if !std.member(used(owner), kind)
    if owner.name != owners.default.name || !std.any([std.member(used(team), kind) for team in owners.teams if !std.objectHas(team.own, kind)])
  ];

  // A channel over the default's webhook changes nothing.
  local elsewhere(owner) = (
    local slack = std.get(owner.own, 'slack', {});
    if std.objectHas(slack, 'channel') && !std.objectHas(slack, 'url_file') && std.objectHas(std.get(owner.sections, 'slack', {}), 'url_file')
    then ["%s.slack.channel: an incoming webhook writes to its own channel, and url_file is the default's; a url_file of its own, or a token_file for all, would be right" % where(owner)]
    else []
  );

  (if owners.deadman != null then []
   else if std.get(am, 'deadman') != null then ["alertmanager.deadman: Alertmanager 0.25 can't take a webhook's address from a file, so nobody is told when all alerts stop"]
   else ['alertmanager: there is no section deadman, so nobody is told when all alerts stop'])
  + lists(owners.default)
  + std.flattenArrays([lists(team) for team in owners.teams if std.objectHas(am.teams[team.name], 'channels')])
  + std.flattenArrays([left_open(owner) for owner in owners.all if owner.hours_of == owner.name || std.objectHas(am.teams[owner.name], 'channels')])
  + std.flattenArrays([elsewhere(team) for team in owners.teams])
  + std.flattenArrays([idle(owner) for owner in owners.all])
  + (if owners.teams == [] then [] else [
       'budgets: the team %s of %s is none of alertmanager.teams, so its alerts go to the default receivers' % [budget.team, budget.name]
       for budget in config.budgets
       if std.get(budget, 'team') != null && !std.objectHas(listed, budget.team)
     ])
