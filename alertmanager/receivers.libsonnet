// The receivers that the routes name: an owner and a channel each. Their resolved messages are always sent, but for NAME-once.
function(channels, owners, named)
  local entry(kind, section, resolved) =
    // Slack's default is false, others' true: it is always written out.
    channels[kind].where(section) + { send_resolved: resolved } + channels[kind].look;
  local receiver(owner, kind, once) = {
    name: owner.receiver(kind) + (if once then '-once' else ''),
    [channels[kind].list]: [entry(kind, owner.sections[kind], !once)],
  };
  local possible = [
    receiver(owner, kind, once)
    for owner in owners.all
    for kind in std.objectFields(owner.own)
    for once in [false, true]
  ];
  local deadman = {
    name: 'llm-cost/deadman',
    // The end of the watchdog must not look like a sign of life.
    [if owners.deadman != null then 'webhook_configs']: [{ url_file: owners.deadman.url_file, send_resolved: false, max_alerts: 1 }],
  };
  [one for one in possible if std.member(named, one.name)] + [deadman]
