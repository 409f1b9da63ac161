// The pipeline itself: while one of these fires, the dollars shown may be too low.
local promql = import '../lib/promql.libsonnet';

function(config, settings, lib)
  local own(name, matchers=[]) = settings.metric('llm_cost_exporter_' + name, matchers);
  local stalled = config.log_stalled;
  local calls = 'app:llm_requests:increase1h';
  // So many an hour from an hour before this time of day to an hour after it: not the edge of a working day, nor one that the clocks
  // moved. `until`: that end.
  local busy(until) = 'min_over_time(%s[2h] offset %s) >= %d' % [calls, until, stalled.minimum_calls];
  local pipeline(name, expr, severity, hold, summary, description) = lib.alert(
    name, expr, severity, summary=summary, description=description, hold=hold, runbook='pipeline', dashboard='llm-cost-exporter'
  );
  local known = 'instance:llm_cost_exporter_build_info:last';
  local reached = 'instance:llm_cost_exporter_up:avg1m';
  // As wide as two scrapes at the least, so that none falls between two evaluations.
  local minute = '%s[%s999ms]' % ['%s', promql.duration.text(settings.minute_seconds + promql.duration.seconds(config.scrape_interval) - 1)];
  // What was told last, also while the exporter is down: each crash begins the wait of an alert anew otherwise. A target that is gone tells nothing.
  local lately(selector) = 'last_over_time(%s[15m])' % selector;
  local usually(selector) = 'avg_over_time(%s[1d])' % selector;
  local missing = own('files', ['state="missing"']);
  local still_a_target = 'and on (job, instance) up';
  local resets = own('state_resets_total');
  local lost = 'ledger:llm_cost_exporter_state_resets:max';
  local folded(matchers) = 'sum by (job, label) (%s) > 0' % settings.growth(own('folded_total', matchers), 3600);
  local behind = config.reading_behind;

  [
    [{ record: calls, expr: settings.grown(settings.metric('llm_requests_total'), 3600, stalled.by) }],
    [{
      // Which targets are exporters, whatever their job is called, as long as they are targets: also while they are down.
      record: known,
      expr: |||-
        max by (job, instance) (%(build)s)
        or
        (last_over_time(%(known)s[1d]) and on (job, instance) up)
      ||| % { build: own('build_info'), known: known },
    }],
    [{
      // The share of a minute's scrapes that succeeded. Recorded, since an hour of `up` of every target of this Prometheus is too much to read.
      record: reached,
      expr: |||-
        avg_over_time(%(targets)s)
        or
        (avg_over_time(%(any)s) and on (job, instance) %(known)s)
      ||| % { targets: minute % settings.targets, any: minute % 'up', known: known },
    }],
    pipeline(
      'LlmCostExporterDown',
      // Comes and goes: a crash loop is never down for five minutes in a row. Away for a quarter of half an hour, and it went down three times in an
      // hour (a restart is once, a rolling update once a target) or was up for no whole minute. First, so that one page speaks of all of it.
      // Down: a target that should be there, or one of any job that was an exporter. A pod that was scaled down or replaced is no target any
      // more. None left: no target, and no exporter under another name either.
      |||-
        (
          avg_over_time(%(reached)s[30m]) < 0.75
          and (resets((%(reached)s >= bool 0.5)[1h:1m]) >= 3 or (max_over_time(%(reached)s[15m]) > 0 < 1))
          and %(reached)s
        )
        or
        %(targets)s == 0
        or
        (up == 0 and on (job, instance) %(known)s)
        or
        (absent(%(targets)s) and on () absent(%(known)s))
      ||| % { targets: settings.targets, known: known, reached: reached },
      'critical',
      // A pod that is being replaced, a node that restarts: back within that.
      '5m',
      'An exporter is down, or none is left.',
      '{{ with $labels.instance }}The exporter {{ . }} '
      + "{{ if gt $value 0.0 }}comes and goes, and is away for more than a quarter of the time{{ else }}can't be scraped{{ end }}"
      + '{{ else }}No exporter is left to scrape{{ end }}: new spend is not seen until it is back. The log keeps it.',
    ),
    pipeline(
      'LlmCostExporterNotReady',
      // Scraped now and then, and no bounds of a day: these come with the dollars, once the backlog is read. An exporter that is killed before that,
      // each time, is up most of the time and has nothing to tell.
      |||-
        %(known)s
        unless on (job, instance) count_over_time(%(bounds)s[5m])
        and on (job, instance) max_over_time(%(reached)s[15m]) > 0
      ||| % { known: known, bounds: settings.metric('llm_cost_day_end_timestamp_seconds'), reached: reached },
      'warning',
      // Gigabytes of old log are read in that.
      '15m',
      'An exporter is up and shows no dollars.',
      '{{ $labels.instance }} has shown no dollars for a quarter of an hour: it still reads its backlog, or ends before it is done. What it counts is in no figure and no budget.',
    ),
    lib.alert(
      'LlmCostLogStalled',
      |||-
        %(week_ago)s
        and
        (%(yesterday)s or %(three_days_ago)s)
        unless
        %(calls)s > 0
      ||| % {
        calls: calls,
        week_ago: busy('6d23h'),
        yesterday: busy('23h'),
        three_days_ago: busy('2d23h'),
      },
      'warning',
      // The window is an hour; calls may come in bursts.
      hold='10m',
      summary='A usage log has no new calls although its past says there should be.',
      description='No call%s in an hour; a week ago there were {{ $value | humanize }} at this time.' % std.join('', [
        '{{ with $labels.%s }} of %s {{ . }}{{ end }}' % [label, label]
        for label in stalled.by
      ]),
      runbook='pipeline',
      dashboard='llm-cost-exporter',
    ),
    pipeline(
      'LlmCostLogUnreadable',
      // What worked within a day: for a tenth of it a log was there that is missing now. Not at any moment of it: an exporter that starts has not
      // looked yet, and says 0.
      |||-
        max by (job, instance, state) (
          %(unreadable)s > 0
          or
          %(missing)s > 0.1 + %(usual)s
        )
        %(still)s
      ||| % {
        unreadable: lately(own('files', ['state="unreadable"'])),
        missing: lately(missing),
        usual: usually(missing),
        still: still_a_target,
      },
      'warning',
      // A rotation takes seconds, a release that mounts its logs anew minutes.
      '15m',
      "A log can't be read.",
      '{{ $labels.instance }} has logs that are {{ $labels.state }} ({{ $value }} of them): what is spent there is in no figure and no budget.',
    ),
    pipeline(
      'LlmCostLogUnreadable',
      // What is missing since the beginning: an app that is not deployed yet, or a path that is wrong. Nobody needs to hurry, and somebody to know.
      |||-
        max by (job, instance, state) ((%(missing)s > 0) <= 0.1 + %(usual)s)
        %(still)s
      ||| % { missing: lately(missing), usual: usually(missing), still: still_a_target },
      'info',
      // As above.
      '15m',
      "A log can't be read.",
      '{{ $labels.instance }} has paths of logs where nothing is, and was not lately ({{ $value }} of them): the app is not deployed yet, or the path is wrong.',
    ),
    pipeline(
      'LlmCostReadingBehind',
      '%s > %d %s' % [lately(own('unread_bytes')), behind.bytes, still_a_target],
      'warning',
      behind['for'],
      'An exporter is behind with reading its logs.',
      '{{ $labels.instance }} has {{ $value | humanize1024 }}B of log unread: figures lag behind by as much.',
    ),
    pipeline(
      'LlmCostLinesRejected',
      'sum by (job, instance, reason) (%s) > 0' % settings.growth(own('lines_rejected_total'), 900),
      'warning',
      // A single line may have been spend; the minute is for the scrape that restarts bring.
      '1m',
      "Lines that may have been spend can't be read.",
      '{{ $labels.instance }} rejected {{ $value | humanize }} lines in 15 minutes: {{ $labels.reason }}. If they were calls, their dollars are missing.',
    ),
    pipeline(
      'LlmCostSaveFailing',
      'sum by (job, instance) (%s) > 0' % settings.growth(own('save_failures_total'), 120),
      'critical',
      // A disk that is full for a moment heals by itself: saves are tried every second.
      '5m',
      "An exporter can't save its state.",
      '{{ $labels.instance }} failed to save {{ $value | humanize }} times in two minutes: counters stand still, and spend rates with them, until it can. Nothing is lost while the log is there.',
    ),
    if settings.budget_labels == [] then [] else pipeline(
      'LlmCostSeriesFolded',
      folded(promql.matchers({ label: settings.budget_labels })),
      'critical',
      // Dollars in `other` stay there; waiting doesn't help.
      '1m',
      'Values of a label are folded into other.',
      'More values of {{ $labels.label }} than fit: {{ $value | humanize }} calls in an hour went to `other`. Budgets that match on it miss their dollars.',
    ),
    pipeline(
      'LlmCostSeriesFolded',
      folded(if settings.budget_labels == [] then [] else ['label!~%s' % promql.quoted(std.join('|', settings.budget_labels))]),
      'warning',
      // Dollars in `other` stay there; waiting doesn't help.
      '1m',
      'Values of a label are folded into other.',
      'More values of {{ $labels.label }} than fit: {{ $value | humanize }} calls in an hour went to `other`. Totals are right, detail is lost.',
    ),
    pipeline(
      'LlmCostConfigReloadFailed',
      own('config_last_reload_successful') + ' == 0',
      'warning',
      // Who reloads by hand mends it within that.
      '5m',
      'An exporter runs on an old configuration: the last reload was refused.',
      '{{ $labels.instance }} refused its new configuration; the one before stays in force. Its log says what is wrong.',
    ),
    [{
      // Whose resets they are. Two clusters may have pods of one address: all labels of a target tell them apart, whatever they are called.
      record: lost,
      expr: 'max by (ledger, reason) (%s * ignoring (reason, ledger, zone) group_left (ledger) %s)' % [resets, own('ledger_info')],
    }],
    pipeline(
      'LlmCostStateLost',
      // Growth on one instance; or a ledger with more of them than it had an hour ago: the pod that starts again under another address.
      |||-
        max by (job, instance, reason) (
          %(growth)s > 0
          or
          (
            (%(resets)s * ignoring (reason, ledger, zone) group_left (ledger) %(info)s)
            > on (ledger, reason) group_left ()
            last_over_time(%(lost)s[1d] offset 1h)
          )
        )
      ||| % { resets: resets, growth: settings.growth(resets, 3600), info: own('ledger_info'), lost: lost },
      'warning',
      // It has happened; the minute is for the scrape that the restart brings.
      '1m',
      'An exporter lost its state and read its logs anew.',
      "{{ $labels.instance }} lost its state ({{ $labels.reason }}). What was rotated away from its logs is gone from its totals, and from today's and yesterday's; earlier days stay in the ledger.",
    ),
    lib.alert(
      'LlmCostCallsWithoutUsage',
      |||-
        %(without)s > 1
        unless on (provider, model) (
          %(without)s
          <= %(share)s * %(requests)s
        )
      ||| % {
        // One alone is a stream that its client broke off.
        without: settings.grown(settings.metric('llm_calls_without_usage_total'), 3600, ['provider', 'model']),
        requests: settings.grown(settings.metric('llm_requests_total'), 3600, ['provider', 'model']),
        share: promql.number(config.calls_without_usage_ratio),
      },
      'warning',
      // The window is an hour; the first of many may be among the last of few.
      hold='5m',
      summary='Calls are logged without their usage.',
      description="{{ $value | humanize }} calls of {{ $labels.model }} (provider {{ $labels.provider }}) in an hour were logged without usage: their dollars can't be told.",
      runbook='pipeline',
      dashboard='llm-cost-models' + lib.variables(['model']),
    ),
  ]
