// LLM cost / Models and apps: what does the chosen model, app or team do with its money?
function(lib)
  local p = lib.panels;
  local q = lib.queries;
  local t = lib.targets;
  local column = p.column;
  local by = q.spenders[0];

  local input_types = 'token_type=~"input|cache_read|cache_write|audio_input|image_input|video_input"';
  local cached = q.counter('llm_tokens_total', ['token_type="cache_read"']);
  local all_input = q.counter('llm_tokens_total', [input_types]);
  local rate = q.raw;

  local tiles = [
    p.stat(
      'Spent', |||
        Dollars in the time range, of what is chosen above.

        When it looks bad: the panel of dollars by kind shows whether it is input, output or cache.
      |||, 'sum(%s)' % q.total('llm_cost_usd'), 'currencyUSD', w=4, decimals=2, empty='nothing spent'
    ),
    p.stat(
      'Calls', |||
        Calls in the time range, failed ones included.

        When it looks bad: many more than usual are a loop or a retry storm: see failures by reason.
      |||, 'sum(%s)' % q.total('llm_requests'), 'short', w=4, empty='no call'
    ),
    p.stat(
      'A call', |||
        Mean dollars a call of the last hour.

        When it looks bad: see the percentiles and the heat map below: all calls, or a few?
      |||, q.share(q.recorded('group:llm_cost_usd:rate1h'), q.recorded('group:llm_requests:rate1h')), 'currencyUSD', w=4, decimals=4, empty='no call'
    ),
    p.stat(
      'Cached', |||
        The share of input tokens of the last hour that was read from a cache, cheaper than other input.

        When it looks bad: 0 means that nothing is cached: the prompt's beginning changes at each call, or the vendor's cache is not asked for.
      |||, q.share(rate(cached, '1h'), rate(all_input, '1h')), 'percentunit', w=4, decimals=0, empty='no input'
    ),
    p.stat(
      'Failed', |||
        The share of calls of the last hour that failed.

        When it looks bad: failures by reason below; rate limits want a slower caller, server errors another region or model.
      |||, q.share('(%s or 0 * %s)' % [q.recorded('group:llm_request_failures:rate1h'), q.recorded('group:llm_requests:rate1h')], q.recorded('group:llm_requests:rate1h')), 'percentunit', w=4, decimals=1, empty='no call'
    ),
    p.stat(
      'Unpriced', |||
        Tokens of the time range whose model has no known price: their dollars are in no figure here.

        When it looks bad: the runbook of LlmCostUnpriced: give the model a price, or an alias to one that has it.
      |||, 'sum(%s) or vector(0)' % q.growth(q.by_model('llm_unpriced_tokens_total')), 'short', w=4, decimals=1, empty='0', steps=lib.thresholds.above(1)
    ),
  ];

  local kinds(title, description, metric, unit, times=1, decimals=null) = p.series(
    title,
    description,
    [t.range((if times == 1 then '' else times + ' * ') + 'sum by (token_type) (%s)' % rate(q.counter(metric)), '{{token_type}}')],
    unit,
    stack=true,
    decimals=decimals,
    overrides=p.by_name(lib.theme.token_types),
  );
  local cost_kinds = kinds(
    'Dollars an hour by kind', |||
      What an hour costs at the rate of each moment, by kind of token. Output is mostly the dearest a token, input the most.

      When it looks bad: growing input is growing context (Efficiency and anomalies); growing output a changed prompt or model.
    |||, 'llm_cost_usd_total', 'currencyUSD', times=3600, decimals=2
  );
  local token_kinds = kinds(
    'Tokens a second by kind', |||
      Tokens billed, by kind; the kinds are disjoint: what is read from a cache is not in input.

      When it looks bad: input that grows faster than calls is longer prompts; see input tokens a call.
    |||, 'llm_tokens_total', 'short'
  );
  local by_model = p.ranked(
    'Dollars an hour by %s' % by, |||
      What an hour costs at the rate of each moment: the five that spent most in the time range, all others grey.

      When it looks bad: choose one above, and read on below.
    |||, q.ranked(by, '3600 * sum by (%s) (%s)' % [by, q.rate('llm_cost_usd')]), 'currencyUSD', decimals=2
  );
  local calls = p.ranked(
    'Calls a minute by %s' % by, |||
      Calls, failed ones included, of the five that spent most, in the same colours; all others grey.

      When it looks bad: dollars that grow with calls are traffic or a loop; dollars that grow alone are dearer calls.
    |||, q.ranked(by, '60 * sum by (%s) (%s)' % [by, q.rate('llm_requests')]), 'short', decimals=1
  );

  // What tokens from a cache would have cost as other input, at the base rates in force.
  local price(kind) = 'max by (provider, model) (%s)' % q.by_model('llm_price_usd_per_million_tokens', ['token_type="%s"' % kind]);
  local saved = p.ranked(
    'What the cache saves, dollars an hour', |||
      Tokens read from a cache, at the difference between the base price of input and that of cached input, of the five that spent most. Writing to a cache may cost
      more than input: that is not taken off.

      When it looks bad: nothing where there should be something: the prompt's beginning changes at each call, or calls come too seldom for the vendor's cache to keep it.
    |||, q.ranked(by, '3600 * sum by (%s) (sum by (%s) (%s) * on (provider, model) group_left () (%s - %s)) / 1e6' % [
      by,
      q.promql.labels(q.unique(['provider', 'model', by])),
      rate(cached),
      price('input'),
      price('cache_read'),
    ]), 'currencyUSD', decimals=2, empty='nothing was read from a cache'
  );
  local hits = p.ranked(
    'Input from the cache by %s' % by, |||
      The share of input tokens read from a cache in the last hour, of the five that spent most.

      When it looks bad: a sudden fall is a changed beginning of the prompt (a date, a name in it), which makes each call pay in full.
    |||, q.ranked(by, q.share_by(by, rate(cached, '1h'), rate(all_input, '1h')), others=false), 'percentunit', stack=false, interval='5m', decimals=0, empty='no input in this time range'
  );

  local percentiles(title, description, metric, unit, decimals=null, log=false, empty='no call in this time range', exemplar=false) = p.series(
    title,
    description,
    [
      t.range(q.quantile('0.50', q.histogram(metric)), 'half of the calls below'),
      t.range(q.quantile('0.95', q.histogram(metric)), '95 % below'),
      t.range(q.quantile('0.99', q.histogram(metric)), '99 % below', { exemplar: exemplar }),
    ],
    unit,
    decimals=decimals,
    log=log,
    legend=['mean', 'max'],
    interval='5m',
    empty=empty,
    overrides=[
      p.of_name('half of the calls below', p.colored(lib.theme.median)),
      p.of_name('95 % below', p.colored(lib.theme.high)),
      p.of_name('99 % below', p.colored(lib.theme.extreme)),
    ],
  );
  local input = percentiles(
    'Input tokens a call', |||
      How long prompts are, cached input included. Bounds are those of the histogram's buckets, so read it as about.

      When it looks bad: a 99 % line far above the others is a few huge prompts (a file, a long chat); all lines rising is context that is never cut.
    |||, 'llm_request_input_tokens_bucket', 'short', decimals=0
  );
  local cost = percentiles(
    'Cost a call, most and rare', |||
      What half, 95 % and 99 % of the calls stay below, on a logarithmic scale.

      When it looks bad: open the heat map beside it for when, and Efficiency and anomalies for the ids of the dearest calls.
    |||, 'llm_request_cost_usd_bucket', 'currencyUSD', decimals=4, log=true
  );
  local heat = p.heatmap(
    'Cost a call, as a heat map', |||
      How many calls cost about how much at each moment; the stronger the colour, the more calls. The scale of dollars is the histogram's: each step is about three times the one below.

      When it looks bad: a new band high up is a new kind of call; one that moves up is context that grows.
    |||, t.buckets('sum by (le) (increase(%s[$__rate_interval]))' % q.histogram('llm_request_cost_usd_bucket')), 'currencyUSD'
  );
  local latency = percentiles(
    'Latency', |||
      How long calls take, where the log tells.

      When it looks bad: it rises with long answers and with rate limits; compare with tokens and failures at that time. Empty: the log has no duration (latency_ms or the like).
    |||, 'llm_request_duration_seconds_bucket', 's', empty='the log has no durations'
  );

  local failures = p.series(
    'Failed calls a minute by reason',
    |||
      Calls that failed. Most cost nothing, but what was streamed before may be billed, and each try again is.

      When it looks bad: rate_limited wants fewer or slower calls; timeout a longer patience or shorter answers; client_error a look at the application.
    |||,
    [t.range('60 * sum by (reason) (%s)' % rate(q.counter('llm_request_failures_total')), '{{reason}}')],
    'short',
    decimals=2,
    stack=true,
    bars=true,
    overrides=p.by_name(lib.theme.reasons),
    empty='no call failed'
  );
  local no_usage = p.series(
    'Calls without usage, share of all',
    |||
      Calls whose record says nothing about tokens (a stream logged without its usage): spend that no log can tell. Above the dashed line of the policy LlmCostCallsWithoutUsage fires.

      When it looks bad: ask the vendor for usage in streams (stream_options.include_usage or the like).
    |||,
    [t.range(q.share_by('model', rate(q.by_model('llm_calls_without_usage_total')), rate(q.by_model('llm_requests_total'))), '{{model}}')],
    'percentunit',
    decimals=1,
    color=lib.theme.ok,
    empty='every call has its usage',
    steps=lib.thresholds.above(lib.config.calls_without_usage_ratio)
  );
  local kinds_of_price = [
    ['input', 'Input'],
    ['cache_read', 'Cache read'],
    ['cache_write_5m', 'Write 5 min'],
    ['cache_write_1h', 'Write 1 h'],
    ['output', 'Output'],
    ['reasoning', 'Reasoning'],
  ];
  local names = [column.label('provider', 'Provider', width=100), column.label('model', 'Model')];
  local prices = p.table(
    'Prices in force, dollars a million tokens',
    |||
      The base rate for each model that was seen; tiers for long context and other hours are not in it.

      When it looks bad: a wrong price is corrected in a price file of your own; it holds for later calls.
    |||,
    [t.rows('max by (provider, model) (%s)' % q.by_model('llm_price_usd_per_million_tokens', ['token_type="%s"' % kind[0]])) for kind in kinds_of_price],
    names + [column.money(p.letters[index], kinds_of_price[index][1], decimals=3, more={ 'custom.width': 95 }) for index in std.range(0, 5)],
    w=16,
    h=9,
    sort='Input',
    empty='no price is known for what is chosen'
  );
  local unpriced = p.table(
    'Use without a price',
    |||
      Models in the time range whose price is unknown: calls and tokens that are in no dollar figure. It should be empty.

      When it looks bad: the runbook of LlmCostUnpriced: give the model a price, or an alias to one that has it.
    |||,
    [
      t.rows('sum by (provider, model) (%s) > 0' % q.growth(q.by_model('llm_unpriced_requests_total'))),
      t.rows('sum by (provider, model) (%s) > 0' % q.growth(q.by_model('llm_unpriced_tokens_total'))),
    ],
    names + [column.number('A', 'Calls', decimals=0, more={ 'custom.width': 80 }), column.number('B', 'Tokens', decimals=1, more={ 'custom.width': 90 })],
    w=8,
    h=9,
    sort='Tokens',
    empty='every model has a price'
  );

  lib.dashboard(
    'models',
    'Models and apps',
    'What the chosen model, app or team does with its money: tokens by kind, cache, input and cost a call, latency, failures, prices.',
    [lib.variables.datasource, lib.variables.job] + lib.variables.labels,
    [
      lib.section(null, tiles + [by_model, cost_kinds]),
      lib.section('Calls and tokens', [calls, token_kinds]),
      lib.section('A call', [cost, heat, input, latency]),
      lib.section('Cache', [hits, saved]),
      lib.section('Failures', [failures, no_usage]),
      lib.section('Prices', [prices, unpriced]),
    ],
  )
