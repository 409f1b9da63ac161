// Every setting of the policy's `alertmanager` with its default and its reason; policy.example.yml explains them to people who don't
// write jsonnet. Secrets are files on Alertmanager's machine, so nothing rendered holds one.
{
  _config+:: {
    alertmanager: {
      // The Alertmanager that reads it: from 0.33 on, or from 0.25 on, which has no file form for the secrets of most channels.
      version: '0.33',

      // Addresses that are clearly examples. A policy that names one of these (or another channel) has those it names and no others.
      slack: { url_file: '/etc/alertmanager/secrets/slack-url', channel: '#llm-cost' },
      email: {
        to: 'llm-cost@example.com',
        from: 'alertmanager@example.com',
        smarthost: 'smtp.example.com:587',
        username: 'alertmanager@example.com',
        password_file: '/etc/alertmanager/secrets/smtp-password',
        require_tls: true,
      },
      pagerduty: { routing_key_file: '/etc/alertmanager/secrets/pagerduty-key' },
      // The watchdog's messages go there and nowhere else; it tells people when they stop. Most of these services want a sign within
      // some minutes, and ten of silence are soon enough.
      deadman: { url_file: '/etc/alertmanager/secrets/deadman-url', every: '5m' },

      // What wakes somebody is also where others see it; a warning is read in office hours, wherever one looks first; info is for
      // those who look. emergency (a budget's last level): as critical, unless it has a list of its own.
      channels: { critical: ['pagerduty', 'slack'], warning: ['slack', 'email'], info: ['slack'] },

      // Teams by name: sections and lists of their own; what they leave out is as above.
      teams: {},
      // Whose the alerts on the pipeline are: one of the teams. null: the default receivers.
      platform: null,

      // External labels of Prometheus that tell one installation from another, where several send to one Alertmanager: what they differ in is
      // another incident, and silences nothing here. One that is on no alert is equal everywhere; the two of an HA pair have all of them alike.
      origin_labels: [],

      // When something that still fires is told again. What lasts (a month's budget at 98 %) lasts for days: an hour would be noise.
      repeat_interval: { critical: '4h', warning: '1d', info: '3d' },
      // At least so long between two messages of one group. Pages have 1m: an emergency must not wait behind a critical.
      cooldown: '5m',
      // All info in one message that often, such as 1d, in place of one as it comes.
      info_digest: null,
      // {timezone, days, from, to}: warnings are sent then and wait otherwise. null: at any time.
      business_hours: null,
      // What Alertmanager remembers of sent messages, its flag --data.retention. An incident whose budget's next level inhibits it for
      // longer is never resolved.
      data_retention: '5d',
    },
  },
}
