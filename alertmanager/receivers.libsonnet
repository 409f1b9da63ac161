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
  // The end of the watchdog must not look like a sign of life. Without an address: one that is of no Prometheus with a switch of its own.
  local deadman(name, section) = {
    name: name,
    [if section != null && std.objectHas(section, 'url_file') then 'webhook_configs']: [{ url_file: section.url_file, send_resolved: false, max_alerts: 1 }],
  };
  [one for one in possible if std.member(named, one.name)] + [deadman(one.receiver, one) for one in owners.deadmen] + [deadman('llm-cost/deadman', owners.deadman)]
