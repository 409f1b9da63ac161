// The panels of one budget. What it matches and its limits are the policy's, so that its days need no series of their own and its colours
// change at its own levels. Texts are put together by `+`: there may be many budgets, and jsonnet's `%` is slow.
local ledger_is_missing = 'no recorded budget: are the rules loaded?';

// A bar for each value of `label`, in its order.
local sorted(label) = [
  { id: 'merge', options: {} },
  { id: 'organize', options: { excludeByName: { Time: true }, indexByName: { [label]: 0, Value: 1 }, renameByName: {} } },
  { id: 'sortBy', options: { fields: {}, sort: [{ desc: false, field: label }] } },
];

function(lib, budget)
  local p = lib.panels;
  local q = lib.queries;
  local t = lib.targets;
  local name = budget.name;
  local levels = lib.config.levels + budget.levels;
  local matched = lib.settings.zone + q.promql.matchers(budget.match);
  local days = q.select('date:llm_cost_usd:sum', matched);
  // Days are kept until a day after their month's end: on the first, the last month's are there as well.
  local this_month = q.of_this_month(days);
  local months = q.select('ledger:llm_cost_month_usd:last', matched);

  // Of a day or a month: spent, where it leads, and the limit.
  local course(period, limit, w) =
    local this = ['budget=' + q.promql.quoted(name), 'period="' + period + '"'];
    local usd = q.select('budget:llm_cost_usd:limit', this);
    p.series(
      'Spent this ' + period + ': ' + name,
      'Dollars of budget ' + name + ' in its ' + period + ' so far, where it leads by its end, and the limit of $' + limit + '. The grey line is the even pace.\n\n'
      + 'When it looks bad: spent above the even pace and projected above the limit: it will not last. Choose what the budget matches on Overview to see who.',
      [
        t.range('max(' + q.of_zone('budget:llm_cost_usd:spent', this) + ')', 'spent'),
        t.range('max(' + q.of_zone('budget:llm_cost_usd:projected', this) + ')', 'projected'),
        t.range('max(' + q.of_zone('budget:llm_cost_period_elapsed:ratio', this) + ' * on (budget, period) group_left () ' + usd + ')', 'even pace'),
        t.range('max(' + usd + ')', 'limit'),
      ],
      'currencyUSD',
      decimals=2,
      empty=ledger_is_missing,
      w=w,
      h=10,
      overrides=[
        p.of_name('spent', p.colored(lib.theme.spent, { 'custom.fillOpacity': 25 })),
        p.of_name('projected', p.dashed(lib.theme.projected)),
        p.of_name('even pace', p.colored(lib.theme.past, { 'custom.lineWidth': 1, 'custom.fillOpacity': 0 })),
        p.of_name('limit', p.dashed(lib.theme.critical)),
      ],
    );

  local a_day = if budget.daily_usd != null then budget.daily_usd else budget.monthly_usd / 30;
  local per_day = p.bars(
    'Days of the month: ' + name,
    'Dollars of budget ' + name + ' on each day of this month. Colours change at '
    + (if budget.daily_usd != null then 'the levels of its limit of $' + budget.daily_usd + ' a day' else 'a thirtieth of its limit a month')
    + '.\n\nWhen it looks bad: set the time range to that day and open Overview.',
    [t.rows('sum by (day) (label_replace(' + this_month + ', "day", "$1", "date", ".*-(.*)"))')],
    'currencyUSD',
    w=24,
    // Figures stand above narrow bars: cents only where they are most of it.
    decimals=if a_day < 10 then 2 else 0,
    orientation='vertical',
    steps=if budget.daily_usd != null then lib.thresholds.levels(levels, a_day) else lib.thresholds.above(a_day),
    values=true,
    transformations=sorted('day'),
    empty='no day of this month is recorded yet',
  );

  // A point each six hours is enough: what a month cost stands still for a day after its end. Whatever has labels is added up before one looks
  // back, by day and by ledger: else a label that was dropped since would count beside what has its dollars now.
  local history(by, expr) =
    local added_up = 'sum by (' + by + ') (' + expr + ')';
    added_up + ' or last_over_time(' + added_up + '[400d:6h])';
  local per_month = p.bars(
    'Months: ' + name,
    'Dollars of budget ' + name + ' in each month, as far back as this Prometheus keeps what was recorded (up to 13 months). The last bar is the present month so far.\n\n'
    + 'When it looks bad: a month that is missing lies before the retention, or before the rules were loaded.',
    [t.rows(q.higher('month', history('zone, month, date', days), history('ledger, zone, month', months)))],
    'currencyUSD',
    w=8,
    h=10,
    names='left',
    steps=if budget.monthly_usd == null then null else lib.thresholds.levels(levels, budget.monthly_usd),
    values=true,
    transformations=sorted('month'),
    empty='no month is recorded yet',
  );

  local limits = [limit for limit in [['day', budget.daily_usd], ['month', budget.monthly_usd]] if limit[1] != null];
  [course(limit[0], limit[1], 16 / std.length(limits)) for limit in limits] + [per_month, per_day]
