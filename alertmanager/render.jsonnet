// What `llm-cost-exporter render` makes of a policy that has every key: the content of alertmanager.yml, and warnings for its user.
function(config)
  local am = config.alertmanager;
  local messages = (import 'messages.libsonnet')(am.version);
  local channels = (import 'lib/channels.libsonnet')(am.version, messages);
  local owners = (import 'lib/owners.libsonnet')(config, channels);
  local route = (import 'routes.libsonnet')(config, channels, owners);
  local hours = (import 'hours.libsonnet')(owners);
  local named(one) = [one.receiver for _ in [0] if std.objectHas(one, 'receiver')] + std.flattenArrays(std.map(named, std.get(one, 'routes', [])));
  {
    warnings: (import 'warnings.libsonnet')(config, channels, owners),
    comment: [
      'Routes, inhibition and receivers for the alerts on LLM cost. Secrets are files on the machine of Alertmanager.',
      'Your own Alertmanager takes the route below routes: and all of the rest; docs/alertmanager.md says how.',
    ],
    content: {
      templates: ['templates/*.tmpl'],
      route: route,
      [if hours != [] then 'time_intervals']: hours,
      inhibit_rules: import 'inhibition.libsonnet',
      receivers: (import 'receivers.libsonnet')(channels, owners, std.set(named(route))),
    },
  }
