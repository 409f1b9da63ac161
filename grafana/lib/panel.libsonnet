// What every panel has, and what its lines or columns are made to look like.
local targets = import 'targets.libsonnet';

local letters = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L'];

// `decimals` null: as many as Grafana finds right.
local panel(type, title, description, queries, unit, w, h, decimals=null, empty=null, defaults={}, overrides=[], more={}) = {
  size:: { w: w, h: h },
  type: type,
  title: title,
  description: description,
  datasource: targets.source,
  targets: std.mapWithIndex(function(index, query) query { refId: letters[index] }, queries),
  fieldConfig: {
    defaults: {
      unit: unit,
      [if decimals != null then 'decimals']: decimals,
      [if empty != null then 'noValue']: empty,
    } + defaults,
    overrides: overrides,
  },
} + more;

local fixed(color) = { mode: 'fixed', fixedColor: color };
local set(matcher, options, properties) = {
  matcher: { id: matcher, options: options },
  properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
};

{
  letters: letters,
  panel: panel,
  fixed: fixed,
  set: set,

  // What lines of one name look like: {'custom.lineStyle': …}.
  of_name(name, properties):: set('byName', name, properties),
  colored(color, more={}):: { color: fixed(color) } + more,
  dashed(color):: self.colored(color, {
    'custom.lineStyle': { fill: 'dash', dash: [8, 6] },
    'custom.fillOpacity': 0,
    'custom.lineWidth': 2,
    'custom.stacking': { mode: 'none', group: 'B' },
  }),
  // {name: colour} as overrides.
  by_name(colors):: [self.of_name(name, self.colored(colors[name])) for name in std.objectFields(colors)],
}
