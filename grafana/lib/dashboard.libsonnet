// What all dashboards have in common: address, links to each other, variables, and the alerts as annotations.
local layout = import 'layout.libsonnet';
local targets = import 'targets.libsonnet';
local theme = import 'theme.libsonnet';

local do_not_edit = 'DO NOT EDIT: made by `llm-cost-exporter render` from your policy; what is changed here is lost with the next one.';

{
  // Its address is /d/llm-cost-NAME; alerts link to it. `variables` by name.
  dashboard(name, title, description, variables, sections, from='now-24h', refresh='1m'):: {
    local zone = $.config.timezone,
    uid: 'llm-cost-' + name,
    title: 'LLM cost / ' + title,
    description: description + ' ' + do_not_edit,
    tags: ['llm-cost'],
    // The oldest Grafana that it is meant for has this version; later ones migrate it when they load it.
    schemaVersion: 38,
    version: 1,
    editable: false,
    graphTooltip: 1,
    fiscalYearStartMonth: 0,
    liveNow: false,
    refresh: refresh,

    time: { from: from, to: 'now' },
    timepicker: { refresh_intervals: ['15s', '30s', '1m', '5m', '15m', '30m', '1h'] },
    // The zone whose days are meant, where the policy names one.
    timezone: if zone != null then zone else 'browser',
    weekStart: '',
    links: [{
      asDropdown: false,
      icon: 'external link',
      includeVars: true,
      keepTime: true,
      tags: ['llm-cost'],
      targetBlank: false,
      title: 'LLM cost',
      tooltip: 'The other dashboards of LLM cost, with the same time range and variables',
      type: 'dashboards',
      url: '',
    }],
    templating: { list: variables },
    annotations: {
      list: [
        {
          builtIn: 1,
          datasource: { type: 'grafana', uid: '-- Grafana --' },
          enable: true,
          hide: true,
          iconColor: theme.info,
          name: 'Annotations & Alerts',
          type: 'dashboard',
        },
        {
          datasource: targets.source,
          enable: true,
          expr: 'ALERTS{alertname=~"LlmCost.*", alertstate="firing", severity=~"warning|critical"}',
          hide: false,
          iconColor: theme.warning,
          name: 'Alerts',
          step: '60s',
          tagKeys: 'severity,budget,period,level,model,app,job',
          textFormat: '',
          titleFormat: '{{alertname}}',
          useValueForTime: false,
        },
      ],
    },
    panels: layout.panels(sections),
  },
}
