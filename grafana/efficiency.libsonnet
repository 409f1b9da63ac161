// LLM cost / Efficiency and anomalies: is it more than usual, and is it money well spent?
function(lib)
  local p = lib.panels;
  local q = lib.queries;
  local t = lib.targets;
  local column = p.column;
  local by = q.spenders[0];
  // Prompts are an application's.
  local who = if std.member(q.spenders, 'app') then 'app' else by;

  local rate = q.raw;
  local cached = q.counter('llm_tokens_total', ['token_type="cache_read"']);
  local all_input = q.counter('llm_tokens_total', ['token_type=~"input|cache_read|cache_write|audio_input|image_input|video_input"']);
  // Of the week before. (An offset goes with a selector, not with a quotient.)
  local before(selector, window='$__rate_interval') = 'rate(' + selector + '[' + window + '] offset 7d)';
  local again = q.counter('llm_request_failures_total', ['reason=~"rate_limited|timeout|server_error"']);
  local calls = q.counter('llm_requests_total');
  local spend = 'sum(%s)' % q.recorded('group:llm_cost_usd:rate1h');
  // Of the last week, without the hour that is compared with it. A median day and its tails: an incident does not make its own band.
  local usual(share, of) = 'quantile_over_time(%s, (%s)[7d:15m] offset 1h)' % [share, of];
  local month_seconds = 30 * 86400;
  local mean_context(window) = q.share(rate(q.histogram('llm_request_input_tokens_sum'), window), rate(q.histogram('llm_request_input_tokens_count'), window));

  local tiles = [
    p.stat(
      'A month', |||
        Thirty days at the rate of the last hour.

        When it looks bad: the bars below show by whom. It is what would be, not what will be: Budgets has the forecast.
      |||, '%d * %s' % [month_seconds, spend], 'currencyUSD', w=5, decimals=2, empty='no call in the last hour'
    ),
    p.stat(
      'Of usual', |||
        The last hour's dollars as a multiple of the median of the last week.

        When it looks bad: 1 is as ever. Far above: the panel of dollars against their band shows since when, the table below for whom.
      |||, '%s / (%s > 0)' % [spend, usual('0.5', spend)], 'suffix:x', w=5, decimals=1, empty='needs an hour of history'
    ),
    p.stat(
      'Context', |||
        Mean input tokens a call of the last hour, against those of the last week.

        When it looks bad: above 0 % prompts have grown: a chat that is never cut, more documents, a longer system prompt.
      |||, '(%s) / (%s) - 1' % [mean_context('1h'), mean_context('7d')], 'percentunit', w=5, decimals=0, empty='no call in the last hour'
    ),
    p.stat(
      'Cached', |||
        The share of input tokens of the last hour that was read from a cache.

        When it looks bad: compare with a week ago in the panel below; a fall is a changed beginning of the prompt.
      |||, q.share(rate(cached, '1h'), rate(all_input, '1h')), 'percentunit', w=4, decimals=0, empty='nothing from a cache'
    ),
    p.stat(
      'To retry', |||
        The share of calls of the last hour that failed in a way that clients try again: rate limit, timeout, server error.

        When it looks bad: each try again may be billed and makes the limit worse: back off longer, with jitter.
      |||, '(sum(%s) or vector(0)) / (sum(%s) > 0)' % [
        rate(again, '1h'),
        rate(calls, '1h'),
      ], 'percentunit', w=5, decimals=1, empty='no call in the last hour'
    ),
  ];

  local band = p.series(
    'Dollars an hour against their own band', |||
      Dollars of the last hour at each moment; the grey band holds nine tenths of the last week, the line in it is the median. It is made of this series alone: no threshold is set.

      When it looks bad: above the band for long is a new normal or an incident: the table below shows whose band is left, Overview since when.
    |||, [
      t.range('3600 * %s' % spend, 'last hour'),
      t.range('3600 * %s' % usual('0.95', spend), 'high of the week'),
      t.range('3600 * %s' % usual('0.5', spend), 'usual'),
      t.range('3600 * %s' % usual('0.05', spend), 'low of the week'),
    ], 'currencyUSD', w=24, h=9, decimals=2, legend=['lastNotNull'], empty='needs an hour of history', overrides=[
      p.of_name('last hour', p.colored(lib.theme.spent, { 'custom.fillOpacity': 0, 'custom.lineWidth': 3 })),
      p.of_name('high of the week', p.colored(lib.theme.past, { 'custom.lineWidth': 0, 'custom.fillOpacity': 25, 'custom.fillBelowTo': 'low of the week' })),
      p.of_name('usual', p.dashed(lib.theme.past)),
      p.of_name('low of the week', p.colored(lib.theme.past, { 'custom.lineWidth': 0, 'custom.fillOpacity': 0 })),
    ]
  );

  local labels = q.promql.labels(q.spenders);
  local hourly = 'sum by (%s) (%s)' % [labels, q.recorded('group:llm_cost_usd:rate1h')];
  local high = 'quantile_over_time(0.95, (%s)[7d:15m] offset 1h)' % hourly;
  local table = p.table(
    'Who is out of their band', |||
      Dollars of the last hour against the high of the last week (what 95 % of the hours stayed below), the fifteen that cost most; and what a month costs at this rate. Orange is
      above the week's high, red is twice that.

      When it looks bad: a name with a large multiple is the anomaly; it leads to Models and apps. A name without one is new: nothing of it an hour ago.
    |||, [
      t.rows('topk(15, 3600 * %s) > 0' % hourly),
      t.rows('3600 * %s and on (%s) (topk(15, %s) > 0)' % [high, labels, hourly]),
      t.rows('%s / (%s > 0) and on (%s) (topk(15, %s) > 0)' % [hourly, high, labels, hourly]),
      t.rows('topk(15, %d * %s) > 0' % [month_seconds, hourly]),
    ], [column.label(label, lib.title(label), minimum=if label == 'model' then 145 else 110, links=lib.links.models(label)) for label in q.spenders] + [
      column.money('A', 'Last hour', width=110),
      column.money('B', 'High of the week', width=140),
      column.number('C', 'Multiple', unit='suffix:x', decimals=1, more={
        color: { mode: 'thresholds' },
        thresholds: lib.thresholds.steps([[lib.theme.warning, 1], [lib.theme.critical, 2]]),
        'custom.cellOptions': { type: 'color-text' },
        'custom.width': 90,
      }),
      column.money('D', 'A month at this rate', decimals=null, width=160),
    ], w=24, h=9, sort='Last hour', empty='no call in the last hour'
  );

  local month_by = p.bars(
    'A month at this rate, by %s' % by, |||
      What thirty days at the rate of the last hour cost, the six highest.

      When it looks bad: is it traffic, or a price? Models and apps has calls and cost a call beside each other.
    |||, [t.instant('sort_desc(topk(6, %d * sum by (%s) (%s)) > 0)' % [month_seconds, by, q.recorded('group:llm_cost_usd:rate1h')], '{{%s}}' % by)], 'currencyUSD', empty='no call in the last hour'
  );
  local wasted = p.series(
    'Paid twice, tried again', |||
      Failed calls that clients try again, as a share of all calls; logs do not say which call is a second try. And calls that stood in the log more than once and were counted once.

      When it looks bad: rate limits want fewer or slower calls. Many duplicates are a log that is written or shipped twice: harmless to the figures.
    |||, [
      t.range('(sum(%s) or vector(0)) / (sum(%s) > 0)' % [
        rate(again),
        rate(calls),
      ], 'failed, to be tried again'),
      t.range(q.share(rate(q.of_job('llm_cost_exporter_duplicates_total')), rate(q.of_job('llm_cost_exporter_lines_read_total'))), 'duplicate lines'),
    ], 'percentunit', decimals=1, interval='5m', legend=['mean', 'max'], empty='no call in this time range', overrides=[
      p.of_name('failed, to be tried again', p.colored(lib.theme.spent)),
      p.of_name('duplicate lines', p.colored(lib.theme.past)),
    ]
  );
  local context = p.ranked(
    'Input tokens a call by %s' % who,
    |||
      Mean input tokens a call, cached ones included, of the five that spent most; and over all what they were a week before.

      When it looks bad: a line that climbs without end is a context that is never cut; a step is a new prompt or a new version.
    |||,
    q.ranked(who, q.share_by(who, rate(q.histogram('llm_request_input_tokens_sum')), rate(q.histogram('llm_request_input_tokens_count'))), others=false) + [
      t.range(q.share(before(q.histogram('llm_request_input_tokens_sum')), before(q.histogram('llm_request_input_tokens_count'))), 'all, a week before'),
    ],
    'short',
    stack=false,
    interval='5m',
    empty='no call in this time range',
    overrides=[p.of_name('all, a week before', p.dashed(lib.theme.past))],
  );
  local cache = p.series(
    'Input from the cache, and a week before', |||
      The share of input tokens of the last hour read from a cache, and the same a week before.

      When it looks bad: a fall is a changed beginning of the prompt; from then on each call pays in full.
    |||, [
      t.range(q.share(rate(cached, '1h'), rate(all_input, '1h')), 'now'),
      t.range(q.share(before(cached, '1h'), before(all_input, '1h')), 'a week before'),
    ], 'percentunit', decimals=0, interval='5m', legend=['mean', 'lastNotNull'], empty='no input in this time range', overrides=[
      p.of_name('now', p.colored(lib.theme.spent, { 'custom.fillOpacity': 15 })),
      p.of_name('a week before', p.dashed(lib.theme.past)),
    ]
  );
  local dearest = p.series(
    'Most expensive calls', |||
      What 99 % of the calls stay below and the bound below which all are. Each dot is a call with its request id (an exemplar): hover over it. Dots need a Prometheus that keeps
      them (--enable-feature=exemplar-storage) and scrapes OpenMetrics, as it does by default.

      When it looks bad: look for the request id in the application's log. No dots: exemplars are not kept, or calls have no id.
    |||, [
      t.range(q.quantile('0.99', q.histogram('llm_request_cost_usd_bucket')), '99 % below', { exemplar: true }),
      t.range(q.quantile('1', q.histogram('llm_request_cost_usd_bucket')), 'all below'),
    ], 'currencyUSD', decimals=3, interval='5m', legend=['max', 'lastNotNull'], h=11, empty='no call in this time range', overrides=[
      p.of_name('99 % below', p.colored(lib.theme.high)),
      p.of_name('all below', p.colored(lib.theme.extreme)),
    ]
  );
  local dear = p.bars(
    'Calls that cost more than', |||
      How many calls of the time range cost more than each bound of the histogram.

      When it looks bad: a few calls beyond the last bounds can be most of the bill. The dots beside name them.
    |||, [t.instant('sort_desc(scalar(sum(%s)) - sum by (le) (%s) >= 0.5)' % [
      q.growth(q.histogram('llm_request_cost_usd_count')),
      q.growth(q.histogram('llm_request_cost_usd_bucket', ['le!="+Inf"'])),
    ], '${{le}}')], 'short', h=11, empty='no call in this time range'
  );
  lib.dashboard(
    'efficiency',
    'Efficiency and anomalies',
    'Spend against its own usual band, context growth, cache, what is tried again, the most expensive calls, and what this rate costs a month.',
    [lib.variables.datasource, lib.variables.job] + lib.variables.labels,
    [
      lib.section(null, tiles + [band, table]),
      lib.section('What this rate costs', [month_by, wasted]),
      lib.section('Context and cache', [context, cache]),
      lib.section('The most expensive calls', [dearest, dear]),
    ],
  )
