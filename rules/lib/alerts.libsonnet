// What an alert consists of. Every message links to what it means and to where it can be seen.
local promql = import 'promql.libsonnet';

// An argument list of printf in a template: `$labels.model $labels.app`.
local arguments(labels) = std.join(' ', ['$labels.' + label for label in labels]);

function(config)
  local setting(name) = { enabled: true, severity: null } + std.get(config.alerts, name, {});
  {
    // The severity that the policy gives an alert in place of `default`.
    severity(name, default)::
      local given = setting(name).severity;
      if given == null then default
      else if std.isString(given) then given
      else std.get(given, default, default),

    // One rule; [] where the alert is turned off. `level` and more labels beside severity come by `labels`, the figures that
    // messages put in their title and lines by `figures` (docs/rules.md lists them).
    alert(name, expr, severity, summary, description, runbook, dashboard, hold=null, labels={}, figures={})::
      local given = self.severity(name, severity);
      if !setting(name).enabled then [] else [{
        alert: name,
        expr: expr,
        [if hold != null then 'for']: hold,
        labels: labels { severity: given },
        annotations: figures {
          summary: summary,
          description: description,
          runbook_url: '%s/%s.md#%s' % [config.links.runbooks, runbook, std.asciiLower(name)],
          dashboard_url: config.links.dashboards + '/d/' + dashboard,
        },
      }],

    // Part of a dashboard's address: `?var-model=…` with the alert's own labels.
    variables(labels):: '?' + std.join('&', ['var-%s={{ $labels.%s | urlquery }}' % [label, label] for label in labels]),

    // $1.23, from the alert's value.
    money: '{{ $value | printf "$%.2f" }}',
    // 91.2%, from a share as the alert's value: cut off after one decimal, so that 100% is reached and nothing less. humanizePercentage has four
    // digits, and rounds: 99.997 % were 100%, and $7.60 of $0.05 were 1.52e+04%. Templates have no arithmetic, but twelve decimals as text (more
    // than a share has error) and a point that moves two to the right; then zeros in front go, and a zero behind the point.
    percent: '{{ $value | printf "%.12f" | reReplaceAll "[.]([0-9]{2})([0-9]).*" "$1.$2%" | reReplaceAll "^0+([0-9])" "$1" | reReplaceAll "[.]0%" "%" }}',

    // The first result of a query as money; nothing where there is none. `query` has a %q for each of `labels`.
    queried_money(query, labels)::
      '{{ with printf ' + promql.quoted(query) + ' ' + arguments(labels) + ' | query }}{{ . | first | value | printf "$%.2f" }}{{ end }}',

    // How long until a moment that `query` gives, as `3d 6h 12m`: a message is no stopwatch.
    queried_duration(query, labels)::
      '{{ with printf ' + promql.quoted(query) + ' ' + arguments(labels)
      + ' | query }}{{ . | first | value | humanizeDuration | reReplaceAll " [0-9]+s$" "" }}{{ end }}',

    // Who spends most, and how much of it: `model gpt-4o, app checkout, $12.00`; nothing where nobody has a name. `query` has its
    // labels among `names`; `before` and `after` stand around it.
    top_contributor(query, labels, names, figure=true, before='', after='')::
      if names == [] then '' else '{{ with printf ' + promql.quoted(query) + ' ' + arguments(labels) + ' | query }}'
                                  // Whoever has no name is no news.
                                  + '{{ if or ' + std.join(' ', ['(. | first | label "%s")' % name for name in names]) + ' }}' + before
                                  + '{{ $first := true }}'
                                  // A comma before all but the first.
                                  + std.join('', [
                                    '{{ with . | first | label "%s" }}{{ if not $first }}, {{ end }}%s {{ . }}{{ $first = false }}{{ end }}' % [name, name]
                                    for name in names
                                  ])
                                  + (if figure then ', {{ . | first | value | printf "$%.2f" }}' else '')
                                  + after + '{{ end }}{{ end }}',

    // The same as a sentence of a description.
    most_of_it(query, labels, names, figure=true)::
      self.top_contributor(query, labels, names, figure, before=' Most of it: ', after='.'),
  }
