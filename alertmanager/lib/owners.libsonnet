// Who gets what: the default owner and each team, with the channels that a severity goes to and the receivers they are.
//     name                     llm-cost, or the team's
//     own, sections            by channel: what stands at this owner, and all that it can use, each complete
//     goes_to(severity)        its channels; never none where the policy has one. emergency: a list of its own, or null
//     receiver(channel)        the receiver's name
//     business_hours, hours_of  when warnings are sent, and who said so
// And the dead man's switch, null where there is none, with those of single Prometheus (deadmen).
local default_name = 'llm-cost';

function(config, channels)
  local am = config.alertmanager;
  local severities = ['critical', 'warning', 'info'];
  local given(section) = { [kind]: section[kind] for kind in std.objectFields(channels) if std.get(section, kind) != null };

  // An address and its token belong together (and of Slack's two ways it is one or the other): a team that has either has none of the default's.
  local over(base, own) =
    local either = ['url_file', 'token_file'];
    local chosen = [key for key in either if std.objectHas(own, key)];
    { [key]: base[key] for key in std.objectFields(base) if chosen == [] || !std.member(either, key) } + own;

  // In locals, since jsonnet evaluates a field anew wherever it is used.
  local given_by_default = given(am);
  local owner(name, own) =
    local here = given(own);
    local sections = given_by_default { [kind]: over(std.get(given_by_default, kind, {}), here[kind]) for kind in std.objectFields(here) };
    local lists = am.channels + std.get(own, 'channels', {});
    local there(list) = [kind for kind in list if std.objectHas(sections, kind)];
    local quiet = [kind for kind in std.objectFields(sections) if !channels[kind].pager];
    // Without a channel that the policy names, whatever there is: a page that goes to Slack alone is better than none.
    local or_any(list) = if list != [] then list else if quiet != [] then quiet else std.objectFields(sections);
    local goes_to = { [severity]: or_any(there(lists[severity])) for severity in severities };
    local kinds_of = [goes_to.critical, goes_to.warning, goes_to.info];
    local emergency = there(std.get(lists, 'emergency', []));
    local receivers = { [kind]: (if std.objectHas(here, kind) then name else default_name) + '/' + kind for kind in std.objectFields(sections) };
    {
      name: name,
      own: here,
      sections: sections,
      lists: lists,
      goes_to(severity):: kinds_of[std.find(severity, severities)[0]],
      emergency: if emergency == [] || emergency == kinds_of[0] then null else emergency,
      receiver(kind):: receivers[kind],
      // A team may have hours of its own, or (null) none.
      business_hours: std.get(own, 'business_hours', am.business_hours),
      hours_of: if std.objectHas(own, 'business_hours') then name else default_name,
    };

  local default = owner(default_name, am);
  local teams = [owner(name, am.teams[name]) for name in std.objectFields(am.teams)];
  local platform =
    local found = [team for team in teams if team.name == am.platform];
    if am.platform == null then default
    else if found == [] then error 'alertmanager.platform: %s is none of the teams' % am.platform
    else found[0];
  local deadman = if std.get(am, 'deadman') == null || am.version == '0.25' then null else am.deadman;
  {
    severities: severities,
    default: default,
    teams: teams,
    all: [default] + teams,
    platform: platform,
    deadman: deadman,
    deadmen: [
      one { receiver: 'llm-cost/deadman ' + std.join(' ', [label + '=' + one.match[label] for label in std.objectFields(one.match)]) }
      for one in (if deadman == null then [] else std.get(deadman, 'each', []))
    ],
  }
