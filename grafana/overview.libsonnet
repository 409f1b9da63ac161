// LLM cost / Overview: is it all right, and if not, who is it?
function(lib)
  local p = lib.panels;
  local q = lib.queries;
  local t = lib.targets;
  local column = p.column;

  local today = q.ledger('group:llm_cost_usd:day_to_date');
  // Of each group by itself: these don't add up to the month where a label was dropped.
  local month = q.ledger('group:llm_cost_usd:month_to_date');
  local rate1h = q.recorded('group:llm_cost_usd:rate1h');
  local calls1h = q.recorded('group:llm_requests:rate1h');
  local tokens1h = q.recorded('group:llm_tokens:rate1h');
  local no_spend = 'nothing known of today yet';
  local no_ledger = 'no recorded ledger: are the rules loaded?';

  local tiles = [
    p.stat(
      'Today', |||
        Dollars that the logs say were spent today, in the time zone of the exporters.

        When it looks bad: the table of top spenders below names who it is; the curve of today against yesterday shows since when.
      |||, 'sum(%s)' % today, 'currencyUSD', decimals=2, empty=no_spend
    ),
    p.stat(
      'Month', |||
        Dollars since the first of the month.

        When it looks bad: the dashboard Budgets has the days of the month as bars.
      |||, q.month_to_date, 'currencyUSD', decimals=2, empty='nothing known of this month yet'
    ),
    p.stat(
      'Forecast',
      |||
        What this month leads to, as for a budget: the lower of its pace so far, and of the mean rate of the last day until its end. It is no
        promise: a quiet weekend makes it low.

        When it looks bad: Budgets compares it with each limit, and with the pace of the whole month.
      |||,
      'min(label_replace(%s, "forecast", "rate", "", "") or %s)' % [
        '%s + sum(%s) * (max(%s) - time())' % [q.month_to_date, q.recorded('group:llm_cost_usd:rate1d'), q.period_end('month')],
        '%s * (max(%s) - max(%s)) / clamp_min(time() - max(%s), 60)' % [
          q.month_to_date,
          q.period_end('month'),
          q.period_start('month'),
          q.period_start('month'),
        ],
      ],
      'currencyUSD',
      decimals=2,
      empty='needs some minutes of rates',
      color=lib.theme.projected
    ),
    p.stat(
      'Budget',
      |||
        The budget of which most is gone, of a day or of the month. Colours change at the levels of the policy.

        When it looks bad: Budgets shows whether it lasts until its period ends, and who uses it up.
      |||,
      'topk(1, max by (budget, period) (%s))' % q.of_zone('budget:llm_cost_usd:ratio'),
      'percentunit',
      decimals=0,
      empty='are the rules loaded?',
      steps=lib.thresholds.levels(lib.config.levels),
      legend='{{budget}}, {{period}}',
      text='value_and_name',
    ),
    p.stat(
      'An hour', |||
        What an hour costs at the rate of the last five minutes.

        When it looks bad: the bars of the last hour show which model it is. A page comes from LlmCostSpendRateMinute or LlmCostSpendRateHour.
      |||, '3600 * sum(%s)' % q.recorded('group:llm_cost_usd:rate5m'), 'currencyUSD', decimals=2, empty='no call in the last minutes'
    ),
    p.stat(
      'Alerts',
      |||
        Warnings and critical alerts of this pack that fire now.

        When it looks bad: the table of firing alerts names them; each has a runbook.
      |||,
      'count(%s) or vector(0)' % q.alarming,
      'short',
      decimals=0,
      empty='0',
      steps=lib.thresholds.above(1)
    ),
  ];

  local budgets = p.bars(
    'Against budget',
    |||
      How much of each budget is gone, of today and of the month. Colours change at the levels of the policy.

      When it looks bad: open Budgets: a level says how much is gone, the forecast there whether it matters.
    |||,
    [t.instant('sort_desc(max by (budget, period) (%s))' % q.of_zone('budget:llm_cost_usd:ratio'), '{{budget}}, {{period}}')],
    'percentunit',
    w=6,
    h=9,
    decimals=0,
    max=1,
    steps=lib.thresholds.levels(lib.config.levels),
    empty=no_ledger,
    overrides=lib.budgets.own_levels,
  );

  local last_hour = p.bars(
    'Dollars of the last hour',
    |||
      Dollars that each %(by)s cost in the last hour, the five highest. Colours change where LlmCostSpendRateHour warns and pages.

      When it looks bad: the runbook of LlmCostSpendRateHour says how to find the caller and what stops it.
    ||| % { by: q.promql.labels(lib.config.spend_rate.by) },
    [t.instant('sort_desc(topk(5, %s) > 0)' % q.spend_rate('model:llm_cost_usd:increase1h'), '{{%s}}' % std.join('}} {{', lib.config.spend_rate.by))],
    'currencyUSD',
    w=6,
    h=9,
    decimals=2,
    steps=lib.thresholds.severities(lib.config.spend_rate.hour),
    empty='nothing spent in the last hour',
  );

  local by(label, w, h=8) = p.ranked(
    'Dollars an hour by %s' % label,
    |||
      What an hour costs at the rate of each moment, by %(label)s: the five that spent most in the time range in the order of their colours, all others grey.

      When it looks bad: choose the %(label)s above, and open Models and apps with it.
    ||| % { label: label },
    q.ranked(label, '3600 * sum by (%s) (%s)' % [label, q.rate('llm_cost_usd')]),
    'currencyUSD',
    w=w,
    h=h,
    decimals=2,
  );

  // Today so far of those who spend, and the same of another day at this time of it.
  local spenders = q.promql.labels(q.spenders);
  local so_far(of, offset='') = 'sum by (%s) (%s%s)' % [spenders, of, offset];
  local top = 'topk(20, %s)' % so_far(month);
  local kept(expr) = '(%s) and on (%s) %s' % [expr, spenders, top];
  local change(offset) = kept('%(now)s / (%(then)s > 0) - 1' % { now: so_far(today), 'then': so_far(today, ' offset ' + offset) });

  local table = p.table(
    'Top spenders',
    |||
      The twenty that cost most this month: today so far with their share of all, how that compares with yesterday and with a week ago at the same time
      of day, and the month. Orange is a tenth more or worse, blue a tenth less. A name leads to Models and apps.

      When it looks bad: a new name at the top is a new caller or a loop; a known one with a large change has changed its prompt, its model or its traffic.
    |||,
    [
      t.rows(kept(so_far(today))),
      t.rows(kept('%s / scalar(sum(%s) > 0)' % [so_far(today), today])),
      t.rows(change('1d')),
      t.rows(change('7d')),
      t.rows(top),
    ],
    [column.label(label, lib.title(label), minimum=if label == 'model' then 145 else 110, links=lib.links.models(label)) for label in q.spenders] + [
      column.money('A', 'Today', width=100),
      column.share('B', 'Share of today'),
      column.change('C', 'vs. yesterday'),
      column.change('D', 'vs. a week ago'),
      column.money('E', 'This month', width=110),
    ],
    sort='Today',
    empty=no_ledger,
  );

  local curve(offset) = 'sum(%s%s)' % [today, offset];
  local today_against = p.series(
    'Today against yesterday and a week ago',
    |||
      Dollars of the day so far at each moment, and what they were a day and a week before at the same time of day. Each midnight begins at 0.

      When it looks bad: where the curves part is when it began; the panels by model and app show at that time what grew.
    |||,
    [
      t.range(curve(''), 'this day'),
      t.range(curve(' offset 1d'), 'a day before'),
      t.range(curve(' offset 7d'), 'a week before'),
    ],
    'currencyUSD',
    decimals=2,
    empty=no_ledger,
    legend=['lastNotNull'],
    overrides=[
      p.of_name('this day', p.colored(lib.theme.spent, { 'custom.fillOpacity': 20 })),
      p.of_name('a day before', p.dashed(lib.theme.past)),
      p.of_name('a week before', p.dashed(lib.theme.older)),
    ],
  );
  local change_by_model = p.bars(
    'Changed most since yesterday',
    |||
      Dollars more than yesterday at this time of day, the six %(by)ss that grew most.

      When it looks bad: open Models and apps for it: more calls, longer prompts, or a dearer model?
    ||| % { by: q.spenders[0] },
    [t.instant('sort_desc(topk(6, sum by (%(by)s) (%(today)s) - (sum by (%(by)s) (%(today)s offset 1d) or 0 * sum by (%(by)s) (%(today)s))))' % { by: q.spenders[0], today: today }, '{{%s}}' % q.spenders[0])],
    'currencyUSD',
    decimals=2,
    min=null,
    empty=no_spend,
  );

  local per(unit_of, description, expr) = p.ranked(
    unit_of,
    description,
    q.ranked(q.spenders[0], expr, others=false),
    'currencyUSD',
    stack=false,
    log=true,
    decimals=4,
    empty='no call in the last hour',
  );
  local per_call = per(
    'Cost a call', |||
      Dollars a call of the last hour, by model: the five that spent most. The scale is logarithmic.

      When it looks bad: a call that became dearer has a longer prompt or answer, or less of it from the cache: Efficiency and anomalies tells which.
    |||, 'sum by (%(by)s) (%(cost)s) / (sum by (%(by)s) (%(calls)s) > 0)' % { by: q.spenders[0], cost: rate1h, calls: calls1h }
  );
  local per_tokens = per(
    'Cost of 1,000 tokens', |||
      Dollars per 1,000 tokens of all kinds in the last hour, by model: the five that spent most.

      When it looks bad: it rises where answers grow against prompts, where the cache is missed, or where a price has changed.
    |||, '1000 * sum by (%(by)s) (%(cost)s) / (sum by (%(by)s) (%(tokens)s) > 0)' % { by: q.spenders[0], cost: rate1h, tokens: tokens1h }
  );

  lib.dashboard(
    'overview',
    'Overview',
    'What is spent on language models today and this month, against which budget, by whom, and what changed.',
    [lib.variables.datasource, lib.variables.hidden_job] + lib.variables.labels,
    [
      lib.section(null, tiles + [by(q.spenders[0], 12, 9), budgets, last_hour]),
      lib.section('Who spends', [table] + [by(label, 8) for label in q.labels if label != q.spenders[0]]),
      lib.section('What changed', [today_against, change_by_model]),
      lib.section('Alerts', [lib.alerts.table]),
      lib.section('What a call costs', [per_call, per_tokens], folded=true),
    ],
  )
