// Who gets what: the default owner and each team, with the channels that a severity goes to and the receivers they are.
//     name                     llm-cost, or the team's
//     sections                 by channel, complete: {owner: whose receiver it is, section: …}
//     goes_to(severity)        its channels; never none where the policy has one
//     receiver(channel)        the receiver's name
//     business_hours, hours_of  when warnings are sent, and who said so
local default_name = 'llm-cost';

function(config, channels)
  local am = config.alertmanager;
  local severities = ['critical', 'warning', 'info'];
  local given(section) = { [kind]: section[kind] for kind in std.objectFields(channels) if std.get(section, kind) != null };

  // Of two ways to say where, the one that the team chose.
  local over(base, own) =
    local either = ['url_file', 'token_file'];
    local chosen = [key for key in either if std.objectHas(own, key)];
    { [key]: base[key] for key in std.objectFields(base) if chosen == [] || !std.member(either, key) } + own;

  local owner(name, own) = {
    local this = self,
    name: name,
    own: given(own),
    sections: given(am) + {
      [kind]: over(std.get(given(am), kind, {}), this.own[kind])
      for kind in std.objectFields(this.own)
    },
    lists:: am.channels + std.get(own, 'channels', {}),
    // A team may have hours of its own, or (null) none.
    business_hours: std.get(own, 'business_hours', am.business_hours),
    hours_of: if std.objectHas(own, 'business_hours') then name else default_name,
    // Without a channel that the policy names, whatever there is: a page that goes to Slack alone is better than none.
    goes_to(severity)::
      local there = [kind for kind in self.lists[severity] if std.objectHas(this.sections, kind)];
      local quiet = [kind for kind in std.objectFields(this.sections) if !channels[kind].pager];
      if there != [] then there else if quiet != [] then quiet else std.objectFields(this.sections),
    emergency::
      local list = [kind for kind in std.get(self.lists, 'emergency', []) if std.objectHas(this.sections, kind)];
      if list == [] || list == this.goes_to('critical') then null else list,
    receiver(kind):: '%s/%s' % [if std.objectHas(this.own, kind) then name else default_name, kind],
  };
  {
    severities: severities,
    default: owner(default_name, am),
    teams: [owner(name, am.teams[name]) for name in std.objectFields(am.teams)],
    all: [self.default] + self.teams,
    platform:
      local found = [team for team in self.teams if team.name == am.platform];
      if am.platform == null then self.default
      else if found == [] then error 'alertmanager.platform: %s is none of the teams' % am.platform
      else found[0],
    deadman: if std.get(am, 'deadman') == null || am.version == '0.25' then null else am.deadman,
  }
