// LLM cost / Exporter: can the figures be trusted? Is all of the log read, by all exporters, and do the rules run?
function(lib)
  local p = lib.panels;
  local q = lib.queries;
  local t = lib.targets;
  local own(name) = q.own('llm_cost_exporter_' + name);
  local rate = q.raw;
  local config = lib.config;
  local none = 'no exporter is scraped: is the job right?';

  local tiles = [
    p.stat(
      'Up', |||
        Exporters that answer, of those that are targets.

        When it looks bad: the runbook of LlmCostExporterDown.
      |||, 'sum(%s)' % q.target('up'), 'short', decimals=0, empty=none
    ),
    p.stat(
      'Unread', |||
        What of the logs is not read yet. The line of the policy is where LlmCostReadingBehind begins to count.

        When it looks bad: the exporter is starved of CPU or the log grows faster than it can be read; see lines a second.
      |||, 'sum(%s)' % own('unread_bytes'), 'bytes', empty=none, steps=lib.thresholds.above(config.reading_behind.bytes)
    ),
    p.stat(
      'Rejected', |||
        Lines of the time range that may have been spend and could not be read.

        When it looks bad: rejected lines by reason below; the exporter's own log has a sample, without content.
      |||, 'sum(%s)' % q.growth(own('lines_rejected_total')), 'short', decimals=0, empty=none, steps=lib.thresholds.above(1)
    ),
    p.stat(
      'Newest', |||
        How old the newest call in the log is.

        When it looks bad: nobody calls, or the application has stopped logging: LlmCostLogStalled compares it with other days.
      |||, 'time() - max(%s)' % own('last_event_timestamp_seconds'), 's', decimals=0, empty=none
    ),
    p.stat(
      'Saved', |||
        How long ago the state was saved, of the exporter that is furthest behind while it has something to save.

        When it looks bad: the runbook of LlmCostSaveFailing: the disk is full or read-only. Nothing is lost while the exporter runs.
      |||, 'max(time() - %s)' % own('last_save_timestamp_seconds'), 's', decimals=0, empty=none
    ),
    p.stat(
      'Prices', |||
        The age of the newest day that the price catalogue names.

        When it looks bad: LlmCostPriceCatalogueStale: update the exporter, or let it fetch a newer catalogue.
      |||, 'max(time() - %s)' % own('price_catalogue_timestamp_seconds'), 's', decimals=0, empty=none, steps=lib.thresholds.above(lib.seconds(config.catalogue_stale_after))
    ),
  ];

  local lines = p.series(
    'Lines a second by outcome', |||
      What became of the lines: read (all), of which without any sign of usage, repeated, rejected.

      When it looks bad: many rejected lines are lost spend. Read but no calls: the format is not the one that is meant: try `llm-cost-exporter explain`.
    |||, [
      t.range('sum(%s)' % rate(own('lines_read_total')), 'read'),
      t.range('sum(%s)' % rate(own('lines_skipped_total')), 'without usage'),
      t.range('sum(%s)' % rate(own('duplicates_total')), 'repeated'),
      t.range('sum(%s)' % rate(own('lines_rejected_total')), 'rejected'),
    ], 'short', decimals=2, empty=none, interval=null, overrides=[
      p.of_name('read', p.colored(lib.theme.ok, { 'custom.fillOpacity': 15 })),
      p.of_name('without usage', p.colored(lib.theme.past)),
      p.of_name('repeated', p.colored(lib.theme.info)),
      p.of_name('rejected', p.colored(lib.theme.critical)),
    ]
  );
  local rejected = p.series(
    'Rejected lines by reason',
    |||
      Lines that may have been spend and could not be read, in each interval.

      When it looks bad: bad_json is a broken or cut line, too_long one above limits.line_bytes, bad_count and bad_time a value that can't be.
    |||,
    [t.range('sum by (reason) (increase(%s[$__rate_interval]))' % own('lines_rejected_total'), '{{reason}}')],
    'short',
    decimals=0,
    bars=true,
    stack=true,
    empty=none,
    overrides=p.by_name(lib.theme.rejections)
  );
  local unread = p.series(
    'Unread log', |||
      Bytes of the logs that are not read yet, by exporter. The dashed line is where LlmCostReadingBehind begins to count.

      When it looks bad: it should come back to 0 after each burst. If it climbs, one exporter reads too much: give it more CPU or split the sources.
    |||, [t.range('sum by (instance) (%s)' % own('unread_bytes'), '{{instance}}')], 'bytes', color=lib.theme.ok, legend=['max', 'lastNotNull'], empty=none, steps=lib.thresholds.above(config.reading_behind.bytes)
  );
  local files = p.series(
    'Files by state', |||
      Files of the configured paths: followed, read to their end, missing, not readable, waiting for their turn.

      When it looks bad: unreadable is a permission; missing is a path that matches nothing.
    |||, [t.range('sum by (state) (%s)' % own('files'), '{{state}}')], 'short', decimals=0, empty=none, overrides=p.by_name({
      following: lib.theme.ok,
      finished: lib.theme.info,
      waiting: lib.theme.past,
      missing: lib.theme.warning,
      unreadable: lib.theme.critical,
    })
  );
  local saves = p.series(
    'Time of a save', |||
      How long the last save of the state took, by exporter.

      When it looks bad: above a second the disk is slow; /metrics shows the last save, so figures lag by as much.
    |||, [t.range('max by (instance) (%s)' % own('save_duration_seconds'), '{{instance}}')], 's', color=lib.theme.ok, legend=['mean', 'max'], empty=none
  );
  local trouble = p.series(
    'Saves that failed, states lost',
    |||
      Saves that failed, and states that were lost and read anew, in each interval. It should be 0.

      When it looks bad: the runbooks of LlmCostSaveFailing and LlmCostStateLost.
    |||,
    [
      t.range('sum(increase(%s[$__rate_interval]))' % own('save_failures_total'), 'saves failed'),
      t.range('sum by (reason) (increase(%s[$__rate_interval]))' % own('state_resets_total'), 'state lost: {{reason}}'),
    ],
    'short',
    decimals=0,
    bars=true,
    stack=true,
    empty=none,
    overrides=p.by_name({
      'saves failed': lib.theme.critical,
      'state lost: corrupt': lib.theme.emergency,
      'state lost: removed': lib.theme.warning,
      'state lost: version': lib.theme.older,
    })
  );
  local sets = p.series(
    'Label sets', |||
      Sets of labels that each exporter keeps; limits.series (1,000 where nothing is said) bounds them.

      When it looks bad: near the limit a label has too many values: bound it with max_values, or raise the limit.
    |||, [t.range('max by (instance) (%s)' % own('label_sets'), '{{instance}}')], 'short', color=lib.theme.ok, decimals=0, legend=['lastNotNull'], empty=none
  );
  local folded = p.series(
    'Calls folded into other, by label', |||
      Calls a minute whose label was folded into `other` because a limit was reached: dollars are kept, detail is dropped.

      When it looks bad: LlmCostSeriesFolded is critical where a budget matches on that label.
    |||, [t.range('60 * sum by (label) (%s)' % rate(own('folded_total')), '{{label}}')], 'short', decimals=1, color=lib.theme.warning, empty=none
  );
  local memory = p.series(
    'Memory', |||
      Resident memory of each exporter. It is bounded: some 60 MB, and more with many series and remembered ids.

      When it looks bad: a steady climb is a fault of the exporter: please report it with this picture.
    |||, [t.range('max by (instance) (%s)' % q.target('process_resident_memory_bytes'), '{{instance}}')], 'bytes', color=lib.theme.ok, legend=['max', 'lastNotNull'], empty=none
  );
  local cpu = p.series(
    'CPU', |||
      Cores that each exporter uses.

      When it looks bad: near 1 for long it reads a backlog or a log too fast for one process.
    |||, [t.range('max by (instance) (%s)' % q.target_rate('process_cpu_seconds_total'), '{{instance}}')], 'short', color=lib.theme.ok, decimals=3, legend=['mean', 'max'], empty=none, interval=null
  );
  local scrape = p.series(
    'Time of a scrape', |||
      How long a scrape of each exporter took, and the interval of the policy as the dashed line: beyond it scrapes fail.

      When it looks bad: it grows with series: see label sets.
    |||, [t.range('max by (instance) (%s)' % q.target('scrape_duration_seconds'), '{{instance}}')], 's', color=lib.theme.ok, legend=['mean', 'max'], empty=none, steps=lib.thresholds.above(lib.seconds(config.scrape_interval))
  );
  local samples = p.series(
    'Samples a scrape', |||
      What each exporter serves. It is bounded by limits.series.

      When it looks bad: a jump is a new label, or a label with many values.
    |||, [t.range('max by (instance) (%s)' % q.target('scrape_samples_scraped'), '{{instance}}')], 'short', color=lib.theme.ok, decimals=0, legend=['lastNotNull'], empty=none
  );
  local evaluation = p.series(
    'Time of rule evaluation', |||
      How long Prometheus took for each group of these rules. It needs a job that scrapes Prometheus itself; vmalert has other metrics.

      When it looks bad: near a group's interval (a minute, 15 s for llm-cost-spend-rate) evaluations are missed: the server is too small, or grouping_labels are too many.
    |||, [t.range(
      'max by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds{rule_group=~".*;llm-cost-.*"}, "rule_group", "$1", "rule_group", ".*;(.*)"))',
      '{{rule_group}}'
    )], 's', empty='no job scrapes Prometheus itself', overrides=p.by_name(lib.theme.groups)
  );
  local ledger = p.series(
    'Age of the ledger',
    |||
      How long ago the ledger's rules were evaluated: a saw of one minute. LlmCostLedgerStale pages when they stand still.

      When it looks bad: budgets stand still as well: is the rule file loaded, does Prometheus keep up?
    |||,
    [t.range('time() - max(ledger:llm_cost_evaluation_timestamp_seconds:last)', 'age')],
    's',
    decimals=0,
    color=lib.theme.ok,
    legend=['max', 'lastNotNull'],
    empty='the rules have not been evaluated: are they loaded?'
  );

  lib.dashboard(
    'exporter',
    'Exporter',
    'Whether the figures can be trusted: logs read, lines rejected, state saved, series bounded, prices fresh, rules evaluated.',
    [lib.variables.datasource, lib.variables.job, lib.variables.instance],
    [
      lib.section(null, tiles + [lines, rejected]),
      lib.section('Reading', [unread, files]),
      lib.section('State and series', [saves, trouble, sets, folded], folded=true),
      lib.section('The process', [memory, cpu, scrape, samples], folded=true),
      lib.section('Rules', [evaluation, ledger]),
    ],
    from='now-6h',
  )
