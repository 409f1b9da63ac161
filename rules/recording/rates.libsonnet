// What is spent, used, asked and failed a second, by the grouping labels, over 5 minutes, an hour and a day; and what follows from it.
local promql = import '../lib/promql.libsonnet';

// What counts as input of a call, cached or not: the base of the cache-hit ratio.
local input_types = ['input', 'cache_read', 'cache_write', 'audio_input', 'image_input', 'video_input'];

function(settings)
  local by(expr) = 'sum by (%s) (%s)' % [settings.labels, expr];
  local rate(selector, seconds) = '%s / %d' % [by(settings.growth(selector, seconds)), seconds];
  local counters = {
    llm_cost_usd: settings.metric('llm_cost_usd_total'),
    llm_tokens: settings.metric('llm_tokens_total'),
    llm_requests: settings.metric('llm_requests_total'),
    llm_request_failures: settings.metric('llm_request_failures_total'),
  };
  local tokens(types) = settings.metric('llm_tokens_total', promql.matchers({ token_type: types }));

  std.flattenArrays([
    [
      { record: 'group:%s:rate5m' % name, expr: rate(counters[name], 300) },
      { record: 'group:%s:rate1h' % name, expr: rate(counters[name], 3600) },
      // From the 5-minute rates, one a minute: a day of raw samples would be read each minute for the same figure.
      { record: 'group:%s:rate1d' % name, expr: promql.mean('group:%s:rate5m' % name, 86400) },
    ]
    for name in std.objectFields(counters)
  ])
  + [
    { record: 'group:llm_cost_usd_per_request:ratio_rate1h', expr: 'group:llm_cost_usd:rate1h / (group:llm_requests:rate1h > 0)' },
    { record: 'group:llm_cost_usd_per_1000_tokens:ratio_rate1h', expr: '1000 * group:llm_cost_usd:rate1h / (group:llm_tokens:rate1h > 0)' },
    {
      record: 'group:llm_request_failures_per_request:ratio_rate1h',
      // No failure has ever been seen: 0, not nothing.
      expr: |||-
        (group:llm_request_failures:rate1h or 0 * group:llm_requests:rate1h) / (group:llm_requests:rate1h > 0)
      |||,
    },
    {
      record: 'group:llm_cache_read_tokens_per_input_token:ratio_rate1h',
      expr: |||-
        (
          %(hits)s
          or
          0 * group:llm_tokens:rate1h
        )
        / (%(all)s > 0)
      ||| % {
        hits: by(settings.growth(tokens('cache_read'), 3600)),
        all: by(settings.growth(tokens(input_types), 3600)),
      },
    },
  ]
