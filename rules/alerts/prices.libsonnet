// Prices: use that no known price covers is in no dollar figure, so it must be told.
local promql = import '../lib/promql.libsonnet';

function(config, settings, lib)
  local tokens = settings.metric('llm_unpriced_tokens_total');
  local price = settings.metric('llm_price_usd_per_million_tokens');
  [
    lib.alert(
      'LlmCostUnpriced',
      // Growth; of a model that has a price by now, only what grew since (a price for some kinds of its tokens is one too); or a history of it that
      // came with the first sidecar to have it.
      |||-
        (%(growth)s > 0 unless on (provider, model) %(price)s)
        or
        %(since_priced)s > 0
        or
        (
          sum by (provider, model) (%(tokens)s) > 0
          unless on (provider, model) (max_over_time(%(tokens)s[1d] offset 1h) > 0)
          unless on (provider, model) %(price)s
        )
      ||| % {
        growth: settings.grown(tokens, 3600, ['provider', 'model']),
        // A point a minute: a new series stands at 0 for longer than that.
        since_priced: settings.added_up('last_over_time(%(x)s) - min_over_time(%(x)s)' % {
          x: '(%s and on (provider, model) %s)[1h:1m]' % [tokens, price],
        }, ['provider', 'model']),
        tokens: tokens,
        price: price,
      },
      'warning',
      // The next call of the model is enough; a minute lets a price that is just being loaded come.
      hold='1m',
      summary='Tokens are used for which no price is known.',
      description='{{ $value | humanize }} tokens of {{ $labels.model }} (provider {{ $labels.provider }}) have no known price: their dollars are in no figure and no budget.',
      runbook='prices',
      dashboard='llm-cost-models' + lib.variables(['model']),
    ),
    lib.alert(
      'LlmCostPriceCatalogueStale',
      'time() - min by (job) (%s > 0) > %d' % [settings.metric('llm_cost_exporter_price_catalogue_timestamp_seconds'), promql.duration.seconds(config.catalogue_stale_after)],
      'warning',
      // It was right for months; an hour more lets an update be rolled out.
      hold='1h',
      summary='The price catalogue is old.',
      description='The oldest price catalogue in use is {{ $value | humanizeDuration }} old; more than %s is stale. Prices that changed since are billed at their old rate.' % config.catalogue_stale_after,
      runbook='prices',
      dashboard='llm-cost-exporter',
    ),
  ]
