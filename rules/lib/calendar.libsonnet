// Today and this month in PromQL, and the dollars of the ledger in them. Days are event time: the date stands in a label, and the
// bounds of days and months in metrics, as the exporter knows them (time zones and daylight saving are its business).
local promql = import 'promql.libsonnet';

function(settings)
  local day = ['ledger', 'zone', 'month', 'date'] + settings.label_list;
  local month = ['ledger', 'zone', 'month'] + settings.label_list;

  // Dollars by ledger as they are scraped. Labels that are not kept are added up within one sidecar; of two that count the same
  // ledger the higher is taken, since they count the same money.
  local live(metric, labels, matchers) =
    'max by (%s) (sum by (%s) (%s))' % [
      promql.labels(labels),
      promql.labels(labels + [label for label in ['job', 'instance'] if !std.member(labels, label)]),
      settings.metric(metric, matchers),
    ];

  local calendar = {
    live_days(matchers=[]):: live('llm_cost_day_usd', day, matchers),
    live_months(matchers=[]):: live('llm_cost_month_usd', month, matchers),

    // Today's and yesterday's dollars by ledger: live, else as last seen. A ledger that is live tells all of its day, so nothing that was
    // carried is added to it: a label that was dropped, or changed in a log read anew, would count twice. (The recorded series has the live
    // value too; it is read anew since vmalert sees a rule's result only at its next evaluation.)
    days(matchers=[]):: |||-
      %s
      or
      (
        %s
        unless on (ledger, zone, date) %s
      )
    ||| % [
      calendar.live_days(matchers),
      promql.select('ledger:llm_cost_day_usd:last', matchers),
      settings.metric('llm_cost_day_usd'),
    ],

    // The same for this month, as the sidecars tell it.
    months(matchers=[]):: |||-
      %s
      or
      (
        %s
        unless on (ledger, zone, month) %s
      )
    ||| % [
      calendar.live_months(matchers),
      promql.select('ledger:llm_cost_month_usd:last', matchers),
      settings.metric('llm_cost_month_usd'),
    ],

    // What of `expr` is of today, or of this month.
    of_today(expr):: |||-
      (
        %s
      )
      and on (zone, date) (date:llm_cost_day_start_timestamp_seconds:min <= time())
      and on (zone, date) (date:llm_cost_day_end_timestamp_seconds:max > time())
    ||| % promql.indent(expr),
    of_this_month(expr):: |||-
      (
        %s
      )
      and on (zone, month) (month:llm_cost_month_start_timestamp_seconds:min <= time())
      and on (zone, month) (month:llm_cost_month_end_timestamp_seconds:max > time())
    ||| % promql.indent(expr),

    // Dollars of today by `by`.
    day_to_date(by, matchers=[]):: |||-
      sum by (%s) (
        %s
      )
    ||| % [by, promql.indent(calendar.of_today(calendar.days(matchers)))],

    // Dollars of this month by `by`: the higher of two accounts. The days, closed ones as last seen, know what a sidecar spent that lost
    // its state; the months of the sidecars know what was spent before this Prometheus saw it, and late events of closed days.
    // Each of `by` has a higher one of its own, so groups don't add up to the month where a label was dropped: a budget's is reckoned anew.
    month_to_date(by, matchers=[]):: |||-
      max by (%(by)s) (
        label_replace(
          sum by (%(by)s) (
            %(by_days)s
          ),
          "account", "days", "", ""
        )
        or
        label_replace(
          sum by (%(by)s) (
            %(by_months)s
          ),
          "account", "months", "", ""
        )
      )
    ||| % {
      by: by,
      by_days: promql.indent(calendar.of_this_month(|||-
        sum by (zone, month, date, %s) (
          %s
        )
        or
        (
          %s
          unless on (zone, month, date) ledger:llm_cost_day_usd:last
        )
      ||| % [settings.labels, promql.indent(calendar.days(matchers)), promql.select('date:llm_cost_usd:sum', matchers)]), 6),
      by_months: promql.indent(calendar.of_this_month(calendar.months(matchers)), 6),
    },

    // 0 for each zone whose today is known: an idle day reads 0, not nothing.
    zero(matchers=[]):: '0 * max by (zone) (%s > time())' % promql.select('date:llm_cost_day_end_timestamp_seconds:max', matchers),
  };
  calendar
