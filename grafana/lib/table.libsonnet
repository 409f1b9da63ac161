// Tables, and what a column of one may be.
local base = import 'panel.libsonnet';
local theme = import 'theme.libsonnet';
local thresholds = import 'thresholds.libsonnet';

{
  // A table of instant queries, joined by their labels. `columns`: [{from: label or letter of a query, name, and what Grafana sets for a column}].
  table(title, description, queries, columns, w=24, h=9, sort=null, empty='nothing yet', unit='short', more={})::
    local value(from) = if std.length(from) > 1 then from else if std.length(queries) == 1 then 'Value' else 'Value #' + from;
    base.panel(
      'table',
      title,
      description,
      queries,
      unit,
      w,
      h,
      empty=empty,
      defaults={
        custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: false, inspect: false },
        color: base.fixed(theme.ok),
        thresholds: thresholds.none,
      },
      overrides=[
        base.set('byName', column.name, { noValue: '–' } + column.set)
        for column in columns
      ],
      more={
        options: {
          cellHeight: 'sm',
          footer: { countRows: false, fields: '', reducer: ['sum'], show: false },
          showHeader: true,
          [if sort != null then 'sortBy']: [{ displayName: sort, desc: true }],
        },
        transformations: [
          { id: 'merge', options: {} },
          {
            id: 'organize',
            options: {
              excludeByName: { Time: true },
              indexByName: { [value(columns[index].from)]: index for index in std.range(0, std.length(columns) - 1) },
              renameByName: { [value(column.from)]: column.name for column in columns },
            },
          },
        ] + (if sort == null then [] else [{ id: 'sortBy', options: { fields: {}, sort: [{ desc: true, field: sort }] } }]),
      } + more,
    ),

  // What a column may be.
  column:: {
    label(from, name=from, width=null, minimum=null, links=null):: {
      from: from,
      name: name,
      set: {
        [if width != null then 'custom.width']: width,
        [if minimum != null then 'custom.minWidth']: minimum,
        [if links != null then 'links']: links,
      },
    },
    // `decimals` null: as many as there are.
    money(from, name, decimals=2, width=null, more={}):: { from: from, name: name, set: { unit: 'currencyUSD', [if width != null then 'custom.width']: width, [if decimals != null then 'decimals']: decimals } + more },
    // A share as a bar in its cell.
    share(from, name, steps=null, color=theme.ok, max=1):: {
      from: from,
      name: name,
      set: {
        unit: 'percentunit',
        decimals: 0,
        'custom.width': 130,
        min: 0,
        max: max,
        color: if steps == null then base.fixed(color) else { mode: 'thresholds' },
        [if steps != null then 'thresholds']: steps,
        'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
      },
    },
    // How much more than before: more is orange, less is blue.
    change(from, name):: {
      from: from,
      name: name,
      set: {
        unit: 'percentunit',
        decimals: 0,
        'custom.width': 120,
        color: { mode: 'thresholds' },
        thresholds: {
          mode: 'absolute',
          steps: [{ color: theme.ok, value: null }, { color: 'text', value: -0.1 }, { color: theme.warning, value: 0.1 }],
        },
        'custom.cellOptions': { type: 'color-text' },
      },
    },
    number(from, name, unit='short', decimals=null, more={}):: {
      from: from,
      name: name,
      set: { unit: unit, [if decimals != null then 'decimals']: decimals } + more,
    },
  },
}
