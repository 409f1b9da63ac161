// Every setting with its default and its reason. policy.yml sets the same keys: policy.example.yml explains them to people who
// don't write jsonnet. Money is USD; durations are text such as 15s, 1h30m or 2d.
{
  _config+:: {
    // The zone whose today and month a budget means. null: the only zone that is seen; with two, LlmCostZoneMismatch fires.
    timezone: null,

    // How often Prometheus scrapes the exporters. Windows are made so that they span exactly their time at this interval.
    scrape_interval: '15s',

    // What dollars are told apart by in the recorded series. Labels that budgets match on are added by themselves.
    grouping_labels: ['provider', 'model', 'app', 'team'],

    selectors: {
      // Matchers for every metric of the exporter. Empty, since the metrics' names are unique: a job with an unforeseen name
      // then still counts. (It is one pack a Prometheus all the same: recorded names would be shared. Several installations are
      // told apart by budgets that match on their label.)
      metrics: {},
      // What the exporters' targets are in `up`, where nothing else would tell of a target that has never been up.
      targets: { job: 'llm-cost-exporter' },
    },

    // A budget counts what its matchers take; {} is everything. `levels` here beat those below, `team` owns the alert.
    budgets: [
      { name: 'company', match: {}, daily_usd: 100, monthly_usd: 1000 },
    ],

    // Shares of a budget that are told, once each. Emergency is critical too: the last call before the money is gone.
    // null takes a level out.
    levels: { info: 0.50, warning: 0.75, critical: 0.90, emergency: 0.98 },

    // Dollars in a minute and in an hour above which the spend of one model alerts.
    spend_rate: {
      by: ['model'],
      minute: { warning: 10, critical: 50 },
      hour: { warning: 100, critical: 500 },
    },

    // A forecast needs this share spent: $2 at ten past midnight would else project $288. It is critical when the limit is
    // that near at the recent rate.
    forecast: {
      least_spent: 0.25,
      critical_within: { day: '2h', month: '2d' },
    },

    // How many times the even pace of a monthly budget, over a long window, and it goes on: within the short window twice and a quarter of an
    // hour as much was spent as the short window holds at that pace, so pauses of that length are bridged and end it. 14.4 for an hour is 2 % of
    // a month's money, 6 for six hours 5 %, 3 for a day 10 %. Spend in office hours alone is 4.2 times the even pace while it
    // lasts and 1.4 times over a day, so nothing here fires on it.
    burn_rate: [
      { severity: 'critical', factor: 14.4, long: '1h', short: '5m' },
      { severity: 'warning', factor: 6, long: '6h', short: '30m' },
      { severity: 'warning', factor: 3, long: '1d', short: '2h' },
    ],

    // No dollar alert speaks of less than this: nobody wants to be woken for twenty cents.
    minimum_usd: 1,

    // A catalogue that names no newer day than this has missed price changes; vendors change prices every few weeks.
    catalogue_stale_after: '90d',

    // An app is stalled when it made no call for an hour in which, a week ago and yesterday (or three days ago: Mondays), it made
    // this many. Fewer are chance.
    log_stalled: { by: ['app'], minimum_calls: 20 },

    // Unread log that does not go away. A backlog of this size is read in a second or two.
    reading_behind: { bytes: 16777216, 'for': '15m' },

    // The share of calls without usage that is normal: streams that their client broke off.
    calls_without_usage_ratio: 0.01,

    // Alerts by name: {enabled: false}, or {severity: info}; where one alert has several severities, {severity: {critical: warning}}.
    alerts: {},

    // Where links in messages lead: the runbooks of this project, or a copy of them; your Grafana.
    links: {
      runbooks: 'https://github.com/llm-cost-exporter/llm-cost-exporter/blob/main/rules/runbooks',
      dashboards: 'http://localhost:3000',
    },
  },
}
