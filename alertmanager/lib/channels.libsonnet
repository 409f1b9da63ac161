// The channels: how a section of the policy becomes a receiver's entry. `where` has address and secret; the look comes from messages.libsonnet.
//     list     the key of a receiver that such entries stand under
//     pager    it opens incidents: it escalates by itself, and each must be closed, so its resolved messages are always sent
local bearer(file) = { authorization: { credentials_file: file } };
local keys(section, names) = { [names[key]]: section[key] for key in std.objectFields(names) if std.objectHas(section, key) };

function(version, messages)
  // Before 0.26 nothing but these three takes its secret from a file.
  local since_025 = {
    slack: {
      list: 'slack_configs',
      where(section):: keys(section, { channel: 'channel', url_file: 'api_url_file' }) + (
        // The same in both generations, where 0.33 alone has a key for a token.
        if std.objectHas(section, 'token_file')
        then { api_url: 'https://slack.com/api/chat.postMessage', http_config: bearer(section.token_file) }
        else {}
      ),
    },
    email: {
      list: 'email_configs',
      where(section):: keys(section, {
        to: 'to',
        from: 'from',
        smarthost: 'smarthost',
        username: 'auth_username',
        password_file: 'auth_password_file',
        require_tls: 'require_tls',
      }),
    },
    pagerduty: {
      list: 'pagerduty_configs',
      pager: true,
      where(section):: keys(section, { routing_key_file: 'routing_key_file', url: 'url' }),
    },
  };
  local since_033 = {
    webhook: {
      list: 'webhook_configs',
      where(section)::
        keys(section, { url_file: 'url_file', max_alerts: 'max_alerts' })
        + (if std.objectHas(section, 'token_file') then { http_config: bearer(section.token_file) } else {}),
    },
    discord: { list: 'discord_configs', where(section):: { webhook_url_file: section.url_file } },
    // A workflow's address; what Microsoft called connectors, the form before, is switched off.
    msteams: { list: 'msteamsv2_configs', look: messages.msteamsv2, where(section):: { webhook_url_file: section.url_file } },
    telegram: {
      list: 'telegram_configs',
      where(section):: keys(section, { token_file: 'bot_token_file', chat_id: 'chat_id', topic: 'message_thread_id' }),
    },
    mattermost: {
      list: 'mattermost_configs',
      where(section):: keys(section, { url_file: 'webhook_url_file', channel: 'channel' }),
    },
    rocketchat: {
      list: 'rocketchat_configs',
      where(section):: keys(section, { url: 'api_url', token_file: 'token_file', token_id_file: 'token_id_file', channel: 'channel' }),
    },
    webex: {
      list: 'webex_configs',
      where(section):: { room_id: section.room_id, http_config: bearer(section.token_file) },
    },
    pushover: {
      list: 'pushover_configs',
      where(section):: { token_file: section.token_file, user_key_file: section.user_key_file },
    },
    line: {
      list: 'webhook_configs',
      look: {},
      where(section):: {
        url: 'https://api.line.me/v2/bot/message/push',
        http_config: bearer(section.token_file),
        payload: { to: section.to, messages: [{ type: 'text' } + { text: messages.text }] },
      },
    },
    opsgenie: {
      list: 'opsgenie_configs',
      pager: true,
      where(section):: keys(section, { api_key_file: 'api_key_file', url: 'api_url' }),
    },
    victorops: {
      list: 'victorops_configs',
      pager: true,
      where(section):: keys(section, { api_key_file: 'api_key_file', routing_key: 'routing_key' }),
    },
    incidentio: {
      list: 'incidentio_configs',
      pager: true,
      where(section):: { url_file: section.url_file, alert_source_token_file: section.token_file },
    },
  };
  local known = since_025 + (if version == '0.25' then {} else since_033);
  { [kind]: { pager: false, look: std.get(messages, kind, {}) } + known[kind] for kind in std.objectFields(known) }
