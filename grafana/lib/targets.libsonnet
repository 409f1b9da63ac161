// Queries as panels hold them. Panels give each its letter.
local source = { type: 'prometheus', uid: '${datasource}' };

local target(expr, legend, more) = {
  datasource: source,
  editorMode: 'code',
  expr: expr,
  legendFormat: legend,
} + more;

{
  source: source,

  // A line over time for each result.
  range(expr, legend='__auto', more={}):: target(expr, legend, { instant: false, range: true } + more),

  // The value at the end of the time range.
  instant(expr, legend='__auto', more={}):: target(expr, legend, { instant: true, range: false } + more),

  // The same as rows of a table.
  rows(expr):: target(expr, '', { format: 'table', instant: true, range: false }),

  // Buckets of a histogram over time.
  buckets(expr):: target(expr, '{{le}}', { format: 'heatmap', instant: false, range: true }),
}
