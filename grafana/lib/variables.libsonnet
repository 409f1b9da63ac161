// The variables that dashboards filter by. Alerts link with ?var-model=… and ?var-budget=…: these names are contract.
local targets = import 'targets.libsonnet';

local all = { text: 'All', value: '$__all' };

// Values of a label, from a metric. `everything` is what All stands for: `.*` also takes series without the label.
local values(name, label, metric, everything) = {
  name: name,
  label: label,
  type: 'query',
  datasource: targets.source,
  definition: 'label_values(%s, %s)' % [metric, name],
  query: { qryType: 1, query: 'label_values(%s, %s)' % [metric, name], refId: 'PrometheusVariableQueryEditor-VariableQuery' },
  regex: '',
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: everything,
  current: { selected: true, text: ['All'], value: ['$__all'] },
  hide: 0,
  options: [],
  skipUrlSync: false,
};

function(settings) {
  datasource: {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    regex: '',
    refresh: 1,
    multi: false,
    includeAll: false,
    current: {},
    hide: 0,
    options: [],
    skipUrlSync: false,
  },

  job: values('job', 'Job', 'llm_cost_exporter_build_info', '.+') {
    description: 'Filters what comes from the exporters themselves. What rules record (dollars, calls, tokens) knows no job.',
  },
  // Where nothing but recorded series is shown: not to be chosen, but kept when one goes on to another dashboard.
  hidden_job: self.job { hide: 2 },

  instance: values('instance', 'Instance', 'llm_cost_exporter_build_info{job=~"$job"}', '.+'),
  budget: values('budget', 'Budget', 'budget:llm_cost_usd:limit', '.+'),

  // One for each label that dollars are told apart by.
  labels: [
    values(label, std.asciiUpper(label[0]) + label[1:], 'llm_requests_total{job=~"$job"}', '.*')
    for label in settings.label_list
  ],
}
