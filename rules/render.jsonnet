// The files that `llm-cost-exporter render` writes: path -> {comment: lines above it, content: what is in it}. `config` has every key;
// `rules` and `alerts` are the mixin's prometheusRules and prometheusAlerts, evaluated.
function(config, rules, alerts)
  local job = std.get(config.selectors.targets, 'job', 'llm-cost-exporter');
  {
    'prometheus/llm-cost.rules.yml': {
      comment: ['Recording rules: spend rates, the ledger of days and months, budgets.'],
      content: rules,
    },
    'prometheus/llm-cost.alerts.yml': {
      comment: ['Alerts on LLM cost. They read what llm-cost.rules.yml records: load both.'],
      content: alerts,
    },
    'prometheus/prometheus.yml': {
      comment: [
        'An example of a Prometheus that scrapes exporters and evaluates these rules; take what yours lacks.',
        "honor_labels: without it a target's own label, such as app, would turn ours into exported_app.",
      ],
      content: {
        global: { scrape_interval: config.scrape_interval, evaluation_interval: '1m' },
        rule_files: ['llm-cost.rules.yml', 'llm-cost.alerts.yml'],
        alerting: { alertmanagers: [{ static_configs: [{ targets: ['localhost:9093'] }] }] },
        scrape_configs: [
          {
            job_name: if std.isString(job) && !std.startsWith(job, '=') && !std.startsWith(job, '!') then job else 'llm-cost-exporter',
            honor_labels: true,
            static_configs: [{ targets: ['localhost:9478'] }],
          },
        ],
      },
    },
    'kubernetes/llm-cost-prometheusrule.yml': {
      comment: ['The same rules for the Prometheus Operator; its ruleSelector decides which labels it wants.'],
      content: {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: { name: 'llm-cost', labels: { 'app.kubernetes.io/name': 'llm-cost-exporter' } },
        spec: { groups: rules.groups + alerts.groups },
      },
    },
  }
