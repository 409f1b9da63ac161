// Where a name in a table leads: another dashboard with that name chosen, and the same time range and data source.
local to(name, variable, title) = [{
  title: title,
  url: '/d/llm-cost-%s?var-%s=${__value.text:percentencode}&${__url_time_range}&${datasource:queryparam}' % [name, variable],
  targetBlank: false,
}];

{
  models(label):: to('models', label, 'Models and apps of this %s' % label),
  budget: to('budgets', 'budget', 'This budget alone'),
}
