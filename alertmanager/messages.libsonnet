// What a message looks like, channel by channel: only the keys of a receiver that say what is shown. Who gets it, where and with which secret is
// for the receivers. The texts are in templates/, which has what Alertmanager 0.25 knows.
local show(name) = '{{ template "%s" . }}' % name;

// `version` is Alertmanager's: 0.25 or 0.33.
function(version)
  // From 0.30 on Alertmanager reads what a detail of PagerDuty and a webhook's payload were rendered to as YAML, and what it finds as a template
  // again: a name could bring a key or a template. A leading tab is no YAML, so such a text stays as it is; nobody sees it.
  local as_text(name) = (if version == '0.25' then '' else '\t') + show(name);
  {
    slack: {
      title: show('slack.llm_cost.title'),
      title_link: show('slack.llm_cost.dashboard_url'),
      text: show('slack.llm_cost.text'),
      fallback: show('slack.llm_cost.title'),
      color: show('slack.llm_cost.color'),
      // Formatting is on in what is named here, and by default in the text: so this names what is not used.
      mrkdwn_in: ['pretext'],
      // @here in a name calls nobody.
      link_names: false,
      actions: [
        { type: 'button', text: show('slack.llm_cost.runbook_text'), url: show('slack.llm_cost.runbook_url') },
        { type: 'button', text: show('slack.llm_cost.dashboard_text'), url: show('slack.llm_cost.dashboard_url') },
        { type: 'button', text: show('slack.llm_cost.query_text'), url: show('slack.llm_cost.query_url') },
        { type: 'button', text: show('text.llm_cost.silence'), url: show('llm_cost.silence_url') },
      ],
    },

    email: {
      html: show('email.llm_cost.html'),
      text: show('email.llm_cost.text'),
      headers: {
        Subject: show('email.llm_cost.subject'),
        // Keeps «out of office» from answering.
        'Auto-Submitted': 'auto-generated',
      },
    },

    pagerduty: {
      description: show('plain.llm_cost.title'),
      severity: show('pagerduty.llm_cost.severity'),
      class: show('pagerduty.llm_cost.class'),
      component: show('pagerduty.llm_cost.component'),
      group: show('pagerduty.llm_cost.group'),
      client: 'Alertmanager',
      client_url: show('llm_cost.alerts_url'),
      details: {
        what: as_text('pagerduty.llm_cost.what'),
        from: as_text('pagerduty.llm_cost.from'),
        figure: as_text('pagerduty.llm_cost.figure'),
        limit: as_text('pagerduty.llm_cost.limit'),
        'most of it': as_text('pagerduty.llm_cost.top'),
        left: as_text('pagerduty.llm_cost.left'),
        description: as_text('pagerduty.llm_cost.description'),
        // Alertmanager has these by itself, with all alerts in full; so they are named here, and short.
        firing: as_text('pagerduty.llm_cost.firing'),
        resolved: as_text('pagerduty.llm_cost.over'),
      },
      links: [
        { text: show('text.llm_cost.runbook'), href: show('pagerduty.llm_cost.runbook_url') },
        { text: show('text.llm_cost.dashboard'), href: show('pagerduty.llm_cost.dashboard_url') },
        { text: show('text.llm_cost.query'), href: show('pagerduty.llm_cost.query_url') },
        { text: show('text.llm_cost.silence'), href: show('llm_cost.silence_url') },
      ],
    },

    // Alertmanager's own JSON: what receives it reads labels and annotations.
    webhook: {},

    discord: {
      title: show('markdown.llm_cost.title'),
      message: show('markdown.llm_cost.text'),
    },

    msteamsv2: {
      title: show('markdown.llm_cost.title'),
      text: show('markdown.llm_cost.text'),
    },

    telegram: {
      // Plain text. HTML is Alertmanager's default: there a message that is too long becomes an error, here it is cut.
      parse_mode: '',
      message: show('plain.llm_cost.message'),
    },

    mattermost: {
      title: show('plain.llm_cost.title'),
      title_link: show('slack.llm_cost.dashboard_url'),
      text: show('markdown.llm_cost.text'),
      fallback: show('plain.llm_cost.title'),
      color: show('slack.llm_cost.color'),
    },

    rocketchat: {
      title: show('plain.llm_cost.title'),
      title_link: show('slack.llm_cost.dashboard_url'),
      text: show('markdown.llm_cost.text'),
      color: show('slack.llm_cost.color'),
    },

    webex: { message: show('markdown.llm_cost.message') },

    pushover: {
      title: show('plain.llm_cost.title'),
      message: show('plain.llm_cost.text'),
      // Alertmanager's default would ring for everything that fires, info too, until somebody confirms it.
      priority: show('pushover.llm_cost.priority'),
      url: show('slack.llm_cost.dashboard_url'),
      url_title: show('slack.llm_cost.dashboard_text'),
    },

    opsgenie: {
      message: show('plain.llm_cost.title'),
      description: show('plain.llm_cost.message'),
      priority: show('opsgenie.llm_cost.priority'),
      source: show('llm_cost.alerts_url'),
      entity: show('pagerduty.llm_cost.component'),
    },

    victorops: {
      entity_display_name: show('plain.llm_cost.title'),
      state_message: show('plain.llm_cost.message'),
      message_type: show('victorops.llm_cost.message_type'),
    },

    // The text of a message, for a webhook's payload: LINE and the like.
    text: as_text('plain.llm_cost.message'),
  }
