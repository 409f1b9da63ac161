// What `llm-cost-exporter render` makes of a policy that has every key, in two steps.
//     tree(config)              the route that all begins with
//     rendered(config, route)   with it the whole of alertmanager.yml, and warnings for its user
local parts(config) = {
  local messages = (import 'messages.libsonnet')(config.alertmanager.version),
  channels: (import 'lib/channels.libsonnet')(config.alertmanager.version, messages),
  owners: (import 'lib/owners.libsonnet')(config, self.channels),
};
local names(one) =
  (if std.objectHas(one, 'receiver') then [one.receiver] else []) + std.flatMap(names, std.get(one, 'routes', []));

{
  tree(config)::
    local these = parts(config);
    local channels = these.channels;
    local owners = these.owners;
    (import 'routes.libsonnet')(config, channels, owners),

  rendered(config, route)::
    local these = parts(config);
    local channels = these.channels;
    local owners = these.owners;
    local hours = (import 'hours.libsonnet')(owners);
    {
      warnings: (import 'warnings.libsonnet')(config, channels, owners),
      comment: [
        'Routes, inhibition and receivers for the alerts on LLM cost. Secrets are files on the machine of Alertmanager.',
        'Your own Alertmanager takes the one route below the first, and all the rest: docs/alertmanager.md says how.',
      ],
      content: {
        templates: ['templates/*.tmpl'],
        route: route,
        [if hours != [] then 'time_intervals']: hours,
        inhibit_rules: (import 'inhibition.libsonnet')(config.alertmanager.origin_labels),
        receivers: (import 'receivers.libsonnet')(channels, owners, std.set(names(route))),
      },
    },
}
