// Selectors with the dashboard's variables in them, and the queries that several panels share. `settings` is that of the rules: the labels that
// dollars are told apart by are the policy's.
local promql = import '../../rules/lib/promql.libsonnet';
local alerts = import 'alerts.libsonnet';
local targets = import 'targets.libsonnet';
local theme = import 'theme.libsonnet';

// An All that stands for `.*` also takes series without the label.
local chosen(label) = label + '=~"$' + label + '"';
local listed(matchers) = std.join(', ', matchers);

// Texts are put together by `+`: jsonnet's `%` reads its format letter by letter, and there are many queries.
local select(name, matchers, more=[]) =
  local all = if more == [] then matchers else if matchers == '' then listed(more) else matchers + ', ' + listed(more);
  if all == '' then name else name + '{' + all + '}';

function(settings, config)
  local labels = settings.label_list;
  local filter(names) = [chosen(label) for label in labels if std.member(names, label)];
  local zone = listed(settings.zone);
  local of_group = listed(filter(labels));
  local of_ledger = listed(settings.zone + filter(labels));
  local scraped = promql.matchers(config.selectors.metrics) + [chosen('job')];
  // Dollars by `by`, which has a month in it or is of one: the higher of two accounts, as the rules have it. Days know sidecars that are gone,
  // months what was before this Prometheus looked. Each is added up first: by its groups, of which the rules keep one account each, a label that
  // was dropped would count twice, in the closed days as it was and in the whole month without it.
  local higher(by, days, months) =
    'max by (' + by + ') (sum by (' + by + ') (' + days + ') or label_replace(sum by (' + by + ') (' + months + '), "account", "months", "", ""))';
  // What of `expr`, by zone and month, is of the month at hand. (As rules/lib/calendar.libsonnet has it, on a line of its own.)
  local of_this_month(expr) =
    '(' + expr + ' and on (zone, month) (month:llm_cost_month_start_timestamp_seconds:min <= time())'
    + ' and on (zone, month) (month:llm_cost_month_end_timestamp_seconds:max > time()))';
  local of_counter = listed(scraped + filter(labels));
  local of_histogram = listed(scraped + filter(['provider', 'model', 'app', 'team']));
  local of_model = listed(scraped + filter(['provider', 'model']));
  local of_job = listed(scraped);
  local of_instance = listed(scraped + [chosen('instance')]);
  local of_target = listed([chosen('job'), chosen('instance')]);

  local recorded(name) = select(name, of_group);
  local rate(what) = 'avg_over_time(' + recorded('group:' + what + ':rate5m') + '[$__rate_interval])';
  // Series that lack `label` would have no name.
  local named(label, expr) = 'label_replace(' + expr + ', "' + label + '", "none", "' + label + '", "")';

  // The first k by what they spent in the time range. (topk of each step would give other ones at each step, and more than k lines.)
  local spent_most(by, k) =
    'topk(' + k + ', sum by (' + by + ') (sum_over_time(' + recorded('group:llm_cost_usd:rate1h') + '[$__range:$__interval] @ end())))';

  {
    // The labels that dollars are told apart by; those of them that people ask by, first the one that has most to say.
    labels: labels,
    spenders: local those = [label for label in labels if label != 'provider']; if those == [] then labels else those,

    // What a rule records by these labels; in the ledger: of the policy's zone, where it names one.
    recorded: recorded,
    ledger(name):: select(name, of_ledger),
    // Recorded series of the chosen budgets, and of all. Limits and rates have no zone.
    budget(name, more=[], any_zone=false):: select(name, if any_zone then '' else zone, [chosen('budget')] + more),
    // Of these matchers alone.
    select(name, matchers):: select(name, listed(matchers)),
    of_zone(name, more=[]):: select(name, zone, more),
    // When today or this month begins and ends, in Unix seconds.
    period_start(period):: select('period:llm_cost_start_timestamp_seconds:max', zone, ['period="' + period + '"']),
    period_end(period):: select('period:llm_cost_end_timestamp_seconds:min', zone, ['period="' + period + '"']),
    of_this_month: of_this_month,
    higher: higher,
    // This month so far of all that is chosen: what a budget that matches it has spent.
    month_to_date: 'sum(' + higher(
      'zone', of_this_month(select('date:llm_cost_usd:sum', of_ledger)), of_this_month(select('ledger:llm_cost_month_usd:last', of_ledger))
    ) + ')',
    // Dollars by the labels that spend rates alert by, filtered by those that are variables.
    spend_rate(name):: select(name, listed(filter(config.spend_rate.by))),

    // What the exporters serve with all labels; with those of histograms; with provider and model alone; with none.
    counter(name, more=[]):: select(name, of_counter, more),
    histogram(name, more=[]):: select(name, of_histogram, more),
    by_model(name, more=[]):: select(name, of_model, more),
    of_job(name):: select(name, of_job),
    // An exporter's own metrics; and what Prometheus knows of it as a target, down or not: other jobs have such series as well.
    own(name):: select(name, of_instance),
    target(name):: select(name, of_target) + ' and on (job, instance) instance:llm_cost_exporter_build_info:last',
    target_rate(name):: 'rate(' + select(name, of_target) + '[$__rate_interval]) and on (job, instance) instance:llm_cost_exporter_build_info:last',

    // Dollars (calls, tokens) a second at each step. The mean of the recorded rate over the step: no burst falls between two points.
    rate: rate,
    // Dollars (calls, tokens) of the whole time range: the rule records a rate each minute.
    total(what):: '60 * sum_over_time(' + recorded('group:' + what + ':rate5m') + '[$__range])',
    // Of a counter, for what no rule records.
    growth(selector):: 'increase(' + selector + '[$__range])',
    raw(selector, window='$__rate_interval'):: 'rate(' + selector + '[' + window + '])',
    // A percentile; nothing (and not NaN) where there was no call.
    quantile(share, buckets):: 'histogram_quantile(' + share + ', sum by (le) (rate(' + buckets + '[$__rate_interval]))) >= 0',
    // Shares: above / below, nothing where below is 0.
    share(above, below):: 'sum(' + above + ') / (sum(' + below + ') > 0)',
    share_by(by, above, below):: 'sum by (' + by + ') (' + above + ') / (sum by (' + by + ') (' + below + ') > 0)',

    named: named,
    // The five that spent most in the time range, whatever is drawn of them, each a query with a colour of its own: so a model has one colour
    // on the whole dashboard. `expr` is by `by`. All others are one line (`others`: only of what can be added up).
    ranked(by, expr, others=true)::
      local rank(k) = spent_most(by, k) + if k == 1 then '' else ' unless ' + spent_most(by, k - 1);
      [
        targets.range(named(by, '(' + expr + ') and on (' + by + ') (' + rank(k) + ')'), '{{' + by + '}}')
        for k in std.range(1, std.length(theme.rank))
      ]
      + (if !others then [] else [
           targets.range('sum((' + expr + ') unless on (' + by + ') ' + spent_most(by, std.length(theme.rank)) + ')', 'all others'),
         ]),

    alarming: alerts.alarming,
    promql: promql,
    unique(names):: std.foldl(function(kept, name) if std.member(kept, name) then kept else kept + [name], names, []),
  }
