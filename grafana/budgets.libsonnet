// LLM cost / Budgets: how much is gone, where does it lead, how fast does it burn?
function(lib)
  local p = lib.panels;
  local q = lib.queries;
  local t = lib.targets;
  local column = p.column;
  local config = lib.config;
  local levels = lib.thresholds.levels(config.levels);
  local no_ledger = 'no recorded budget: are the rules loaded?';
  local by = 'max by (budget, period) (%s)';

  local used = p.bars(
    'Used of each budget',
    |||
      The share of each budget that is gone; the colours along the bar are the levels of the policy. 100 %% is the limit.

      When it looks bad: compare it with the time that is over, in the table. More gone than time over means that it will not last.
    ||| % [],
    [t.instant('sort_desc(%s)' % by % q.budget('budget:llm_cost_usd:ratio'), '{{budget}}, {{period}}')],
    'percentunit',
    w=8,
    h=8,
    decimals=1,
    max=1,
    steps=levels,
    mode='gradient',
    empty=no_ledger,
    overrides=lib.budgets.own_levels,
  );
  local table = p.table(
    'Each budget',
    |||
      Spent and projected at the period's end (the lower of two forecasts: by recent rate, by pace), against the limit and the time that is over; burn rate
      is how many times the even pace the last hour was; the last column is when the limit is reached at the recent rate.

      When it looks bad: the projected share decides, not the spent one: beyond 100 % LlmCostBudgetForecast fires once a quarter is spent.
    |||,
    [
      t.rows(by % q.budget('budget:llm_cost_usd:spent')),
      t.rows(by % q.budget('budget:llm_cost_usd:limit')),
      t.rows(by % q.budget('budget:llm_cost_usd:ratio')),
      t.rows(by % q.budget('budget:llm_cost_period_elapsed:ratio')),
      t.rows('max by (budget, period) (%s / on (budget, period) group_left () %s)' % [
        q.budget('budget:llm_cost_usd:projected'),
        q.budget('budget:llm_cost_usd:limit', any_zone=true),
      ]),
      t.rows('max by (budget, period) (%s / on (budget) group_right () %s)' % [
        q.budget('budget:llm_cost_usd:rate1h', any_zone=true),
        q.budget('budget:llm_cost_usd:even_rate'),
      ]),
      t.rows('min by (budget, period) (%s)' % q.budget('budget:llm_cost_exhaustion:seconds')),
    ],
    [
      column.label('budget', 'Budget', links=lib.links.budget),
      column.label('period', 'Period', width=80),
      column.money('A', 'Spent'),
      column.money('B', 'Limit', decimals=null),
      column.share('C', 'Used', steps=levels),
      column.share('D', 'Time over', color=lib.theme.past),
      column.share('E', 'Projected', steps=lib.thresholds.above(1, lib.theme.critical), max=2),
      column.number('F', 'Burn rate', unit='suffix:x', decimals=1),
      column.number('G', 'Used up in', unit='dtdurations', decimals=0),
    ],
    w=24,
    h=7,
    sort='Used',
    empty=no_ledger,
  );
  local burn_rows = [row for row in config.burn_rate];
  local burn = p.series(
    'Burn rate of monthly budgets',
    |||
      How many times as fast as evenly each monthly budget burns, over an hour. At 1 it is used up exactly at the end of the month. Dashed lines are where
      LlmCostBudgetBurnRate warns and pages, each over its own windows.

      When it looks bad: the runbook of LlmCostBudgetBurnRate; top spenders are on Overview.
    |||,
    [t.range('max by (budget) (%s / on (budget) group_right () %s)' % [
      q.budget('budget:llm_cost_usd:rate1h', any_zone=true),
      q.budget('budget:llm_cost_usd:even_rate', ['period="month"']),
    ], '{{budget}}')],
    'suffix:x',
    decimals=1,
    overrides=lib.budgets.colors,
    empty='no budget has a monthly limit',
    w=8,
    steps=lib.thresholds.steps(lib.budgets.burn_steps),
  );
  local projected = p.bars(
    'Projected at the end of the period',
    |||
      Where each budget leads by the end of its day or month, as a share of its limit: the lower of two forecasts, by recent rate and by pace.

      When it looks bad: beyond 100 % it will not last. Once a quarter is spent LlmCostBudgetForecast fires.
    |||,
    [t.instant('sort_desc(max by (budget, period) (%s / on (budget, period) group_left () %s))' % [
      q.budget('budget:llm_cost_usd:projected'),
      q.budget('budget:llm_cost_usd:limit', any_zone=true),
    ], '{{budget}}, {{period}}')],
    'percentunit',
    w=8,
    h=8,
    decimals=0,
    max=2,
    color=lib.theme.projected,
    steps=lib.thresholds.steps([[lib.theme.critical, 1]]),
    empty=no_ledger,
  );

  local each = lib.settings.budgets;
  lib.dashboard(
    'budgets',
    'Budgets',
    'Each budget of the policy: how much is gone, whether it lasts, how fast it burns, its days and months.',
    [lib.variables.datasource, lib.variables.hidden_job, lib.variables.budget],
    [lib.section(null, [used, projected, burn, table])]
    + [
      // The first is open; many open ones would be queried all at once.
      lib.section('Budget ' + each[index].name, (import 'lib/one_budget.libsonnet')(lib, each[index]), folded=index > 0)
      for index in std.range(0, std.length(each) - 1)
    ],
    from='now-2d',
  )
