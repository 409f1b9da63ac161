// One constructor a kind of panel. Each takes what it says (title, description, queries, unit) and the rest by name; `w` and `h` are its size on
// the grid of 24 columns (layout.libsonnet). A description says what is shown, and after «When it looks bad» what to do.
local base = import 'panel.libsonnet';
local targets = import 'targets.libsonnet';
local theme = import 'theme.libsonnet';
local thresholds = import 'thresholds.libsonnet';

local reduce = { calcs: ['lastNotNull'], fields: '', values: false };

base + (import 'table.libsonnet') + {
  // One figure: what `expr` is at the end of the time range, or nothing. Not its last value over the range, with its course behind it: where it
  // has none any more (the exporter is gone since before midnight) yesterday's dollars would stand there as today's, and a step of a long range
  // is hours. Courses have graphs of their own.
  stat(title, description, expr, unit, w=4, h=4, decimals=null, empty='nothing yet', steps=null, color=theme.ok, text='auto', legend='__auto', more={})::
    base.panel(
      'stat',
      title,
      description,
      [targets.instant(expr, legend)],
      unit,
      w,
      h,
      decimals,
      empty,
      defaults={
        color: if steps == null then base.fixed(color) else { mode: 'thresholds' },
        thresholds: if steps == null then thresholds.none else steps,
      } + more,
      more={
        options: {
          colorMode: 'value',
          graphMode: 'none',
          justifyMode: 'auto',
          orientation: 'auto',
          percentChangeColorMode: 'standard',
          reduceOptions: reduce,
          showPercentChange: false,
          textMode: text,
          wideLayout: false,
        },
      },
    ),

  // Bars beside each other, longest figures first as the query gives them. `mode` gradient shows the thresholds along the bar.
  bars(
    title,
    description,
    queries,
    unit,
    w=12,
    h=8,
    decimals=null,
    empty='nothing yet',
    steps=null,
    color=theme.ok,
    mode='basic',
    orientation='horizontal',
    min=0,
    max=null,
    overrides=[],
    transformations=[],
    values=false,
    names=if orientation == 'horizontal' then 'top' else 'auto',
    more={}
  )::
    base.panel(
      'bargauge',
      title,
      description,
      queries,
      unit,
      w,
      h,
      decimals,
      empty,
      defaults={
        color: if steps == null then base.fixed(color) else { mode: 'thresholds' },
        thresholds: if steps == null then thresholds.none else steps,
        [if min != null then 'min']: min,
        [if max != null then 'max']: max,
      } + more,
      overrides=overrides,
      more={
        options: {
          displayMode: mode,
          legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: false },
          maxVizHeight: 40,
          minVizHeight: 16,
          minVizWidth: 8,
          namePlacement: names,
          orientation: orientation,
          // Grafana shows no more than 25 values where nothing is said: a month has 31 days.
          reduceOptions: reduce { values: values, [if values then 'limit']: 31 },
          showUnfilled: true,
          text: if orientation == 'horizontal' then { titleSize: if names == 'left' then 11 else 13, valueSize: 16 } else { titleSize: 11, valueSize: 12 },
          sizing: if orientation == 'horizontal' then 'manual' else 'auto',
          valueMode: 'color',
        },
        [if transformations != [] then 'transformations']: transformations,
      },
    ),

  // Lines over time. `stack`: areas upon each other. `legend`: figures that the legend shows for each line ([] for a plain list).
  // `interval` is at least what rules record by.
  series(
    title,
    description,
    queries,
    unit,
    w=12,
    h=8,
    decimals=null,
    empty='nothing in this time range',
    stack=false,
    bars=false,
    legend=[],
    steps=null,
    color=null,
    min=0,
    max=null,
    log=false,
    interval='1m',
    points=300,
    overrides=[],
    more={}
  )::
    base.panel(
      'timeseries',
      title,
      description,
      queries,
      unit,
      w,
      h,
      decimals,
      empty,
      defaults={
        // Several lines of one kind, such as exporters, are shades of one colour.
        color: if color == null then { mode: 'palette-classic' } else { mode: 'shades', fixedColor: color },
        custom: {
          axisBorderShow: false,
          axisGridShow: true,
          axisLabel: '',
          drawStyle: if bars then 'bars' else 'line',
          fillOpacity: if bars then 80 else if stack then 55 else 0,
          gradientMode: 'none',
          lineInterpolation: 'linear',
          lineWidth: if bars then 0 else if stack then 1 else 2,
          pointSize: 4,
          scaleDistribution: if log then { type: 'log', log: 10 } else { type: 'linear' },
          showPoints: 'never',
          // A few minutes without a value are no gap to look at; an hour is.
          spanNulls: 600000,
          stacking: { group: 'A', mode: if stack then 'normal' else 'none' },
          thresholdsStyle: { mode: if steps == null then 'off' else 'dashed' },
        },
        thresholds: if steps == null then thresholds.none else steps,
        [if min != null && !log then 'min']: min,
        [if max != null then 'max']: max,
      },
      overrides=overrides,
      more={
        // Not a point a pixel: what is drawn is seen at a glance, and a bar has some width.
        maxDataPoints: if bars then 100 else points,
        [if interval != null then 'interval']: interval,
        options: {
          legend: {
            calcs: legend,
            displayMode: if legend == [] then 'list' else 'table',
            placement: 'bottom',
            showLegend: true,
          },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
      } + more,
    ),

  // Lines of queries.ranked: each query in the colour of its rank.
  ranked(title, description, queries, unit, overrides=[], stack=true, log=false, legend=[], interval='1m', w=12, h=8, decimals=null, more={}, empty='nothing spent in this time range', steps=null)::
    self.series(
      title,
      description,
      queries,
      unit,
      w=w,
      h=h,
      decimals=decimals,
      stack=stack,
      log=log,
      legend=legend,
      empty=empty,
      steps=steps,
      interval=interval,
      more=more,
      overrides=std.mapWithIndex(
        function(index, query) base.set('byFrameRefID', base.letters[index], { color: base.fixed((theme.rank + [theme.others])[index]) }), queries
      ) + overrides,
    ),

  // How many calls fell in each bucket, over time.
  heatmap(title, description, query, unit, w=12, h=8, decimals=null, empty='no call in this time range')::
    base.panel(
      'heatmap',
      title,
      description,
      [query],
      unit,
      w,
      h,
      decimals,
      empty,
      defaults={
        custom: { hideFrom: { legend: false, tooltip: false, viz: false }, scaleDistribution: { type: 'linear' } },
      },
      more={
        interval: '1m',
        // Coarser than a line: cells must be seen.
        maxDataPoints: 60,
        options: {
          calculate: false,
          cellGap: 1,
          color: { exponent: 0.5, fill: theme.ok, mode: 'scheme', reverse: false, scale: 'exponential', scheme: 'Blues', steps: 64 },
          exemplars: { color: theme.critical },
          filterValues: { le: 1e-9 },
          legend: { show: true },
          rowsFrame: { layout: 'auto' },
          showValue: 'never',
          tooltip: { mode: 'single', showColorScale: false, yHistogram: false },
          yAxis: { axisPlacement: 'left', reverse: false, unit: unit, [if decimals != null then 'decimals']: decimals },
        },
      },
    ),
}
