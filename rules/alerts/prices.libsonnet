// Prices: use that no known price covers is in no dollar figure, so it must be told.
local promql = import '../lib/promql.libsonnet';

function(config, settings, lib)
  local tokens = settings.metric('llm_unpriced_tokens_total');
  local days = promql.duration.seconds(config.catalogue_stale_after) / 86400;
  [
    lib.alert(
      'LlmCostUnpriced',
      // Growth; or a history of it that came with a new sidecar, as long as the model has no price now.
      |||-
        sum by (provider, model) (%(growth)s) > 0
        or
        (
          sum by (provider, model) (%(tokens)s unless last_over_time(%(tokens)s[1h] offset 1h)) > 0
          unless on (provider, model) %(price)s
        )
      ||| % {
        growth: settings.growth(tokens, 3600),
        tokens: tokens,
        price: settings.metric('llm_price_usd_per_million_tokens'),
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
      'time() - min by (job) (%s > 0) > %d' % [settings.metric('llm_cost_exporter_price_catalogue_timestamp_seconds'), days * 86400],
      'warning',
      // It was right for months; an hour more lets an update be rolled out.
      hold='1h',
      summary='The price catalogue is old.',
      description='The oldest price catalogue in use is {{ $value | humanizeDuration }} old; more than %d days is stale. Prices that changed since are billed at their old rate.' % days,
      runbook='prices',
      dashboard='llm-cost-exporter',
    ),
  ]
