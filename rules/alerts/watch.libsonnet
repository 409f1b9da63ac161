// Whether the rules themselves can be trusted.
local promql = import '../lib/promql.libsonnet';

function(config, settings, lib)
  local info = settings.metric('llm_cost_exporter_ledger_info');
  local watch(name, expr, severity, hold, summary, description) = lib.alert(
    name, expr, severity, summary=summary, description=description, hold=hold, runbook='watch', dashboard='llm-cost-exporter'
  );
  [
    watch(
      'LlmCostLedgerStale',
      // Evaluated late or no more; or there is spend and a budget that does not tell it.
      |||-
        time() - max(last_over_time(ledger:llm_cost_evaluation_timestamp_seconds:last[1d])) > 300
        or
        (count(budget:llm_cost_usd:limit unless on (budget, period) budget:llm_cost_usd:spent) and on () count(%(days)s))
        or
        absent(last_over_time(ledger:llm_cost_evaluation_timestamp_seconds:last[1d]))
      ||| % { days: settings.metric('llm_cost_day_usd') },
      'critical',
      // A restart of Prometheus, and its first evaluations.
      '10m',
      "The rules that keep the ledger of days and budgets don't run, or lag.",
      "The ledger was not evaluated for minutes, or gives no budget: budgets can't alert. Look at the rule group llm-cost-ledger in Prometheus.",
    ),
    watch(
      'LlmCostZoneMismatch',
      if config.timezone == null then 'count by (zone) (%s) and on () (count(count by (zone) (%s)) > 1)' % [info, info]
      else 'count by (zone) (%s)' % settings.metric('llm_cost_exporter_ledger_info', ['zone!=%s' % promql.quoted(config.timezone)]),
      'critical',
      // Sidecars that are being replaced by ones with another setting.
      '15m',
      'Exporters count the days of another time zone than budgets mean.',
      'Days of {{ $labels.zone }} are counted by {{ $value }} of the exporters; '
      + (if config.timezone == null then 'others count those of another zone, and two zones have two todays. Set `timezone` alike in all exporters.'
         else 'budgets mean %s, so the dollars of these exporters are in none. Set `timezone` alike in exporters and policy.' % config.timezone),
    ),
    lib.alert(
      'LlmCostWatchdog',
      'vector(1)',
      'info',
      summary='The alerting of LLM cost works: this alert always fires.',
      description="Route it to a dead man's switch, which tells when it stops coming.",
      runbook='watch',
      dashboard='llm-cost-exporter',
    ),
  ]
